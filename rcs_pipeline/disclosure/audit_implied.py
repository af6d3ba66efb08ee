"""What an attacker makes of questions that contain or exclude one another.

Belongs here: the differences between such questions in the cells read back, and their rows in the system that
`attack` solves.
Does not belong here: which questions they are (`contracts.implications`), anything that `protect` uses.

Whoever is of a part is of the whole: so the whole less its parts is nobody at least. Where it is a few pupils
it says of them that they are counted by one question and not by the other, and has to be as wide as a hidden
number, though it stands in no row.
"""

from __future__ import annotations

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

    `each`: `difference`, `alone` (the truth), whether it is `asked`, and how many a roll leaves of the whole
    (`most`), where its base is hidden. `sides`: `difference`, `cell`, `sign`, and whether the side is of
    those `counted`.
    """

    each: Arrays
    sides: Arrays


def lay_implied(connection: DuckDBPyConnection, product: Product, linked: LinkedTable) -> None:
    """`attacked_implied`: a row for each side of each difference, which is numbered cell by cell.

    Raises:
        RcsError: fewer are of a whole than of its parts, so the conditions are not what was counted.
    """
    connection.execute(
        "create or replace temp table implied_sides"
        " (implication integer, sides integer, line varchar, counted boolean, sign integer)"
    )
    rows = [
        (number, len(item.sides), side.indicator, side.counted, sign)
        for number, item in enumerate(product.implications)
        for side, sign in item.sides
    ]
    # Lines are indicators where it stands which of them are sensitive.
    if rows and linked.sensitive and linked.line:
        connection.executemany("insert into implied_sides values (?, ?, ?, ?, ?)", rows)
    connection.execute("""
        create or replace temp table attacked_implied as
        with there as (
            select implication, sides, cell, counted, sign,
                concat_ws('|', implication, system, level, place, ways, value) as difference,
                sign * case when counted then numerator else base - numerator end as pupils
            from implied_sides inner join attacked using (line) where numerator is not null
        )
        select difference, cell, sign, counted, sum(pupils) over (partition by difference) as alone
        from there
        qualify count(*) over (partition by difference) = sides
    """)
    less = connection.execute(
        "select count(distinct difference) from attacked_implied where alone < 0"
    ).fetchone()
    if less and less[0]:
        raise RcsError(
            f"{less[0]} cells count fewer pupils by one question than by those it contains",
            expected="every pupil who is counted by a part counted by the whole",
            todo="Build again: `rcs build`. If it stays so, indicators are counted otherwise than they say.",
        )


def differences(connection: DuckDBPyConnection, product: Product, which: str, *, asked: bool) -> Differences:
    """The differences with a side among `which` cells, and those that are asked about.

    What one earlier release or several told in full is known for good, and not asked about.
    """
    small = product.file.disclosure.small_numerator
    each = f"""
        select difference, any_value(alone) as alone, bool_or({which}) as ties,
            {str(asked).lower()} and any_value(alone) between 1 and {small} and not bool_and(told) as asked,
            min(case when sign > 0 and not known_base and ceiling >= base then ceiling end) as most
        from attacked_implied inner join attacked_beside using (cell) group by difference
    """
    return Differences(
        connection.execute(
            f"select difference, alone, asked, most from ({each}) where ties or asked order by all"
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
    is_asked = np.asarray(found.each["asked"], dtype=bool)
    asked, others = np.flatnonzero(is_asked), np.flatnonzero(~is_asked)
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
        sparse.hstack([knowledge.matrix, nothing]), sparse.hstack([sides[asked], number]),
    ], format="csr")  # fmt: skip
    # That nobody at least is alone: of those asked about their number says so.
    loose, most = -sides[others], alone[others] - sides[others] @ truth
    if knowledge.loose is not None and knowledge.most is not None:
        loose = sparse.vstack([knowledge.loose, loose])
        most = np.concatenate([knowledge.most, most])
    loose = sparse.hstack([loose, sparse.csr_array((loose.shape[0], len(asked)))], format="csr")
    wider = Knowledge(
        matrix,
        np.concatenate([knowledge.totals, sides[asked] @ truth - alone[asked]]),
        np.concatenate([knowledge.floor, np.zeros(len(asked))]),
        np.concatenate([knowledge.ceiling, np.full(len(asked), np.inf)]),
        loose,
        most,
    )
    return wider, np.ma.filled(found.each["most"].astype(float), np.inf)[asked]
