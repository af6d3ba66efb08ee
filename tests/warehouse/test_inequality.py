"""Slope and relative index of inequality, gap and ratio; who is like whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcs_pipeline.warehouse import comparisons
from tests.warehouse import comparing
from tests.warehouse.comparing import DISLIKED, LIKED, MEAN, NEUTRAL, Row, answer, estimate

TABLE = "inequality"
NORMAL = 1.959963984540054


def quintiles(
    values: list[float],
    weights: list[float] | None = None,
    errors: list[float] | None = None,
    **given: object,
) -> list[Row]:
    weights, errors = weights or [1000.0] * 5, errors or [0.01] * 5
    return [
        estimate(
            value, errors[number], group_by="simd_quintile", group_value=str(number + 1),
            **({"weighted_base": weights[number]} | given),
        )
        for number, value in enumerate(values)
    ]  # fmt: skip


def only(rows: list[Row]) -> Row:
    assert len(rows) == 1
    return rows[0]


def test_five_equal_groups_by_hand() -> None:
    """Middles 0.1 to 0.9; squares about a half 0.16 + 0.04 + 0 + 0.04 + 0.16 = 0.4, a fifth of it 0.08.

    0.30, 0.28, 0.24, 0.22, 0.16: levers 1, 0.5, 0, -0.5, -1, so 0.30 + 0.14 - 0.11 - 0.16 = 0.17 in all.
    The error is 0.01 times the root of 1 + 0.25 + 0.25 + 1; the average 0.24; 0.17 / 0.24 = 0.7083.
    """
    row = only(answer(TABLE, quintiles([0.30, 0.28, 0.24, 0.22, 0.16], indicator_id=DISLIKED)))
    assert row["slope_index"] == pytest.approx(0.17)
    assert row["slope_error"] == pytest.approx(0.01 * np.sqrt(2.5))
    assert row["slope_lower"] == pytest.approx(0.17 - NORMAL * 0.01 * np.sqrt(2.5))
    assert row["average"] == pytest.approx(0.24)
    assert row["relative_index"] == pytest.approx(0.17 / 0.24)
    assert row["gap"] == pytest.approx(0.14)
    assert row["gap_upper"] == pytest.approx(0.14 + NORMAL * 0.01 * np.sqrt(2))
    assert row["ratio"] == pytest.approx(1.875)
    error = np.hypot(0.01 / 0.30, 0.01 / 0.16)
    assert row["ratio_lower"] == pytest.approx(1.875 * np.exp(-NORMAL * error))
    assert (row["comparison"], row["symbol"]) == ("worse", None)


share = st.integers(20, 900).map(lambda n: n / 1000)
five = st.lists(share, min_size=5, max_size=5)


@settings(max_examples=8)
@given(five, st.lists(st.integers(40, 9000).map(float), min_size=5, max_size=5), five)
def test_the_slope_is_that_of_weighted_least_squares_on_ridits(
    values: list[float], weights: list[float], errors: list[float]
) -> None:
    errors = [error / 50 for error in errors]
    row = only(answer(TABLE, quintiles(values, weights, errors)))
    size = np.array(weights) / sum(weights)
    middle = np.cumsum(size) - size / 2
    design = np.column_stack([np.ones(5), middle])
    hat = np.linalg.inv(design.T @ (size[:, None] * design)) @ design.T * size
    slope = -hat[1] @ values
    average = size @ np.array(values)
    assert row["slope_index"] == pytest.approx(slope, abs=1e-12)
    assert row["slope_error"] == pytest.approx(np.sqrt((hat[1] ** 2) @ np.array(errors) ** 2))
    gradient = -hat[1] / average - slope * size / average**2
    relative = np.sqrt(gradient**2 @ np.array(errors) ** 2)
    assert row["relative_index"] == pytest.approx(slope / average, abs=1e-12)
    assert row["relative_upper"] - row["relative_index"] == pytest.approx(NORMAL * relative)


def test_a_missing_group_leaves_no_figure_but_a_symbol() -> None:
    row = only(answer(TABLE, quintiles([0.30, 0.28, 0.24, 0.22, 0.16])[:4]))
    assert row["symbol"] == "x"
    assert row["comparison"] == "cannot_compare"
    numbers = ("slope_index", "slope_error", "relative_index", "gap", "gap_lower", "ratio", "ratio_upper")
    assert {row[name] for name in numbers} == {None}


def test_a_mean_score_has_no_relative_figures() -> None:
    row = only(answer(TABLE, quintiles([20.0, 21.0, 22.0, 23.0, 24.0], indicator_id=MEAN, numerator=None)))
    assert row["slope_index"] == pytest.approx(-5.0)
    assert [row[name] for name in ("relative_index", "relative_lower", "ratio", "ratio_upper")] == [None] * 4
    assert row["comparison"] == "worse"


def test_nobody_in_the_best_off_group_gives_no_ratio() -> None:
    cells = quintiles([0.2, 0.1, 0.1, 0.1, 0.0], errors=[0.01, 0.01, 0.01, 0.01, 0.0])
    row = only(answer(TABLE, cells))
    assert (row["ratio"], row["symbol"]) == (None, None)
    assert row["gap_lower"] < 0.2 < row["gap_upper"]


@pytest.mark.parametrize(("indicator", "word"), [(LIKED, "better"), (DISLIKED, "worse"), (NEUTRAL, "higher")])
def test_the_word_is_about_the_most_deprived(indicator: str, word: str) -> None:
    assert (
        only(answer(TABLE, quintiles([0.5, 0.4, 0.3, 0.2, 0.1], indicator_id=indicator)))["comparison"]
        == word
    )


def test_a_caution_about_a_group_is_one_about_the_whole() -> None:
    cells = quintiles([0.5, 0.4, 0.3, 0.2, 0.1])
    cells[2]["quality_flag"] = "u"
    row = only(answer(TABLE, cells))
    assert (row["quality_flag"], row["comparison"]) == ("u", "cannot_compare")


def alike(places: dict[str, tuple[float, float, int]]) -> list[tuple[str, str, int, float, bool]]:
    """The family groups of places with shares of deprivation and rurality, and a roll."""
    import duckdb

    collections = [("w1", f"c{code}", code, f"Place {code}") for code in places]
    catalogue = comparing.catalogue()
    product = catalogue.product("rcs")
    model = comparisons.comparison_model(catalogue, product, product.table("similar_cpps"), "the tests")
    with duckdb.connect() as connection:
        names = dict.fromkeys(("wave", "collection", "cpp_code", "cpp_name"), "varchar")
        comparing.make(connection, "registered_collections", names, collections)
        roll = dict.fromkeys(("collection", "cpp_code"), "varchar")
        roll |= {"pupils": "integer", "simd_q1_share": "double"}
        # Two schools each, one of them without known deprivation.
        rolls = [("c" + code, code, count - 10 * part, None if part else deprived)
                 for code, (deprived, _, count) in places.items() for part in (0, 1)]  # fmt: skip
        comparing.make(connection, "stg_school_roll", roll, rolls)
        frame = {"council": "varchar", "pupil_roll": "integer", "urban_rural_8": "varchar"}
        schools = [(code, round(1000 * part), name) for code, (_, rural, _) in places.items()
                   for part, name in ((rural, "Remote rural areas"), (1 - rural, "Large urban"))]  # fmt: skip
        comparing.make(connection, "stg_school_statistics", frame, schools)
        columns = "geography_code, other_code, nearness, distance, is_similar"
        return connection.execute(f"select {columns} from ({comparing.plain(model)})").fetchall()


def test_similar_places_by_definition() -> None:
    places = {"A": (0.3, 0.0, 1000), "B": (0.28, 0.1, 1200), "C": (0.05, 0.8, 500), "D": (0.1, 0.6, 700),
              "E": (0.2, 0.3, 3000)}  # fmt: skip
    rows = alike(places)
    values = np.array([(d, r, np.log(2 * n - 10)) for d, r, n in places.values()])
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    codes = list(places)
    for own, other, nearness, distance, is_similar in rows:
        difference = standard[codes.index(own)] - standard[codes.index(other)]
        assert distance == pytest.approx(np.sqrt(np.array([2, 1, 1]) @ difference**2))
        assert is_similar == (nearness <= 3)
    assert len(rows) == 20
    nearest = {own: other for own, other, nearness, _, _ in rows if nearness == 1}
    assert (nearest["A"], nearest["C"]) == ("B", "D")


def test_what_does_not_vary_tells_nothing() -> None:
    rows = alike({"A": (0.3, 0.0, 1000), "B": (0.2, 0.0, 1000), "C": (0.1, 0.0, 1000)})
    assert all(distance > 0 for _, _, _, distance, _ in rows)
