"""What rounded weighted figures say of hidden counts, from the written files.

Belongs here: which figures in sight are weighted sums of hidden counts, with which weights, and between which
ends the share lies that was rounded to what is shown.
Does not belong here: which cells are hidden (see `audit_linked`), the system (`audit_knowledge`), anything
that `protect` uses to decide.

The weights are those of the warehouse: everybody can work them out from the rolls and the response rates.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.rounding import RoundingPolicy
from rcs_pipeline.contracts.weighted import Weighted
from rcs_pipeline.disclosure.audit_cells import SHAPE, shape
from rcs_pipeline.disclosure.audit_ends import DUST, WIDER, high_end, lay_ends, low_end
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def lay_figures(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable,
    linked: LinkedTable,
) -> int:  # fmt: skip
    """`attacked_figures`: for each figure in sight, the hidden cells it adds up, each with its weight.

    Its columns are `figure`, `cell` (of `attacked`), `weight`, `share` and `people` (the candidate's share
    and weighted base), `low` and `high` (between which the share lies for all that is shown). A weighted base
    is a figure without a share: what lies between `low` and `high` is the base itself.

    Returns:
        how many systems have none: more of their cells are hidden than the contract's `hidden_at_most`.
    """
    weighted, rounding = linked.weighted, product.file.rounding
    if weighted is None or rounding is None:
        connection.execute("""
            create or replace temp table attacked_figures (figure varchar, cell bigint, weight double,
                share double, people double, low double, high double)
        """)
        return 0
    file = text(str(judged_file(folder, audience, table.name)))
    _figures(connection, file, table, linked, weighted, rounding)
    _weights(connection, linked, weighted)
    _groups(connection, weighted)
    lay_ends(connection, weighted)
    connection.execute(f"""
        create or replace temp table attacked_figures as
        with added as (
            select figure, atom.cell, atom.weight, atom.alike, share, sums.people, shown, step, owner
            from ({_own()} union all {_of_others(weighted)}) as sums
            inner join weighted_cells as atom on atom.cell = sums.part
        )
        select figure, added.cell, weight, share, people,
            greatest({low_end("shown")}, (ends.low - {WIDER}) / people) as low,
            least(case when share is null then shown + step / 2 else {high_end("shown")} end,
                (ends.high + {WIDER}) / people) as high
        from added left join attacked_ends as ends on added.owner = ends.cell
        where share is null or shown between {DUST} and 1 - {DUST}
        qualify bool_and(alike) over (partition by figure)
    """)
    connection.execute(f"""
        create or replace temp table too_hidden as
        select system from attacked group by system
        having avg(cast(hidden as integer)) > {weighted.hidden_at_most}
    """)
    connection.execute("""
        delete from attacked_figures
        where cell in (select cell from attacked inner join too_hidden using (system))
    """)
    row = connection.execute("select count(*) from too_hidden").fetchone()
    return int(row[0]) if row else 0


def _figures(
    connection: DuckDBPyConnection, file: str, table: ProductTable, linked: LinkedTable, weighted: Weighted,
    rounding: RoundingPolicy,
) -> None:  # fmt: skip
    """`weighted_figures`: of each cell with a numerator the candidate's figures and what is shown of them."""
    same = " and ".join(f"held.{name(key)} is not distinct from truth.{name(key)}" for key in linked.keys)
    base = f"cast(truth.{name(linked.base)} as double)"
    total = next(item for item in table.columns if item.name == weighted.total)
    step_of_total = rounding.people_step if total.rounded else 0
    others = ("held", "truth") if weighted.others else ()
    shown, share = (f"{rows}.{name(str(weighted.others))}" for rows in others) if others else ("null", "null")
    connection.execute(f"""
        create or replace temp table weighted_figures as
        select {shape(linked, "truth")}, truth.{name(weighted.figure)} as share,
            truth.{name(weighted.total)} as people, held.{name(weighted.figure)} as shown,
            held.{name(weighted.total)} as shown_people, {step_of_total} as step_of_people,
            cast({share} as double) as share_of_others, cast({shown} as double) as shown_of_others,
            {share_step(rounding, base)} as step
        from read_parquet({file}) as held
        inner join {WAREHOUSE}.main.{name(table.name)} as truth on {same}
        where truth.{name(str(linked.numerator))} is not null
    """)


def share_step(rounding: RoundingPolicy, base: str) -> str:
    """The step to which a share of so many pupils is rounded, as SQL."""
    steps = [step.estimate for step in rounding.steps]
    every = ", ".join(f"({step})" for step in steps)
    return f"""
            coalesce((
                select min(estimate) from (values {every}) as told (estimate)
                where estimate * {base} >= {rounding.step_pupils}
            ), {max(steps)})"""


def _weights(connection: DuckDBPyConnection, linked: LinkedTable, weighted: Weighted) -> None:
    """`all_weights`: the cells whose pupils have one weight each, and whether that is so.

    `weighted_cells`: those of them that are hidden.
    """
    system = " || '|' || ".join([*(f"told.{name(key)}" for key in linked.system), "''"])
    ways = ", ".join(text(item) for item in weighted.alike.values)
    connection.execute(f"""
        create or replace temp table all_weights as
        select attacked.*, people / base as weight, (system, place) not in (
                select distinct ({system}, told.{name(linked.place)})
                from {WAREHOUSE}.main.{name(weighted.alike.table)} as told
                where coalesce(told.{name(weighted.alike.column)}, '') not in ({ways})
            ) as alike
        from attacked inner join weighted_figures using ({", ".join(SHAPE)})
        where level = {text(weighted.cells.level)} and ways = {text(weighted.cells.group_by)}
            and base > 0
    """)
    connection.execute("create or replace temp table weighted_cells as from all_weights where hidden")


def _groups(connection: DuckDBPyConnection, weighted: Weighted) -> None:
    """`groups_of_cells`: each cell's group with every coarser one that it is a part of, and itself."""
    connection.execute(f"""
        create or replace temp table groups_of_cells as
        select value, coarse, target from coarser where ways = {text(weighted.cells.group_by)}
        union all
        select distinct value, ways, value from weighted_cells
    """)
    connection.execute("""
        create or replace temp table places_of_cells as
        with recursive places as (
            select distinct system, level || '|' || place as place, above from attacked
        ),
        lies as (
            select distinct system, level || '|' || place as place, level || '|' || place as whole
            from all_weights
            union all
            select lies.system, lies.place, places.above
            from lies inner join places on lies.system = places.system and lies.whole = places.place
            where places.above is not null
        )
        select * from lies
    """)


def _own() -> str:
    """Figures of a cell in sight, with each hidden part of it."""
    return f"""
        select owner.cell || told.kind as figure, atom.cell as part,
            case when told.kind = '|share' then owner.cell end as owner,
            case when told.kind = '|share' then share end as share, people,
            case when told.kind = '|share' then shown else shown_people end as shown,
            case when told.kind = '|share' then step else step_of_people end as step
        from weighted_cells as atom
        cross join (values ('|share'), ('|people')) as told (kind)
        inner join places_of_cells as lies
            on atom.system = lies.system and lies.place = atom.level || '|' || atom.place
        inner join groups_of_cells as whole on atom.value = whole.value
        inner join attacked as owner
            on owner.system = atom.system and owner.line = atom.line
            and owner.level || '|' || owner.place = lies.whole
            and owner.ways = whole.coarse and owner.value = whole.target
        inner join weighted_figures as figures on {_same("owner", "figures")}
        where not owner.hidden and (told.kind = '|share' or not atom.known_base)
            and case when told.kind = '|share' then shown else shown_people end is not null
    """


def _of_others(weighted: Weighted) -> str:
    """Figures of all the other places, which stand beside a cell in sight, with each hidden part of them."""
    return f"""
        select owner.cell || '|others' as figure, atom.cell as part, null as owner, share_of_others as share,
            everybody.people - figures.people as people, shown_of_others as shown, step
        from weighted_cells as atom
        inner join groups_of_cells as whole on atom.value = whole.value
        inner join attacked as owner
            on owner.system = atom.system and owner.line = atom.line and owner.level = atom.level
            and owner.place <> atom.place and owner.ways = whole.coarse and owner.value = whole.target
        inner join weighted_figures as figures on {_same("owner", "figures")}
        inner join (
            select system, line, ways, value, sum(people) as people
            from weighted_figures where level = {text(weighted.cells.level)} group by all
        ) as everybody
            on everybody.system = owner.system and everybody.line = owner.line
            and everybody.ways = owner.ways and everybody.value = owner.value
        where shown_of_others is not null
    """


def _same(one: str, other: str) -> str:
    return " and ".join(f"{one}.{key} = {other}.{key}" for key in SHAPE)
