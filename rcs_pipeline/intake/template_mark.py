"""The mark of a template: which contract, version and collection a workbook was made for.

Belongs here: the names of the properties, reading them from a workbook, and findings about them.
Does not belong here: writing a template (see `returns`).

A spreadsheet program keeps the document's own properties; some other programs drop them, and then the same
words are read from the cells of the start page.
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
LIMIT = 1 << 20
START_ROWS = 100
PARTS = {
    "docProps/custom.xml": re.compile(
        r'<(?:\w+:)?property\s[^>]*?name="(rcs_\w+)"[^>]*>\s*<vt:lpwstr>([^<]*)</vt:lpwstr>'
    ),
    "meta.xml": re.compile(r'<meta:user-defined\s[^>]*?meta:name="(rcs_\w+)"[^>]*>([^<]*)<'),
}


@dataclass(frozen=True)
class TemplateMark:
    """What a workbook says about the template it was filled in on."""

    contract_id: str
    contract_version: str
    collection: str
    sheet: str


def read_mark(path: Path) -> TemplateMark | None:
    """The mark of the workbook in `path`; None where it has none, or is no workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            known = set(archive.namelist())
            found: dict[str, str] = {}
            for part, pattern in PARTS.items():
                found |= dict(pattern.findall(_text(archive, part))) if part in known else {}
            if not found and f'name="{START_SHEET}"' in _text(archive, "xl/workbook.xml"):
                found = _from_cells(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, KeyError, zlib.error):
        return None
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


def _text(archive: zipfile.ZipFile, part: str) -> str:
    with archive.open(part) as handle:
        return handle.read(LIMIT).decode("utf-8", "replace")


def _from_cells(path: Path) -> dict[str, str]:
    import python_calamine as calamine

    try:
        rows = (
            calamine.CalamineWorkbook.from_path(str(path))
            .get_sheet_by_name(START_SHEET)
            .to_python(nrows=START_ROWS)
        )
    except calamine.CalamineError:
        return {}
    names = {label: name for name, label in PROPERTIES.items()}
    filled = [[str(cell).strip() for cell in row if str(cell).strip()] for row in rows]
    return {names[row[0]]: row[1] for row in filled if len(row) > 1 and row[0] in names}
