"""Excel workbooks: one sheet, one or more header rows, every value as the text a person sees.

Belongs here: finding the sheet and its header. Does not belong here: types (see `load`).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.delivery import DeliveryContract, Sheet
from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError
from rcs_pipeline.intake.template_mark import read_mark

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAXIMUM_COLUMNS = 5_000
ERROR_CELL = re.compile(
    rb'<(?:\w+:)?c ([^>]*?t="e"[^>]*)>(?:(?!</?(?:\w+:)?c[ >]).)*?<(?:\w+:)?v>([^<]*)</', re.DOTALL
)
CELL_PLACE = re.compile(rb'r="([A-Z]+)([0-9]+)"')


def open_workbook(connection: DuckDBPyConnection, path: Path, contract: DeliveryContract) -> SourceTable:
    """Read the contract's sheet (the only sheet, where it names none) as text.

    Raises:
        UnreadableFileError: the workbook is broken or has no such sheet.
    """
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        sheet = contract.options.sheet or (Sheet(name=names[0]) if len(names) == 1 else _marked(path))
        if sheet is None:
            raise UnreadableFileError(
                f"it has {len(names)} sheets and the contract does not say which one to read"
            )
        if sheet.name not in names:
            raise UnreadableFileError(f"it has no sheet `{sheet.name}`; its sheets are {', '.join(names)}")
        rows = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        _show_errors(rows, error_cells(path, sheet.name))
    except (calamine.CalamineError, OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, calamine.PasswordError):
            raise UnreadableFileError("it is protected by a password") from error
        raise UnreadableFileError(f"the workbook is broken ({type(error).__name__})") from error
    start = sheet.first_row - 1
    headers = _headers(rows[start : start + sheet.header_rows])
    if not any(headers):
        raise UnreadableFileError(f"row {sheet.first_row} of sheet `{sheet.name}` holds no column names")
    if len(headers) > MAXIMUM_COLUMNS:
        raise UnreadableFileError(f"it has {len(headers)} columns, more than {MAXIMUM_COLUMNS}")
    body = rows[start + sheet.header_rows :]
    while body and sum(1 for cell in body[-1] if _text(cell)) <= sheet.note_cells:
        body.pop()
    connection.register("workbook_rows", _columns(body, len(headers)))
    return SourceTable(
        relation="workbook_rows",
        headers=headers,
        first_row=sheet.first_row + sheet.header_rows,
        sheet=sheet.name,
    )


def _marked(path: Path) -> Sheet | None:
    """The sheet of a template whose contract names none."""
    mark = read_mark(path)
    return Sheet(name=mark.sheet) if mark else None


def _headers(rows: list[list[Any]]) -> tuple[str, ...]:
    """One name a column; where a name stands twice, its group heading goes before it."""
    if not rows:
        return ()
    names = [" ".join((_text(cell) or "").split()) for cell in rows[-1]]
    while names and not names[-1]:
        names.pop()
    groups: list[str] = []
    for cell in rows[0][: len(names)] if len(rows) > 1 else []:
        text = " ".join((_text(cell) or "").split())
        groups.append(text or (groups[-1] if groups else ""))
    return tuple(
        f"{groups[index]} / {name}" if groups and groups[index] and names.count(name) > 1 else name
        for index, name in enumerate(names)
    )


def error_cells(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """The cells that show an error such as `#N/A`, by row and column from 0.

    The reader gives them as empty: a formula that failed would pass for a question nobody answered.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
        targets = {_attribute(tag, "Id"): _attribute(tag, "Target") for tag in re.findall(r"<[^>]+>", links)}
        tags = re.findall(r"<(?:\w+:)?sheet [^>]+>", book)
        wanted = [_attribute(tag, "r:id") for tag in tags if unescape(_attribute(tag, "name")) == sheet]
        target = targets.get(wanted[0], "").lstrip("/") if wanted else ""
        part = target if target.startswith("xl/") else f"xl/{target}"
        content = archive.read(part) if part in names else b""
    found = {}
    for tag, value in ERROR_CELL.findall(content) if b't="e"' in content else ():
        place = CELL_PLACE.search(tag)
        if place:
            found[int(place[2]) - 1, _column_number(place[1].decode())] = value.decode("utf-8", "replace")
    return found


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf'\s{name}="([^"]*)"', tag)
    return match[1] if match else ""


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _show_errors(rows: list[list[Any]], errors: dict[tuple[int, int], str]) -> None:
    for (row, column), shown in errors.items():
        if row < len(rows) and column < len(rows[row]) and rows[row][column] == "":
            rows[row][column] = shown


def _columns(rows: list[list[Any]], width: int) -> Any:
    """The cells as an Arrow table of text columns c0, c1, ... (blank cells NULL)."""
    import pyarrow as pa

    padded = [row + [""] * (width - len(row)) if len(row) < width else row for row in rows]
    cells = list(zip(*padded, strict=False)) if padded else [() for _ in range(width)]
    return pa.table(
        {f"c{index}": pa.array([_text(cell) for cell in cells[index]], pa.string()) for index in range(width)}
    )


def _text(cell: Any) -> str | None:
    """A cell as a person sees it: whole numbers without a point, dates in ISO 8601."""
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip() or None
