"""The scoring rules that the programme relies on, as the instruments' owners publish them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.measures import Break
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.contracts.vocabulary import Shanarri

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


def test_the_table_of_the_short_form_is_the_published_one(catalogue: Catalogue) -> None:
    published = """
        7.00 9.51 11.25 12.40 13.33 14.08 14.75 15.32 15.84 16.36 16.88 17.43 17.98 18.59 19.25
        19.98 20.73 21.54 22.35 23.21 24.11 25.03 26.02 27.03 28.13 29.31 30.70 32.55 35.00
    """
    table = catalogue.scales["swemwbs"].conversion
    assert [table[raw] for raw in range(7, 36)] == [float(value) for value in published.split()]


def test_parents_cut_points_cannot_be_put_on_a_pupils_scale(catalogue: Catalogue) -> None:
    total = catalogue.scales["sdq_total"]
    theirs = {**total.band_schemes[1].model_dump(), "id": "parent_four_band", "informant": "parent"}
    with pytest.raises(ValueError, match="parent form"):
        Scale.model_validate({**total.model_dump(), "band_schemes": [theirs]})


def test_affluence_runs_from_0_to_13_and_has_no_fixed_cut_points(catalogue: Catalogue) -> None:
    affluence = catalogue.scales["fas_3"]
    assert affluence.raw_bounds == (0, 13)
    (scheme,) = affluence.band_schemes
    assert scheme.relative is not None
    assert scheme.relative.to == "rank"
    assert set(scheme.relative.within) == {"sex", "stage"}
    assert scheme.cuts == (0.2, 0.8)


def test_kidscreen_runs_from_10_to_50_and_stays_a_raw_sum(catalogue: Catalogue) -> None:
    scale = catalogue.scales["kidscreen_10"]
    assert scale.raw_bounds == (10, 50)
    assert scale.reversed_items == ("kidscreen_03", "kidscreen_04")
    assert (scale.conversion, scale.minimum_answered, scale.method) == ({}, 0, "sum")


def test_every_cut_point_names_its_source_and_version(catalogue: Catalogue) -> None:
    for scale in catalogue.scales.values():
        assert scale.source
        for scheme in scale.band_schemes:
            assert scheme.source
            assert scheme.version


def test_the_indicators_cover_every_topic_of_the_questionnaires(catalogue: Catalogue) -> None:
    wanted = {
        "family": {"shared meals", "conflict", "somebody to talk to", "time together"},
        "school": {"liking school", "worry about schoolwork", "teachers"},
        "peers": {"exclusion", "bullying", "friends"},
        "area": {"safety", "things to do"},
        "health": {
            "mental health", "positive wellbeing", "mood", "life satisfaction", "physical activity", "diet",
            "sleep", "smoking", "alcohol", "drugs",
        },
    }  # fmt: skip
    assert len(catalogue.indicators) >= 60
    found: dict[str, set[str | None]] = {}
    for indicator in catalogue.indicators.values():
        found.setdefault(indicator.domain, set()).add(indicator.topic)
    assert set(found) == set(wanted)
    for domain, topics in wanted.items():
        assert topics <= found[domain], domain


def test_every_indicator_says_what_a_reader_needs(catalogue: Catalogue) -> None:
    titles = [(item.instrument, item.title) for item in catalogue.indicators.values()]
    assert len(set(titles)) == len(titles)
    for indicator in catalogue.indicators.values():
        assert indicator.topic, indicator.id
        assert indicator.shanarri, indicator.id
        assert indicator.description.startswith(("Share", "Mean")), indicator.id
        assert (indicator.kind == "mean") == indicator.description.startswith("Mean")
        assert indicator.shown_unit == ("points" if indicator.kind == "mean" else "fraction of pupils")
    speaks = {word for indicator in catalogue.indicators.values() for word in indicator.shanarri}
    assert speaks == set(Shanarri)


def test_what_is_relative_to_a_wave_is_not_comparable_with_another(catalogue: Catalogue) -> None:
    waves = ("rcs-1", "rcs-2", "rcs-3")
    for indicator in catalogue.indicators.values():
        leaves = indicator.when.leaves() if indicator.when else ()
        relative = any(
            leaf.scale and leaf.scheme and catalogue.scales[leaf.scale].bands(leaf.scheme).relative
            for leaf in leaves
        )
        assert indicator.comparable("rcs-1", "rcs-2", waves) is not relative, indicator.id
    broken = catalogue.indicators["p_fruit_veg"].model_copy(
        update={"breaks": (Break(wave="rcs-2", reason="the question changed"),)}
    )
    assert not broken.comparable("rcs-1", "rcs-3", waves)
    assert broken.comparable("rcs-2", "rcs-3", waves)


def test_no_item_is_described_by_its_wording(catalogue: Catalogue) -> None:
    """Instruments of others have numbers for items; topics are ours, and short."""
    for name in ("primary", "secondary"):
        for column in catalogue.instrument(name).columns:
            assert "?" not in column.description
            if column.name.startswith(("sdq_", "wemwbs_", "kidscreen_")):
                assert f"item {int(column.name[-2:])}" in column.description
                assert len(column.description) < 75
            if column.name.partition("_")[0] in (
                "fam",
                "sch",
                "peer",
                "area",
                "hlth",
                "mood",
                "fas",
                "sub",
                "life",
            ):
                assert len(column.description) < 90
                assert " I " not in f" {column.description} "


def test_the_primary_instrument_has_neither_sdq_nor_wemwbs(catalogue: Catalogue) -> None:
    names = [column.name for column in catalogue.instrument("primary").columns]
    assert not [name for name in names if name.startswith(("sdq_", "wemwbs_"))]


def test_kinds_of_missing_answers_stay_apart(catalogue: Catalogue) -> None:
    column = catalogue.instrument("secondary").column("sdq_01")
    assert len(set(column.missing.values())) == len(column.missing) == 5
