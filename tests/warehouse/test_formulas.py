"""The estimates that dbt makes of random designs, against a second implementation and against themselves."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import cache

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcs_pipeline.warehouse.build import build_warehouse
from rcs_pipeline.warehouse.explain.by_hand import Cluster, calculate
from tests.warehouse import designs, lakes
from tests.warehouse.conftest import CONTRACTS
from tests.warehouse.designs import INDICATORS, Design, Reference, random_design, reference

SEEDS = range(120)
# The designs of which changed copies are made: those with most pupils.
COPIED = 8
COLUMNS = [field.name for field in fields(Reference)]
SEXES = {("all", "all"): None, ("sex", "1"): 1, ("sex", "2"): 2}
# The build rounds squared weights, and weights under squared scores, to powers of two: see macros/exact.sql.
ROUNDED = {"effective_base", "design_effect"}
OF_PUPILS = {*ROUNDED, "standard_error", "lower", "upper"}
Found = dict[tuple[str, str, str, str], Reference]


def copies(design: Design) -> dict[str, Design]:
    """What must not change an estimate, or in a known way."""
    order = np.random.default_rng(1).permutation(len(design.weight))
    return {
        "permuted": replace(design.rows(order), key=f"{design.key}-permuted"),
        "split": replace(design, key=f"{design.key}-split", parts=2),
        "times-4": replace(design, key=f"{design.key}-times-4", weight=design.weight * 4),
        "times-7": replace(design, key=f"{design.key}-times-7", weight=design.weight * 6.9),
        "swapped": replace(design, key=f"{design.key}-swapped", yes=1 - design.yes),
    }


@cache
def every_design() -> tuple[Design, ...]:
    return tuple(map(random_design, SEEDS))


@cache
def by_size() -> tuple[Design, ...]:
    return tuple(sorted(every_design(), key=lambda item: -len(item.weight))[:COPIED])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Every estimate of every design and copy, by dbt in one build."""
    folder = tmp_path_factory.mktemp("designs")
    every = [*every_design(), *(copy for item in by_size() for copy in copies(item).values())]
    every.append(beside_an_empty_cluster())
    space = lakes.workspace(folder / "home", designs.contracts(folder / "contracts", every, CONTRACTS))
    for design in every:
        designs.land(space, design, folder)
    building = build_warehouse(space, designs.DATASET)
    assert [item.name for item in building.results if item.status not in ("success", "pass", "no-op")] == []
    with duckdb.connect(str(building.database), read_only=True) as connection:
        rows = connection.execute(
            f"select wave, indicator_id, group_by, group_value, {', '.join(COLUMNS)} from indicator_estimates"
        ).fetchall()
    return {row[:4]: Reference(*row[4:]) for row in rows}


def beside_an_empty_cluster() -> Design:
    """Three schools; the girls (1) are in two of them, and half of each school's pupils say yes."""
    cluster = np.repeat([1.0, 2.0, 3.0], 4)
    sex = np.where(cluster == 3, 2.0, 1.0)
    yes = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    return Design("empty", np.ones(12), cluster, sex, np.ones(12), yes, yes * 10, yes * 10)


def near(ours: Reference, theirs: Reference, relative: float = 1e-9, rounded: float = 1e-7) -> bool:
    """Whether two estimates are the same, but for what rests on rounded squares of weights or scores."""
    coarse = OF_PUPILS if theirs.variance_method == "pupil" or theirs.standard_error == 0 else ROUNDED
    for column in COLUMNS:
        left, right = getattr(ours, column), getattr(theirs, column)
        if left is None or right is None or isinstance(left, str):
            same = left == right
        else:
            allowed = rounded if column in coarse else relative
            same = math.isclose(left, right, rel_tol=allowed, abs_tol=allowed)
        if not same:
            return False
    return True


def test_every_estimate_is_that_of_the_second_implementation(found: Found) -> None:
    compared = 0
    for design in every_design():
        for indicator in INDICATORS:
            for group, sex in SEXES.items():
                expected, ours = reference(design, indicator, sex), found.get((design.key, indicator, *group))
                where = (design.key, indicator, group)
                assert (ours is None) == (expected is None), where
                if ours is not None and expected is not None:
                    assert near(ours, expected), (where, ours, expected)
                    compared += 1
    assert compared > 1000


def test_the_designs_are_of_every_awkward_kind(found: Found) -> None:
    every = every_design()
    keys = {item.key for item in every}
    made = [found[key] for key in found if key[0] in keys]
    assert {item.variance_method for item in made} == {"cluster", "pupil"}
    assert {0, 1, 2} <= {item.degrees_of_freedom for item in made}
    assert any(item.lower is None for item in made), "a mean of one pupil"
    for share in (0.0, 1.0):
        assert any(item.numerator is not None and item.estimate == share for item in made)
    assert any((item.weight == 0).any() for item in every)
    assert any(np.isnan(item.yes).all() for item in every)
    assert any(len(np.unique(item.cluster)) == 1 for item in every)


@pytest.mark.parametrize("kind", ["permuted", "split"])
def test_the_order_and_the_number_of_deliveries_change_not_a_bit(found: Found, kind: str) -> None:
    compared = 0
    for design in by_size():
        for key in [key for key in found if key[0] == design.key]:
            assert found[(f"{design.key}-{kind}", *key[1:])] == found[key], key
            compared += 1
    assert compared > 60


@pytest.mark.parametrize(("kind", "factor"), [("times-4", 4.0), ("times-7", 6.9)])
def test_the_scale_of_the_weights_changes_nothing(found: Found, kind: str, factor: float) -> None:
    """A power of two not in the last digit; another factor no more than the rounding of the weights does."""
    for design in by_size():
        for key in [key for key in found if key[0] == design.key]:
            one, other = found[key], found[(f"{design.key}-{kind}", *key[1:])]
            expected = replace(one, weighted_base=one.weighted_base * factor)
            rounded = 1e-6 if one.numerator is not None else 1e-4
            assert near(expected, other, 1e-12 if factor == 4 else 1e-7, rounded), key
            assert other.estimate == pytest.approx(one.estimate, rel=1e-9, abs=1e-9), key
            assert factor != 4 or other.estimate == one.estimate


def test_an_indicator_and_its_complement_mirror_each_other(found: Found) -> None:
    for key, yes in found.items():
        if key[1] == "yes":
            no = found[(key[0], "no", *key[2:])]
            assert yes.numerator is not None and yes.lower is not None and yes.upper is not None
            mirrored = replace(
                yes, numerator=yes.base - yes.numerator, estimate=1 - yes.estimate,
                lower=1 - yes.upper, upper=1 - yes.lower,
            )  # fmt: skip
            assert near(mirrored, no), key


def test_a_cluster_with_nobody_in_the_group_counts_in_the_variance(found: Found) -> None:
    girls = found[("empty", "yes", "sex", "1")]
    # z = (3 - 4 x 0.5) / 8 and (1 - 4 x 0.5) / 8, and 0 for the school without girls; three schools, so 3/2.
    assert girls.standard_error == pytest.approx((1.5 * 2 * 0.125**2) ** 0.5, abs=1e-12)
    assert girls.degrees_of_freedom == 1
    assert found[("empty", "yes", "all", "all")].degrees_of_freedom == 2


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), indicator=st.sampled_from(INDICATORS), sex=st.sampled_from([None, 1, 2]))
def test_the_explanation_by_hand_is_that_of_the_second_implementation(
    seed: int, indicator: str, sex: int | None
) -> None:
    design = random_design(seed)
    design = design.rows(np.flatnonzero(design.weight > 0))
    y, clusters, designed = design.answers(indicator), [], {}
    inside = ~np.isnan(y) & ((design.sex == sex) if sex else True)
    for stratum in np.unique(design.stratum):
        here = np.unique(design.cluster[design.stratum == stratum])
        designed["c", str(stratum)] = len(here)
        for name in here:
            at = inside & (design.cluster == name)
            v, w = y[at], design.weight[at]
            sums = (v.sum(), w.sum(), (w * v).sum(), (w * v * v).sum(), (w * w).sum())
            clusters.append(Cluster("c", str(stratum), str(name), int(at.sum()), *map(float, sums)))
    made, expected = calculate(clusters, designed, is_mean=indicator in ("mean", "both")), None
    expected = reference(design, indicator, sex)
    assert (made is None) == (expected is None)
    if made is not None and expected is not None:
        assert near(Reference(*(getattr(made, name) for name in COLUMNS)), expected)
