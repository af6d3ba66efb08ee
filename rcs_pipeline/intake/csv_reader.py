"""Delimited text: encoding and delimiter found, every value read as text unless asked otherwise.

Belongs here: what is needed before DuckDB's own reader can scan the file.
Does not belong here: types (see `load`) and what the bytes give away (see `text_file`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.limits import IntakeLimits
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.intake.even_rows import LINES_END, make_even
from rcs_pipeline.intake.findings import file_finding
from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError
from rcs_pipeline.intake.sql import text
from rcs_pipeline.intake.text_file import TextFacts, look

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DELIMITERS = ",;\t|"
SAMPLE = 1 << 16
CHUNK = 1 << 20
MAXIMUM_LINE = 16 << 20
LINE_END = re.compile(r"\r\n|[\r\n]")
SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)  # what Excel writes to tell itself the delimiter
# Left to itself the buffer grows with the longest line allowed, and one buffer is read by one thread.
BUFFER = 2 * MAXIMUM_LINE
# What keeps the rows in their order takes a fifth less time when each core has one long stretch of the file.
LONGEST_BUFFER = 256 << 20
PARALLEL, ALONE = "parallel = true)", "parallel = false)"
NOTES = "csv_notes"
NUL_RULE = "RCS-F14"


@dataclass(frozen=True)
class Layout:
    """How a text is laid out: its column names, what stands between cells, lines before the header."""

    headers: tuple[str, ...]
    delimiter: str
    skip: int

    @property
    def named(self) -> tuple[str, ...]:
        """The headers without the nameless ones behind the last name, which spreadsheets leave."""
        last = max(place for place, header in enumerate(self.headers) if header)
        return self.headers[: last + 1]


def open_csv(
    connection: DuckDBPyConnection, path: Path, work: Path, limits: IntakeLimits,
    messages: dict[str, Message], facts: TextFacts | None = None,
) -> SourceTable:  # fmt: skip
    """Find encoding, delimiter and header; leave the rows to DuckDB. `facts` is what `look` told, if it did.

    Raises:
        UnreadableFileError: no header, too many columns, or rows that do not fit the header.
    """
    import duckdb

    facts = facts or look(path)
    if facts.encoding != "utf-8":
        path = _as_utf8(path, facts.encoding, work)
    layout = _layout(path, limits.columns.value)

    def again() -> SourceTable:
        return _patiently(connection, path, layout, work, limits, messages)

    if not facts.even or layout.skip or layout.named != layout.headers:
        return again()

    share = _share(connection, path)

    def reading(types: Mapping[int, str]) -> str:
        buffer = share if types else BUFFER
        return _scan(path, layout.delimiter, len(layout.headers), types, header=True, buffer=buffer)

    try:
        connection.execute(f"select count(*) from (select * from {reading({})} limit 1)")
    except duckdb.Error:
        return again()
    return SourceTable(
        relation=reading({}), headers=layout.headers, first_row=2,
        reading=reading if facts.plain_numbers else None, again=again,
        rows=None if facts.lines is None else facts.lines - 1,
    )  # fmt: skip


def _patiently(
    connection: DuckDBPyConnection, path: Path, layout: Layout, work: Path, limits: IntakeLimits,
    messages: dict[str, Message],
) -> SourceTable:  # fmt: skip
    """The rows one by one, for a text that the engine refuses or would misnumber."""
    width = len(layout.named)
    even = make_even(path, layout.delimiter, width, layout.skip, limits.cell_characters.value, work)
    rows = _scan(even.path, ",", width + 1, {width: "BIGINT"}, header=False, line_end=LINES_END)
    connection.execute(
        f"create or replace temp table {NOTES} as select * from read_csv({text(str(even.notes))}, "
        "header = false, auto_detect = false, nullstr = '~', columns = {'kind': 'VARCHAR', "
        "'source_row': 'BIGINT', 'column_name': 'VARCHAR', 'value': 'VARCHAR'})"
    )
    removed = [file_finding(messages, NUL_RULE, value=f"{even.nuls:,}")] if even.nuls else []
    return SourceTable(
        relation=f"(select * exclude (c{width}), c{width} as source_row from {rows})",
        headers=layout.named, first_row=None, findings=tuple(removed), notes=NOTES,
    )  # fmt: skip


def _share(connection: DuckDBPyConnection, path: Path) -> int:
    """The bytes of the file that each core reads in one go: whole buffers, within bounds.

    Of a size that is not whole in this way the engine's cores often disagree about where a line begins.
    """
    ((cores,),) = connection.execute("select current_setting('threads')").fetchall()
    buffers = path.stat().st_size // int(cores) // BUFFER + 1
    return min(buffers * BUFFER, LONGEST_BUFFER)


def _scan(
    path: Path, delimiter: str, width: int, types: Mapping[int, str], *, header: bool, line_end: str = "",
    buffer: int = BUFFER,
) -> str:  # fmt: skip
    """SQL for a text as a table of the columns c0, c1, ..., each of its type or text.

    Not told the `line_end` the engine takes the first, and refuses a file where a cell holds another.
    """
    known = f", new_line = {text(repr(line_end)[1:-1])}" if line_end else ""
    columns = ", ".join(f"'c{index}': '{types.get(index, 'VARCHAR')}'" for index in range(width))
    return (
        f"read_csv({text(str(path))}, header = {str(header).lower()}, auto_detect = false, nullstr = '', "
        f"delim = {text(delimiter)}, quote = '\"', escape = '\"', max_line_size = {MAXIMUM_LINE}, "
        f"buffer_size = {buffer}{known}, columns = {{{columns}}}, {PARALLEL}"
    )


def alone(relation: str) -> str:
    """The same scan on one core; whatever is no scan of a text stays as it is.

    Now and then the engine's cores disagree about where a line begins, in a file that is in order (duckdb
    issue 24237); one core has nobody to disagree with.
    """
    before, found, after = relation.rpartition(PARALLEL)
    return f"{before}{ALONE}{after}" if found else relation


def without_cells(error: Exception) -> str:
    """What DuckDB says of a broken line, without the line itself: it may hold an identifier."""
    text = str(error)
    line = re.search(r"[Ll]ine:? (\d+)", text)
    place = f"line {line.group(1)} " if line else "a line "
    if "Expected Number of Columns" in text:
        numbers = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
        if numbers:
            return f"{place}has {numbers.group(2)} values where the header has {numbers.group(1)}"
    if "state machine" in text:
        return "its lines end in two ways (the line ends of Windows and of Unix), or a quotation mark is odd"
    if "quote" in text.lower():
        return f"{place}has a quotation mark that is not closed"
    if "maximum line size" in text.lower():
        return f"{place}is longer than {MAXIMUM_LINE >> 20} MiB"
    if "unicode" in text.lower() or "utf-8" in text.lower():
        return f"{place}holds bytes that are not text"
    return f"{place}does not fit the header"


def _as_utf8(path: Path, encoding: str, work: Path) -> Path:
    target = work / "decoded.csv"
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as sink,
        ):
            while chunk := source.read(CHUNK):
                sink.write(chunk)
    except UnicodeError as error:
        raise UnreadableFileError(f"its text is neither UTF-8 nor {encoding}") from error
    return target


def _layout(path: Path, most_columns: int) -> Layout:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        sample = handle.read(SAMPLE)
        while _first_filled(sample) is None and len(sample) < MAXIMUM_LINE and (more := handle.read(SAMPLE)):
            sample += more
    lines = LINE_END.split(sample)
    skip = _first_filled(sample)
    skip = 0 if skip is None else skip
    said = SEPARATOR_LINE.fullmatch(lines[skip].strip()) if skip < len(lines) else None
    skip += said is not None
    first = lines[skip] if skip < len(lines) else ""
    delimiter = said.group(1) if said else max(DELIMITERS, key=first.count)
    below = io.StringIO("\n".join(lines[skip:]), newline="")
    csv.field_size_limit(MAXIMUM_LINE)
    try:
        names = next(csv.reader(below, delimiter=delimiter), [])
    except csv.Error as error:
        raise UnreadableFileError(f"its header cannot be read ({error})") from error
    headers = [name.replace("\x00", "").strip("\ufeff \t\r\n") for name in names]
    if not any(headers):
        raise UnreadableFileError("its first line holds no column names")
    if len(headers) > most_columns:
        raise UnreadableFileError(f"it has {len(headers)} columns, more than {most_columns}")
    return Layout(tuple(headers), delimiter, skip)


def _first_filled(sample: str) -> int | None:
    """The number of the first whole line that is not empty; None where the sample ends before it does."""
    lines = LINE_END.split(sample)
    filled = (place for place, line in enumerate(lines[:-1]) if line.strip(DELIMITERS + " \x00"))
    return next(filled, None)
