"""How far counts are from those that were published before.

Belongs here: shifts since earlier releases over whole arrays, and which of them are of a few people only.
Does not belong here: reading releases (see `earlier`), choosing what to hide (see `linked`).

Two published counts of the same cell are two groups. How many people are in one of them and not in the other
is not known from counts, but it is at least as many as the base, the numerator or the complement moved by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rcs_pipeline.disclosure.linear import Bools, Ints

if TYPE_CHECKING:
    from scipy import sparse


class Count(Enum):
    """The counts of a cell; `REST` are those who are not counted."""

    BASE = auto()
    NUMERATOR = auto()
    REST = auto()


class Taken(NamedTuple):
    """Of each count, the cells in which it is taken for that of before."""

    base: Bools
    numerator: Bools
    rest: Bools


@dataclass(frozen=True)
class Shift:
    """Now less then, for one earlier release (lines by slots).

    `seen`: the release showed the cell. `moved`: it showed another mean of the same base and weights, so that
    somebody's answer is another one. `came`: it had rows of the line and none of the cell: everybody there
    is new, and everybody knows it. `silently`: many moved, and no release says so.
    """

    seen: Bools
    base: Ints
    numerator: Ints
    moved: Bools
    came: Bools
    silently: Bools | None = None

    @property
    def silent(self) -> Bools:
        """Cells of which nobody sees that they moved."""
        return np.zeros_like(self.seen) if self.silently is None else self.silently

    def with_silent(self, hidden: Bools, few: int, every: Sequence[Shift]) -> Shift:
        """The same where `hidden` cells keep their figures though `few` people or more moved.

        Unless another release shows a figure that is as far from this one's; `every`: of all releases.
        """
        told = np.zeros_like(self.seen)
        for other in every:
            apart = people(self.base - other.base, self.numerator - other.numerator)
            told |= other.seen & (apart >= few)
        many = self.seen & (people(self.base, self.numerator) >= few)
        return replace(self, silently=self.silent | hidden & many & ~told)

    def near(self, few: int) -> Bools:
        """Cells that it showed, and that somebody has left or joined since, but not `few` people or more."""
        apart = people(self.base, self.numerator)
        return np.asarray(self.seen & (apart < few) & ((apart > 0) | self.moved))

    def near_base(self, few: int) -> Bools:
        """The same of the bases alone."""
        apart = np.abs(self.base)
        return np.asarray(self.seen & (apart > 0) & (apart < few))

    def other_rest(self, sums: sparse.csr_array, exists: Bools, few: int) -> Bools:
        """Sums (lines by sums) of kept figures, or the same, while those in none of the parts are others.

        `sums`: +1 for parts, -1 for wholes.
        """
        stays = self.seen & (people(self.base, self.numerator) < few)
        broken = (np.abs(sums) @ (exists & ~stays).T.astype(float)).T > 0
        whole = ((sums < 0).astype(float) @ exists.T.astype(float)).T > 0
        moved = [(sums @ np.where(exists, item, 0).T.astype(float)).T for item in (self.base, self.numerator)]
        return np.asarray(whole & ~broken & ((np.rint(moved[0]) != 0) | (np.rint(moved[1]) != 0)))

    def of(self, count: Count) -> Ints:
        """By how much one of the counts moved."""
        by = {Count.BASE: self.base, Count.NUMERATOR: self.numerator}
        return by[count] if count in by else self.base - self.numerator

    def unseen_parts(
        self, parents: Ints, few: int = 1, of: Count | None = None, *, silent: bool = False
    ) -> Bools:
        """Cells that it did not show, of a whole that moved by `few` otherwise than the parts that it showed.

        A part that came accounts for what it adds, in sight or not: nobody else need be another one. A part
        that it did not show is accounted for by its own parts, and where those do not, they may all be
        others. `parents`: of each place the number of the place that it is a part of, or -1. `of`: by one of
        the counts alone. `silent`: wholes as well of which nobody sees that they moved.
        """
        shape = (len(self.seen), len(parents), -1)
        seen, came = self.seen.reshape(shape), self.came.reshape(shape)
        left = np.zeros_like(seen)
        for count in (Count.BASE, Count.NUMERATOR) if of is None else (of,):
            moved = self.of(count)
            each, parts = moved.reshape(seen.shape), np.zeros(seen.shape, dtype=np.int64)
            for part in reversed(_from_above(parents)):
                known = seen[:, part] | came[:, part]
                parts[:, parents[part]] += np.where(known, each[:, part], parts[:, part])
            left |= seen & (np.abs(each - parts) >= few)
        left &= ~self.silent.reshape(shape) | silent
        found = np.zeros_like(seen)
        for place in _from_above(parents):
            above = int(parents[place])
            found[:, place] = (left[:, above] | found[:, above]) & ~seen[:, place] & ~came[:, place]
        return found.reshape(self.seen.shape)


@dataclass(frozen=True)
class Before:
    """What earlier releases said of cells; `hidden`: one of them did not show the cell.

    `withheld`: one of them showed it without the figure of all the other places. `arrivals`: the same of
    those releases alone that had nobody of some cells, for each such set of releases.
    """

    hidden: Bools
    shifts: tuple[Shift, ...]
    withheld: Bools
    arrivals: tuple[Before, ...] = ()

    def with_silent(self, hidden: Bools, few: int) -> Before:
        """The same where nobody sees of `hidden` cells that many moved (see `Shift.with_silent`).

        What an earlier release hid has no figure that could stay.
        """
        return self._with_silent(hidden & ~self.hidden, few, self.shifts)

    def _with_silent(self, hidden: Bools, few: int, every: Sequence[Shift]) -> Before:
        return replace(
            self, shifts=tuple(shift.with_silent(hidden, few, every) for shift in self.shifts),
            arrivals=tuple(some._with_silent(hidden, few, every) for some in self.arrivals),
        )  # fmt: skip

    def near(self, few: int) -> Bools:
        """Cells that are not to be shown anew: too few people differ from what an earlier release showed."""
        return _any(self.hidden, [shift.near(few) for shift in self.shifts])

    def told(self) -> Bools:
        """Cells of which every reader knows the counts of today already."""
        return _any(
            self.hidden,
            [shift.seen & (shift.base == 0) & (shift.numerator == 0) & ~shift.moved for shift in self.shifts],
        )

    def still(self, parents: Ints, exists: Bools, family_of: Ints) -> Bools:
        """Cells that stood hidden in places that have not moved at all (see `unmoved`).

        Whoever sees that takes the hidden numbers there for those of before.
        """
        return np.asarray(self.hidden & self.unmoved(parents, exists, family_of))

    def taken(self, parents: Ints, exists: Bools, family_of: Ints, few: int) -> Taken:
        """Counts of places that look as they were: hidden ones, and kept ones since only a few moved.

        Whoever sees kept figures takes them, and the hidden numbers beside them, for those of before, and
        what a whole grew by for whoever came. Where that is right, nobody who came may hide behind them. The
        arguments are those of `unmoved`.
        """
        looks_so, of_base = (self.unmoved(parents, exists, family_of, few, of) for of in (None, Count.BASE))
        kept, found = self.near(few) | _any(self.hidden, [shift.silent for shift in self.shifts]), []
        for count in Count:
            off = _any(self.hidden, [shift.unseen_parts(parents, of=count) for shift in self.shifts])
            same = _any(self.hidden, [shift.seen & (shift.of(count) == 0) for shift in self.shifts])
            place = of_base if count is Count.BASE else looks_so
            found.append(np.asarray((self.hidden & ~off | kept & same) & place))
        return Taken(*found)

    def newcomers(self, exists: Bools) -> Bools:
        """Cells that no earlier release had: of people who came since, as everybody knows.

        Somebody who came between two releases came for readers of the first alone: to those of both, what the
        second hid of the same people is as hidden as they are. So it is asked of `arrivals`.
        """
        return np.asarray(exists & ~self.hidden & ~_any(self.hidden, [shift.seen for shift in self.shifts]))

    def unmoved(
        self, parents: Ints, exists: Bools, family_of: Ints, few: int = 1, of: Count | None = None
    ) -> Bools:
        """Cells of places of which nothing that was shown is another number today, by `few` people or more.

        Each line is looked at by itself, since another answer to one question says nothing of the others; but
        its bases are those of its family, and so is who came.

        Args:
            parents: of each place the number of the place that it is a part of, or -1; a place is another one
                where a part of it is, and where the whole was shown and neither the parts in sight nor those
                who came say why it is another number.
            exists: which cells there are today; one that no release had is somebody who came.
            family_of: of each line the number of its family.
            few: how many people at least.
            of: whether bases alone are looked at.
        """
        own, shared = np.zeros_like(self.hidden), self.newcomers(exists)
        # Nobody sees that a few moved either, and by one pupil a place is another one.
        silent = few == 1
        for shift in self.shifts:
            # Another mean is the other answer of one, as far as anybody can say.
            apart = np.maximum(people(shift.base, shift.numerator), shift.moved)
            seen = shift.seen & (~shift.silent | silent)
            own |= seen & (apart >= few)
            own |= self.hidden & shift.unseen_parts(parents, few, silent=silent)
            shared |= seen & (np.abs(shift.base) >= few)
            shared |= self.hidden & shift.unseen_parts(parents, few, Count.BASE, silent=silent)
        shape = (len(own), len(parents), -1)
        by_line, of_bases = (cells.reshape(shape).any(axis=2) for cells in (own, shared))
        by_family = np.zeros((int(family_of.max(initial=-1)) + 1, len(parents)), dtype=bool)
        np.logical_or.at(by_family, family_of, of_bases)
        moved = by_family[family_of] | (by_line if of is None else False)
        for place in reversed(_from_above(parents)):
            moved[:, parents[place]] |= moved[:, place]
        return np.asarray(~np.repeat(moved, self.hidden.shape[1] // len(parents), axis=1))

    def other_rest(self, sums: sparse.csr_array, exists: Bools, few: int) -> Bools:
        """Sums of which nobody knows the rest of today (see `Shift.other_rest`)."""
        nothing = np.zeros((len(exists), sums.shape[0]), dtype=bool)
        return _any(nothing, [shift.other_rest(sums, exists, few) for shift in self.shifts])

    def quiet(self, parents: Ints, few: int) -> Bools:
        """Cells whose figures would say how many others left or joined, where their own people are the same.

        Of places where somebody left or joined since an earlier release: whoever stays has another weight for
        it. And of all places in the groups that fewer than `few` of the whole left or joined since one of
        them: the figure of all the others has the weights of those, and an error that the whole lends its
        schools. `parents`: of each place the number of the place that it is a part of, or -1.
        """
        shape = (len(self.hidden), len(parents), -1)
        apart = [(item, people(item.base, item.numerator)) for item in self.shifts]
        other = _any(self.hidden, [item.seen & ((by > 0) | item.moved) for item, by in apart]).reshape(shape)
        # Beside one of the releases: who has the others sees that one as well.
        few_left = _any(self.hidden, [~item.seen | (by < few) for item, by in apart]).reshape(shape)
        moved, whole = np.asarray(other.any(axis=(0, 2))), np.arange(len(parents))
        while (parents[whole] >= 0).any():
            whole = np.where(parents[whole] >= 0, parents[whole], whole)
        stays = few_left[:, whole] & bool(moved.any())
        return np.asarray((stays | moved[None, :, None]).reshape(self.hidden.shape))

    def near_bases(self, few: int) -> Bools:
        """Cells whose base is not to be shown anew."""
        return _any(self.hidden, [shift.near_base(few) for shift in self.shifts])

    def told_bases(self) -> Bools:
        """Cells of which every reader knows the base."""
        return _any(self.hidden, [shift.seen & (shift.base == 0) for shift in self.shifts])


def people(base: Ints, numerator: Ints) -> Ints:
    """The least number of people who are counted in one of two groups and not, or not so, in the other."""
    return np.asarray(np.maximum(np.maximum(np.abs(base), np.abs(numerator)), np.abs(base - numerator)))


def _from_above(parents: Ints) -> list[int]:
    """The places that are parts, every one after the place that it is a part of."""
    depth, above = np.zeros(len(parents), dtype=np.int64), parents
    while (above >= 0).any():
        depth += above >= 0
        above = np.where(above >= 0, parents[np.maximum(above, 0)], -1)
    order = np.argsort(depth, kind="stable")
    return [int(place) for place in order if depth[place]]


def _any(like: Bools, found: list[Bools]) -> Bools:
    return np.logical_or.reduce([np.zeros_like(like), *found])
