"""Protecting linked tables of counts together: bases first, then numerators.

Belongs here: what is hidden at which step, and what an attacker is taken to know at each.
Does not belong here: reading candidates (see `tables`), policy (`contracts`), the systems (`counts`), search
(`secondary`, `witness`), groups in sight that differ by too few (`differencing`).

Bases come first, one pattern for all indicators that were asked of the same pupils: what one shows, no
other can hide. Then the numerators of each indicator, with every base known but those that the first step
hides for all; so a numerator has its base for a ceiling, and its complement is as wide as itself.

Where there are earlier releases, what they showed and is the same today is known; what they hid stays hidden;
and what a few people have left or joined since is not shown anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rcs_pipeline.disclosure.changed import Before
from rcs_pipeline.disclosure.counts import MEAN, Counts, Limits, Reason, families, numbered, stacked
from rcs_pipeline.disclosure.differencing import close_to_earlier, too_close
from rcs_pipeline.disclosure.linear import Bools, Ints, System
from rcs_pipeline.disclosure.numerators import Bases, protect_numerators
from rcs_pipeline.disclosure.primary import everybody_or_nobody, small_base, small_part
from rcs_pipeline.disclosure.secondary import View, choose_beside
from rcs_pipeline.disclosure.witness import Proved

__all__ = ["MEAN", "Counts", "Limits", "Protected", "Reason", "protect_counts"]


@dataclass(frozen=True)
class Protected:
    """The reason of every cell, and how many numbers no hiding could make wide enough.

    `withheld`: cells of which the figure of other places is withheld alone.
    """

    reasons: Ints
    withheld: Bools
    narrow: int
    programmes: int


def protect_counts(counts: Counts, limits: Limits) -> Protected:
    """Choose what to hide of linked counts."""
    before, few = counts.before, limits.minimum_difference
    if before is None:
        return _protected(counts, limits, np.zeros_like(counts.exists))
    apart = counts.exists & before.near(few)
    while True:
        found = _protected(replace(counts, before=before), limits, apart)
        more = close_to_earlier(counts, found.reasons, few, limits.width)
        seen, before = before, before.with_silent(found.reasons != Reason.SHOWN, few)
        if not more.any() and _looks_the_same(counts, seen, before, few):
            return found
        apart |= more


def _looks_the_same(counts: Counts, one: Before, other: Before, few: int) -> bool:
    """Whether readers take the same for known beside those who came, whichever of the two it is."""
    place = (counts.grid.parents, counts.exists, families(counts)[0])

    def taken(before: Before) -> list[Bools]:
        asked = [some for some in before.arrivals if some.newcomers(counts.exists).any()]
        return [cells for some in asked for cells in some.taken(*place, few)]

    return all((these == those).all() for these, those in zip(taken(one), taken(other), strict=True))


def _protected(counts: Counts, limits: Limits, apart: Bools) -> Protected:
    """`apart`: cells that differ too little from what an earlier release showed.

    Whoever takes counted and not counted for those of before has the base of both, which no hiding of
    numerators mends: so the base of the place above is hidden, and all begins again.
    """
    family_of, first = families(counts)
    above = np.zeros_like(counts.exists[first])
    while True:
        found, narrow = _protected_once(counts, limits, apart, family_of, first, above)
        wholes = shown_above(counts, narrow, found.reasons, family_of, len(first)) & ~above
        if not wholes.any():
            return found
        above |= wholes


def shown_above(counts: Counts, narrow: Bools, reasons: Ints, family_of: Ints, many: int) -> Bools:
    """Of bases that are narrow, the nearest shown base of a place above (families by slots)."""
    groups = len(counts.grid.groups)
    shown = np.zeros((many, counts.grid.size), dtype=bool)
    np.logical_or.at(shown, family_of, counts.exists & (reasons == Reason.SHOWN))
    found = np.zeros_like(shown)
    for line, slot in zip(*np.nonzero(narrow), strict=True):
        place, group = divmod(int(slot), groups)
        while (place := int(counts.grid.parents[place])) >= 0:
            if shown[family_of[line], place * groups + group]:
                found[family_of[line], place * groups + group] = True
                break
    return found


def _protected_once(
    counts: Counts, limits: Limits, apart: Bools, family_of: Ints, first: Ints, above: Bools
) -> tuple[Protected, Bools]:
    """What is hidden, and the bases that stay narrow beside earlier releases.

    `above`: bases (families by slots) that are hidden for those of places below.
    """
    bases, narrow_bases, programmes = _protect_bases(counts, limits, family_of, first, above)
    reasons = np.where(counts.exists, bases[family_of], Reason.SHOWN)
    small = small_part(counts.base, counts.numerator, limits.small_numerator)
    uniform = everybody_or_nobody(counts.base, counts.numerator) & limits.zeros_hidden[:, None]
    primary = counts.exists & (small | uniform)
    reasons = np.where(apart & (reasons == Reason.SHOWN), Reason.EARLIER, reasons)
    start = np.zeros_like(counts.exists) if counts.start is None else counts.start
    if counts.before is not None:
        start = start | (counts.exists & counts.before.hidden)
    reasons = np.where(start & (reasons == Reason.SHOWN), Reason.SECONDARY, reasons)
    reasons = np.where(primary & (reasons != Reason.PRIMARY), Reason.PRIMARY, reasons)
    # A figure of other places that stood withheld stays so, of means as well.
    withheld = counts.exists & (counts.before.withheld if counts.before is not None else False)
    known = Bases(counts.exists & (bases[family_of] != Reason.SHOWN), narrow_bases[family_of])
    narrow = int(narrow_bases.sum())
    taking_part = (reasons != Reason.SHOWN).any(axis=1) & (counts.numerator.max(axis=1) >= 0)
    for item in counts.implied:
        taking_part[item.lines] = True
    lines, of_bases = np.flatnonzero(taking_part), np.zeros_like(counts.exists)
    if lines.size:
        found = protect_numerators(
            counts, limits, lines, reasons, known, family_of, withheld[lines]
        )  # fmt: skip
        own, withheld[lines] = reasons[lines], found.withheld
        reasons[lines] = np.where(found.cells & (own == Reason.SHOWN), Reason.SECONDARY, own)
        narrow, programmes = narrow + found.narrow, programmes + found.programmes
        of_bases[lines] = found.bases & (counts.base[lines] < limits.minimum_base)
    return Protected(np.asarray(reasons, dtype=np.int64), withheld, narrow, programmes), of_bases


def _protect_bases(
    counts: Counts, limits: Limits, family_of: Ints, first: Ints, above: Bools
) -> tuple[Ints, Bools, int]:
    """The reason of each family's slots, and those that stay narrow whatever is hidden.

    `above`: slots that are hidden for those of places below.
    """
    exists, base = counts.exists[first], counts.base[first]

    def in_any_line(cells: Bools) -> Bools:
        found = np.zeros_like(exists)
        np.logical_or.at(found, family_of, cells)
        return found

    small = small_base(base, limits.minimum_base)
    if counts.also is not None:
        small |= in_any_line(counts.also)
    apart, old, told = (np.zeros_like(exists) for _ in range(3))
    sides: list[tuple[Bools, Bools]] = []
    if counts.before is not None:
        before, few = counts.before, limits.minimum_difference
        apart, told = in_any_line(before.near_bases(few)), in_any_line(before.told_bases())
        # A base that a single line of the family showed is no secret.
        old = exists & ~in_any_line(counts.exists & ~before.hidden)
        place = (counts.grid.parents, counts.exists, family_of)
        sides.append((in_any_line(before.still(*place)) & old, ~old))
        for some in before.arrivals:
            taken = in_any_line(some.taken(*place, few).base) & (old | apart)
            # What is hidden of them for the sake of others is no secret of theirs.
            sides.append((taken, in_any_line(some.newcomers(counts.exists)) & small))
    reasons = np.select(
        [exists & small, exists & apart, old | above],
        [Reason.PRIMARY, Reason.EARLIER, Reason.SECONDARY],
        Reason.SHOWN,
    )
    numbers = numbered(exists)
    frame = stacked(counts.grid, exists, numbers)
    known_rest = stacked(counts.grid, exists, numbers, counts.other_rest(limits.minimum_difference)[first])
    value = base[exists].astype(float)
    most = counts.most(first)[exists]
    known = counts.grid.with_wholes(told & ~apart, exists)[exists]
    everything = System(
        known_rest.rows, known_rest.row_lower, known_rest.row_upper, -value, most - value,
        np.where(value > 0, limits.need(most), 0.0),
    ).held(known)  # fmt: skip
    cost = np.broadcast_to(counts.cost, base.shape)[exists]
    slots = counts.grid.of(np.nonzero(exists)[1])
    views = [View(held[exists], asked[exists]) for held, asked in sides]
    narrow, programmes = np.zeros_like(exists), 0
    proved: Sequence[Proved] = ()
    while True:
        hidden = reasons[exists] != Reason.SHOWN
        if not hidden.any():
            return reasons, narrow, programmes
        choice = choose_beside(everything, hidden, views, cost, limits.seed, slots, proved)
        proved = choice.proved
        programmes, narrow[exists] = programmes + choice.programmes, choice.narrow
        flat = reasons[exists]
        reasons[exists] = np.where(choice.hidden & (flat == Reason.SHOWN), Reason.SECONDARY, flat)
        more = too_close(frame, choice.hidden, value, cost, limits.minimum_difference, known)
        if not more.any():
            return reasons, narrow, programmes
        flat = reasons[exists]
        reasons[exists] = np.where(more, Reason.DIFFERENCING, flat)
