"""Witnesses: other worlds that fit everything published, and so prove how wide an interval is at least.

Belongs here: the search for them, and the exact answer for the numbers that no witness settles.
Does not belong here: hiding more (see `secondary`).

One programme with random signs for its objective ends in a vertex that is a witness for many numbers at
once, and independent parts share a programme. So a few dozen programmes settle thousands of numbers, where
two for each would be the plain way. The random signs have a seed of their own: the same system gives the
same answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from rcs_pipeline.disclosure.propagate import outer_bounds

LEAST_PROGRESS = 0.05
MOST_ROUNDS = 12


@dataclass
class Proved:
    """How far every number moves in worlds that were found, in whole deviations: from `least` to `most`.

    A world stays one when more is hidden, and when rows go with their owners.
    """

    least: Floats
    most: Floats

    @staticmethod
    def nothing(size: int) -> Proved:
        """Of the truth alone."""
        return Proved(np.zeros(size), np.zeros(size))

    def of(self, columns: Ints) -> Proved:
        """That of some numbers, as a copy."""
        return Proved(self.least[columns].copy(), self.most[columns].copy())

    def copy(self) -> Proved:
        """The same, to go on with."""
        return Proved(self.least.copy(), self.most.copy())

    def put(self, columns: Ints, found: Proved) -> None:
        """Write over that of some numbers what was found when the search went on from there."""
        self.least[columns], self.most[columns] = found.least, found.most

    def learn(self, system: System, columns: Ints, world: Floats) -> None:
        """Take in a deviation of some columns, as far as it is proved."""
        rounded, proved = whole_world(system, world)
        known = columns[proved]
        self.least[known] = np.minimum(self.least[known], rounded[proved])
        self.most[known] = np.maximum(self.most[known], rounded[proved])


@dataclass
class Widths(Proved):
    """What is known of each interval.

    `narrow` marks the numbers that are proved not to have the width they need; `programmes` counts.
    """

    narrow: Bools
    programmes: int = 0

    def open(self, system: System) -> Bools:
        """Numbers that are neither proved wide nor proved narrow."""
        return ~self.wide(system) & ~self.narrow

    def wide(self, system: System) -> Bools:
        """Numbers whose proved interval is as wide as they need."""
        return np.asarray(self.most - self.least >= system.need - TOLERANCE)


def widths(
    system: System, seed: int, *, enough: int | None = None, proved: Proved | None = None,
    apart: Ints | None = None,
) -> Widths:  # fmt: skip
    """Settle every number of the system: wide or narrow.

    Args:
        system: the hidden numbers.
        seed: of the random signs.
        enough: where a connected part has so many narrow numbers, what else it has may stay open: it has to
            be mended anyway, and judged again.
        proved: from worlds that were found before and still fit.
        apart: parts of connected parts, in each of which worlds are looked for first, with all others as they
            are: far smaller programmes settle most numbers.
    """
    lower, upper = outer_bounds(system)
    known = proved.copy() if proved else Proved.nothing(system.size)
    found = Widths(known.least, known.most, np.asarray(upper - lower < system.need - TOLERANCE))
    random = np.random.default_rng(seed)
    if apart is not None:
        # What no world of a part makes wide is not narrow for that.
        aside = replace(found, narrow=found.narrow.copy())
        _search(system, apart, aside, random, None)
        found.programmes = aside.programmes
    _search(system, components(system.rows), found, random, enough)
    return found


def _search(
    system: System, labels: Ints, found: Widths, random: np.random.Generator, enough: int | None
) -> None:
    """Shoot until little more is hit, then settle what is left."""
    for _ in range(MOST_ROUNDS):
        before = int(found.open(system).sum())
        if not before:
            return
        _shoot(system, labels, found, random)
        if before - int(found.open(system).sum()) < LEAST_PROGRESS * before:
            break
    _settle(system, labels, found, enough)


def _shoot(system: System, labels: Ints, found: Widths, random: np.random.Generator) -> None:
    """One programme for all parts that have an open number, and another with the signs turned."""
    wanted = found.open(system)
    signs = random.choice(np.array([-1.0, 1.0]), system.size) * random.uniform(0.5, 1.0, system.size)
    for columns in batches(labels, wanted):
        part = system.part(columns)
        cost = np.where(wanted[columns], signs[columns], 0.0)
        for turned in (cost, -cost):
            world = optimum(part, turned)
            found.programmes += 1
            if world is not None:
                found.learn(part, columns, world)


def _settle(system: System, labels: Ints, found: Widths, enough: int | None) -> None:
    """The plain way for what is left, one number of each part at a time."""
    while True:
        wanted = found.open(system)
        if enough is not None:
            narrow = np.bincount(labels[found.narrow], minlength=labels.max(initial=0) + 1)
            wanted &= narrow[labels] < enough
        if not wanted.any():
            return
        left = np.flatnonzero(wanted)
        _, first = np.unique(labels[left], return_index=True)
        targets = np.zeros(system.size, dtype=bool)
        targets[left[first]] = True
        for columns in batches(labels, targets):
            _settle_some(system, labels, columns, targets[columns], found)


def _settle_some(system: System, labels: Ints, columns: Ints, targets: Bools, found: Widths) -> None:
    part = system.part(columns)
    ends = []
    for sign in (1.0, -1.0):
        world = optimum(part, np.where(targets, sign, 0.0))
        found.programmes += 1
        if world is not None:
            found.learn(part, columns, world)
        ends.append(np.zeros(part.size) if world is None else world)
    spread = ends[1] - ends[0]
    found.narrow[columns[targets & (spread < part.need - TOLERANCE)]] = True
    # Wide between fractions, but perhaps not between whole numbers: ask for whole ones, part by part.
    for target in columns[targets & found.open(system)[columns]]:
        _settle_whole(system, labels, int(target), found)


def _settle_whole(system: System, labels: Ints, target: int, found: Widths) -> None:
    columns = np.flatnonzero(labels == labels[target])
    part = system.part(columns)
    cost = np.where(columns == target, 1.0, 0.0)
    # No further than it needs: the programme ends with the first world that is as far off.
    far = np.where(columns == target, np.ceil(part.need), np.inf)
    part = replace(part, lower=np.maximum(part.lower, -far), upper=np.minimum(part.upper, far))
    for turned in (cost, -cost):
        world = optimum(part, turned, whole=True)
        found.programmes += 1
        if world is not None:
            found.learn(part, columns, world)
    if not found.wide(system)[target]:
        found.narrow[target] = True
