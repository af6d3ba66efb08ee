"""A list of pupils to withdraw: one identifier a line, or a column named like the contract's.

Belongs here: reading it, with messages that repeat none of it.
Does not belong here: hashing and storing it (see `withdraw`).
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable
from pathlib import Path

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.vocabulary import Identifier

LARGEST_LIST = 16 << 20
DELIMITERS = ",;\t|"
PLACES_SHOWN = 5


def read_list(file: Path, contracts: Iterable[DeliveryContract]) -> list[str]:
    """The identifiers of a list.

    Raises:
        RcsError: it cannot be read, is empty, or holds a line that is no identifier.
    """
    columns = [
        column
        for contract in contracts
        for column in contract.columns
        if column.identifier is Identifier.PSEUDONYMISE
    ]
    rows = _rows(file)
    place, first = _place(file, rows, columns)
    cells = [
        (number, row[place].strip() if len(row) > place else "")
        for number, row in enumerate(rows[first:], start=first + 1)
        if any(cell.strip() for cell in row)
    ]
    if not cells:
        raise RcsError("The list is empty", where=str(file), expected="one identifier a line")
    patterns = [re.compile(column.pattern) if column.pattern else None for column in columns]
    wrong = [
        str(number)
        for number, cell in cells
        if not cell or not any(pattern is None or pattern.fullmatch(cell) for pattern in patterns)
    ]
    if wrong:
        more = f" and {len(wrong) - PLACES_SHOWN} more" if len(wrong) > PLACES_SHOWN else ""
        raise RcsError(
            f"Line(s) {', '.join(wrong[:PLACES_SHOWN])}{more} of the list hold no identifier",
            where=str(file), expected=columns[0].description,
            todo="Correct the list and run the command again; nothing was withdrawn.",
        )  # fmt: skip
    return [cell for _, cell in cells]


def _place(file: Path, rows: list[list[str]], columns: Iterable[Column]) -> tuple[int, int]:
    """The column of the identifiers and the first row below the header, where there is one."""
    titles = {label.lower() for column in columns for label in (column.name, *column.aliases)}
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    named = [index for index, cell in enumerate(header) if cell in titles]
    if named:
        return named[0], 1
    if any(len(row) > 1 for row in rows):
        raise RcsError(
            "The list has several columns, and none is named like an identifier", where=str(file),
            expected=" or ".join(sorted(titles)), todo="Name the column, or give one identifier a line.",
        )  # fmt: skip
    return 0, 0


def _rows(file: Path) -> list[list[str]]:
    lines = _text(file).splitlines()
    delimiter = max(DELIMITERS, key=lines[0].count) if lines else ","
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        raise RcsError("The list is not a text of short lines", where=str(file)) from None


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST_LIST:
            most = f"at most {LARGEST_LIST >> 20} MiB"
            raise RcsError("The list is too long", where=str(file), expected=most)
        content = file.read_bytes()
    except OSError as error:
        raise RcsError(f"The list cannot be read: {error.strerror}", where=str(file)) from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise RcsError(
            "The list is not a text file", where=str(file), expected="text (UTF-8), one identifier a line"
        ) from None
