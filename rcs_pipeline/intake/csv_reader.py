"""Delimited text: encoding and delimiter found, every value read as text.

Belongs here: what is needed before DuckDB's own reader can scan the file.
Does not belong here: types (see `load`).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DELIMITERS = ",;\t|"
SAMPLE = 1 << 16
CHUNK = 1 << 20
FALLBACK_ENCODING = "cp1252"
MAXIMUM_COLUMNS = 5_000
MAXIMUM_LINE = 16 << 20
LINE_END = re.compile(r"[\r\n]")
# Left to itself the buffer grows with the longest line allowed, and one buffer is read by one thread.
BUFFER = 2 * MAXIMUM_LINE


def open_csv(connection: DuckDBPyConnection, path: Path, work: Path) -> SourceTable:
    """Find encoding, delimiter and header; leave the rows to DuckDB.

    Raises:
        UnreadableFileError: no header, too many columns, or rows that do not fit the header.
    """
    import duckdb

    encoding = _encoding(path)
    if encoding != "utf-8":
        path = _as_utf8(path, encoding, work)
    headers, delimiter = _header(path)
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(headers)))
    relation = (
        f"read_csv({_quoted(str(path))}, header = true, auto_detect = false, delim = {_quoted(delimiter)}, "
        f"quote = '\"', escape = '\"', nullstr = '', max_line_size = {MAXIMUM_LINE}, buffer_size = {BUFFER}, "
        f"columns = {{{columns}}})"
    )
    try:
        connection.execute(f"select count(*) from (select * from {relation} limit 1)")
    except duckdb.Error as error:
        raise UnreadableFileError(without_cells(error)) from None
    return SourceTable(relation=relation, headers=tuple(headers), first_row=2)


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


def _encoding(path: Path) -> str:
    with path.open("rb") as handle:
        head = handle.read(4)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        handle.seek(0)
        try:
            while chunk := handle.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return FALLBACK_ENCODING
    return "utf-8"


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


def _header(path: Path) -> tuple[list[str], str]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        sample = handle.read(SAMPLE)
        while not LINE_END.search(sample) and len(sample) < MAXIMUM_LINE and (more := handle.read(SAMPLE)):
            sample += more
    first = LINE_END.split(sample, maxsplit=1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    csv.field_size_limit(MAXIMUM_LINE)
    try:
        headers = next(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise UnreadableFileError(f"its header cannot be read ({error})") from error
    if not any(header.strip() for header in headers):
        raise UnreadableFileError("its first line holds no column names")
    if len(headers) > MAXIMUM_COLUMNS:
        raise UnreadableFileError(f"it has {len(headers)} columns, more than {MAXIMUM_COLUMNS}")
    return [header.strip() for header in headers], delimiter


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
