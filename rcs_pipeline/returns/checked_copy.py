"""The copy of the sender's sheet in a checked workbook.

Belongs here: every cell in its place, those with a problem coloured, linked and commented.
Does not belong here: reading the sheet and withholding from it (see `original`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.returns.checked_book import FILLS, Book, cell_name, sheet_reference
from rcs_pipeline.returns.content import ORDERED, Content, Entry
from rcs_pipeline.returns.original import Original
from rcs_pipeline.returns.safe import printable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Mark = tuple[Severity, int, str | None]
BATCH = 10_000
LONGEST_COMMENT = 1_000
COMMENT = {"author": "rcs", "x_scale": 2}


def write_copy(
    book: Book, sheet: Any, connection: DuckDBPyConnection, content: Content, original: Original,
    listed: tuple[str, dict[int, int]], kept: Container[int] | None,
) -> None:  # fmt: skip
    """The sender's sheet: every cell in its place, coloured and commented where it has a problem."""
    problems, rows = listed
    comments = content.rules.bounds.comments.value
    sheet.set_column(0, max(len(original.headers) - 1, 0), 16)
    sheet.freeze_panes(original.first_row, 0)
    about, headings = _marks(connection, original, comments), _heading_marks(content, original)
    marked = next(about, None)
    for number, row in enumerate(original.rows(kept)):
        marks: dict[int, Mark] = headings if number == original.header_row else {}
        while marked is not None and marked[0] <= number:
            if marked[0] == number:
                marks.setdefault(marked[1], marked[2:])
            marked = next(about, None)
        width = max(len(row), 1 + max(marks, default=-1))
        for column in range(width):
            value = row[column] if column < len(row) else None
            if number == original.header_row and column in original.emptied and column not in headings:
                sheet.write_comment(number, column, content.rules.emptied, COMMENT)
            mark = marks.get(column)
            style: dict[str, Any] = {"bold": True} if number == original.header_row else {}
            if mark is None:
                book.put(sheet, number, column, value, **style)
                continue
            severity, first, message = mark
            style["bg_color"] = FILLS[severity]
            if first in rows:
                # The link comes first: what is written after it keeps the cell's own type.
                target = f"internal:{sheet_reference(problems)}!{cell_name(rows[first], 0)}"
                sheet.write_url(number, column, target, string=" ")
            book.put(sheet, number, column, value, **style)
            if message is not None:
                sheet.write_comment(number, column, printable(message)[:LONGEST_COMMENT], COMMENT)


def _marks(
    connection: DuckDBPyConnection, original: Original, comments: int
) -> Iterator[tuple[int, int, Severity, int, str | None]]:
    """(row, column, severity, number of the finding, comment) of every cell with a finding, by row.

    In batches, and with the text of the first ones only: a file may have as many findings as cells.
    """
    words = original.hide.sql("message || ' ' || fix")
    result = connection.execute(
        f"select source_row - 1, column_name, severity, number, "
        f"case when row_number() over (order by source_row, number) <= {comments} then {words} end "
        f"from {ORDERED} where source_row is not null and column_name is not null "
        "order by source_row, number"
    )
    places: dict[str, int | None] = {}
    while batch := result.fetchmany(BATCH):
        for row, name, severity, number, message in batch:
            if name not in places:
                places[name] = original.column(name)
            place = places[name]
            if place is not None:
                yield row, place, Severity(severity), number, message


def _heading_marks(content: Content, original: Original) -> dict[int, Mark]:
    marks: dict[int, Mark] = {}
    for entry in content.listed:
        column = cell_column(entry, original)
        if entry.row is None and column is not None:
            marks.setdefault(column, (entry.severity, entry.number, f"{entry.message} {entry.fix}"))
    return marks


def cell_column(entry: Entry, original: Original | None) -> int | None:
    """The column of the sender's sheet that a finding is about."""
    return original.column(entry.column) if original is not None and entry.column is not None else None


def where(entry: Entry, original: Original | None) -> str:
    """The place of a finding as a person finds it: a cell of a workbook, a row of a file, or all of it."""
    column = cell_column(entry, original)
    if column is not None and original is not None:
        return cell_name(original.header_row if entry.row is None else entry.row - 1, column)
    if entry.row is not None:
        return f"row {entry.row}"
    return "whole file" if entry.column is None else "whole column"
