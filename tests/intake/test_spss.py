"""SPSS files: what they declare about their codes is compared with the contract, and nothing is lost."""

from __future__ import annotations

import struct
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from rcs_pipeline.intake import spss_child
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import catalogue, found, home, row, stored, take


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def spss(folder: Path, count: int = 4, **how: Any) -> Path:
    """An SPSS file of pupils without a fault; `values` replaces columns, the rest goes to the writer."""
    frame = pd.DataFrame([row(number) for number in range(count)])
    frame = frame.astype({"sex": float, "count": float, "share": float})
    frame = frame.assign(**how.pop("values", {}))
    frame["seen"] = pd.to_datetime(frame["seen"])
    path = folder / "sent.sav"
    formats = {"seen": "DATE11", **how.pop("variable_format", {})}
    pyreadstat.write_sav(frame, str(path), variable_format=formats, **how)
    return path


@pytest.mark.parametrize(
    "how", [{}, {"row_compress": True}, {"compress": True}], ids=["sav", "packed", "zsav"]
)
def test_every_kind_of_spss_file_is_read(space: Workspace, tmp_path: Path, how: dict[str, bool]) -> None:
    receipt = take(space, spss(tmp_path, **how)).receipt
    assert (receipt.reason, receipt.rows_accepted) == (None, 4)
    assert {item["seen"] for item in stored(space, receipt)} == {date(2016, 1, 31)}


def test_a_missing_code_that_the_contract_does_not_know_stops_the_file(
    space: Workspace, tmp_path: Path
) -> None:
    path = spss(tmp_path, values={"count": [3, 999, 5, 6]}, missing_ranges={"count": [999]})
    receipt = take(space, path).receipt
    assert found(space, receipt) == {("RCS-F30", None, "count")}
    assert "declares 999 as missing" in str(receipt.reason)


def test_a_missing_code_that_nobody_used_is_only_told(space: Workspace, tmp_path: Path) -> None:
    receipt = take(space, spss(tmp_path, missing_ranges={"count": [999], "sex": [-9, -8]})).receipt
    assert receipt.rows_accepted == 4
    assert found(space, receipt) == {("RCS-F30", None, "count")}
    (finding,) = stored(space, receipt, "findings_path")
    assert finding["severity"] == "advise"


def test_a_missing_code_of_a_column_without_answers_is_only_told(space: Workspace, tmp_path: Path) -> None:
    path = spss(tmp_path, values={"count": [np.nan] * 4}, missing_ranges={"count": [999]})
    assert ("RCS-F30", None, "count") in found(space, take(space, path).receipt)


def test_a_missing_code_of_a_file_without_rows_does_not_hide_that_it_is_empty(
    space: Workspace, tmp_path: Path
) -> None:
    frame = pd.DataFrame({name: [] for name in row(1)}).astype({"count": float})
    path = tmp_path / "empty.sav"
    pyreadstat.write_sav(frame, str(path), missing_ranges={"count": [999]})
    receipt = take(space, path).receipt
    assert receipt.rows_in == 0
    assert "RCS-F03" in {rule for rule, _, _ in found(space, receipt)}


def test_a_range_of_missing_codes_covers_those_of_the_contract_and_no_others(
    space: Workspace, tmp_path: Path
) -> None:
    ranges = {"sex": [{"lo": -99, "hi": -1}]}
    path = spss(tmp_path, values={"sex": [1, -9, -8, np.nan]}, missing_ranges=ranges)
    receipt = take(space, path).receipt
    assert found(space, receipt) == set()
    assert [item["sex"] for item in stored(space, receipt)] == [1, -9, -8, None]
    path = spss(tmp_path, values={"sex": [1, -9, -97, np.nan]}, missing_ranges=ranges)
    receipt = take(space, path).receipt
    assert "-99 to -1" in str(receipt.reason)


def test_a_missing_text_that_the_contract_does_not_know_stops_the_file(
    space: Workspace, tmp_path: Path
) -> None:
    path = spss(tmp_path, values={"note": ["ok", "NA", "", "x"]}, missing_ranges={"note": ["NA"]})
    assert "declares NA as missing in `note`" in str(take(space, path).receipt.reason)


def test_a_long_text_is_read_whole(space: Workspace, tmp_path: Path) -> None:
    path = spss(tmp_path, values={"note": ["é" * 2000, "ok", "ok", "ok"]})
    receipt = take(space, path).receipt
    assert found(space, receipt) == {("RCS-C07", 1, "note")}
    (finding,) = stored(space, receipt, "findings_path")
    assert finding["value"] == "é" * 2000


@pytest.mark.parametrize("shown", ["DATE11", "ADATE10", "EDATE10", "SDATE10", "JDATE7", "DATETIME20"])
def test_days_are_days_however_spss_shows_them(space: Workspace, tmp_path: Path, shown: str) -> None:
    receipt = take(space, spss(tmp_path, variable_format={"seen": shown})).receipt
    assert {str(item["seen"])[:10] for item in stored(space, receipt)} == {"2016-01-31"}


def several_answers(path: Path) -> Path:
    """The file with a multiple response set, which pyreadstat reads and does not write."""
    content, definition = path.read_bytes(), b"$both=D1 1 4 Both sex count\n"
    end_of_dictionary = content.index(struct.pack("<ii", 999, 0))
    record = struct.pack("<iiii", 7, 7, 1, len(definition)) + definition
    path.write_bytes(content[:end_of_dictionary] + record + content[end_of_dictionary:])
    return path


def test_a_question_with_several_answers_is_told(space: Workspace, tmp_path: Path) -> None:
    receipt = take(space, several_answers(spss(tmp_path))).receipt
    assert receipt.rows_accepted == 4
    (finding,) = stored(space, receipt, "findings_path")
    assert finding["rule_id"] == "RCS-F31"
    assert "`sex`, `count` are one question" in finding["message"]


def test_a_file_is_read_in_chunks_and_no_row_is_lost_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spss_child, "CHUNK_ROWS", 7)
    request = {"path": str(spss(tmp_path, 21)), "limits": catalogue().limits.numbers()}
    table = spss_child.read(request)
    chunks = list(table.chunks)
    assert [chunk.num_rows for chunk in chunks if chunk.num_rows] == [7, 7, 7]
    assert [value for chunk in chunks for value in chunk.column(0).to_pylist()] == [
        row(number)["pupil_id"] for number in range(21)
    ]


def test_letters_of_an_old_file_that_does_not_say_how_they_are_coded_are_read(
    space: Workspace, tmp_path: Path
) -> None:
    path = spss(tmp_path, values={"note": ["Abcde", "ok", "ok", "ok"]})
    content = path.read_bytes()
    # The record that names the encoding is gone, and one letter is an É of Windows.
    at = content.index(struct.pack("<iii", 7, 20, 1))
    length = struct.unpack("<i", content[at + 12 : at + 16])[0]
    path.write_bytes((content[:at] + content[at + 16 + length :]).replace(b"Abcde", b"\xc9bcde"))
    receipt = take(space, path).receipt
    assert "Ébcde" in [item["note"] for item in stored(space, receipt)]
