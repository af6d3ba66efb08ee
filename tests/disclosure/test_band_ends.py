"""Bands of questions that contain or exclude one another: together they leave every row wide enough."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from rcs_pipeline.contracts.implications import Implication, Side
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure import bands, school_bands
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.audit_band_ends import Relations, narrow_beside
from rcs_pipeline.disclosure.band_ends import Related, ends, narrow_rows
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
    # Its own bands leave every row of the second school five values.
    assert narrow_rows(told, schools, rows, EVERY, WIDTH)[1, :, 0].tolist() == [False, True, False]


def test_the_attack_knows_bands_questions_and_the_sums_of_a_partnership(product: Product) -> None:
    with duckdb.connect() as connection:
        connection.execute("""
            create table bands_rows as
            select 'A' as block, school, line, 'all' as way, 'all' as value, 20 as base, numerator,
                edge_from is not null as shown, edge_from, edge_to
            from (
                values ('A0', 'i0', 9, 40, 50), ('A0', 'i1', 4, 20, 30), ('A0', 'i2', 4, null, null),
                    ('A1', 'i0', 10, null, null), ('A1', 'i1', 3, null, null), ('A1', 'i2', 2, null, null)
            ) as rows (school, line, numerator, edge_from, edge_to)
        """)
        connection.execute(
            "create table bands_cells as select block, school, line, 'x' as cell, base, numerator"
            " from bands_rows"
        )
        connection.execute("create table bands_parts as select 'all' as way, 'all' as value, 'x' as cell")
        # 8 or 9 and 4 or 5 in the first school; so 10 or 11 and 2 or 3 in the second.
        assert narrow_beside(connection, product, WIDTH) == 4
        connection.execute("update bands_rows set edge_to = 70 where line = 'i0'")
        assert narrow_beside(connection, product, WIDTH) == 2
        connection.execute("update bands_rows set edge_from = 0 where line = 'i1'")
        assert narrow_beside(connection, product, WIDTH) == 0


def test_what_is_narrow_though_no_band_is_shown_is_asked_of_none() -> None:
    schools, rows = one_cell([[20, 20, 20]], [[2, 1, 1]])
    nothing = bounds([[-MANY] * 3], [[MANY] * 3])
    assert not narrow_rows(nothing, schools, rows, EVERY, WIDTH).any()


@pytest.mark.parametrize("seed", range(6))
def test_choice_and_attack_come_to_the_same_ends(seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Schools x questions x (everybody, two cells).
    cells = np.repeat(draw.integers(20, 40, (3, 1, 2)), 3, axis=1)
    parts = draw.integers(2, 8, (3, 2, 2))
    whole = parts.sum(axis=1, keepdims=True) + draw.integers(0, 3, (3, 1, 2))
    count = np.concatenate([whole, parts], axis=1)
    everybody = (item.sum(axis=2, keepdims=True) for item in (cells, count))
    schools = Schools(cells, count, *everybody, np.ones((1, 2), dtype=bool))
    base, truth = (np.concatenate(item, axis=2) for item in (
        (schools.row_base, cells), (schools.row_count, count)
    ))  # fmt: skip
    low, high = truth.copy(), truth.copy()
    low[:, :, :1] -= draw.integers(0, 5, (3, 3, 1))
    high[:, :, :1] += draw.integers(0, 5, (3, 3, 1))
    low[:, :, 1:], high[:, :, 1:] = 0, cells
    rows = Rows((0,), 0, np.ones((3, 3, 1), dtype=bool))
    ours = ends(Bounds(low[:, :, :1], high[:, :, :1]), schools, rows, EVERY, sums_known=True)
    item = np.arange(27).reshape(3, 3, 3)
    ties = [
        *(([-1, 1, 1], item[at], 0.0) for at in np.ndindex(3, 3)),
        *(([1, 1, 1], item[:, *at], float(truth[:, *at].sum())) for at in np.ndindex(3, 3)),
        *(([1, -1, -1], item[school, :, one], None) for school, one in np.ndindex(3, 3)),
    ]  # fmt: skip
    known = Relations(
        np.repeat(np.arange(27), 3), np.concatenate([items for _, items, _ in ties]),
        np.concatenate([factor for factor, _, _ in ties]).astype(float),
        np.array([total or 0.0 for _, _, total in ties]),
        np.array([np.inf if total is None else total for _, _, total in ties]),
    )  # fmt: skip
    theirs = known.ends(low.ravel().astype(float), high.ravel().astype(float))
    assert (ours.low.ravel().tolist(), ours.high.ravel().tolist()) == tuple(side.tolist() for side in theirs)
    assert (ours.low <= truth).all() and (truth <= ours.high).all()
    assert (base[:, :, 1:] > ours.high[:, :, 1:]).any()


def test_lines_without_related_ones_are_as_they_were(product: Product) -> None:
    assert bands.NONE_RELATED.groups == ()
    assert Related(implied_of((WHOLE,), ("i0", "i1"))).groups == ()
    two = Implication(Side("i3", True), (Side("i4", False),))
    tied = Implication(Side("i2", True), (Side("i5", True),))
    names = ("i5", "i4", "i3", "i2", "i1", "i0")
    groups = Related(implied_of((WHOLE, two, tied), names)).groups
    assert sorted(group.tolist() for group in groups) == [[0, 3, 4, 5], [1, 2]]
