"""The scoring rules that the programme relies on, as the instruments' owners publish them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.measures import Scale

SELF_REPORT = {
    "sdq_total": ([(0, 15), (16, 19), (20, 40)], [(0, 14), (15, 17), (18, 19), (20, 40)]),
    "sdq_emotional": ([(0, 5), (6, 6), (7, 10)], [(0, 4), (5, 5), (6, 6), (7, 10)]),
    "sdq_conduct": ([(0, 3), (4, 4), (5, 10)], [(0, 3), (4, 4), (5, 5), (6, 10)]),
    "sdq_hyperactivity": ([(0, 5), (6, 6), (7, 10)], [(0, 5), (6, 6), (7, 7), (8, 10)]),
    "sdq_peer": ([(0, 3), (4, 5), (6, 10)], [(0, 2), (3, 3), (4, 4), (5, 10)]),
    "sdq_prosocial": ([(6, 10), (5, 5), (0, 4)], [(7, 10), (6, 6), (5, 5), (0, 4)]),
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def cuts(scale: Scale, scheme: str) -> list[tuple[float, float]]:
    return [(band.low, band.high) for band in scale.bands(scheme).bands]


@pytest.mark.parametrize("name", SELF_REPORT)
def test_the_cut_points_are_those_of_the_self_report(catalogue: Catalogue, name: str) -> None:
    scale = catalogue.scales[name]
    three, four = SELF_REPORT[name]
    assert cuts(scale, "three_band") == three
    assert cuts(scale, "four_band") == four
    assert not any(scheme.verified for scheme in scale.band_schemes)


def test_the_parents_cut_points_are_not_used(catalogue: Catalogue) -> None:
    for name, low in {"sdq_total": 14, "sdq_emotional": 4, "sdq_conduct": 3}.items():
        raised = catalogue.scales[name].bands("four_band").bands[1]
        assert raised.low != low, f"{name} starts its second band where the parent's form does"


@pytest.mark.parametrize("name", SELF_REPORT)
def test_bands_cover_every_score_once(catalogue: Catalogue, name: str) -> None:
    top = 40 if name == "sdq_total" else 10
    for scheme in catalogue.scales[name].band_schemes:
        scores = sorted(score for band in scheme.bands for score in range(int(band.low), int(band.high) + 1))
        assert scores == list(range(top + 1))


def test_the_five_scales_share_out_all_25_items(catalogue: Catalogue) -> None:
    parts = [scale for name, scale in catalogue.scales.items() if name.startswith("sdq_") and scale.items]
    assert sorted(item for scale in parts for item in scale.items) == [
        f"sdq_{number:02d}" for number in range(1, 26)
    ]
    turned = {item for scale in parts for item in scale.reversed_items}
    assert turned == {"sdq_07", "sdq_11", "sdq_14", "sdq_21", "sdq_25"}
    assert "sdq_prosocial" not in catalogue.scales["sdq_total"].scales


def test_the_short_form_takes_seven_items_and_its_table(catalogue: Catalogue) -> None:
    short = catalogue.scales["swemwbs"]
    assert short.items == tuple(f"wemwbs_{number:02d}" for number in (1, 2, 3, 6, 7, 9, 11))
    values = [short.conversion[raw] for raw in sorted(short.conversion)]
    assert len(values) == 29
    assert (values[0], values[-1]) == (7.0, 35.0)
    assert all(low < high for low, high in pairwise(values))
    assert (short.conversion[13], short.conversion[21], short.conversion[30]) == (14.75, 19.25, 27.03)


def test_the_table_of_the_short_form_cannot_be_put_on_the_long_one(catalogue: Catalogue) -> None:
    short, long = catalogue.scales["swemwbs"], catalogue.scales["wemwbs"]
    with pytest.raises(ValueError, match="from 14 to 70"):
        Scale.model_validate({**long.model_dump(), "conversion": short.conversion})


def test_every_indicator_stands_on_columns_of_its_instrument(catalogue: Catalogue) -> None:
    assert len(catalogue.indicators_of("primary")) >= 14
    assert len(catalogue.indicators_of("secondary")) >= 24
    for indicator in catalogue.indicators.values():
        contract = catalogue.instrument(indicator.instrument)
        if indicator.when and indicator.when.item:
            contract.column(indicator.when.item)
        assert set(indicator.stages) <= set(contract.survey.stages if contract.survey else ())


def test_the_primary_instrument_has_neither_sdq_nor_wemwbs(catalogue: Catalogue) -> None:
    names = [column.name for column in catalogue.instrument("primary").columns]
    assert not [name for name in names if name.startswith(("sdq_", "wemwbs_"))]


def test_kinds_of_missing_answers_stay_apart(catalogue: Catalogue) -> None:
    column = catalogue.instrument("secondary").column("sdq_01")
    assert len(set(column.missing.values())) == len(column.missing) == 5
