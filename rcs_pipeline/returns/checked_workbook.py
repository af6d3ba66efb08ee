"""The checked workbook: problems first, then the sender's own sheet with its cells coloured and commented.

Belongs here: laying out the sheets. Does not belong here: what they say (see `content` and `summary`), and
reading the sender's sheet (see `original`).

Measured on 20,000 rows of 25 columns: values read by calamine and written by XlsxWriter row by row take 3.5 s
and 81 MiB; loading and saving the workbook with openpyxl takes 12.5 s and 287 MiB, and carries over whatever
the package hides.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.returns.checked_book import (
    FILLS,
    FORMATS,
    HEADING,
    LINK,
    Book,
    cell_name,
    sheet_name,
    sheet_reference,
)
from rcs_pipeline.returns.checked_copy import cell_column, where, write_copy
from rcs_pipeline.returns.content import Content, Entry
from rcs_pipeline.returns.original import Original, Value
from rcs_pipeline.returns.safe import printable
from rcs_pipeline.returns.summary import SummaryPart

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PROBLEMS, KINDS, SUMMARY = "Problems", "Kinds of problem", "Your summary"
HEADS = (
    ("No", 7), ("Severity", 18), ("Sheet", 14), ("Cell", 10), ("Column", 22), ("You entered", 28),
    ("What is wrong", 60), ("How to fix", 60), ("Rule", 10), ("Status", 22),
)  # fmt: skip


def write_workbook(
    connection: DuckDBPyConnection, content: Content, original: Original | None, target: Path,
    kept: Container[int] | None = None,
) -> None:  # fmt: skip
    """Write the workbook; with a copy of the sender's sheet where there is one."""
    import xlsxwriter

    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": True,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(target), options) as made:
        book = Book(made)
        made.set_properties(
            {
                "title": f"{content.contract.title}: what we found", "author": "rcs",
                "created": datetime.fromisoformat(content.receipt.received_at).replace(tzinfo=None),
                "comments": content.verdict,
            }
        )  # fmt: skip
        copied = original is not None and original.cells <= content.rules.bounds.copied_cells.value
        copy = sheet_name(original.hide.text(original.sheet)) if original is not None and copied else None
        names = [_free(name, copy) for name in (PROBLEMS, KINDS, SUMMARY)]
        rows = _problems(book, made.add_worksheet(names[0]), content, original, copy)
        _kinds(book, made.add_worksheet(names[1]), content, names[0], rows)
        if content.summary:
            _summary(book, made.add_worksheet(names[2]), content.summary)
        if original is not None and copy is not None:
            sheet = made.add_worksheet(copy)
            write_copy(book, sheet, connection, content, original, (names[0], rows), kept)


def _problems(
    book: Book, sheet: Any, content: Content, original: Original | None, copy: str | None
) -> dict[int, int]:
    """The first sheet. Returns the row of every finding that it lists."""
    for place, (_, width) in enumerate(HEADS):
        sheet.set_column(place, place, width)
    book.put(sheet, 0, 0, content.verdict, bold=True, font_size=16)
    book.put(sheet, 1, 0, content.next)
    line = 3
    for label, value in content.facts():
        book.put(sheet, line, 0, label, bold=True)
        book.put(sheet, line, 3, value)
        line += 1
    for severity, count in content.counts.items():
        words = content.words(severity)
        book.put(sheet, line, 0, f"{words.label}: {count:,}", bold=True, bg_color=FILLS[severity])
        book.put(sheet, line, 3, words.meaning)
        line += 1
    if original is not None and copy is None:
        line += 1
        book.put(sheet, line, 0, "Your sheet is too large to be copied here; look for the cells in your own.")
    if content.total > len(content.listed):
        line += 1
        book.put(
            sheet, line, 0,
            f"This sheet lists {len(content.listed):,} of {content.total:,} problems, the worst first. The "
            f"sheet {KINDS} counts all of them; the CSV file beside this workbook holds every one.",
        )  # fmt: skip
    line += 2
    if not content.listed:
        book.put(sheet, line, 0, "We found nothing to mend.", bold=True)
        return {}
    for place, (name, _) in enumerate(HEADS):
        book.put(sheet, line, place, name, **HEADING)
    sheet.autofilter(line, 0, line + len(content.listed), len(HEADS) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(line)
    rows = {}
    for entry in content.listed:
        line += 1
        rows[entry.number] = line
        _entry(book, sheet, line, entry, content, original, copy)
    return rows


def _entry(
    book: Book, sheet: Any, line: int, entry: Entry, content: Content, original: Original | None,
    copy: str | None,
) -> None:  # fmt: skip
    words, column = content.words(entry.severity), cell_column(entry, original)
    place = where(entry, original)
    values: list[Value] = [
        entry.number, words.label, entry.sheet or "", place, entry.column or "", entry.value or "",
        entry.message, entry.fix, entry.rule_id, words.status,
    ]  # fmt: skip
    for position, value in enumerate(values):
        wraps = {"text_wrap": True} if position in (5, 6, 7) else {}
        shade = {"bg_color": FILLS[entry.severity]} if position == 1 else {}
        if position == 3 and copy is not None and original is not None and column is not None:
            row = original.header_row if entry.row is None else entry.row - 1
            link = f"internal:{sheet_reference(copy)}!{cell_name(row, column)}"
            sheet.write_url(line, position, link, book.style(**LINK), str(value))
        else:
            book.put(sheet, line, position, value, **wraps, **shade)


def _kinds(book: Book, sheet: Any, content: Content, problems: str, rows: dict[int, int]) -> None:
    heads = (
        ("Severity", 18), ("Column", 22), ("Cells", 9), ("Where", 34), ("What is wrong, for example", 60),
        ("How to fix", 60), ("Different entries", 11), ("Most frequent entries", 40), ("Rule", 10),
    )  # fmt: skip
    for place, (name, width) in enumerate(heads):
        sheet.set_column(place, place, width)
        book.put(sheet, 0, place, name, **HEADING)
    sheet.freeze_panes(1, 0)
    for line, kind in enumerate(content.kinds, start=1):
        entered = "; ".join(f"{value} ({cells:,})" for value, cells in kind.values)
        values: list[Value] = [
            content.words(kind.severity).label, kind.column or "", kind.cells, kind.places, kind.message,
            kind.fix, kind.distinct_values, entered, kind.rule_id,
        ]  # fmt: skip
        for place, value in enumerate(values):
            shade = {"bg_color": FILLS[kind.severity]} if place == 0 else {}
            if place == 3 and kind.first in rows:
                link = f"internal:{sheet_reference(problems)}!{cell_name(rows[kind.first], 0)}"
                style = book.style(**LINK, text_wrap=True)
                sheet.write_url(line, place, link, style, printable(str(value)))
            else:
                book.put(sheet, line, place, value, text_wrap=True, **shade)


def _summary(book: Book, sheet: Any, parts: tuple[SummaryPart, ...]) -> None:
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, 8, 16)
    line = 0
    for part in parts:
        book.put(sheet, line, 0, part.title, bold=True, font_size=14)
        if part.note:
            line += 1
            book.put(sheet, line, 0, part.note)
        line += 1
        for place, (name, _) in enumerate(part.columns):
            book.put(sheet, line, place, name, **HEADING)
        for number, row in enumerate(part.rows):
            line += 1
            for place, value in enumerate(row):
                shape = part.shape(number, place)
                shown = "not known" if value is None and shape != "text" else value
                style = {"num_format": FORMATS[shape]} if isinstance(shown, (int, float)) else {}
                book.put(sheet, line, place, shown, **style)
        if part.left_out:
            line += 1
            book.put(sheet, line, 0, f"and {part.left_out:,} more lines")
        line += 3


def _free(name: str, taken: str | None) -> str:
    return f"{name} (ours)" if taken is not None and taken.casefold() == name.casefold() else name
