"""Between which ends a weighted count lies: for its own rounded figure, and for those it adds up with.

Belongs here: what one figure says, what the weights say of a count, and carrying both through the sums of a
table. Groups by deprivation are made of no weighting cells, but they add up to groups that are: their rounded
figures together are a second rounding of the same weighted count.
Does not belong here: which figures there are (see `figures`), the attack's own reading (`audit_ends`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rcs_pipeline.disclosure.grid import Grid, parts_of
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints

if TYPE_CHECKING:
    from scipy import sparse

DUST = 1e-9
# Ends that move by less, in weighted pupils, say nothing more; and after so many rounds it is left at that.
STILL, ROUNDS = 1e-7, 60
# What is carried is taken to be wider by so many weighted pupils: a world at the very end of what the weights
# allow is one that fits. The attack takes twice that.
WIDER = 0.005


@dataclass(frozen=True)
class Told:
    """What is told of weighted counts, lines by columns: the slots of a grid, then, slot by slot, the counts
    of all the other places.

    `sums`: rows over the columns, each with the same value for whoever fits. `low`, `high`: where the figure
    is in sight. `people`: the weighted base, which is the most that a count can be.
    """

    sums: sparse.csr_array
    truth: Floats
    low: Floats
    high: Floats
    people: Floats


def ends_of(shown: Floats, step: Floats, most: float = 1.0) -> tuple[Floats, Floats]:
    """Between which ends the number lies that is shown so; some are never shown as none, nor as all.

    None and all say what the numerators say: not a number.
    """
    low = np.where(shown <= step + DUST, 0.0, shown - step / 2)
    high = np.where(shown >= most - step - DUST, most, shown + step / 2)
    says = (shown > DUST) & (shown < most - DUST)
    return np.where(says, low, np.nan), np.where(says, high, np.nan)


def weighted_ends(shown: Floats, step: Floats, truth: Floats, people: Floats) -> tuple[Floats, Floats]:
    """The same in weighted pupils: a share of none or all is exact, and what is not shown can be anything."""
    low, high = ends_of(shown, step)
    exact = np.isfinite(shown) & np.isnan(low)
    return (
        np.where(np.isfinite(low), low * people, np.where(exact, truth, 0.0)),
        np.where(np.isfinite(high), high * people, np.where(exact, truth, people)),
    )


def carried(told: Told, lines: Ints, exists: Bools, hidden: Bools, withheld: Bools) -> tuple[Floats, Floats]:
    """The ends of the lines' weighted counts, slot by slot, once each sum has said what it can of its parts.

    Args:
        told: of all lines.
        lines: those asked for.
        exists: which slots they have; nobody is in the others.
        hidden: whose figures nobody sees.
        withheld: beside which that of the others is not seen.
    """
    size, width = exists.shape[1], told.truth.shape[1]
    there = np.hstack([exists, exists])[:, :width]
    unseen = np.hstack([hidden, hidden | withheld])[:, :width]
    truth = np.where(there, told.truth[lines], 0.0)
    low = np.where(there, np.where(unseen, 0.0, told.low[lines]), 0.0)
    high = np.where(there, np.where(unseen, told.people[lines], told.high[lines]), 0.0)
    low, high = np.minimum(low, truth), np.maximum(high, truth)
    entries = told.sums.tocoo()
    row, column, sign = entries.row, entries.col, entries.data
    whole = sign < 0
    holds = np.zeros((len(lines), told.sums.shape[0]), dtype=bool)
    np.logical_or.at(holds.T, row[whole], there[:, column[whole]].T)
    rest = truth @ told.sums.T
    for _ in range(ROUNDS):
        least = np.where(sign > 0, low[:, column], -high[:, column])
        most = np.where(sign > 0, high[:, column], -low[:, column])
        up = rest[:, row] - (_by_row(least, row, rest.shape[1])[:, row] - least)
        down = rest[:, row] - (_by_row(most, row, rest.shape[1])[:, row] - most)
        above = np.where(holds[:, row], np.where(sign > 0, up, -down), np.inf)
        below = np.where(holds[:, row], np.where(sign > 0, down, -up), -np.inf)
        before = low.copy(), high.copy()
        np.minimum.at(high.T, column, above.T)
        np.maximum.at(low.T, column, below.T)
        low, high = np.minimum(low, truth), np.maximum(high, truth)
        if max(np.max(low - before[0], initial=0.0), np.max(before[1] - high, initial=0.0)) < STILL:
            break
    return low[:, :size] - WIDER, high[:, :size] + WIDER


def _by_row(entries: Floats, row: Ints, height: int) -> Floats:
    """Entries added up to their rows, line by line."""
    from scipy import sparse

    shape = (entries.shape[1], height)
    ones = sparse.csr_array((np.ones(len(row)), (np.arange(len(row)), row)), shape=shape)
    return np.asarray(entries @ ones)


def weight_range(grid: Grid, group_by: str, weight: Floats, open_cells: Bools) -> tuple[Floats, Floats]:
    """The least and the greatest weight of anybody in a slot, by line; nothing is known where a cell is open.

    A pupil of a quintile is in one of the place's weighting cells, and a girl in one of the girls'.
    """
    inside = grid.inside()
    overlap = np.array([[_overlap(one, other, group_by) for other in grid.groups] for one in grid.groups])
    size = len(grid.groups)
    cells = np.flatnonzero((weight > 0).any(axis=0) | open_cells.any(axis=0))
    least, most = np.full(weight.shape, np.inf), np.zeros(weight.shape)
    for cell in cells:
        place, group = divmod(int(cell), size)
        slots = np.kron(inside[:, place], overlap[:, group]).astype(bool)
        own = weight[:, cell][:, None]
        least[:, slots] = np.minimum(least[:, slots], np.where(own > 0, own, np.inf))
        most[:, slots] = np.maximum(most[:, slots], own)
        unknown = open_cells[:, cell][:, None]
        least[:, slots] = np.where(unknown, 0.0, least[:, slots])
        most[:, slots] = np.where(unknown, np.inf, most[:, slots])
    return np.where(np.isfinite(least), least, 0.0), np.where(most > 0, most, np.inf)


def _overlap(one: tuple[str, str], cell: tuple[str, str], group_by: str) -> bool:
    """Whether a pupil can be in both groups: what both name is the same."""
    if cell[0] != group_by:
        return False
    named, own = parts_of(*cell), parts_of(*one)
    return all(named.get(key, value) == value for key, value in own.items())
