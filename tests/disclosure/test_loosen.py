"""Hiding more where rounded figures bind: one block in which every one of many numbers is too narrow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from rcs_pipeline.disclosure import loosen as loosening
from rcs_pipeline.disclosure.linear import System
from rcs_pipeline.disclosure.loosen import loosen
from rcs_pipeline.disclosure.witness import widths

PAIRS, NEED = 30, 4.0
# Numbers: of every pair two that are hidden and one that is shown; the shown ones are tied to each other.
HIDDEN = np.tile([True, True, False], PAIRS)


def block() -> System:
    """Sums leave every pair twenty values; a figure, which goes with the shown number, leaves it three."""
    size, rows = 3 * PAIRS, np.zeros((2 * PAIRS + 1, 3 * PAIRS))
    for pair in range(PAIRS):
        rows[pair, 3 * pair : 3 * pair + 3] = 1.0
        rows[PAIRS + pair, 3 * pair : 3 * pair + 2] = 1.0, 1.3
    rows[-1, 2::3] = 1.0
    room = np.concatenate([np.zeros(PAIRS), np.full(PAIRS, 0.4), [0.0]])
    owner = np.full(2 * PAIRS + 1, -1)
    owner[PAIRS : 2 * PAIRS] = np.arange(2, size, 3)
    far = np.full(size, 10.0)
    return System(sparse.csr_array(rows), -room, room, -far, far, np.full(size, NEED), owner)


def test_many_narrow_numbers_are_helped_before_all_is_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loosening, "MOST_ROUNDS", 3)
    found = loosen(block(), HIDDEN, np.ones(3 * PAIRS), seed=1)
    assert not found.narrow.any()
    columns = np.flatnonzero(found.hidden)
    assert not widths(block().in_force(found.hidden).part(columns), seed=2).narrow.any()


def test_a_few_narrow_numbers_hide_no_more_than_they_need() -> None:
    bound = block()
    owner = np.where(np.arange(len(bound.owner)) > PAIRS + 2, -1, bound.owner)
    free = (bound.owner >= 0) & (owner < 0)
    room = np.where(free, 100.0, bound.row_upper)
    found = loosen(
        System(bound.rows, -room, room, bound.lower, bound.upper, bound.need, owner), HIDDEN,
        np.ones(3 * PAIRS), seed=1,
    )  # fmt: skip
    assert not found.narrow.any()
    assert (found.hidden & ~HIDDEN).sum() <= 4


@pytest.mark.parametrize(("limit", "value"), [("MOST_PROGRAMMES", 0), ("MOST_ROUNDS", 1)])
def test_a_search_that_is_given_up_says_what_is_still_narrow(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(loosening, limit, value)
    monkeypatch.setattr(loosening, "MANY", PAIRS * 3)
    found = loosen(block(), HIDDEN, np.ones(3 * PAIRS), seed=1)
    assert found.narrow.any()
    columns = np.flatnonzero(found.hidden)
    narrow = columns[widths(block().in_force(found.hidden).part(columns), seed=2).narrow]
    assert set(narrow.tolist()) <= set(np.flatnonzero(found.narrow).tolist())
