"""Scenarios against calculations by hand, and what a scenario must say before it is worked out."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from rcs_pipeline.contracts.appraisal import appraisal_rules
from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.reference import FOLDER, load_reference
from rcs_pipeline.contracts.scenario import Assumption, read_scenario, scenario_files
from rcs_pipeline.planning.appraise import net_present_value, payback
from rcs_pipeline.planning.figures import Figure, drawn
from rcs_pipeline.planning.scenario_text import as_text, pounds
from rcs_pipeline.planning.scenarios import as_data, worked_out
from tests.planning.small import content, effect, move, scenario, sure

EXAMPLE = DEFAULT_FOLDER / "scenarios" / "earlier_family_support.yaml"


def ranged(low: float, value: float, high: float, **more: Any) -> dict[str, Any]:
    return sure(value, low=low, high=high, **more)


# By hand: discounting


def test_the_discount_factors_are_those_of_the_green_book() -> None:
    factors = appraisal_rules().schedule("standard").factors(126)
    assert [round(factors[year], 6) for year in (0, 1, 5, 10, 30)] == [
        1, 0.966184, 0.841973, 0.708919, 0.356278,
    ]  # fmt: skip
    assert factors[31] == pytest.approx(factors[30] / 1.03)
    assert factors[76] == pytest.approx(factors[75] / 1.025)


def test_a_hundred_thousand_laid_out_and_four_times_thirty_thousand_back_is_worth_10192_38() -> None:
    flows = [-100_000, 30_000, 30_000, 30_000, 30_000]
    factors = appraisal_rules().schedule("standard").factors(5)
    assert round(net_present_value(flows, factors), 2) == 10_192.38


def test_the_same_flows_come_out_of_a_whole_scenario() -> None:
    certain = {name: sure(1) for name in ("need", "engagement", "retention", "success")}
    lasting = {"deadweight": sure(0), "drop_off": sure(0), "lag": sure(1), "duration": sure(4)}
    unit = {"cost": "thing", "quantity": sure(30)}
    result = worked_out(scenario(effects=[effect(reach=sure(1), unit=unit, **certain, **lasting)]))
    assert [round(item.net) for item in result.years[:6]] == [-100_000, 30_000, 30_000, 30_000, 30_000, 0]
    by_name = {item.id: item for item in result.horizons}
    assert round(by_name["short"].net_present_value, 2) == -100_000
    assert round(by_name["medium"].net_present_value, 2) == 10_192.38
    assert round(by_name["long"].net_present_value, 2) == 10_192.38
    assert result.payback_year == 4


@pytest.mark.parametrize(
    ("flows", "year"),
    [
        ([-100, 60, 60], 2),
        ([-100, 120, -50, 60], 3),  # back above nothing for good only at the end
        ([-100, 50], None),
        ([10, 10], None),  # nothing was laid out
    ],
)
def test_payback_is_the_year_from_which_nothing_is_owed(flows: list[float], year: int | None) -> None:
    assert payback(flows) == year


# By hand: the chain


def test_the_chain_of_benefits_as_worked_out_on_paper() -> None:
    # 100 x 0.5 x 0.8 x 0.5 = 20 stay; 0.5 of them succeed, a fifth anyway: 8 children, 10 things of 1,000
    # each are 80,000 in year 1 and a quarter less, 60,000, in year 2; 60 % of either is money.
    result = worked_out(scenario())
    years = [(item.cost, item.saved_cashable, item.saved_not_cashable) for item in result.years[:4]]
    assert years == [
        pytest.approx(line) for line in [(100_000, 0, 0), (0, 48_000, 32_000), (0, 36_000, 24_000), (0, 0, 0)]
    ]


def test_deadweight_may_be_a_share_of_the_participants() -> None:
    # 20 x (0.5 - 0.2) = 6 children
    result = worked_out(scenario(effects=[effect(deadweight_of="participants")]))
    assert result.years[1].saved_cashable + result.years[1].saved_not_cashable == pytest.approx(60_000)


def test_what_is_used_instead_is_taken_off_the_unit() -> None:
    costs = [
        {"id": "residential", "reference": "residential_week", "period": "2021-22"},
        {"id": "community", "reference": "community_week", "period": "2021-22"},
    ]
    unit = {"cost": "residential", "instead": "community", "quantity": sure(10)}
    result = worked_out(scenario(unit_costs=costs, effects=[effect(unit=unit)]))
    # Published figures are of grade 2: five per cent is taken off.
    expected = 8 * 10 * (4702.1029 - 402.5337) * 0.95
    assert result.years[1].saved_cashable + result.years[1].saved_not_cashable == pytest.approx(expected)


def test_half_a_year_of_lag_moves_half_of_the_effect() -> None:
    result = worked_out(scenario(effects=[effect(lag=sure(1.5), drop_off=sure(0))]))
    saved = [item.saved_cashable + item.saved_not_cashable for item in result.years[:5]]
    assert saved == pytest.approx([0, 40_000, 80_000, 40_000, 0])


def test_money_is_given_up_late_and_not_all_of_it() -> None:
    # 100,000 a year in the years 0 to 2; from year 1 on 80 % of it is given up.
    shifted = move(
        **{"from": {"label": "the old service"}},
        years={"last": 2},
        released={"share": sure(0.8), "lag": sure(1)},
        released_to={"police": 100},
    )
    result = worked_out(scenario(moves=[shifted], effects=[]))
    assert [item.released for item in result.years[:4]] == pytest.approx([0, 80_000, 80_000, 0])
    held = {item.organisation: item for item in result.organisations if item.horizon == "long"}
    assert held["police"].net == pytest.approx(80_000 * (1 / 1.035 + 1 / 1.035**2))
    assert held["council_education"].net == pytest.approx(-100_000 * (1 + 1 / 1.035 + 1 / 1.035**2))


def test_children_reached_follow_the_money() -> None:
    phased = move(years={"last": 1, "phase": [0.5, 1.0]})
    by_cost = effect(cost_per_child=sure(1000), duration=sure(1), drop_off=sure(0))
    del by_cost["reach"]
    result = worked_out(scenario(moves=[phased], effects=[by_cost]))
    saved = [item.saved_cashable + item.saved_not_cashable for item in result.years[:4]]
    assert saved == pytest.approx([0, 40_000, 80_000, 0])


def test_a_loss_is_a_cost() -> None:
    result = worked_out(scenario(effects=[effect(direction="cost")]))
    assert result.years[1].cost == pytest.approx(80_000)
    assert result.horizons[-1].net_present_value < -100_000


# Optimism, who pays, what it hangs on


@pytest.mark.parametrize(("grade", "share"), [(1, 0), (2, 0.05), (3, 0.1), (4, 0.15), (5, 0.25), (6, 0.4)])
def test_the_weakest_figure_says_how_much_is_added_to_costs_and_taken_off_savings(
    grade: int, share: float
) -> None:
    weak = worked_out(scenario(effects=[effect(success=sure(0.5, grade))]))
    assert weak.years[1].saved_cashable == pytest.approx(48_000 * (1 - share))
    assert weak.years[0].cost == pytest.approx(100_000)
    dear = worked_out(scenario(moves=[move(amount={"pounds": sure(100_000, grade)})]))
    assert dear.years[0].cost == pytest.approx(100_000 * (1 + share))
    certain = worked_out(scenario()).horizons[-1].net_present_value
    assert dear.horizons[-1].uncorrected == pytest.approx(certain)


def test_what_organisations_pay_and_gain_adds_up_to_the_whole() -> None:
    result = worked_out(read_scenario(EXAMPLE), draws=100)
    for horizon in result.horizons:
        own = [item for item in result.organisations if item.horizon == horizon.id]
        assert sum(item.net for item in own) == pytest.approx(horizon.net_present_value)
        assert sum(item.pays for item in own) == pytest.approx(horizon.cost)
    shares = {item.organisation: item for item in worked_out(scenario()).organisations}
    assert shares["nhs_board"].gains_cashable == pytest.approx(3 * shares["families"].gains_cashable)


def test_the_figure_that_matters_most_comes_first_and_says_where_it_turns() -> None:
    result = worked_out(
        scenario(effects=[effect(success=ranged(0, 0.5, 1), engagement=ranged(0.7, 0.8, 0.9))]), draws=100
    )
    first, second = result.sensitivity
    assert (first.figure, second.figure) == ("effects.better.success", "effects.better.engagement")
    assert first.net_at_low == pytest.approx(-100_000)
    # 160,000 of value for each whole point of success in year 1, three quarters of it in year 2
    value = 160_000 / 1.035 + 120_000 / 1.035**2
    assert first.net_at_high == pytest.approx(value - 100_000)
    assert first.turns_at == pytest.approx(100_000 / value)


# The simulation


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    loose = scenario(effects=[effect(success=ranged(0.2, 0.5, 0.9))])
    one, again, other = (worked_out(loose, seed=seed).horizons[-1].interval for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert one.lower == pytest.approx(other.lower, abs=3_000)


def test_another_assumption_changes_no_draw_of_the_others() -> None:
    loose = Figure("a.b", "", "", 0.5, 0.2, 0.9, "triangular", "", 1)
    first = drawn(loose, 1000, 7)
    assert np.array_equal(first, drawn(loose, 1000, 7))
    renamed = Figure("a.c", "", "", 0.5, 0.2, 0.9, "triangular", "", 1)
    assert abs(np.corrcoef(first, drawn(renamed, 1000, 7))[0, 1]) < 0.1


def test_draws_have_the_mean_of_their_distribution_and_stay_inside() -> None:
    triangular = drawn(Figure("t", "", "", 0.5, 0.2, 0.9, "triangular", "", 1), 200_000, 1)
    uniform = drawn(Figure("u", "", "", 0.5, 0.2, 0.9, "uniform", "", 1), 200_000, 1)
    assert triangular.mean() == pytest.approx((0.5 + 0.2 + 0.9) / 3, abs=0.002)
    assert uniform.mean() == pytest.approx(0.55, abs=0.002)
    # The variance of a triangle: (a² + b² + c² - ab - ac - bc) / 18.
    assert triangular.var() == pytest.approx((0.04 + 0.25 + 0.81 - 0.1 - 0.18 - 0.45) / 18, rel=0.02)
    lopsided = drawn(Figure("l", "", "", 0.22, 0.2, 0.9, "triangular", "", 1), 200_000, 1)
    assert lopsided.mean() == pytest.approx((0.22 + 0.2 + 0.9) / 3, abs=0.002)
    for draws in (triangular, uniform):
        assert 0.2 <= draws.min() < 0.21 and 0.89 < draws.max() <= 0.9


def test_the_interval_of_one_uniform_figure_is_known() -> None:
    # Only success is uncertain, evenly from 0 to 1: the net present value is a straight line of it.
    result = worked_out(scenario(effects=[effect(success=ranged(0, 0.5, 1, shape="uniform"))]), draws=100_000)
    value = 160_000 / 1.035 + 120_000 / 1.035**2
    found = result.horizons[-1].interval
    for share, limit in ((0.05, found.lower), (0.5, found.median), (0.95, found.upper)):
        assert limit == pytest.approx(share * value - 100_000, abs=2_000)
    assert found.above_nothing == pytest.approx(1 - 100_000 / value, abs=0.01)


def test_ten_thousand_draws_of_the_example_take_less_than_five_seconds() -> None:
    start = perf_counter()
    result = worked_out(read_scenario(EXAMPLE))
    assert result.draws == 10_000
    assert perf_counter() - start < 5


# What is printed


def test_every_assumption_is_printed_with_its_range_its_grade_and_its_ground() -> None:
    result = worked_out(read_scenario(EXAMPLE), draws=100)
    text, data = as_text(result), as_data(result)
    assert len(result.figures) > 25
    for figure in result.figures:
        assert figure.name in text
        assert figure.source in text
    assert [item["name"] for item in data["assumptions"]] == [item.name for item in result.figures]
    given = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert data["given"]["effects"][0]["success"]["value"] == given["effects"][0]["success"]["value"]
    json.dumps(data, allow_nan=False)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(1234.5, "£1,234"), (-0.0, "£0"), (-56, "-£56"), (0.5, "£0.50"), (-100_000, "-£100,000")],
)
def test_pounds_read_as_pounds(amount: float, text: str) -> None:
    assert pounds(amount) == text


# What is refused


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"moves": [move(paid_by={"police": 90})]}, "add up to 90"),
        ({"moves": [move(paid_by={"polise": 100})]}, "unknown organisation"),
        ({"effects": [effect(move="shft")]}, "unknown move"),
        ({"effects": [effect(success=sure(1.5))]}, "share from 0 to 1"),
        ({"effects": [effect(success=ranged(0.6, 0.5, 0.9))]}, "does not lie between"),
        ({"effects": [effect(sucess=sure(1))]}, "Extra inputs"),
        ({"effects": [effect(value="social")]}, "only fiscal value"),
        ({"effects": [effect(unit={"cost": "thin", "quantity": sure(1)})]}, "unknown unit cost"),
        ({"moves": [move(**{"from": {"label": "x"}})]}, "go together"),
        ({"unit_costs": [{"id": "thing", "stated": sure(1), "price_year": "2021-22"}]}, "label"),
        ({"effects": [effect(), effect()]}, "stands twice"),
    ],
)
def test_a_scenario_that_is_not_complete_is_refused(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        scenario(**changed)


def test_a_unit_cost_needs_a_source_and_a_judgement_cannot_be_graded_well() -> None:
    with pytest.raises(ValidationError, match="at best"):
        Assumption.model_validate(sure(1, 3, judgement=True))
    stated = {"id": "thing", "label": "x", "price_year": "2021-22", "stated": sure(1, 5, judgement=True)}
    with pytest.raises(ValidationError, match="cannot be a judgement"):
        scenario(unit_costs=[stated])
    with pytest.raises(ValidationError, match="source"):
        Assumption.model_validate({"value": 1, "grade": 1})


def test_a_file_that_names_an_unknown_figure_says_what_there_is(tmp_path: Path) -> None:
    wrong = [{"id": "thing", "reference": "residential_weak", "period": "2021-22"}]
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(content(unit_costs=wrong)), encoding="utf-8")
    with pytest.raises(ContractError, match="residential_week"):
        read_scenario(path)
    wrong = [{"id": "thing", "reference": "residential_week", "period": "2022-23"}]
    path.write_text(yaml.safe_dump(content(unit_costs=wrong)), encoding="utf-8")
    with pytest.raises(ContractError, match="2010-11 to 2021-22"):
        read_scenario(path)


def test_the_scenarios_of_the_project_are_complete() -> None:
    assert set(scenario_files([DEFAULT_FOLDER])) >= {"earlier_family_support", "two_per_cent_earlier"}


# Reference data


def test_a_unit_cost_is_the_published_one_in_the_prices_that_are_wanted() -> None:
    reference = load_reference()
    assert reference.cost_of("residential_week", "2021-22", "2021-22") == 4702.1029
    # The file itself gives it in the prices of 2022-23 too.
    assert reference.cost_of("residential_week", "2021-22", "2022-23") == pytest.approx(5011.3356, abs=0.01)
    assert reference.cost_of("community_week", "2010-11", "2022-23") == pytest.approx(267.1221, abs=0.01)
    later = reference.price(100, "2014-15", "2019-20")
    assert later > 100
    assert reference.price(later, "2019-20", "2014-15") == pytest.approx(100)


def test_an_edited_reference_file_is_refused(tmp_path: Path) -> None:
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    load_reference(tmp_path)
    load_reference.cache_clear()
    edited = tmp_path / "lgbf_scotland_children.csv"
    edited.write_bytes(edited.read_bytes().replace(b"4702.1029", b"4702.1028"))
    with pytest.raises(ContractError, match="not the one that was published"):
        load_reference(tmp_path)
