"""A template that went through LibreOffice comes back clean, with its lists and live checks."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rcs_pipeline.intake.delivery import check, take_in
from rcs_pipeline.intake.template_mark import START_SHEET, read_mark
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.template_checks import CHECKS_SHEET
from rcs_pipeline.returns.template_plan import TemplatePlan
from tests.returns import filled

SOFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not on this machine")
PLACE, ROWS = ("service_map", "t2-falkirk-2016"), 3
Saved = Callable[[Path, str], Path]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Opens a workbook in LibreOffice and saves it in a format."""
    profile = tmp_path_factory.mktemp("profile").as_uri()

    def save(path: Path, kind: str) -> Path:
        folder = path.parent / "saved"
        options = ["--headless", "--norestore", f"-env:UserInstallation={profile}"]
        subprocess.run(
            ["soffice", *options, "--convert-to", kind, "--outdir", str(folder), str(path)],
            check=True, capture_output=True, timeout=300,
        )  # fmt: skip
        return folder / f"{path.stem}.{kind}"

    return save


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return filled.home(tmp_path_factory.mktemp("home") / "home")


def through(
    saved: Saved, plan: TemplatePlan, rows: list[dict[str, Any]], folder: Path, kind: str = "xlsx"
) -> Path:
    return saved(filled.fill(filled.written(plan, folder / "t.xlsx"), plan, rows, folder / "f.xlsx"), kind)


def numbered(plan: TemplatePlan, **changed: Any) -> list[dict[str, Any]]:
    rows = [{**filled.good_row(plan, number % 2), "service_id": f"S{number}"} for number in range(ROWS)]
    rows[1].update(changed)
    return rows


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_template_saved_by_libreoffice_comes_back_clean(
    saved: Saved, space: Workspace, tmp_path: Path, kind: str
) -> None:
    plan = filled.planned(space, *PLACE)
    path = through(saved, plan, numbered(plan), tmp_path, kind)
    judgement = check(space, path, *PLACE)
    assert (judgement.receipt.rows_accepted, judgement.problems) == (ROWS, ())
    assert read_mark(path) == read_mark(tmp_path / "t.xlsx")


def test_an_empty_template_saved_by_libreoffice_holds_no_rows(
    saved: Saved, space: Workspace, tmp_path: Path
) -> None:
    plan = filled.planned(space, *PLACE)
    judgement = check(space, saved(filled.written(plan, tmp_path / "t.xlsx"), "xlsx"), *PLACE)
    assert judgement.receipt.rows_in == 0
    assert [item.rule_id for item in judgement.problems] == ["RCS-F03"]


def test_dropdowns_names_and_help_survive_libreoffice(saved: Saved, space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, *PLACE)
    book = openpyxl.load_workbook(through(saved, plan, numbered(plan), tmp_path))
    assert {choice.name for choice in plan.choices.values()} <= set(book.defined_names)
    lists = {}
    for item in book["Services"].data_validations.dataValidation:
        spot = next(iter(item.sqref.ranges))
        if item.type == "list" and spot.min_row == plan.first + 1:
            lists[plan.contract.columns[spot.min_col - 1].name] = item
    assert {name: item.formula1 for name, item in lists.items()} == {
        name: choice.name for name, choice in plan.choices.items()
    }
    assert all(item.prompt and item.showInputMessage for item in lists.values())


def test_live_checks_count_what_is_wrong(saved: Saved, space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, *PLACE)
    wrong = {
        "service_id": "S0", "provider": "   ", "lead_partner": "Counsil", "shanarri": "*", "age_from": 99,
        "capacity": 1.5, "gross_actual": "a lot", "contract_end_date": "soon", "service_name": "x" * 201,
        "data_confidence": "A", "level_of_support": "Universal",
    }  # fmt: skip
    book = openpyxl.load_workbook(through(saved, plan, numbered(plan, **wrong), tmp_path), data_only=True)
    counted = {row[0]: row[2:6] for row in book[CHECKS_SHEET].iter_rows(min_row=4, values_only=True)}
    found = {name: (*(number or 0 for number in row),) for name, row in counted.items() if row[3]}
    off = ("lead_partner", "shanarri", "age_from", "capacity", "gross_actual", "contract_end_date")
    assert found == {
        "service_id": (0, 0, 1, 1), "provider": (1, 0, 0, 1), "service_name": (0, 1, 0, 1),
        **dict.fromkeys(off, (0, 1, 0, 1)),
    }  # fmt: skip
    said = {row[0]: row[1] for row in book[START_SHEET].iter_rows(values_only=True, max_col=2)}
    assert (said["Rows started"], said["Problems"]) == (ROWS, 9)
    assert "9 to look at" in said["In words"]


def test_live_checks_are_silent_where_intake_is(saved: Saved, space: Workspace, tmp_path: Path) -> None:
    plan = filled.planned(space, "odd")
    rows = [
        {"=sign": code, "A1": "=2+2", "rate": rate}
        for code, rate in (
            ("=1+1", 0.5),
            ("@now", "*"),
            ("*", -9),
            ("* - -all", 1),
            ("~ - what?", "-9"),
            ("B", "0.1"),
        )
    ]
    path = through(saved, plan, rows, tmp_path)
    judgement = check(space, path, "odd", plan.entry.key)
    assert (judgement.receipt.rows_accepted, judgement.problems) == (len(rows), ())
    book = openpyxl.load_workbook(path, data_only=True)
    said = {row[0]: row[1] for row in book[START_SHEET].iter_rows(values_only=True, max_col=2)}
    assert (said["Rows started"], said["Problems"]) == (len(rows), 0)


def test_figures_still_as_last_time_are_counted_until_they_change(saved: Saved, tmp_path: Path) -> None:
    space = filled.home(tmp_path / "home")
    plan = filled.planned(space, *PLACE)
    first = filled.fill(filled.written(plan, tmp_path / "t.xlsx"), plan, numbered(plan), tmp_path / "f.xlsx")
    assert take_in(space, first, *PLACE).receipt.rows_accepted == ROWS
    again = filled.planned(space, "service_map", "falkirk-again")
    changed = [{}, {"gross_actual": 300_000.5, "capacity": 41}]
    path = through(saved, again, changed, tmp_path)
    assert check(space, path, "service_map", "falkirk-again").problems == ()
    book = openpyxl.load_workbook(path, data_only=True)
    rows = list(book[CHECKS_SHEET].iter_rows(min_row=3, values_only=True))
    same = rows[0].index("As in Falkirk, first survey")
    counted = {row[0]: row[same] for row in rows}
    assert (counted["gross_actual"], counted["capacity"], counted["gross_budget"]) == (
        ROWS - 1,
        ROWS - 1,
        ROWS,
    )
    totals = {
        row[0]: row[rows[0].index("Total")] for row in rows[1:] if row[rows[0].index("Total")] is not None
    }
    assert totals["gross_actual"] == 148_200.5 * 2 + 300_000.5
    said = {row[0]: row[1] for row in book[START_SHEET].iter_rows(values_only=True, max_col=2)}
    assert (said["Rows started"], said["Problems"]) == (ROWS, 0)
