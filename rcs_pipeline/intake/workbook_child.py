"""Reading one sheet of a workbook (Excel of either age, OpenDocument) in the reading process.

Belongs here: choosing the sheet, and turning its cells into text, row by row.
Does not belong here: where the header stands (see `workbook_layout`), the XML beside the cells (see
`workbook_parts`), findings (see `workbook_reader`).
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from rcs_pipeline.intake import workbook_parts as parts
from rcs_pipeline.intake.archive import members
from rcs_pipeline.intake.old_workbook_parts import old_excel_facts
from rcs_pipeline.intake.reading_child import Note, Table
from rcs_pipeline.intake.unreadable import UnreadableFileError
from rcs_pipeline.intake.workbook_layout import (
    Header,
    Wanted,
    as_text,
    filled,
    find_header,
    serial_day,
    total_column,
)

CHUNK_ROWS = 5_000
PROTECTED, TOO_LARGE, WHICH_SHEET = "RCS-F20", "RCS-F22", "RCS-F23"
SHOWN = 5


def read(request: dict[str, Any]) -> Table:
    """The rows of the sheet that the contract means, as text columns c0, c1, ... and `source_row`.

    Raises:
        UnreadableFileError: broken, protected, too large, or no sheet that fits.
    """
    import python_calamine as calamine

    path, limits = Path(request["path"]), request["limits"]
    asked = request["wanted"]
    sets = {name: frozenset(asked[name]) for name in ("days", "words", "kept", "totals")}
    wanted = Wanted(**{**asked, **sets})
    try:
        files = [] if request["format"] == "xls" else members(path, limits, "workbook_expanded_bytes")
        if request["format"] == "ods" and parts.open_document_protected(path):
            raise UnreadableFileError("the workbook", PROTECTED)
        parts.refuse_entities(path, files)
        book = _Book(path, request["format"], limits)
        sheet = _choose(book, wanted)
        return _table(book, sheet, wanted, limits)
    except calamine.PasswordError as error:
        raise UnreadableFileError("the workbook", PROTECTED) from error
    except (
        calamine.CalamineError, expat.ExpatError, zipfile.BadZipFile, zlib.error, OSError, ValueError,
        KeyError, NotImplementedError, EOFError, RuntimeError, OverflowError,
    ) as error:  # fmt: skip
        raise UnreadableFileError(f"the workbook is broken ({type(error).__name__})") from error


@dataclass
class _Sheet:
    """One opened sheet: its first rows, and the header that was found in them."""

    name: str
    visible: bool
    cells: Any
    facts: parts.SheetFacts
    since_1904: bool
    header: Header


class _Book:
    """A workbook whose sheets are measured before their cells are read."""

    def __init__(self, path: Path, form: str, limits: dict[str, int]) -> None:
        import python_calamine as calamine

        self.path, self.form, self.limits = path, form, limits
        # The measure of an OpenDocument comes first: its reader makes room for every sheet at once.
        self.facts = parts.open_document_facts(path, limits) if form == "ods" else {}
        self.book = calamine.CalamineWorkbook.from_path(str(path))  # also says that there is a password
        plain = calamine.SheetTypeEnum.WorkSheet
        shown = calamine.SheetVisibleEnum.Visible
        self.visible = {
            item.name: item.visible == shown for item in self.book.sheets_metadata if item.typ == plain
        }
        if form == "xls":
            facts = old_excel_facts(path, limits["workbook_expanded_bytes"])
            self.facts = dict(zip(self.visible, facts, strict=False))

    def open(self, name: str, wanted: Wanted) -> _Sheet:
        facts, since_1904 = self.facts.get(name, parts.SheetFacts()), False
        if self.form == "xlsx":
            facts, since_1904 = parts.excel_facts(self.path, name, self.limits)
        cells = self.book.get_sheet_by_name(name)
        head: list[Any] = []
        for row in _rows(cells):
            head.append(row)
            if len(head) >= max(wanted.search_rows, wanted.first_row + wanted.header_rows):
                break
        header = find_header(head, wanted)
        return _Sheet(name, self.visible[name], cells, facts, since_1904, header)


def _rows(cells: Any) -> Iterator[list[Any]]:
    """Every row from the first of the sheet, every cell from column A."""
    before = [""] * (cells.start[1] if cells.start else 0)
    return (before + row for row in cells.iter_rows())


def _choose(book: _Book, wanted: Wanted) -> _Sheet:
    """The sheet that the contract names, else the only one, else the one whose header fits."""
    names = list(book.visible)
    if not names:
        raise UnreadableFileError("it has no sheet with cells", WHICH_SHEET)
    spoken = {name.strip().casefold(): name for name in reversed(names)}
    if wanted.sheet is not None and wanted.sheet.casefold() in spoken:
        return book.open(spoken[wanted.sheet.casefold()], wanted)
    if wanted.sheet is None and len(names) == 1:
        return book.open(names[0], wanted)
    enough = (len(set(wanted.spoken.values())) + 1) // 2
    fitting = [sheet for name in names if (sheet := book.open(name, wanted)).header.fits >= enough]
    # A copy that somebody hid is not what they sent.
    fitting = [sheet for sheet in fitting if sheet.visible] or fitting
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(f"`{name}`" for name in names[:SHOWN]) + (" and others" if len(names) > SHOWN else "")
    if fitting:
        both = ", ".join(f"`{sheet.name}`" for sheet in fitting[:SHOWN])
        raise UnreadableFileError(f"the columns we know stand on several sheets: {both}", WHICH_SHEET)
    missing = f"it has no sheet `{wanted.sheet}`; its" if wanted.sheet else f"it has {len(names)} sheets; the"
    raise UnreadableFileError(
        f"{missing} sheets are {shown}, and on none of them we found the columns we know", WHICH_SHEET
    )


@dataclass
class _Body:
    """What is collected while the rows go by."""

    chunks: list[Any] = field(default_factory=list)
    filled_columns: set[int] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    serials: dict[str, int] = field(default_factory=dict)
    hidden: list[int] = field(default_factory=list)
    rows: int = 0


def _table(book: _Book, sheet: _Sheet, wanted: Wanted, limits: dict[str, int]) -> Table:
    import pyarrow as pa

    header = sheet.header
    if not any(header.names):
        raise UnreadableFileError(f"row {wanted.first_row} of sheet `{sheet.name}` holds no column names")
    width = max(len(header.names), (sheet.cells.end[1] + 1) if sheet.cells.end else 0)
    if width > limits["columns"]:
        raise UnreadableFileError(f"it has {width} columns, more than {limits['columns']}", TOO_LARGE)
    longest = max(map(len, header.names))
    if longest > limits["cell_characters"]:
        raise UnreadableFileError(f"a column name has {longest:,} characters", TOO_LARGE)
    body = _read_body(sheet, wanted, width, limits)
    names = (*header.names, *[""] * (width - len(header.names)))
    # A column without a name counts only where something stands in it.
    kept = [index for index, name in enumerate(names) if name or index in body.filled_columns]
    schema = pa.schema([("source_row", pa.int64()), *((f"c{i}", pa.string()) for i in range(len(kept)))])
    chunks = (
        pa.record_batch([chunk.column(0), *(chunk.column(index + 1) for index in kept)], schema=schema)
        for chunk in body.chunks
    )
    merged = (sheet.cells.merged_cell_ranges or ()) if book.form == "xls" else ()
    merged_rows = [*sheet.facts.merged, *(first[0] for first, _ in merged)]
    about = {
        "headers": [names[index] for index in kept],
        "sheet": sheet.name,
        "named": wanted.sheet is None or wanted.sheet.casefold() == sheet.name.strip().casefold(),
        "visible": sheet.visible,
        "header_row": header.last_row + 1,
        "hidden": {"count": len(body.hidden), "first": body.hidden[:SHOWN]},
        "merged": sorted({row + 1 for row in merged_rows if row > header.last_row})[:SHOWN],
        "serials": body.serials,
    }
    return Table(about, chunks, schema, lambda: body.notes)


def _read_body(sheet: _Sheet, wanted: Wanted, width: int, limits: dict[str, int]) -> _Body:
    """Every row below the header that is not blank; notes at the end are left out as the contract says."""
    body, pending, chunk = _Body(), [], _Chunk(width, limits)
    columns = {
        index: wanted.spoken[name.lower()]
        for index, name in enumerate(sheet.header.names)
        if name.lower() in wanted.spoken
    }
    days = [index for index, name in columns.items() if name in wanted.days]
    errors: dict[int, list[int]] = {}
    for row, column in sheet.facts.errors:
        errors.setdefault(row, []).append(column)
    unstored: dict[int, list[str]] = {}
    for row, column in sheet.facts.unstored:
        if column in columns:
            unstored.setdefault(row, []).append(columns[column])
    for number, cells in enumerate(_rows(sheet.cells)):
        if number <= sheet.header.last_row:
            continue
        for index in errors.get(number, ()):
            _show_error(sheet, number, index, cells, columns, wanted, body)
        missing = unstored.get(number, [])
        count = filled(cells) + len(missing)
        body.notes += [(number + 1, name, "formula", "") for name in missing if name in wanted.kept]
        if count == 0:
            continue
        for index in days:
            if index < len(cells) and (day := serial_day(cells[index], sheet.since_1904)):
                cells[index] = day
                body.serials[columns[index]] = body.serials.get(columns[index], 0) + 1
        pending.append((number, cells))
        if count <= wanted.note_cells:
            continue  # perhaps a note at the end
        for earlier, values in pending:
            _enter(earlier, values, sheet, wanted, body, chunk)
        pending = []
    body.chunks += chunk.finished()
    body.filled_columns = chunk.filled
    return body


def _show_error(
    sheet: _Sheet,
    row: int,
    index: int,
    cells: list[Any],
    columns: dict[int, str],
    wanted: Wanted,
    body: _Body,
) -> None:
    """The reader gives an error as a blank: a failed formula would pass for a question nobody answered."""
    if index >= len(cells) or cells[index] != "":
        return
    shown, column = sheet.facts.errors[row, index] or "#ERROR", columns.get(index)
    if column in wanted.words:
        # Any text would pass there, so that nothing later finds fault with it.
        body.notes.append((row + 1, column or "", "error", shown))
    elif column is not None:
        cells[index] = shown


def _enter(
    row: int,
    cells: list[Any],
    sheet: _Sheet,
    wanted: Wanted,
    body: _Body,
    chunk: _Chunk,
) -> None:
    total = total_column(cells, sheet.header.names, wanted)
    if total is not None:
        body.notes.append((row + 1, wanted.spoken.get(total.lower(), ""), "total", ""))
    if row in sheet.facts.hidden:
        body.hidden.append(row + 1)
    body.rows += 1
    chunk.add(row + 1, cells)


class _Chunk:
    """Rows on their way into Arrow, some thousands at a time."""

    def __init__(self, width: int, limits: dict[str, int]) -> None:
        self.width, self.longest = width, limits["cell_characters"]
        self.filled: set[int] = set()
        self.last_row = 0
        self._numbers: list[int] = []
        self._rows: list[list[Any]] = []
        self._batches: list[Any] = []

    def add(self, number: int, cells: list[Any]) -> None:
        self.last_row = number
        self._numbers.append(number)
        self._rows.append(cells + [""] * (self.width - len(cells)))
        if len(self._rows) >= CHUNK_ROWS:
            self._flush()

    def finished(self) -> list[Any]:
        self._flush()
        return self._batches

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self._rows:
            return
        arrays = [pa.array(self._numbers, pa.int64())]
        for index, cells in enumerate(zip(*self._rows, strict=True)):
            array = pa.array([as_text(cell) for cell in cells], pa.string())
            if array.null_count < len(array):
                self.filled.add(index)
                longest = pc.max(pc.utf8_length(array)).as_py()
                if longest > self.longest:
                    raise UnreadableFileError(
                        f"a cell holds {longest:,} characters, more than {self.longest:,}", TOO_LARGE
                    )
            arrays.append(array)
        names = ["source_row", *(f"c{index}" for index in range(self.width))]
        self._batches.append(pa.record_batch(arrays, names=names))
        self._numbers, self._rows = [], []
