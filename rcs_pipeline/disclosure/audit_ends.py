"""What rounded figures say of one another, from the written files: ends carried through the published sums.

Belongs here: the ends of every weighted count for its own figure in sight and for the weights of its place,
and what each published sum then says of its parts and of its whole.
Does not belong here: which figures are rows of the attack (see `audit_weighted`), anything that `protect`
uses to decide.

A group by deprivation is made of no weighting cells, but all of them add up to everybody: what they show is a
second rounding of everybody's weighted count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcs_pipeline.contracts.weighted import Weighted
from rcs_pipeline.disclosure.audit_cells import SHAPE, named_in
from rcs_pipeline.disclosure.engine import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Ends that move by less, in weighted pupils, say nothing more; after so many rounds it is left at that.
STILL, ROUNDS = 1e-6, 20
# What is carried is taken to be wider by so many weighted pupils: a world at the very end of what the weights
# allow is one that fits, whatever a double makes of it.
WIDER = 0.01
# A share next to none is shown as one step, and one next to all as a step less: they come from further off.
DUST = 1e-9


def lay_ends(connection: DuckDBPyConnection, weighted: Weighted) -> None:
    """`attacked_ends`: of each cell of a line with hidden weighting cells the ends of its weighted count.

    Its columns are `cell`, `truth`, `low` and `high`. It reads `attacked`, `attacked_sums`,
    `weighted_figures`, `all_weights` and `places_of_cells`.
    """
    _overlapping(connection)
    _alone(connection)
    _sums(connection, weighted)
    for _ in range(ROUNDS):
        connection.execute(_ROUND)
        moved = connection.execute("""
            select max(greatest(now.low - before.low, before.high - now.high))
            from carried_ends as now inner join attacked_ends as before using (cell)
        """).fetchone()
        connection.execute("create or replace temp table attacked_ends as from carried_ends")
        if moved is None or moved[0] is None or moved[0] < STILL:
            return


def _overlapping(connection: DuckDBPyConnection) -> None:
    """`overlapping`: each group with every weighting cell that somebody of it can be in."""
    groups = connection.execute("select distinct ways, value from attacked order by all").fetchall()
    cells = connection.execute("select distinct ways, value from all_weights order by all").fetchall()
    pairs = [
        (ways, value, cell_value)
        for ways, value in groups
        for cell_ways, cell_value in cells
        if all(
            named_in(cell_ways, cell_value).get(key, own) == own for key, own in named_in(ways, value).items()
        )
    ]
    connection.execute(
        "create or replace temp table overlapping (ways varchar, value varchar, cell_value varchar)"
    )
    if pairs:
        connection.executemany("insert into overlapping values (?, ?, ?)", pairs)


def _alone(connection: DuckDBPyConnection) -> None:
    """What each figure says by itself, and the weights: nobody weighs less than the lightest of the place.

    A count that is known pupil by pupil, a weighting cell in sight, is exact.
    """
    connection.execute(f"""
        create or replace temp table attacked_ends as
        with asked as (select distinct system, line from weighted_cells),
        ranges as (
            select owner.cell, min(all_weights.weight) as least, max(all_weights.weight) as most,
                bool_and(all_weights.alike) as alike
            from attacked as owner
            inner join asked using (system, line)
            inner join all_weights
                on owner.system = all_weights.system and owner.line = all_weights.line
            inner join places_of_cells as lies
                on owner.system = lies.system and owner.level || '|' || owner.place = lies.whole
                and all_weights.level || '|' || all_weights.place = lies.place
            inner join overlapping
                on owner.ways = overlapping.ways and owner.value = overlapping.value
                and all_weights.value = overlapping.cell_value
            group by owner.cell
        ),
        figures as (
            select attacked.cell, attacked.hidden, attacked.numerator, share * people as truth, people, step,
                shown, all_weights.weight is not null and all_weights.alike as exact, ranges.least,
                ranges.most, ranges.alike
            from attacked
            inner join asked using (system, line)
            inner join weighted_figures using ({", ".join(SHAPE)})
            left join all_weights using ({", ".join(SHAPE)})
            left join ranges on attacked.cell = ranges.cell
            where share is not null
        )
        select cell, truth,
            case when hidden then 0 when exact or {_says_all("shown")} then truth
                else least(truth, greatest({low_end("shown")} * people,
                    case when alike then numerator * least else 0 end)) end as low,
            case when hidden then people when exact or {_says_all("shown")} then truth
                else greatest(truth, least({high_end("shown")} * people,
                    case when alike then numerator * most else people end)) end as high
        from figures
    """)


def _sums(connection: DuckDBPyConnection, weighted: Weighted) -> None:
    """`sums_of_ends`: every published sum, and that each figure of other places is the sum of theirs.

    The count of all the other places, which stands beside a cell, has the cell's number below zero.
    """
    connection.execute("""
        create or replace temp table sums_of_ends as
        select total, cell, sign from attacked_sums where cell in (select cell from attacked_ends)
    """)
    if weighted.others is None:
        return
    connection.execute(f"""
        create or replace temp table others_of_cells as
        select owner.cell as owner, other.cell as cell
        from attacked as owner
        inner join weighted_figures as figures using ({", ".join(SHAPE)})
        inner join attacked as other
            on owner.system = other.system and owner.line = other.line and owner.level = other.level
            and owner.ways = other.ways and owner.value = other.value and owner.place <> other.place
        where owner.level = {text(weighted.cells.level)} and figures.shown_of_others is not null
            and owner.cell in (select cell from attacked_ends)
    """)
    connection.execute("""
        insert into sums_of_ends
        select owner || '|others', cell, 1 from others_of_cells
        where cell in (select cell from attacked_ends)
        union all
        select distinct owner || '|others', -1 - owner, -1 from others_of_cells
    """)
    connection.execute(f"""
        insert into attacked_ends
        with people_of_others as (
            select owner as cell, sum(ends.truth) as truth, sum(theirs.people) as people
            from others_of_cells
            inner join attacked_ends as ends on others_of_cells.cell = ends.cell
            inner join attacked on others_of_cells.cell = attacked.cell
            inner join weighted_figures as theirs using ({", ".join(SHAPE)})
            group by owner
        )
        select -1 - cell, truth,
            case when {_says_all("shown_of_others")} then truth
                else least(truth, {low_end("shown_of_others")} * people_of_others.people) end,
            case when {_says_all("shown_of_others")} then truth
                else greatest(truth, {high_end("shown_of_others")} * people_of_others.people) end
        from people_of_others
        inner join attacked using (cell)
        inner join weighted_figures using ({", ".join(SHAPE)})
    """)


def _says_all(shown: str) -> str:
    """None and all are exact: the numerators say so too."""
    return f"({shown} not between {DUST} and 1 - {DUST})"


def low_end(shown: str) -> str:
    """The least share that is shown so, as SQL beside the column `step`."""
    return f"(case when {shown} <= step + {DUST} then 0 else {shown} - step / 2 end)"


def high_end(shown: str) -> str:
    """The greatest share that is shown so."""
    return f"(case when {shown} >= 1 - step - {DUST} then 1 else {shown} + step / 2 end)"


# Of a sum whose value is known, each entry is at most what the ends of all others leave, and at least.
_ROUND = """
    create or replace temp table carried_ends as
    with entries as (
        select total, cell, sign, sign * truth as truly, case when sign > 0 then low else -high end as least,
            case when sign > 0 then high else -low end as most
        from sums_of_ends inner join attacked_ends using (cell)
    ),
    others as (
        select cell, sign, sum(truly) over whole - (sum(least) over whole - least) as up,
            sum(truly) over whole - (sum(most) over whole - most) as down
        from entries
        window whole as (partition by total)
    ),
    said as (
        select cell, max(case when sign > 0 then down else -up end) as low,
            min(case when sign > 0 then up else -down end) as high
        from others group by cell
    )
    select cell, truth, least(truth, greatest(ends.low, said.low)) as low,
        greatest(truth, least(ends.high, said.high)) as high
    from attacked_ends as ends left join said using (cell)
"""
