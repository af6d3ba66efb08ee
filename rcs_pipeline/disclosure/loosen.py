"""Hiding more where rounded figures leave a hidden number too little room.

Belongs here: the loop of judging and hiding for the few blocks in which figures bind, and the programme
that says what to hide: other numbers, or figures that stand in the way.
Does not belong here: the choice that knows of sums alone (see `secondary`), what a figure says (`figures`).

With the rows of figures the corners of a programme are fractions, and a move in whole numbers through a whole
block takes minutes. So a move here need not be whole: what takes part in it is hidden, and what it breaks of
a figure's row hides the figure. Whether that was enough is judged again in whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rcs_pipeline.disclosure.linear import TOLERANCE, Bools, Floats, Ints, System, components, optimum
from rcs_pipeline.disclosure.witness import Proved, Widths, widths

HIDDEN_COST = 1e-3
MOST_ROUNDS = 40
# After so many programmes what is still narrow stays so, and the gate stays closed.
MOST_PROGRAMMES = 5_000
# What a pupil's weight by which a row breaks costs, beside a pupil that moves: the programme's figures lose
# least so.
BREAKS = 0.1
# How many narrow numbers of a block are many, and how many of those are helped before all is judged again.
MANY, AT_ONCE = 20, 100
# How often a move is priced anew by the last one, and below which change the price no longer grows.
REPRICED, NEAR = 4, 0.05


@dataclass(frozen=True)
class Loosened:
    """Which numbers are hidden in the end, and which stay narrower than asked."""

    hidden: Bools
    narrow: Bools
    programmes: int


def loosen(
    everything: System, hidden: Bools, cost: Floats, seed: int, proved: Proved | None = None,
    apart: Ints | None = None,
) -> Loosened:  # fmt: skip
    """Hide more until every hidden number has its width, rows of figures in force while they are shown.

    Each round hides something more for each narrow block, or gives its number up; what is narrow after the
    last round, or after too many programmes, stays so, and the audit says so.

    Args:
        everything: all numbers, with rows that have owners; `need` is what each needs once it is hidden.
        hidden: those hidden to begin with.
        cost: of showing no longer a number that is shown.
        seed: of the witnesses.
        proved: of these numbers, when no number was hidden that is shown now.
        apart: parts of blocks, in each of which is looked first with the others as they are.
    """
    proved = proved.copy() if proved else Proved.nothing(everything.size)
    hidden, blocks, programmes = hidden.copy(), components(everything.rows), 0
    apart = blocks if apart is None else apart
    stuck = np.zeros(everything.size, dtype=bool)
    active = np.ones(everything.size, dtype=bool)
    for _ in range(MOST_ROUNDS):
        columns = np.flatnonzero(hidden & active)
        now = everything.in_force(hidden)
        asked = now.unasked(stuck).part(columns)
        judged = widths(asked, seed, enough=AT_ONCE, proved=proved.of(columns), apart=apart[columns])
        programmes += judged.programmes
        proved.put(columns, judged)
        failing = columns[judged.narrow]
        if not failing.size:
            return Loosened(hidden, stuck, programmes)
        if programmes > MOST_PROGRAMMES:
            break
        for block in np.unique(blocks[failing]):
            first, *others = failing[blocks[failing] == block][:AT_ONCE].tolist()
            # A few are helped one by one, and so with the least.
            others = others if len(others) >= MANY else []
            more, took = _more(now, apart, first, hidden, cost, _room(judged, columns, first))
            if not more.size:
                more, further = _more(now, blocks, first, hidden, cost, _room(judged, columns, first))
                took += further
            programmes += took
            hidden[more] = True
            stuck[first] = not more.size
            for target in others:
                # Perhaps the first has helped it already: no more for it than it needs.
                now = everything.in_force(hidden)
                more, took = _more(
                    now, apart, target, hidden, cost, _room(judged, columns, target), further=False
                )
                programmes += took
                hidden[more] = True
        # A block without a narrow number is as it was.
        active = np.isin(blocks, blocks[failing])
    columns = np.flatnonzero(hidden & active)
    left = everything.in_force(hidden).unasked(stuck).part(columns)
    judged = widths(left, seed, enough=AT_ONCE, proved=proved.of(columns), apart=apart[columns])
    stuck[columns[judged.narrow | judged.open(left)]] = True
    return Loosened(hidden, stuck, programmes + judged.programmes)


def _room(judged: Widths, columns: Ints, target: int) -> tuple[float, float]:
    number = int(np.searchsorted(columns, target))
    return float(judged.least[number]), float(judged.most[number])


def _more(
    now: System, blocks: Ints, target: int, hidden: Bools, cost: Floats, room: tuple[float, float],
    *, further: bool = True,
) -> tuple[Ints, int]:  # fmt: skip
    """What to hide more in the block of a narrow number; where it moves already, for one `further` off."""
    own = np.flatnonzero(blocks == blocks[target])
    part, number = now.part(own), int(np.searchsorted(own, target))
    price = np.where(hidden[own], HIDDEN_COST, cost[own])
    need = float(part.need[number])
    up, down = need + room[0], need - room[1]
    most = max(float(part.upper[number]), -float(part.lower[number]))
    programmes = 0
    while True:
        programmes += 1
        found = own[_taking_part(part, number, price, up, down)]
        found = found[~hidden[found]]
        if found.size or not further or max(up, down) > min(most, 4 * need):
            return found, programmes
        up, down = up + 1, down + 1


def _taking_part(part: System, number: int, price: Floats, up: float, down: float) -> Ints:
    """The numbers that change, and the owners of rows that break, in the cheapest move of the number.

    It goes to the side where it has more room, as far as it should or as far as it can.
    """
    from scipy import sparse

    owner = np.full(part.rows.shape[0], -1) if part.owner is None else part.owner
    owned = np.flatnonzero(owner >= 0)
    loose = sparse.csr_array(
        (np.ones(len(owned)), (owned, np.arange(len(owned)))), shape=(len(owner), len(owned))
    )
    most, least = part.upper.copy(), -part.lower
    upwards = most[number] >= min(least[number], up)
    most[number] = min(most[number], up) if upwards else 0.0
    least[number] = 0.0 if upwards else min(least[number], down)
    # Columns: changes upwards and downwards, then by how much each figure's row breaks.
    size = part.size
    both = System(
        rows=sparse.hstack([part.rows, -part.rows, -loose], format="csr"),
        row_lower=part.row_lower, row_upper=part.row_upper,
        lower=np.zeros(2 * size + len(owned)),
        upper=np.concatenate([most, least, np.full(len(owned), np.inf)]),
        need=np.zeros(2 * size + len(owned)),
    )  # fmt: skip
    each = np.concatenate([price, price, BREAKS * price[owner[owned]]])
    target = np.zeros(len(each), dtype=bool)
    target[[number, size + number]] = True
    weight = each.copy()
    world = None
    for _ in range(REPRICED):
        weight[target] = -1e3 * (1.0 + weight.max(initial=0.0))
        world = optimum(both, weight)
        if world is None:
            return np.zeros(0, dtype=np.int64)
        # What takes part is hidden, by however little: another unit of that is cheaper than a new one.
        weight = each / (world + NEAR)
    assert world is not None  # noqa: S101
    changed = np.abs(world[:size] - world[size : 2 * size]) > TOLERANCE
    changed[owner[owned[world[2 * size :] > TOLERANCE]]] = True
    return np.flatnonzero(changed)


def loosen_narrow(
    everything: System, hidden: Bools, stuck: Bools, cost: Floats, seed: int, apart: Ints | None = None
) -> Loosened:
    """Go on from a choice that knew of sums alone.

    Few figures bind, and their rows are dense: only the blocks are gone through that hold a number which is
    narrow with them.

    Args:
        everything: all numbers, with the rows of figures.
        hidden: what is hidden so far.
        stuck: what the first choice could not make wide enough; nothing more is asked for it.
        cost: as for `loosen`; so are `seed` and `apart`.
    """
    blocks, columns = components(everything.rows), np.flatnonzero(hidden)
    asked = everything.in_force(hidden).unasked(stuck).part(columns)
    judged = widths(asked, seed, enough=1, apart=None if apart is None else apart[columns])
    narrow = columns[judged.narrow]
    own = np.flatnonzero(np.isin(blocks, blocks[narrow]))
    if not own.size:
        return Loosened(hidden, stuck, judged.programmes)
    part, proved = everything.in_force(hidden).part(own), Proved.nothing(everything.size)
    proved.put(columns, judged)
    found = loosen(
        replace(part, need=np.where(stuck[own], 0.0, part.need)), hidden[own], cost[own], seed,
        proved.of(own), None if apart is None else apart[own],
    )  # fmt: skip
    hidden, stuck = hidden.copy(), stuck.copy()
    hidden[own] |= found.hidden
    stuck[own] |= found.narrow
    return Loosened(hidden, stuck, judged.programmes + found.programmes)
