"""Comparisons with the wave before, other tranches and similar partnerships."""

from __future__ import annotations

import math
from itertools import pairwise

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from rcs_pipeline.warehouse import comparisons
from tests.warehouse.comparing import (
    DISLIKED,
    LIKED,
    NEUTRAL,
    Row,
    answer,
    catalogue,
    estimate,
    make,
    plain,
)

TABLE = "indicator_comparisons"


def two_waves(before: float, after: float, error: float = 0.01, **given: object) -> list[Row]:
    return [estimate(before, error, wave="w1", **given), estimate(after, error, wave="w2", **given)]


def test_the_normal_curve_is_that_of_scipy() -> None:
    points = [*np.linspace(-9, 9, 181), 0.0, 7.0710678, 7.0710679, 20.0, 38.0, -38.0]
    values = ", ".join(f"({float(point)!r})" for point in points)
    query = plain("select {{ normal_above('z') }} from (values " + values + ") as t(z)")
    with duckdb.connect() as connection:
        found = [row[0] for row in connection.execute(query).fetchall()]
    assert np.allclose(found, norm.sf(points), rtol=1e-9, atol=1e-15)


def test_two_waves_are_compared_by_a_z_test() -> None:
    """0.30 (error 0.02) and 0.36 (error 0.015): difference 0.06, error 0.025, z 2.4, p 0.0164."""
    rows = answer(TABLE, [estimate(0.30, 0.02, wave="w1"), estimate(0.36, 0.015, wave="w2")])
    assert len(rows) == 1
    row = rows[0]
    assert (row["compared_with"], row["wave"], row["other_wave"]) == ("earlier_wave", "w2", "w1")
    assert (row["estimate"], row["other_estimate"]) == (0.36, 0.30)
    assert row["difference"] == pytest.approx(0.06)
    assert row["difference_error"] == pytest.approx(0.025)
    assert row["z"] == pytest.approx(2.4)
    assert row["p_value"] == pytest.approx(2 * norm.sf(2.4))
    assert row["difference_lower"] == pytest.approx(0.06 - norm.ppf(0.975) * 0.025)
    assert row["comparison"] == "better"


@pytest.mark.parametrize(
    ("indicator", "after", "word"),
    [(LIKED, 0.4, "better"), (LIKED, 0.2, "worse"), (LIKED, 0.301, "similar"),
     (DISLIKED, 0.4, "worse"), (DISLIKED, 0.2, "better"), (DISLIKED, 0.301, "similar"),
     (NEUTRAL, 0.4, "higher"), (NEUTRAL, 0.2, "lower"), (NEUTRAL, 0.301, "similar")],
)  # fmt: skip
def test_the_word_follows_the_polarity(indicator: str, after: float, word: str) -> None:
    rows = answer(TABLE, two_waves(0.3, after, indicator_id=indicator))
    assert [row["comparison"] for row in rows] == [word]


def test_a_break_forbids_the_test_and_says_why() -> None:
    rows = answer(TABLE, two_waves(0.3, 0.5), breaks=[(LIKED, "w2", "w1", "the list of answers changed")])
    assert [row["break_flag"] for row in rows] == [True]
    assert rows[0]["break_reason"] == "the list of answers changed"
    assert rows[0]["comparison"] == "cannot_compare"
    assert all(
        rows[0][name] is None
        for name in ("difference", "difference_error", "z", "p_value", "adjusted_p_value")
    )


@pytest.mark.parametrize("wave", ["w1", "w2"])
def test_a_caution_about_either_estimate_forbids_the_test(wave: str) -> None:
    cells = [row | {"quality_flag": "u" if row["wave"] == wave else None} for row in two_waves(0.3, 0.5)]
    row = answer(TABLE, cells)[0]
    assert (row["comparison"], row["z"], row["break_flag"]) == ("cannot_compare", None, False)
    assert row["difference"] == pytest.approx(0.2)


def test_a_wave_is_compared_with_the_last_one_that_the_place_had() -> None:
    cells = [estimate(0.3, wave="w1"), estimate(0.4, wave="w3"), estimate(0.5, wave="w4")]
    assert [(row["wave"], row["other_wave"]) for row in answer(TABLE, cells)] == [("w3", "w1"), ("w4", "w3")]


def test_nothing_at_all_varying_is_no_reason_to_divide_by_nothing() -> None:
    """0 % in both waves: the standard error is nothing, half of Wilson's interval stands for it."""
    cells = two_waves(0.0, 0.0, error=0.0, lower=0.0, upper=0.04)
    row = answer(TABLE, cells)[0]
    assert row["difference_error"] == pytest.approx(math.sqrt(2) * 0.04 / (2 * norm.ppf(0.975)))
    assert row["comparison"] == "similar"


def test_the_programme_of_other_partnerships_is_another_programme() -> None:
    cells = [
        estimate(0.3, wave=wave, geography_code=code, tranche=tranche)
        for wave, codes in (("w1", ("A", "B")), ("w2", ("A",)))
        for code, tranche in zip(codes, "12", strict=False)
    ]
    whole = [estimate(0.3, wave=wave, geography_level="programme", geography_code="rcs", tranche=None)
             for wave in ("w1", "w2")]  # fmt: skip
    first = [estimate(0.3, wave=wave, geography_level="tranche", geography_code="1") for wave in ("w1", "w2")]
    found = {row["geography_level"]: row for row in answer(TABLE, cells + whole + first)
             if row["compared_with"] == "earlier_wave"}  # fmt: skip
    assert found["programme"]["break_reason"] == "other partnerships than in the wave before"
    assert found["programme"]["comparison"] == "cannot_compare"
    assert found["tranche"]["comparison"] == found["cpp"]["comparison"] == "similar"


def tranches() -> list[Row]:
    given = {"geography_level": "tranche"}
    return [
        estimate(0.20, 0.01, 1000, geography_code="1", **given),
        estimate(0.30, 0.02, 2000, geography_code="2", collected="2017-18", **given),
        estimate(0.40, 0.03, 3000, geography_code="3", collected="2018-19", **given),
    ]


def test_a_tranche_is_compared_with_the_others_together() -> None:
    """Tranche 1 with 2 and 3: (2 x 0.3 + 3 x 0.4) / 5 = 0.36; error root of 0.04^2 + 0.09^2 over 5."""
    rows = {row["geography_code"]: row for row in answer(TABLE, tranches())}
    assert set(rows) == {"1", "2", "3"}
    first = rows["1"]
    assert (first["compared_with"], first["others"], first["other_base"]) == ("other_tranches", "2, 3", 5000)
    assert first["other_collected"] == "2017-18, 2018-19"
    assert first["other_estimate"] == pytest.approx(0.36)
    error = math.sqrt((2 * 0.02) ** 2 + (3 * 0.03) ** 2) / 5
    assert first["z"] == pytest.approx(-0.16 / math.sqrt(0.01**2 + error**2))
    assert first["comparison"] == "worse"
    assert rows["3"]["others"] == "1, 2"


def test_a_tranche_alone_is_compared_with_nobody() -> None:
    assert answer(TABLE, tranches()[:1]) == []


def test_a_partnership_is_compared_with_its_family_group() -> None:
    cells = [estimate(0.2, geography_code="A"), estimate(0.5, geography_code="B"),
             estimate(0.7, base=3000, geography_code="C"), estimate(0.9, geography_code="D")]  # fmt: skip
    rows = answer(TABLE, cells, similar=[("w1", "A", "B"), ("w1", "A", "C")])
    assert [(row["geography_code"], row["others"]) for row in rows] == [("A", "B, C")]
    assert rows[0]["other_estimate"] == pytest.approx((0.5 + 3 * 0.7) / 4)
    assert rows[0]["compared_with"] == "similar_cpps"


def many(z: list[float]) -> list[Row]:
    """One place with as many indicators as there are values of z."""
    step = 0.01 * math.sqrt(2)
    return [row for number, value in enumerate(z)
            for row in two_waves(0.3, 0.3 + value * step, indicator_id=f"i{number:03}")]  # fmt: skip


@settings(max_examples=8)
@given(st.lists(st.floats(-6, 6), min_size=1, max_size=40))
def test_benjamini_and_hochberg_agree_with_statsmodels(z: list[float]) -> None:
    rows = sorted(answer(TABLE, many(z)), key=lambda row: row["indicator_id"])
    _, adjusted, _, _ = multipletests([row["p_value"] for row in rows], method="fdr_bh")
    assert np.allclose([row["adjusted_p_value"] for row in rows], adjusted, atol=1e-12)
    assert {row["family_tests"] for row in rows} == {len(z)}


def test_the_adjusted_p_value_decides() -> None:
    """2.1 alone would differ; among nineteen that do not it is no longer sure."""
    lone = answer(TABLE, many([2.1]))
    among = answer(TABLE, many([2.1] + [0.1] * 19))
    assert lone[0]["comparison"] == "higher"
    assert {row["comparison"] for row in among} == {"similar"}


@pytest.mark.parametrize("numerator", [0, 3, 5])
def test_families_are_apart_and_do_not_say_where_few_are_counted(numerator: int) -> None:
    groups = [row | {"group_by": "sex", "group_value": "female"} for row in many([2.1, 0.1])]
    few = [row | {"indicator_id": "few", "numerator": numerator} for row in two_waves(0.003, 0.003)]
    cautious = [row | {"indicator_id": "cautious", "quality_flag": "few_clusters"} for row in many([0.3])]
    rows = answer(TABLE, many([2.1, 0.1, 0.2]) + groups + few + cautious)
    assert {(row["group_by"], row["family_tests"]) for row in rows} == {("all", 5), ("sex", 2)}
    by_id = {row["indicator_id"]: row for row in rows if row["group_by"] == "all"}
    assert by_id["cautious"]["comparison"] == "cannot_compare"
    assert by_id["i000"]["adjusted_p_value"] == pytest.approx(5 * by_id["i000"]["p_value"])


def test_adjusting_never_reorders() -> None:
    rows = answer(TABLE, many([0.1 * number for number in range(40)]))
    by_p = sorted(rows, key=lambda row: row["p_value"])
    assert all(one["adjusted_p_value"] <= two["adjusted_p_value"] for one, two in pairwise(by_p))
    assert all(row["adjusted_p_value"] >= row["p_value"] for row in rows)


def test_breaks_are_those_declared_and_those_of_the_forms() -> None:
    """Wave 3 had a form of its own. Low mood cannot be compared at all; another indicator can, w1 and w2."""
    text = comparisons.breaks_model(catalogue(), catalogue().product("rcs"), "the tests")
    forms = {"w1": ["main"], "w2": ["main", "combined"], "w3": ["new"]}
    with duckdb.connect() as connection:
        make(connection, "registered_waves", {"wave": "varchar", "position": "integer"},
             [(wave, number) for number, wave in enumerate(forms, start=1)])  # fmt: skip
        indicators = [
            ("p_low_mood", "primary", None),
            ("p_fine", "primary", None),
            ("p_old", "primary", "main"),
        ]
        names = dict.fromkeys(("indicator_id", "instrument", "versions"), "varchar")
        make(connection, "registered_indicators", names, indicators)
        answers = [(wave, form) for wave, held in forms.items() for form in held]
        for name in ("pupils_wellbeing_primary", "pupils_wellbeing_secondary"):
            make(connection, name, {"wave": "varchar", "questionnaire_version": "varchar"}, answers)
        found = connection.execute(f"select * from ({plain(text)}) order by all").fetchall()
    reasons = {(indicator, wave, other): reason for indicator, wave, other, reason in found}
    other_form = "no form of the questionnaire in common"
    assert reasons["p_fine", "w3", "w2"] == reasons["p_fine", "w3", "w1"] == other_form
    assert ("p_fine", "w2", "w1") not in reasons
    relative = reasons["p_low_mood", "w2", "w1"]
    assert "relative" in relative
    assert reasons["p_low_mood", "w3", "w2"] == f"{other_form}; {relative}"
    # Nobody was asked in wave 3: there is no figure that a flag could stand at.
    assert ("p_old", "w3", "w2") not in reasons
