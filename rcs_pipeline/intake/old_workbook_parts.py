"""What an old Excel workbook (.xls) says and the reader of its cells does not: hidden rows and errors.

Belongs here: the small file system that such a file is, and the few of its records that matter.
Does not belong here: values (see `workbook_child`), what follows from the facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from struct import error as StructError
from struct import unpack_from

from rcs_pipeline.intake.unreadable import UnreadableFileError
from rcs_pipeline.intake.workbook_parts import SheetFacts

HEADER = 512
ENTRY = 128
STREAMS = ("Workbook", "Book")
LAST_SECTOR = 0xFFFFFFFA  # numbers from here on end a chain or mark a free place
# Records, by the numbers of the published format.
BOUND_SHEET, BEGIN, END, ROW, BOOLEAN_OR_ERROR, FORMULA = 0x85, 0x809, 0x0A, 0x208, 0x205, 0x06
HIDDEN_ROW = 0x20
NO_NUMBER, ERROR_RESULT = 0xFFFF, 2
ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!",
    0x2A: "#N/A",
}  # fmt: skip


def old_excel_facts(path: Path, most_bytes: int) -> list[SheetFacts]:
    """The facts of each worksheet, in the order of the workbook.

    Raises:
        UnreadableFileError: larger than we read, or damaged.
    """
    if path.stat().st_size > most_bytes:
        raise UnreadableFileError(f"it is larger than {most_bytes >> 20:,} MiB", "RCS-F22")
    try:
        book = _stream(path.read_bytes())
        return [_sheet(book, start) for start in _starts(book)]
    except (StructError, IndexError, ValueError, KeyError) as error:
        raise UnreadableFileError(f"the workbook is broken ({type(error).__name__})") from error


def _starts(book: bytes) -> Iterator[int]:
    """Where the record of each worksheet begins."""
    for kind, at, _ in _records(book, 0):
        if kind == BOUND_SHEET and book[at + 5] == 0:  # 0: a worksheet, no chart or macro
            yield unpack_from("<I", book, at)[0]


def _sheet(book: bytes, start: int) -> SheetFacts:
    facts = SheetFacts()
    for kind, at, length in _records(book, start):
        if kind == ROW and length >= 14 and unpack_from("<H", book, at + 12)[0] & HIDDEN_ROW:
            facts.hidden.add(unpack_from("<H", book, at)[0])
        elif kind == BOOLEAN_OR_ERROR and length >= 8 and book[at + 7]:
            facts.errors[unpack_from("<HH", book, at)] = ERRORS.get(book[at + 6], "")
        elif kind == FORMULA and length >= 14 and _is_error(book, at + 6):
            facts.errors[unpack_from("<HH", book, at)] = ERRORS.get(book[at + 8], "")
    return facts


def _is_error(book: bytes, at: int) -> bool:
    return book[at] == ERROR_RESULT and unpack_from("<H", book, at + 6)[0] == NO_NUMBER


def _records(book: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of each record up to the end of the part that begins at `start`."""
    at, depth = start, 0
    while at + 4 <= len(book):
        kind, length = unpack_from("<HH", book, at)
        if kind == BEGIN:
            depth += 1
        elif kind == END:
            depth -= 1
            if depth <= 0:
                return
        yield kind, at + 4, length
        at += 4 + length


def _stream(content: bytes) -> bytes:
    """The workbook inside the file system of the file."""
    large, small = (1 << unpack_from("<H", content, place)[0] for place in (30, 32))
    if large not in (512, 4096) or small != 64:
        raise ValueError("not a size of sectors")
    table = _table(content, large)
    directory = _chain(content, unpack_from("<I", content, 48)[0], table, large)
    cutoff, small_start = unpack_from("<I", content, 56)[0], unpack_from("<I", content, 60)[0]
    entries = {}
    for at in range(0, len(directory) - ENTRY + 1, ENTRY):
        length = unpack_from("<H", directory, at + 64)[0]
        name = directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        entries[name] = unpack_from("<II", directory, at + 116)
    start, size = entries[STREAMS[0] if STREAMS[0] in entries else STREAMS[1]]
    if size >= cutoff:
        return _chain(content, start, table, large)[:size]
    inner = _chain(content, entries["Root Entry"][0], table, large)
    links = _chain(content, small_start, table, large)
    small_table = unpack_from(f"<{len(links) // 4}I", links)
    return _chain(b"\0" * HEADER + inner, start, small_table, small)[:size]


def _table(content: bytes, size: int) -> tuple[int, ...]:
    """Which sector follows which."""
    sectors = list(unpack_from("<109I", content, 76))
    more, per_sector = unpack_from("<I", content, 68)[0], size // 4
    seen = set()
    while more < LAST_SECTOR and more not in seen:
        seen.add(more)
        *listed, more = unpack_from(f"<{per_sector}I", content, (more + 1) * size)
        sectors += listed
    found: list[int] = []
    for sector in sectors:
        if sector < LAST_SECTOR:
            found += unpack_from(f"<{per_sector}I", content, (sector + 1) * size)
    return tuple(found)


def _chain(content: bytes, start: int, table: tuple[int, ...], size: int) -> bytes:
    """The content of a chain of sectors; one that bites its own tail is damaged."""
    first = HEADER if size < HEADER else size
    parts, sector, seen = [], start, 0
    while sector < LAST_SECTOR:
        seen += 1
        if seen > len(table):
            raise ValueError("a chain without an end")
        at = first + sector * size
        parts.append(content[at : at + size])
        sector = table[sector]
    return b"".join(parts)
