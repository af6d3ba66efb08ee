"""A home with the test's own contract, and files for it: a table is a list of rows, a row a dict of texts."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.intake.delivery import Judgement, take_in
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace

CONTRACTS = Path(__file__).with_name("contracts")
KEY = "a key that only these tests know"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HEADERS = ("pupil_id", "surname", "council", "sex", "count", "share", "seen", "agreed", "note")
STORED = tuple(name for name in HEADERS if name != "surname")


@cache
def catalogue() -> Catalogue:
    """The project's contracts and the test's own, read once."""
    return load_catalogue(CONTRACTS)


def home(folder: Path, **environment: str) -> Workspace:
    """A real (not synthetic) home with a key."""
    given = {"RCS_KEY": KEY, **environment}
    settings = load_settings(
        {"home": str(folder), "name": "tester", "contracts": str(CONTRACTS)},
        environment={name: value for name, value in given.items() if value},
        folder=folder.parent,
    )
    space = Workspace(settings, clock=lambda: NOON)
    space.__dict__["catalogue"] = catalogue()
    return space


def row(number: int = 1, **changed: str) -> dict[str, str]:
    """A row without a fault."""
    good = {
        "pupil_id": f"{100_000_000 + number}", "surname": "Aird", "council": "S12000014", "sex": "1",
        "count": "3", "share": "0.5", "seen": "2016-01-31", "agreed": "true", "note": "ok",
    }  # fmt: skip
    return {**good, **changed}


def rows(count: int, start: int = 1) -> list[dict[str, str]]:
    """Rows without a fault."""
    return [row(number) for number in range(start, start + count)]


def as_csv(table: list[dict[str, str]], headers: tuple[str, ...] = HEADERS, delimiter: str = ",") -> bytes:
    """A table as the bytes of a CSV file."""
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([[item.get(name, "") for name in headers] for item in table])
    return sink.getvalue().encode()


def as_workbook(table: list[list[Any]], path: Path, sheet: str = "Sheet1") -> Path:
    """Cells as a workbook with one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = sheet
    for line in table:
        book.active.append(line)
    book.save(path)
    return path


def take(space: Workspace, content: bytes | Path, collection: str = "here", **more: Any) -> Judgement:
    """Take in bytes (written to a file outside the home) or a file."""
    if isinstance(content, bytes):
        path = space.paths.home.parent / "sent.csv"
        path.write_bytes(content)
        content = path
    return take_in(space, content, "answers", collection, **more)


def stored(space: Workspace, receipt: Receipt, which: str = "raw_path") -> list[dict[str, Any]]:
    """The rows of a receipt's Parquet file."""
    place = getattr(receipt, which)
    with duckdb.connect() as connection:
        connection.execute(f"select * from read_parquet('{space.paths.home / place}')")
        names = [item[0] for item in connection.description or ()]
        return [dict(zip(names, line, strict=True)) for line in connection.fetchall()]


def found(space: Workspace, receipt: Receipt) -> set[tuple[str, int | None, str | None]]:
    """The findings of a receipt: rule, row, column."""
    items = stored(space, receipt, "findings_path")
    return {(item["rule_id"], item["source_row"], item["column_name"]) for item in items}


def snapshot(space: Workspace) -> dict[str, bytes]:
    """Every file of the lake with its bytes."""
    return {
        path.relative_to(space.paths.raw).as_posix(): path.read_bytes()
        for path in sorted(space.paths.raw.rglob("*"))
        if path.is_file()
    }
