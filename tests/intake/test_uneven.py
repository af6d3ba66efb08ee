"""Text as it really comes: what is odd about a row is said of that row, and the others are taken in."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import as_csv, found, home, row, rows, stored, take

GOOD = as_csv(rows(3))
HEAD, BODY = GOOD.split(b"\n", 1)
FAULT = as_csv([row(9, sex="7")]).split(b"\n", 1)[1]


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (GOOD + b"\n\n\n" + FAULT, 8),
        (GOOD + b",,,,,,,,\n" * 5_000 + FAULT, 5_005),
        (b"\n\n" + GOOD + FAULT, 7),
        (HEAD + b"\r\n" + BODY + FAULT, 5),
        (GOOD.replace(b"\n", b"\r\n") + b"\r\n" + FAULT, 6),
        (b"sep=,\n" + GOOD + FAULT, 6),
        ((GOOD + b"\n" + FAULT).replace(b"\n", b"\r"), 6),
    ],
    ids=[
        "empty lines", "rows of nothing but commas", "empty lines first", "two kinds of line ends",
        "an empty line of Windows", "a line for Excel", "the line ends of an old Mac",
    ],
)  # fmt: skip
def test_a_row_has_the_number_that_a_person_sees(space: Workspace, content: bytes, place: int) -> None:
    receipt = take(space, content).receipt
    assert receipt.reason is None
    assert (receipt.rows_in, receipt.rows_accepted, receipt.rows_quarantined) == (4, 3, 1)
    assert found(space, receipt) == {("RCS-C03", place, "sex")}


@pytest.mark.parametrize(
    "broken", [b"1,2,3,4,5,6,7,8,9,10\n", b"731000001,Canaryname\n", b"731000001,Canary,name,,,,,,,,x\n"]
)
def test_a_row_that_does_not_fit_the_header_is_kept_out_and_the_others_are_taken(
    space: Workspace, broken: bytes
) -> None:
    receipt = take(space, GOOD + broken + FAULT).receipt
    assert receipt.reason is None
    assert (receipt.rows_in, receipt.rows_accepted, receipt.rows_quarantined) == (5, 3, 2)
    assert found(space, receipt) == {("RCS-C13", 5, None), ("RCS-C03", 6, "sex")}
    said = str(stored(space, receipt, "findings_path"))
    assert "731000001" not in said
    assert "Canary" not in said


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["Unix", "Windows", "an old Mac"])
@pytest.mark.parametrize("inside", ["a\nb", "a\rb", "a\r\nb"])
def test_a_cell_may_hold_other_line_ends_than_its_rows(space: Workspace, end: str, inside: str) -> None:
    head, *body = as_csv([row(1, note="NOTE"), row(2), row(3, sex="7")]).decode().splitlines()
    content = end.join([head, *body, ""]).replace("NOTE", f'"{inside}"')
    for written in (content.encode(), content.encode("utf-16")):
        receipt = take(space, written).receipt
        assert receipt.reason is None
        assert found(space, receipt) == {("RCS-C03", 4, "sex")}
        assert [item["note"] for item in stored(space, receipt)] == [inside, "ok"]


def test_every_row_that_does_not_fit_is_named(space: Workspace) -> None:
    receipt = take(space, GOOD + b"1,2\n" + BODY.replace(b"10000000", b"10000001") + b"3,4,5\n").receipt
    assert sorted(found(space, receipt), key=str) == [("RCS-C13", 5, None), ("RCS-C13", 9, None)]


@pytest.mark.parametrize("extra", [b",", b",,,,,,"])
def test_blank_columns_at_the_end_are_no_columns(space: Workspace, extra: bytes) -> None:
    receipt = take(space, GOOD.replace(b"\n", extra + b"\n")).receipt
    assert (receipt.reason, receipt.rows_accepted) == (None, 3)


def test_a_value_below_no_header_is_not_lost_in_silence(space: Workspace) -> None:
    receipt = take(space, (HEAD + b",\n" + BODY.replace(b"\n", b",\n") + FAULT.strip() + b",stray\n")).receipt
    assert found(space, receipt) == {("RCS-C13", 5, None)}


def test_nul_bytes_are_removed_and_said(space: Workspace) -> None:
    receipt = take(space, GOOD.replace(b"ok", b"o\x00k")).receipt
    assert (receipt.reason, receipt.rows_accepted) == (None, 3)
    assert found(space, receipt) == {("RCS-F14", None, None)}
    assert {item["note"] for item in stored(space, receipt)} == {"ok"}


def test_a_mark_of_encoding_that_stands_twice_is_no_part_of_the_first_name(space: Workspace) -> None:
    receipt = take(space, codecs.BOM_UTF8 * 2 + GOOD).receipt
    assert (receipt.reason, receipt.rows_accepted) == (None, 3)


def test_a_separator_of_units_in_the_last_cell_is_no_open_quotation(space: Workspace) -> None:
    receipt = take(space, GOOD.replace(b",ok\n", b",o\x1fk\n") + b"\n\n" + FAULT).receipt
    assert (receipt.reason, receipt.rows_in, receipt.rows_accepted) == (None, 4, 3)


def test_stray_quotation_marks_inside_a_cell_stay_in_it(space: Workspace) -> None:
    receipt = take(space, GOOD.replace(b",ok\n", b',a "b" c\n')).receipt
    assert {item["note"] for item in stored(space, receipt)} == {'a "b" c'}


def test_a_quotation_mark_that_is_never_closed_refuses_the_file(space: Workspace) -> None:
    for content in (GOOD + b'1,"2,3\n', GOOD.replace(b"ok", b'"ok', 1) + b"".join([FAULT] * 3_000)):
        receipt = take(space, content).receipt
        assert receipt.state is ReceiptState.REFUSED
        assert "quotation mark" in str(receipt.reason)
        assert "not closed" in str(receipt.reason)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("cp1252"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found(space: Workspace, encode: object, delimiter: str) -> None:
    text = as_csv([row(1, note="caf\u00e9"), row(2), row(3, sex="7")], delimiter=delimiter).decode()
    receipt = take(space, encode(text)).receipt  # type: ignore[operator]
    assert found(space, receipt) == {("RCS-C03", 4, "sex")}
    assert stored(space, receipt)[0]["note"] == "caf\u00e9"


def test_a_cell_of_fifty_megabytes_is_refused_with_its_row(space: Workspace) -> None:
    cell = b"a" * (50 << 20)
    receipt = take(space, GOOD + as_csv([row(9, note="@")]).split(b"\n", 1)[1].replace(b"@", cell)).receipt
    assert receipt.state is ReceiptState.REFUSED
    assert "a cell of row 5 has more than 32,767 characters" in str(receipt.reason)


@pytest.mark.long
def test_a_million_names_of_columns_are_refused_in_little_time(space: Workspace) -> None:
    header = b",".join(b"column_%d" % number for number in range(1_000_000))
    receipt = take(space, header + b"\n").receipt
    assert receipt.state is ReceiptState.REFUSED
    assert "columns" in str(receipt.reason)
