"""Linked tables as an attacker reads them: cells, what is known of each, and the sums between them.

Belongs here: the protected files laid beside the warehouse, as temporary tables; sums are found by joins, not
by the grid of `tables`.
Does not belong here: earlier releases (see `audit_linked_before`), the attack (see `audit_linked`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.audit_leaks import of_too_few
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


SHAPE = ("system", "line", "level", "place", "ways", "value")


def shape(linked: LinkedTable, rows: str) -> str:
    """What names a cell, as SQL over the alias `rows`."""
    named = {
        "system": " || '|' || ".join([*(f"{rows}.{name(key)}" for key in linked.system), "''"]),
        "line": f"{rows}.{name(linked.line)}" if linked.line else "''",
        "level": f"{rows}.{name(linked.level)}",
        "place": f"{rows}.{name(linked.place)}",
        "ways": f"{rows}.{name(linked.group_by)}" if linked.group_by else "'all'",
        "value": f"{rows}.{name(linked.group_value)}" if linked.group_value else "'all'",
    }
    return ", ".join(f"{value} as {key}" for key, value in named.items())


def lay_cells(
    connection: DuckDBPyConnection,
    folder: Path,
    product: Product,
    audience: str,
    table: ProductTable,
    linked: LinkedTable,
) -> None:
    """`attacked`: one row a cell, numbered, with its place above and what is known of it.

    `ruled`: of a base without a numerator, that a rule of its table hides it for its own sake.
    """
    file = text(str(judged_file(folder, audience, table.name)))
    keys = linked.keys
    joined = " and ".join(f"held.{name(key)} is not distinct from truth.{name(key)}" for key in keys)
    ceiling = f"truth.{name(linked.ceiling)}" if linked.ceiling else "null"
    belongs = "".join(
        f", truth.{name(column)} as {name('in ' + level)}" for level, column in linked.belongs.items()
    )
    sensitive = "false"
    if linked.sensitive and linked.line:
        lines = f"{WAREHOUSE}.main.{name(linked.sensitive.table)} as lines"
        sensitive = (
            f"coalesce((select any_value(lines.{name(linked.sensitive.column)}) from {lines}"
            f" where lines.{name(linked.line)} = truth.{name(linked.line)}), true)"
        )
    base, numerator = name(linked.base), f"truth.{name(linked.numerator)}" if linked.numerator else "null"
    rules = [rule for rule in table.extension.hide if linked.base in rule.hides and not linked.numerator]
    ruled = " or ".join(of_too_few(rule, product.file.disclosure, "truth") for rule in rules) or "false"
    connection.execute(f"""
        create or replace temp table seen_cells as
        select *, row_number() over (order by system, line, level, place, ways, value) - 1 as cell
        from (
            select {shape(linked, "truth")}, cast(truth.{base} as bigint) as base,
                cast({numerator} as bigint) as numerator,
                cast({ceiling} as bigint) as ceiling, held.{base} is null as hidden,
                {sensitive} as sensitive, coalesce({ruled}, false) as ruled{belongs}
            from read_parquet({file}) as held
            inner join {WAREHOUSE}.main.{name(table.name)} as truth on {joined}
            where truth.{base} is not null
        )
    """)
    levels = tuple(level.value for level in product.file.audiences[audience].geographies)
    elsewhere = _shown_elsewhere(folder, product, audience, linked)
    # Indicators asked of the same pupils: a base that one of them shows is known of all.
    connection.execute(f"""
        create or replace temp table attacked as
        with families as (
            select system, line,
                md5(string_agg(concat_ws('|', level, place, ways, value, base), ';'
                    order by level, place, ways, value)) as family
            from seen_cells group by system, line
        ),
        placed as (
            select seen_cells.*, family, {_above(linked, levels)} as above,
                concat_ws('|', system, family, level, place, ways, value) as base_key
            from seen_cells inner join families using (system, line)
        )
        select * replace (coalesce(ceiling, {elsewhere}) as ceiling),
            not bool_and(hidden) over (partition by base_key) as known_base
        from placed
    """)


def _above(linked: LinkedTable, levels: tuple[str, ...]) -> str:
    """The place above, as `level|place`: of the nearest level of which one is named that has a row.

    Where nothing names one, the only place of a level is above all others.
    """
    branches = []
    for number, level in enumerate(levels):
        choices = []
        for above in reversed(levels[:number]):
            if above in linked.belongs:
                choices.append(
                    f"(select any_value({text(above + '|')} || other.place) from seen_cells as other"
                    f" where other.level = {text(above)} and other.place = seen_cells.{name('in ' + above)}"
                    f" and other.system = seen_cells.system)"
                )
            else:
                choices.append(
                    f"(select case when count(distinct other.place) = 1 then {text(above + '|')} ||"
                    f" min(other.place) end from seen_cells as other"
                    f" where other.level = {text(above)} and other.system = seen_cells.system)"
                )
        if choices:
            branches.append(f"when {text(level)} then coalesce({', '.join(choices)})")
    return f"case level {' '.join(branches)} end" if branches else "cast(null as varchar)"


def _shown_elsewhere(folder: Path, product: Product, audience: str, linked: LinkedTable) -> str:
    """What another published table says that the base cannot exceed, as a scalar query over `placed`."""
    file = judged_file(folder, audience, linked.whole.table) if linked.whole else None
    there = [table for table in product.tables if linked.whole and table.name == linked.whole.table]
    other = there[0].extension.linked if there else None
    if linked.whole is None or other is None or file is None or not file.is_file():
        return "cast(null as bigint)"
    system = " || '|' || ".join([*(f"held.{name(key)}" for key in other.system), "''"])
    ways = f"held.{name(other.group_by)}" if other.group_by else "'all'"
    value = f"held.{name(other.group_value)}" if other.group_value else "'all'"
    return (
        f"(select max(held.{name(linked.whole.column)}) from read_parquet({text(str(file))}) as held"
        f" where {system} = placed.system and held.{name(other.level)} = placed.level"
        f" and held.{name(other.place)} = placed.place and {ways} = placed.ways and {value} = placed.value)"
    )


def named_in(ways: str, value: str) -> dict[str, str]:
    """What a group says of its people: of `female+S4` by `sex+stage` their sex and their stage.

    Raises:
        RcsError: it cannot be taken apart; then there might be sums that nobody attacks.
    """
    if ways == "all":
        return {}
    by = ways.split("+")
    said = [value] if len(by) == 1 else value.split("+")
    if len(said) != len(by):
        raise RcsError(
            f"The attack cannot tell what the group `{value}` says of `{ways}`", where="the warehouse",
            expected=f"{len(by)} values joined by `+`, none of which holds one",
            todo="Name the code without it in `group_values` of the delivery contract.",
        )  # fmt: skip
    return dict(zip(by, said, strict=True))


def lay_sums(connection: DuckDBPyConnection) -> None:
    """`attacked_sums`: every published whole with its parts, over places and over every coarser grouping."""
    groups = connection.execute("select distinct ways, value from attacked order by all").fetchall()
    known = {(str(way), str(value)) for way, value in groups}
    pairs = []
    for way, value in sorted(known):
        named = named_in(way, value)
        for coarse in {item for item, _ in known} - {way}:
            kept = [] if coarse == "all" else coarse.split("+")
            if set(kept) <= set(named):
                target = "+".join(named[item] for item in kept) or "all"
                if (coarse, target) in known:
                    pairs.append((way, value, coarse, target))
    connection.execute(
        "create or replace temp table coarser (ways varchar, value varchar, coarse varchar, target varchar)"
    )
    if pairs:
        connection.executemany("insert into coarser values (?, ?, ?, ?)", pairs)
    connection.execute("""
        create or replace temp table attacked_parts as
        select whole.cell || '|place' as total, whole.cell as whole, part.cell as part
        from attacked as part
        inner join attacked as whole
            on part.above = whole.level || '|' || whole.place and part.system = whole.system
            and part.line = whole.line and part.ways = whole.ways and part.value = whole.value
        union all
        select whole.cell || '|' || part.ways as total, whole.cell as whole, part.cell as part
        from attacked as part
        inner join coarser on part.ways = coarser.ways and part.value = coarser.value
        inner join attacked as whole
            on whole.ways = coarser.coarse and whole.value = coarser.target and part.system = whole.system
            and part.line = whole.line and part.level = whole.level and part.place = whole.place
    """)
    connection.execute("""
        create or replace temp table attacked_sums as
        select total, part as cell, 1 as sign from attacked_parts
        union all
        select distinct total, whole as cell, -1 as sign from attacked_parts
    """)
