"""What one question says of another, held against the conditions that the warehouse counts by."""

from __future__ import annotations

from itertools import combinations, permutations, product

import duckdb
import numpy as np
import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.implications import FollowUp, Implication, Side, implications_of
from rcs_pipeline.contracts.measure_checks import score_bounds
from rcs_pipeline.contracts.measures import Indicator, When
from rcs_pipeline.warehouse.columns import band_column, code_column, score_column
from rcs_pipeline.warehouse.conditions import indicator_value
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.staging import has_code

Counted = tuple[str, dict[str, np.ndarray]]
INSTRUMENTS = ("secondary", "primary")
PUPILS = 20_000
# So many answers that decide both of two questions turn up among the pupils in every combination.
FEW_LEAVES = 5


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def shares(catalogue: Catalogue, instrument: str) -> list[Indicator]:
    return [item for item in catalogue.indicators_of(instrument) if item.when]


def leaves(indicator: Indicator) -> list[When]:
    return list(indicator.when.leaves()) if indicator.when else []


def drawn(values: list[str]) -> str:
    """One of several literals or nothing, as SQL: another one in every row."""
    return f"([{', '.join([*values, 'null'])}])[1 + cast(floor(random() * {len(values) + 1}) as integer)]"


def answers(catalogue: Catalogue, contract: DeliveryContract, instrument: str) -> dict[str, str]:
    """The columns of a pupil who answers at random, or not at all, whatever is asked."""
    survey = survey_of(contract)
    found = {}
    for column in contract.columns:
        valid = [code for code in column.codes or {} if code not in column.missing]
        if column.name == survey.stage:
            valid = list(survey.stages)
        if column.numeric and not valid:
            valid = [str(number) for number in range(11)]
        if valid:
            found[column.name] = drawn([code if column.numeric else f"'{code}'" for code in valid])
    for scale in catalogue.scales_of(instrument):
        low, high = score_bounds(scale, catalogue.scales)
        found[score_column(scale.id)] = drawn([str(score) for score in range(int(low), int(high) + 1)])
        for scheme in scale.band_schemes:
            if scheme.relative:
                labels = [f"'{band.label}'" for band in scheme.bands]
                found[band_column(scale.id, scheme.id)] = drawn(labels)
    return found


@pytest.fixture(scope="module", params=INSTRUMENTS)
def counted(request: pytest.FixtureRequest, catalogue: Catalogue) -> Counted:
    """An instrument, and what the warehouse's conditions make of each of many pupils."""
    contract = catalogue.instrument(request.param)
    drawn_columns = answers(catalogue, contract, request.param)
    columns = ", ".join(f'{value} as "{name}"' for name, value in drawn_columns.items())
    sent = "".join(
        f', "{column.name}" as "{code_column(column.name)}"'
        for column in contract.columns if column.name in drawn_columns and has_code(column)
    )  # fmt: skip
    wanted = {
        item.id: indicator_value(catalogue, contract, item) for item in shares(catalogue, request.param)
    }
    picked = ", ".join(f'{value} as "{name}"' for name, value in wanted.items())
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("select setseed(0.5)")
        connection.execute(
            f"create table pupils as select *{sent} from (select {columns} from range({PUPILS}))"
        )
        found = connection.execute(f"select {picked} from pupils").fetchnumpy()
    # No answer is neither of the two.
    return request.param, {
        name: np.ma.filled(np.ma.asarray(found[name], dtype=float), np.nan) for name in wanted
    }


def of(side: Side, values: dict[str, np.ndarray]) -> np.ndarray:
    return values[side.indicator] == side.counted


def test_every_implication_holds_for_every_pupil(catalogue: Catalogue, counted: Counted) -> None:
    instrument, values = counted
    found = implications_of(
        catalogue.indicators_of(instrument), catalogue.scales, catalogue.instrument(instrument)
    )
    assert found
    for item in found:
        wholes = np.sum([of(side, values) for side, sign in item.sides if sign > 0], axis=0)
        parts = np.sum([of(part, values) for part in item.parts], axis=0)
        assert (parts <= wholes).all(), item
        assert parts.any(), f"nobody is of a part of {item}, so nothing was seen"
        # What is left are so many pupils, each once.
        assert (wholes - parts <= 1).all(), item
        assert not item.also or (wholes - parts).any(), item


def test_what_holds_for_every_pupil_is_an_implication(catalogue: Catalogue, counted: Counted) -> None:
    instrument, values = counted
    found = implications_of(
        catalogue.indicators_of(instrument), catalogue.scales, catalogue.instrument(instrument)
    )
    told = {frozenset((item.whole, *item.parts)) for item in found if len(item.parts) == 1}
    asked = 0
    for one, other in permutations(shares(catalogue, instrument), 2):
        if len({str(leaf) for leaf in (*leaves(one), *leaves(other))}) > FEW_LEAVES:
            continue
        for part in (Side(one.id, True), Side(one.id, False)):
            for whole in (Side(other.id, True), Side(other.id, False)):
                if (of(part, values) & ~of(whole, values)).any():
                    continue
                asked += 1
                turned = frozenset(Side(side.indicator, not side.counted) for side in (part, whole))
                # Where both have the same bases, one way round says what the other does.
                assert {frozenset((part, whole)), turned} & told, (part, whole)
    assert asked


def test_where_three_questions_say_how_many_are_of_two_it_is_an_implication(
    catalogue: Catalogue, counted: Counted
) -> None:
    instrument, values = counted
    found = implications_of(
        catalogue.indicators_of(instrument), catalogue.scales, catalogue.instrument(instrument)
    )
    told = {frozenset(item.sides) for item in found}
    two = {frozenset(side for side, _ in item.sides) for item in found if len(item.sides) == 2}
    asked = 0
    for part in shares(catalogue, instrument):
        near = [
            item for item in shares(catalogue, instrument)
            if {str(leaf) for leaf in leaves(item)} < {str(leaf) for leaf in leaves(part)}
            and (item.stages, item.versions) == (part.stages, part.versions)
        ]  # fmt: skip
        for one, other in combinations(near, 2):
            for sides in product((True, False), repeat=3):
                whole, also, of_both = map(Side, (one.id, other.id, part.id), sides)
                left = of(whole, values).astype(int) + of(also, values) - of(of_both, values)
                pairs = [frozenset((of_both, side)) for side in (whole, also)] + [
                    frozenset((whole, Side(other.id, not sides[1])))
                ]
                if set(np.unique(left)) != {0, 1} or any(pair in two for pair in pairs):
                    continue
                asked += 1
                assert frozenset(((whole, 1), (also, 1), (of_both, -1))) in told
    assert asked


def said(side: Side) -> str:
    return side.indicator if side.counted else f"not {side.indicator}"


def names(items: tuple[Implication, ...]) -> set[tuple[str, tuple[str, ...]]]:
    return {(said(item.whole), tuple(map(said, item.parts))) for item in items if not item.also}


def test_both_of_two_questions_and_neither_are_known_where_a_third_is_their_sum(catalogue: Catalogue) -> None:
    found = {
        (frozenset((said(item.whole), said(item.also))), said(item.parts[0]))
        for item in catalogue.product("rcs").implications if item.also
    }  # fmt: skip
    assert (frozenset(("s_bullied", "s_bullied_online")), "s_bullied_any") in found
    assert (frozenset(("p_left_out", "p_bullied")), "p_bullied_or_left_out") in found
    # The family supports whom it does both for: what both lack less what either does is who has neither.
    neither = frozenset(("not p_talks_to_family", "not p_enjoys_family_time"))
    assert (neither, "not p_family_support") in found


def test_questions_that_contain_and_exclude_one_another_are_known(catalogue: Catalogue) -> None:
    found = names(catalogue.product("rcs").implications)
    assert ("s_drank_ever", ("s_drunk_ever",)) in found
    assert ("not s_bullied", ("not s_bullied_any",)) in found
    assert ("not s_affluence_high", ("s_affluence_low",)) in found
    assert ("p_talks_to_family", ("p_family_support",)) in found
    # Bands of two schemes: whoever is raised is borderline, in the top band, or has a score between the two.
    assert ("not s_total_borderline", ("not s_total_raised", "s_total_very_high")) in found


def test_a_filter_and_its_follow_up_are_known(catalogue: Catalogue) -> None:
    """And no other questions: of those who answered one of two others nobody knows on which side they are."""
    assert catalogue.product("rcs").follow_ups == (
        FollowUp("s_drank_ever", "s_drunk_ever"), FollowUp("s_smoked_ever", "s_smokes_weekly"),
    )  # fmt: skip


def test_who_is_asked_less_says_nothing_of_who_is_asked_more(catalogue: Catalogue) -> None:
    found = names(catalogue.product("rcs").implications)
    # Asked from S2 on, the question on any substance contains one that is asked of all.
    assert ("not s_smoked_ever", ("not s_any_substance",)) in found
    assert ("s_any_substance", ("s_smoked_ever",)) not in found


def test_a_question_on_many_items_is_compared_with_one_on_a_single_item(catalogue: Catalogue) -> None:
    like = catalogue.indicators["s_smoked_ever"]
    # Too many combinations of answers for trying them all.
    items = [When(item=f"sdq_{number:02d}", codes=("2",)) for number in range(1, 26)]
    many = like.model_copy(update={"id": "many", "when": When(any_of=tuple(items))})
    every = like.model_copy(update={"id": "every", "when": When(all_of=tuple(items))})
    one = like.model_copy(update={"id": "one", "when": items[3]})
    contract = catalogue.instrument("secondary")
    assert names(implications_of([many, one], catalogue.scales, contract)) == {("not one", ("not many",))}
    assert names(implications_of([every, one], catalogue.scales, contract)) == {("one", ("every",))}


def test_each_difference_of_counts_stands_once(catalogue: Catalogue) -> None:
    items = catalogue.product("rcs").implications
    assert len(set(items)) == len(items)
    pairs = [frozenset((item.whole, *item.parts)) for item in items if not item.also]
    turned = [frozenset(Side(side.indicator, not side.counted) for side in pair) for pair in pairs]
    # Both ways round only where they have other bases, or where each contains the other.
    for pair, other in zip(pairs, turned, strict=True):
        if other in pairs:
            one, two = (catalogue.indicators[side.indicator] for side in pair)
            same = {str(leaf) for leaf in leaves(one)} == {str(leaf) for leaf in leaves(two)}
            assert not same
