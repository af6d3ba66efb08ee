"""Other worlds that fit everything an attacker knows of the schools of one partnership.

Belongs here: moving counts between the schools so that every sum of the partnership stays and every band is
kept, and remembering how far each row has been seen from the truth.
Does not belong here: which bands are shown (see `bands`), judging them (see `audit_bands`).

Arrays are schools x lines (indicators) x cells or rows; a row is a sum of cells. A world is told by what it
moves. In a world *together* what one school gains others lose, cell by cell; in a world *alone* each school
stands for itself, and nothing is known of the sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rcs_pipeline.disclosure.alone import farthest
from rcs_pipeline.disclosure.linear import Bools, Ints

# Worlds in a row that show nothing new, after which the search of a line ends.
PATIENCE = 10
ROUNDS = 2
# How many schools ask for something in one line.
FEW = (1, 2, 4, 1_000_000, 1_000_000, 1_000_000)
# More pupils than there are: a bound that says nothing.
MANY = 1_000_000


class Kind(StrEnum):
    """What a world keeps besides the bands."""

    TOGETHER = "together"
    ALONE = "alone"


@dataclass(frozen=True)
class Schools:
    """What is true of the schools of one partnership, and which cells each row is the sum of.

    `base`, `count`: of the finest cells. `row_base`, `row_count`: of the rows; they may hold pupils who are
    in no cell. `members`: rows x cells.
    """

    base: Ints
    count: Ints
    row_base: Ints
    row_count: Ints
    members: Bools

    def free(self) -> Ints:
        """How wide each row is where nothing is published but the sums of the partnership."""
        others_base = self.base.sum(axis=0) - self.base
        total = self.count.sum(axis=0)
        least = np.maximum(0, total - others_base)
        return np.asarray((np.minimum(self.base, total) - least) @ self.members.T)

    def outside(self) -> Ints:
        """How many pupils of each row stand in no cell: no world moves them."""
        return np.maximum(self.row_base - self.by_itself(), 0)

    def by_itself(self) -> Ints:
        """How wide each row is where nothing at all is published."""
        return np.asarray(self.base @ self.members.T)


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest number that the band of each row leaves."""

    low: Ints
    high: Ints


@dataclass(frozen=True)
class World:
    """What one world moves: cells of the schools, for the lines (by number) in which it was kept."""

    kind: Kind
    lines: Ints
    moved: Ints


class Worlds:
    """The worlds found so far, and how far below and above the truth each row was seen in them."""

    def __init__(self, schools: Schools, seed: int) -> None:
        """No world yet."""
        self.schools, self.found = schools, list[World]()
        shape = schools.row_base.shape
        self._below = {kind: np.zeros(shape, dtype=np.int64) for kind in Kind}
        self._above = {kind: np.zeros(shape, dtype=np.int64) for kind in Kind}
        self._random = np.random.default_rng(seed)

    def seen(self, kind: Kind) -> Ints:
        """How far apart the worlds of a kind show every row; those together count as worlds alone as well."""
        return self._below[kind] + self._above[kind]

    def seek(self, kind: Kind, bounds: Bounds, need: Ints) -> Bools:
        """Look for worlds until every row has the width it needs, or nothing new is found.

        For a school alone the rest is worked out: what is still narrow then is narrow.

        Returns:
            The rows that are still too narrow.
        """
        stale = np.zeros(need.shape[1], dtype=np.int64)
        while True:
            narrow = self.seen(kind) < need
            lines = np.flatnonzero(narrow.any(axis=(0, 2)) & (stale < PATIENCE))
            if not len(lines):
                return narrow if kind is Kind.TOGETHER else self._work_out(bounds, need)
            moved = self._another(kind, lines, bounds, need)
            kept = self._keep(kind, lines, moved, narrow[:, lines])
            stale[lines] = np.where(kept, 0, stale[lines] + 1)

    def _work_out(self, bounds: Bounds, need: Ints) -> Bools:
        """The rows that are narrow for whoever knows no sums, once all of their schools were worked out."""
        narrow = self.seen(Kind.ALONE) < need
        for school, line, moved in farthest(self.schools, bounds, np.asarray(narrow.any(axis=2))):
            lines, number = np.unique(line, return_inverse=True)
            of_all = np.zeros((len(narrow), len(lines), moved.shape[1]), dtype=np.int64)
            of_all[school, number] = moved
            narrow = self.seen(Kind.ALONE) < need
            self._keep(Kind.ALONE, lines, of_all, narrow[:, lines])
        return self.seen(Kind.ALONE) < need

    def _another(self, kind: Kind, lines: Ints, bounds: Bounds, need: Ints) -> Ints:
        """One world: rows that are too narrow are moved as far as they need, the others give and take."""
        schools, draw = self.schools, self._random
        sign, first = self._signs(kind, lines, need)
        # Cells and rows first, so that each is one stretch of memory.
        ways = np.ascontiguousarray(sign.transpose(2, 0, 1))
        moved, gain, loss, rise, fall = (
            np.ascontiguousarray(item[:, lines].transpose(2, 0, 1))
            for item in (
                np.zeros_like(schools.count), schools.base - schools.count, schools.count,
                bounds.high - schools.row_count, schools.row_count - bounds.low,
            )
        )  # fmt: skip
        counted = [np.flatnonzero(schools.members[:, cell]) for cell in range(len(ways))]
        most = int(need.max(initial=1))
        for _ in range(ROUNDS):
            for cell in draw.permutation(len(ways)):
                way = ways[cell]
                # What is wanted of a cell is `most`; what one school does not take is left for others.
                asked = np.where(way != 0, most, MANY)
                up, down = np.minimum(gain[cell], asked), np.minimum(loss[cell], asked)
                for row in counted[cell]:
                    up, down = np.minimum(up, rise[row]), np.minimum(down, fall[row])
                step = _trade(up, down, way, first) if kind is Kind.TOGETHER else _shift(up, down, way)
                moved[cell] += step
                gain[cell] -= step
                loss[cell] += step
                for row in counted[cell]:
                    rise[row] -= step
                    fall[row] += step
        return np.asarray(moved.transpose(1, 2, 0))

    def _signs(self, kind: Kind, lines: Ints, need: Ints) -> tuple[Ints, Ints]:
        """Which way each cell is to move (0: as others need it), and the order in which schools are served.

        Of each school one row that is too narrow is drawn. The rest of the school goes the other way, so that
        the bands above the row are kept, or gives and takes. In half of the lines only few schools ask for
        something: where few are counted, those must come from all the others.
        """
        schools, draw = self.schools, self._random
        below, above = self._below[kind][:, lines], self._above[kind][:, lines]
        wanted = need[:, lines] - below - above
        key = np.where(wanted > 0, draw.random(wanted.shape), -1.0)
        row = key.argmax(axis=2)[:, :, None]
        narrow = np.asarray((wanted > 0).any(axis=2))
        count = schools.row_count[:, lines]
        rise = np.minimum(schools.row_base[:, lines] - count - above, wanted)
        fall = np.minimum(count - below, wanted)
        up = np.maximum(np.take_along_axis(rise, row, 2)[:, :, 0], 0)
        down = np.maximum(np.take_along_axis(fall, row, 2)[:, :, 0], 0)
        direction = np.where(draw.random(up.shape) * (up + down + 0.02) < up + 0.01, 1, -1)
        rest = np.where(draw.random(up.shape) < 0.5, -direction, 0)
        sign = np.where(schools.members[row[:, :, 0]], direction[:, :, None], rest[:, :, None])
        first = np.argsort(draw.random(narrow.shape) - narrow, axis=0)
        turn = np.argsort(first, axis=0)
        asking = narrow & ((turn < draw.choice(FEW, len(lines))) | (kind is Kind.ALONE))
        return sign * asking[:, :, None], first

    def _keep(self, kind: Kind, lines: Ints, moved: Ints, narrow: Bools) -> Bools:
        """Keep the world in the lines (alone: the schools) where it shows a narrow row farther out."""
        off = moved @ self.schools.members.T
        below, above = self._below[kind][:, lines], self._above[kind][:, lines]
        new = np.asarray((narrow & ((off > above) | (-off > below))).any(axis=2))
        if kind is Kind.TOGETHER:
            new = np.broadcast_to(new.any(axis=0), new.shape)
        off, moved = off * new[:, :, None], moved * new[:, :, None]
        kept = np.asarray(new.any(axis=0))
        if kept.any():
            self.found.append(World(kind, lines[kept], moved[:, kept]))
        # What fits the sums as well fits without them.
        for one in (Kind.ALONE,) if kind is Kind.ALONE else tuple(Kind):
            self._below[one][:, lines] = np.maximum(self._below[one][:, lines], -off)
            self._above[one][:, lines] = np.maximum(self._above[one][:, lines], off)
        return kept


def _trade(up: Ints, down: Ints, way: Ints, first: Ints) -> Ints:
    """What each school gains of one cell so that together nothing is gained, for every line at once.

    `up` and `down`: the room of each school. `first`: the schools in the order in which they are served. The
    schools that want to gain, those that want to lose, and the others (who even it out) are served apart.
    """
    gains, losses, others = up * (way > 0), down * (way < 0), way == 0
    wanted, offered = gains.sum(axis=0), losses.sum(axis=0)
    gained = np.minimum(wanted, offered + (down * others).sum(axis=0))
    lost = np.minimum(offered, wanted + (up * others).sum(axis=0))
    more = gained > lost
    most = np.stack((gains, losses, np.where(more, down, up) * others))
    total = np.stack((gained, lost, np.abs(gained - lost)))
    lines = np.arange(way.shape[1])
    turn = most[:, first, lines]
    before = turn.cumsum(axis=1) - turn
    shared = np.empty_like(most)
    shared[:, first, lines] = np.minimum(np.maximum(total[:, None] - before, 0), turn)
    return np.asarray(shared[0] - shared[1] + np.where(more, -shared[2], shared[2]))


def _shift(up: Ints, down: Ints, way: Ints) -> Ints:
    """As far as each school may go by itself."""
    return np.asarray(np.where(way > 0, up, 0) - np.where(way < 0, down, 0))
