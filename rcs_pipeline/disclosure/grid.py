"""The published tables as one grid: places by groups, and the sums that hold between its slots.

Belongs here: which slots add up to which, from the tree of places and the names of groups alone.
Does not belong here: any number in a slot, any rule about hiding.

A slot is a place and a group; slots are numbered place by place. Every sum holds for respondents, bases,
numerators and complements alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.disclosure.linear import Bools, Ints
from rcs_pipeline.disclosure.near import Slots

if TYPE_CHECKING:
    from scipy import sparse

EVERYBODY = "all"
JOINED = "+"


@dataclass(frozen=True)
class Grid:
    """Places, groups and the sums between slots: a row of `sums` is its parts less their whole."""

    levels: tuple[str, ...]
    parents: Ints
    groups: tuple[tuple[str, str], ...]
    sums: sparse.csr_array

    @property
    def size(self) -> int:
        """How many slots there are."""
        return len(self.levels) * len(self.groups)

    @property
    def over_places(self) -> Grid:
        """The same slots with the sums over places alone."""
        wholes = len(np.unique(self.parents[self.parents >= 0]))
        return replace(self, sums=self.sums[: wholes * len(self.groups)])

    @property
    def over_distant_groups(self) -> Grid:
        """The same slots with the sums over ways of grouping that have another way between the two.

        They follow from `sums`; where that other way is not in sight, they are what is left to add up.
        """
        from scipy import sparse

        distant = _group_sums(self.groups, distant=True)
        return replace(self, sums=sparse.csr_array(sparse.kron(sparse.eye_array(len(self.parents)), distant)))

    def carried_up(self, marked: Bools) -> Bools:
        """A mark of sums (lines by sums) for the same sums over groups of the places above as well."""
        found, of_places = marked.copy(), self.over_places.sums.shape[0]
        by_place = found[:, of_places:].reshape(len(found), len(self.parents), -1).swapaxes(0, 1)
        place, above = np.arange(len(self.parents)), self.parents
        while (above >= 0).any():
            below = above >= 0
            np.logical_or.at(by_place, above[below], by_place[place[below]])
            above = np.where(below, self.parents[np.maximum(above, 0)], -1)
        return found

    def with_wholes(self, known: Bools, exists: Bools) -> Bools:
        """What is known (lines by slots) with the wholes that are made of nothing but known parts.

        Which parts there are everybody sees.
        """
        sums, found = self.over_places.sums, known & exists
        parts, wholes = (sums > 0).astype(float), (sums < 0).astype(float)
        some = (parts @ exists.T.astype(float)) > 0
        while True:
            unknown = (parts @ (exists & ~found).T.astype(float)) > 0
            more = exists & ((wholes.T @ (some & ~unknown).astype(float)).T > 0) & ~found
            if not more.any():
                return found
            found |= more

    def of(self, slots: Ints) -> Slots:
        """Where numbers stand that are in these slots.

        The area is the part of the tree right below the top; -1 at the top itself.
        """
        place = np.arange(len(self.levels))
        area = np.full(len(self.levels), -1, dtype=np.int64)
        while True:
            above = np.where(place >= 0, self.parents[place], -1)
            top = (above >= 0) & (self.parents[np.maximum(above, 0)] < 0) & (area < 0)
            area[top] = place[top]
            if not (above >= 0).any():
                place, group = np.divmod(slots, len(self.groups))
                return Slots(self.parents, place, group, area[place])
            place = above

    def inside(self) -> Bools:
        """Which places lie in which: a row for each whole, and each place lies in itself."""
        place, above = np.arange(len(self.levels)), self.parents.copy()
        found = np.eye(len(self.levels), dtype=bool)
        while (above >= 0).any():
            own = above >= 0
            found[above[own], place[own]] = True
            above = np.where(own, self.parents[np.maximum(above, 0)], -1)
        return found

    def existing(self, exists: Bools) -> Bools:
        """Which sums hold, for each line of `exists` (lines by slots).

        A sum holds where its whole is published and at least one of its parts; an absent part is one
        that nobody is in, or one that the attacker is taken to know.
        """
        parts = (self.sums > 0).astype(np.int32)
        wholes = (self.sums < 0).astype(np.int32)
        present = exists.astype(np.int32)
        holds = ((parts @ present.T) > 0) & ((wholes @ present.T) > 0)
        return np.asarray(holds.T)


def make_grid(levels: Sequence[str], parents: Ints, groups: Sequence[tuple[str, str]]) -> Grid:
    """The grid of places (with the number of the place each belongs to, or -1) and groups."""
    from scipy import sparse

    by_place = _place_sums(parents)
    by_group = _group_sums(groups)
    sums = sparse.vstack(
        [
            sparse.kron(by_place, sparse.eye_array(len(groups))),
            sparse.kron(sparse.eye_array(len(parents)), by_group),
        ],
        format="csr",
    )
    # Where most groups are in every sum the product of both is kept whole, noughts as well.
    sums.eliminate_zeros()
    return Grid(tuple(levels), np.asarray(parents, dtype=np.int64), tuple(groups), sums)


def _place_sums(parents: Ints) -> sparse.csr_array:
    from scipy import sparse

    below = np.flatnonzero(parents >= 0)
    wholes, row = np.unique(parents[below], return_inverse=True)
    data = np.concatenate([np.ones(len(below)), -np.ones(len(wholes))])
    rows = np.concatenate([row, np.arange(len(wholes))])
    columns = np.concatenate([below, wholes])
    return sparse.csr_array((data, (rows, columns)), shape=(len(wholes), len(parents)))


def _group_sums(groups: Sequence[tuple[str, str]], *, distant: bool = False) -> sparse.csr_array:
    """A way of grouping adds up to every coarser one without another between the two; `distant`: with one."""
    from scipy import sparse

    ways = sorted({by for by, _ in groups})
    names = {by: frozenset() if by == EVERYBODY else frozenset(by.split(JOINED)) for by in ways}
    number = {group: index for index, group in enumerate(groups)}
    entries: list[tuple[int, int, float]] = []
    row = 0
    for coarse in ways:
        finer = [way for way in ways if names[coarse] < names[way]]
        with_another = {way for way in finer if any(names[other] < names[way] for other in finer)}
        for fine in [way for way in finer if (way in with_another) == distant]:
            wholes: dict[str, list[int]] = {}
            for by, value in groups:
                if by == fine:
                    wholes.setdefault(value_in(fine, value, coarse), []).append(number[(by, value)])
            for value, parts in sorted(wholes.items()):
                if (coarse, value) in number:
                    entries += [(row, part, 1.0) for part in parts]
                    entries.append((row, number[(coarse, value)], -1.0))
                    row += 1
    rows, columns, data = zip(*entries, strict=True) if entries else ((), (), ())
    return sparse.csr_array((data, (rows, columns)), shape=(row, len(groups)))


def value_in(fine: str, value: str, coarse: str) -> str:
    """`female+S4` of `sex+stage` is `S4` by `stage`."""
    if coarse == EVERYBODY:
        return EVERYBODY
    of = parts_of(fine, value)
    return JOINED.join(of[name] for name in coarse.split(JOINED))


def parts_of(by: str, value: str) -> dict[str, str]:
    """`female+S4` of `sex+stage` by its parts; a way of one part has its value as it is, everybody has none.

    Raises:
        ContractError: the value has more parts than its way of grouping, or fewer.
    """
    if by == EVERYBODY:
        return {}
    names = by.split(JOINED)
    values = value.split(JOINED) if len(names) > 1 else [value]
    if len(names) != len(values):
        raise ContractError(
            f"The group `{value}` of `{by}` has {len(values)} parts where it should have {len(names)}",
            where="group values of the warehouse", expected=f"no `{JOINED}` within the value of a part",
            todo="Name the code without it in `group_values` of the delivery contract.",
        )  # fmt: skip
    return dict(zip(names, values, strict=True))
