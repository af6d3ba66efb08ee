"""What an attacker can derive, compared with counting every world one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from rcs_pipeline.disclosure import attack
from rcs_pipeline.disclosure.attack import Knowledge, interval, judge
from rcs_pipeline.disclosure.witness import widths
from tests.disclosure.small_tables import (
    all_patterns,
    knowledge,
    margins,
    patterns_up_to_order,
    ranges,
    system,
)

THREE = np.array([3, 0, 2, 1, 4, 1, 3, 2, 0])
FOUR = np.array([2, 0, 1, 1, 0, 3, 0, 1, 1, 1, 1, 0, 0, 0, 1, 2])


def compare(
    sums: np.ndarray, values: np.ndarray, hidden: list[int], needs: tuple[int, ...] = (1, 2, 4)
) -> None:
    """Both the attacker's exact intervals and the search's verdicts against the count."""
    true = ranges(sums, values, hidden)
    known = knowledge(sums, values, hidden)
    assert [interval(known, number) for number in range(len(hidden))] == true
    for need in needs:
        narrow = [most - least < need for least, most in true]
        assert judge(known, np.full(len(hidden), float(need))).narrow.tolist() == narrow
        whole = system(sums, values, need).part(np.array(hidden))
        assert widths(whole, seed=1).narrow.tolist() == narrow


def test_a_third_of_the_kinds_of_pattern_of_a_three_by_three() -> None:
    kinds = patterns_up_to_order(3, 3)
    assert len(kinds) == 35
    for hidden in kinds[::3]:
        compare(margins(3, 3), THREE, hidden, needs=(2,))


def test_a_hidden_total_is_an_unknown_like_any_other() -> None:
    # Cells 0 to 3 of a two by two, then its row totals, column totals and the grand total.
    sums = np.array([
        [1, 1, 0, 0, -1, 0, 0, 0, 0], [0, 0, 1, 1, 0, -1, 0, 0, 0], [1, 0, 1, 0, 0, 0, -1, 0, 0],
        [0, 1, 0, 1, 0, 0, 0, -1, 0], [0, 0, 0, 0, 1, 1, 0, 0, -1],
    ], dtype=float)  # fmt: skip
    values = np.array([2, 3, 4, 1, 5, 5, 6, 4, 10])
    hidden = [0, 1, 4]  # the first row with its total: only the grand total and the columns hold it
    found = [interval(knowledge(sums, values, hidden), number) for number in range(3)]
    assert found == [(2, 2), (3, 3), (5, 5)]
    assert widths(system(sums, values, 1).part(np.array(hidden)), seed=1).narrow.all()


def test_what_a_search_that_was_given_up_leaves_open_is_narrow_and_not_called_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dense rows of rounded figures, each world counted; then no branches at all for the same search."""
    numbers, most, width = 6, 4, 3
    worlds = np.array(list(product(range(most + 1), repeat=numbers)))
    open_then = open_now = not_found = 0
    for seed in range(12):
        chance = np.random.default_rng(seed)
        rows = chance.integers(0, 30, (2, numbers))
        totals = rows @ chance.integers(0, most + 1, numbers)
        fit = worlds[(np.abs(worlds @ rows.T - totals) <= 2.5).all(axis=1)]
        spread = fit.max(axis=0) - fit.min(axis=0)
        known = Knowledge(
            sparse.csr_array((0, numbers)), np.zeros(0), np.zeros(numbers), np.full(numbers, float(most)),
            sparse.csr_array(np.vstack([rows, -rows]).astype(float)),
            np.concatenate([totals + 2.5, 2.5 - totals]),
        )  # fmt: skip
        asked = np.full(numbers, float(width))
        found = judge(known, asked)
        assert found.narrow.tolist() == (spread < width).tolist()
        with monkeypatch.context() as given_up:
            given_up.setattr(attack, "BRANCHES", 0)
            left = judge(known, asked)
            ends = [_interval(known, number) for number in range(numbers)]
        true = zip(ends, fit.min(axis=0), fit.max(axis=0), strict=True)
        assert all(end in (None, (least, greatest)) for end, least, greatest in true)
        assert (left.narrow >= found.narrow).all()
        assert not left.known[spread > 0].any()
        open_then += int(found.narrow.sum())
        open_now += int(left.narrow.sum())
        not_found += ends.count(None)
    assert open_now > open_then and not_found, "no search was given up, so nothing is tested"


def _interval(known: Knowledge, number: int) -> tuple[float, float] | None:
    """The interval, or None where an end was not found."""
    try:
        return interval(known, number)
    except ValueError as error:
        assert "branches" in str(error)
        return None


@pytest.mark.long
def test_every_pattern_of_a_three_by_three() -> None:
    for hidden in all_patterns(3, 3):
        compare(margins(3, 3), THREE, hidden)


@pytest.mark.long
def test_every_kind_of_pattern_of_a_four_by_four() -> None:
    kinds = patterns_up_to_order(4, 4)
    assert len(kinds) == 316
    for hidden in kinds:
        compare(margins(4, 4), FOUR, hidden)


def test_whole_numbers_can_be_narrower_than_fractions() -> None:
    # a + b = 1, b + c = 1, a + c = 2d: with fractions d ranges over [0, 1]; in whole numbers a = c, so d too.
    sums = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, -2]], dtype=float)
    values = np.array([1, 0, 1, 1])
    known = knowledge(sums, values, [0, 1, 2, 3])
    assert interval(known, 3) == (0, 1)
    # An odd cycle: a + b, b + c and a + c are each 1 + the shown; only halves lie between.
    odd = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, -1]], dtype=float)
    assert interval(knowledge(odd, np.array([1, 1, 1, 3]), [0, 1, 2, 3]), 3) == (3, 3)
