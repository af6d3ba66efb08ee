"""What can be wrong with bands and with the worlds that are to prove them, as queries that count it.

Belongs here: one sentence and one query for each way in which bands say too much.
Does not belong here: reading files (see `audit_bands`, which makes the tables that are asked here).
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy


@dataclass(frozen=True)
class Wrong:
    """One way in which bands can say too much: a sentence, and the query that counts it."""

    says: str
    count: str


def misfits() -> tuple[Wrong, ...]:
    """Bands that are not those of the truth or of the policy, and worlds that do not fit what is known.

    A whole number lies in a band where its hundredfold lies between the edges times the base.
    """
    inside = (
        "100 * ({count}) >= edge_from * base"
        " and (100 * ({count}) < edge_to * base or (edge_to = 100 and ({count}) <= base))"
    )
    allowed = (
        "edge_from % (100 // parts) = 0 and enough and base >= fewest and (most is null or base <= most)"
    )
    return (
        Wrong(
            "row(s) shown that the sizes do not allow, or with another size than the kind of band tells",
            f"select count(*) from bands_rows where shown and not coalesce({allowed}, false)",
        ),
        Wrong(
            "row(s) with a band in which the share does not lie",
            "select count(*) from bands_rows"
            f" where shown and not coalesce({inside.format(count='numerator')}, false)",
        ),
        Wrong(
            "row(s) shown in two ways",
            "select count(*) from (select 1 from bands_rows group by school, line, way, value"
            " having count(*) > 1)",
        ),
        Wrong(
            "row(s) without an edge of their band",
            "select count(*) from bands_rows where (edge_from is null) <> (edge_to is null)"
            " or (edge_from is null) <> (size is null)",
        ),
        Wrong(
            "move(s) of kept worlds that no cell can make",
            "select count(*) from bands_moves where block is null or moved is null"
            " or numerator + moved not between 0 and base or kind not in ('together', 'alone')",
        ),
        Wrong(
            "move(s) of kept worlds that stand twice",
            "select count(*) from (select 1 from bands_moves group by school, line, cell, world"
            " having count(*) > 1)",
        ),
        Wrong(
            "sum(s) of a partnership that a kept world does not keep",
            "select count(*) from (select 1 from bands_moves where kind = 'together'"
            " group by block, line, cell, world having sum(moved) <> 0)",
        ),
        Wrong(
            "band(s) that a kept world does not fit",
            "select count(*) from bands_shifts inner join bands_rows using (school, line, way, value)"
            f" where shown and not ({inside.format(count='numerator + shift')})",
        ),
    )


def narrow_rows(width: int) -> tuple[Wrong, ...]:
    """Rows whose worlds differ by less than they must."""
    free = """
        select school, line, way, value, sum(highest - lowest) as free, sum(base) as alone
        from (
            select
                school, line, cell, base,
                least(base, sum(numerator) over within) as highest,
                greatest(0, sum(numerator) over within - (sum(base) over within - base)) as lowest
            from bands_cells window within as (partition by block, line, cell)
        ) inner join bands_parts using (cell)
        group by all"""
    # Pupils of a shown row who stand in no cell: nobody moves them, so the others have to leave it wide.
    outside = "case when shown then greatest(rows.base - coalesce(free.alone, 0), 0) else 0 end"
    rows = f"""
        select
            rows.*, coalesce(widths.together_width, 0) as together_width,
            coalesce(widths.any_width, 0) as any_width,
            least({width}, coalesce(free.free, 0) + {outside}) as need,
            least({width}, coalesce(free.alone, 0) + {outside}) as need_alone,
            bool_or(shown) over (partition by block, rows.line) as somewhere,
            bool_or(shown) over (partition by rows.school, rows.line) as here
        from bands_rows as rows
        left join bands_widths as widths using (school, line, way, value)
        left join ({free}) as free using (school, line, way, value)"""
    return (
        Wrong(
            "row(s) narrower than the policy allows, for whoever knows the partnership's sums",
            f"select count(*) from ({rows}) where somewhere and together_width < need",
        ),
        Wrong(
            "row(s) narrower than the policy allows by the bands alone",
            f"select count(*) from ({rows}) where here and any_width < need_alone",
        ),
    )


def left_away_in_part(policy: DisclosurePolicy) -> Wrong:
    """Questions of a school of which some rows are shown and others, that are large enough, are not.

    Which answers a missing row would have said too much of follows from the method. Rows are left away by
    themselves only for the few who answered beside them, the smallest first and everybody last.
    """
    least = _least(policy)
    return Wrong(
        "question(s) of a school that are left away in part, which tells why",
        f"""select count(*) from (
            select
                bool_or(shown) as in_sight, bool_or(base between 1 and {least - 1}) as few,
                max(base) filter (where not shown and base >= {least} and way <> 'all') as largest_gone,
                min(base) filter (where shown and way <> 'all') as smallest_left,
                bool_or(not shown and base >= {least} and way = 'all') as everybody_gone
            from bands_rows where enough group by school, line
        ) where in_sight
            and (everybody_gone or largest_gone > smallest_left or largest_gone is not null and not few)""",
    )


def _least(policy: DisclosurePolicy) -> int:
    """From how many answers on a row has bands."""
    return min(size.base for size in policy.school_bands or ())


def narrow_bases(policy: DisclosurePolicy, width: int) -> Wrong:
    """Rows of few answers whose number follows too closely from the sizes of the rows beside them."""
    least = _least(policy)
    return Wrong(
        "row(s) of few answers whose number the sizes of others tell",
        "select count(*) from (select *, bool_or(shown) over (partition by school, line) as here"
        f" from bands_sizes) where here and base between 1 and {least - 1} and high - low < {width}",
    )
