"""Protecting linked tables of counts together: bases first, then numerators.

Belongs here: what is hidden at which step, and what an attacker is taken to know at each.
Does not belong here: reading candidates (see `tables`), policy (`contracts`), search (`secondary`,
`witness`).

Bases come first, one pattern for all indicators that were asked of the same pupils: what one shows, no
other can hide. Then the numerators of each indicator, with every base known but those that the first step
hides for all; so a numerator has its base for a ceiling, and its complement is as wide as itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from rcs_pipeline.disclosure.grid import Grid
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System
from rcs_pipeline.disclosure.primary import everybody_or_nobody, small_base, small_part
from rcs_pipeline.disclosure.secondary import choose

MEAN = -1  # stands for the numerator of an indicator that has none


class Reason(IntEnum):
    """Why a cell is hidden; the first that applies."""

    SHOWN = 0
    PRIMARY = 1
    SECONDARY = 2
    DOMINANCE = 3
    DIFFERENCING = 4


@dataclass(frozen=True)
class Limits:
    """The policy's numbers that counts are judged by; `minimum_base` by slot."""

    minimum_base: Ints
    small_numerator: int
    width: int
    minimum_difference: int
    zeros_hidden: Bools
    seed: int


@dataclass(frozen=True)
class Counts:
    """Bases and numerators: lines (an indicator, say) by slots of the grid.

    `ceiling`: the most people that anybody outside would think possible in a slot, or -1 (lines by slots).
    `cost`: of hiding a slot. `also`: cells whose base another rule hides. `start`: cells hidden already.
    """

    grid: Grid
    exists: Bools
    base: Ints
    numerator: Ints
    cost: Floats
    ceiling: Ints | None = None
    also: Bools | None = None
    start: Bools | None = None


@dataclass(frozen=True)
class Protected:
    """The reason of every cell, and how many numbers no hiding could make wide enough."""

    reasons: Ints
    narrow: int
    programmes: int


def protect_counts(counts: Counts, limits: Limits) -> Protected:
    """Choose what to hide of linked counts."""
    family_of, first = _families(counts)
    bases, narrow, programmes = _protect_bases(counts, limits, family_of, first)
    reasons = np.where(counts.exists, bases[family_of], Reason.SHOWN)
    small = small_part(counts.base, counts.numerator, limits.small_numerator)
    uniform = everybody_or_nobody(counts.base, counts.numerator) & limits.zeros_hidden[:, None]
    primary = counts.exists & (small | uniform)
    if counts.start is not None:
        reasons = np.where(counts.start & (reasons == Reason.SHOWN) & ~primary, Reason.SECONDARY, reasons)
    reasons = np.where(primary & (reasons != Reason.PRIMARY), Reason.PRIMARY, reasons)
    unknown_base = counts.exists & (bases[family_of] != Reason.SHOWN)
    lines = np.flatnonzero((reasons != Reason.SHOWN).any(axis=1) & (counts.numerator.max(axis=1) >= 0))
    if lines.size:
        hidden, more, took = _protect_numerators(counts, limits, lines, reasons, unknown_base, family_of)
        own = reasons[lines]
        reasons[lines] = np.where(hidden & (own == Reason.SHOWN), Reason.SECONDARY, own)
        narrow, programmes = narrow + more, programmes + took
    return Protected(np.asarray(reasons, dtype=np.int64), narrow, programmes)


def _families(counts: Counts) -> tuple[Ints, Ints]:
    """The family of each line, and a line of each family: same bases wherever there is any."""
    shown = np.where(counts.exists, counts.base, -1)
    _, first, number = np.unique(shown, axis=0, return_index=True, return_inverse=True)
    return np.asarray(number.reshape(-1), dtype=np.int64), np.asarray(first, dtype=np.int64)


def stacked(grid: Grid, exists: Bools, numbers: Ints) -> System:
    """One block for each line of `exists`; its columns are its slots, given in `numbers`.

    A slot of number -1 has no column: it stays as it is. Bounds and needs are left open for the caller.
    """
    from scipy import sparse

    holds, _ = grid.existing(exists)
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


def _numbered(exists: Bools) -> Ints:
    return np.where(exists, np.cumsum(exists).reshape(exists.shape) - 1, -1)


def _protect_bases(counts: Counts, limits: Limits, family_of: Ints, first: Ints) -> tuple[Ints, int, int]:
    """The reason of each family's slots."""
    exists, base = counts.exists[first], counts.base[first]
    small = small_base(base, limits.minimum_base)
    if counts.also is not None:
        np.logical_or.at(small, family_of, counts.also)
    reasons = np.where(exists & small, Reason.PRIMARY, Reason.SHOWN)
    numbers = _numbered(exists)
    frame = stacked(counts.grid, exists, numbers)
    value = base[exists].astype(float)
    ceiling = np.full(base.shape, -1) if counts.ceiling is None else counts.ceiling[first]
    top = np.where(ceiling >= base, (ceiling - base).astype(float), np.inf)[exists]
    everything = System(
        frame.rows, frame.row_lower, frame.row_upper, -value, top,
        np.where(value > 0, float(limits.width), 0.0),
    )  # fmt: skip
    cost = np.broadcast_to(counts.cost, base.shape)[exists]
    areas = np.broadcast_to(counts.grid.areas(), base.shape)[exists]
    narrow = programmes = 0
    while True:
        hidden = reasons[exists] != Reason.SHOWN
        if not hidden.any():
            return reasons, 0, programmes
        choice = choose(everything, hidden, cost, limits.seed, areas)
        programmes, narrow = programmes + choice.programmes, int(choice.narrow.sum())
        flat = reasons[exists]
        reasons[exists] = np.where(choice.hidden & (flat == Reason.SHOWN), Reason.SECONDARY, flat)
        apart = _too_close(frame, choice.hidden, value, cost, limits.minimum_difference)
        if not apart.any():
            return reasons, narrow, programmes
        flat = reasons[exists]
        reasons[exists] = np.where(apart, Reason.DIFFERENCING, flat)


def _too_close(frame: System, hidden: Bools, value: Floats, cost: Floats, least: int) -> Bools:
    """One more cell to hide for each published sum whose hidden parts are fewer people than `least`.

    The whole and its shown parts are then two published groups that differ by those few.
    """
    parts = (frame.rows > 0).astype(float)
    wholes = (frame.rows < 0).astype(float)
    people = parts @ np.where(hidden, value, 0.0)
    close = (people > 0) & (people < least) & ((wholes @ hidden.astype(float)) == 0)
    chosen = np.zeros(len(hidden), dtype=bool)
    for row in np.flatnonzero(close):
        columns = frame.rows.indices[frame.rows.indptr[row] : frame.rows.indptr[row + 1]]
        if chosen[columns].any():
            continue
        signs = frame.rows.data[frame.rows.indptr[row] : frame.rows.indptr[row + 1]]
        can = columns[~hidden[columns] & ((value[columns] > 0) | (signs < 0))]
        # A part rather than the whole: the cheapest, and the first of equals.
        order = np.lexsort((can, cost[can], np.isin(can, columns[signs < 0])))
        chosen[can[order[0]]] = True
    return chosen


def _protect_numerators(
    counts: Counts, limits: Limits, lines: Ints, reasons: Ints, unknown_base: Bools, family_of: Ints
) -> tuple[Bools, int, int]:
    """Which cells of the lines are hidden in the end."""
    exists = counts.exists[lines]
    everything, numbers, slots = numerator_system(
        counts, limits, lines, unknown_base[lines], family_of[lines]
    )
    hidden = np.ones(everything.size, dtype=bool)
    hidden[numbers[exists]] = (reasons[lines] != Reason.SHOWN)[exists]
    cost = np.zeros(everything.size)
    cost[numbers[exists]] = np.broadcast_to(counts.cost, exists.shape)[exists]
    choice = choose(everything, hidden, cost, limits.seed, counts.grid.areas()[slots])
    result = np.zeros(exists.shape, dtype=bool)
    result[exists] = choice.hidden[numbers[exists]]
    return result, int(choice.narrow.sum()), choice.programmes


def numerator_system(
    counts: Counts, limits: Limits, lines: Ints, unknown_base: Bools, family_of: Ints
) -> tuple[System, Ints, Ints]:
    """Numerators of all cells; beside them complement and base where the base is unknown too.

    A base is one number for its whole family: it must suit all numerators at once.

    Returns:
        the system, the column of each cell's numerator, and the slot of each column.
    """
    from scipy import sparse

    exists = counts.exists[lines]
    base, numerator = counts.base[lines], counts.numerator[lines]
    rest = base - numerator
    unknown = exists & unknown_base
    numbers, few = _numbered(exists), int(unknown.sum())
    rows = stacked(counts.grid, exists, numbers).rows
    size, bases = rows.shape[1], np.zeros(0)
    slots = [np.nonzero(exists)[1]]
    if few:
        _, first, member = np.unique(family_of, return_index=True, return_inverse=True)
        base_of = _numbered(unknown[first])
        bases = base[first][unknown[first]].astype(float)
        base_sums = stacked(counts.grid, exists[first], np.where(unknown[first], base_of, -1)).rows
        line, slot = np.nonzero(unknown)
        slots += [slot, np.nonzero(unknown[first])[1]]
        own = sparse.csr_array((np.ones(few), (np.arange(few), numbers[unknown])), shape=(few, size))
        shared = sparse.csr_array(
            (-np.ones(few), (np.arange(few), base_of[member.reshape(-1)[line], slot])),
            shape=(few, len(bases)),
        )
        # Columns: numerators, complements, bases. The last rows say that the two make up the base.
        empty = sparse.csr_array((base_sums.shape[0], few))
        eye = sparse.eye_array(few, format="csr")
        blocks = [[rows, None, None], [None, empty, base_sums], [own, eye, shared]]
        rows = sparse.block_array(blocks, format="csr")
    top = np.where(unknown, np.inf, rest.astype(float))[exists]
    need = [
        _need(numerator, rest, unknown, limits, lines)[exists],
        np.where(rest[unknown] > 0, limits.width, 0),
        np.where(bases > 0, limits.width, 0),
    ]
    nothing = np.zeros(rows.shape[0])
    system = System(
        rows=rows,
        row_lower=nothing,
        row_upper=nothing,
        lower=-np.concatenate([numerator[exists], rest[unknown], bases]).astype(float),
        upper=np.concatenate([top, np.full(few + len(bases), np.inf)]),
        need=np.concatenate(need).astype(float),
    )
    return system, numbers, np.concatenate(slots)


def _need(numerator: Ints, rest: Ints, unknown: Bools, limits: Limits, lines: Ints) -> Ints:
    """The width that each numerator needs once it is hidden.

    A zero, and where the base is known a full cell, needs none unless the policy hides zeros: it is exempt
    by name.
    """
    zero = (numerator == 0) | (~unknown & (rest == 0))
    exempt = zero & ~limits.zeros_hidden[lines][:, None]
    return np.where(exempt, 0, limits.width)
