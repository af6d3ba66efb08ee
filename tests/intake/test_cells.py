"""Each cell is either a value of its type or a finding at its row and column; never a guess."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.intake.small import HEADERS, as_csv, as_workbook, found, home, row, stored, take

GOOD = (
    ("count", "1.0", 1), ("count", "007", 7), ("count", "+7", 7), ("count", " 12 ", 12),
    ("count", "300.00", 300),
    ("count", "", None), ("sex", "2.0", 2), ("sex", "-9", -9), ("sex", "-8", -8), ("sex", "", None),
    ("share", "0", 0.0), ("share", "-1.5", -1.5), ("share", "1e-3", 0.001), ("share", "", None),
    ("seen", "2016-02-29", date(2016, 2, 29)), ("seen", "31/01/2016", date(2016, 1, 31)),
    ("seen", "1/2/2016", date(2016, 2, 1)), ("seen", "2016-01-31 00:00:00", date(2016, 1, 31)),
    ("agreed", "1", True), ("agreed", "false", False), ("agreed", "", None), ("note", "  ok ", "ok"),
)  # fmt: skip
BAD = (
    ("count", "1.5", "RCS-C02"), ("count", "15e-1", "RCS-C02"), ("count", "1e2", "RCS-C02"),
    ("count", "0x1F", "RCS-C02"), ("count", "0b11", "RCS-C02"), ("count", "1_000", "RCS-C02"),
    ("count", "1,000", "RCS-C02"), ("count", "twelve", "RCS-C02"), ("count", ".5", "RCS-C02"),
    ("count", "nan", "RCS-C02"), ("count", "99999999999", "RCS-C02"), ("count", "-1", "RCS-C04"),
    ("count", "1001", "RCS-C04"),
    ("sex", "3", "RCS-C03"), ("sex", "1.5", "RCS-C02"), ("sex", "300", "RCS-C03"), ("sex", "-7", "RCS-C03"),
    ("sex", "female", "RCS-C02"),
    ("share", "nan", "RCS-C02"), ("share", "inf", "RCS-C02"), ("share", "-Infinity", "RCS-C02"),
    ("share", "1e400", "RCS-C02"), ("share", "1_0", "RCS-C02"), ("share", "half", "RCS-C02"),
    ("seen", "31/13/2016", "RCS-C02"), ("seen", "2016-02-30", "RCS-C02"), ("seen", "31/01/16", "RCS-C02"),
    ("seen", "1/2/16", "RCS-C02"), ("seen", "infinity", "RCS-C02"), ("seen", "epoch", "RCS-C02"),
    ("seen", "2016-01-31x", "RCS-C02"), ("seen", "20160131", "RCS-C02"),
    ("agreed", "perhaps", "RCS-C02"), ("note", "more than twelve", "RCS-C07"),
    ("council", "", "RCS-C01"), ("council", "S12000020", "RCS-F08"),
    ("pupil_id", "", "RCS-C01"), ("pupil_id", "12345678", "RCS-C05"), ("pupil_id", "1234567890", "RCS-C05"),
    ("count", "x\x1ey", "RCS-C02"), ("count", "1\x1f2", "RCS-C02"), ("count", "a\x1e3\x1fb", "RCS-C02"),
)  # fmt: skip


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[int, dict[str, Any]], set[Any], Any]:
    """One file with a row for each case: good rows first, then as many more that the tolerance holds."""
    space = home(tmp_path_factory.mktemp("cells") / "home")
    cases = [row(number, **{name: text}) for number, (name, text, _) in enumerate((*GOOD, *BAD), start=1)]
    padding = [row(number) for number in range(1_000, 1_000 + len(BAD))]
    receipt = take(space, as_csv(cases + padding)).receipt
    assert receipt.reason is None
    lake = {item["source_row"]: item for item in stored(space, receipt)}
    return lake, found(space, receipt), receipt


@pytest.mark.parametrize(("number", "case"), list(enumerate(GOOD)))
def test_a_good_cell_becomes_its_value(taken: Any, number: int, case: tuple[str, str, Any]) -> None:
    lake, findings, _ = taken
    name, _, value = case
    assert lake[number + 2][name] == value
    assert type(lake[number + 2][name]) is type(value)
    assert not [item for item in findings if item[1] == number + 2]


@pytest.mark.parametrize(("number", "case"), list(enumerate(BAD)))
def test_a_bad_cell_becomes_one_finding_and_its_row_stays_out(
    taken: Any, number: int, case: tuple[str, str, str]
) -> None:
    lake, findings, _ = taken
    name, _, rule = case
    place = number + 2 + len(GOOD)
    assert place not in lake
    assert [item for item in findings if item[1] == place] == [(rule, place, name)]


def test_the_receipt_counts_each_row_once(taken: Any) -> None:
    _, _, receipt = taken
    assert receipt.rows_quarantined == len(BAD)
    assert receipt.rows_accepted == len(GOOD) + len(BAD)
    assert receipt.findings == len(BAD)


def test_a_row_with_two_faults_has_two_findings_and_counts_once(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([row(1, sex="7", count="x"), row(2), row(3)])).receipt
    assert found(space, receipt) == {("RCS-C03", 2, "sex"), ("RCS-C02", 2, "count")}
    assert (receipt.rows_accepted, receipt.rows_quarantined) == (2, 1)


def test_a_written_rule_names_its_row(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([row(1), row(2, count="13", sex="2"), row(3, count="13", sex="")])).receipt
    assert found(space, receipt) == {("RCS-X101", 3, "count")}


def test_a_symbol_is_kept_beside_a_number_that_is_not_there(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([row(1, share="*"), row(2)])).receipt
    assert [(item["share"], item["share__symbol"]) for item in stored(space, receipt)] == [
        (None, "c"),
        (0.5, None),
    ]
    assert receipt.findings == 0


def test_an_old_code_is_recoded_and_said_once(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([row(1, council="S12000099"), row(2, council="S12000099"), row(3)])).receipt
    assert {item["council"] for item in stored(space, receipt)} == {"S12000014"}
    notes = stored(space, receipt, "findings_path")
    assert [(item["rule_id"], item["severity"], item["value"]) for item in notes] == [
        ("RCS-C08", "advise", "S12000099")
    ]
    assert "2 cells" in notes[0]["message"]


def test_a_key_that_stands_twice_keeps_the_first_row(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    table = [row(1, count="1"), row(2), row(1, count="2"), row(1, count="3")]
    receipt = take(space, as_csv(table)).receipt
    assert found(space, receipt) == {("RCS-C06", 4, "pupil_id"), ("RCS-C06", 5, "pupil_id")}
    assert [item["count"] for item in stored(space, receipt)] == [1, 3]


def test_quarantined_rows_are_kept_with_their_rules_and_the_text_that_could_not_be_read(
    tmp_path: Path,
) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([row(1, count="twelve", sex="7"), row(2)])).receipt
    (kept,) = stored(space, receipt, "quarantine_path")
    assert kept["rules"] == ["RCS-C02", "RCS-C03"]
    assert "twelve" in kept["unreadable"]
    assert len(kept["pupil_id"]) == 64


def test_workbook_cells_are_read_as_a_person_sees_them(tmp_path: Path) -> None:
    cells = [
        list(HEADERS),
        [100000001, "Aird", "S12000014", 1.0, 3, 0.25, date(2016, 1, 31), True, 12],
        [
            "100000002",
            None,
            "S12000014",
            "2",
            4.5,
            1,
            datetime(2016, 1, 31, tzinfo=UTC).replace(tzinfo=None),
            False,
            1.5,
        ],
        [100000003, None, "S12000014", -9.0, 5, "*", "31/01/2016", None, date(2016, 1, 31)],
    ]
    space = home(tmp_path / "home")
    receipt = take(space, as_workbook(cells, tmp_path / "sent.xlsx")).receipt
    lake = stored(space, receipt)
    assert [(item["sex"], item["share"], item["seen"], item["agreed"], item["note"]) for item in lake] == [
        (1, 0.25, date(2016, 1, 31), True, "12"),
        (-9, None, date(2016, 1, 31), None, "2016-01-31"),
    ]
    assert found(space, receipt) == {("RCS-C02", 3, "count")}


def test_an_error_in_a_workbook_cell_is_a_finding_and_not_a_blank(tmp_path: Path) -> None:
    path = as_workbook(
        [list(HEADERS), *([f"10000000{i}", None, "S12000014", 1, 3, 1, None, None, None] for i in range(3))],
        tmp_path / "sent.xlsx",
    )
    book = openpyxl.load_workbook(path)
    book.active["E3"].value, book.active["E3"].data_type = "#N/A", "e"
    book.save(path)
    space = home(tmp_path / "home")
    receipt = take(space, path).receipt
    assert found(space, receipt) == {("RCS-C02", 3, "count")}
    assert stored(space, receipt, "findings_path")[0]["value"] == "#N/A"
