"""Protecting the numerators of several lines, beside each other and beside what is shown of them.

Belongs here: the search for numerators, once it is known which bases are; the rows that rounded figures and
other questions add to it, as far as they are in force.
Does not belong here: what is hidden to begin with (see `linked`), the rows themselves (see `figures`,
`implied`), the search for one system (see `secondary`, `loosen`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rcs_pipeline.disclosure.counts import (
    Counts,
    Limits,
    Reason,
    numerator_system,
    on_columns,
    ties_between,
)
from rcs_pipeline.disclosure.figures import FigureRows, figure_rows
from rcs_pipeline.disclosure.implied import Ties
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System, components
from rcs_pipeline.disclosure.loosen import Loosened, loosen_narrow
from rcs_pipeline.disclosure.near import Slots
from rcs_pipeline.disclosure.secondary import Choice, View, choose, choose_beside
from rcs_pipeline.disclosure.witness import Proved

# Of so many widths alone it does not matter to the choice that they are not fewer than nobody.
MANY_WIDTHS = 4
# A figure of other places beside a cell is worth less than the cell.
BESIDE_COST = 0.1


@dataclass(frozen=True)
class Bases:
    """Cells (lines by slots) whose base is hidden for all lines with the same bases: unknown.

    `narrow`: those that stay narrow whatever is hidden; nothing more is asked for them.
    """

    unknown: Bools
    narrow: Bools


@dataclass(frozen=True)
class Hidden:
    """Which cells of the lines are hidden in the end, and of which a figure of other places is withheld.

    `narrow`: how many numbers no hiding of numerators could make wide enough. `bases`: cells whose base is
    hidden, and narrow all the same for somebody who puts earlier releases beside this one.
    """

    cells: Bools
    withheld: Bools
    narrow: int
    bases: Bools
    programmes: int


def protect_numerators(
    counts: Counts, limits: Limits, lines: Ints, reasons: Ints, bases: Bases, family_of: Ints, withheld: Bools
) -> Hidden:  # fmt: skip
    """What is hidden of the numerators of some lines.

    Args:
        counts: of all lines.
        limits: the policy.
        lines: those in question.
        reasons: of all cells, so far.
        bases: what is known of those.
        family_of: the number of each line's family of bases.
        withheld: of the lines' cells, those whose figure of other places stood withheld.
    """
    block = _block(counts, limits, lines, reasons, bases, family_of)
    size, exists, ties = block.everything.size, block.exists, block.ties
    hidden = np.ones(size, dtype=bool)
    hidden[block.numbers[exists]] = (reasons[lines] != Reason.SHOWN)[exists]
    narrow, asked = np.zeros(size + len(ties.few), dtype=bool), np.ones(size, dtype=bool)
    many, programmes, beside = MANY_WIDTHS * limits.width, 0, np.zeros(size, dtype=bool)
    rows, blocks = ties.within_reach(block.everything, hidden, many), components(block.everything.rows)
    # Each figure by itself first, then as narrow as the others in sight make it: that finds less to hide.
    ways: tuple[bool, ...] = (False, True)
    while True:
        # What is hidden only now was asked of by nobody yet.
        tied = ties.tied(block.everything, rows).unasked(~asked & hidden)
        choice, narrow_bases = block.choose(tied, hidden, asked)
        beside |= narrow_bases
        for together in ways if block.reckons_with_figures(choice) else ():
            choice, withheld = block.with_figures(tied, choice, withheld, asked, together=together)
        hidden, narrow, programmes = (
            choice.hidden[:size], narrow | choice.narrow, programmes + choice.programmes,
        )  # fmt: skip
        more = ties.within_reach(block.everything, hidden, many) & ~rows
        if not more.any():
            break
        # What further rows tie, by sums as well, is looked at once more, and the rest is as it was.
        rows, ways = rows | more, (True,)
        asked = np.isin(blocks, blocks[ties.tied_by(more)]) & ~narrow[:size]
    cells = np.zeros(exists.shape, dtype=bool)
    cells[exists] = hidden[block.numbers[exists]]
    of_bases = (block.bases >= 0) & beside[block.bases]
    return Hidden(cells, withheld, int(narrow.sum()), of_bases, programmes)


def _block(
    counts: Counts, limits: Limits, lines: Ints, reasons: Ints, known: Bases, family_of: Ints
) -> _Block:
    exists, unknown, family = counts.exists[lines], known.unknown[lines], family_of[lines]
    everything, numbers, bases, slots = numerator_system(counts, limits, lines, unknown, family)
    stuck = np.zeros(everything.size, dtype=bool)
    stuck[bases[(bases >= 0) & known.narrow[lines]]] = True
    everything = everything.unasked(stuck)
    ties = ties_between(counts, limits, lines, numbers, unknown, everything.size)
    views: tuple[View, ...] = ()
    if counts.before is not None:
        before, few = counts.before, limits.minimum_difference
        cells = counts.grid.with_wholes((before.told() & ~before.near(few))[lines], exists)
        told = on_columns(exists, unknown, family, cells, every=False)
        everything, ties = everything.held(told), ties.without(told)
        place = (counts.grid.parents, counts.exists, family_of)

        def of(cells: Bools) -> Bools:
            return on_columns(exists, unknown, family, cells[lines], every=True)

        sides = [View(of(before.still(*place)), ~of(before.hidden))]
        for some in before.arrivals:
            taken = some.taken(*place, few)
            same = on_columns(
                exists, unknown, family, taken.numerator[lines], every=True, rest=taken.rest[lines],
                base=taken.base[lines],
            )  # fmt: skip
            sides.append(View(same, of(some.newcomers(counts.exists) & (reasons == Reason.PRIMARY))))
        views = tuple(sides)
    cost = np.zeros(everything.size)
    cost[numbers[exists]] = counts.cost_of(lines)[exists]
    places = counts.grid.of(np.concatenate([slots, ties.slots]))
    return _Block(
        counts, limits, lines, exists, numbers, bases, everything, ties, views, cost, places
    )  # fmt: skip


@dataclass(frozen=True)
class _Block:
    """The system of some lines' numerators, and all that is known beside its sums.

    `numbers` and `bases`: the columns of each cell's numerator, and of its base where that is not known.
    `everything`: the sums. `ties`: what lines say of one another; the few of a whole alone are numbers behind
    all others, hidden for good, and asked of nobody who puts releases side by side (`views`).
    """

    counts: Counts
    limits: Limits
    lines: Ints
    exists: Bools
    numbers: Ints
    bases: Ints
    everything: System
    ties: Ties
    views: tuple[View, ...]
    cost: Floats
    places: Slots

    def reckons_with_figures(self, choice: Choice) -> bool:
        """Whether rounded figures are shown of the lines, and not too much is hidden to reckon with them."""
        weighed, hidden = self.counts.weighed, choice.hidden[self.numbers[self.exists]].sum()
        return weighed is not None and bool(hidden <= weighed.hidden_at_most * self.counts.exists.sum())

    def choose(self, tied: System, hidden: Bools, asked: Bools) -> tuple[Choice, Bools]:
        """The choice that knows of sums and other questions: numbers first, then the few of a whole alone.

        Args:
            tied: the sums, with what lines say of one another.
            hidden: so far.
            asked: numbers that are asked about; of the few those are that one of these gives.

        Returns:
            the choice, and the numbers that stay narrow for somebody who puts earlier releases beside it.
        """
        ties, seed, size = self.ties, self.limits.seed, self.everything.size
        slots, cost = self.places.first(size), np.concatenate([self.cost, np.zeros(len(ties.few))])
        apart = components(self.everything.rows) if ties.rows.rows.shape[0] else None
        others = np.concatenate([np.ones(size, dtype=bool), ~ties.given_by(asked)])
        wide, of_few, programmes = ties.asked(tied).unasked(others), None, 0
        known: tuple[Proved, ...] = ()
        known_few: Proved | None = None
        narrow = np.zeros(size, dtype=bool)
        while True:
            found = choose_beside(tied, hidden, self.views, self.cost, seed, slots, known, apart)
            known, programmes = found.proved, programmes + found.programmes
            if not ties.few.size:
                return Choice(found.hidden, found.narrow, programmes, known[-1]), found.beside
            if apart is not None:
                of_few = np.concatenate([apart, apart[ties.hidden_side(found.hidden)]])
            unseen = ties.beside(found.hidden, marked=True)
            few = choose(wide, unseen, cost, seed, self.places, known_few, of_few)
            known_few, hidden, programmes = few.proved, few.hidden[:size], programmes + few.programmes
            # What could not be made wide is not asked about again.
            tied, narrow = tied.unasked(found.narrow), narrow | found.narrow
            if not (hidden & ~found.hidden).any():
                narrow = np.concatenate([narrow, few.narrow[size:]])
                return replace(few, narrow=narrow, programmes=programmes), found.beside

    def with_figures(
        self, tied: System, choice: Choice, withheld: Bools, asked: Bools, *, together: bool
    ) -> tuple[Choice, Bools]:
        """The choice once it knows of rounded figures, and which figures of other places are withheld alone.

        As in `choose_beside`, who puts the releases side by side may take more for known. What other
        questions tie is looked at apart first.

        Args:
            tied: the sums, with what lines say of one another.
            choice: so far.
            withheld: figures of other places that stood withheld, and stay so.
            asked: as for `choose`.
            together: whether a figure's ends are as narrow as the other figures in sight make them.
        """
        figures = self._figures(choice, withheld, together)
        size, seed = self.everything.size, self.limits.seed
        nothing = np.zeros(len(figures.line), dtype=bool)
        hidden = np.concatenate([choice.hidden[:size], withheld[figures.line, figures.slot]])
        stuck, stuck_few = np.concatenate([choice.narrow[:size], nothing]), choice.narrow[size:]
        # A figure that stood hidden with its cell is known to nobody, though the cell is.
        views = [
            View(np.concatenate([view.held, nothing]), np.concatenate([view.asked, nothing]))
            for view in self.views if view.held.any()
        ]  # fmt: skip
        prices = np.concatenate([self.cost, self.counts.cost[figures.slot] * BESIDE_COST])
        wide, programmes = figures.widened(tied), choice.programmes
        apart = components(figures.widened(self.everything).rows)
        stuck_for = [stuck & ~view.held for view in views]
        while True:
            for number, view in enumerate(views):
                if (hidden & view.asked & ~view.held).any():
                    seen, unseen = view.of(wide.in_force(hidden)), hidden & ~view.held
                    alone = loosen_narrow(seen, unseen, stuck_for[number], prices, seed, apart)
                    hidden, stuck_for[number] = hidden | alone.hidden, alone.narrow
                    programmes += alone.programmes
            found = loosen_narrow(wide, hidden, stuck, prices, seed, apart)
            few = self._few(wide, found, prices, stuck_few, asked if together else None)
            programmes += found.programmes + few.programmes
            more, after = few.hidden & ~hidden, few.hidden & ~found.hidden
            hidden, stuck, stuck_few = few.hidden, found.narrow, few.narrow
            if not ((views and more.any()) or after.any()):
                break
        withheld = withheld.copy()
        withheld[figures.line, figures.slot] |= hidden[size:]
        return replace(
            choice, hidden=self.ties.beside(hidden[:size], marked=True),
            narrow=np.concatenate([stuck[:size], stuck_few]), programmes=programmes,
        ), withheld  # fmt: skip

    def _figures(self, choice: Choice, withheld: Bools, together: bool) -> FigureRows:
        weighed, exists = self.counts.weighed, self.exists
        assert weighed is not None  # noqa: S101  (see `reckons_with_figures`)
        if together:
            unseen = np.zeros_like(exists)
            unseen[exists] = choice.hidden[self.numbers[exists]]
            weighed = weighed.carried(self.lines, exists, unseen, withheld)
        return figure_rows(weighed, self.lines, exists, self.numbers, self.bases, self.everything.size)

    def _few(
        self, wide: System, found: Loosened, prices: Floats, stuck: Bools, asked: Bools | None
    ) -> Loosened:
        """What more is hidden where rounded figures tell how many few of a whole alone are.

        `stuck`, as the answer's `narrow`, is of those few; `asked`: as for `choose`, or nothing is.
        """
        ties, size = self.ties, wide.size
        if asked is None or not ties.few.size:
            return replace(found, narrow=stuck, programmes=0)
        others = np.concatenate([np.ones(size, dtype=bool), ~ties.given_by(asked)])
        more = loosen_narrow(
            ties.asked(wide).unasked(others), ties.beside(found.hidden, marked=True),
            np.concatenate([np.zeros(size, dtype=bool), stuck]),
            np.concatenate([prices, np.zeros(len(ties.few))]), self.limits.seed,
        )  # fmt: skip
        return replace(more, hidden=more.hidden[:size], narrow=more.narrow[size:])
