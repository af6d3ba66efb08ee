"""Which bands the schools of one partnership show: as many as leave every number wide enough.

Belongs here: the edges of bands in whole numbers, what few answers hide, and withdrawing bands until worlds
prove the rest.
Does not belong here: finding worlds (see `worlds`), how many answered (`sizes`), reading and writing tables
(`school_bands`), judging what was written (`audit_bands`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rcs_pipeline.disclosure.band_ends import Related, narrow_rows, to_take_back
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
    """Show the finest bands that the sizes allow, and take back what would say too much.

    It ends: whatever is taken back stays so, and where nothing is shown nothing is asked for.
    """
    parts, worlds = allowed(schools.row_base, rows, rules), Worlds(schools, rules.seed)
    # Once each row is wide beside the other questions, coarser bands and fewer leave it so.
    _widen_beside_others(parts, schools, rows, rules, related)
    while True:
        _widen_bases(parts, schools, rows, rules)
        bounds = bounds_of(parts, schools)
        together, alone = needs(parts, schools, rows, rules.width)
        narrow = worlds.seek(Kind.TOGETHER, bounds, together)
        single = worlds.seek(Kind.ALONE, bounds, alone)
        if not narrow.any() and not single.any():
            return Chosen(parts, tuple(worlds.found))
        _withdraw(parts, single if single.any() else narrow, schools, rows, rules)


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
    while (narrow := narrow_bases(parts, schools.row_base, rows, rules)).any():
        _withdraw(parts, narrow, schools, rows, rules, coarser=False)


def _widen_beside_others(
    parts: Ints, schools: Schools, rows: Rows, rules: BandRules, related: Related
) -> None:
    def narrow() -> Bools:
        return narrow_rows(bounds_of(parts, schools), schools, rows, related, rules.width)

    while related.implied and (found := narrow()).any():
        for at in zip(
            *to_take_back(found, parts > 0, schools.row_base, rows, related.groups).nonzero(), strict=True
        ):
            parts[at] = _fewer(int(parts[at]), rules)


def _withdraw(
    parts: Ints, narrow: Bools, schools: Schools, rows: Rows, rules: BandRules, *, coarser: bool = True
) -> None:
    """One step for each school and line with a row that is too narrow: that row, else what pins it.

    The row itself first; then rows of the same school, groups before everybody and small before large; then
    rows of the partnership's other schools.
    """
    rank = schools.row_base + MANY * (np.arange(parts.shape[2]) == rows.everybody)
    for line in np.flatnonzero(narrow.any(axis=(0, 2))):
        for school in np.flatnonzero(narrow[:, line].any(axis=1)):
            own = narrow[school, line] & (parts[school, line] > 0)
            options = own if own.any() else parts[school, line] > 0
            if options.any():
                row = int(np.where(options, rank[school, line], 4 * MANY).argmin())
                parts[school, line, row] = _fewer(int(parts[school, line, row]), rules) if coarser else 0
        if not coarser or narrow[:, line][(parts[:, line] > 0).any(axis=1)].any():
            continue
        others = np.where(parts[:, line] > 0, rank[:, line], 4 * MANY)
        if (parts[:, line] > 0).any():
            last = np.unravel_index(int(others.argmin()), others.shape)
            parts[last[0], line, last[1]] = 0


def _fewer(parts: int, rules: BandRules) -> int:
    """The next coarser kind of band, every band of which is made of whole bands of this one; else none."""
    return max(
        (size.parts for size in rules.sizes if size.parts < parts and parts % size.parts == 0), default=0
    )
