"""The attacker: how narrow an interval anybody can derive for a hidden number, from published numbers alone.

Belongs here: the exact interval of one number (real or whole), and for many numbers whether each is as wide
as it must be. It shares no code with the search that chose what to hide (`secondary`, `witness`, `linear`),
so that a mistake there shows up here.
Does not belong here: which numbers a release holds (see `audit_linked`), verdicts (`audit`).

A number counts as wide on the evidence of two worlds in whole numbers that fit every published sum exactly;
it counts as narrow on the answer of a programme. Nothing is passed on a solver's word alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy import sparse

Vector = npt.NDArray[np.float64]
SLACK = 1e-6
FAR = 1e6


@dataclass(frozen=True)
class Knowledge:
    """`matrix @ hidden = totals`, `floor <= hidden <= ceiling`; a ceiling may be infinite.

    `loose @ hidden <= most`: what rounded figures say, where there are any.
    """

    matrix: sparse.csr_array
    totals: Vector
    floor: Vector
    ceiling: Vector
    loose: sparse.csr_array | None = None
    most: Vector | None = None


@dataclass(frozen=True)
class Finding:
    """How many of the numbers asked about are narrower than asked, exactly known, and how it was found."""

    narrow: npt.NDArray[np.bool_]
    known: npt.NDArray[np.bool_]
    programmes: int


def interval(knowledge: Knowledge, number: int, *, whole: bool = True) -> tuple[float, float]:
    """The least and the greatest value of one hidden number.

    Raises:
        ValueError: no world fits; what was published contradicts itself.
    """
    direction = np.zeros(len(knowledge.floor))
    direction[number] = 1.0
    ends = []
    for sign in (1.0, -1.0):
        world = _extreme(knowledge, sign * direction, whole=whole)
        if world is None:
            raise ValueError("no world fits what was published")
        ends.append(float(np.rint(world[number]) if whole else world[number]))
    return ends[0], ends[1]


def judge(knowledge: Knowledge, width: Vector) -> Finding:
    """Whether the interval of each hidden number is at least `width` wide; 0 asks for nothing."""
    size = len(width)
    narrow, known = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    programmes = 0
    for columns in _islands(_tied(knowledge)):
        asked = width[columns] > 0
        if asked.any():
            island = _part(knowledge, columns)
            few, fixed, took = _judge_island(island, width[columns], asked)
            narrow[columns], known[columns], programmes = few, fixed, programmes + took
    return Finding(narrow, known, programmes)


def _judge_island(
    island: Knowledge, width: Vector, asked: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], int]:
    size = len(width)
    least, most = np.full(size, np.inf), np.full(size, -np.inf)
    programmes = 0

    def unsettled() -> npt.NDArray[np.int64]:
        with np.errstate(invalid="ignore"):
            return np.flatnonzero(asked & ~(most - least >= width - SLACK))

    def look(direction: Vector, whole: bool = False) -> Vector | None:
        nonlocal programmes
        programmes += 1
        world = _extreme(island, direction, whole=whole)
        if world is not None and _fits(island, np.rint(world)):
            np.minimum(least, np.rint(world), out=least)
            np.maximum(most, np.rint(world), out=most)
        return world

    # The binary digits of a number's place say whether it is pulled up or down: any two are pulled apart
    # once.
    for digit in range(max(1, int(size).bit_length())):
        left = unsettled()
        if not left.size:
            break
        direction = np.zeros(size)
        direction[left] = np.where((left >> digit) & 1, 1.0, -1.0)
        look(direction)
        look(-direction)
    narrow, known = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    while (left := unsettled()[:1]).size:
        direction = np.zeros(size)
        direction[left] = 1.0
        low, high = look(direction), look(-direction)
        spread = FAR if low is None or high is None else float((high - low)[left[0]])
        if spread >= width[left[0]] - SLACK and unsettled()[:1].tolist() == left.tolist():
            look(direction, whole=True)
            look(-direction, whole=True)
            spread = float((most - least)[left[0]])
        if unsettled()[:1].tolist() == left.tolist():
            narrow[left], known[left], asked[left] = True, spread < 1 - SLACK, False
    return narrow, known, programmes


def _extreme(knowledge: Knowledge, direction: Vector, *, whole: bool) -> Vector | None:
    from scipy import optimize

    bounds = np.column_stack([knowledge.floor, np.minimum(knowledge.ceiling, FAR)])
    given: dict[str, Any] = {}
    if knowledge.matrix.shape[0]:
        given = {"A_eq": knowledge.matrix, "b_eq": knowledge.totals}
    if knowledge.loose is not None and knowledge.loose.shape[0]:
        given |= {"A_ub": knowledge.loose, "b_ub": knowledge.most}
    answer = optimize.linprog(
        direction, bounds=bounds, method="highs", integrality=1 if whole else None, **given
    )
    return None if answer.x is None else np.asarray(answer.x, dtype=np.float64)


def _fits(knowledge: Knowledge, world: Vector) -> bool:
    inside = (world >= knowledge.floor) & (world <= knowledge.ceiling)
    if not (inside.all() and (knowledge.matrix @ world == knowledge.totals).all()):
        return False
    return knowledge.loose is None or bool((knowledge.loose @ world <= knowledge.most).all())


def _part(knowledge: Knowledge, columns: npt.NDArray[np.int64]) -> Knowledge:
    matrix = knowledge.matrix[:, columns].tocsr()
    rows = np.flatnonzero(np.diff(matrix.indptr))
    part = Knowledge(
        matrix[rows], knowledge.totals[rows], knowledge.floor[columns], knowledge.ceiling[columns]
    )
    if knowledge.loose is None or knowledge.most is None:
        return part
    loose = knowledge.loose[:, columns].tocsr()
    rows = np.flatnonzero(np.diff(loose.indptr))
    return replace(part, loose=loose[rows], most=knowledge.most[rows])


def _tied(knowledge: Knowledge) -> sparse.csr_array:
    """Every row that ties numbers, of either kind."""
    from scipy import sparse

    if knowledge.loose is None or not knowledge.loose.shape[0]:
        return knowledge.matrix
    return sparse.vstack([knowledge.matrix, knowledge.loose], format="csr")


def _islands(matrix: sparse.csr_array) -> list[npt.NDArray[np.int64]]:
    """Columns that hang together, by walking from row to row."""
    by_column, by_row = matrix.tocsc(), matrix.tocsr()
    seen = np.zeros(matrix.shape[1], dtype=bool)
    found = []
    for start in range(matrix.shape[1]):
        if seen[start]:
            continue
        seen[start] = True
        island, edge = [start], [start]
        while edge:
            column = edge.pop()
            for row in by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]:
                for other in by_row.indices[by_row.indptr[row] : by_row.indptr[row + 1]]:
                    if not seen[other]:
                        seen[other] = True
                        island.append(int(other))
                        edge.append(int(other))
        found.append(np.array(sorted(island), dtype=np.int64))
    return found
