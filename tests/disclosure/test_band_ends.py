"""Bands of questions that contain or exclude one another: together they leave every row wide enough."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rcs_pipeline.contracts.implications import Implication, Side
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure import bands, school_bands
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.audit_band_ends import Relations
from rcs_pipeline.disclosure.band_ends import Related, ends, narrow_rows, to_take_back
from rcs_pipeline.disclosure.implied import implied_of
from rcs_pipeline.disclosure.sizes import Rows
from rcs_pipeline.disclosure.worlds import MANY, Bounds, Schools
from rcs_pipeline.ledger.records import Outcome
from tests.disclosure.school_tables import SEX, STAGE, Cell, banded_product, candidate, given

CHECK = "disclosure.partnership.bands"
SIZES = {"A": (180, 90, 60, 40, 30), "B": (200, 70, 55)}
# The second and the third question exclude one another, and the first contains both.
WHOLE = Implication(Side("i0", True), (Side("i1", True), Side("i2", True)))
WIDTH = 4


@pytest.fixture(scope="module")
def product() -> Product:
    return replace(banded_product(), implications=(WHOLE,))


def related(seed: int, sizes: dict[str, Sequence[int]]) -> list[Cell]:
    """Pupils of whom half are of the whole, and of these half of each part; a few skip the parts."""
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    cells = []
    for cpp, pupils in sizes.items():
        for number, size in enumerate(pupils):
            for sex in SEX:
                for stage in STAGE:
                    base = round(size / 6 * draw.uniform(0.6, 1.4))
                    kinds = draw.choices(["one", "other", "alone", "none"], [12, 12, 1, 20], k=base)
                    skipped = min(draw.choice((0, 0, 1)), kinds.count("none"))
                    place = (cpp, f"{cpp}{number}", sex, stage)
                    cells += [
                        Cell("i0", *place, base, base - kinds.count("none")),
                        Cell("i1", *place, base - skipped, kinds.count("one")),
                        Cell("i2", *place, base - skipped, kinds.count("other")),
                    ]
    return cells


def verdict(folder: Path, product: Product) -> tuple[Outcome, str]:
    return next((item.outcome, item.message) for item in audit(folder, product) if item.check == CHECK)


def in_sight(folder: Path) -> int:
    return sum(row["share_from"] is not None for row in given(folder))


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_bands_of_questions_that_contain_others_pass_and_few_are_taken_back(
    tmp_path: Path, product: Product, seed: int
) -> None:
    cells = related(seed, SIZES)
    made = candidate(tmp_path / "one", cells, product)
    assert verdict(made, product)[0] is Outcome.PASS
    alone = candidate(tmp_path / "two", cells, banded_product())
    assert in_sight(made) > 0.8 * in_sight(alone)


def test_bands_that_are_chosen_question_by_question_are_noticed(
    tmp_path: Path, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school_bands, "implied_of", lambda *_: ())
    made = candidate(tmp_path / "one", related(1, SIZES), product)
    outcome, says = verdict(made, product)
    assert outcome is Outcome.FAIL
    assert "row(s) that bands of related questions tell too closely" in says
    assert verdict(made, banded_product())[0] is Outcome.PASS


def one_cell(base: Sequence[Sequence[int]], count: Sequence[Sequence[int]]) -> tuple[Schools, Rows]:
    """Schools (rows) and questions (columns) of one cell, which is everybody."""
    bases, counts = np.array(base)[:, :, None], np.array(count)[:, :, None]
    schools = Schools(bases, counts, bases, counts, np.ones((1, 1), dtype=bool))
    return schools, Rows((0,), 0, np.ones(bases.shape, dtype=bool))


def bounds(low: Sequence[Sequence[int]], high: Sequence[Sequence[int]]) -> Bounds:
    return Bounds(np.array(low)[:, :, None], np.array(high)[:, :, None])


NAMES = ("i0", "i1", "i2")
EVERY = Related(implied_of((WHOLE,), NAMES))


def test_a_whole_is_a_ceiling_for_its_parts_and_they_are_a_floor_for_it() -> None:
    schools, rows = one_cell([[20, 20, 20]], [[9, 4, 4]])
    told = bounds([[0, 4, 4]], [[9, 20, 20]])
    found = ends(told, schools, rows, EVERY, sums_known=False)
    assert found.low[0, :, 0].tolist() == [8, 4, 4]
    assert found.high[0, :, 0].tolist() == [9, 5, 5]
    assert narrow_rows(told, schools, rows, EVERY, WIDTH)[0, :, 0].tolist() == [True] * 3


def test_who_is_not_counted_is_bounded_by_a_question_that_excludes_another() -> None:
    # Nobody of the first is of the second: whoever is not counted there contains them.
    apart = Related(implied_of((Implication(Side("i1", False), (Side("i2", True),)),), NAMES))
    schools, rows = one_cell([[20, 20, 20]], [[9, 8, 11]])
    found = ends(bounds([[0, 6, 10]], [[20, 20, 20]]), schools, rows, apart, sums_known=False)
    assert list(zip(found.low[0, :, 0], found.high[0, :, 0], strict=True)) == [(0, 20), (6, 10), (10, 14)]


def test_the_sums_of_a_partnership_carry_what_one_school_tells_to_the_other() -> None:
    schools, rows = one_cell([[20, 20, 20]] * 2, [[9, 4, 4], [10, 3, 2]])
    told = bounds([[0, 4, 0], [0, 0, 0]], [[5, 20, 20], [20, 20, 20]])
    told.high[0, 0, 0] = 9
    found = ends(told, schools, rows, EVERY, sums_known=True)
    assert (found.low[1, :, 0].tolist(), found.high[1, :, 0].tolist()) == ([10, 0, 1], [15, 3, 6])
    assert ends(told, schools, rows, EVERY, sums_known=False).high[1, 0, 0] == 20


def test_what_is_narrow_though_no_band_is_shown_is_asked_of_none() -> None:
    schools, rows = one_cell([[20, 20, 20]], [[2, 1, 1]])
    nothing = bounds([[-MANY] * 3], [[MANY] * 3])
    assert not narrow_rows(nothing, schools, rows, EVERY, WIDTH).any()


def test_one_band_is_taken_back_of_each_school_and_the_smallest_of_the_narrow_first() -> None:
    base = np.array([[[60, 25, 35], [60, 25, 35]], [[50, 20, 30], [50, 20, 30]]])
    shown, narrow = np.ones(base.shape, dtype=bool), np.zeros(base.shape, dtype=bool)
    narrow[0, 0, 0] = narrow[0, 1, 2] = True
    rows = Rows((0, 1, 1), 0, np.ones(base.shape, dtype=bool))
    groups = [np.array([0, 1])]
    assert np.argwhere(to_take_back(narrow, shown, base, rows, groups)).tolist() == [[0, 1, 2]]
    shown[0, 1, 2] = False
    assert np.argwhere(to_take_back(narrow, shown, base, rows, groups)).tolist() == [[0, 0, 0]]
    shown[0] = False
    assert np.argwhere(to_take_back(narrow, shown, base, rows, groups)).tolist() == [[1, 0, 1]]


@pytest.mark.parametrize("seed", range(6))
def test_choice_and_attack_come_to_the_same_ends(seed: int) -> None:
    draw = np.random.default_rng(seed)
    base = np.repeat(draw.integers(20, 40, (3, 1)), 3, axis=1)
    parts = draw.integers(2, 8, (3, 2))
    count = np.column_stack([parts.sum(axis=1) + draw.integers(0, 3, 3), parts])
    schools, rows = one_cell(base.tolist(), count.tolist())
    low, high = count - draw.integers(0, 5, (3, 3)), count + draw.integers(0, 5, (3, 3))
    low, high = np.maximum(low, 0), np.minimum(high, base)
    ours = ends(Bounds(low[:, :, None], high[:, :, None]), schools, rows, EVERY, sums_known=True)
    item = np.arange(9).reshape(3, 3)  # schools x questions
    factor = np.concatenate([np.ones(9), np.tile([1.0, -1.0, -1.0], 3)])
    relation = np.concatenate([np.tile([0, 1, 2], 3), np.repeat([3, 4, 5], 3)])
    sums = count.sum(axis=0).astype(float)
    known = Relations(
        relation, np.concatenate([item.ravel(), item.ravel()]), factor,
        np.concatenate([sums, np.zeros(3)]), np.concatenate([sums, np.full(3, np.inf)]),
    )  # fmt: skip
    theirs = known.ends(low.ravel().astype(float), high.ravel().astype(float))
    assert ours.low[:, :, 0].ravel().tolist() == theirs[0].tolist()
    assert ours.high[:, :, 0].ravel().tolist() == theirs[1].tolist()
    assert (theirs[0] <= count.ravel()).all() and (count.ravel() <= theirs[1]).all()


def test_lines_without_related_ones_are_as_they_were(product: Product) -> None:
    assert bands.NONE_RELATED.groups == ()
    assert Related(implied_of((WHOLE,), ("i0", "i1"))).groups == ()
    two = Implication(Side("i3", True), (Side("i4", False),))
    tied = Implication(Side("i2", True), (Side("i5", True),))
    names = ("i5", "i4", "i3", "i2", "i1", "i0")
    groups = Related(implied_of((WHOLE, two, tied), names)).groups
    assert sorted(group.tolist() for group in groups) == [[0, 3, 4, 5], [1, 2]]
