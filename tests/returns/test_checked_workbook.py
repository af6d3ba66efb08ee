"""The checked workbook: problems first, then the sender's own cells in their places, and no harm in them."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from rcs_pipeline.returns.safe import defused, risky
from tests.intake.small import HEADERS, as_csv, as_workbook, home, row, rows, take
from tests.returns.back import bad_rows, csv_lines, json_of, listed, returned_workbook, sent_back, workbook_of


def test_problems_come_first_and_name_the_cell_the_entry_and_the_remedy(tmp_path: Path) -> None:
    book = returned_workbook(home(tmp_path / "home"), [*rows(4), *bad_rows()])
    assert book.sheetnames == ["Problems", "Kinds of problem", "Sheet1"]
    assert book["Problems"]["A1"].value == "The file was taken in; 4 of 8 rows were kept out."
    shown = {line["Cell"].value: line for line in listed(book)}
    assert set(shown) == {"D6", "E7", "I8", "A9"}
    line = {name: cell.value for name, cell in shown["D6"].items()}
    assert line["You entered"] == "femal"
    assert line["How to fix"].startswith("Did you mean `1 (Female)`?")
    assert (line["Severity"], line["Status"], line["Rule"]) == (
        "Row kept out",
        "the row was kept out",
        "RCS-C02",
    )


def test_a_problem_links_to_its_cell_and_the_cell_back(tmp_path: Path) -> None:
    book = returned_workbook(home(tmp_path / "home"), [*rows(4), *bad_rows()])
    for line in listed(book):
        assert line["Cell"].hyperlink.location == f"'Sheet1'!{line['Cell'].value}"
        cell = book["Sheet1"][line["Cell"].value]
        assert cell.hyperlink.location == f"'Problems'!A{line['No'].row}"
        assert cell.fill.fgColor.rgb == "FFFBD5A5"
        assert line["What is wrong"].value in cell.comment.text


def test_every_other_cell_is_the_senders_own(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    given = [item | {"seen": datetime.date(2016, 1, 31), "count": 3, "share": 0.25} for item in rows(12)]
    sheet = returned_workbook(space, [*given, row(30, sex="9")])["Sheet1"]
    headers = [cell.value for cell in sheet[1]]
    assert headers == list(HEADERS)
    for line, item in zip(sheet.iter_rows(min_row=2, max_row=13, values_only=True), given, strict=True):
        shown = dict(zip(headers, line, strict=True))
        assert shown.pop("pupil_id") is None
        assert shown.pop("surname") is None
        assert shown.pop("seen") == datetime.datetime(2016, 1, 31)  # noqa: DTZ001
        assert shown == {name: item[name] for name in shown}
    assert "emptied" in sheet["A1"].comment.text and "emptied" in sheet["B1"].comment.text


def test_a_header_that_nobody_knows_is_marked_where_it_stands(tmp_path: Path) -> None:
    table = [[*HEADERS, "remarks"], *([*rows(1)[0].values(), "x"] for _ in range(3))]
    space = home(tmp_path / "home")
    path = as_workbook(table, tmp_path / "sent.xlsx")
    book = openpyxl.load_workbook(sent_back(space, take(space, path).receipt).files[0])
    assert "J1" in {line["Cell"].value for line in listed(book)}
    assert book["Sheet1"]["J1"].fill.fgColor.rgb == "FFF4B6B0"
    assert book["Sheet1"]["J2"].value is None, "beside identifiers, nobody agreed on what it holds"


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "\n+1", "＝1", " \x0b@"])
def test_what_a_spreadsheet_could_take_for_a_formula_gets_an_apostrophe(start: str) -> None:
    assert risky(start)
    assert defused(start) == "'" + start
    assert not risky("1=1") and not risky("") and not risky("a-b")


def test_no_entry_becomes_a_formula(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    harm = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1"]
    table = [row(20 + number, sex=value, note=value) for number, value in enumerate(harm)]
    path = tmp_path / "sent.xlsx"
    book = openpyxl.Workbook()
    book.active.append(list(HEADERS))
    for item in [*rows(6), *table]:
        book.active.append([item[name] for name in HEADERS])
    for line in book.active.iter_rows():
        for cell in line:
            cell.data_type = "s" if cell.value is not None else cell.data_type
    book.save(path)
    sent = sent_back(space, take(space, path).receipt)
    for sheet in openpyxl.load_workbook(sent.files[0]):
        for line in sheet.iter_rows():
            for cell in line:
                assert cell.data_type != "f"
                if isinstance(cell.value, str) and risky(cell.value):
                    assert cell.quotePrefix
    for line in csv_lines(sent.files[2]):
        assert not [value for value in line.values() if risky(value)]
    assert {item["value"] for item in json_of(sent)["listed"]} >= {"=1+1", "@SUM(A1)"}


def test_a_csv_file_gets_a_workbook_of_problems_with_rows_for_cells(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    sent = sent_back(space, take(space, as_csv([*rows(4), *bad_rows()])).receipt)
    book = openpyxl.load_workbook(sent.files[0])
    assert book.sheetnames == ["Problems", "Kinds of problem"]
    assert {line["Cell"].value for line in listed(book)} == {"row 6", "row 7", "row 8", "row 9"}
    assert [line["row"] for line in csv_lines(sent.files[2])] == ["6", "7", "8", "9"]


def test_many_equal_problems_are_folded_for_people_and_never_in_the_list(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    table = [row(number, share="often" if number > 10 else "0.5") for number in range(1, 19)]
    sent = sent_back(space, take(space, as_csv(table)).receipt)
    (kind,) = json_of(sent)["kinds"]
    assert (kind["cells"], kind["where"]) == (8, "rows 12 to 19")
    assert len(csv_lines(sent.files[2])) == 8


def test_above_the_limit_the_workbook_lists_the_worst_and_counts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rcs_pipeline.contracts import returns

    rules = returns.return_rules()
    few = rules.bounds.model_copy(update={name: returns.Bound(value=3, reason="a test") for name in
                                          ("listed", "comments", "on_page")})  # fmt: skip
    monkeypatch.setattr(
        "rcs_pipeline.returns.send.return_rules", lambda: rules.model_copy(update={"bounds": few})
    )
    space = home(tmp_path / "home")
    table = [
        *rows(12),
        *(row(20 + number, sex="9") for number in range(9)),
        row(50, note="much too long a note"),
    ]
    path = workbook_of(table, tmp_path / "sent.xlsx")
    sent = sent_back(space, take(space, path).receipt)
    book = openpyxl.load_workbook(sent.files[0])
    assert len(listed(book)) == 3
    assert sum(line[2] for line in book["Kinds of problem"].iter_rows(min_row=2, values_only=True)) == 10
    sheet = book["Sheet1"]
    coloured = [cell for line in sheet.iter_rows() for cell in line if cell.fill.fill_type]
    assert len(coloured) == 10, "every cell is coloured, listed or not"
    assert len([cell for line in sheet.iter_rows(min_row=2) for cell in line if cell.comment]) == 3
    assert len(csv_lines(sent.files[2])) == 10
    assert json_of(sent)["findings"] == 10


def test_what_is_returned_opens_in_an_office(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    space = home(tmp_path / "home")
    path = workbook_of([*rows(6), *bad_rows()], tmp_path / "sent.xlsx")
    sent = sent_back(space, take(space, path).receipt)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "again"),
         str(sent.files[0])],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (again,) = (tmp_path / "again").iterdir()
    book, before = openpyxl.load_workbook(again), openpyxl.load_workbook(sent.files[0])
    assert book.sheetnames == before.sheetnames
    shown = [list(line) for line in book["Sheet1"].iter_rows(values_only=True)]
    assert [item[2:4] for item in shown][:3] == [["council", "sex"], ["S12000014", "1"], ["S12000014", "1"]]


def test_a_workbook_in_an_archive_is_returned_as_one(tmp_path: Path) -> None:
    import zipfile

    space = home(tmp_path / "home")
    workbook_of([*rows(4), *bad_rows()], tmp_path / "inside.xlsx")
    with zipfile.ZipFile(tmp_path / "sent.zip", "w") as archive:
        archive.write(tmp_path / "inside.xlsx", "inside.xlsx")
    sent = sent_back(space, take(space, tmp_path / "sent.zip").receipt)
    book = openpyxl.load_workbook(sent.files[0])
    assert book["Sheet1"]["D6"].value == "femal"
    assert "D6" in {line["Cell"].value for line in listed(book)}


def test_a_sheet_that_is_too_large_gets_the_list_without_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rcs_pipeline.contracts import returns

    rules = returns.return_rules()
    small = rules.bounds.model_copy(update={"copied_cells": returns.Bound(value=50, reason="a test")})
    monkeypatch.setattr(
        "rcs_pipeline.returns.send.return_rules", lambda: rules.model_copy(update={"bounds": small})
    )
    book = returned_workbook(home(tmp_path / "home"), [*rows(4), *bad_rows()])
    assert book.sheetnames == ["Problems", "Kinds of problem"]
    assert "D6" in {line["Cell"].value for line in listed(book)}, "the cell of the sender's own sheet"


def test_a_row_that_was_left_out_moves_no_other(tmp_path: Path) -> None:
    table = [
        list(HEADERS),
        *(list(item.values()) for item in rows(2)),
        [],
        *(list(row(9, sex="7").values()),),
    ]
    space = home(tmp_path / "home")
    path = as_workbook(table, tmp_path / "sent.xlsx")
    book = openpyxl.load_workbook(sent_back(space, take(space, path).receipt).files[0])
    assert "D5" in {line["Cell"].value for line in listed(book)}
    assert book["Sheet1"]["D5"].value == "7"
