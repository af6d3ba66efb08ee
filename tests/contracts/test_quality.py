"""What a contract may say about the quality of answers, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER, Catalogue, load_catalogue
from rcs_pipeline.contracts.delivery_files import read_delivery
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.quality import CompletionTime, Linkage

SURVEY = DEFAULT_FOLDER / "deliveries" / "wellbeing_primary.odcs.yaml"


def with_battery(folder: Path, items: str) -> Catalogue:
    (folder / "measures").mkdir()
    text = f"batteries:\n  - {{id: added, title: Added, instrument: secondary, items: [{items}]}}\n"
    (folder / "measures" / "added.yaml").write_text(text, encoding="utf-8")
    return load_catalogue(folder)


def test_a_battery_has_items_that_point_both_ways(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="point the same way"):
        with_battery(tmp_path, "wemwbs_01, wemwbs_02, wemwbs_03, wemwbs_04")


def test_a_battery_has_the_same_answers_throughout(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="same answers"):
        with_battery(tmp_path, "sdq_01, sdq_07, kidscreen_01, kidscreen_03")


def test_a_battery_is_as_long_as_the_product_asks(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="has 2 items") as raised:
        with_battery(tmp_path, "sdq_05, sdq_07")
    assert "at least 4" in str(raised.value)


def test_a_battery_has_items_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no column `sdq_26`"):
        with_battery(tmp_path, "sdq_05, sdq_07, sdq_12, sdq_26")


def test_long_scales_with_reversed_items_are_batteries_where_none_is_named() -> None:
    catalogue = load_catalogue()
    assert [item.id for item in catalogue.batteries_of("primary", 4)] == ["primary_low_mood"]
    assert catalogue.batteries_of("primary", 5) == ()
    assert [item.id for item in catalogue.batteries_of("secondary", 4)] == ["sdq", "kidscreen_10"]


@pytest.mark.parametrize(
    ("said", "instead", "found"),
    [
        ("linkage: {column: linked, codes: [1]}", "linkage: {column: linked, codes: [3]}", "no code 3"),
        ("linkage: {column: linked, codes: [1]}", "linkage: {column: joined, codes: [1]}", "unknown column"),
        ("column: minutes_taken,", "column: stage,", "no times in numbers"),
        ("speeders_below: 3", "speeders_below: 0", "greater than 0"),
    ],
)
def test_what_a_survey_says_about_links_and_times_must_be_there(
    said: str, instead: str, found: str, tmp_path: Path
) -> None:
    text = SURVEY.read_text(encoding="utf-8")
    assert said in text
    path = tmp_path / SURVEY.name
    path.write_text(text.replace(said, instead), encoding="utf-8")
    with pytest.raises(ContractError, match=found):
        read_delivery(path)


def test_links_and_times_are_optional() -> None:
    survey = read_delivery(SURVEY).survey
    assert survey is not None
    assert survey.linkage == Linkage(column="linked", codes=("1",))
    assert survey.completion_time == CompletionTime(column="minutes_taken", unit="minutes", speeders_below=3)
    plain = survey.model_copy(update={"linkage": None, "completion_time": None})
    assert type(survey).model_validate(plain.model_dump(exclude_none=True)) == plain
