"""What else to hide, so that every hidden number could be another one.

Belongs here: the move (the cheapest change of the published numbers that lets a hidden number be another)
and the loop: judge every hidden number, move for those that are too narrow, judge again.
Does not belong here: which numbers are hidden to begin with (see `primary`), what a cell is (see `grid`).

A move is a linear programme: least cost times change, with every sum kept and the number in question moved
as far as its interval lacks. What takes part in the change is hidden. The changed world is itself the
witness that the number is now wide enough, so protection comes with the choice and nothing cascades.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rcs_pipeline.disclosure.linear import (
    TOLERANCE,
    Bools,
    Floats,
    Ints,
    System,
    batches,
    components,
    optimum,
    whole_world,
)
from rcs_pipeline.disclosure.witness import Widths, widths

HIDDEN_COST = 1e-3
MOST_ROUNDS = 40


@dataclass(frozen=True)
class Choice:
    """Which numbers are hidden in the end, and which stay narrower than asked whatever is hidden."""

    hidden: Bools
    narrow: Bools
    rounds: int
    programmes: int


def choose(everything: System, hidden: Bools, cost: Floats, seed: int, frozen: Bools | None = None) -> Choice:
    """Hide more until every hidden number has its width.

    Args:
        everything: all numbers, shown and hidden; `need` is what each needs once it is hidden.
        hidden: those hidden to begin with.
        cost: of showing no longer a number that is shown; for one of change.
        seed: of the witnesses.
        frozen: numbers that must stay shown.
    """
    hidden, blocks = hidden.copy(), components(everything.rows)
    stuck = np.zeros(everything.size, dtype=bool)
    programmes = 0
    for round_ in range(MOST_ROUNDS):
        columns = np.flatnonzero(hidden)
        judged = widths(everything.part(columns), seed + round_)
        programmes += judged.programmes
        failing = columns[judged.narrow]
        stuck &= np.isin(np.arange(everything.size), failing)
        todo = failing[~stuck[failing]]
        if not todo.size:
            return Choice(hidden, stuck, round_ + 1, programmes)
        mover = _Mover(everything, blocks, hidden, cost, frozen, columns, judged)
        programmes += mover.work(todo)
        stuck |= mover.stuck
        # Without a newly hidden number the next judgement would be the same.
        stuck[todo] |= not mover.moved
    judged = widths(everything.part(np.flatnonzero(hidden)), seed)
    stuck[np.flatnonzero(hidden)[judged.narrow]] = True
    return Choice(hidden, stuck, MOST_ROUNDS, programmes + judged.programmes)


class _Mover:
    """One round of moves; independent blocks (an indicator each) share a programme."""

    def __init__(
        self, everything: System, blocks: Ints, hidden: Bools, cost: Floats, frozen: Bools | None,
        columns: Ints, judged: Widths,
    ) -> None:  # fmt: skip
        self.everything, self.blocks, self.hidden, self.cost = everything, blocks, hidden, cost
        self.frozen = np.zeros(everything.size, dtype=bool) if frozen is None else frozen
        self.least, self.most = np.zeros(everything.size), np.zeros(everything.size)
        self.least[columns], self.most[columns] = judged.least, judged.most
        self.stuck = np.zeros(everything.size, dtype=bool)
        self.moved = False

    def work(self, todo: Ints) -> int:
        """Move for each number in turn that no earlier move has helped; how many programmes it took."""
        programmes = 0
        need = self.everything.need
        while True:
            todo = todo[(self.most[todo] - self.least[todo] < need[todo] - TOLERANCE) & ~self.stuck[todo]]
            if not todo.size:
                return programmes
            _, first = np.unique(self.blocks[todo], return_index=True)
            targets = np.zeros(self.everything.size, dtype=bool)
            targets[todo[first]] = True
            for columns in batches(self.blocks, targets):
                programmes += 1
                self._apply(columns, targets[columns])

    def _apply(self, columns: Ints, targets: Bools) -> None:
        part = self.everything.part(columns)
        distance = self._distance(columns, targets)
        change = self._solve(part, columns, targets, distance)
        _, proved = whole_world(part, change)
        for target in np.flatnonzero(targets & ~proved):  # a fraction somewhere: that block in whole numbers
            own = np.flatnonzero(self.blocks[columns] == self.blocks[columns[target]])
            only = targets[own]
            change[own] = self._solve(part.part(own), columns[own], only, distance[own], whole=True)
        rounded, proved = whole_world(part, change)
        taking_part = columns[(np.abs(change) > TOLERANCE) & ~self.hidden[columns]]
        self.moved |= bool(taking_part.size)
        self.hidden[taking_part] = True
        known = columns[proved]
        self.least[known] = np.minimum(self.least[known], rounded[proved])
        self.most[known] = np.maximum(self.most[known], rounded[proved])
        short = targets & (np.abs(change - distance) > TOLERANCE)
        self.stuck[columns[short | (targets & ~proved)]] = True

    def _distance(self, columns: Ints, targets: Bools) -> Floats:
        """How far each target must move from the truth: to the side where it has more room."""
        part = self.everything
        up = part.need[columns] + self.least[columns]
        down = -(part.need[columns] - self.most[columns])
        upwards = part.upper[columns] >= np.minimum(-part.lower[columns], up)
        return np.asarray(np.where(targets, np.where(upwards, up, down), 0.0))

    def _solve(
        self, part: System, columns: Ints, targets: Bools, distance: Floats, *, whole: bool = False
    ) -> Floats:
        from scipy import sparse

        cost = np.where(self.hidden[columns], HIDDEN_COST, self.cost[columns])
        free = ~(self.frozen[columns] & ~self.hidden[columns])
        up, down = np.where(free, part.upper, 0.0), np.where(free, -part.lower, 0.0)
        # A target goes as far as it must and no further; to fall short costs more than anything else.
        up = np.where(targets, np.clip(distance, 0.0, up), up)
        down = np.where(targets, np.clip(-distance, 0.0, down), down)
        cost = np.where(targets, -1e3 * (1.0 + self.cost.max(initial=0.0)), cost)
        both = System(
            rows=sparse.hstack([part.rows, -part.rows], format="csr"),
            row_lower=part.row_lower, row_upper=part.row_upper,
            lower=np.zeros(2 * part.size), upper=np.concatenate([up, down]), need=np.zeros(2 * part.size),
        )  # fmt: skip
        world = optimum(both, np.concatenate([cost, cost]), whole=whole)
        if world is None:
            return np.zeros(part.size)
        return np.asarray(world[: part.size] - world[part.size :])
