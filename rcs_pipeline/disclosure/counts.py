"""Linked counts and the systems that an attacker has of them.

Belongs here: bases and numerators over the slots of a grid, the policy's numbers for them, and the rows and
bounds that tie what is hidden of them.
Does not belong here: what is hidden at which step (see `linked`), search (`secondary`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from rcs_pipeline.disclosure.changed import Before
from rcs_pipeline.disclosure.figures import Weighed
from rcs_pipeline.disclosure.grid import Grid
from rcs_pipeline.disclosure.implied import Columns, Implied, Ties, ties_of
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System

MEAN = -1  # stands for the numerator of an indicator that has none


class Reason(IntEnum):
    """Why a cell is hidden; the first that applies.

    `EARLIER` is of the class of differencing, beside an earlier release.
    """

    SHOWN = 0
    PRIMARY = 1
    SECONDARY = 2
    DIFFERENCING = 3
    EARLIER = 4


@dataclass(frozen=True)
class Limits:
    """The policy's numbers that counts are judged by; `minimum_base` by slot."""

    minimum_base: Ints
    small_numerator: int
    width: int
    minimum_difference: int
    zeros_hidden: Bools
    seed: int
    small_rolls_exempt: bool = False

    def need(self, most: Floats) -> Floats:
        """The width that a hidden number needs which can be `most` at most."""
        width = np.full(most.shape, float(self.width))
        return np.minimum(width, most) if self.small_rolls_exempt else width


@dataclass(frozen=True)
class Counts:
    """Bases and numerators: lines (an indicator, say) by slots of the grid.

    `ceiling`: the most people that anybody outside would think possible in a slot, or -1 (lines by slots).
    `cost`: of hiding a slot. `also`: cells whose base another rule hides. `start`: cells hidden already.
    `before`: what earlier releases said of the cells. `weighed`: the weighted figures that are shown of them.
    `implied`: what lines say of one another. `worth`: what a number of each line is worth, if not the same.
    """

    grid: Grid
    exists: Bools
    base: Ints
    numerator: Ints
    cost: Floats
    ceiling: Ints | None = None
    also: Bools | None = None
    start: Bools | None = None
    before: Before | None = None
    weighed: Weighed | None = None
    implied: tuple[Implied, ...] = ()
    worth: Floats | None = None

    def cost_of(self, lines: Ints) -> Floats:
        """What it costs to hide each cell of the lines (lines by slots)."""
        cost = np.broadcast_to(self.cost, (len(lines), self.grid.size))
        return cost if self.worth is None else cost * self.worth[lines][:, None]

    def most(self, lines: Ints) -> Floats:
        """The most people that can be in each cell of the lines, as far as anybody outside may know.

        A ceiling below the truth (a roll that is out of date) tells nobody anything that holds.
        """
        if self.ceiling is None:
            return np.full(self.base[lines].shape, np.inf)
        ceiling = self.ceiling[lines]
        return np.where(ceiling >= self.base[lines], ceiling.astype(float), np.inf)

    def other_rest(self, few: int) -> Bools:
        """Sums (lines by sums) of which nobody knows who is in none of the parts today.

        Of a place and group whose figures are kept, and so of the same groups of the places above.
        """
        if self.before is None:
            return np.zeros((len(self.exists), self.grid.sums.shape[0]), dtype=bool)
        return self.grid.carried_up(self.before.other_rest(self.grid.sums, self.exists, few))


def families(counts: Counts) -> tuple[Ints, Ints]:
    """The family of each line, and a line of each family: same bases wherever there is any."""
    shown = np.where(counts.exists, counts.base, -1)
    _, first, number = np.unique(shown, axis=0, return_index=True, return_inverse=True)
    return np.asarray(number.reshape(-1), dtype=np.int64), np.asarray(first, dtype=np.int64)


def stacked(grid: Grid, exists: Bools, numbers: Ints, without: Bools | None = None) -> System:
    """One block for each line of `exists`; its columns are its slots, given in `numbers`.

    A slot of number -1 has no column: it stays as it is. Bounds and needs are left open for the caller.
    `without`: sums (lines by sums) that say nothing.
    """
    from scipy import sparse

    holds = grid.existing(exists)
    if without is not None:
        holds = holds & ~without
    entries = grid.sums.tocoo()
    taken = (numbers >= 0)[:, entries.col] & holds[:, entries.row]
    line, entry = np.nonzero(taken)
    _, row = np.unique(line * grid.sums.shape[0] + entries.row[entry], return_inverse=True)
    size = int(numbers.max(initial=-1)) + 1
    height = int(row.max(initial=-1)) + 1
    rows = sparse.csr_array(
        (entries.data[entry], (row, numbers[line, entries.col[entry]])), shape=(height, size)
    )
    nothing, zeros = np.zeros(height), np.zeros(size)
    return System(rows, nothing, nothing, zeros, zeros, zeros)


def numbered(exists: Bools) -> Ints:
    """The number of each column among those that exist; -1 for the others."""
    return np.where(exists, np.cumsum(exists).reshape(exists.shape) - 1, -1)


def numerator_system(
    counts: Counts, limits: Limits, lines: Ints, unknown_base: Bools, family_of: Ints
) -> tuple[System, Ints, Ints, Ints]:
    """Numerators of all cells; beside them complement and base where the base is unknown too.

    A base is one number for its whole family: it must suit all numerators at once.

    Returns:
        the system, the column of each cell's numerator, that of its base where it is unknown (else -1), and
        the slot of each column.
    """
    from scipy import sparse

    exists = counts.exists[lines]
    base, numerator = counts.base[lines], counts.numerator[lines]
    rest = base - numerator
    unknown = exists & unknown_base
    numbers, few = numbered(exists), int(unknown.sum())
    other_rest = counts.other_rest(limits.minimum_difference)
    rows = stacked(counts.grid, exists, numbers, other_rest[lines]).rows
    size, bases, most_of_bases = rows.shape[1], np.zeros(0), np.zeros(0)
    slots, base_columns = [np.nonzero(exists)[1]], np.full(exists.shape, -1)
    if few:
        _, first, member = np.unique(family_of, return_index=True, return_inverse=True)
        base_of = numbered(unknown[first])
        bases = base[first][unknown[first]].astype(float)
        most_of_bases = counts.most(lines[first])[unknown[first]]
        own_base = base_of[member.reshape(-1)]
        base_columns = np.where(unknown, size + few + own_base, -1)
        base_sums = stacked(
            counts.grid, exists[first], np.where(unknown[first], base_of, -1), other_rest[lines[first]]
        ).rows
        line, slot = np.nonzero(unknown)
        slots += [slot, np.nonzero(unknown[first])[1]]
        own = sparse.csr_array((np.ones(few), (np.arange(few), numbers[unknown])), shape=(few, size))
        shared = sparse.csr_array(
            (-np.ones(few), (np.arange(few), own_base[line, slot])),
            shape=(few, len(bases)),
        )
        # Columns: numerators, complements, bases. The last rows say that the two make up the base.
        empty = sparse.csr_array((base_sums.shape[0], few))
        eye = sparse.eye_array(few, format="csr")
        blocks = [[rows, None, None], [None, empty, base_sums], [own, eye, shared]]
        rows = sparse.block_array(blocks, format="csr")
    top = np.where(unknown, np.inf, rest.astype(float))[exists]
    most = np.where(unknown, counts.most(lines), np.inf)
    counted_alike, others_alike = _exempt(numerator, rest, unknown, limits, lines)
    need = [
        np.where(counted_alike, 0, limits.need(most))[exists],
        np.where((rest > 0) & ~others_alike, limits.need(most), 0)[unknown],
        np.where(bases > 0, limits.need(most_of_bases), 0),
    ]
    nothing = np.zeros(rows.shape[0])
    system = System(
        rows=rows,
        row_lower=nothing,
        row_upper=nothing,
        lower=-np.concatenate([numerator[exists], rest[unknown], bases]).astype(float),
        upper=np.concatenate([top, np.full(few, np.inf), most_of_bases - bases]),
        need=np.concatenate(need).astype(float),
    )
    return system, numbers, base_columns, np.concatenate(slots)


def ties_between(
    counts: Counts, limits: Limits, lines: Ints, numbers: Ints, unknown_base: Bools, size: int
) -> Ties:
    """What the lines of a system of numerators of so many columns say of one another.

    Nobody of a whole alone is exempt, as other zeros are. `numbers` and `unknown_base`: lines by slots.
    """
    number_of = np.full(len(counts.exists), -1)
    number_of[lines] = np.arange(len(lines))
    implied = [item for item in counts.implied if (number_of[item.lines] >= 0).all()]
    exists = counts.exists[lines]
    unknown = exists & unknown_base
    rests = np.where(unknown, numbered(unknown) + exists.sum(), -1)
    most = np.where(unknown, counts.most(lines), np.inf)
    here = [replace(item, lines=number_of[item.lines]) for item in implied]
    return ties_of(
        Columns(numbers, rests), size, here,
        [item.alone(counts.base, counts.numerator) for item in implied],
        limits.small_numerator, [limits.need(most[item.lines[0]]) for item in here],
    )  # fmt: skip


def _exempt(
    numerator: Ints, rest: Ints, unknown: Bools, limits: Limits, lines: Ints
) -> tuple[Bools, Bools]:  # fmt: skip
    """Of which cells the numerator needs no width, and of which those who are not counted need none.

    A zero is exempt by name, and so is a full cell, unless the policy hides zeros. Where the base is not
    known the other number of such a cell is the base, which needs no width either where it is not small.
    """
    many, exempt = numerator + rest >= limits.minimum_base, ~limits.zeros_hidden[lines][:, None]
    counted = (numerator == 0) | ((rest == 0) & (many | ~unknown))
    return np.asarray(counted & exempt), np.asarray((numerator == 0) & many & exempt)


def on_columns(
    exists: Bools, unknown: Bools, family_of: Ints, cells: Bools, *, every: bool,
    rest: Bools | None = None, base: Bools | None = None,
) -> Bools:  # fmt: skip
    """A mark of cells as a mark of the columns of `numerator_system`.

    A base, which is that of a whole family, is marked where one of its cells is, or where `every` one is.
    `rest` and `base`: where another mark is that of complements and of bases.
    """
    of_base = cells if base is None else base
    _, first, member = np.unique(family_of, return_index=True, return_inverse=True)
    marked = np.full((len(first), exists.shape[1]), every)
    (np.logical_and if every else np.logical_or).at(
        marked, member.reshape(-1), np.where(exists, of_base, every)
    )
    return np.concatenate([
        cells[exists], (cells if rest is None else rest)[unknown], marked[unknown[first]]
    ])  # fmt: skip
