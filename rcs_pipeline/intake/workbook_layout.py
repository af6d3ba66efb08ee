"""Where the table stands on a sheet: its header, and rows that are no rows of it.

Belongs here: judging rows of cells that were read, by the names that the contract knows. Pure functions.
Does not belong here: opening a workbook (see `workbook_child`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

Cells = Sequence[Any]
DAY_ZERO = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001  (workbooks know no zones)
# 1920 to 2119. A number beyond it is more likely a year, a day written without dashes, or a mistake.
SERIAL_DAYS = (7_306, 80_353)


@dataclass(frozen=True)
class Wanted:
    """What the contract says about the table and the sheet it stands on.

    `spoken` maps every accepted header, in lower case, to its column. `days` names the date columns, `words`
    those in which any text is good, `kept` those whose cells may be spoken of.
    """

    spoken: Mapping[str, str]
    days: frozenset[str]
    words: frozenset[str]
    kept: frozenset[str]
    sheet: str | None
    first_row: int
    header_rows: int
    note_cells: int
    search_rows: int
    totals: frozenset[str]


@dataclass(frozen=True)
class Header:
    """The names of the columns, the row they end in (from 0), and how many of the contract's there are."""

    names: tuple[str, ...]
    last_row: int
    fits: int


def find_header(rows: Sequence[Cells], wanted: Wanted) -> Header:
    """The header where the contract says, unless the names of more columns stand elsewhere near the top."""
    start = wanted.first_row - 1
    best = _header(rows, start, wanted.header_rows, wanted)
    for last in range(min(len(rows), wanted.search_rows)):
        for count in (1, 2):
            found = _header(rows, last - count + 1, count, wanted)
            if found.fits > best.fits:
                best = found
    return best


def _header(rows: Sequence[Cells], start: int, count: int, wanted: Wanted) -> Header:
    lines = rows[start : start + count] if start >= 0 else []
    names = header_names(lines) if lines else ()
    known = {wanted.spoken[name.lower()] for name in names if name.lower() in wanted.spoken}
    return Header(names, start + count - 1, len(known))


def header_names(lines: Sequence[Cells]) -> tuple[str, ...]:
    """One name a column. Of two rows the lower counts; the upper one goes before it where a name stands
    twice, and takes its place where the lower is empty, as under a cell that was merged downwards.
    """
    low, high = [_line(line) for line in (lines[-1], lines[0])]
    if len(lines) == 1:
        high = []
    width = max(len(low), len(high))
    low += [""] * (width - len(low))
    high += [""] * (width - len(high))
    groups: list[str] = []
    names: list[str] = []
    for name, group in zip(low, high, strict=True):
        groups.append(group or (groups[-1] if groups else ""))
        names.append(name or group)
    while names and not names[-1]:
        names.pop()
    twice = {name for name, count in Counter(names).items() if name and count > 1}
    return tuple(
        f"{group} / {name}" if name in twice and group not in ("", name) else name
        for name, group in zip(names, groups, strict=False)
    )


def _line(cells: Cells) -> list[str]:
    return [" ".join((as_text(cell) or "").split()) for cell in cells]


def total_column(cells: Cells, headers: Sequence[str], wanted: Wanted) -> str | None:
    """The header of the cell that says that this row is a total of others; None where none says so."""
    for index, cell in enumerate(cells):
        if cell == "" or cell is None:
            continue
        if isinstance(cell, str) and cell.strip().rstrip(":").strip().casefold() in wanted.totals:
            return headers[index] if index < len(headers) else ""
        if isinstance(cell, str) and cell.strip():
            return None
    return None


def filled(cells: Cells) -> int:
    """How many cells hold something."""
    return sum(1 for cell in cells if cell != "" and (not isinstance(cell, str) or cell.strip()))


def serial_day(cell: Any, since_1904: bool) -> str | None:
    """The day that a bare number in a date column stands for; None where it is no such number."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    start = DAY_ZERO[since_1904]
    days = cell + (start - DAY_ZERO[False]).days
    if not SERIAL_DAYS[0] <= days <= SERIAL_DAYS[1]:
        return None
    return as_text(start + timedelta(days=cell))


def as_text(cell: Any) -> str | None:
    """A cell as a person sees it: whole numbers without a point, dates in ISO 8601, nothing for blanks."""
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool):
        return str(int(cell))
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return None if cell is None else str(cell)
