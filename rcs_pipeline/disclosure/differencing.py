"""Sums in sight that say too much of the few who are left of them: one more cell of each has to go.

Belongs here: hidden parts of too few pupils, and what is left of a sum beside what an earlier release showed.
Does not belong here: how far counts are from earlier ones (see `changed`), what is hidden at which step
(`linked`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rcs_pipeline.disclosure.changed import close_sums, further_sums, people, told_by_sums
from rcs_pipeline.disclosure.counts import Counts, Reason, numbered, stacked
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System

if TYPE_CHECKING:
    from scipy import sparse


def too_close(frame: System, hidden: Bools, value: Floats, cost: Floats, least: int, known: Bools) -> Bools:
    """One more cell to hide for each published sum whose hidden parts are fewer people than `least`.

    The whole and its shown parts are then two published groups that differ by those few.
    """
    parts = (frame.rows > 0).astype(float)
    wholes = (frame.rows < 0).astype(float)
    people_hidden = parts @ np.where(hidden, value, 0.0)
    close = (people_hidden > 0) & (people_hidden < least) & ((wholes @ hidden.astype(float)) == 0)
    # An empty part hides nobody; what an earlier release told cannot be hidden any more.
    can = ~hidden & ~known
    return _one_of_each(frame.rows, close, can & (value > 0), can, cost)


def _one_of_each(rows: sparse.csr_array, sums: Bools, parts: Bools, wholes: Bools, cost: Floats) -> Bools:
    """One cell of each of the sums: a part rather than the whole, the cheapest, and the first of equals."""
    chosen = np.zeros(len(cost), dtype=bool)
    for row in np.flatnonzero(sums):
        columns = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
        if chosen[columns].any():
            continue
        signs = rows.data[rows.indptr[row] : rows.indptr[row + 1]]
        can = columns[np.where(signs < 0, wholes[columns], parts[columns])]
        order = np.lexsort((can, cost[can], np.isin(can, columns[signs < 0])))
        chosen[can[order[:1]]] = True
    return chosen


def close_to_earlier(counts: Counts, reasons: Ints, few: int, width: int) -> Bools:
    """One more cell to hide for each sum of which what is left was published before with few people apart.

    Or with so many that it says nearly how many left each of the kept parts.
    """
    from scipy import sparse

    found = np.zeros_like(counts.exists)
    for shift in counts.before.shifts if counts.before else ():
        # Of whoever came everybody knows that nobody was there before.
        both = (shift.seen | shift.came) & counts.exists & (reasons == Reason.SHOWN)
        changed = both & (people(shift.base, shift.numerator) > 0)
        lines = np.flatnonzero(changed.any(axis=1))
        if not lines.size:
            continue
        exists = counts.exists[lines]
        numbers, in_sight = numbered(exists), both[lines][exists]
        direct, distant, places = (
            stacked(grid, exists, numbers).rows
            for grid in (counts.grid, counts.grid.over_distant_groups, counts.grid.over_places)
        )
        every = [direct, distant, further_sums(places, in_sight)]
        rows = sparse.csr_array(sparse.vstack(every, format="csr"))
        base, numerator = shift.base[lines][exists], shift.numerator[lines][exists]
        kept = shift.near(few)[lines][exists] & ~in_sight
        close = close_sums(rows, in_sight, base, numerator, few, kept & shift.moved[lines][exists])
        close |= told_by_sums(rows, in_sight, kept, base, numerator, few, width)
        cost = np.broadcast_to(counts.cost, exists.shape)[exists]
        can = changed[lines][exists]
        own = np.zeros_like(exists)
        # The figures of somebody new are not withheld for the sake of the others: rather the whole.
        parts = can & ~shift.came[lines][exists]
        own[exists] = _one_of_each(rows, close, parts, can, cost)
        found[lines] |= own
    return found
