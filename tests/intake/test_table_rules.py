"""Rules against other datasets: the roll and the frame of schools."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.intake.delivery import Judgement, take_in
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace

COLLECTION, CPP, SCHOOL = "t2-falkirk-2016", "S12000014", "5704421"


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A home where the school has a roll of three in P5."""
    home = Workspace(
        load_settings({"home": str(tmp_path / "home")}, environment={"RCS_KEY": "k" * 32}, folder=tmp_path)
    )
    roll = {"cpp_code": CPP, "school_code": SCHOOL, "stage": "P5", "sex": "1", "pupils": "3"}
    _deliver(home, tmp_path, "school_roll", [roll])
    return home


def test_a_copied_row_does_not_crowd_the_others_out(space: Workspace, tmp_path: Path) -> None:
    pupils = [_pupil(number) for number in (1, 2, 3)]
    judgement = _deliver(space, tmp_path, "wellbeing_primary", [*pupils, pupils[0]])
    rules = {item.rule_id: item.cells for item in judgement.problems}
    assert rules["RCS-C06"] == 1
    assert not {"RCS-P104", "RCS-P105"} & set(rules)


def test_more_pupils_than_the_roll_are_kept_out(space: Workspace, tmp_path: Path) -> None:
    judgement = _deliver(space, tmp_path, "wellbeing_primary", [_pupil(number) for number in range(1, 7)])
    assert "RCS-P105" in {item.rule_id for item in judgement.problems}


def test_a_school_code_that_is_none_is_blamed_once(space: Workspace, tmp_path: Path) -> None:
    judgement = _deliver(space, tmp_path, "wellbeing_primary", [_pupil(1), _pupil(2) | {"school_code": "57"}])
    path = space.paths.home / str(judgement.receipt.findings_path)
    blamed = duckdb.sql(
        f"select rule_id from '{path}' where column_name = 'school_code' and source_row = 3"
    ).fetchall()
    assert blamed == [("RCS-C05",)]


def _pupil(number: int) -> dict[str, str]:
    return {
        "pupil_id": f"{number:09d}", "cpp_code": CPP, "school_code": SCHOOL, "stage": "P5", "sex": "1",
        "questionnaire_version": "main", "completed_on": "2017-02-01", "linked": "0",
    }  # fmt: skip


def _deliver(space: Workspace, folder: Path, dataset: str, rows: list[dict[str, str]]) -> Judgement:
    contract = space.catalogue.delivery(dataset)
    path = folder / f"{dataset}.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, [column.name for column in contract.columns], restval="")
        writer.writeheader()
        writer.writerows(rows)
    return take_in(space, path, dataset, COLLECTION)
