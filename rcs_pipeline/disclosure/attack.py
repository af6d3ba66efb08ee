"""The attacker: how narrow an interval anybody can derive for a hidden number, from published numbers alone.

Belongs here: the exact interval of one number (real or whole), and for many numbers whether each is as wide
as it must be. It shares no code with the search that chose what to hide (`secondary`, `witness`, `linear`),
so that a mistake there shows up here.
Does not belong here: which numbers a release holds (see `audit_linked`), verdicts (`audit`).

A number counts as wide on the evidence of two worlds in whole numbers that fit every published sum exactly;
it counts as narrow on the answer of a programme, or where a search in whole numbers took too long. Nothing is
passed on a solver's word alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy import sparse

Vector = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
COLUMNS_TOGETHER = 2500
# A search in whole numbers that takes more branches is given up; the number is narrow for want of proof.
BRANCHES = 1_000
# Numbers are pulled all at once as long as no more than this share of them is left each time.
LEFT_OVER = 0.7
# How a programme ends by itself, as scipy numbers it.
OPTIMAL, INFEASIBLE = 0, 2
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
        ValueError: no world fits; what was published contradicts itself. Or the search took too long.
    """
    direction = np.zeros(len(knowledge.floor))
    direction[number] = 1.0
    ends = []
    for sign in (1.0, -1.0):
        world, ended = _extreme(knowledge, sign * direction, whole=whole)
        if not ended:
            raise ValueError(f"the end was not found within {BRANCHES} branches")
        if world is None:
            raise ValueError("no world fits what was published")
        ends.append(float(np.rint(world[number]) if whole else world[number]))
    return ends[0], ends[1]


def judge(knowledge: Knowledge, width: Vector) -> Finding:
    """Whether the interval of each hidden number is at least `width` wide; 0 asks for nothing."""
    size = len(width)
    narrow, known = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    seen = _Seen(np.full(size, np.inf), np.full(size, -np.inf))
    islands = [columns for columns in _islands(_tied(knowledge)) if (width[columns] > 0).any()]
    for several in _together(islands):
        _pull(knowledge, several, width, seen)
    for columns in islands:
        if seen.unsettled(columns, width[columns]).size:
            few, fixed = _settle(_part(knowledge, columns), columns, width[columns], seen)
            narrow[columns], known[columns] = few, fixed
    return Finding(narrow, known, seen.programmes)


@dataclass
class _Seen:
    """The least and the greatest value of every number in worlds that fit, and how many programmes ran."""

    least: Vector
    most: Vector
    programmes: int = 0

    def unsettled(self, columns: Numbers, width: Vector) -> Numbers:
        """The places among `columns` of numbers that are asked about and were not yet seen far apart."""
        with np.errstate(invalid="ignore"):
            apart = self.most[columns] - self.least[columns] >= width - SLACK
        return np.flatnonzero((width > 0) & ~apart)

    def look(
        self, part: Knowledge, columns: Numbers, island: Numbers, direction: Vector, *, whole: bool = False
    ) -> Vector | None:
        """The best world of some columns; islands in which it fits in whole numbers are taken in.

        None where no world, or none that is proved to be the best, was found.
        """
        self.programmes += 1
        world, ended = _extreme(part, direction, whole=whole)
        if world is not None:
            rounded = np.rint(world)
            fit = _fits(part, island, rounded)
            self.least[columns[fit]] = np.minimum(self.least[columns[fit]], rounded[fit])
            self.most[columns[fit]] = np.maximum(self.most[columns[fit]], rounded[fit])
        return world if ended else None


def _together(islands: list[Numbers]) -> Iterator[list[Numbers]]:
    """Islands that are looked at in one programme: what is best for all of them is best for each."""
    several: list[Numbers] = []
    for columns in islands:
        if several and sum(map(len, several)) + len(columns) > COLUMNS_TOGETHER:
            yield several
            several = []
        several.append(columns)
    if several:
        yield several


def _pull(knowledge: Knowledge, islands: list[Numbers], width: Vector, seen: _Seen) -> None:
    """Pull the numbers of several islands up and down until few more are seen far apart.

    The binary digits of a number's place among the unsettled of its island say whether it is pulled up or
    down: any two of an island are pulled apart once. Then those that are left are placed anew.
    """
    before = np.inf
    while True:
        unsettled = [item[seen.unsettled(item, width[item])] for item in islands]
        left = sum(map(len, unsettled))
        if not left or left > LEFT_OVER * before:
            return
        before, place = left, np.zeros(len(width), dtype=np.int64)
        for item in unsettled:
            place[item] = np.arange(len(item))
        for digit in range(max(map(len, unsettled)).bit_length()):
            # An island that is settled takes no part any more.
            islands = [item for item in islands if seen.unsettled(item, width[item]).size]
            if not islands:
                return
            _pull_once(knowledge, islands, width, seen, (place >> digit) & 1)


def _pull_once(
    knowledge: Knowledge, islands: list[Numbers], width: Vector, seen: _Seen, upwards: Numbers
) -> None:
    columns = np.concatenate(islands)
    island = np.repeat(np.arange(len(islands)), [len(item) for item in islands])
    part = _part(knowledge, columns)
    left = seen.unsettled(columns, width[columns])
    direction = np.zeros(len(columns))
    direction[left] = np.where(upwards[columns[left]], 1.0, -1.0)
    seen.look(part, columns, island, direction)
    seen.look(part, columns, island, -direction)


def _settle(
    island: Knowledge, columns: Numbers, width: Vector, seen: _Seen
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The plain way for what is left of an island: number by number, which of them are narrow and known."""
    one = np.zeros(len(columns), dtype=np.int64)
    narrow, known, width = one.astype(bool), one.astype(bool), width.copy()
    while (left := seen.unsettled(columns, width)[:1]).size:
        direction = np.zeros(len(columns))
        direction[left] = 1.0
        low, high = (seen.look(island, columns, one, way) for way in (direction, -direction))
        spread = FAR if low is None or high is None else float((high - low)[left[0]])
        wide = spread >= width[left[0]] - SLACK
        if wide and seen.unsettled(columns[left], width[left]).size:
            _step_aside(island, columns, int(left[0]), float(width[left[0]]), seen)
        if wide and seen.unsettled(columns[left], width[left]).size:
            ends = [seen.look(island, columns, one, way, whole=True) for way in (direction, -direction)]
            # An end that was not found says nothing: narrow for want of proof, but not known.
            gap = float((seen.most - seen.least)[columns[left[0]]])
            spread = FAR if any(end is None for end in ends) else gap
        if seen.unsettled(columns[left], width[left]).size:
            narrow[left], known[left], width[left] = True, spread < 1 - SLACK, 0.0
    return narrow, known


def _step_aside(island: Knowledge, columns: Numbers, number: int, width: float, seen: _Seen) -> None:
    """Any world in whole numbers in which a number is far enough from where it was seen."""
    least, most = seen.least[columns[number]], seen.most[columns[number]]
    if most < least:
        return
    floor, ceiling = island.floor.copy(), island.ceiling.copy()
    floor[number] = max(floor[number], np.ceil(least + width - SLACK))
    ceiling[number] = min(ceiling[number], np.floor(most - width + SLACK))
    one, anything = np.zeros(len(columns), dtype=np.int64), np.zeros(len(columns))
    for part in (replace(island, floor=floor), replace(island, ceiling=ceiling)):
        if part.floor[number] <= part.ceiling[number]:
            seen.look(part, columns, one, anything, whole=True)
        if not seen.unsettled(columns[[number]], np.array([width])).size:
            return


def _extreme(knowledge: Knowledge, direction: Vector, *, whole: bool) -> tuple[Vector | None, bool]:
    """The world of least cost, or None, and whether the search ended: given up, it gives the best so far."""
    from scipy import optimize

    bounds = np.column_stack([knowledge.floor, np.minimum(knowledge.ceiling, FAR)])
    given: dict[str, Any] = {}
    if knowledge.matrix.shape[0]:
        given = {"A_eq": knowledge.matrix, "b_eq": knowledge.totals}
    if knowledge.loose is not None and knowledge.loose.shape[0]:
        given |= {"A_ub": knowledge.loose, "b_ub": knowledge.most}
    answer = optimize.linprog(
        direction, bounds=bounds, method="highs", integrality=1 if whole else None,
        options={"mip_max_nodes": BRANCHES} if whole else None, **given,
    )  # fmt: skip
    world = None if answer.x is None else np.asarray(answer.x, dtype=np.float64)
    return world, answer.status in (OPTIMAL, INFEASIBLE)


def _fits(knowledge: Knowledge, island: Numbers, world: Vector) -> npt.NDArray[np.bool_]:
    """The numbers of islands in which the world keeps everything that was published, exactly.

    `island`: of each number, the island it is on.
    """
    broken = [island[(world < knowledge.floor) | (world > knowledge.ceiling)]]
    wrong = knowledge.matrix[np.flatnonzero(knowledge.matrix @ world != knowledge.totals)]
    broken.append(island[wrong.indices])
    if knowledge.loose is not None:
        above = knowledge.loose[np.flatnonzero(knowledge.loose @ world > knowledge.most)]
        broken.append(island[above.indices])
    return np.asarray(~np.isin(island, np.concatenate(broken)))


def _part(knowledge: Knowledge, columns: Numbers) -> Knowledge:
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


def _islands(matrix: sparse.csr_array) -> list[Numbers]:
    """Columns that hang together, in the order of the first column of each island."""
    from scipy import sparse
    from scipy.sparse import csgraph

    by_row, (rows, columns) = matrix.tocsr(), matrix.shape
    # Columns and rows are nodes, and an entry ties the two, whatever its number is.
    ends = np.concatenate([np.zeros(columns, dtype=by_row.indptr.dtype), by_row.indptr])
    tied = (np.ones(len(by_row.indices), dtype=np.int8), by_row.indices, ends)
    graph = sparse.csr_array(tied, shape=(columns + rows, columns + rows))
    _, label = csgraph.connected_components(graph, directed=False)
    _, first, island, size = np.unique(
        label[:columns], return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first[island], kind="stable").astype(np.int64)
    return np.split(order, np.cumsum(size[np.argsort(first)])[:-1]) if columns else []
