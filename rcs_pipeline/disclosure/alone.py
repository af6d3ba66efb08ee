"""How far the bands of one school leave its answers open, exactly.

Belongs here: the world of a school's question in which a row is as far off as its bands let it be.
Does not belong here: worlds that keep the sums of a partnership (see `worlds`, which finds most of these as
well, and faster), what follows for the bands (`bands`).

Whether bands say too much must hang on the bands alone: a search that finds worlds from some answers and not
from others tells them apart. Of two kinds of groups, as sex and stage are, that do not overlap, a programme
over the cells ends in whole numbers; a world that does not is none. Pupils in no cell stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System, optimum, whole_world

if TYPE_CHECKING:
    from rcs_pipeline.disclosure.worlds import Bounds, Schools

# Schools and questions that share a programme: they say nothing of one another.
AT_ONCE = 400


def farthest(schools: Schools, bounds: Bounds, asked: Bools) -> Iterator[tuple[Ints, Ints, Ints]]:
    """For each row, upwards and downwards, what moves in some schools and lines that are asked about.

    Args:
        schools: the truth.
        bounds: what the band of each row leaves.
        asked: schools by lines.

    Yields:
        the schools, their lines, and what is moved of each cell.
    """
    school, line = asked.nonzero()
    if not schools.members.shape[1]:
        # Nobody stands in a cell, so nobody can be moved.
        return
    for start in range(0, len(school), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        at = school[some], line[some]
        for row in range(len(schools.members)):
            for sign in (1, -1):
                moved = _world(schools, bounds, at, sign * schools.members[row])
                if moved is not None:
                    yield *at, moved


def _world(schools: Schools, bounds: Bounds, at: tuple[Ints, Ints], members: Ints) -> Ints | None:
    """What moves where some cells together hold as few as they can (or, with the signs turned, as many)."""
    from scipy import sparse

    count, of_rows = schools.count[at], schools.row_count[at]
    nothing = np.zeros(count.size)
    known = System(
        sparse.kron(sparse.eye_array(len(count)), schools.members.astype(float), format="csr"),
        _flat(bounds.low[at] - of_rows), _flat(bounds.high[at] - of_rows), _flat(-count),
        _flat(schools.base[at] - count), nothing,
    )  # fmt: skip
    world = optimum(known, np.tile(members.astype(float), len(count)))
    if world is None:
        return None
    moved, proved = whole_world(known, world)
    return np.where(proved, moved, 0.0).astype(np.int64).reshape(count.shape)


def _flat(values: Ints) -> Floats:
    return values.ravel().astype(float)
