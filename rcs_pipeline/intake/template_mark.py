"""The mark of a template: which contract, version and collection a workbook was made for.

Belongs here: the names of the properties, reading them from a workbook, and findings about them.
Does not belong here: writing a template (see `returns`).

A spreadsheet program keeps the document's own properties; some other programs drop them, and then the same
words are read from the cells of the start page (after the reader found that the file keeps to its limits).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.intake.findings import Finding, file_finding

START_SHEET = "Start here"
# property of the document -> label of its cell on the start page
PROPERTIES = {
    "rcs_contract_id": "Contract",
    "rcs_contract_version": "Version of the contract",
    "rcs_collection": "Collection",
    "rcs_sheet": "Sheet for the rows",
}
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LIMIT = 1 << 16
START_ROWS = 100
PARTS = {
    "docProps/custom.xml": re.compile(
        r'<(?:\w+:)?property\s[^<>]*?name="(rcs_\w+)"[^<>]*>\s*<vt:lpwstr>([^<]*)</vt:lpwstr>'
    ),
    "meta.xml": re.compile(r'<meta:user-defined\s[^<>]*?meta:name="(rcs_\w+)"[^<>]*>([^<]*)<'),
}


@dataclass(frozen=True)
class TemplateMark:
    """What a workbook says about the template it was filled in on."""

    contract_id: str
    contract_version: str
    collection: str
    sheet: str


def read_mark(path: Path) -> TemplateMark | None:
    """The mark among the properties of the workbook in `path`; None where it has none, or is no workbook."""
    return _mark(
        {name: word for part, pattern in PARTS.items() for name, word in pattern.findall(_text(path, part))}
    )


def mark_on_page(path: Path) -> TemplateMark | None:
    """The mark on the start page of a workbook that the reader has read; None where there is no such page."""
    import python_calamine as calamine

    if f'name="{START_SHEET}"' not in _text(path, "xl/workbook.xml"):
        return None
    try:
        page = calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name(START_SHEET)
        rows = page.to_python(nrows=START_ROWS)
    except (calamine.CalamineError, OSError, ValueError):
        return None
    names = {label: name for name, label in PROPERTIES.items()}
    filled = [[str(cell).strip() for cell in row if str(cell).strip()] for row in rows]
    return _mark({names[row[0]]: row[1] for row in filled if len(row) > 1 and row[0] in names})


def _mark(found: dict[str, str]) -> TemplateMark | None:
    values = [unescape(found.get(name, "")) for name in PROPERTIES]
    if not all(values) or not all(PLAIN.fullmatch(value) for value in values[:3]):
        return None
    return TemplateMark(*values)


def mark_findings(
    mark: TemplateMark | None, contract: DeliveryContract, entry: Collection, messages: dict[str, Message]
) -> list[Finding]:
    """What the sender should know about the template: of another version or collection."""
    found: list[Finding] = []
    if mark is None:
        return found
    if mark.contract_version != contract.version:
        then, now = mark.contract_version, contract.version
        found.append(file_finding(messages, "RCS-F40", value=then, expected=now))
    if mark.collection != entry.key:
        found.append(file_finding(messages, "RCS-F42", value=mark.collection, expected=entry.key))
    return found


def _text(path: Path, part: str) -> str:
    """The beginning of one part of a workbook; nothing where it has no such part."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as handle:
            return handle.read(LIMIT).decode("utf-8", "replace")
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        EOFError,
        OSError,
        KeyError,
        zlib.error,
    ):
        return ""
