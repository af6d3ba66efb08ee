"""Scores, bands and indicators on rows that a person can check by hand: the traps of each instrument."""

from __future__ import annotations

from typing import Any

import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.warehouse.design import survey_of
from tests.warehouse.scored import Pupil, Scorer

EMOTIONAL = ("sdq_03", "sdq_08", "sdq_13", "sdq_16", "sdq_24")
HYPERACTIVITY = ("sdq_02", "sdq_10", "sdq_15", "sdq_21", "sdq_25")
SHORT = tuple(f"wemwbs_{number:02d}" for number in (1, 2, 3, 6, 7, 9, 11))
LONG = tuple(f"wemwbs_{number:02d}" for number in range(1, 15))
KIDSCREEN = tuple(f"kidscreen_{number:02d}" for number in range(1, 11))
POOR = {
    "fas_car": 1, "fas_own_bedroom": 0, "fas_computers": 1, "fas_bathrooms": 1, "fas_dishwasher": 0,
    "fas_holidays": 1,
}  # fmt: skip
RICH = {
    "fas_car": 3, "fas_own_bedroom": 1, "fas_computers": 4, "fas_bathrooms": 4, "fas_dishwasher": 1,
    "fas_holidays": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def secondary(catalogue: Catalogue) -> Scorer:
    return Scorer(catalogue, "secondary")


@pytest.fixture(scope="module")
def primary(catalogue: Catalogue) -> Scorer:
    return Scorer(catalogue, "primary")


def pupil(items: tuple[str, ...], answers: list[int | None], **other: Any) -> Pupil:
    return {
        "stage": "S3", "sex": 1, "questionnaire_version": "main", **dict(zip(items, answers, strict=True)),
        **other,
    }  # fmt: skip


def of(scorer: Scorer, column: str, *pupils: Pupil) -> list[Any]:
    return [row[column] for row in scorer(pupils)]


def test_halves_are_rounded_up_and_three_answers_are_enough(secondary: Scorer) -> None:
    vectors: list[tuple[list[int | None], int | None]] = [
        ([2, 1, 1, None, None], 7),
        ([1, 0, 1, 0, None], 3),  # 2.5, which a banker rounds to 2
        ([0, 0, 1, 1, None], 3),
        ([0, 1, None, 0, 1], 3),
        ([1, 1, None, None, None], None),
        ([2, 2, 2, 2, 2], 10),
        ([1, None, 1, 1, None], 5),
        ([0, 0, 0, 0, 0], 0),
    ]
    pupils = [pupil(EMOTIONAL, answers) for answers, _ in vectors]
    assert of(secondary, "sdq_emotional__score", *pupils) == [score for _, score in vectors]


def test_reversed_items_are_reversed_before_they_are_added_up(secondary: Scorer) -> None:
    """Added up as they are, the three would give 4, 6 and 10."""
    pupils = [
        pupil(HYPERACTIVITY, [0, 0, 0, 2, 2]),
        pupil(HYPERACTIVITY, [2, 2, 2, 0, 0]),
        pupil(HYPERACTIVITY, [2, 2, 2, 2, 2]),
    ]
    assert of(secondary, "sdq_hyperactivity__score", *pupils) == [0, 10, 6]


def test_the_total_needs_all_four_scales_and_leaves_the_prosocial_one_out(secondary: Scorer) -> None:
    everything = {f"sdq_{number:02d}": 1 for number in range(1, 26)}
    two_left = {name: (1 if name in ("sdq_06", "sdq_11") else None) for name in everything if name in
                ("sdq_06", "sdq_11", "sdq_14", "sdq_19", "sdq_23")}  # fmt: skip
    rows = secondary([pupil((), [], **everything), pupil((), [], **{**everything, **two_left})])
    assert [row["sdq_total__score"] for row in rows] == [20, None]
    assert rows[1]["sdq_peer__score"] is None
    assert rows[0]["sdq_prosocial__score"] == 5


@pytest.mark.parametrize(
    ("score", "three", "four", "raised"),
    [
        # With a parent's cut-points 14 would be raised, and 17 high.
        (14, "normal", "close_to_average", 0), (15, "normal", "slightly_raised", 1),
        (16, "borderline", "slightly_raised", 1), (17, "borderline", "slightly_raised", 1),
        (18, "borderline", "high", 1), (19, "borderline", "high", 1), (20, "abnormal", "very_high", 1),
    ],
)  # fmt: skip
def test_totals_are_cut_where_the_self_report_cuts_them(
    secondary: Scorer, score: int, three: str, four: str, raised: int
) -> None:
    items = (*EMOTIONAL, "sdq_05", "sdq_12", "sdq_18", "sdq_22", "sdq_06")
    other = dict.fromkeys(("sdq_02", "sdq_10", "sdq_15", "sdq_19", "sdq_23"), 0)
    turned = dict.fromkeys(("sdq_07", "sdq_21", "sdq_25", "sdq_11", "sdq_14"), 2)
    points = {name: min(2, max(0, score - 2 * place)) for place, name in enumerate(items)}
    (row,) = secondary([pupil((), [], **points, **other, **turned)])
    assert row["sdq_total__score"] == score
    assert (row["sdq_total__three_band"], row["sdq_total__four_band"]) == (three, four)
    assert row["s_total_raised__y"] == raised


def test_the_short_form_is_converted_and_never_from_the_sum_of_fourteen(secondary: Scorer) -> None:
    rows = secondary([pupil(LONG, [3] * 14), pupil(LONG, [5] * 14), pupil(SHORT, [2, 2, 2, 2, 2, 2, 1])])
    assert [row["wemwbs__score"] for row in rows] == [42, 70, None]
    assert [float(row["swemwbs__score"]) for row in rows] == [19.25, 35.0, 14.75]
    assert rows[0]["s_swemwbs_mean__y"] == 1925


def test_wellbeing_needs_every_item_and_is_not_scored_in_s1(secondary: Scorer) -> None:
    one_short = pupil(LONG, [3] * 13 + [None])
    first_year = pupil(LONG, [3] * 14, stage="S1")
    rows = secondary([one_short, first_year, pupil(SHORT, [3] * 6 + [None])])
    assert [row["wemwbs__score"] for row in rows] == [None, None, None]
    assert [row["swemwbs__score"] and float(row["swemwbs__score"]) for row in rows] == [19.25, None, None]


def test_prorating_wellbeing_is_a_change_of_data_alone(catalogue: Catalogue) -> None:
    """Three of the fourteen may then be missing: 11 answers of 4 and 3 give 14 * 37 / 11, not rounded."""
    long = catalogue.scales["wemwbs"]
    prorated = Scale.model_validate(
        {**long.model_dump(), "method": "prorated_sum", "minimum_answered": 11, "rounding": "none"}
    )
    scorer = Scorer(_with(catalogue, prorated), "secondary")
    eleven = pupil(LONG, [4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, None, None, None])
    ten = pupil(LONG, [4] * 10 + [None] * 4)
    first, second = of(scorer, "wemwbs__score", eleven, ten)
    assert first == pytest.approx(14 * 37 / 11, abs=1e-12)
    assert second is None


def test_kidscreen_reverses_items_3_and_4_and_has_no_t_value(secondary: Scorer, catalogue: Catalogue) -> None:
    rows = secondary([pupil(KIDSCREEN, [5] * 10), pupil(KIDSCREEN, [1, 1, 5, 5, 1, 1, 1, 1, 1, 1]),
                      pupil(KIDSCREEN, [5] * 9 + [None])])  # fmt: skip
    assert [row["kidscreen_10__score"] for row in rows] == [42, 10, None]
    assert not catalogue.scales["kidscreen_10"].conversion


def test_affluence_counts_points_not_codes(secondary: Scorer) -> None:
    pupils = [pupil((), [], **POOR), pupil((), [], **RICH), pupil((), [], **{**RICH, "fas_car": None})]
    assert of(secondary, "fas_3__score", *pupils) == [0, 13, None]


def test_affluence_is_grouped_by_rank_within_sex_stage_and_wave(secondary: Scorer) -> None:
    """Ten girls of S3, one point apart: ridits .05, .15, .25 ... .95, so two are low and two high."""
    scores = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    girls = [{**pupil((), [], questionnaire_version="extended"), **affluence(score)} for score in scores]
    # A boy with the lowest score of all is the only one of his group, so he is in its middle.
    boy = {**girls[0], "sex": 2}
    later = [{**girl, "wave": "w2"} for girl in girls[8:]]
    bands = of(secondary, "fas_3__relative", *girls, boy, *later)
    assert bands[:10] == ["low"] * 2 + ["middle"] * 6 + ["high"] * 2
    assert bands[10:] == ["middle", "middle", "middle"]


def test_ties_of_affluence_are_counted_by_half_and_weights_count(secondary: Scorer) -> None:
    """Weights 1, 3 and 1: ridits .1, .5 and .9. With weights 1 the same three stand at 1/6, 1/2 and 5/6."""
    three = [{**pupil((), [], questionnaire_version="extended"), **affluence(score)} for score in (3, 5, 7)]
    tied = [{**three[1], "design_weight": 1.0} for _ in range(3)]
    assert of(secondary, "fas_3__relative", three[0], *tied, three[2]) == ["low", *["middle"] * 3, "high"]
    # .5 / 1.5 is a third: nobody is low once the lowest weighs as much as all others.
    heavy = {**three[0], "design_weight": 4.0}
    assert of(secondary, "fas_3__relative", heavy, *three[1:]) == ["middle", "middle", "high"]


def test_who_was_not_asked_about_affluence_is_in_no_band(secondary: Scorer) -> None:
    asked = {**pupil((), [], questionnaire_version="extended"), **affluence(5)}
    rows = secondary([asked, pupil((), [])])
    assert [row["fas_3__relative"] for row in rows] == ["middle", None]
    assert [row["s_affluence_low__y"] for row in rows] == [0, None]


def test_the_threshold_of_the_ladder_is_a_parameter(secondary: Scorer) -> None:
    rows = secondary(
        [pupil(("life_ladder",), [step], questionnaire_version="extended") for step in (0, 5, 6, 7, 10, None)]
    )
    assert [row["s_ladder_high__y"] for row in rows] == [0, 0, 1, 1, 1, None]
    assert [row["life_ladder__from_7"] for row in rows] == ["other"] * 3 + ["high"] * 2 + [None]


def test_low_mood_is_relative_to_the_average_of_the_wave(primary: Scorer) -> None:
    """Scores 4, 8, 12: average 8, deviation 3.27, low mood from 10.45 on; in a sadder wave later."""

    def child(sad: int, wave: str = "w") -> Pupil:
        names = ("mood_sad", "mood_worried", "mood_lonely", "mood_cheerful")
        return {"stage": "P5", "wave": wave, **dict(zip(names, (sad, sad, sad, 6 - sad), strict=True))}

    calm = [child(sad) for sad in (1, 2, 3)]
    sadder = [child(sad, "w2") for sad in (3, 4, 5)]
    rows = primary([*calm, *sadder])
    assert [row["primary_low_mood__score"] for row in rows] == [4, 8, 12, 12, 16, 20]
    assert [row["p_low_mood__y"] for row in rows] == [0, 0, 1, 0, 0, 1]
    cut = rows[0]["primary_low_mood__relative__cut_1"]
    assert cut == pytest.approx(8 + 0.75 * (32 / 3) ** 0.5, abs=1e-12)


def test_nobody_stands_out_where_all_have_the_same_score(primary: Scorer) -> None:
    child = {"stage": "P5", "life_going_well": 4, "life_as_wanted": 4, "life_good": 4}
    assert of(primary, "p_life_satisfaction_high__y", child, child) == [0, 0]


def test_conditions_joined_need_every_answer(secondary: Scorer) -> None:
    def bullied(here: int | None, online: int | None) -> Pupil:
        return pupil(("peer_bullied", "peer_bullied_online"), [here, online])

    pupils = [bullied(1, 1), bullied(5, 1), bullied(1, 3), bullied(5, None), bullied(None, 1)]
    assert of(secondary, "s_bullied_any__y", *pupils) == [0, 1, 1, None, None]


def test_a_question_that_was_led_past_counts_as_no(secondary: Scorer) -> None:
    def smoker(ever: int | None, weekly: int | None) -> Pupil:
        return pupil(("sub_smoked_ever", "sub_smokes_weekly"), [ever, weekly])

    pupils = [smoker(0, None), smoker(1, 0), smoker(1, 1), smoker(1, None), smoker(None, None)]
    assert of(secondary, "s_smokes_weekly__y", *pupils) == [0, 0, 1, None, None]


def test_an_indicator_is_made_only_for_its_stages_and_forms(secondary: Scorer) -> None:
    asked = {"sub_drugs_ever": 1, "area_safe": 5}
    rows = secondary(
        [pupil((), [], stage="S1", **asked), pupil((), [], **asked),
         pupil((), [], questionnaire_version="combined", **asked)]
    )  # fmt: skip
    assert [row["s_drugs_ever__y"] for row in rows] == [None, 1, 1]
    assert [row["s_safe_area__y"] for row in rows] == [1, 1, None]


def affluence(score: int) -> dict[str, int]:
    """Answers worth so many points."""
    worth, left = dict(POOR), score
    for name, most in (("fas_car", 2), ("fas_computers", 3), ("fas_bathrooms", 3), ("fas_holidays", 3)):
        worth[name] += min(left, most)
        left -= min(left, most)
    return worth


def _with(catalogue: Catalogue, scale: Scale) -> Catalogue:
    from dataclasses import replace

    return replace(catalogue, scales={**catalogue.scales, scale.id: scale})


@pytest.mark.parametrize("instrument", ["primary", "secondary"])
def test_no_code_of_a_missing_answer_is_scored(
    catalogue: Catalogue, instrument: str, request: pytest.FixtureRequest
) -> None:
    scorer: Scorer = request.getfixturevalue(instrument)
    missing = {
        item.name: sorted(int(code) for code in item.missing)
        for item in scorer.contract.stored_columns
        if item.missing and item.codes and item.numeric
    }
    longest = max(len(codes) for codes in missing.values())
    pupils = [
        {"stage": survey_of(scorer.contract).stages[0], **{
            name: codes[place % len(codes)] for name, codes in missing.items()}}
        for place in range(longest)
    ]  # fmt: skip
    for row in scorer(pupils):
        told = {name: value for name, value in row.items() if name.endswith(("__score", "__y"))}
        assert told and set(told.values()) == {None}
