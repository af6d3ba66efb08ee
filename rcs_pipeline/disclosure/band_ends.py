"""How near bands bring a number where questions contain or exclude one another, carried through the sums.

Belongs here: the fewest and the most that all bands of related questions leave of every row of the schools
of a partnership, and which rows somebody could narrow so.
Does not belong here: which questions imply one another (`contracts.implications`), taking bands back (see
`bands`), bands of one question by itself (`worlds`), judging what was written (`audit_band_ends`).

Arrays are schools x lines x items: the rows of a school, then its finest cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rcs_pipeline.disclosure.implied import Implied
from rcs_pipeline.disclosure.linear import Bools, Ints
from rcs_pipeline.disclosure.sizes import Rows
from rcs_pipeline.disclosure.worlds import MANY, Bounds, Schools

# A sum within a school: the number of the whole, and those of its parts.
Sum = tuple[int, Ints]


@dataclass(frozen=True)
class Related:
    """What lines of a partnership, which are given by their numbers there, say of one another."""

    implied: tuple[Implied, ...]

    @cached_property
    def groups(self) -> tuple[Ints, ...]:
        """The lines that implications tie to one another, directly or by others."""
        found: list[set[int]] = []
        for item in self.implied:
            own = {int(line) for line in item.lines}
            own = own.union(*(group for group in found if group & own))
            found = [*(group for group in found if not group & own), own]
        return tuple(np.array(sorted(group), dtype=np.int64) for group in found)


def ends(bounds: Bounds, schools: Schools, rows: Rows, related: Related, *, sums_known: bool) -> Bounds:
    """The least and the greatest number of every item that fits all bands, as far as single sums tell.

    Args:
        bounds: what the band of each row leaves by itself.
        schools: the truth.
        rows: what they are grouped by.
        related: which lines say something of one another; the others stay as they are.
        sums_known: whether the sums of the partnership are known.
    """
    base = np.concatenate([schools.row_base, schools.base], axis=2)
    count = np.concatenate([schools.row_count, schools.count], axis=2)
    low, high = np.zeros_like(base), base.copy()
    many = schools.row_base.shape[2]
    np.maximum(low[:, :, :many], bounds.low, out=low[:, :, :many])
    np.minimum(high[:, :, :many], bounds.high, out=high[:, :, :many])
    sums = _sums(schools, rows)
    while True:
        before = int(low.sum() - high.sum())
        for whole, parts in sums:
            _within(low, high, count, whole, parts)
        if sums_known:
            rest_low, rest_high = low.sum(axis=0) - low, high.sum(axis=0) - high
            np.maximum(low, count.sum(axis=0) - rest_high, out=low)
            np.minimum(high, count.sum(axis=0) - rest_low, out=high)
        for item in related.implied:
            _beside(low, high, base, item)
        if int(low.sum() - high.sum()) == before:
            return Bounds(low, high)


def narrow_rows(bounds: Bounds, schools: Schools, rows: Rows, related: Related, width: int) -> Bools:
    """Rows of related lines that bands bring nearer than `width`, and nearer than if none were shown."""
    shape = schools.row_base.shape
    found, tied = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for lines in related.groups:
        tied[:, lines] = rows.exists[:, lines]
    nothing = Bounds(np.full(shape, -MANY), np.full(shape, MANY))
    for sums_known in (True, False):
        now, free = (ends(item, schools, rows, related, sums_known=sums_known) for item in (bounds, nothing))
        need = np.minimum(width, free.high - free.low)
        found |= ((now.high - now.low) < need)[:, :, : shape[2]] & tied
    return found


def _sums(schools: Schools, rows: Rows) -> list[Sum]:
    """Every row of its cells, and everybody of the rows of each grouping."""
    ways, many = np.array(rows.ways), len(rows.ways)
    found = [(row, many + np.flatnonzero(cells)) for row, cells in enumerate(schools.members)]
    found += [
        (rows.everybody, np.flatnonzero(ways == way)) for way in sorted({*rows.ways} - {ways[rows.everybody]})
    ]
    return found


def _within(low: Ints, high: Ints, count: Ints, whole: int, parts: Ints) -> None:
    # Those of the whole who are in no part are known, as what the published sums leave out is.
    rest = count[:, :, whole] - count[:, :, parts].sum(axis=2)
    fewest, most = low[:, :, parts].sum(axis=2) + rest, high[:, :, parts].sum(axis=2) + rest
    low[:, :, whole] = np.maximum(low[:, :, whole], fewest)
    high[:, :, whole] = np.minimum(high[:, :, whole], most)
    up = high[:, :, whole, None] - (fewest[:, :, None] - low[:, :, parts])
    down = low[:, :, whole, None] - (most[:, :, None] - high[:, :, parts])
    low[:, :, parts] = np.maximum(low[:, :, parts], down)
    high[:, :, parts] = np.minimum(high[:, :, parts], up)


def _beside(low: Ints, high: Ints, base: Ints, item: Implied) -> None:
    """Those of the whole alone are not fewer than nobody: each side is bounded by the others."""
    lines, counted, sign = item.lines, item.counted[None, :, None], item.signs[None, :, None]
    fewest = np.where(counted, low[:, lines], base[:, lines] - high[:, lines])
    most = np.where(counted, high[:, lines], base[:, lines] - low[:, lines])
    # The most that each side can add to those of the whole alone; what the others leave is the least.
    adds = np.where(sign > 0, most, -fewest)
    least = adds - adds.sum(axis=1, keepdims=True)
    fewest = np.where(sign > 0, np.maximum(fewest, least), fewest)
    most = np.where(sign > 0, most, np.minimum(most, -least))
    low[:, lines] = np.where(counted, fewest, base[:, lines] - most)
    high[:, lines] = np.where(counted, most, base[:, lines] - fewest)
