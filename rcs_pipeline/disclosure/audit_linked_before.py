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
from rcs_pipeline.disclosure.earlier import Laid, seen_in
from rcs_pipeline.disclosure.engine import name, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHAPE = ("system", "line", "level", "place", "ways", "value")


def shape(linked: LinkedTable, number: int, rows: str) -> str:
    """What names a cell of the pair `number` of counts, as SQL over the alias `rows`."""
    line = f"{rows}.{name(linked.line)}" if linked.line else text(str(number))
    named = {
        "system": " || '|' || ".join([*(f"{rows}.{name(key)}" for key in linked.system), "''"]),
        "line": line,
        "level": f"{rows}.{name(linked.level)}",
        "place": f"{rows}.{name(linked.place)}",
        "ways": f"{rows}.{name(linked.group_by)}" if linked.group_by else "'all'",
        "value": f"{rows}.{name(linked.group_value)}" if linked.group_value else "'all'",
    }
    return ", ".join(f"{value} as {key}" for key, value in named.items())


def lay_before(
    connection: DuckDBPyConnection, table: ProductTable, linked: LinkedTable, before: Sequence[Laid]
) -> None:
    """`attacked_then`: a row a cell and release; `attacked_beside`: `attacked` with what readers know.

    `told`: a release showed the very counts of today. `was_hidden`: one hid
    them; `unchanged`: and nothing that it showed of the place is another number today, nor is a whole that
    the parts in sight do not account for. `known_base` is true as well where a release showed the base.
    """
    columns = [*SHAPE, "release", "seen", "then_base", "then_numerator"]
    kinds = [*["varchar"] * len(SHAPE), "bigint", "boolean", "bigint", "bigint"]
    nothing = (f"null::{kind} as {column}" for column, kind in zip(columns, kinds, strict=True))
    rows = [f"select {', '.join(nothing)} where false"]
    for release, laid in enumerate(before):
        if not set(linked.keys) <= laid.columns:
            continue
        for number, (base, numerator) in enumerate(linked.counts):
            if base in laid.columns:
                counted = f"rows_then.{name(numerator)}" if numerator in laid.columns else "null"
                rows.append(
                    f"select {shape(linked, number, 'rows_then')}, {release} as release,"
                    f" {seen_in(table, laid, base, 'rows_then')} as seen,"
                    f" cast(rows_then.{name(base)} as bigint) as then_base,"
                    f" cast({counted} as bigint) as then_numerator from {name(laid.view)} as rows_then"
                )
    keys = ", ".join(SHAPE)
    connection.execute(f"""
        create or replace temp table attacked_then as
        select attacked.cell, release, seen, then_base, then_numerator
        from attacked inner join ({" union all ".join(rows)}) using ({keys})
    """)
    connection.execute("""
        create or replace temp table attacked_beside as
        with recursive told as (
            select attacked.cell, bool_or(seen and then_base = base) as base_told,
                bool_or(not seen) as was_hidden,
                bool_or(seen and (then_base <> base or then_numerator <> numerator)) as changed,
                bool_or(seen and then_base = base
                    and (numerator is null or then_numerator = numerator)) as told
            from attacked_then inner join attacked using (cell) group by attacked.cell
        ),
        -- A whole that was shown, less its parts that were: what it moved by lies in the parts that were not,
        -- and in their parts.
        moved as (
            select total, release, cell, sign, seen, coalesce(base - then_base, 0) as by_base,
                coalesce(numerator - then_numerator, 0) as by_numerator
            from attacked_then
            inner join attacked using (cell)
            inner join attacked_sums using (cell)
        ),
        unaccounted as (
            select total, release from moved where seen group by total, release
            having min(sign) < 0 and (sum(sign * by_base) <> 0 or sum(sign * by_numerator) <> 0)
        ),
        unseen_parts as (
            select moved.release, moved.cell from moved inner join unaccounted using (total, release)
            where not moved.seen
            union
            select part.release, part.cell
            from unseen_parts
            inner join moved as whole using (release, cell)
            inner join moved as part using (total, release)
            where whole.sign < 0 and part.sign > 0 and not part.seen
        ),
        changed_places as (
            select distinct system, level, place, above
            from told inner join attacked using (cell) where changed
            union
            select distinct system, level, place, above
            from unseen_parts inner join attacked using (cell)
            union
            -- Somebody came: no release had the cell.
            select distinct system, level, place, above
            from attacked where cell not in (select cell from attacked_then)
            union
            select whole.system, whole.level, whole.place, whole.above
            from changed_places as part
            inner join attacked as whole
                on part.above = whole.level || '|' || whole.place and part.system = whole.system
        )
        select attacked.* exclude (known_base), coalesce(told, false) as told,
            coalesce(was_hidden, false) as was_hidden,
            coalesce(was_hidden, false) and (system, level, place) not in (
                select (system, level, place) from changed_places
            ) as unchanged,
            known_base or coalesce(bool_or(base_told) over (partition by base_key), false) as known_base
        from attacked left join told using (cell)
    """)


def close_sums(connection: DuckDBPyConnection, few: int) -> int:
    """Sums of which the whole less its parts in sight was published twice, with fewer than `few` apart.

    A whole has the parts of its parts as well: all of them, or those of the parts that are not in sight.
    """
    row = connection.execute(f"""
        with seen_twice as (
            select cell, release, base - then_base as by_base,
                coalesce(numerator - then_numerator, 0) as by_numerator
            from attacked_then inner join attacked using (cell) where seen and not hidden
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
