"""Linear systems over hidden cells: what an attacker knows of them, as rows and bounds.

Belongs here: the system, its connected parts, and one optimum of a linear programme (HiGHS through scipy).
Does not belong here: which cells there are (`grid`), which to hide (`secondary`), judging a release
(`attack`).

Everything is written as a deviation from the true values: a deviation of zero is always possible, and
whatever other deviation the rows and bounds admit is a world that an attacker cannot tell from the true
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TOLERANCE = 1e-6
# No interval is asked for that is wider than this; it keeps every programme bounded.
BOX = 4096.0
# Branches after which a search in whole numbers is given up: what it has found by then counts.
MOST_BRANCHES = 100
# Connected parts are independent, so that many fit into one programme; beyond this the simplex slows down.
COLUMNS_AT_ONCE = 2500


@dataclass(frozen=True)
class System:
    """Hidden numbers and what ties them.

    `rows @ deviation` lies between `row_lower` and `row_upper` (both 0 for a published sum); each
    deviation between `lower` and `upper`, which are never above and below 0. `need` is the width that the
    interval of a number must have; 0 asks for nothing. `owner`: for each row the number with which it goes
    once that is hidden, or -1.
    """

    rows: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    need: Floats
    owner: Ints | None = None

    @property
    def size(self) -> int:
        """How many numbers are hidden."""
        return len(self.lower)

    def part(self, columns: Ints) -> System:
        """The system of some columns; rows that do not touch them fall away.

        A row whose owner is not among them stays for good.
        """
        chosen = self.rows[:, columns].tocsr()
        touched = np.flatnonzero(np.diff(chosen.indptr))
        owner = None
        if self.owner is not None:
            number = np.full(self.size, -1, dtype=np.int64)
            number[columns] = np.arange(len(columns))
            owner = np.where(self.owner[touched] < 0, -1, number[self.owner[touched]])
        return System(
            rows=chosen[touched],
            row_lower=self.row_lower[touched],
            row_upper=self.row_upper[touched],
            lower=self.lower[columns],
            upper=self.upper[columns],
            need=self.need[columns],
            owner=owner,
        )

    def widened(self, by: int) -> System:
        """With so many more numbers that stay as they are and are in no row."""
        from scipy import sparse

        empty, nothing = sparse.csr_array((self.rows.shape[0], by)), np.zeros(by)
        return replace(
            self,
            rows=sparse.hstack([self.rows, empty], format="csr"),
            lower=np.concatenate([self.lower, nothing]),
            upper=np.concatenate([self.upper, nothing]),
            need=np.concatenate([self.need, nothing]),
        )

    def with_rows(self, more: System) -> System:
        """With the rows of another system of the same numbers."""
        from scipy import sparse

        owners = (
            np.full(item.rows.shape[0], -1) if item.owner is None else item.owner for item in (self, more)
        )
        return replace(
            self,
            rows=sparse.vstack([self.rows, more.rows], format="csr"),
            row_lower=np.concatenate([self.row_lower, more.row_lower]),
            row_upper=np.concatenate([self.row_upper, more.row_upper]),
            owner=np.concatenate(list(owners)),
        )

    def in_force(self, hidden: Bools) -> System:
        """The system without the rows that have gone with their owners."""
        if self.owner is None:
            return self
        stay = np.flatnonzero((self.owner < 0) | ~hidden[self.owner])
        return replace(
            self, rows=self.rows[stay], row_lower=self.row_lower[stay], row_upper=self.row_upper[stay],
            owner=self.owner[stay],
        )  # fmt: skip

    def unasked(self, columns: Bools) -> System:
        """The system that asks nothing for some numbers."""
        return replace(self, need=np.where(columns, 0.0, self.need))

    def held(self, columns: Bools) -> System:
        """The system in which some numbers are known: they stay, and nothing is asked for them."""
        return replace(
            self,
            lower=np.where(columns, 0.0, self.lower),
            upper=np.where(columns, 0.0, self.upper),
            need=np.where(columns, 0.0, self.need),
        )


def equalities(rows: sparse.csr_array, lower: Floats, upper: Floats, need: Floats) -> System:
    """A system whose rows are published sums."""
    nothing = np.zeros(rows.shape[0])
    return System(rows, nothing, nothing, lower, upper, need)


def components(rows: sparse.csr_array) -> Ints:
    """For each column the number of its connected part; numbers follow the first column of each."""
    from scipy import sparse
    from scipy.sparse import csgraph

    pattern = rows.astype(bool).astype(np.int8)
    graph = sparse.block_array([[None, pattern.T], [pattern, None]], format="csr")
    if graph.shape[0] != sum(rows.shape):  # block_array cannot place an empty block
        return np.arange(rows.shape[1], dtype=np.int64)
    _, labels = csgraph.connected_components(graph, directed=False)
    _, first, number = np.unique(labels[: rows.shape[1]], return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return np.asarray(order[number], dtype=np.int64)


def batches(labels: Ints, wanted: Bools) -> Iterator[Ints]:
    """Columns of whole parts, together at most `COLUMNS_AT_ONCE` (unless one part alone has more).

    Only parts with a wanted column are given.
    """
    parts = np.unique(labels[wanted])
    columns = np.flatnonzero(np.isin(labels, parts))
    columns = columns[np.argsort(labels[columns], kind="stable")]
    sizes = np.bincount(np.searchsorted(parts, labels[columns]), minlength=len(parts))
    start = taken = 0
    for size in sizes:
        if taken and taken + size > COLUMNS_AT_ONCE:
            yield columns[start : start + taken]
            start, taken = start + taken, 0
        taken += int(size)
    if taken:
        yield columns[start : start + taken]


def optimum(system: System, cost: Floats, *, whole: bool = False) -> Floats | None:
    """The deviation of least cost, within `BOX`; None if none was found (in fractions: there is none).

    Args:
        system: rows and bounds.
        cost: of a unit of each deviation.
        whole: whether deviations are whole numbers. They are wherever the vertex happens to be whole.
    """
    from scipy import optimize

    rows: Any = ()
    if system.rows.shape[0]:
        rows = optimize.LinearConstraint(system.rows, system.row_lower, system.row_upper)
    found = optimize.milp(
        cost,
        constraints=rows,
        bounds=optimize.Bounds(np.maximum(system.lower, -BOX), np.minimum(system.upper, BOX)),
        integrality=np.ones(len(cost)) if whole else np.zeros(len(cost)),
        options={"presolve": True, "node_limit": MOST_BRANCHES},
    )
    return None if found.x is None else np.asarray(found.x, dtype=np.float64)


def whole_world(system: System, deviation: Floats) -> tuple[Floats, Bools]:
    """The deviation rounded, and which columns of it are proved.

    A column is proved where its connected rows hold exactly in whole numbers: no tolerance of a solver
    stands behind it.
    """
    rounded = np.asarray(np.rint(deviation))
    inside = (rounded >= system.lower) & (rounded <= system.upper)
    sums = system.rows @ rounded
    holds = (sums >= system.row_lower) & (sums <= system.row_upper)
    if inside.all() and holds.all():
        return rounded, inside
    labels = components(system.rows)
    broken = set(labels[~inside].tolist())
    if not holds.all():
        touching = system.rows[np.flatnonzero(~holds)].tocoo().col
        broken |= set(labels[touching].tolist())
    return rounded, ~np.isin(labels, list(broken))
