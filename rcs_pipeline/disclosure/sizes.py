"""How many answered in a school: what the kinds of the bands in sight tell of it.

Belongs here: the policy's sizes, what each kind of band says in words, and the bounds that follow for a group
of few answers.
Does not belong here: the counts behind the bands (see `worlds`), choosing bands (`bands`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rcs_pipeline.contracts.banding import BandSize
from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy
from rcs_pipeline.disclosure.linear import Bools, Ints
from rcs_pipeline.disclosure.worlds import MANY


@dataclass(frozen=True)
class BandRules:
    """The policy's numbers.

    `minimum_base`: below which the open tables do not say how many of a partnership answered.
    """

    sizes: tuple[BandSize, ...]
    minimum_school: int
    width: int
    seed: int
    minimum_base: int

    @classmethod
    def of(cls, policy: DisclosurePolicy) -> BandRules:
        """From a policy that the loader has looked through."""
        return cls(
            sizes=policy.school_bands or (),
            minimum_school=int(policy.minimum_school or 0),
            width=int(policy.interval_width or 0),
            seed=int(policy.seed or 0),
            minimum_base=policy.minimum_base,
        )


@dataclass(frozen=True)
class Rows:
    """What the rows of the schools are, beside their counts: `ways` numbers what each is grouped by.

    `everybody`: the number of the row of all. `exists`: whether the table has the row.
    """

    ways: tuple[int, ...]
    everybody: int
    exists: Bools


def size_bounds(parts: Ints, rules: BandRules) -> tuple[Ints, Ints]:
    """How many answered, as far as the kind of band tells: the fewest and the most."""
    fewest, most = np.zeros(parts.shape, dtype=np.int64), np.full(parts.shape, MANY)
    for size, last in zip(rules.sizes, _lasts(rules.sizes), strict=True):
        of_kind = parts == size.parts
        fewest[of_kind], most[of_kind] = size.base, last
    return fewest, most


def size_words(sizes: Sequence[BandSize]) -> dict[int, str]:
    """In words, by the number of parts."""
    return {
        size.parts: f"{size.base} to {last}" if last < MANY else f"{size.base} or more"
        for size, last in zip(sizes, _lasts(sizes), strict=True)
    }


def _lasts(sizes: Sequence[BandSize]) -> list[int]:
    return [*(size.base - 1 for size in sizes[1:]), MANY]


def narrow_bases(parts: Ints, base: Ints, rows: Rows, rules: BandRules) -> Bools:
    """Rows of few answers whose number the kinds of the other bands tell too closely."""
    low, high = bounds_of_bases(parts, base, rows, rules)
    secret = rows.exists & (base >= 1) & (base < rules.sizes[0].base)
    shown = np.asarray((parts > 0).any(axis=2))[:, :, None]
    return np.asarray(secret & shown & (high - low < rules.width))


def bounds_of_bases(parts: Ints, base: Ints, rows: Rows, rules: BandRules) -> tuple[Ints, Ints]:
    """The fewest and the most who can have answered, of every row.

    What the kinds of bands tell is carried through the sums: each grouping of a school adds up to everybody,
    and the schools add up to their partnership, until nothing becomes narrower.
    """
    low, high = (item * rows.exists for item in size_bounds(parts, rules))
    total = base.sum(axis=0)
    told = total >= rules.minimum_base
    while True:
        before = int(low.sum() - high.sum())
        _within_schools(low, high, base, rows)
        rest_low, rest_high = low.sum(axis=0) - low, high.sum(axis=0) - high
        np.maximum(low, np.where(told, total - rest_high, low), out=low)
        np.minimum(high, np.where(told, total - rest_low, high), out=high)
        if int(low.sum() - high.sum()) == before:
            return low, high


def _within_schools(low: Ints, high: Ints, base: Ints, rows: Rows) -> None:
    ways, everybody = np.array(rows.ways), rows.everybody
    for way in sorted({*rows.ways} - {rows.ways[everybody]}):
        own = np.flatnonzero(ways == way)
        # Those in no group of this kind are known, as what the published sums leave out is.
        rest = base[:, :, everybody] - base[:, :, own].sum(axis=2)
        fewest, most = low[:, :, own].sum(axis=2) + rest, high[:, :, own].sum(axis=2) + rest
        low[:, :, everybody] = np.maximum(low[:, :, everybody], fewest)
        high[:, :, everybody] = np.minimum(high[:, :, everybody], most)
        up = high[:, :, everybody][:, :, None] - (fewest[:, :, None] - low[:, :, own])
        down = low[:, :, everybody][:, :, None] - (most[:, :, None] - high[:, :, own])
        low[:, :, own] = np.maximum(low[:, :, own], down)
        high[:, :, own] = np.minimum(high[:, :, own], up)
