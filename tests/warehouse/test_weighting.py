"""Which cells pupils are weighted in, by hand and in general, and weights raked to deprivation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from tests.warehouse.weighed import (
    COLLECTION,
    DATASET,
    Pupil,
    Roll,
    Weigher,
    contract_of,
    pupils_of,
    roll_of,
)

CELLS = [(stage, sex) for stage in ("P5", "P6", "P7") for sex in (1, 2)]
FULL = dict.fromkeys(CELLS, 30)
SHARES = (0.3, 0.25, 0.2, 0.15, 0.1)
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def weigh(catalogue: Catalogue) -> Weigher:
    return Weigher(catalogue)


def test_a_cell_with_enough_respondents_stands_alone(weigh: Weigher) -> None:
    weigh(roll_of(FULL), pupils_of(dict(zip(CELLS, (10, 12, 15, 20, 24, 30), strict=True))))
    assert weigh.cells("weight") == dict(zip(CELLS, (3.0, 2.5, 2.0, 1.5, 1.25, 1.0), strict=True))
    assert set(weigh.cells("reason").values()) == {"alone"}


def test_a_thin_cell_joins_the_stage_beside_it_of_the_same_sex(weigh: Weigher) -> None:
    answered = dict(zip(CELLS, (9, 20, 21, 20, 20, 20), strict=True))
    weigh(roll_of(FULL), pupils_of(answered))
    cells = weigh.cells("cell_label, reason, weight")
    assert cells["P5", 1] == ("female, P5+P6", "few_respondents", 2.0)
    assert cells["P6", 1] == ("female, P5+P6", "takes_in", 2.0)
    assert cells["P7", 1] == ("female, P7", "alone", 1.5)
    assert cells["P5", 2] == ("male, P5", "alone", 1.5)


def test_of_two_stages_as_near_the_earlier_takes_the_thin_one_in(weigh: Weigher) -> None:
    weigh(roll_of(FULL), pupils_of({**FULL, ("P6", 2): 3}))
    assert weigh.cells("cell_label")["P6", 2] == "male, P5+P6"


def test_the_roll_of_a_cell_without_respondents_is_carried_by_its_neighbour(weigh: Weigher) -> None:
    """30 + 30 on the roll, 20 answered: 3 each. Nobody's roll is lost."""
    answered = {cell: 20 for cell in CELLS if cell != ("P7", 1)}
    weigh(roll_of(FULL), pupils_of(answered))
    assert weigh.cells("reason, weight, cell_label")["P7", 1] == ("no_respondents", 3.0, "female, P6+P7")
    assert weigh.cells("weight")["P6", 1] == 3.0
    assert weigh.cells("weight")["P5", 1] == 1.5


def test_respondents_of_a_cell_without_a_roll_share_that_of_their_neighbour(weigh: Weigher) -> None:
    on_roll = {cell: 30 for cell in CELLS if cell[0] != "P7"}
    weigh(roll_of(on_roll), pupils_of(dict.fromkeys(CELLS, 15)))
    assert weigh.cells("reason, weight")["P7", 2] == ("not_on_roll", 1.0)
    assert weigh.cells("weight")["P6", 2] == 1.0
    assert weigh.cells("weight")["P5", 2] == 2.0


def test_where_no_stage_can_stand_the_sex_stands_for_all_of_them(weigh: Weigher) -> None:
    weigh(roll_of(FULL), pupils_of({**dict.fromkeys(CELLS, 20), ("P5", 1): 4, ("P6", 1): 5, ("P7", 1): 6}))
    assert weigh.cells("cell_label, weight")["P6", 1] == ("female, P5+P6+P7", 6.0)
    assert weigh.cells("cell_label, weight")["P6", 2] == ("male, P6", 1.5)


def test_where_a_sex_cannot_stand_the_sexes_are_one_and_their_stages_stay(weigh: Weigher) -> None:
    few = {("P5", 1): 1, ("P6", 1): 1, ("P7", 1): 1}
    weigh(roll_of(FULL), pupils_of({**dict.fromkeys(CELLS, 19), **few}))
    assert weigh.cells("cell_label, weight")["P6", 1] == ("female+male, P6", 3.0)
    assert set(weigh.cells("weight").values()) == {3.0}


def test_where_nothing_can_stand_everybody_is_one_cell(weigh: Weigher) -> None:
    weigh(roll_of(FULL), pupils_of({("P5", 1): 3, ("P7", 2): 6}))
    assert set(weigh.cells("cell_label, weight").values()) == {("female+male, P5+P6+P7", 20.0)}


def test_without_any_roll_everybody_counts_once_and_it_is_said(weigh: Weigher) -> None:
    weigh([], pupils_of({("P5", 1): 30, ("P6", 2): 12}))
    assert set(weigh.cells("weight, reason").values()) == {(1.0, "no_roll")}


def test_a_stage_that_the_survey_does_not_ask_stands_for_nobody(weigh: Weigher) -> None:
    roll = [*roll_of(FULL), (COLLECTION, "S1", 1, 500, None)]
    weigh(roll, [*pupils_of(dict.fromkeys(CELLS, 20)), *pupils_of({("S1", 1): 40})])
    assert weigh.cells("weight, reason")["S1", 1] == (0.0, "outside_survey")
    assert weigh.rows(f"select sum(weight * respondents) from weights_{DATASET}") == [(180.0,)]


def test_two_waves_of_a_partnership_are_weighted_each_to_its_own_roll(weigh: Weigher) -> None:
    first, second = roll_of(FULL), [("c2", stage, sex, 60, None) for stage, sex in CELLS]
    pupils = pupils_of(dict.fromkeys(CELLS, 20))
    weigh([*first, *second], [*pupils, *(("c2", *pupil[1:]) for pupil in pupils)])
    found = weigh.rows(f"select collection, sum(weight * respondents) from weights_{DATASET} group by all")
    assert dict(found) == {COLLECTION: 180.0, "c2": 360.0}


def test_a_roll_that_waits_for_its_survey_is_not_weighted(weigh: Weigher) -> None:
    weigh([*roll_of(FULL), ("c3", "P5", 1, 60, None)], pupils_of(FULL))
    assert weigh.rows(f"select distinct collection from weights_{DATASET}") == [(COLLECTION,)]


counts = st.lists(st.integers(0, 25), min_size=6, max_size=6)


@QUICK
@given(rolls=counts, answered=counts)
def test_weighted_respondents_are_the_roll_in_every_cell(
    weigh: Weigher, rolls: list[int], answered: list[int]
) -> None:
    weigh(
        roll_of(dict(zip(CELLS, rolls, strict=True))),
        pupils_of(dict(zip(CELLS, answered, strict=True))),
    )
    found = weigh.rows(
        f"select cell, sum(roll), sum(respondents), sum(weight * respondents)"
        f" from weights_{DATASET} group by cell"
    )
    assert sum(row[2] for row in found) == sum(answered)
    if not sum(answered):
        assert found == []
    elif not sum(rolls):
        assert [row[2] for row in found] == [row[3] for row in found]
    else:
        assert sum(row[1] for row in found) == sum(rolls)
        assert all(row[3] == pytest.approx(row[1], abs=row[2] / 2**26) for row in found)
        assert all(row[2] >= 10 and row[1] > 0 for row in found) or len(found) == 1


@QUICK
@given(rolls=st.lists(st.integers(1, 25), min_size=6, max_size=6), answered=counts, times=st.integers(2, 9))
def test_a_roll_so_many_times_as_large_makes_every_weight_so_many_times_as_large(
    weigh: Weigher, rolls: list[int], answered: list[int], times: int
) -> None:
    """And so no estimate changes: it is a ratio of sums of weights."""
    pupils = pupils_of(dict(zip(CELLS, answered, strict=True)))
    weigh(roll_of(dict(zip(CELLS, rolls, strict=True))), pupils)
    once = weigh.cells("weight")
    weigh(roll_of(dict(zip(CELLS, (times * item for item in rolls), strict=True))), pupils)
    many = weigh.cells("weight")
    assert set(once) == set(many)
    assert all(many[cell] == pytest.approx(times * once[cell], abs=times / 2**26) for cell in once)


def fitted(table: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Plain iterative proportional fitting, to the end."""
    for _ in range(10_000):
        table = table * (columns / table.sum(axis=0))
        table = table * (rows / table.sum(axis=1))[:, None]
    return table


def respondents(seed: int) -> tuple[list[Roll], list[Pupil], np.ndarray]:
    """A collection whose every cell and quintile holds respondents enough to stand alone."""
    draw = np.random.default_rng(seed)
    table = draw.integers(3, 40, size=(6, 5))
    shares = draw.dirichlet(np.full(5, 20.0)).round(6)
    pupils = [
        (COLLECTION, *CELLS[cell], quintile + 1)
        for cell, quintile in product(range(6), range(5))
        for _ in range(table[cell, quintile])
    ]
    rolls = table.sum(axis=1) + draw.integers(0, 60, size=6)
    roll = [(COLLECTION, *cell, int(count), tuple(map(float, shares)))
            for cell, count in zip(CELLS, rolls, strict=True)]  # fmt: skip
    return roll, pupils, table


@pytest.mark.parametrize("seed", range(8))
def test_raking_agrees_with_plain_proportional_fitting(weigh: Weigher, seed: int) -> None:
    roll, pupils, table = respondents(seed)
    weigh(roll, pupils, rake=True)
    rows = np.array([item[3] for item in roll], dtype=float)
    shares = np.array(roll[0][4])
    wanted = fitted(table * (rows / table.sum(axis=1))[:, None], rows, rows.sum() * shares / shares.sum())
    found = weigh.rows(
        f"select stage, sex, simd_quintile, weight, raked, margins_missed_by from raked_{DATASET}"
    )
    assert len(found) == 30
    assert all(row[4] and row[5] <= 1e-6 for row in found)
    for stage, sex, quintile, weight, *_ in found:
        cell = CELLS.index((stage, sex))
        assert weight == pytest.approx(wanted[cell, quintile - 1] / table[cell, quintile - 1], rel=2e-6)


def test_raked_weights_hold_the_roll_of_every_cell_to_the_last_places(weigh: Weigher) -> None:
    roll, pupils, _ = respondents(99)
    weigh(roll, pupils, rake=True)
    found = weigh.rows(
        f"select stage, sex, sum(weight * respondents), sum(respondents) from raked_{DATASET} group by all"
    )
    wanted = {(item[1], item[2]): item[3] for item in roll}
    assert all(abs(total - wanted[stage, sex]) <= count / 2**26 for stage, sex, total, count in found)


def test_raking_gives_the_same_bits_for_any_threads_and_order_of_rows(weigh: Weigher) -> None:
    roll, pupils, _ = respondents(5)
    found = []
    for threads in (1, 2, 8):
        weigh(roll, pupils if threads == 1 else pupils[::-1], threads, rake=True)
        found.append(weigh.rows(f"select * from raked_{DATASET} order by all"))
    weigh.connection.execute("set threads = 2")
    assert found[0] == found[1] == found[2]


def test_without_shares_on_the_roll_nothing_is_raked(weigh: Weigher) -> None:
    roll, pupils, _ = respondents(1)
    weigh([(*item[:4], None) for item in roll], pupils, rake=True)
    found = weigh.rows(
        f"select bool_or(raked), max(abs(raked.weight - cells.weight)) from raked_{DATASET} as raked"
        f" join weights_{DATASET} as cells using (collection, stage, sex)"
    )
    assert found == [(False, 0.0)]


def test_margins_that_cannot_be_met_in_time_leave_the_weights_as_they_were(catalogue: Catalogue) -> None:
    weigh = Weigher(catalogue, contract_of(catalogue, steps=1, tolerance=1e-12))
    roll, pupils, _ = respondents(2)
    weigh(roll, pupils, rake=True)
    assert weigh.rows(f"select bool_or(raked), max(margins_missed_by) > 1e-12 from raked_{DATASET}") == [
        (False, True)
    ]
    cells = weigh.cells("weight")
    raked = weigh.rows(f"select stage, sex, weight from raked_{DATASET}")
    assert all(cells[stage, sex] == weight for stage, sex, weight in raked)


def test_a_quintile_with_too_few_respondents_is_fitted_together_with_the_next(weigh: Weigher) -> None:
    """Nobody answered from quintile 5: its roll is not lost but carried by quintile 4."""
    pupils = [(COLLECTION, *cell, quintile) for cell in CELLS for quintile in (1, 2, 3, 4) for _ in range(4)]
    weigh(roll_of(FULL, SHARES), pupils, rake=True)
    margins = weigh.rows(f"select simd_quintile, margin_label from margins_{DATASET} order by 1")
    assert margins == [(1, "1"), (2, "2"), (3, "3"), (4, "4+5"), (5, "4+5")]
    found = weigh.rows(
        f"select simd_quintile, sum(weight * respondents) from raked_{DATASET} group by 1 order by 1"
    )
    assert [total for _, total in found] == pytest.approx([54.0, 45.0, 36.0, 45.0], abs=1e-4)
