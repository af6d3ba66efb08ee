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

from rcs_pipeline.disclosure.counts import (
    MEAN,
    Counts,
    Limits,
    Reason,
    families,
    numbered,
    numerator_system,
    on_columns,
    stacked,
)
from rcs_pipeline.disclosure.differencing import close_to_earlier, too_close
from rcs_pipeline.disclosure.figures import FigureRows, figure_rows
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System
from rcs_pipeline.disclosure.loosen import loosen_narrow
from rcs_pipeline.disclosure.primary import everybody_or_nobody, small_base, small_part
from rcs_pipeline.disclosure.secondary import Choice, View, choose_beside

__all__ = ["MEAN", "Counts", "Limits", "Protected", "Reason", "protect_counts"]

# A figure of other places beside a cell is worth less than the cell.
BESIDE_COST = 0.1


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
    apart = np.zeros_like(counts.exists)
    if counts.before is not None:
        apart = counts.exists & counts.before.near(limits.minimum_difference)
    while True:
        found = _protected(counts, limits, apart)
        more = close_to_earlier(counts, found.reasons, limits.minimum_difference, limits.width)
        if not more.any():
            return found
        apart |= more


def _protected(counts: Counts, limits: Limits, apart: Bools) -> Protected:
    """`apart`: cells that differ too little from what an earlier release showed."""
    family_of, first = families(counts)
    bases, narrow, programmes = _protect_bases(counts, limits, family_of, first)
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
    unknown_base = counts.exists & (bases[family_of] != Reason.SHOWN)
    lines = np.flatnonzero((reasons != Reason.SHOWN).any(axis=1) & (counts.numerator.max(axis=1) >= 0))
    if lines.size:
        hidden, withheld[lines], more, took = _protect_numerators(
            counts, limits, lines, reasons, unknown_base, family_of, withheld[lines]
        )
        own = reasons[lines]
        reasons[lines] = np.where(hidden & (own == Reason.SHOWN), Reason.SECONDARY, own)
        narrow, programmes = narrow + more, programmes + took
    return Protected(np.asarray(reasons, dtype=np.int64), withheld, narrow, programmes)


def _protect_bases(counts: Counts, limits: Limits, family_of: Ints, first: Ints) -> tuple[Ints, int, int]:
    """The reason of each family's slots."""
    exists, base = counts.exists[first], counts.base[first]

    def in_any_line(cells: Bools) -> Bools:
        found = np.zeros_like(exists)
        np.logical_or.at(found, family_of, cells)
        return found

    small = small_base(base, limits.minimum_base)
    if counts.also is not None:
        small |= in_any_line(counts.also)
    apart, old, told, still, taken, new = (np.zeros_like(exists) for _ in range(6))
    if counts.before is not None:
        before, few = counts.before, limits.minimum_difference
        apart, told = in_any_line(before.near_bases(few)), in_any_line(before.told_bases())
        # A base that a single line of the family showed is no secret.
        old = exists & ~in_any_line(counts.exists & ~before.hidden)
        place = (counts.grid.parents, counts.exists, family_of)
        still = in_any_line(before.still(*place)) & old
        taken = in_any_line(before.taken(*place, few).base) & (old | apart)
        # What is hidden of them for the sake of others is no secret of theirs.
        new = in_any_line(before.newcomers(counts.exists)) & small
    reasons = np.select(
        [exists & small, exists & apart, old],
        [Reason.PRIMARY, Reason.EARLIER, Reason.SECONDARY],
        Reason.SHOWN,
    )
    numbers = numbered(exists)
    frame = stacked(counts.grid, exists, numbers)
    known_rest = stacked(counts.grid, exists, numbers, counts.other_rest(limits.minimum_difference)[first])
    value = base[exists].astype(float)
    most = counts.most(first)[exists]
    known = (told & ~apart)[exists]
    everything = System(
        known_rest.rows, known_rest.row_lower, known_rest.row_upper, -value, most - value,
        np.where(value > 0, limits.need(most), 0.0),
    ).held(known)  # fmt: skip
    cost = np.broadcast_to(counts.cost, base.shape)[exists]
    slots = counts.grid.of(np.nonzero(exists)[1])
    views = [View(still[exists], ~old[exists]), View(taken[exists], new[exists])]
    narrow = programmes = 0
    proved = None
    while True:
        hidden = reasons[exists] != Reason.SHOWN
        if not hidden.any():
            return reasons, 0, programmes
        choice = choose_beside(everything, hidden, views, cost, limits.seed, slots, proved)
        proved = choice.proved
        programmes, narrow = programmes + choice.programmes, int(choice.narrow.sum())
        flat = reasons[exists]
        reasons[exists] = np.where(choice.hidden & (flat == Reason.SHOWN), Reason.SECONDARY, flat)
        more = too_close(frame, choice.hidden, value, cost, limits.minimum_difference, known)
        if not more.any():
            return reasons, narrow, programmes
        flat = reasons[exists]
        reasons[exists] = np.where(more, Reason.DIFFERENCING, flat)


def _protect_numerators(
    counts: Counts, limits: Limits, lines: Ints, reasons: Ints, unknown_base: Bools, family_of: Ints,
    withheld: Bools,
) -> tuple[Bools, Bools, int, int]:  # fmt: skip
    """Which cells of the lines are hidden in the end, and of which a figure of other places is withheld.

    `withheld`: of the lines' cells, those whose figure of other places stood withheld.
    """
    exists, unknown, family = counts.exists[lines], unknown_base[lines], family_of[lines]
    everything, numbers, bases, slots = numerator_system(counts, limits, lines, unknown, family)
    hidden = np.ones(everything.size, dtype=bool)
    hidden[numbers[exists]] = (reasons[lines] != Reason.SHOWN)[exists]
    views: list[View] = []
    if counts.before is not None:
        before, few = counts.before, limits.minimum_difference
        told = before.told() & ~before.near(few)
        everything = everything.held(on_columns(exists, unknown, family, told[lines], every=False))
        place = (counts.grid.parents, counts.exists, family_of)
        still, old, new = (
            on_columns(exists, unknown, family, cells[lines], every=True)
            for cells in (
                before.still(*place),
                before.hidden,
                before.newcomers(counts.exists) & (reasons == Reason.PRIMARY),
            )
        )
        taken = before.taken(*place, few)
        known = on_columns(
            exists, unknown, family, taken.numerator[lines], every=True, rest=taken.rest[lines],
            base=taken.base[lines],
        )  # fmt: skip
        views = [View(still, ~old), View(known, new)]
    cost = np.zeros(everything.size)
    cost[numbers[exists]] = np.broadcast_to(counts.cost, exists.shape)[exists]
    choice = choose_beside(everything, hidden, views, cost, limits.seed, counts.grid.of(slots))
    if counts.weighed is not None:
        share = choice.hidden[numbers[exists]].sum() / counts.exists.sum()
        if share <= counts.weighed.hidden_at_most:
            # Each by itself first, then as narrow as the others in sight make it: that finds less to hide.
            for together in (False, True):
                weighed, unseen = counts.weighed, np.zeros_like(exists)
                if together:
                    unseen[exists] = choice.hidden[numbers[exists]]
                    weighed = weighed.carried(lines, exists, unseen, withheld)
                rows = figure_rows(weighed, lines, exists, numbers, bases, everything.size)
                choice, withheld = _with_figures(
                    counts, limits, everything, rows, choice, views, cost, withheld
                )
    result = np.zeros(exists.shape, dtype=bool)
    result[exists] = choice.hidden[numbers[exists]]
    return result, withheld, int(choice.narrow.sum()), choice.programmes


def _with_figures(
    counts: Counts, limits: Limits, everything: System, figures: FigureRows, choice: Choice,
    views: Sequence[View], cost: Floats, withheld: Bools,
) -> tuple[Choice, Bools]:  # fmt: skip
    """The choice once it knows of rounded figures, and which figures of other places are withheld alone.

    As in `choose_beside`, who puts the releases side by side may take more for known.
    `withheld`: figures of other places that stood withheld, and stay so.
    """
    size, withheld = everything.size, withheld.copy()
    nothing = np.zeros(len(figures.line), dtype=bool)
    hidden = np.concatenate([choice.hidden, withheld[figures.line, figures.slot]])
    stuck = np.concatenate([choice.narrow, nothing])
    # A figure that stood hidden with its cell is known to nobody, though the cell is.
    views = [
        View(np.concatenate([view.held, nothing]), np.concatenate([view.asked, nothing]))
        for view in views if view.held.any()
    ]  # fmt: skip
    prices = np.concatenate([cost, counts.cost[figures.slot] * BESIDE_COST])
    wide, programmes = figures.widened(everything), choice.programmes
    stuck_for = [stuck & ~view.held for view in views]
    while True:
        for number, view in enumerate(views):
            if (hidden & view.asked & ~view.held).any():
                seen = view.of(wide.in_force(hidden))
                alone = loosen_narrow(seen, hidden & ~view.held, stuck_for[number], prices, limits.seed)
                hidden, stuck_for[number] = hidden | alone.hidden, alone.narrow
                programmes += alone.programmes
        found = loosen_narrow(wide, hidden, stuck, prices, limits.seed)
        programmes += found.programmes
        more = (found.hidden & ~hidden).any()
        hidden, stuck = found.hidden, found.narrow
        if not (views and more):
            break
    withheld[figures.line, figures.slot] |= hidden[size:]
    return replace(choice, hidden=hidden[:size], narrow=stuck[:size], programmes=programmes), withheld
