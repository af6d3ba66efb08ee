"""Excel workbooks: one sheet, one or more header rows, every value as the text a person sees.

Belongs here: finding the sheet and its header. Does not belong here: types (see `load`).
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.delivery import DeliveryContract, Sheet
from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAXIMUM_COLUMNS = 5_000


def open_workbook(connection: DuckDBPyConnection, path: Path, contract: DeliveryContract) -> SourceTable:
    """Read the contract's sheet (the only sheet, where it names none) as text.

    Raises:
        UnreadableFileError: the workbook is broken or has no such sheet.
    """
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        sheet = contract.options.sheet or (Sheet(name=names[0]) if len(names) == 1 else None)
        if sheet is None:
            raise UnreadableFileError(
                f"it has {len(names)} sheets and the contract does not say which one to read"
            )
        if sheet.name not in names:
            raise UnreadableFileError(f"it has no sheet `{sheet.name}`; its sheets are {', '.join(names)}")
        rows = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, ValueError) as error:
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
