"""A measure that does not fit what it stands on is refused with a sentence, before anything is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import ContractError

SCALE: dict[str, Any] = {
    "id": "added", "title": "Added", "instrument": "secondary", "source": "A test", "method": "sum",
    "items": ["sch_happy", "sch_has_choice"], "item_minimum": 1, "item_maximum": 5,
}  # fmt: skip
INDICATOR: dict[str, Any] = {
    "id": "s_added", "title": "Added", "description": "Added by a test.", "instrument": "secondary",
    "domain": "school", "polarity": "higher_is_better", "when": {"item": "sch_happy", "codes": [4, 5]},
}  # fmt: skip


def scheme(*bands: tuple[str, int, int], **other: Any) -> list[dict[str, Any]]:
    cut = [{"label": label, "low": low, "high": high} for label, low, high in bands]
    return [{"id": "own", "version": "1", "source": "A test", "verified": False, "bands": cut, **other}]


def load(folder: Path, scale: dict[str, Any] | None = None, indicator: dict[str, Any] | None = None) -> None:
    (folder / "measures").mkdir()
    content = {
        "scales": [{**SCALE, **(scale or {})}],
        "indicators": [{**INDICATOR, **(indicator or {})}],
    }
    (folder / "measures" / "added.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    load_catalogue(folder)


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    load(tmp_path, {"band_schemes": scheme(("low", 2, 6), ("high", 7, 10))})


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ({"band_schemes": scheme(("low", 2, 6), ("high", 7, 10), informant="parent")}, "parent form"),
        ({"band_schemes": scheme(("low", 2, 6), ("high", 8, 10))}, "do not cover"),
        ({"band_schemes": scheme(("low", 2, 7), ("high", 7, 10))}, "overlap"),
        ({"band_schemes": scheme(("low", 0, 6), ("high", 7, 10))}, "do not cover"),
        ({"reversed_items": ["sch_skips"]}, "not among the items"),
        ({"items": ["sch_happy", "sch_happy"]}, "stands twice"),
        ({"item_minimum": 0, "item_maximum": 2}, "has the code 3, 4, 5"),
        ({"items": ["school_code", "sch_happy"]}, "holds no numbers"),
        ({"minimum_answered": 1}, "needs every part"),
        ({"method": "prorated_sum"}, "minimum_answered"),
        ({"rounding": "none"}, "`rounding`"),
        ({"method": "prorated_sum", "minimum_answered": 1, "conversion": {"2": 1.0}}, "complete answers"),
        ({"points": {"sch_happy": {1: 0, 2: 1}}}, "codes differ in 3, 4, 5"),
        ({"points": {"sch_happy": {1: 0}}, "reversed_items": ["sch_happy"]}, "not reversed as well"),
        ({"stages": ["P7"]}, "no stage P7"),
        ({"id": "loop", "method": "sum_of_scales", "items": [], "scales": ["loop"]}, "part of itself"),
        ({"method": "sum_of_scales", "items": [], "scales": ["primary_low_mood"]}, "another instrument"),
        ({"method": "sum_of_scales", "items": [], "scales": ["sdq_emotionl"]}, "`sdq_emotional`?"),
    ],
)  # fmt: skip
def test_a_scale_that_does_not_fit_is_refused(tmp_path: Path, scale: dict[str, Any], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        load(tmp_path, scale=scale)


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ([{"label": "low", "low": 0.1}, {"label": "high", "low": 0.8}], "but for the first"),
        ([{"label": "low"}, {"label": "high", "low": 0.8}, {"label": "mid", "low": 0.2}], "lowest to the"),
        ([{"label": "low"}, {"label": "high", "low": 80}], "share of pupils"),
        ([{"label": "low"}], "at least 2"),
    ],
)  # fmt: skip
def test_bands_by_rank_begin_at_shares_in_order(tmp_path: Path, bands: list[Any], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        load(
            tmp_path, scale={"band_schemes": scheme(relative={"to": "rank", "within": ["sex"]}, bands=bands)}
        )


@pytest.mark.parametrize(
    ("indicator", "said"),
    [
        ({"when": {"item": "sch_happy", "codes": [6]}}, "no code 6"),
        ({"when": {"scale": "sdq_total", "scheme": "two_band", "bands": ["high"]}}, "no band scheme"),
        ({"when": {"scale": "sdq_total", "scheme": "four_band", "bands": ["abnormal"]}}, "Unknown band"),
        ({"when": {"any": [{"item": "sch_happy", "codes": [5]}]}}, "two conditions or more"),
        ({"when": {"not": {"item": "nothing", "codes": [5]}}}, "no column `nothing`"),
        ({"when": {"item": "sch_happy", "codes": [5], "answered": "enough"}}, "goes with `any` and `all`"),
        ({"when": {"item": "sch_happy", "codes": [5], "not": {"item": "mood", "codes": [1]}}}, "give one"),
        ({"mean_of": "sdq_total"}, "give either"),
        ({"versions": ["paper"]}, "no form of the questionnaire paper"),
        ({"breaks": [{"wave": "rcs-9", "reason": "another question"}]}, "no wave `rcs-9`"),
        ({"shanarri": ["happy"]}, "shanarri"),
        ({"polarty": "neither"}, "not known"),
    ],
)  # fmt: skip
def test_an_indicator_that_does_not_fit_is_refused(
    tmp_path: Path, indicator: dict[str, Any], said: str
) -> None:
    with pytest.raises(ContractError, match=said):
        load(tmp_path, indicator=indicator)
