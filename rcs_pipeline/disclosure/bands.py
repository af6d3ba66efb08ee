"""Which bands the schools of one partnership show: as many as leave every number wide enough.

Belongs here: the edges of bands in whole numbers, what few answers hide, and taking back the bands of a
school's question until worlds prove the rest.
Does not belong here: finding worlds (see `worlds`), how many answered (`sizes`), reading and writing tables
(`school_bands`), judging what was written (`audit_bands`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rcs_pipeline.disclosure.band_ends import Related, narrow_rows
from rcs_pipeline.disclosure.linear import Bools, Ints
from rcs_pipeline.disclosure.sizes import BandRules, Rows, narrow_bases
from rcs_pipeline.disclosure.worlds import MANY, Bounds, Kind, Schools, World, Worlds

NONE_RELATED = Related(())


class Why(StrEnum):
    """Why a row shows no band."""

    FEW_ANSWERS = "few_answers"
    SMALL_SCHOOL = "small_school"
    SECONDARY = "secondary"


@dataclass(frozen=True)
class Chosen:
    """`parts`: in how many parts each row is shown, 0 for not at all."""

    parts: Ints
    worlds: tuple[World, ...]


def choose(schools: Schools, rows: Rows, rules: BandRules, related: Related = NONE_RELATED) -> Chosen:
    """Show the bands that the sizes allow, or nothing of a school's question where that says too much.

    Who knows the method asks of a missing band which answers it would have said too much of. Of a row left
    away by itself, or of a coarser band, there are few; of a question that is left away there are many.

    It ends: whatever is taken back stays so, and where nothing is shown nothing is asked for.
    """
    parts, worlds = allowed(schools.row_base, rows, rules), Worlds(schools, rules.seed)
    _widen_bases(parts, schools, rows, rules)
    # Once each row is wide beside the other questions, fewer bands leave it so.
    _widen_beside_others(parts, schools, rows, rules, related)
    while True:
        bounds = bounds_of(parts, schools)
        together, alone = needs(parts, schools, rows, rules.width)
        narrow = worlds.seek(Kind.TOGETHER, bounds, together)
        single = worlds.seek(Kind.ALONE, bounds, alone)
        if not narrow.any() and not single.any():
            return Chosen(parts, tuple(worlds.found))
        each = np.arange(parts.shape[1])[:, None]
        _take_back(parts, single if single.any() else narrow, schools.row_base[:, :, rows.everybody], each)


def allowed(base: Ints, rows: Rows, rules: BandRules) -> Ints:
    """The number of parts that the size of each row, and of its school, allows."""
    parts = np.zeros(base.shape, dtype=np.int64)
    for size in rules.sizes:
        parts[base >= size.base] = size.parts
    small = base[:, :, rows.everybody] < rules.minimum_school
    parts[small | ~rows.exists[:, :, rows.everybody]] = 0
    parts[~rows.exists] = 0
    return parts


def bounds_of(parts: Ints, schools: Schools) -> Bounds:
    """The whole numbers that lie in the band of each row; any where none is shown."""
    base, count = schools.row_base, schools.row_count
    many = np.maximum(parts, 1)
    band = band_of(parts, base, count)
    low = -(-band * base // many)
    high = np.where(band == many - 1, base, -(-(band + 1) * base // many) - 1)
    return Bounds(np.where(parts > 0, low, -MANY), np.where(parts > 0, high, MANY))


def band_of(parts: Ints, base: Ints, count: Ints) -> Ints:
    """Which part of the hundred the share lies in, from 0; everybody is in the last."""
    many = np.maximum(parts, 1)
    return np.asarray(np.minimum(count * many // np.maximum(base, 1), many - 1))


def needs(parts: Ints, schools: Schools, rows: Rows, width: int) -> tuple[Ints, Ints]:
    """How wide each row must be: for whoever knows the partnership's sums, and for whoever does not.

    As wide as the policy says, or as it would be if nothing of the schools were shown. Where nothing is,
    nothing is asked for.
    """
    shown = parts > 0
    somewhere = np.asarray(shown.any(axis=(0, 2)))[None, :, None] & rows.exists
    here = np.asarray(shown.any(axis=2))[:, :, None] & rows.exists
    outside = schools.outside() * (parts > 0)
    together = np.minimum(width, schools.free() + outside) * somewhere
    alone = np.minimum(width, schools.by_itself() + outside) * here
    return np.asarray(together), np.asarray(alone)


def _widen_bases(parts: Ints, schools: Schools, rows: Rows, rules: BandRules) -> None:
    """Rows left away for the few who answered beside them: which ones hangs on how many answered alone.

    The smallest of the same school and line, groups before everybody.
    """
    rank = schools.row_base + MANY * (np.arange(parts.shape[2]) == rows.everybody)
    while (narrow := narrow_bases(parts, schools.row_base, rows, rules)).any():
        for school, line in zip(*np.asarray(narrow.any(axis=2)).nonzero(), strict=True):
            shown = parts[school, line] > 0
            parts[school, line, int(np.where(shown, rank[school, line], 4 * MANY).argmin())] = 0


def _widen_beside_others(
    parts: Ints, schools: Schools, rows: Rows, rules: BandRules, related: Related
) -> None:
    def narrow() -> Bools:
        return narrow_rows(bounds_of(parts, schools), schools, rows, related, rules.width)

    if not related.implied:
        return
    allowed_parts, answers = parts.copy(), schools.row_base[:, :, rows.everybody]
    while (found := narrow()).any():
        for lines in related.groups:
            _take_back_one(parts, found, answers, lines)
    # What went before others did is given back where those are enough.
    gone = (allowed_parts > 0).any(axis=2) & ~(parts > 0).any(axis=2)
    for school, line in np.argwhere(gone)[::-1]:
        parts[school, line] = allowed_parts[school, line]
        if narrow().any():
            parts[school, line] = 0


def _take_back_one(parts: Ints, narrow: Bools, answers: Ints, lines: Ints) -> None:
    """Show nothing more of one of several related lines in each school where a row of them is too narrow.

    Of those with such a row, else of all, the one that shows fewest rows. Where no school does, in another.
    """
    shown, there = (parts[:, lines] > 0).sum(axis=2), np.asarray(narrow[:, lines].any(axis=2))
    schools = np.flatnonzero(there.any(axis=1) & shown.any(axis=1))
    for school in schools:
        in_sight = shown[school] > 0
        own = in_sight & there[school]
        parts[school, lines[np.where(own if own.any() else in_sight, shown[school], MANY).argmin()]] = 0
    if there.any() and not schools.size:
        _take_back(parts, narrow, answers, [lines])


def _take_back(parts: Ints, narrow: Bools, answers: Ints, groups: Iterable[Ints]) -> None:
    """Show nothing more of a group of lines in the schools where a row of it is too narrow.

    Where none of these shows any, in the school where fewest answered of those that do.
    """
    for lines in groups:
        shown = (parts[:, lines] > 0).any(axis=(1, 2))
        there = np.asarray(narrow[:, lines].any(axis=(1, 2)))
        if not there.any() or not shown.any():
            continue
        if not (there & shown).any():
            there[np.where(shown, answers[:, lines].max(axis=1), MANY).argmin()] = True
        parts[np.ix_(there, lines)] = 0
