"""What earlier releases said of the cells of an attacked table.

Belongs here: the cells of `attacked` beside the rows of earlier releases, and the sums that tell two releases
apart.
Does not belong here: the attack itself (see `audit_linked`), anything that `protect` uses to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.audit_cells import SHAPE, shape
from rcs_pipeline.disclosure.audit_moved import lay_moves
from rcs_pipeline.disclosure.earlier import Laid, seen_in
from rcs_pipeline.disclosure.engine import name

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def lay_given(
    connection: DuckDBPyConnection, table: ProductTable, linked: LinkedTable, before: Sequence[Laid]
) -> None:
    """`attacked_given`: a row for each cell of `attacked` and each release that had it, numbered by age."""
    columns = [*SHAPE, "release", "seen", "then_base", "then_numerator"]
    kinds = [*["varchar"] * len(SHAPE), "bigint", "boolean", "bigint", "bigint"]
    nothing = (f"null::{kind} as {column}" for column, kind in zip(columns, kinds, strict=True))
    rows = [f"select {', '.join(nothing)} where false"]
    for release, laid in enumerate(before):
        if {*linked.keys, linked.base} <= laid.columns:
            counted = f"rows_then.{name(linked.numerator)}" if linked.numerator in laid.columns else "null"
            rows.append(
                f"select {shape(linked, 'rows_then')}, {release} as release,"
                f" {seen_in(table, laid, linked.base, 'rows_then')} as seen,"
                f" cast(rows_then.{name(linked.base)} as bigint) as then_base,"
                f" cast({counted} as bigint) as then_numerator from {name(laid.view)} as rows_then"
            )
    keys = ", ".join(SHAPE)
    connection.execute(f"""
        create or replace temp table attacked_given as
        select attacked.cell, release, seen, then_base, then_numerator
        from attacked inner join ({" union all ".join(rows)}) using ({keys})
    """)


def lay_before(connection: DuckDBPyConnection, few: int, some: Sequence[int] | None = None) -> None:
    """`attacked_then`: a row a cell and release; `attacked_beside`: `attacked` with what readers know.

    `some`: the numbers of the releases, of those in `attacked_given`; all where it is not said.

    `attacked_new`: cells of which a release had nothing, though it had the line: of nobody, as everybody
    knows. `told`: a release showed the very counts of today. `was_hidden`: one hid them; `unchanged`: and
    nothing that it showed of the place is another number today, nor is a whole that the parts in sight and
    those who came do not account for, in the line itself or in a base that it shares. `newcomer`: everybody
    knows that nobody of the cell was in any of these releases. `base_taken`, `numerator_taken`, `rest_taken`
    (of the complement): hidden then, or kept and the same, where nothing shown of the place differs by `few`
    pupils, so that the number is taken for that of before; but not where a whole says that this is wrong.
    `known_base` is true as well where a release showed the base.
    """
    which = "true" if some is None else f"list_contains({list(some)}::bigint[], release)"
    connection.execute(
        f"create or replace temp table attacked_then as select * from attacked_given where {which}"
    )
    connection.execute("""
        create or replace temp table attacked_new as
        select attacked.cell, lines.release
        from (
            select distinct system, line, release from attacked_then inner join attacked using (cell)
        ) as lines
        inner join attacked using (system, line)
        anti join attacked_then
            on attacked.cell = attacked_then.cell and lines.release = attacked_then.release
    """)
    lay_moves(connection, few)
    connection.execute(f"""
        create or replace temp table attacked_beside as
        select attacked.* exclude (known_base), coalesce(told, false) as told,
            coalesce(was_hidden, false) as was_hidden,
            coalesce(was_hidden, false) and place_moved.pupils is null as unchanged,
            attacked.cell not in (select cell from attacked_then) as newcomer,
            coalesce(place_moved.pupils, 0) < {few} as looks_same, coalesce(kept, false) as kept,
            coalesce(place_moved.of_bases, 0) < {few}
                and (was_hidden and base_off is not true or kept and base_told) as base_taken,
            looks_same and (was_hidden and numerator_off is not true or kept and numerator_told)
                as numerator_taken,
            looks_same and (was_hidden and rest_off is not true or kept and rest_told) as rest_taken,
            coalesce(bool_or(base_told) over (partition by base_key), false) as told_base, known_base
        from attacked
        left join attacked_apart using (cell)
        left join attacked_unseen using (cell)
        left join attacked_moved as place_moved using (system, line, level, place)
    """)
    _tell_wholes(connection)
    connection.execute("update attacked_beside set known_base = true where told_base")


def _tell_wholes(connection: DuckDBPyConnection) -> None:
    """A whole that is made of nothing but parts which earlier releases told is told as well; so is its base.

    Which parts there are everybody sees. What only today's tables tell is no excuse: it is attacked.
    """
    for column in ("told", "told_base"):
        found = 1
        while found:
            row = connection.execute(f"""
                update attacked_beside set {column} = true where not {column} and cell in (
                    select whole from attacked_parts inner join attacked_beside on part = cell
                    where total like '%|place' group by total, whole having bool_and({column})
                )
            """).fetchone()
            found = row[0] if row else 0


def lacking_the_same(connection: DuckDBPyConnection) -> list[list[int]]:
    """The sets of releases that had nobody of the same cells: of each those without any that it lacked."""
    rows = connection.execute("""
        with releases as (select distinct release from attacked_then)
        select distinct (
            select list(other.release order by other.release) from releases as other
            where not exists (
                select 1 from attacked_new inner join attacked_then using (cell)
                where attacked_new.release = one.release and attacked_then.release = other.release
            )
        ) from releases as one order by all
    """).fetchall()
    return [some for (some,) in rows]


def told_by_sums(connection: DuckDBPyConnection, few: int, width: int) -> int:
    """Sums in sight, but for kept parts, that leave these fewer than `width` + 1 ways to have moved.

    A kept part is fewer than `few` apart from what it shows, whatever the sum says.
    """
    row = connection.execute(f"""
        with moved as (
            select cell, release, seen, false as is_new, base - then_base as by_base,
                coalesce(numerator - then_numerator, 0) as by_numerator
            from attacked_then inner join attacked using (cell)
            union all
            -- Of whom a release had nothing there was nobody.
            select cell, release, true, true, base, coalesce(numerator, 0)
            from attacked_new inner join attacked using (cell)
        ),
        cells as (
            select total, release, sign, by_base, by_numerator, seen and not hidden as in_sight,
                seen and not is_new and hidden
                    and greatest(abs(by_base), abs(by_numerator), abs(by_base - by_numerator))
                    between 1 and {few - 1} as kept
            from attacked_sums
            inner join attacked using (cell)
            cross join (select distinct release from attacked_then)
            left join moved using (cell, release)
        ),
        sums as (
            select total, release, count(*) filter (where kept) as parts,
                sum(sign * by_base) filter (where in_sight) as by_base,
                sum(sign * by_numerator) filter (where in_sight) as by_numerator
            from cells group by total, release
            having bool_and(coalesce(in_sight or kept and sign > 0, false))
        )
        select count(*) from sums
        where parts > 0 and greatest(abs(by_base), abs(by_numerator), abs(by_base - by_numerator))
            > {few - 1} * parts - {width}
    """).fetchone()
    return int(row[0]) if row else 0


def close_sums(connection: DuckDBPyConnection, few: int) -> int:
    """Sums of which the whole less its parts in sight was published twice, with fewer than `few` apart.

    Of whom a release had nothing there was nobody: that is published as well. A whole has the parts of its
    parts too: all of them, or those of the parts that are not in sight.
    """
    row = connection.execute(f"""
        with seen_twice as (
            select cell, release, base - then_base as by_base,
                coalesce(numerator - then_numerator, 0) as by_numerator
            from attacked_then inner join attacked using (cell) where seen and not hidden
            union all
            select cell, release, base, coalesce(numerator, 0)
            from attacked_new inner join attacked using (cell) where not hidden
        ),
        releases as (select distinct release from seen_twice),
        places as (select whole, part from attacked_parts where total like '%|place'),
        below as (
            select upper.whole, upper.part as middle, lower.part
            from places as upper inner join places as lower on upper.part = lower.whole
        ),
        asked as (
            select total, release, cell, sign from attacked_sums cross join releases
            union all
            select distinct whole || '|' || which, release, whole, -1
            from below cross join releases cross join (values ('below'), ('mixed')) as ways (which)
            union all
            select whole || '|below', release, part, 1 from below cross join releases
            union all
            select whole || '|mixed', release, part, 1
            from places semi join below using (whole) cross join releases
            union all
            select whole || '|mixed', below_them.release, part, 1
            from (select * from below cross join releases) as below_them
            anti join seen_twice on middle = seen_twice.cell and below_them.release = seen_twice.release
        ),
        left_over as (
            select total, release, sum(sign * by_base) as by_base, sum(sign * by_numerator) as by_numerator
            from asked inner join seen_twice using (cell, release)
            group by total, release having min(sign) < 0
        )
        select count(*) from left_over
        where greatest(abs(by_base), abs(by_numerator), abs(by_base - by_numerator)) between 1 and {few - 1}
    """).fetchone()
    return int(row[0]) if row else 0
