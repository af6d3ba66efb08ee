"""A return for programs: every finding as CSV, and its whole content as JSON.

Belongs here: the two files. Does not belong here: what they say (see `content`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.returns.checked_book import cell_name
from rcs_pipeline.returns.checked_copy import where
from rcs_pipeline.returns.content import ORDERED, Content, Kind
from rcs_pipeline.returns.original import Original
from rcs_pipeline.returns.safe import Withholding, defused_sql
from rcs_pipeline.returns.summary import SummaryPart

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA_VERSION = 1
GUARDED = ("sheet", "column_name", "value", "message", "fix")
MARK = "\ufeff"  # by which Excel knows UTF-8


def write_csv(
    connection: DuckDBPyConnection, hide: Withholding, original: Original | None, target: Path
) -> None:
    """Every finding, the worst first. No text of it can become a formula."""
    texts = {
        name: defused_sql(hide.sql(name)) for name in ("sheet", "column_name", "value", "message", "fix")
    }
    columns = {
        f"{MARK}no": "number", "severity": "severity", "sheet": texts["sheet"], "row": "source_row",
        "cell": _cells(connection, original), "column": texts["column_name"], "value": texts["value"],
        "message": texts["message"], "fix": texts["fix"], "rule_id": "rule_id",
    }  # fmt: skip
    named = ", ".join(f"{value} as {quoted(name)}" for name, value in columns.items())
    connection.execute(
        f"copy (select {named} from {ORDERED} order by {ORDERED}.number) "
        f"to {text(target)} (format csv, header)"
    )


def write_json(content: Content, original: Original | None, target: Path) -> None:
    """The receipt, the folded problems, the listed ones and the summary."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "verdict": content.verdict,
        "next": content.next,
        "stored": content.stored,
        "file": content.file_name,
        "title": content.contract.title,
        "receipt": _receipt(content.receipt),
        "findings": content.total,
        "severities": {severity.value: count for severity, count in content.counts.items()},
        "kinds": [_kind(item) for item in content.kinds],
        "listed": [
            {"no": item.number, "severity": item.severity.value, "sheet": item.sheet, "row": item.row,
             "cell": where(item, original), "column": item.column, "value": item.value,
             "message": item.message, "fix": item.fix, "rule_id": item.rule_id}
            for item in content.listed
        ],
        "summary": [_part(part) for part in content.summary],
    }  # fmt: skip
    target.write_text(json.dumps(whole, ensure_ascii=True, indent=1, allow_nan=False), encoding="utf-8")


def _cells(connection: DuckDBPyConnection, original: Original | None) -> str:
    """SQL for the cell of a finding in the sender's workbook; NULL where there is none."""
    if original is None:
        return "null"
    names = connection.execute(
        f"select distinct column_name from {ORDERED} where column_name is not null"
    ).fetchall()
    places = [(name, place) for (name,) in names if (place := original.column(name)) is not None]
    if not places:
        return "null"
    letters = " ".join(f"when {text(name)} then {text(cell_name(0, place)[:-1])}" for name, place in places)
    row = f"coalesce(source_row, {original.header_row + 1})"
    return f"case column_name {letters} end || {row}"


def _receipt(receipt: Receipt) -> dict[str, Any]:
    names = (
        "id", "received_at", "dataset", "collection", "sha256", "state", "supplier", "contract_id",
        "contract_version", "rows_in", "rows_accepted", "rows_quarantined", "rows_withdrawn", "rows_refused",
        "rows_waiting",
    )  # fmt: skip
    return {name: getattr(receipt, name) for name in names}


def _kind(kind: Kind) -> dict[str, Any]:
    return {
        "rule_id": kind.rule_id, "severity": kind.severity.value, "column": kind.column, "cells": kind.cells,
        "distinct_values": kind.distinct_values,
        "values": [{"value": value, "cells": cells} for value, cells in kind.values],
        "where": kind.places, "message": kind.message, "fix": kind.fix, "first": kind.first,
    }  # fmt: skip


def _part(part: SummaryPart) -> dict[str, Any]:
    return {
        "title": part.title, "note": part.note, "left_out": part.left_out,
        "columns": [{"name": name, "unit": unit} for name, unit in part.columns],
        "rows": [list(row) for row in part.rows],
        **({"row_units": list(part.row_units)} if part.row_units else {}),
    }  # fmt: skip
