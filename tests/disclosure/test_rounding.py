"""What is published is rounded by policy, so that known weights do not give the counts behind a share."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.contracts.rounding import Rounded
from rcs_pipeline.disclosure.audit_weighted import share_step
from rcs_pipeline.disclosure.display import reach_of, shown_value, step_of
from tests.disclosure.weighing import widths, worlds

PRODUCT = Path(__file__).parents[2] / "data_contracts" / "products" / "rcs"
# Stage by sex: roll, respondents, pupils of the group, those of them counted.
CELLS = ((262, 197, 4, 2), (251, 171, 5, 1), (248, 181, 3, 0), (255, 163, 6, 3), (240, 177, 4, 1))


@pytest.fixture(scope="module")
def product() -> Product:
    return read_product(PRODUCT)


def shown(product: Product, table: str, values: dict[str, float | None], *columns: str) -> tuple[float, ...]:
    """What is published of a row."""
    contract = product.table(table)
    picked = [
        shown_value(product, contract, next(item for item in contract.columns if item.name == column), "t")
        for column in columns
    ]
    row = ", ".join(f"{'null' if value is None else value}::double as {key}" for key, value in values.items())
    with duckdb.connect() as connection:
        found = connection.execute(f"select {', '.join(picked)} from (select {row}) as t").fetchone()
    return tuple(found or ())


def test_all_digits_of_a_weighted_share_give_the_counts_behind_it_and_the_rounded_one_does_not(
    product: Product,
) -> None:
    weights = [roll / respondents for roll, respondents, _, _ in CELLS]
    truth = tuple(counted for *_, counted in CELLS)
    people = sum(weight * pupils for weight, (_, _, pupils, _) in zip(weights, CELLS, strict=True))
    exact = sum(weight * counted for weight, counted in zip(weights, truth, strict=True)) / people
    known = list(worlds(weights, sum(truth), exact * people - 1e-9, exact * people + 1e-9))
    assert known == [truth]
    (rounded,) = shown(product, "indicator_estimates", {"estimate": exact, "base": 22}, "estimate")
    half = product.file.rounding.steps[-1].estimate / 2  # type: ignore[union-attr]
    left = list(worlds(weights, sum(truth), (rounded - half) * people, (rounded + half) * people))
    assert truth in left
    assert min(widths(left)) >= 5


@pytest.mark.parametrize(
    ("estimate", "base", "published"),
    [
        (0.23456, 2999, 0.23), (0.23456, 3000, 0.235), (0.0049, 500, 0.01), (0.9999, 3000, 0.999),
        (0.23456, 300, 0.23), (0.23456, 299, 0.24), (0.24999, 150, 0.24), (0.24, 149, 0.25),
        (0.0, 500, 0.0), (1.0, 500, 1.0), (12.3456, 50, 12.35), (0.06, 99, 0.05), (0.9999, 31, 0.95),
    ],
)  # fmt: skip
def test_a_share_has_the_digits_that_its_base_carries_and_some_are_never_none(
    product: Product, estimate: float, base: int, published: float
) -> None:
    given = {"estimate": estimate, "base": base}
    assert shown(product, "indicator_estimates", given, "estimate") == (pytest.approx(published, abs=1e-12),)


@pytest.mark.parametrize("base", [30, 60, 149, 150, 299, 300, 1000, 2999, 3000, 20_000])
def test_a_rounded_error_leaves_about_as_many_pupils_open_as_a_step_is_worth(
    product: Product, base: int
) -> None:
    """Even to somebody who knows the design effect to every digit, which is rounded as well."""
    policy = product.file.rounding
    assert policy is not None
    worth = policy.step_pupils
    steps = next((step for step in policy.steps if step.estimate * base >= worth), policy.steps[-1])
    for counted in (5, base // 5, base // 3):
        error = math.sqrt(counted / base * (1 - counted / base) / base)
        row = {"standard_error": error, "base": base}
        (told,) = shown(product, "indicator_estimates", row, "standard_error")
        ends = [_share(base * max(told + side * steps.error / 2, 0) ** 2) for side in (-1, 1)]
        assert ends[0] <= counted / base <= ends[1]
        assert (ends[1] - ends[0]) * base > 0.8 * min(worth, steps.estimate * base)


def _share(variance: float) -> float:
    """The smaller share whose pupils vary so."""
    return (1 - math.sqrt(max(1 - 4 * variance, 0))) / 2


def test_limits_move_with_the_estimate_and_say_no_more_than_it(product: Product) -> None:
    """Two estimates that are shown alike, with intervals as wide as each other, have the same limits."""
    for estimate in (0.2251, 0.2349):
        row = {"estimate": estimate, "lower": estimate - 0.044, "upper": estimate + 0.05, "base": 300}
        assert shown(product, "indicator_estimates", row, "estimate", "lower", "upper") == (0.23, 0.19, 0.28)


def test_pupils_in_need_are_the_rounded_share_of_the_rounded_pupils(product: Product) -> None:
    """By themselves they would be a second equation of the same counts."""
    row = {"share_from": 1.0, "share_off": 0.2251, "need_share": 0.7749, "base": 300, "weighted_base": 413.7,
           "pupils_in_need": 320.6, "spend": 10_000.0, "spend_for_each_in_need": 31.2}  # fmt: skip
    columns = ("need_share", "pupils_in_need", "spend_for_each_in_need")
    assert shown(product, "need_and_provision", row, *columns) == (0.77, 320.0, 31.3)
    row |= {"weighted_base": 416.2, "need_share": 0.7651, "share_off": 0.2349, "spend_for_each_in_need": None}
    assert shown(product, "need_and_provision", row, *columns) == (0.77, 320.0, None)


def test_a_difference_is_that_of_two_rounded_estimates(product: Product) -> None:
    row = {
        "estimate": 0.2249, "base": 300, "other_estimate": 0.2151, "other_base": 400, "difference": 0.0098,
        "difference_error": 0.0214, "difference_lower": -0.032, "difference_upper": 0.052, "z": 0.458,
        "p_value": 0.647,
    }  # fmt: skip
    columns = ("estimate", "other_estimate", "difference", "difference_lower", "z", "p_value")
    found = shown(product, "indicator_comparisons", row, *columns)
    assert found == (0.22, 0.22, 0.0, -0.04, 0.0, 1.0)
    untested = {**row, "difference": None, "z": None, "p_value": None}
    assert shown(product, "indicator_comparisons", untested, "difference", "z", "p_value") == (None,) * 3


def test_readers_are_told_from_which_base_on_a_step_is_used(product: Product) -> None:
    policy = product.file.rounding
    assert policy is not None
    told = (PRODUCT.parents[2] / "docs" / "dashboards.md").read_text(encoding="utf-8")
    for step in policy.steps[:-1]:
        assert f"{step.estimate} from {math.ceil(policy.step_pupils / step.estimate):,}" in told
    assert f"and {policy.steps[-1].estimate} below" in told


def test_the_attack_takes_every_share_for_rounded_as_it_is(product: Product) -> None:
    """It has code of its own, and a coarser step than the release's would tell it less than readers know."""
    policy = product.file.rounding
    assert policy is not None
    told = step_of(Rounded(to="estimate", base="base"), policy, "t")
    with duckdb.connect() as connection:
        found = connection.execute(f"""
            select step, min(base), max(base), bool_and(step = {share_step(policy, "cast(base as double)")})
            from (select base, {told} as step from (select i as base from range(10, 9000) as r (i)) as t)
            group by step order by step
        """).fetchall()
    assert [(float(step), *rest) for step, *rest in found] == [
        (0.001, 3000, 8999, True), (0.01, 300, 2999, True), (0.02, 150, 299, True), (0.05, 10, 149, True)
    ]  # fmt: skip


def test_a_difference_is_the_one_that_a_reader_makes_of_the_two_estimates(product: Product) -> None:
    row = {
        "estimate": 0.6502, "base": 106, "other_estimate": 0.6841, "other_base": 1404, "difference": -0.0339,
    }  # fmt: skip
    columns = ("estimate", "other_estimate", "difference")
    assert shown(product, "indicator_comparisons", row, *columns) == (0.65, 0.68, -0.03)


def test_what_is_shown_lies_within_its_reach_on_either_side_of_a_step(product: Product) -> None:
    """Two bases of one difference may have different steps: the gate allows it what both may be off."""
    table = product.table("indicator_comparisons")
    policy = product.file.rounding
    assert policy is not None
    asked = ("estimate", "difference", "difference_lower")
    off = ", ".join(
        f"max(abs({shown_value(product, table, column, 't')} - t.{column.name})"
        f" / {reach_of(table, column.rounded, policy, 't')})"
        for column in table.columns if column.name in asked and column.rounded
    )  # fmt: skip
    with duckdb.connect() as connection:
        found = connection.execute(f"""
            with drawn as (
                select hash(i) % 9973 / 9973 as estimate, hash(i + 0.5) % 9973 / 9973 as other_estimate,
                    30 + hash(-i) % 3500 as base, 30 + hash(-i - 0.5) % 3500 as other_base
                from range(20000) as r (i)
            )
            select {off} from (
                select *, estimate - other_estimate as difference, difference - 0.05 as difference_lower
                from drawn
            ) as t
        """).fetchone()
    assert found is not None
    assert all(0.4 < worst <= 1 for worst in found)


def test_every_published_weighted_figure_is_rounded(product: Product) -> None:
    """A new column of a table of estimates has to say how it is rounded, or that it is a plain count."""
    plain = {"base", "other_base", "numerator", "degrees_of_freedom", "family_tests", "waves_in_run", "place",
             "place_lower", "place_upper", "places"}  # fmt: skip
    tables = ("indicator_estimates", "indicator_comparisons", "indicator_trends", "inequality", "cpp_ranks")
    for table in tables:
        for column in product.table(table).columns_for("open"):
            if column.type.value in ("number", "integer"):
                assert (column.rounded is None) == (column.name in plain), f"{table}.{column.name}"


def test_alpha_and_weighted_respondents_are_rounded_too(product: Product) -> None:
    assert shown(product, "scale_reliability", {"alpha": 0.81437}, "alpha") == (0.81,)
    assert shown(product, "scale_reliability", {"alpha": -0.0261}, "alpha") == (-0.03,)
    given = {"weighted_respondents": 418.2391}
    assert shown(product, "weighting", given, "weighted_respondents") == (420.0,)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [("rounding:\n", "unrounding:\n", "unrounding"),
     ("    value: 5\n    reason: A sum", "    value: 5\n    because: A sum", "because"),
     ("{estimate: 0.05, error: 0.01}", "{estimate: 0.005, error: 0.01}", "finest"),
     ("[0.001, 0.01, 0.05, 0.1, 1]", "[0.001, 0.01]", "p_values")],
)  # fmt: skip
def test_rounding_without_a_reason_or_a_policy_is_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    folder = tmp_path / "rcs"
    shutil.copytree(PRODUCT, folder)
    file = folder / "product.yaml"
    content = file.read_text(encoding="utf-8")
    assert old in content
    file.write_text(content.replace(old, new), encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        read_product(folder)


def test_a_way_of_rounding_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="base"):
        Rounded(to="estimate")
    with pytest.raises(ValueError, match="at most one"):
        Rounded(to="ratio", moves_with="a", over=("b", "c"))
