"""What tests of returns share: faulty rows, and reading a return as whoever receives it does."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl

from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.send import Sent, send_back
from tests.intake.small import HEADERS, as_workbook, row, take


def sent_back(space: Workspace, receipt: Receipt) -> Sent:
    """The return, which must have come about."""
    sent = send_back(space, receipt)
    assert sent is not None
    assert sent.problem is None
    assert [path.suffix for path in sent.files] == [".xlsx", ".html", ".csv", ".json"]
    return sent


def workbook_of(table: list[dict[str, Any]], path: Path) -> Path:
    """Rows as a workbook with one sheet."""
    return as_workbook([list(HEADERS), *([item[name] for name in HEADERS] for item in table)], path)


def returned_workbook(space: Workspace, table: list[dict[str, Any]]) -> Any:
    """A delivered workbook's return, opened."""
    path = workbook_of(table, space.paths.home.parent / "sent.xlsx")
    return openpyxl.load_workbook(sent_back(space, take(space, path).receipt).files[0])


def listed(book: Any) -> list[dict[str, Any]]:
    """The lines of the sheet of problems, by the names of its columns."""
    rows = [list(line) for line in book["Problems"].iter_rows()]
    start = next(number for number, line in enumerate(rows) if line[0].value == "No")
    heads = [cell.value for cell in rows[start]]
    return [dict(zip(heads, line, strict=True)) for line in rows[start + 1 :]]


def csv_lines(path: Path) -> list[dict[str, str]]:
    """The lines of the list."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def json_of(sent: Sent) -> dict[str, Any]:
    """The return for programs."""
    content: dict[str, Any] = json.loads(sent.files[3].read_text(encoding="utf-8"))
    return content


def everything(folder: Path) -> str:
    """All bytes below a folder, workbooks unpacked."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        found.append(str(path).encode())
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found += [part for name in archive.namelist() for part in (name.encode(), archive.read(name))]
        else:
            found.append(path.read_bytes())
    return b"\n".join(found).decode("latin-1")


def bad_rows() -> list[dict[str, str]]:
    """Rows with a fault each: a wrong code, a word for a number, a formula, a copy of pupil 1."""
    return [
        row(11, sex="femal"),
        row(12, count="many"),
        row(13, note="+1 and much more"),
        row(1, note="again"),
    ]
