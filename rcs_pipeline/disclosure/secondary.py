"""What else to hide, so that every hidden number could be another one.

Belongs here: the move (the cheapest change of the published numbers that lets a hidden number be another)
and the loop: judge every hidden number, move for those that are too narrow, judge again.
Does not belong here: which numbers are hidden to begin with (see `primary`), what a cell is (see `grid`).

A move is a linear programme: least cost times change, with every sum kept and the number in question moved
as far as its interval lacks. What takes part in the change is hidden. The changed world is itself the
witness that the number is now wide enough, so protection comes with the choice and nothing cascades.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from rcs_pipeline.disclosure.near import Reaches, Slots
from rcs_pipeline.disclosure.witness import Proved, widths

HIDDEN_COST = 1e-3
MOST_ROUNDS = 40
MOST_HIDDEN_FOR_AREAS = 0.1


@dataclass(frozen=True)
class Choice:
    """Which numbers are hidden in the end, and which stay narrower than asked whatever is hidden."""

    hidden: Bools
    narrow: Bools
    programmes: int
    proved: Proved


def choose(
    everything: System, hidden: Bools, cost: Floats, seed: int, slots: Slots | None = None,
    proved: Proved | None = None, apart: Ints | None = None,
) -> Choice:  # fmt: skip
    """Hide more until every hidden number has its width.

    Args:
        everything: all numbers, shown and hidden; `need` is what each needs once it is hidden.
        hidden: those hidden to begin with.
        cost: of showing no longer a number that is shown; for one of change.
        seed: of the witnesses.
        slots: where the numbers stand; a move is looked for nearby first.
        proved: by an earlier choice of the same numbers, when no number was hidden that is shown now.
        apart: parts of connected parts, in each of which witnesses are looked for first (see `widths`).
    """
    hidden = hidden.copy()
    proved = proved.copy() if proved else Proved.nothing(everything.size)
    stuck = np.zeros(everything.size, dtype=bool)
    # What cannot be as wide whatever is hidden is asked of no programme.
    hopeless = _hopeless(everything)
    everything = everything.unasked(hopeless)
    # Where much is hidden already, a move of the whole block finds more that is hidden, and so hides less.
    if slots is not None and hidden.mean() > MOST_HIDDEN_FOR_AREAS and not slots.many_places:
        slots = None
    reaches = Reaches(components(everything.rows), slots)
    programmes = 0
    for round_ in range(MOST_ROUNDS):
        columns = np.flatnonzero(hidden)
        judged = widths(
            everything.part(columns), seed + round_, proved=proved.of(columns),
            apart=None if apart is None else apart[columns],
        )  # fmt: skip
        programmes += judged.programmes
        proved.put(columns, judged)
        failing = columns[judged.narrow]
        stuck &= np.isin(np.arange(everything.size), failing)
        todo = failing[~stuck[failing]]
        if not todo.size:
            return Choice(hidden, stuck | (hidden & hopeless), programmes, proved)
        mover = _Mover(everything, reaches, hidden, cost, proved)
        programmes += mover.work(todo)
        stuck |= mover.stuck
        # Without a newly hidden number the next judgement would be the same.
        stuck[todo] |= not mover.moved
    columns = np.flatnonzero(hidden)
    judged = widths(
        everything.part(columns), seed, proved=proved.of(columns),
        apart=None if apart is None else apart[columns],
    )  # fmt: skip
    stuck[columns[judged.narrow]] = True
    proved.put(columns, judged)
    stuck |= hidden & hopeless
    return Choice(hidden, stuck, programmes + judged.programmes, proved)


def _hopeless(system: System) -> Bools:
    return np.asarray(system.upper - system.lower < system.need - TOLERANCE)


@dataclass(frozen=True)
class View:
    """What readers of earlier releases take for known, and what has to be wide for them all the same."""

    held: Bools
    asked: Bools

    def of(self, system: System) -> System:
        """The system as they see it."""
        return system.unasked(~self.asked).held(self.held)


@dataclass(frozen=True)
class ChoiceBeside:
    """A choice beside earlier releases.

    `beside`: numbers that stay narrow for somebody who puts those beside this one, though not whatever is
    hidden. `proved`: for each view, and for everything, what was proved.
    """

    hidden: Bools
    narrow: Bools
    beside: Bools
    programmes: int
    proved: tuple[Proved, ...]


def choose_beside(
    everything: System, hidden: Bools, views: Sequence[View], cost: Floats, seed: int,
    slots: Slots | None = None, proved: Sequence[Proved] = (), apart: Ints | None = None,
) -> ChoiceBeside:  # fmt: skip
    """Choose where earlier releases hid some of the numbers.

    What is asked of each view is made wide enough first, with the numbers left as they are that it takes for
    known. Then all of them together, since the sums of today are other sums.

    Args:
        everything: as for `choose`.
        hidden: those hidden to begin with, old ones among them.
        views: of those who have the earlier releases.
        cost: as for `choose`; so are `seed`, `slots` and `apart`.
        proved: by an earlier choice with the same views, when no number was hidden that is shown now.
    """
    programmes = 0
    known = list(proved) or [Proved.nothing(everything.size) for _ in range(len(views) + 1)]
    while True:
        beside = np.zeros_like(hidden)
        for number, view in enumerate(views):
            unseen = hidden & ~view.held
            if view.held.any() and (unseen & view.asked).any():
                alone = choose(view.of(everything), unseen, cost, seed, slots, known[number], apart)
                hidden, known[number] = hidden | alone.hidden, alone.proved
                beside |= alone.narrow & ~_hopeless(everything)
                programmes += alone.programmes
        both = choose(everything, hidden, cost, seed, slots, known[-1], apart)
        known[-1], more, hidden = both.proved, both.hidden & ~hidden, both.hidden
        programmes += both.programmes
        if not (any(view.held.any() for view in views) and more.any()):
            return ChoiceBeside(hidden, both.narrow, beside, programmes, tuple(known))


class _Mover:
    """One round of moves; independent parts share a programme."""

    def __init__(
        self, everything: System, reaches: Reaches, hidden: Bools, cost: Floats, proved: Proved
    ) -> None:
        self.everything, self.reaches, self.hidden, self.cost = everything, reaches, hidden, cost
        self.reach = reaches.first.copy()
        # How far each number gets with the moves made; `proved`, the caller's, holds what is proved of that.
        self.least, self.most = proved.least.copy(), proved.most.copy()
        self.proved = proved
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
            reach = int(self.reach[todo].min())
            labels, targets = self.reaches.parts(reach, todo[self.reach[todo] == reach], self.hidden)
            for columns in batches(labels, targets):
                programmes += 1
                self._apply(columns, targets[columns], labels[columns])

    def _apply(self, columns: Ints, targets: Bools, labels: Ints) -> None:
        part = self.everything.part(columns)
        distance = self._distance(columns, targets)
        change = self._solve(part, columns, targets, distance)
        _, proved = whole_world(part, change)
        for target in np.flatnonzero(targets & ~proved):  # a fraction somewhere: that part in whole numbers
            own = np.flatnonzero(labels == labels[target])
            only = targets[own]
            change[own] = self._solve(part.part(own), columns[own], only, distance[own], whole=True)
        rounded, proved = whole_world(part, change)
        short = targets & ((np.abs(change - distance) > TOLERANCE) | ~proved)
        # What falls short near the target is looked for further away, and has hidden nothing yet.
        again = short & (self.reach[columns] < self.reaches.last)
        dropped = np.isin(labels, labels[again])
        taking_part = columns[(np.abs(change) > TOLERANCE) & ~self.hidden[columns] & ~dropped]
        self.moved |= bool(taking_part.size)
        self.hidden[taking_part] = True
        kept = proved & ~dropped
        known = columns[kept]
        self.least[known] = np.minimum(self.least[known], rounded[kept])
        self.most[known] = np.maximum(self.most[known], rounded[kept])
        # Parts of a programme may share a sum: without those that were dropped it may be no world.
        self.proved.learn(part, columns, np.where(dropped, 0.0, rounded))
        self.stuck[columns[short & ~again]] = True
        self.reach[columns[again]] += 1

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
        up, down = part.upper, -part.lower
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
