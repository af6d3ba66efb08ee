"""Workbooks of every kind (xlsx, xls, ods): what the reading process found, as a table and findings.

Belongs here: the question to the reading process, and what its answer means to the sender.
Does not belong here: sheets and headers (see `workbook_child`, `workbook_layout`), types (see `load`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.delivery import DeliveryContract, Sheet
from rcs_pipeline.contracts.limits import IntakeLimits
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.vocabulary import ColumnType, Format, Identifier
from rcs_pipeline.intake.findings import Finding, file_finding
from rcs_pipeline.intake.readers import SourceTable
from rcs_pipeline.intake.reading_process import NOTES, TABLE, read
from rcs_pipeline.intake.template_mark import read_mark

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def open_workbook(
    connection: DuckDBPyConnection, path: Path, form: Format, contract: DeliveryContract,
    limits: IntakeLimits, messages: dict[str, Message],
) -> SourceTable:  # fmt: skip
    """Read the sheet that the contract means (the one that a template names, where it means none) as text.

    Raises:
        UnreadableFileError: the workbook is broken, protected or too large, or no sheet fits.
    """
    wanted = _wanted(contract, path, limits)
    about = read(connection, path, form, limits.numbers(), wanted=wanted)
    return SourceTable(
        relation=TABLE,
        headers=tuple(about["headers"]),
        first_row=None,
        sheet=about["sheet"],
        findings=tuple(_findings(about, wanted, messages)),
        notes=NOTES,
    )


def _wanted(contract: DeliveryContract, path: Path, limits: IntakeLimits) -> dict[str, Any]:
    """What the reading process has to know of the contract."""
    sheet = contract.options.sheet
    if sheet is None and (mark := read_mark(path)) is not None:
        sheet = Sheet(name=mark.sheet)
    place = sheet or Sheet(name="")
    plain = [column for column in contract.columns if column.identifier is None]
    any_text = [
        item for item in plain if item.type is ColumnType.STRING and item.codes is None and not item.pattern
    ]
    return {
        "spoken": {
            label.strip().lower(): column.name
            for column in contract.columns
            for label in (column.name, *column.aliases)
        },
        "days": [column.name for column in plain if column.type is ColumnType.DATE],
        "words": [column.name for column in any_text],
        "kept": [column.name for column in contract.columns if column.identifier is not Identifier.DROP],
        "sheet": sheet.name if sheet else None,
        "first_row": place.first_row,
        "header_rows": place.header_rows,
        "note_cells": place.note_cells,
        "search_rows": limits.header_search_rows.value,
        "totals": [word.casefold() for word in limits.totals_words.words],
    }


def _findings(about: dict[str, Any], wanted: dict[str, Any], messages: dict[str, Message]) -> list[Finding]:
    """What the sender should know about the sheet as a whole."""
    sheet, found = about["sheet"], []

    def add(rule_id: str, **words: Any) -> None:
        found.append(file_finding(messages, rule_id, sheet=sheet, **words))

    expected = wanted["first_row"] + wanted["header_rows"] - 1
    if about["header_row"] != expected:
        add("RCS-F24", value=str(about["header_row"]), expected=str(expected))
    if not about["named"]:
        add("RCS-F25", value=sheet, expected=wanted["sheet"])
    if not about["visible"]:
        add("RCS-F26", value=sheet)
    if about["hidden"]["count"]:
        add("RCS-F27", value=str(about["hidden"]["count"]), detail=_rows(about["hidden"]))
    if about["merged"]:
        add("RCS-F28", detail=", ".join(map(str, about["merged"])))
    for column, count in about["serials"].items():
        add("RCS-F29", column=column, value=str(count))
    return found


def _rows(hidden: dict[str, Any]) -> str:
    shown = ", ".join(map(str, hidden["first"]))
    return f"{shown} and others" if hidden["count"] > len(hidden["first"]) else shown
