"""Ranks of partnerships with the places that they may truly have, and trends over several waves."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from tests.warehouse.comparing import DISLIKED, LIKED, NEUTRAL, Row, answer, estimate

RANKS, TRENDS = "cpp_ranks", "indicator_trends"


def cpps(values: list[float], error: float = 0.01, **given: object) -> list[Row]:
    return [
        estimate(value, error, geography_code="ABCDEFGHIJ"[number], **given)
        for number, value in enumerate(values)
    ]


def places(rows: list[Row]) -> dict[str, tuple[int, int, int]]:
    return {row["geography_code"]: (row["place"], row["place_lower"], row["place_upper"]) for row in rows}


def test_places_by_hand() -> None:
    """Errors of 0.01: A is far above B and C (z above 14), which are 0.7 errors of a difference apart."""
    found = answer(RANKS, cpps([0.8, 0.6, 0.59]))
    assert places(found) == {"A": (1, 1, 1), "B": (2, 2, 3), "C": (3, 2, 3)}
    assert {row["places"] for row in found} == {3}
    assert {row["geography_code"]: row["others"] for row in found}["A"] == "B, C"


@pytest.mark.parametrize(
    ("indicator", "first", "by"),
    [(LIKED, "A", "best_first"), (DISLIKED, "B", "best_first"), (NEUTRAL, "A", "highest_first")],
)
def test_the_best_stands_first(indicator: str, first: str, by: str) -> None:
    rows = answer(RANKS, cpps([0.8, 0.2], indicator_id=indicator))
    assert [(row["geography_code"], row["ranked_by"]) for row in rows if row["place"] == 1] == [(first, by)]


def test_equal_estimates_share_a_place() -> None:
    assert places(answer(RANKS, cpps([0.5, 0.5, 0.9, 0.1]))) == {
        "A": (2, 2, 3), "B": (2, 2, 3), "C": (1, 1, 1), "D": (4, 4, 4),
    }  # fmt: skip


def test_a_partnership_alone_has_no_place() -> None:
    row = answer(RANKS, cpps([0.5]))[0]
    assert (row["place"], row["place_lower"], row["places"], row["symbol"]) == (None, None, None, "z")


def test_waves_and_indicators_are_ranked_apart() -> None:
    rows = answer(
        RANKS, [*cpps([0.5, 0.9]), *cpps([0.9, 0.5], wave="w2"), *cpps([0.7, 0.1], indicator_id="i")]
    )
    assert [row["place"] for row in rows if row["geography_code"] == "A"].count(1) == 2


def test_no_list_of_others_says_who_has_too_few_pupils() -> None:
    few = cpps([0.5, 0.9, 0.1])
    few[1] |= {"base": 20, "numerator": 18}
    rows = answer(RANKS, few)
    assert places(rows) == places(answer(RANKS, cpps([0.5, 0.9, 0.1])))
    # Whose rank stands beside a withheld estimate is withheld as well, and so are all of them.
    assert {row["geography_code"]: row["others"] for row in rows} == {"A": "B, C", "B": "A, C", "C": "A, B"}


def test_a_caution_leaves_the_order_open() -> None:
    doubtful = cpps([0.9, 0.5, 0.1])
    doubtful[0]["quality_flag"] = "u"
    assert places(answer(RANKS, doubtful)) == {"A": (1, 1, 3), "B": (2, 1, 2), "C": (3, 2, 3)}


def by_numpy(values: list[float], errors: list[float]) -> list[tuple[int, int, int]]:
    """The same by definition: one-sided tests of all ordered pairs, adjusted by statsmodels' Holm."""
    size = len(values)
    pairs = list(permutations(range(size), 2))
    p = [norm.sf((values[b] - values[a]) / np.hypot(errors[a], errors[b])) for a, b in pairs]
    sure = multipletests(p, alpha=0.05, method="holm")[1] <= 0.05
    above = [sum(s for (a, _), s in zip(pairs, sure, strict=True) if a == k) for k in range(size)]
    below = [sum(s for (_, b), s in zip(pairs, sure, strict=True) if b == k) for k in range(size)]
    return [
        (1 + sum(v > values[k] for v in values), 1 + int(above[k]), size - int(below[k])) for k in range(size)
    ]


shares = st.integers(50, 950).map(lambda n: n / 1000)
some = st.lists(st.tuples(shares, st.integers(5, 50).map(lambda n: n / 1000)), min_size=2, max_size=8)


@settings(max_examples=8)
@given(some, st.randoms())
def test_ranges_hold_the_place_and_do_not_depend_on_order(
    cells: list[tuple[float, float]], chance: object
) -> None:
    rows = [
        estimate(value, error, geography_code="ABCDEFGH"[number])
        for number, (value, error) in enumerate(cells)
    ]
    found = places(answer(RANKS, rows))
    assert all(1 <= lower <= place <= upper <= len(cells) for place, lower, upper in found.values())
    chance.shuffle(rows)  # type: ignore[attr-defined]
    assert places(answer(RANKS, rows)) == found
    expected = by_numpy([value for value, _ in cells], [error for _, error in cells])
    assert [found["ABCDEFGH"[number]] for number in range(len(cells))] == expected


def series(values: list[float], error: float = 0.01, **given: object) -> list[Row]:
    return [
        estimate(value, error, wave=f"w{number}", **given) for number, value in enumerate(values, start=1)
    ]


def trend(rows: list[Row], **given: object) -> list[Row]:
    return sorted(answer(TRENDS, rows, also=("indicator_comparisons",), **given), key=lambda row: row["wave"])


def test_a_direction_needs_three_waves() -> None:
    rows = trend(series([0.3, 0.4, 0.5]))
    assert [row["direction"] for row in rows] == ["cannot_compare", "cannot_compare", "better"]
    assert [row["waves_in_run"] for row in rows] == [1, 2, 3]
    assert rows[2]["waves"] == "w1, w2, w3"
    assert rows[2]["change_per_wave"] == pytest.approx(0.1)
    assert rows[2]["change_error"] == pytest.approx(0.01 / np.sqrt(2))


def test_the_slope_is_that_of_weighted_least_squares() -> None:
    values, errors = [0.30, 0.34, 0.33, 0.41], [0.01, 0.03, 0.02, 0.015]
    cells = [row | {"standard_error": error} for row, error in zip(series(values), errors, strict=True)]
    last = trend(cells)[-1]
    (slope, _), covariance = np.polyfit(range(4), values, 1, w=1 / np.array(errors), cov="unscaled")
    assert last["change_per_wave"] == pytest.approx(slope)
    assert last["change_error"] == pytest.approx(np.sqrt(covariance[0, 0]))
    assert last["p_value"] == pytest.approx(2 * norm.sf(abs(slope) / np.sqrt(covariance[0, 0])))


def test_a_break_starts_the_series_anew() -> None:
    rows = trend(series([0.3, 0.4, 0.8, 0.9]), breaks=[(LIKED, "w3", "w2", "other wording")])
    assert [(row["break_flag"], row["waves_in_run"]) for row in rows] == [
        (False, 1), (False, 2), (True, 1), (False, 2),
    ]  # fmt: skip
    assert rows[2]["break_reason"] == "other wording"
    assert {row["direction"] for row in rows} == {"cannot_compare"}


def test_a_flat_series_is_similar_and_a_falling_one_follows_the_polarity() -> None:
    assert trend(series([0.3, 0.301, 0.3]))[-1]["direction"] == "similar"
    assert trend(series([0.5, 0.4, 0.3], indicator_id=DISLIKED))[-1]["direction"] == "better"
    assert trend(series([0.5, 0.4, 0.3], indicator_id=NEUTRAL))[-1]["direction"] == "lower"
