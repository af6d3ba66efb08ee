"""Lines that make up another exactly: what some of them show gives nothing of the others away."""

from __future__ import annotations

from itertools import product as combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rcs_pipeline.disclosure.implied import Implied, made_up_of
from rcs_pipeline.disclosure.linked import Counts, Protected, Reason, protect_counts
from tests.disclosure.test_secondary import WIDTH, country, limits

LINES = ["missing", "skipped", "refused", "dont_know"]
PARTS = {"missing": ["skipped", "refused", "dont_know"]}


def protected(base: np.ndarray, kinds: np.ndarray, *implied: Implied) -> Protected:
    """Kinds (a row each, with a whole place and its parts) and, first, all of them together."""
    numerators = np.vstack([kinds.sum(axis=0), kinds])
    grid, bases = country(len(base) - 1), np.tile(base, (len(numerators), 1))
    cost = np.where(np.arange(len(base)) == 0, 9.0, 1.0) * (1 + base / 1000)
    worth = np.array([3.0, *np.ones(len(kinds))])
    counts = Counts(grid, bases > 0, bases, numerators, cost, implied=implied, worth=worth)
    return protect_counts(counts, limits(grid, len(numerators)))


def test_a_part_of_nobody_has_no_line_and_what_is_left_of_a_base_is_made_up_by_the_others() -> None:
    (whole,) = made_up_of(PARTS, "pupils", ["missing", "refused", "skipped"])
    assert (whole.lines.tolist(), whole.signs.tolist(), whole.exact) == ([0, 2, 1], [1, -1, -1], True)
    numerators = np.array([[7], [2], [5]])
    assert whole.alone(np.array([[30], [30], [30]]), numerators).tolist() == [0]
    (rest,) = made_up_of({"pupils": ["asked", "not_asked"]}, "pupils", ["asked", "not_asked"])
    assert rest.counted.tolist() == [False, True]
    assert rest.alone(np.array([[30], [30]]), np.array([[21], [9]])).tolist() == [0]
    assert made_up_of(PARTS, "pupils", ["missing"]) == ()


def test_a_kind_is_not_what_the_others_leave_of_all_kinds() -> None:
    base = np.array([900, 300, 300, 300])
    # Three who refused in the first place, and as many in the second.
    kinds = np.array([[160, 50, 50, 60], [16, 3, 3, 10], [40, 12, 13, 15]])
    blind = protected(base, kinds).reasons != Reason.SHOWN
    assert blind[2, 1:3].all() and not blind[[0, 1, 3]].any()
    found = protected(base, kinds, *made_up_of(PARTS, "pupils", LINES))
    hidden = found.reasons != Reason.SHOWN
    # Each is hidden beside another kind; how many are missing in all stays, for that is worth more.
    assert found.narrow == 0
    assert (hidden[1:, 1:3].sum(axis=0) >= 2).all() and not hidden[0].any()


@settings(max_examples=60, deadline=None)
@given(
    first=st.tuples(*[st.integers(0, 7)] * 3), second=st.tuples(*[st.integers(0, 7)] * 3),
    bases=st.tuples(st.integers(22, 30), st.integers(22, 30)),
)  # fmt: skip
def test_whoever_tries_every_world_finds_no_kind_narrow(
    first: tuple[int, ...], second: tuple[int, ...], bases: tuple[int, int]
) -> None:
    base = np.array([sum(bases), *bases])
    kinds = np.array([[a + b, a, b] for a, b in zip(first, second, strict=True)])
    found = protected(base, kinds, *made_up_of(PARTS, "pupils", LINES))
    hidden = found.reasons != Reason.SHOWN
    numerators = np.vstack([kinds.sum(axis=0), kinds])
    every = worlds(base, numerators, hidden)
    spread = every.max(axis=0) - every.min(axis=0)
    exempt = (numerators == 0) | (numerators == base)
    assert found.narrow == 0
    assert (spread[hidden & ~exempt] >= WIDTH).all()


def worlds(base: np.ndarray, numerators: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """All numbers of a whole and two parts that keep what is in sight: worlds by lines by slots."""
    each = []
    for slot in (1, 2):
        free = [
            range(int(base[slot]) + 1) if hidden[line, slot] else [int(numerators[line, slot])]
            for line in (1, 2, 3)
        ]
        kinds = np.array(list(combinations(*free)))
        of_all = kinds.sum(axis=1)
        fits = of_all <= base[slot] if hidden[0, slot] else of_all == numerators[0, slot]
        each.append(np.column_stack([of_all, kinds])[fits])
    # Of the place above only what is in sight ties the two.
    ties = ~hidden[:, 0]
    found, second = [], {}
    for row in each[1]:
        second.setdefault(tuple(row[ties]), []).append(row)
    for row in each[0]:
        for other in second.get(tuple((numerators[:, 0] - row)[ties]), ()):
            found.append(np.column_stack([row + other, row, other]))
    return np.array(found)
