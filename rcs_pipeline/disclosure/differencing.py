"""Sums in sight that say too much of the few who are left of them: one more cell of each has to go.

Belongs here: hidden parts of too few pupils, and what is left of a sum beside what an earlier release showed.
Does not belong here: how far counts are from earlier ones (see `changed`), what is hidden at which step
(`linked`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rcs_pipeline.disclosure.changed import people
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


def close_sums(
    rows: sparse.csr_array, both: Bools, base: Ints, numerator: Ints, few: int, moved: Bools
) -> Bools:
    """Sums of which what is left beside the parts in sight was published before, with few people apart.

    Args:
        rows: a sum a row, +1 for its parts and -1 for its whole.
        both: the columns that are in sight and were in sight before.
        base: by how many each base moved; `numerator`: likewise.
        few: how many people at least have to differ.
        moved: the columns of another mean of the same people, which are not shown anew.
    """
    whole = ((rows < 0).astype(float) @ both.astype(float)) > 0
    left = [
        np.rint(rows @ np.where(both, item, 0).astype(float)).astype(np.int64) for item in (base, numerator)
    ]
    apart = people(left[0], left[1])
    answered = ((rows > 0).astype(float) @ moved.astype(float)) > 0
    return np.asarray(whole & (apart < few) & ((apart > 0) | answered))


def told_by_sums(
    rows: sparse.csr_array, both: Bools, kept: Bools, base: Ints, numerator: Ints, few: int, width: int
) -> Bools:
    """Sums whose parts in sight say nearly how far their kept parts are from what they show.

    Everybody knows of a kept figure that fewer than `few` differ; of two that together moved by twice as
    many, everybody knows by how many each did.

    Args:
        rows: as for `close_sums`; so are `both`, `base`, `numerator` and `few`.
        kept: the columns that were in sight before and are kept now.
        width: how much room the move of a kept part must have.
    """
    parts, moved = (rows > 0).astype(float), np.zeros(rows.shape[0])
    whole = ((rows < 0).astype(float) @ both.astype(float)) > 0
    unknown = (parts @ (~(both | kept)).astype(float)) > 0
    for item in (base, numerator, base - numerator):
        moved = np.maximum(moved, np.abs(rows @ np.where(both, item, 0).astype(float)))
    most = (few - 1) * (parts @ (kept & ~both).astype(float))
    # Where none is kept, a part is gone that was there, and nothing is left of it to be told.
    return np.asarray(whole & ~unknown & (moved > 0) & (most > 0) & (most - moved < width))


def further_sums(places: sparse.csr_array, both: Bools) -> sparse.csr_array:
    """Sums over more than one level of places: a whole and the parts of its parts.

    Args:
        places: the sums over one level, +1 for the parts and -1 for the whole.
        both: columns in sight; a part in sight stands once for itself, and once its parts stand for it.
    """
    from scipy import sparse

    parts, wholes = (places > 0).astype(float), (places < 0).astype(float)
    found = []
    for replaced in (np.ones(places.shape[1]), (~both).astype(float)):
        taken_apart = (parts * replaced) @ wholes.T
        deeper = sparse.csr_array(places + taken_apart @ places)
        found.append(deeper[np.flatnonzero(np.diff(sparse.csr_array(taken_apart).indptr))])
    rows = sparse.csr_array(sparse.vstack(found, format="csr"))
    rows.eliminate_zeros()
    return rows
