"""How far the cells and places of an attacked table are from what earlier releases showed of them.

Belongs here: the pupils that a cell and a whole moved by, what nothing in sight accounts for, and the places
that are other ones for it.
Does not belong here: what earlier releases were (see `audit_linked_before`), the attack itself (`attack`),
anything that `protect` uses to decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def lay_moves(connection: DuckDBPyConnection, few: int) -> None:
    """Lay out what moved since earlier releases, from `attacked_then`, `attacked_new` and `attacked_sums`.

    `attacked_silent`: cells that are hidden and keep their figures though `few` or more moved since a
    release, and no other one says so by its figure, or by having none.

    `attacked_apart`: a row a cell of earlier releases. `was_hidden`: one hid it; `told`: one showed the very
    counts of today, `base_told` the base, `numerator_told` and `rest_told` the numerator and the complement;
    `most`: the pupils that it is apart from one that showed it, `most_of_base` by the base alone, and of
    silent ones fewer than `few`; `kept`: its figures stay, since it is that near or silent.

    `attacked_rests`: sums over groups of figures that were in sight and less than `few` apart, while those in
    none of the parts are others: nobody knows how many, nor in the same groups of the places above.

    `attacked_unseen`: cells that a release hid, of wholes that show that they moved by something else than
    their parts in sight and those who came. `pupils`: by how many, `of_base` by the base alone; `base_off`,
    `numerator_off`, `rest_off`: of places, which count it was, the last that of the complement.

    `attacked_moved`: lines and places of which something shown, or such a whole, is another number.
    `pupils`: by how many at most, in the line itself or in a base of its family; `of_bases`: in one of these
    alone. Somebody who came, whom no release had, counts as `few`.
    """
    _lay_silent(connection, few)
    _lay_apart(connection, few)
    _lay_rests(connection, few)
    _lay_unseen(connection, few)
    # What has no line of its own is true of all the lines that share their bases.
    connection.execute(f"""
        create or replace temp table attacked_moved as
        with recursive moved as (
            select system, family, line as own, level, place, above, most as pupils
            from attacked_apart inner join attacked using (cell)
            union
            select system, family, null, level, place, above, most_of_base
            from attacked_apart inner join attacked using (cell)
            union
            select system, family, line, level, place, above, pupils
            from attacked_unseen inner join attacked using (cell)
            union
            select system, family, null, level, place, above, of_base
            from attacked_unseen inner join attacked using (cell)
            union
            select system, family, null, level, place, above, {few}
            from attacked where cell not in (select cell from attacked_then)
            union
            select whole.system, whole.family, part.own, whole.level, whole.place, whole.above, part.pupils
            from moved as part
            inner join attacked as whole
                on part.above = whole.level || '|' || whole.place
                and part.system = whole.system and part.family = whole.family
            where part.pupils > 0
        )
        select system, line, moved.level, moved.place, max(pupils) as pupils,
            coalesce(max(pupils) filter (where own is null), 0) as of_bases
        from moved
        inner join (select distinct system, family, line from attacked) as lines using (system, family)
        where (own is null or own = line) and pupils > 0
        group by all
    """)


def _lay_rests(connection: DuckDBPyConnection, few: int) -> None:
    connection.execute(f"""
        create or replace temp table attacked_rests as
        with recursive moved as (
            select total, cell, sign, release, seen, base - then_base as by_base,
                coalesce(numerator - then_numerator, 0) as by_numerator
            from attacked_sums
            inner join attacked using (cell)
            cross join (select distinct release from attacked_then)
            left join attacked_then using (cell, release)
            where total not like '%|place'
        ),
        rests as (
            select any_value(cell) filter (where sign < 0) as whole, split_part(total, '|', 2) as ways
            from moved group by total, release
            having bool_and(coalesce(seen and
                    greatest(abs(by_base), abs(by_numerator), abs(by_base - by_numerator)) < {few}, false))
                and (sum(sign * by_base) <> 0 or sum(sign * by_numerator) <> 0)
            union
            select above.whole, rests.ways
            from rests inner join attacked_parts as above on rests.whole = above.part
            where above.total like '%|place'
        )
        select whole || '|' || ways as total from rests
    """)


def _lay_silent(connection: DuckDBPyConnection, few: int) -> None:
    connection.execute(f"""
        create or replace temp table attacked_silent as
        select cell, attacked_then.release
        from attacked_then inner join attacked using (cell)
        where seen and hidden and {_apart("attacked.base", "attacked.numerator", "attacked_then")} >= {few}
            and not exists (
                select 1 from attacked_given as other
                where other.cell = attacked.cell and (not other.seen
                    or {_apart("other.then_base", "other.then_numerator", "attacked_then")} >= {few})
            )
    """)


def _apart(base: str, numerator: str, then: str) -> str:
    """How many pupils at least are apart, as SQL."""
    by_base, by_numerator = f"{base} - {then}.then_base", f"coalesce({numerator} - {then}.then_numerator, 0)"
    rest = f"coalesce({by_base} - ({numerator} - {then}.then_numerator), 0)"
    return f"greatest(abs({by_base}), abs({by_numerator}), abs({rest}))"


def _lay_apart(connection: DuckDBPyConnection, few: int) -> None:
    connection.execute(f"""
        create or replace temp table attacked_apart as
        with apart as (
            select cell, seen, abs(base - then_base) as by_base, then_base = base as same_base,
                then_numerator = numerator as same_numerator,
                base - numerator = then_base - then_numerator as same_rest,
                numerator is null or then_numerator is not null as both_counted,
                {_apart("attacked.base", "attacked.numerator", "attacked_then")} as pupils,
                silent.cell is not null as is_silent,
                case when is_silent then {few - 1} end as at_most
            from attacked_then
            inner join attacked using (cell)
            left join attacked_silent as silent using (cell, release)
        )
        select cell, bool_or(not seen) as was_hidden, bool_or(seen and both_counted and pupils = 0) as told,
            bool_or(seen and same_base) as base_told,
            coalesce(max(least(pupils, at_most)) filter (where seen), 0) as most,
            coalesce(max(least(by_base, at_most)) filter (where seen), 0) as most_of_base,
            bool_or(seen and (is_silent or pupils between 1 and {few - 1})) as kept,
            bool_or(seen and same_numerator) as numerator_told, bool_or(seen and same_rest) as rest_told
        from apart group by cell
    """)


def _lay_unseen(connection: DuckDBPyConnection, few: int) -> None:
    connection.execute(f"""
        create or replace temp table attacked_unseen as
        with recursive moved as (
            select total, release, cell, sign, seen, false as is_new,
                coalesce(base - then_base, 0) as by_base,
                coalesce(numerator - then_numerator, 0) as by_numerator
            from attacked_then inner join attacked using (cell) inner join attacked_sums using (cell)
            union all
            select total, release, cell, sign, false, true, base, coalesce(numerator, 0)
            from attacked_new inner join attacked using (cell) inner join attacked_sums using (cell)
        ),
        -- The parts of each whole, and of one that was not shown its own parts in its stead.
        reached as (
            select total, release, cell, seen, is_new, by_base, by_numerator from moved where sign > 0
            union all
            select reached.total, release, part.cell, part.seen, part.is_new, part.by_base, part.by_numerator
            from reached
            inner join moved as whole using (release, cell)
            inner join moved as part using (release)
            where not reached.seen and not reached.is_new and whole.sign < 0
                and whole.total like '%|place' and part.total = whole.total and part.sign > 0
        ),
        accounted as (
            select total, release, coalesce(sum(by_base) filter (where seen or is_new), 0) as for_base,
                coalesce(sum(by_numerator) filter (where seen or is_new), 0) as for_numerator
            from reached group by total, release
        ),
        left_over as (
            select total, release, by_base - for_base as of_base,
                by_numerator - for_numerator as of_numerator, silent.cell is null as shows,
                case when not shows then {few - 1} end as at_most
            from moved
            inner join accounted using (total, release)
            left join attacked_silent as silent using (cell, release)
            where sign < 0 and seen and (by_base <> for_base or by_numerator <> for_numerator)
        )
        select cell, max(least(greatest(abs(of_base), abs(of_numerator)), at_most)) as pupils,
            max(least(abs(left_over.of_base), at_most)) as of_base,
            coalesce(bool_or(of_base <> 0) filter (where of_places), false) as base_off,
            coalesce(bool_or(of_numerator <> 0) filter (where of_places), false) as numerator_off,
            coalesce(bool_or(of_base <> of_numerator) filter (where of_places), false) as rest_off
        from reached
        inner join left_over using (total, release)
        cross join lateral (select total like '%|place' and shows as of_places)
        where not seen and not is_new group by cell
    """)
