"""Workbooks as people keep them: the table is found, whatever stands around it; rows keep their numbers."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from rcs_pipeline.contracts.delivery import Sheet
from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import HEADERS, as_workbook, catalogue, found, home, row, stored, take

MADE = Path(__file__).resolve().parents[1] / "data" / "made"
PLACES = {name: index for index, name in enumerate(HEADERS, start=1)}
LONG_ENOUGH = 20  # seconds that no refusal may take, on a slow and busy machine too


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "sent.xlsx")


class Book:
    """A workbook that a test fills in, cell by cell."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.Workbook()
        self.sheet: Worksheet = self.book.active
        self.sheet.title = "Answers"

    def header(self, at: int = 1, sheet: Worksheet | None = None) -> None:
        for name, column in PLACES.items():
            (sheet or self.sheet).cell(at, column, name)

    def rows(self, *at: int, sheet: Worksheet | None = None, **changed: Any) -> None:
        for number in at:
            cells: dict[str, Any] = {**row(number), "sex": 1, "count": 3, "share": 0.5}
            cells |= {"seen": date(2016, 1, 31), "agreed": True, **changed}
            for name, column in PLACES.items():
                (sheet or self.sheet).cell(number, column, cells[name])

    def sent(self) -> Path:
        self.book.save(self.path)
        return self.path

    def changed(self, change: Callable[[str, bytes], bytes | None], **more: bytes) -> Path:
        """The saved workbook with its parts changed."""
        return repacked(self.sent(), change, **more)


def repacked(path: Path, change: Callable[[str, bytes], bytes | None], **more: bytes) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if (new := change(name, content)) is not None:
                archive.writestr(name, new)
        for name, content in more.items():
            archive.writestr(name, content)
    return path


def source_rows(space: Workspace, receipt: Receipt) -> list[int]:
    return [item["source_row"] for item in stored(space, receipt)]


def rules(space: Workspace, receipt: Receipt) -> set[str]:
    return {item[0] for item in found(space, receipt)}


def messages(space: Workspace, receipt: Receipt) -> str:
    return " ".join(item["message"] for item in stored(space, receipt, "findings_path"))


@pytest.mark.parametrize("form", [Format.XLS, Format.ODS])
def test_an_old_and_an_open_workbook_are_judged_as_a_new_one_is(space: Workspace, form: Format) -> None:
    receipt = take(space, MADE / f"answers.{form}").receipt
    assert (receipt.format, receipt.reason) == (form, None)
    assert source_rows(space, receipt) == [5, 6, 8]
    assert [item["count"] for item in stored(space, receipt)] == [3, 3, 3]
    assert [item["share__symbol"] for item in stored(space, receipt)] == [None, "c", None]
    assert found(space, receipt) == {
        ("RCS-F24", None, None), ("RCS-F27", None, None), ("RCS-C11", 9, "note"), ("RCS-C02", 12, "count"),
        ("RCS-C10", 13, "pupil_id"),
    }  # fmt: skip


def test_a_header_below_a_title_is_found_and_told(space: Workspace, book: Book) -> None:
    book.sheet["A1"], book.sheet["B2"] = "Answers of May", "as agreed"
    book.header(5)
    book.rows(6, 7)
    receipt = take(space, book.sent()).receipt
    assert source_rows(space, receipt) == [6, 7]
    assert rules(space, receipt) == {"RCS-F24"}
    assert "in row 5, not in row 1" in messages(space, receipt)


def test_a_group_heading_above_the_header_is_no_header(space: Workspace, book: Book) -> None:
    book.sheet["A1"], book.sheet["D1"] = "Who", "What"
    book.sheet.merge_cells("A1:C1")
    book.sheet.merge_cells("D1:I1")
    book.header(2)
    book.rows(3, 4)
    receipt = take(space, book.sent()).receipt
    assert source_rows(space, receipt) == [3, 4]


def test_a_header_merged_over_two_rows_is_read_as_one(space: Workspace, book: Book) -> None:
    book.header(2)
    for column in "AB":
        book.sheet[f"{column}1"], book.sheet[f"{column}2"] = book.sheet[f"{column}2"].value, None
        book.sheet.merge_cells(f"{column}1:{column}2")
    book.rows(3, 4)
    receipt = take(space, book.sent()).receipt
    assert (receipt.reason, source_rows(space, receipt)) == (None, [3, 4])


def test_blank_rows_and_columns_are_left_out_and_every_row_keeps_its_number(
    space: Workspace, book: Book
) -> None:
    book.header()
    book.rows(2, 5)
    book.rows(3000, sex=7)
    for number in range(6, 3000, 7):
        book.sheet.cell(number, 3, "   ")
    book.sheet.cell(9000, 40).number_format = "0.00"
    receipt = take(space, book.sent()).receipt
    assert receipt.rows_in == 3
    assert source_rows(space, receipt) == [2, 5]
    assert found(space, receipt) == {("RCS-C03", 3000, "sex")}


def test_an_empty_column_between_others_is_nothing_and_a_nameless_one_with_data_is_a_finding(
    space: Workspace, book: Book
) -> None:
    book.header()
    book.rows(2, 3)
    book.sheet.insert_cols(4)
    assert take(space, book.sent()).receipt.reason is None
    book.sheet["D3"] = "a stray word"
    receipt = take(space, book.sent()).receipt
    assert "(column 4 has no name)" in str(receipt.reason)


def test_the_sheet_whose_header_fits_is_read(space: Workspace, book: Book) -> None:
    cover = book.book.create_sheet("Cover", 0)
    cover["A1"] = "count"
    book.header()
    book.rows(2, 3)
    receipt = take(space, book.sent()).receipt
    assert source_rows(space, receipt) == [2, 3]


def test_two_sheets_that_fit_are_a_finding_unless_one_of_them_is_hidden(space: Workspace, book: Book) -> None:
    copy = book.book.create_sheet("Answers (2)")
    for sheet in (book.sheet, copy):
        book.header(sheet=sheet)
        book.rows(2, 3, sheet=sheet)
    receipt = take(space, book.sent()).receipt
    assert rules(space, receipt) == {"RCS-F23"}
    assert "`Answers`, `Answers (2)`" in str(receipt.reason)
    copy.sheet_state = "hidden"
    assert take(space, book.sent()).receipt.rows_accepted == 2


def test_the_only_sheet_is_read_though_it_is_hidden_and_that_is_told(space: Workspace, book: Book) -> None:
    book.header()
    book.rows(2, 3)
    book.book.create_sheet("Notes")
    book.sheet.sheet_state = "veryHidden"
    receipt = take(space, book.sent()).receipt
    assert rules(space, receipt) == {"RCS-F26"}
    assert receipt.rows_accepted == 2


def with_sheet(space: Workspace, name: str) -> None:
    """The contract names a sheet."""
    known = catalogue()
    contract = known.delivery("answers")
    options = contract.options.model_copy(update={"sheet": Sheet(name=name)})
    deliveries = {**known.deliveries, "answers": replace(contract, options=options)}
    space.__dict__["catalogue"] = replace(known, deliveries=deliveries)


def test_the_sheet_that_the_contract_names_is_read_and_a_renamed_one_is_told(
    space: Workspace, book: Book
) -> None:
    with_sheet(space, "Survey")
    other = book.book.create_sheet("Survey ")
    for sheet in (book.sheet, other):
        book.header(sheet=sheet)
    book.rows(2, 3, 4)
    book.rows(2, sheet=other)
    assert take(space, book.sent()).receipt.rows_accepted == 1
    book.book.remove(other)
    receipt = take(space, book.sent()).receipt
    assert (receipt.rows_accepted, rules(space, receipt)) == (3, {"RCS-F25"})
    book.sheet.delete_cols(3, 7)
    assert "no sheet `Survey`" in str(take(space, book.sent()).receipt.reason)


def test_hidden_rows_are_read_and_told(space: Workspace, book: Book) -> None:
    book.header()
    book.rows(2, 3, 4)
    for number in (3, 4, 7):
        book.sheet.row_dimensions[number].hidden = True
    receipt = take(space, book.sent()).receipt
    assert receipt.rows_accepted == 3
    assert "2 hidden rows with data (3, 4)" in messages(space, receipt)


@pytest.mark.parametrize("word", ["Total", "TOTALS:", " Grand total ", "Sub-total"])
def test_a_row_of_totals_is_kept_out_and_blamed_once(space: Workspace, book: Book, word: str) -> None:
    book.header()
    book.rows(2, 3, 4)
    book.sheet["A5"], book.sheet["E5"] = word, 9
    receipt = take(space, book.sent()).receipt
    assert (receipt.rows_accepted, receipt.rows_quarantined) == (3, 1)
    assert found(space, receipt) == {("RCS-C10", 5, "pupil_id")}


def test_a_word_that_merely_begins_like_totals_is_a_value(space: Workspace, book: Book) -> None:
    book.header()
    book.rows(2, 3)
    book.rows(4, pupil_id=None, surname="Total Care", note="Total")
    receipt = take(space, book.sent()).receipt
    assert "RCS-C10" not in rules(space, receipt)


def test_stored_results_of_formulas_are_read_and_a_formula_without_one_is_a_finding(
    space: Workspace, book: Book
) -> None:
    book.header()
    book.rows(2, 3, 4, 5)
    for place in ("E2", "E3", "I4", "B4"):
        book.sheet[place] = "=1+2"
    path = book.changed(
        lambda name, content: content.replace(
            b'<c r="E2"><f>1+2</f><v></v></c>', b'<c r="E2"><f>1+2</f><v>3</v></c>'
        ).replace(b'<c r="E2"><f>1+2</f><v /></c>', b'<c r="E2"><f>1+2</f><v>3</v></c>')
    )
    receipt = take(space, path).receipt
    # Of the surname nothing is said: the column is dropped unread.
    assert found(space, receipt) == {("RCS-C12", 3, "count"), ("RCS-C12", 4, "note")}
    assert [item["count"] for item in stored(space, receipt)] == [3, 3]


def test_a_text_that_is_an_error_is_a_finding_and_no_text(space: Workspace, book: Book) -> None:
    book.header()
    book.rows(2, 3)
    for place, shown in (("I2", "#REF!"), ("C3", "#N/A")):
        book.sheet[place].value, book.sheet[place].data_type = shown, "e"
    receipt = take(space, book.sent()).receipt
    assert found(space, receipt) >= {("RCS-C11", 2, "note"), ("RCS-C05", 3, "council")}
    assert "#REF!" in messages(space, receipt)


@pytest.mark.parametrize(("since_1904", "serial"), [(False, 42400), (True, 40938)])
def test_days_that_lost_their_format_are_read_as_days_and_told(
    space: Workspace, book: Book, since_1904: bool, serial: int
) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    if since_1904:
        book.book.epoch = CALENDAR_MAC_1904
    book.header()
    book.rows(2, seen=serial)
    book.rows(3, seen="31/01/2016")
    book.rows(4, seen="2016-01-31")
    book.rows(5, seen=date(2016, 1, 31))
    book.rows(6, seen=20160131)
    receipt = take(space, book.sent()).receipt
    assert [item["seen"] for item in stored(space, receipt)] == [date(2016, 1, 31)] * 4
    assert found(space, receipt) == {("RCS-F29", None, "seen"), ("RCS-C02", 6, "seen")}


def test_numbers_as_text_are_numbers_and_symbols_are_what_the_contract_says(
    space: Workspace, book: Book
) -> None:
    book.header()
    book.rows(2, count="3", share=" 0.25 ", sex="2")
    book.rows(3, share="*")
    for number, sign in enumerate(("c", "z", "x", "..", "#"), start=4):
        book.rows(number, share=sign)
    for number in range(9, 15):
        book.rows(number)
    receipt = take(space, book.sent()).receipt
    first, second, *_ = stored(space, receipt)
    assert (first["count"], first["share"], first["sex"]) == (3, 0.25, 2)
    assert (second["share"], second["share__symbol"]) == (None, "c")
    assert found(space, receipt) == {("RCS-C02", number, "share") for number in range(4, 9)}


def test_merged_cells_in_the_table_are_told(space: Workspace, book: Book) -> None:
    book.header()
    book.rows(2, 3)
    book.sheet.merge_cells("I2:I3")
    receipt = take(space, book.sent()).receipt
    assert rules(space, receipt) == {"RCS-F28"}
    assert [item["note"] for item in stored(space, receipt)] == ["ok", None]


def compound(*names: str) -> bytes:
    """A file system of Microsoft's kind with empty streams of these names, as far as anybody looks."""
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + bytes([len(name) * 2 + 2, 0, 2, 0]) + bytes(60)
        for name in names
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + entries.ljust(512, b"\0")


def locked_xls(path: Path) -> Path:
    """The old workbook with a record that says that what follows is encrypted."""
    content = bytearray((MADE / "answers.xls").read_bytes())
    begin = content.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    after = begin + 4 + 16
    content[after : after + 2] = b"\x2f\x00"
    path.write_bytes(content)
    return path


def locked_ods(path: Path) -> Path:
    path.write_bytes((MADE / "answers.ods").read_bytes())

    def change(name: str, content: bytes) -> bytes:
        if name == "META-INF/manifest.xml":
            return content.replace(
                b'manifest:full-path="content.xml" manifest:media-type="text/xml"/>',
                b'manifest:full-path="content.xml" manifest:media-type="text/xml">'
                b"<manifest:encryption-data/></manifest:file-entry>",
            )
        return b"\x8f\x01 not to be read" if name == "content.xml" else content

    return repacked(path, change)


def test_a_workbook_with_a_password_is_refused_in_those_words(space: Workspace, tmp_path: Path) -> None:
    (tmp_path / "new.xlsx").write_bytes(compound("Root Entry", "EncryptionInfo", "EncryptedPackage"))
    for path in (tmp_path / "new.xlsx", locked_xls(tmp_path / "a.xls"), locked_ods(tmp_path / "a.ods")):
        receipt = take(space, path).receipt
        assert receipt.state is ReceiptState.REFUSED
        assert "protected by a password" in str(receipt.reason), path
        assert rules(space, receipt) == {"RCS-F20"}


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "docProps/app.xml"])
def test_xml_that_declares_entities_is_refused(space: Workspace, book: Book, part: str) -> None:
    book.header()
    book.rows(2)

    def change(name: str, content: bytes) -> bytes:
        return BOMB + re.sub(rb"^<\?xml.*?\?>", b"", content) if name == part else content

    receipt = take(space, book.changed(change)).receipt
    assert rules(space, receipt) == {"RCS-F21"}
    assert "declares a document type" in str(receipt.reason)


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


def sheet_of(space: Workspace, book: Book, cells: bytes) -> Receipt:
    """What becomes of a workbook whose only sheet is this XML; it must not take long."""

    def change(name: str, content: bytes) -> bytes:
        return SHEET % cells if name == "xl/worksheets/sheet1.xml" else content

    book.header()
    path, begun = book.changed(change), time.monotonic()
    receipt = take(space, path).receipt
    assert time.monotonic() - begun < LONG_ENOUGH
    assert receipt.state is ReceiptState.REFUSED
    assert not list(space.paths.raw.rglob("*.parquet"))
    return receipt


def header_cells() -> bytes:
    return b'<row r="1">%s</row>' % b"".join(
        b'<c t="inlineStr"><is><t>%s</t></is></c>' % name.encode() for name in HEADERS
    )


def test_two_cells_in_opposite_corners_do_not_ask_for_half_a_terabyte(space: Workspace, book: Book) -> None:
    receipt = sheet_of(space, book, header_cells() + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    assert rules(space, receipt) == {"RCS-F22"}


def test_a_million_column_names_are_refused(space: Workspace, book: Book) -> None:
    many = b'<row r="1">%s</row>' % b"".join(
        b'<c t="inlineStr"><is><t>h%d</t></is></c>' % number for number in range(1_000_000)
    )
    assert "columns, more than" in str(sheet_of(space, book, many).reason)


def test_a_cell_of_50_megabytes_is_refused(space: Workspace, book: Book) -> None:
    cell = b'<c r="A%d" t="inlineStr"><is><t>%s</t></is></c>'
    large = header_cells() + b'<row r="2">%s</row>' % (cell % (2, b"x" * (50 << 20)))
    assert "a cell holds 52,428,800 characters" in str(sheet_of(space, book, large).reason)
    named = b'<row r="1">%s<c r="B1" t="inlineStr"><is><t>sex</t></is></c></row>' % (
        cell % (1, b"x" * 40_000)
    )
    named += b'<row r="2"><c r="A2"><v>1</v></c></row>'
    assert "a column name has 40,000 characters" in str(sheet_of(space, book, named).reason)


def test_an_open_workbook_that_repeats_a_cell_a_million_times_is_refused(
    space: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "a.ods"
    path.write_bytes((MADE / "answers.ods").read_bytes())
    repeated = rb'<table:table-row table:number-rows-repeated="1000000">'
    cell = rb'<table:table-cell table:number-columns-repeated="16000" office:value-type="float"/>'

    def change(name: str, content: bytes) -> bytes:
        end = b"</table:table>"
        return (
            content.replace(end, repeated + cell + b"</table:table-row>" + end, 1)
            if name == "content.xml" else content
        )  # fmt: skip

    begun = time.monotonic()
    receipt = take(space, repacked(path, change)).receipt
    assert time.monotonic() - begun < LONG_ENOUGH
    assert rules(space, receipt) == {"RCS-F22"}


def test_a_workbook_that_unpacks_to_more_than_we_read_is_refused(space: Workspace, book: Book) -> None:
    book.header()
    book.rows(2)
    path = book.changed(lambda _, content: content, **{"xl/media/x.bin": bytes(200 << 20)})
    receipt = take(space, path).receipt
    assert rules(space, receipt) == {"RCS-F22"}


def test_other_files_of_the_same_kind_are_called_by_their_name(space: Workspace, tmp_path: Path) -> None:
    for part, says in (
        ("word/document.xml", "a Word document"),
        ("xl/workbook.bin", "binary Excel workbook"),
    ):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(part, "x")
        assert says in str(take(space, tmp_path / "a.zip").receipt.reason)
    (tmp_path / "a.doc").write_bytes(compound("Root Entry", "WordDocument"))
    assert "old Word document" in str(take(space, tmp_path / "a.doc").receipt.reason)


def test_a_sheet_of_a_published_workbook_is_found_without_being_named(space: Workspace) -> None:
    """The real school workbook has a sheet of notes, two header rows and 33 notes below the table."""
    from rcs_pipeline.demo import programme

    known = catalogue()
    contract = known.delivery("school_statistics")
    collection = next(item.key for item in known.register.collections if "school_statistics" in item.datasets)
    sheet = Sheet(name="another", note_cells=2)
    options = contract.options.model_copy(update={"sheet": sheet})
    changed = {**known.deliveries, "school_statistics": replace(contract, options=options)}
    space.__dict__["catalogue"] = replace(known, deliveries=changed)
    from rcs_pipeline.intake.delivery import check

    path = next((Path(programme.__file__).parent / "frame").glob("*.xlsx"))
    receipt = check(space, path, "school_statistics", collection).receipt
    assert (receipt.reason, receipt.rows_accepted) == (None, 2476)


def test_a_workbook_that_holds_another_table_is_refused(space: Workspace, tmp_path: Path) -> None:
    path = as_workbook([["a", "b"], [1, 2]], tmp_path / "a.xlsx")
    assert "none of its column names" in str(take(space, path).receipt.reason)
