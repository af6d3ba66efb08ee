"""The sender's own sheet, for a copy: where its columns stand, and its cells without identifiers.

Belongs here: reading a delivered workbook a second time, for people. Does not belong here: judging it
(see `intake`), or writing the copy (see `checked_workbook`).

The copy is made afresh from values. Whatever else a workbook may hide (comments, other sheets, names,
document properties, pivot caches, pictures) has no way into it; formulas come as the values they showed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.vocabulary import WORKBOOKS
from rcs_pipeline.intake.align import LONG_NUMBER, align
from rcs_pipeline.intake.archive import unwrapped
from rcs_pipeline.intake.findings import WITHHELD
from rcs_pipeline.intake.readers import UnreadableFileError, open_source
from rcs_pipeline.intake.recognise import recognise
from rcs_pipeline.intake.sender import sender_of
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.safe import Withholding

Value = str | float | int | bool | date | datetime | time | timedelta | None
WORD = re.compile(r"\w+")
SHORTEST_NAME = 3
WHOLE = 1e15  # up to here a float shows every digit of a whole number


@dataclass(frozen=True)
class Original:
    """A delivered sheet. Rows and columns count from 0; `positions` says where a contract's columns stand.

    `cells` is about how many the table has.
    """

    path: Path
    sheet: str
    first_row: int
    headers: tuple[str, ...]
    positions: dict[str, int]
    hide: Withholding
    cells: int = 0

    @cached_property
    def header_row(self) -> int:
        """The row of the column names: the last one above the data in which one of them stands."""
        names = {_plain(header.rpartition(" / ")[2]) for header in self.headers if header}
        above = list(islice(self._read(), self.first_row))
        holding = [
            number
            for number, row in enumerate(above)
            if any(isinstance(cell, str) and _plain(cell) in names for cell in row)
        ]
        return holding[-1] if holding else max(0, self.first_row - 1)

    @cached_property
    def emptied(self) -> frozenset[int]:
        """The positions of columns that are identifiers, or that nobody agreed on beside identifiers."""
        if not self.hide.active:
            return frozenset()
        identifiers = {column.name for column in self.hide.contract.columns if column.identifier}
        kept = {place for name, place in self.positions.items() if name not in identifiers}
        return frozenset(place for place in range(len(self.headers)) if place not in kept)

    def column(self, name: str) -> int | None:
        """Where a column of a finding stands: a contract's column, or a header that is none."""
        if name in self.positions:
            return self.positions[name]
        spoken = [LONG_NUMBER.sub("(a number)", header) for header in self.headers]
        return spoken.index(name) if name in spoken else None

    def rows(self, kept: Container[int] | None = None) -> Iterator[list[Value]]:
        """Every row of the sheet from its first, without what must not be repeated.

        Args:
            kept: the numbers (from 0) of the data rows that may be shown; all, where it is None.
        """
        if not self.hide.active:
            yield from self._read()
            return
        names, headings = self._names(), self._headings()
        for number, row in enumerate(self._read()):
            if number < self.first_row:
                # Titles and notes above the names of the columns may say anything about anybody.
                spoken = [
                    cell if isinstance(cell, str) and _plain(cell) in headings else None for cell in row
                ]
                yield [LONG_NUMBER.sub("(a number)", cell) if cell else None for cell in spoken]
            elif kept is not None and number not in kept:
                yield []
            else:
                yield [
                    None if place in self.emptied else self._shown(cell, names)
                    for place, cell in enumerate(row[: len(self.headers)])
                ]

    def _headings(self) -> frozenset[str]:
        """What stands above columns: their names, and the groups before a ` / ` where names stand twice."""
        return frozenset(_plain(part) for header in self.headers for part in (header, *header.split(" / ")))

    def _shown(self, cell: Value, names: frozenset[str]) -> Value:
        """A cell, or what is written in the place of one that holds an identifier."""
        if cell is None or isinstance(cell, (bool, date, time, timedelta)):
            return cell
        if isinstance(cell, str):
            kept = self.hide.text(cell)
            words = (kept, *WORD.findall(kept)) if names else ()
            return WITHHELD if any(_plain(word) in names for word in words) else kept
        as_text = str(int(cell)) if float(cell).is_integer() and abs(cell) < WHOLE else str(cell)
        return cell if self.hide.text(as_text) == as_text else WITHHELD

    def _names(self) -> frozenset[str]:
        """What the columns of identifiers hold, so that a name in another column is not repeated either."""
        identifiers = {column.name for column in self.hide.contract.columns if column.identifier}
        places = [place for name, place in self.positions.items() if name in identifiers]
        known = {
            _plain(word)
            for column in self.hide.contract.columns
            for entry in (column.name, *(column.codes or {}), *(column.codes or {}).values())
            for word in (entry, *WORD.findall(entry))
        }
        found: set[str] = set()
        for number, row in enumerate(self._read()):
            if number >= self.first_row:
                cells = [row[place] for place in places if place < len(row)]
                found.update(_plain(cell) for cell in cells if isinstance(cell, str))
        return frozenset(name for name in found - known if len(name) >= SHORTEST_NAME and not name.isdigit())

    @cached_property
    def _cells(self) -> Any:
        import python_calamine as calamine

        return calamine.CalamineWorkbook.from_path(str(self.path)).get_sheet_by_name(self.sheet)

    def _read(self) -> Iterator[list[Value]]:
        # Rows are handed out one by one; what stands before the first cell in use is left out of them.
        before, left = self._cells.start or (0, 0)
        for _ in range(before):
            yield []
        for row in self._cells.iter_rows():
            yield [*[None] * left, *(None if cell == "" else cell for cell in row)]


def open_original(workspace: Workspace, receipt: Receipt, path: Path, work: Path) -> Original | None:
    """The judged sheet of a delivered workbook; None where the file is none, or cannot be read.

    Args:
        path: the file as it came, perhaps inside an archive.
        work: a private folder that outlives the copy.
    """
    import duckdb

    catalogue = workspace.catalogue
    contract = catalogue.delivery(receipt.dataset)
    sender = sender_of(
        catalogue.register, catalogue.register.collection(receipt.collection), receipt.supplier
    )
    try:
        recognised = recognise(path)
        if recognised.archive:
            recognised = unwrapped(recognised, catalogue.limits.numbers(), work)
        if recognised.format not in WORKBOOKS:
            return None
        with duckdb.connect() as connection:
            source = open_source(connection, recognised, contract, work, catalogue.limits, catalogue.messages)
            agreed = workspace.ledger.mappings_in_force(contract.dataset, sender)
            positions = align(source, contract, catalogue.messages, agreed).positions
            first = source.first_row
            if first is None:
                # Rows were left out in between; each one that was read says its own number.
                (row,) = connection.execute(f"select min(source_row) from {source.relation}").fetchall()
                first = int(row[0] or 1)
            ((rows,),) = connection.execute(f"select count(*) from {source.relation}").fetchall()
    except UnreadableFileError:
        return None
    if source.sheet is None:
        return None
    return Original(
        path=recognised.path, sheet=source.sheet, first_row=first - 1, headers=source.headers,
        positions=positions, hide=Withholding(contract), cells=int(rows) * len(source.headers),
    )  # fmt: skip


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
