"""The real survey and the real school workbook, as published; and what is relied on in the readers below."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyreadstat
import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.demo import programme
from rcs_pipeline.intake.delivery import Judgement, check, take_in
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import found, home, row, stored, take

ROOT = Path(__file__).resolve().parents[2]
SURVEY = ROOT / "tests" / "data" / "real" / "yrbs2019.sav"
SCHOOLS = next((Path(programme.__file__).parent / "frame").glob("*.xlsx"))
SHARE_OF_SUPPRESSED = 0.1


@pytest.fixture(scope="module")
def schools(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Judgement]:
    space = home(tmp_path_factory.mktemp("schools") / "home")
    collection = next(
        item.key for item in space.catalogue.register.collections if "school_statistics" in item.datasets
    )
    return space, take_in(space, SCHOOLS, "school_statistics", collection)


def test_every_school_of_the_published_workbook_is_accepted(schools: tuple[Workspace, Judgement]) -> None:
    _, judgement = schools
    assert judgement.receipt.reason is None
    assert (judgement.receipt.rows_in, judgement.receipt.rows_accepted) == (2476, 2476)


def test_a_suppressed_roll_advises_and_keeps_its_symbol(schools: tuple[Workspace, Judgement]) -> None:
    space, judgement = schools
    findings = stored(space, judgement.receipt, "findings_path")
    assert {item["severity"] for item in findings} == {"advise"}
    assert {"RCS-W101", "RCS-W102", "RCS-W103"} <= {item["rule_id"] for item in findings}
    lake = stored(space, judgement.receipt)
    rolls = [item for item in lake if item["roll_female__symbol"] is not None]
    assert rolls
    assert all(item["roll_female"] is None for item in rolls)
    assert sum(item["roll_female"] or 0 for item in lake) > 300_000


def test_rows_have_the_numbers_that_stand_beside_them_in_the_sheet(
    schools: tuple[Workspace, Judgement],
) -> None:
    import openpyxl

    space, judgement = schools
    lake = stored(space, judgement.receipt)
    assert [item["source_row"] for item in lake] == list(range(3, 2479))
    sheet = openpyxl.load_workbook(SCHOOLS, read_only=True)["2019"]
    header = [str(cell.value) for cell in next(sheet.iter_rows(min_row=2, max_row=2))]
    line = [cell.value for cell in next(sheet.iter_rows(min_row=1000, max_row=1000))]
    mine = next(item for item in lake if item["source_row"] == 1000)
    codes = {str(value) for name, value in zip(header, line, strict=False) if "seed" in name.lower()}
    assert mine["seed_code"] in codes


def test_the_real_survey_is_taken_in_whole_with_contracts_alone(tmp_path: Path) -> None:
    settings = load_settings(
        {"home": str(tmp_path / "home"), "contracts": str(ROOT / "examples" / "yrbs2019")}, environment={}
    )
    judgement = check(Workspace(settings), SURVEY, "yrbs2019", "yrbs-2019")
    assert judgement.receipt.reason is None
    assert (judgement.receipt.rows_in, judgement.receipt.rows_accepted) == (13_677, 13_677)


def test_the_file_says_what_pyreadstat_says() -> None:
    from rcs_pipeline.intake.spss_reader import open_spss

    frame, meta = pyreadstat.read_sav(str(SURVEY), user_missing=True, disable_datetime_conversion=True)
    with duckdb.connect() as connection:
        known = load_catalogue(ROOT / "examples" / "yrbs2019")
        contract = known.delivery("yrbs2019")
        source = open_spss(connection, SURVEY, contract, known.limits, known.messages)
        assert source.headers == tuple(meta.column_names)
        for index in source.numeric:
            asked = f"select sum(c{index}), count(c{index}) from {source.relation}"
            got = connection.execute(asked).fetchone()
            values = frame.iloc[:, index].dropna()
            assert got is not None
            assert got[1] == len(values)
            assert got[0] is None or got[0] == pytest.approx(float(values.sum()), rel=1e-9)


def spss(folder: Path, labels: dict[int, str] | None = None, **values: list[float]) -> Path:
    """An SPSS file of four pupils."""
    frame = pd.DataFrame([row(number) for number in range(4)])
    frame = frame.astype({"sex": float, "count": float, "share": float})
    frame = frame.assign(**values)
    frame["seen"] = pd.to_datetime(frame["seen"])
    path = folder / "sent.sav"
    pyreadstat.write_sav(
        frame, str(path), variable_value_labels={"sex": labels or {1: "Female", 2: "Male"}},
        missing_ranges={"sex": [-9, -8]}, variable_format={"seen": "DATE11"},
    )  # fmt: skip
    return path


def test_declared_missing_codes_of_an_spss_file_stay_codes(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, spss(tmp_path, sex=[1, -9, -8, np.nan])).receipt
    lake = stored(space, receipt)
    assert [item["sex"] for item in lake] == [1, -9, -8, None]
    assert {str(item["seen"]) for item in lake} == {"2016-01-31"}


def test_a_label_that_moved_to_another_code_refuses_the_file(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, spss(tmp_path, {1: "Male", 2: "Female"})).receipt
    assert found(space, receipt) == {("RCS-F09", None, "sex")}
    assert receipt.rows_refused == 4
    assert "1 is `Male` in the file and `Female` in the contract" in str(receipt.reason)


def test_a_label_for_a_code_nobody_agreed_refuses_the_file(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, spss(tmp_path, {1: "female ", 2: "Male", 3: "Other", -9: "Skipped"})).receipt
    assert "3 is `Other`" in str(receipt.reason)
    assert "-9" not in str(receipt.reason)


def test_a_half_answer_in_an_spss_file_is_a_finding(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, spss(tmp_path, count=[1.5, 2, 3, 4], sex=[1, 1.5, 1, 2])).receipt
    assert found(space, receipt) == {("RCS-C02", 1, "count"), ("RCS-C02", 2, "sex")}


def test_pyreadstat_keeps_declared_missing_codes_only_if_asked(tmp_path: Path) -> None:
    path = spss(tmp_path, sex=[1, -9, -8, 2])
    kept, about = pyreadstat.read_sav(str(path), user_missing=True)
    lost, _ = pyreadstat.read_sav(str(path))
    assert kept["sex"].tolist() == [1, -9, -8, 2]
    assert lost["sex"].isna().tolist() == [False, True, True, False]
    assert about.missing_ranges["sex"] == [{"lo": -9.0, "hi": -9.0}, {"lo": -8.0, "hi": -8.0}]


def test_the_reader_of_workbooks_gives_an_error_cell_as_empty(tmp_path: Path) -> None:
    """Why `workbook_parts` looks for errors; when this fails, that may go."""
    import openpyxl
    import python_calamine

    book = openpyxl.Workbook()
    book.active["A1"].value, book.active["A1"].data_type = "#N/A", "e"
    book.active["B1"].value = 1
    book.save(tmp_path / "a.xlsx")
    sheet = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).get_sheet_by_index(0)
    assert sheet.to_python() == [["", 1.0]]


def test_contracts_of_both_kinds_load_together() -> None:
    assert {"yrbs2019", "school_statistics"} <= set(load_catalogue(ROOT / "examples" / "yrbs2019").deliveries)
