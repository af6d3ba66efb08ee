"""Which numbers a move may touch: those near the one in question first, then more of them, then all.

Belongs here: neighbourhoods of numbers, from the tree of places and from what is hidden already.
Does not belong here: the move itself (see `secondary`), any rule about hiding.

A move inside a neighbourhood leaves all other numbers as they are, so it is a move of the whole system.
Neighbourhoods that share no number can be looked through by one programme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rcs_pipeline.disclosure.linear import Bools, Floats, Ints

# With fewer places a programme over all of them is small enough.
MANY_PLACES = 64
# A place and so many of its neighbours; of all neighbours no more than this share at once, so that the best
# ones are not taken by others.
PARTNERS, SHARE_AT_ONCE = 7, 0.25
# What is not found there is looked for in all places that have parts, with so many of those that have none.
WIDER = 64


@dataclass(frozen=True)
class Slots:
    """Where in the grid the numbers of a system stand: the place, the group and the area of each."""

    parents: Ints
    place: Ints
    group: Ints
    area: Ints

    @property
    def many_places(self) -> bool:
        """Whether a move has to begin with a few places."""
        return len(self.parents) > MANY_PLACES

    def first(self, many: int) -> Slots:
        """Those of the first so many numbers."""
        return Slots(self.parents, self.place[:many], self.group[:many], self.area[:many])


class Reaches:
    """Where a move for a number is looked for: at reach 0, and where it is not found there at the next."""

    def __init__(self, blocks: Ints, slots: Slots | None) -> None:
        self.blocks, self.last = blocks, 1
        self.near: _Neighbours | None = None
        if slots is not None and slots.many_places:
            self.near, self.last = _Neighbours(blocks, slots), 2
            self.first = np.where(self.near.leaf[slots.place], 0, 1)
            return
        area = np.full(len(blocks), -1) if slots is None else slots.area
        # Inside one area of one block a programme is small, and areas share one; the rest of the block stays.
        self.inside = blocks * (int(area.max(initial=-1)) + 2) + area + 1
        self.first = np.where(area >= 0, 0, 1)

    def parts(self, reach: int, todo: Ints, hidden: Bools) -> tuple[Ints, Bools]:
        """Labels of the parts that are looked through, and of each the number that a move is looked for.

        Of the numbers in `todo` no part has more than one; the others have to wait.
        """
        if self.near is not None and reach < self.last:
            return self.near.parts(todo, hidden, wide=reach > 0)
        labels = self.blocks if reach == self.last else self.inside
        _, first = np.unique(labels[todo], return_index=True)
        targets = np.zeros(len(labels), dtype=bool)
        targets[todo[first]] = True
        return labels, targets


class _Neighbours:
    """Neighbourhoods of places within each block."""

    def __init__(self, blocks: Ints, slots: Slots) -> None:
        self.blocks, self.slots = blocks, slots
        places = len(slots.parents)
        self.leaf = ~np.isin(np.arange(places), slots.parents) & (slots.parents >= 0)
        self.leaves = [np.flatnonzero(self.leaf & (slots.parents == above)) for above in range(places)]
        key = blocks * places + slots.place
        self.order = np.argsort(key, kind="stable")
        self.key = key[self.order]

    def parts(self, todo: Ints, hidden: Bools, *, wide: bool) -> tuple[Ints, Bools]:
        """As `Reaches.parts`."""
        labels = np.full(len(hidden), -1, dtype=np.int64)
        targets = np.zeros(len(hidden), dtype=bool)
        number = 0
        for block in np.unique(self.blocks[todo]).tolist():
            common = self._hidden(block, hidden)
            taken = np.zeros(len(self.leaves), dtype=bool)
            for target in todo[self.blocks[todo] == block].tolist():
                places = self._wider(target, common) if wide else self._nearest(target, common, taken)
                if not places.size:
                    continue
                taken[places] = True
                for place in places.tolist():
                    labels[self._columns(block, place)] = number
                targets[target], number = True, number + 1
                if wide:
                    break
        return labels, targets

    def _hidden(self, block: int, hidden: Bools) -> Floats:
        """How many numbers are hidden, by place and group."""
        own = hidden & (self.blocks == block)
        groups = int(self.slots.group.max(initial=0)) + 1
        at = self.slots.place[own] * groups + self.slots.group[own]
        counted = np.bincount(at, minlength=len(self.leaves) * groups)
        return np.asarray(counted.reshape(-1, groups), dtype=np.float64)

    def _columns(self, block: int, place: int) -> Ints:
        key = block * len(self.leaves) + place
        start, end = np.searchsorted(self.key, [key, key + 1])
        return self.order[start:end]

    def _nearest(self, target: int, common: Floats, taken: Bools) -> Ints:
        """The place itself and the neighbours that hide most of what it hides; nothing where it is taken."""
        place = int(self.slots.place[target])
        around = self.leaves[self.slots.parents[place]]
        few = max(PARTNERS + 1, SHARE_AT_ONCE * len(around))
        if taken[place] or (taken[around].any() and taken[around].sum() + PARTNERS + 1 > few):
            return np.zeros(0, dtype=np.int64)
        around = around[~taken[around] & (around != place)]
        return np.append(_best(around, self._alike(target, around, common), PARTNERS), place)

    def _wider(self, target: int, common: Floats) -> Ints:
        """All places with parts, and of those without the place itself and the best of each neighbourhood."""
        place = int(self.slots.place[target])
        found = [np.flatnonzero(~self.leaf), np.array([place])]
        families = [leaves for leaves in self.leaves if leaves.size]
        for leaves in families:
            own = self.slots.parents[leaves[0]] == self.slots.parents[place]
            many = max(1, WIDER // len(families)) + (WIDER // 2 if own else 0)
            found.append(_best(leaves, self._alike(target, leaves, common), many))
        return np.unique(np.concatenate(found))

    def _alike(self, target: int, places: Ints, common: Floats) -> Floats:
        """How much of what the target's place hides other places hide as well, above all in its group."""
        own = np.minimum(common[self.slots.place[target]], 1.0)
        own[self.slots.group[target]] += len(own)
        return np.asarray(np.minimum(common[places], 1.0) @ own)


def _best(places: Ints, worth: Floats, many: int) -> Ints:
    return places[np.argsort(-worth, kind="stable")[:many]]
