"""Text whose rows are not even, made even: for files that the engine refuses or would misnumber.

Belongs here: empty lines, rows that are too long or too short, NUL bytes, odd quotation marks,
mixed line ends.
Does not belong here: the ordinary way of reading (see `csv_reader`), which is fifteen times faster.

Every record is written again with exactly as many cells as the header, and its number behind them. A
record that does not fit the header is not guessed at: an empty one stands in its place, and it is noted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from rcs_pipeline.intake.unreadable import UnreadableFileError

NUL = "\x00"
# A line behind the last one, which no file holds: inside an open quotation it becomes part of a cell.
LAST = "\x1f\x1e\x1d\x1c"
# Before Python 3.13 a writer quotes only the line ends that it writes itself: so it writes both.
LINES_END = "\r\n"
LARGER = "RCS-F22"
# A cell of free text may hold line ends, but not so many: a quotation mark before it was never closed.
LONGEST_CELL_IN_LINES = 1_000


@dataclass(frozen=True)
class EvenRows:
    """`path` holds the rows, `notes` those that did not fit; both with commas. `nuls` were removed."""

    path: Path
    notes: Path
    nuls: int


class _Lines:
    """The lines of a file without their NUL bytes, counting those of the record being read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self.nuls, self.in_record = chain(lines, [LAST]), 0, 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if NUL in line:
            self.nuls += line.count(NUL)
            line = line.replace(NUL, "")
        self.in_record += 1
        if self.in_record > LONGEST_CELL_IN_LINES:
            raise csv.Error("open quotation")
        return line


def make_even(path: Path, delimiter: str, width: int, skip: int, longest_cell: int, work: Path) -> EvenRows:
    """Write the records below the header again, each with `width` cells and its number.

    Args:
        path: text in UTF-8. `skip`: lines before the header.

    Raises:
        UnreadableFileError: a quotation mark is never closed, or a cell is longer than `longest_cell`.
    """
    rows, notes = work / "even.csv", work / "uneven.csv"
    csv.field_size_limit(longest_cell)
    with (
        path.open(encoding="utf-8-sig", newline="") as source,
        rows.open("w", encoding="utf-8", newline="") as sink,
        notes.open("w", encoding="utf-8", newline="") as aside,
    ):
        lines = _Lines(source)
        for _ in range(skip):
            next(lines)
        write, note = csv.writer(sink, lineterminator=LINES_END), csv.writer(aside, lineterminator="\n")
        number = skip
        records = csv.reader(lines, delimiter=delimiter)
        try:
            for number, record in enumerate(records, start=skip + 1):
                lines.in_record = 0
                if record and LAST in record[-1]:
                    if record == [LAST]:
                        break
                    raise _open_quotation(number)
                if number == skip + 1 or not any(record):
                    continue
                if any(record[width:]) or len(record) < width:
                    note.writerow(["ragged", number, "", len(record)])
                    record = [""] * width
                write.writerow([*record[:width], number])
        except csv.Error as error:
            raise _refusal(error, number + 1, longest_cell) from None
    return EvenRows(rows, notes, lines.nuls)


def _refusal(error: csv.Error, number: int, longest_cell: int) -> UnreadableFileError:
    if "field larger" in str(error):
        return UnreadableFileError(
            f"a cell of row {number} has more than {longest_cell:,} characters, or a quotation mark in it is "
            "not closed",
            rule_id=LARGER,
        )
    return _open_quotation(number)


def _open_quotation(number: int) -> UnreadableFileError:
    return UnreadableFileError(f"row {number} has a quotation mark that is not closed")
