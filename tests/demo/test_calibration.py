"""The programme shows the published figures, within what sampling and schools allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rcs_pipeline.contracts.calibration import Calibration, read_calibration
from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER, Catalogue, load_catalogue
from rcs_pipeline.demo.frame import School, read_frame
from rcs_pipeline.demo.programme import stream
from rcs_pipeline.demo.pupils import BLOCK, MULTIPLIER, draw_pupils
from rcs_pipeline.demo.survey import KINDS, Partnership, gather, roll_table, survey_table

OFFICIAL_ROLL = 104_821


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return read_calibration(DEFAULT_FOLDER / "demo" / "calibration.yaml")


@pytest.fixture(scope="module")
def schools(catalogue: Catalogue) -> tuple[School, ...]:
    return read_frame(catalogue.delivery("school_statistics"))


@pytest.fixture(scope="module")
def partnerships(
    catalogue: Catalogue, calibration: Calibration, schools: tuple[School, ...]
) -> list[Partnership]:
    keys = sorted(calibration.collections)
    councils = {item.key: str(item.cpp) for item in catalogue.register.collections}
    return [
        gather(key, councils[key], place, schools, calibration, 1.0, stream(1, "school_roll", key))
        for place, key in enumerate(keys)
    ]


@pytest.fixture(scope="module")
def surveys(
    catalogue: Catalogue, calibration: Calibration, partnerships: list[Partnership]
) -> dict[str, dict[str, Any]]:
    joined = {}
    for kind in KINDS:
        tables = [
            survey_table(
                item, kind, catalogue.instrument(kind), catalogue, calibration, stream(1, kind, item.key)
            )
            for item in partnerships
        ]
        joined[kind] = {
            name: np.concatenate([table.columns[name] for table in tables]) for name in tables[0].columns
        }
    return joined


def score(answers: dict[str, Any], catalogue: Catalogue, name: str) -> Any:
    """NaN where too few items were answered."""
    scale = catalogue.scales[name]
    items = []
    for item in scale.items:
        codes = answers[item].astype(float)
        codes[codes < 0] = np.nan
        items.append(
            scale.item_minimum + scale.item_maximum - codes if item in scale.reversed_items else codes
        )
    table = np.array(items)
    answered = (~np.isnan(table)).sum(axis=0)
    least = scale.minimum_answered or len(scale.items)
    mean = np.nansum(table, axis=0) / np.maximum(answered, 1)
    return np.where(answered >= least, np.floor(0.5 + len(scale.items) * mean), np.nan)


def share(values: Any, at_least: float, where: Any = True) -> float:
    used = values[~np.isnan(values) & where]
    return float((used >= at_least).mean())


def test_rolls_add_up_to_the_official_tables(
    calibration: Calibration, partnerships: list[Partnership]
) -> None:
    total = 0
    for item in partnerships:
        for roll in item.rolls.values():
            for place, stage in enumerate(roll.stages):
                assert roll.pupils[:, place].sum() == calibration.collections[item.key].rolls[stage]
            total += int(roll.pupils.sum())
    assert total == OFFICIAL_ROLL


def test_the_schools_are_the_real_ones(partnerships: list[Partnership]) -> None:
    clackmannanshire = next(item for item in partnerships if "clackmannanshire" in item.key)
    assert len(clackmannanshire.rolls["secondary"].schools) == 3
    assert len(clackmannanshire.rolls["primary"].schools) == 18
    assert all(len(school.code) == 7 for school in clackmannanshire.rolls["primary"].schools)


def test_deprivation_of_each_partnership_is_the_published_one(
    calibration: Calibration, partnerships: list[Partnership]
) -> None:
    for item in partnerships:
        counts = sum(
            (roll.pupils.sum(axis=(1, 2))[:, None] * roll.deprivation).sum(axis=0)
            for roll in item.rolls.values()
        )
        wanted = np.array(calibration.collections[item.key].deprivation)
        assert np.allclose(counts / counts.sum(), wanted / wanted.sum(), atol=0.005)


def test_shares_of_deprivation_on_the_roll_add_up_to_one(
    catalogue: Catalogue, partnerships: list[Partnership]
) -> None:
    table = roll_table(partnerships[0], catalogue.delivery("school_roll"))
    total = sum(table.columns[f"simd_q{quintile}_share"] for quintile in range(1, 6))
    assert np.abs(total - 1).max() < 0.001


def test_about_80_000_pupils_answer(calibration: Calibration, partnerships: list[Partnership]) -> None:
    answered = [
        len(draw_pupils(item.rolls[kind], calibration, 0, stream(seed, kind, item.key)))
        for item in partnerships for kind in KINDS for seed in (1, 2)
    ]  # fmt: skip
    assert 76_000 < sum(answered) / 2 < 84_000


def test_emotional_problems_are_as_published(
    catalogue: Catalogue, surveys: dict[str, dict[str, Any]]
) -> None:
    answers = surveys["secondary"]
    emotional = score(answers, catalogue, "sdq_emotional")
    s4 = answers["stage"] == "S4"
    assert share(emotional, 7) == pytest.approx(0.17, abs=0.01)
    assert share(emotional, 7, s4 & (answers["sex"] == 1)) == pytest.approx(0.34, abs=0.025)
    assert share(emotional, 7, s4 & (answers["sex"] == 2)) == pytest.approx(0.10, abs=0.02)
    assert share(emotional, 7, answers["simd_quintile"] == 1) == pytest.approx(0.19, abs=0.02)
    assert share(emotional, 7, answers["simd_quintile"] == 5) == pytest.approx(0.15, abs=0.02)


def test_total_difficulties_are_as_published(
    catalogue: Catalogue, surveys: dict[str, dict[str, Any]]
) -> None:
    parts = [score(surveys["secondary"], catalogue, name) for name in catalogue.scales["sdq_total"].scales]
    total = np.sum(parts, axis=0)
    assert share(total, 20) == pytest.approx(0.15, abs=0.02)
    assert share(total, 16) == pytest.approx(0.31, abs=0.025)


def test_wellbeing_is_as_usual_and_not_asked_of_s1(
    catalogue: Catalogue, surveys: dict[str, dict[str, Any]]
) -> None:
    answers = surveys["secondary"]
    wellbeing = score(answers, catalogue, "wemwbs")
    assert 48 < np.nanmean(wellbeing) < 50
    assert 8.5 < np.nanstd(wellbeing) < 11
    assert np.isnan(wellbeing[answers["stage"] == "S1"]).all()
    assert set(answers["wemwbs_01"][answers["stage"] == "S1"]) == {-8}


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_with_published_stages_shows_them(
    calibration: Calibration, surveys: dict[str, dict[str, Any]], kind: str
) -> None:
    answers, off = surveys[kind], []
    for target in calibration.instruments[kind].items:
        for stage, wanted in target.stage.items():
            codes = answers[target.names[0]].astype(float)
            codes[codes < 0] = np.nan
            here = answers["stage"] == stage
            if target.names[0].startswith(("wemwbs", "sub_dr")) or np.isnan(codes[here]).all():
                continue
            off.append(abs(share(codes, target.at_least, here) - wanted / 100))
    assert max(off) < 0.035
    assert float(np.mean(off)) < 0.012


def test_low_mood_is_as_published_and_most_common_in_p5(
    catalogue: Catalogue, surveys: dict[str, dict[str, Any]]
) -> None:
    answers = surveys["primary"]
    mood = score(answers, catalogue, "primary_low_mood")
    by_stage = [share(mood, 12, answers["stage"] == stage) for stage in ("P5", "P6", "P7")]
    assert share(mood, 12) == pytest.approx(0.22, abs=0.015)
    assert by_stage[0] == max(by_stage)


def test_the_ladder_is_as_published(surveys: dict[str, dict[str, Any]]) -> None:
    """HBSC in Scotland, 2014: of girls 84 % at 13 and 76 % at 15, of boys 88 % at 15."""
    answers = surveys["secondary"]
    ladder = answers["life_ladder"].astype(float)
    ladder[ladder < 0] = np.nan
    girls, boys = answers["sex"] == 1, answers["sex"] == 2
    assert share(ladder, 6, girls & (answers["stage"] == "S2")) == pytest.approx(0.84, abs=0.03)
    assert share(ladder, 6, girls & (answers["stage"] == "S4")) == pytest.approx(0.76, abs=0.03)
    assert share(ladder, 6, boys & (answers["stage"] == "S4")) == pytest.approx(0.88, abs=0.03)


def test_only_the_extended_form_asks_the_scales_of_national_surveys(
    catalogue: Catalogue, surveys: dict[str, dict[str, Any]]
) -> None:
    answers = surveys["secondary"]
    extended = answers["questionnaire_version"] == "extended"
    assert 0.2 < extended.mean() < 0.6
    for name in ("fas_3", "kidscreen_10", "life_ladder"):
        for item in catalogue.scales[name].items:
            assert (answers[item][~extended] == -8).all()
            assert (answers[item][extended] != -8).all()


def test_affluence_follows_deprivation(surveys: dict[str, dict[str, Any]]) -> None:
    answers = surveys["secondary"]
    asked = answers["fas_car"] > 0
    quintiles = [asked & (answers["simd_quintile"] == quintile) for quintile in (1, 5)]
    two_cars = [(answers["fas_car"][where] == 3).mean() for where in quintiles]
    assert two_cars[1] - two_cars[0] > 0.2


def test_kinds_of_missing_answers_are_all_there(surveys: dict[str, dict[str, Any]]) -> None:
    codes = np.concatenate(
        [surveys["secondary"][name] for name in ("sub_smokes_weekly", "area_safe", "sdq_01")]
    )
    assert set(codes[codes < 0]) == {-9, -8, -7, -6, -5}
    skipped = (surveys["secondary"]["sdq_01"] < 0).mean()
    assert 0.02 < skipped < 0.06


def test_links_and_unknowns_are_as_rare_as_said(surveys: dict[str, dict[str, Any]]) -> None:
    answers = surveys["secondary"]
    linked = answers["linked"] == 1
    assert linked.mean() == pytest.approx(0.96, abs=0.005)
    assert (answers["sex"] < 0).mean() == pytest.approx(0.01, abs=0.003)
    assert (answers["simd_quintile"][linked] < 0).mean() == pytest.approx(0.015, abs=0.004)
    assert (answers["simd_quintile"][~linked] < 0).all()


def test_schools_differ(surveys: dict[str, dict[str, Any]]) -> None:
    answers = surveys["secondary"]
    happy = (answers["sch_happy"] >= 4)[answers["sch_happy"] > 0].astype(float)
    school = answers["school_code"][answers["sch_happy"] > 0]
    means = np.array([happy[school == code].mean() for code in np.unique(school)])
    assert means.std() > 0.035


def test_no_pupil_stands_twice(surveys: dict[str, dict[str, Any]]) -> None:
    everybody = np.concatenate([answers["pupil_id"] for answers in surveys.values()])
    assert len(np.unique(everybody)) == len(everybody)
    assert {len(identifier) for identifier in everybody} == {9}
    assert np.gcd(BLOCK, MULTIPLIER) == 1


def test_old_codes_stand_in_the_files_of_the_time(partnerships: list[Partnership]) -> None:
    lanarkshire = next(item for item in partnerships if "north-lanarkshire" in item.key)
    assert lanarkshire.council == "S12000044"


def test_the_figures_name_their_source(tmp_path: Path) -> None:
    text = (DEFAULT_FOLDER / "demo" / "calibration.yaml").read_text(encoding="utf-8")
    assert "Open Government Licence" in text
