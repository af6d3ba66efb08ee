"""What an attacker makes of questions that contain or exclude one another.

Belongs here: the differences between such questions in the cells read back, and their rows in the system that
`attack` solves.
Does not belong here: which questions they are (`contracts.implications`), anything that `protect` uses.

Whoever is of a part is of the whole: so the whole less its parts is nobody at least. Where it is a few pupils
it says of them that they are counted by one question and not by the other, and has to be as wide as a hidden
number, though it stands in no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure.attack import Knowledge

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Arrays = dict[str, Any]
Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Differences:
    """The differences that matter, and their sides that are hidden, a row each.

    `each`: `difference`, `alone` (the truth), whether it is `asked`, whether it is nobody as everybody knows
    (`exact`), and how many a roll leaves of the whole (`most`), where its base is hidden. `sides`:
    `difference`, `cell`, `sign`, and whether the side is of those `counted`.
    """

    each: Arrays
    sides: Arrays


def lay_implied(connection: DuckDBPyConnection, product: Product, linked: LinkedTable) -> None:
    """`attacked_implied`: a row for each side of each difference, which is numbered cell by cell.

    Raises:
        RcsError: fewer are of a whole than of its parts, or more where they make it up; so the conditions are
            not what was counted.
    """
    connection.execute(
        "create or replace temp table implied_sides"
        " (implication varchar, sides integer, line varchar, counted boolean, sign integer, exact boolean)"
    )
    rows = [
        (whole, 0, line, counted, sign, True)
        for whole, parts in linked.parts.items()
        for line, counted, sign in _made_up(whole, parts, linked.base)
    ]
    # Lines are indicators where it stands which of them are sensitive.
    if linked.sensitive and linked.line:
        rows += [
            (str(number), len(item.sides), side.indicator, side.counted, sign, False)
            for number, item in enumerate(product.implications)
            for side, sign in item.sides
        ]
    if rows:
        connection.executemany("insert into implied_sides values (?, ?, ?, ?, ?, ?)", rows)
    connection.execute("""
        create or replace temp table attacked_implied as
        with there as (
            select implication, sides, cell, counted, sign, exact,
                concat_ws('|', implication, system, level, place, ways, value) as difference,
                sign * case when counted then numerator else base - numerator end as pupils
            from implied_sides inner join attacked using (line) where numerator is not null
        )
        select difference, cell, sign, counted, exact, sum(pupils) over (partition by difference) as alone
        from there
        -- A part that nobody can be of has no cell.
        qualify exact and max(sign) over (partition by difference) > 0
            or count(*) over (partition by difference) = sides
    """)
    less = connection.execute(
        "select count(distinct difference) from attacked_implied where alone < 0 or exact and alone <> 0"
    ).fetchone()
    if less and less[0]:
        raise RcsError(
            f"{less[0]} cells count other pupils by one question than by those it contains",
            expected="every pupil of a part counted by the whole, and nobody else where parts make it up",
            todo="Build again: `rcs build`. If it stays so, indicators are counted otherwise than they say.",
        )


def lay_follow_ups(connection: DuckDBPyConnection, product: Product, linked: LinkedTable) -> int:
    """Mark the bases of follow-ups that tell how few skipped them as `ruled`; how many of them are in sight.

    The base of the filter less that of the follow-up is of those on one side of it who did not answer.
    """
    if not (product.follow_ups and linked.sensitive and linked.line):
        return 0
    connection.execute("create or replace temp table follow_ups (filter varchar, follow_up varchar)")
    connection.executemany(
        "insert into follow_ups values (?, ?)", [(item.filter, item.follow_up) for item in product.follow_ups]
    )
    connection.execute(f"""
        create or replace temp table attacked_follow_ups as
        select second.cell, second.base_key
        from follow_ups
        inner join attacked as first on first.line = follow_ups.filter
        inner join attacked as second
            on second.line = follow_ups.follow_up and first.system = second.system
            and first.level = second.level and first.place = second.place and first.ways = second.ways
            and first.value = second.value
        where first.base - second.base between 1 and {product.file.disclosure.small_numerator}
    """)
    connection.execute(
        "update attacked set ruled = true where base_key in (select base_key from attacked_follow_ups)"
    )
    row = connection.execute(
        "select count(*) from attacked where known_base and base_key in (select base_key from"
        " attacked_follow_ups)"
    ).fetchone()
    return int(row[0]) if row else 0


def _made_up(whole: str, parts: Sequence[str], base: str) -> Iterator[tuple[str, bool, int]]:
    """The sides of what is made up exactly: a whole, or what the first leaves of a base, less the others."""
    first, others = (parts[0], parts[1:]) if whole == base else (whole, parts)
    yield first, whole != base, 1
    yield from ((part, True, -1) for part in others)


def told_by_parts(connection: DuckDBPyConnection, linked: LinkedTable) -> int:
    """Hidden cells of a whole beside a part in sight, whose share tells the whole."""
    lines = [(whole, part) for whole, parts in linked.parts.items() for part in parts if whole != linked.base]
    if not lines:
        return 0
    connection.execute("create or replace temp table parts_of_lines (whole varchar, part varchar)")
    connection.executemany("insert into parts_of_lines values (?, ?)", lines)
    row = connection.execute("""
        select count(distinct whole_cell.cell) from attacked as whole_cell
        inner join parts_of_lines on whole_cell.line = parts_of_lines.whole
        inner join attacked as part_cell
            on part_cell.line = parts_of_lines.part and part_cell.system = whole_cell.system
            and part_cell.level = whole_cell.level and part_cell.place = whole_cell.place
            and part_cell.ways = whole_cell.ways and part_cell.value = whole_cell.value
        where whole_cell.hidden and not part_cell.hidden
    """).fetchone()
    return int(row[0]) if row else 0


def differences(connection: DuckDBPyConnection, product: Product, which: str, *, asked: bool) -> Differences:
    """The differences with a side among `which` cells, and those that are asked about.

    What one earlier release or several told in full is known for good, and not asked about.
    """
    small = product.file.disclosure.small_numerator
    each = f"""
        select difference, any_value(alone) as alone, bool_or({which}) as ties,
            {str(asked).lower()} and any_value(alone) between 1 and {small} and not bool_and(told) as asked,
            any_value(exact) as exact,
            min(case when sign > 0 and not known_base and ceiling >= base then ceiling end) as most
        from attacked_implied inner join attacked_beside using (cell) group by difference
    """
    return Differences(
        connection.execute(
            f"select difference, alone, asked, exact, most from ({each}) where ties or asked order by all"
        ).fetchnumpy(),
        connection.execute(
            "select difference, cell, sign, counted"
            f" from attacked_implied inner join attacked_beside using (cell) where {which} order by all"
        ).fetchnumpy(),
    )


def with_differences(
    knowledge: Knowledge, truth: Numbers, found: Differences, columns: tuple[Numbers, Numbers], cells: Numbers
) -> tuple[Knowledge, Numbers]:
    """The system with a row for each difference, and a number more for each that is asked about.

    Args:
        knowledge: of hidden numerators, complements and bases.
        truth: of these.
        found: the differences.
        columns: of each cell's numerator, and of its complement where that is a number of its own, or -1.
        cells: the numbers of the cells, in order.

    Returns:
        the system, and how many there can be at most of each number more.
    """
    from scipy import sparse

    names = np.asarray(found.each["difference"], dtype=np.str_)
    alone = np.asarray(found.each["alone"], dtype=np.float64)
    is_asked, is_exact = (np.asarray(found.each[item], dtype=bool) for item in ("asked", "exact"))
    asked, exact = np.flatnonzero(is_asked), np.flatnonzero(is_exact)
    others = np.flatnonzero(~is_asked & ~is_exact)
    numerators, rests = columns
    place = np.asarray(np.searchsorted(cells, found.sides["cell"]))
    counted = np.asarray(found.sides["counted"], dtype=bool)
    # Where the base is known, one more who is not counted is one less who is.
    turned = ~counted & (rests[place] < 0)
    column = np.where(counted | turned, numerators[place], rests[place])
    sign = np.where(turned, -1.0, 1.0) * found.sides["sign"]
    row = np.searchsorted(names, np.asarray(found.sides["difference"], dtype=np.str_))
    sides = sparse.csr_array((sign, (row, column)), shape=(len(names), len(truth)))
    number = -sparse.eye_array(len(asked), format="csr")
    nothing = sparse.csr_array((knowledge.matrix.shape[0], len(asked)))
    matrix = sparse.vstack([
        sparse.hstack([knowledge.matrix, nothing]),
        sparse.hstack([sides[exact], sparse.csr_array((len(exact), len(asked)))]),
        sparse.hstack([sides[asked], number]),
    ], format="csr")  # fmt: skip
    # That nobody at least is alone: of those asked about their number says so.
    loose, most = -sides[others], alone[others] - sides[others] @ truth
    if knowledge.loose is not None and knowledge.most is not None:
        loose = sparse.vstack([knowledge.loose, loose])
        most = np.concatenate([knowledge.most, most])
    loose = sparse.hstack([loose, sparse.csr_array((loose.shape[0], len(asked)))], format="csr")
    wider = Knowledge(
        matrix,
        np.concatenate([knowledge.totals, sides[exact] @ truth, sides[asked] @ truth - alone[asked]]),
        np.concatenate([knowledge.floor, np.zeros(len(asked))]),
        np.concatenate([knowledge.ceiling, np.full(len(asked), np.inf)]),
        loose,
        most,
    )
    return wider, np.ma.filled(found.each["most"].astype(float), np.inf)[asked]
