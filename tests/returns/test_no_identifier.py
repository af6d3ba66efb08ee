"""No identifier goes back, wherever in a delivery it was hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.returns.safe import Withholding
from tests.intake.small import HEADERS, as_csv, as_workbook, catalogue, home, row, take
from tests.intake.test_privacy import CANARIES, broken_files, canaries
from tests.returns.back import everything, sent_back


def planted() -> list[dict[str, Any]]:
    """Identifiers and names where they belong, and in every wrong place that a cell can be."""
    return [
        *canaries(6),
        row(50, note=CANARIES[6], surname="Canaryname"),
        row(51, note="Canaryname", surname="Canaryname"),
        row(52, count=CANARIES[7], surname="Canaryname"),
        row(53, note=f"ask {CANARIES[8]} please", surname="Canaryname"),
        row(54, sex=f"{CANARIES[9]},{CANARIES[10]}"),
        row(55, share=float(CANARIES[11])),
        *(row(number) for number in range(60, 80)),
    ]  # fmt: skip


def workbook_with_everything(path: Path) -> Path:
    """A workbook that holds them also where no cell of the table is."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([*HEADERS, None, CANARIES[0]])
    for item in planted():
        sheet.append([item[name] for name in HEADERS])
    sheet["C3"].comment = Comment(f"{CANARIES[1]} is Canaryname", "Canaryname")
    sheet.row_dimensions[4].hidden = True
    sheet["M5"] = "Canaryname"
    sheet["M6"] = int(CANARIES[2])
    sheet.oddHeader.center.text = CANARIES[3]
    book.properties.creator = "Canaryname"
    book.properties.title = CANARIES[4]
    hidden = book.create_sheet("Canaryname")
    hidden["A1"] = CANARIES[5]
    hidden.sheet_state = "veryHidden"
    book.defined_names[f"pupil_{CANARIES[6]}"] = DefinedName(f"pupil_{CANARIES[6]}", attr_text="Sheet!$A$1")
    book.save(path)
    return path


def check_clean(folder: Path) -> None:
    found = everything(folder)
    assert "checked" in found
    assert [canary for canary in CANARIES if canary in found] == []
    assert "Canaryname" not in found
    assert "canaryname" not in found.lower()


def one_sheet(path: Path) -> Path:
    """The same table alone, which the contract can read."""
    book = openpyxl.load_workbook(workbook_with_everything(path))
    del book["Canaryname"]
    for cell in ("K1", "M5", "M6"):
        book.active[cell].value = None
    book.save(path)
    return path


def test_of_a_workbook_with_identifiers_everywhere_none_goes_back(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    judged = take(space, one_sheet(tmp_path / "sent.xlsx"))
    assert judged.receipt.rows_accepted, "so that there is a copy to search"
    sent = sent_back(space, judged.receipt)
    assert len(openpyxl.load_workbook(sent.files[0]).sheetnames) >= 3
    check_clean(space.paths.reports)


def test_nor_of_one_that_is_refused(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    sent_back(space, take(space, workbook_with_everything(tmp_path / "sent.xlsx")).receipt)
    check_clean(space.paths.reports)


@pytest.mark.parametrize("case", sorted(broken_files()))
def test_nor_of_a_broken_file(tmp_path: Path, case: str) -> None:
    space = home(tmp_path / "home")
    sent_back(space, take(space, broken_files()[case]).receipt)
    check_clean(space.paths.reports)


def test_nor_of_a_csv_file_with_identifiers_in_its_texts(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    table = [{name: str(value) for name, value in item.items()} for item in planted()]
    sent_back(space, take(space, as_csv([item for item in table if item["note"] != "Canaryname"])).receipt)
    check_clean(space.paths.reports)


def test_the_search_finds_an_identifier_in_a_workbook(tmp_path: Path) -> None:
    workbook_with_everything(tmp_path / "sent.xlsx.checked")
    with pytest.raises(AssertionError):
        check_clean(tmp_path)


def withholding() -> Withholding:
    return Withholding(catalogue().delivery("answers"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("731000001", ""),
        ("ask 731000001, 731000002/731000003", "ask , /"),
        ("pupil_731000001.", "pupil_."),
        ("7310000012", "7310000012"),
        ("SCN731000001a, A731000002", "SCNa, A"),
        ("no number", "no number"),
    ],
)
def test_python_and_sql_withhold_the_same(text: str, kept: str) -> None:
    import duckdb

    from rcs_pipeline.intake.findings import WITHHELD

    hide = withholding()
    assert hide.text(text).replace(WITHHELD, "") == kept
    with duckdb.connect() as connection:
        ((said,),) = connection.execute(f"select {hide.sql(chr(39) + text + chr(39))}").fetchall()
    assert said == hide.text(text)


def test_a_dataset_without_identifiers_is_returned_as_it_came() -> None:
    contract: DeliveryContract = catalogue().delivery("service_map")
    assert not Withholding(contract).active
    assert Withholding(contract).text("731000001") == "731000001"


def test_a_title_above_the_table_and_an_identifier_of_the_wrong_length_stay_away_too(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    lines = [[item[name] for name in HEADERS] for item in (*canaries(8), row(9, pupil_id="7310042"))]
    table = [
        ["Prepared by Canaryname"],
        [None, None, None, None, "of the pupils of Titlename"],
        list(HEADERS),
        *lines,
    ]
    sent = sent_back(space, take(space, as_workbook(table, tmp_path / "sent.xlsx")).receipt)
    assert openpyxl.load_workbook(sent.files[0])["Sheet1"]["C4"].value == "S12000014"
    check_clean(space.paths.reports)
    found = everything(space.paths.reports)
    assert "7310042" not in found
    assert "Titlename" not in found
