"""The benchmarks measure what they say: both sides do the same work. No test looks at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import commands, delivery, estimates, intake, maps, one_system, returns
from benchmarks.__main__ import Outcome, main
from benchmarks.delivery import Fault
from benchmarks.measure import Ratio, Run
from benchmarks.survey import EVERY, FOUR, Tables
from rcs_pipeline.disclosure.counts import numbered, stacked
from rcs_pipeline.disclosure.linear import components


@pytest.mark.parametrize("fault", Fault)
def test_intake_finds_what_the_benchmark_planted(tmp_path: Path, fault: Fault) -> None:
    ratio = intake.measure(tmp_path / "work", rows=2_000, repetitions=1, fault=fault)
    (ours,) = ratio.ours
    assert ours.value["in"] == 2_000
    assert ours.peak_mib > 0
    assert bool(ours.value["findings"]) is (fault is not Fault.NONE)


def test_the_same_rows_and_fault_give_the_same_file(tmp_path: Path) -> None:
    files = [delivery.write_csv(tmp_path / name, 500, Fault.CELLS) for name in ("a.csv", "b.csv")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_an_intake_that_loses_rows_is_no_result() -> None:
    wrong = {"accepted": 99, "quarantined": 0, "findings": 0}
    with pytest.raises(RuntimeError, match="100 rows accepted"):
        intake.check(wrong, 100, Fault.NONE)


# 40 schools lie in 32 partnerships, each with one community; above the schools seven sums are compared.
@pytest.mark.parametrize(
    ("tables", "groups", "above"), [(FOUR, 1 + 4 + 2 + 5, 0), (EVERY, 12 + 2 + 2 + 2 + 8 + 10, 32 + 32)]
)
def test_the_models_give_the_sums_of_the_hand_written_query(
    tmp_path: Path, tables: Tables, groups: int, above: int
) -> None:
    ratio, _ = estimates.measure(tmp_path / "work", rows=6_000, repetitions=1, schools=40, tables=tables)
    (ours,) = ratio.ours
    assert ours.value["compared"] >= 40 * groups * 60 * 4 + above * groups * 60 * 7


def test_the_hand_written_query_has_sixty_indicators() -> None:
    assert len(estimates.by_hand.indicators()) == 60


def test_the_median_of_the_pairs_is_judged() -> None:
    bare = tuple(Run(1.0, None, 1.0, None) for _ in range(3))
    ours = tuple(Run(seconds, None, 1.0, None) for seconds in (2.0, 9.0, 2.4))
    assert Ratio("any", ours, bare).median == 2.4
    assert Outcome("any", 2.6, 2.5).broken
    assert not Outcome("any", 2.6).broken


def test_help_runs_and_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.help_seconds(1) > 0
    with pytest.raises(SystemExit):
        main(["--only", "everything"])
    assert "there is no part everything" in capsys.readouterr().err


def test_a_scenario_is_worked_out_with_as_many_draws_as_it_says() -> None:
    seconds, _, said = maps.work_out(100)
    assert seconds > 0
    assert said > 1_000


def test_the_workbook_of_the_return_is_judged_as_its_benchmark_says(tmp_path: Path) -> None:
    taken = returns.measure_workbook(tmp_path / "work", rows=200)
    assert taken.returning.value["kept_out"] == 10


def test_the_one_system_hangs_together_and_is_attacked_as_a_whole(tmp_path: Path) -> None:
    given = one_system.tabulate(66, 600, np.random.default_rng(1))
    exists = given.base > 0
    rows = stacked(given.grid, exists, numbered(exists)).rows
    assert (components(rows) == 0).all()
    _, _, value = one_system.choose_and_attack(str(tmp_path), 66, 600)
    assert value["cells"] > 1_500
    assert 0 < value["primary"] < value["hidden"] < value["cells"] / 2


@pytest.mark.long
def test_no_service_of_the_maps_is_lost_on_the_way_to_the_tables(tmp_path: Path) -> None:
    taken = maps.measure(tmp_path / "work", services=250).taken
    assert (taken.value["maps"], taken.value["in_both"] > 500) == (8, True)
