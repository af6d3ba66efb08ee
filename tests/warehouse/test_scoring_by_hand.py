"""The SQL of every score and indicator against a second scoring, written plainly in exact arithmetic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.measures import When
from rcs_pipeline.contracts.scales import BandScheme, Scale
from tests.warehouse.scored import Pupil, Scorer

INSTRUMENTS = ("primary", "secondary")
CATALOGUE = load_catalogue()


class ByHand:
    """One instrument, pupil by pupil."""

    def __init__(self, catalogue: Catalogue, instrument: str, pupils: list[Pupil]) -> None:
        self.catalogue, self.pupils = catalogue, pupils
        self.contract = catalogue.instrument(instrument)
        self.scales = catalogue.scales_of(instrument)
        self.scores = [{scale.id: self.score(scale, pupil) for scale in self.scales} for pupil in pupils]

    def score(self, scale: Scale, pupil: Pupil) -> Fraction | None:
        if scale.stages and pupil["stage"] not in scale.stages:
            return None
        if scale.scales:
            parts = [self.score(self.catalogue.scales[part], pupil) for part in scale.scales]
            return None if None in parts else sum(part for part in parts if part is not None)  # type: ignore[return-value]
        answers = []
        for item in scale.items:
            code = pupil.get(item)
            if code is None:
                continue
            if item in scale.points:
                answers.append(scale.points[item][str(code)])
            else:
                turned = scale.item_minimum + scale.item_maximum - code
                answers.append(turned if item in scale.reversed_items else code)
        if len(answers) < (scale.minimum_answered or len(scale.items)):
            return None
        if scale.method == "sum":
            return (
                Fraction(str(scale.conversion[sum(answers)])) if scale.conversion else Fraction(sum(answers))
            )
        mean = Fraction(sum(answers), len(answers))
        return Fraction(math.floor(Fraction(1, 2) + len(scale.items) * mean))

    def band(self, scale: Scale, scheme: BandScheme, place: int) -> str | None:
        score = self.scores[place][scale.id]
        if score is None:
            return None
        if scheme.relative is None:
            return next((b.label for b in scheme.bands if b.low <= score <= b.high), None)  # type: ignore[operator]
        columns = ("wave", *scheme.relative.within)
        own = [self.pupils[place].get(name) for name in columns]
        group: dict[Fraction, Fraction] = defaultdict(Fraction)
        for pupil, scores in zip(self.pupils, self.scores, strict=True):
            there = scores[scale.id]
            if there is not None and [pupil.get(name) for name in columns] == own:
                group[there] += Fraction(pupil["design_weight"])
        total = sum(group.values())
        if scheme.relative.to == "rank":
            where = (sum(w for s, w in group.items() if s < score) + group[score] / 2) / total
            reached = [Fraction(str(b.low)) <= where for b in scheme.bands[1:]]
        else:
            mean = sum(s * w for s, w in group.items()) / total
            variance = sum((s - mean) ** 2 * w for s, w in group.items()) / total
            deviation = math.sqrt(variance)
            reached = [variance > 0 and score - mean >= (b.low or 0) * deviation for b in scheme.bands[1:]]
        return scheme.bands[sum(reached)].label

    def holds(self, when: When, place: int) -> bool | None:
        if when.negated is not None:
            inner = self.holds(when.negated, place)
            return None if inner is None else not inner
        if when.parts:
            found = [self.holds(part, place) for part in when.parts]
            decided: Callable[[list[bool | None]], bool] = any if when.any_of else all
            if None not in found:
                return decided(found)
            deciding = bool(when.any_of)
            return deciding if when.answered == "enough" and deciding in found else None
        if when.item is not None:
            code = self.pupils[place].get(when.item)
            if code is None:
                return None
            return code >= when.at_least if when.at_least is not None else str(code) in when.codes
        scale = self.catalogue.scales[str(when.scale)]
        score = self.scores[place][scale.id]
        if score is None:
            return None
        if when.at_least is not None:
            return score >= when.at_least
        return self.band(scale, scale.bands(str(when.scheme)), place) in when.bands

    def value(self, indicator_id: str, place: int) -> int | None:
        indicator, pupil = self.catalogue.indicators[indicator_id], self.pupils[place]
        if indicator.stages and pupil["stage"] not in indicator.stages:
            return None
        if indicator.versions and pupil["questionnaire_version"] not in indicator.versions:
            return None
        if indicator.mean_of is not None:
            score = self.scores[place][indicator.mean_of]
            return None if score is None else int(score * 100)
        assert indicator.when is not None
        held = self.holds(indicator.when, place)
        return None if held is None else int(held)


@pytest.fixture(scope="module")
def scorers() -> dict[str, Scorer]:
    return {name: Scorer(CATALOGUE, name) for name in INSTRUMENTS}


def codes_of(column: Column) -> list[int]:
    if column.codes:
        return [int(code) for code in column.codes if code not in column.missing]
    return list(range(int(column.minimum or 0), int(column.maximum or 0) + 1))


def answered(contract: DeliveryContract) -> list[Column]:
    measured = {item for scale in CATALOGUE.scales.values() for item in scale.items}
    for indicator in CATALOGUE.indicators.values():
        measured |= {leaf.item for leaf in indicator.when.leaves() if leaf.item} if indicator.when else set()
    return [column for column in contract.stored_columns if column.name in measured]


@st.composite
def programmes(draw: st.DrawFn, instrument: str) -> list[Pupil]:
    """A few pupils: most answer most questions, so that scores with one or two answers missing are common."""
    contract = CATALOGUE.instrument(instrument)
    assert contract.survey is not None
    columns = answered(contract)
    forms = sorted(contract.column("questionnaire_version").codes or {})
    pupils = []
    for _ in range(draw(st.integers(1, 8))):
        random = draw(st.randoms(use_true_random=False))
        left_out = draw(st.sampled_from([0.0, 0.1, 0.3, 1.0]))
        pupil: dict[str, Any] = {
            "stage": draw(st.sampled_from(contract.survey.stages)), "sex": draw(st.sampled_from([1, 2])),
            "wave": draw(st.sampled_from(["w1", "w2"])),
            "questionnaire_version": draw(st.sampled_from(forms)),
            "design_weight": draw(st.sampled_from([1.0, 0.75, 1.25, 2.5])),
        }  # fmt: skip
        for column in columns:
            pupil[column.name] = None if random.random() < left_out else random.choice(codes_of(column))
        pupils.append(pupil)
    return pupils


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@settings(
    max_examples=15, deadline=None, phases=(Phase.generate,), derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large,
                           HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(data=st.data())
def test_sql_and_a_second_scoring_agree(
    scorers: dict[str, Scorer], instrument: str, data: st.DataObject
) -> None:
    pupils = data.draw(programmes(instrument))
    rows = scorers[instrument](pupils)
    hand = ByHand(CATALOGUE, instrument, pupils)
    for place, row in enumerate(rows):
        for scale in hand.scales:
            expected = hand.scores[place][scale.id]
            found = row[f"{scale.id}__score"]
            assert (None if found is None else Fraction(str(found))) == expected, scale.id
            for scheme in scale.band_schemes:
                band = row[f"{scale.id}__{scheme.id}"]
                assert band == hand.band(scale, scheme, place), (scale.id, scheme.id)
        for indicator in CATALOGUE.indicators_of(instrument):
            assert row[f"{indicator.id}__y"] == hand.value(indicator.id, place), indicator.id
