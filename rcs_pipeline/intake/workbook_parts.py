"""What the XML of a workbook says and the reader of its cells does not: hidden rows, errors, formulas.

Belongs here: one streaming pass over the XML of a sheet (Excel and OpenDocument), and refusing XML that no
spreadsheet program writes.
Does not belong here: values (see `workbook_child`), archives as such (see `archive`).

The pass also measures the sheet. The reader of cells makes room for the whole rectangle at once, so that two
cells in opposite corners of an empty sheet would ask for half a terabyte.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from rcs_pipeline.intake.unreadable import UnreadableFileError

CHUNK = 1 << 18
LETTERS = 5  # a column beyond `ZZZZ` is nonsense
LONGEST_PROLOGUE = 1 << 20
HARMFUL, TOO_LARGE = "RCS-F21", "RCS-F22"
Attributes = dict[str, str]


@dataclass
class SheetFacts:
    """What is known of one sheet before its cells are read. Rows and columns count from 0."""

    hidden: set[int] = field(default_factory=set)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    unstored: list[tuple[int, int]] = field(default_factory=list)
    merged: list[int] = field(default_factory=list)
    last_row: int = -1
    last_column: int = -1

    def cell(self, row: int, column: int) -> None:
        """Count a cell that holds something."""
        self.last_row = max(self.last_row, row)
        self.last_column = max(self.last_column, column)


def refuse_entities(path: Path, files: list[zipfile.ZipInfo]) -> None:
    """Refuse XML that declares entities: a few lines of them can grow to gigabytes.

    Raises:
        UnreadableFileError: a part declares a document type, or is no XML.
    """

    def declared(*_: object) -> None:
        raise UnreadableFileError("its XML declares a document type", HARMFUL)

    if not files:
        return
    with zipfile.ZipFile(path) as archive:
        for entry in files:
            if not entry.filename.endswith((".xml", ".rels")):
                continue
            parser, begun = expat.ParserCreate(), False

            def begin(*_: object) -> None:
                nonlocal begun
                begun = True

            parser.StartDoctypeDeclHandler = declared
            parser.StartElementHandler = begin
            with archive.open(entry) as source:
                read = 0
                while not begun and (chunk := source.read(CHUNK)):
                    read += len(chunk)
                    parser.Parse(chunk, False)
                    if read > LONGEST_PROLOGUE:
                        raise UnreadableFileError("its XML has no content", HARMFUL)


def excel_facts(path: Path, sheet: str, limits: Mapping[str, int]) -> tuple[SheetFacts, bool]:
    """The facts of one sheet of an Excel workbook, and whether its dates count from 1904."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        sheets, since_1904 = _sheets(archive)
        part = next((target for name, target in sheets if name == sheet), "")
        facts = SheetFacts()
        if part in names:
            with archive.open(part) as source:
                _parse(source.read, _ExcelSheet(facts, limits))
        return facts, since_1904


def open_document_protected(path: Path) -> bool:
    """Whether an OpenDocument says that its content is encrypted."""
    with zipfile.ZipFile(path) as archive, archive.open("META-INF/manifest.xml") as source:
        return b"encryption-data" in source.read(LONGEST_PROLOGUE)


def open_document_facts(path: Path, limits: Mapping[str, int]) -> dict[str, SheetFacts]:
    """The facts of every sheet of an OpenDocument spreadsheet."""
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as source:
        content = _OpenDocument(limits)
        _parse(source.read, content)
        return content.sheets


def column_number(letters: str) -> int:
    """`A` is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


class _Handler:
    """Tells elements apart by their name without the prefix, and collects text when asked to."""

    def __init__(self) -> None:
        self.actions: dict[str, Callable[[Attributes], None]] = {}
        self.ends: dict[str, Callable[[], None]] = {}
        self.text: list[str] | None = None
        self.parser: expat.XMLParserType | None = None
        self.known: dict[str, Callable[[Attributes], None] | None] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        try:
            action = self.known[name]
        except KeyError:
            action = self.known[name] = self.actions.get(name.rpartition(":")[2])
        if action is not None:
            action(attributes)

    def end(self, name: str) -> None:
        action = self.ends.get(name.rpartition(":")[2])
        if action is not None:
            action()

    def collect(self) -> None:
        """Begin to keep the text; being called for every text of a sheet would take a third of the time."""
        self.text = []
        if self.parser is not None:
            self.parser.CharacterDataHandler = self.text.append

    def collected(self) -> str | None:
        """The text since `collect`, once."""
        text, self.text = self.text, None
        if self.parser is not None:
            self.parser.CharacterDataHandler = None
        return None if text is None else "".join(text).strip()


def _parse(read: Callable[[int], bytes], handler: _Handler) -> None:
    parser = handler.parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    if handler.ends:
        parser.EndElementHandler = handler.end
    while chunk := read(CHUNK):
        parser.Parse(chunk, False)
    parser.Parse(b"", True)
    handler.end("document")


def _sheets(archive: zipfile.ZipFile) -> tuple[list[tuple[str, str]], bool]:
    """Name and part of each sheet, and the calendar."""
    found: list[tuple[str, str]] = []
    book, links = _Handler(), _Handler()
    calendars: list[str] = []
    targets: dict[str, str] = {}

    def sheet(attributes: Attributes) -> None:
        link = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
        found.append((attributes.get("name", ""), link))

    book.actions = {
        "sheet": sheet,
        "workbookPr": lambda attributes: calendars.append(attributes.get("date1904", "0")),
    }
    links.actions = {
        "Relationship": lambda each: targets.update({each.get("Id", ""): each.get("Target", "")})
    }
    for part, handler in (("xl/workbook.xml", book), ("xl/_rels/workbook.xml.rels", links)):
        with archive.open(part) as source:
            _parse(source.read, handler)
    # A target is relative to `xl/`, or to the archive where it begins with a slash.
    places = [
        (name, posixpath.normpath(posixpath.join("/xl", targets.get(link, "")))[1:]) for name, link in found
    ]
    return places, calendars[:1] in (["1"], ["true"])


class _ExcelSheet(_Handler):
    """Rows, cells, values and formulas of a sheet, as they come.

    Only the start of an element is looked at, which is half the work: what a cell was is known when the
    next one begins.
    """

    def __init__(self, facts: SheetFacts, limits: Mapping[str, int]) -> None:
        super().__init__()
        self.facts, self.limits = facts, limits
        self.row, self.column = -1, -1
        self.columns: dict[str, int] = {}
        self.formula, self.text_result, self.failed = False, False, False
        self.actions = {
            "row": self._row, "c": self._cell, "f": self._formula, "v": self._value, "is": self._value,
            "mergeCell": self._merged,
        }  # fmt: skip

    def end(self, name: str) -> None:
        self._finish()

    def _row(self, attributes: Attributes) -> None:
        self._finish()
        place = attributes.get("r", "")
        self.row = int(place) - 1 if place.isdecimal() else self.row + 1
        self.column = -1
        if attributes.get("hidden") in ("1", "true"):
            self.facts.hidden.add(self.row)

    def _cell(self, attributes: Attributes) -> None:
        self._finish()
        letters = attributes.get("r", "").rstrip("0123456789")
        try:
            self.column = self.columns[letters]
        except KeyError:
            known = letters.isascii() and letters.isalpha() and letters.isupper() and len(letters) < LETTERS
            self.column = column_number(letters) if known else self.column + 1
            if known:
                self.columns[letters] = self.column
        kind = attributes.get("t")
        self.failed, self.text_result, self.formula = kind == "e", kind == "str", False

    def _formula(self, _: Attributes) -> None:
        self.formula = True

    def _value(self, _: Attributes) -> None:
        facts = self.facts
        if self.column > facts.last_column or self.row > facts.last_row:
            facts.cell(self.row, self.column)
            measure(facts, self.limits)
        if self.failed or self.formula:
            self.collect()

    def _merged(self, attributes: Attributes) -> None:
        first = attributes.get("ref", "").partition(":")[0].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        if first.isdecimal():
            self.facts.merged.append(int(first) - 1)

    def _finish(self) -> None:
        shown = self.collected() if self.text is not None else None
        if self.failed and shown is not None:
            self.facts.errors[self.row, self.column] = shown
        elif self.formula and not shown and not self.text_result:
            # Some programs write a formula with an empty value, which is none. An empty text is a result.
            self.facts.unstored.append((self.row, self.column))
        self.formula, self.failed = False, False


class _OpenDocument(_Handler):
    """All sheets of a spreadsheet; a row or cell may say that it stands for many equal ones."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        super().__init__()
        self.limits = limits
        self.sheets: dict[str, SheetFacts] = {}
        self.facts = SheetFacts()
        self.row, self.rows, self.column, self.columns = 0, 0, 0, 0
        self.failed = False
        self.depth = 0
        self.actions = {"table": self._table, "table-row": self._row, "table-cell": self._cell,
                        "covered-table-cell": self._cell}  # fmt: skip
        self.ends = {"table-cell": self._end}

    def _table(self, attributes: Attributes) -> None:
        self.facts = self.sheets.setdefault(_of(attributes, "name"), SheetFacts())
        self.row, self.rows = 0, 0

    def _row(self, attributes: Attributes) -> None:
        self.row += self.rows
        self.rows = _count(attributes, "number-rows-repeated")
        self.column, self.columns = 0, 0
        if _of(attributes, "visibility") in ("collapse", "filter"):
            # An empty rest of the sheet that is hidden may be a million rows.
            self.facts.hidden.update(range(self.row, self.row + min(self.rows, 1 << 16)))

    def _cell(self, attributes: Attributes) -> None:
        self.column += self.columns
        self.columns = _count(attributes, "number-columns-repeated")
        kinds = [value for name, value in attributes.items() if name.endswith(":value-type")]
        if kinds:
            self.facts.cell(self.row + self.rows - 1, self.column + self.columns - 1)
            measure(self.facts, self.limits)
        elif _of(attributes, "formula"):
            self.facts.unstored.append((self.row, self.column))
        if "error" in kinds:
            self.collect()
        spans = (_count(attributes, f"number-{kind}-spanned") for kind in ("rows", "columns"))
        if any(count > 1 for count in spans):
            self.facts.merged.append(self.row)

    def _end(self) -> None:
        if self.text is not None:
            self.facts.errors[self.row, self.column] = self.collected() or ""


def measure(facts: SheetFacts, limits: Mapping[str, int]) -> None:
    """Refuse a sheet whose rectangle is larger than we read.

    Raises:
        UnreadableFileError: too many columns or cells.
    """
    columns = facts.last_column + 1
    if columns > limits["columns"]:
        raise UnreadableFileError(f"it has {columns} columns, more than {limits['columns']}", TOO_LARGE)
    if columns * (facts.last_row + 1) > limits["workbook_cells"]:
        raise UnreadableFileError(
            f"a sheet reaches to row {facts.last_row + 1} and column {columns}, more than "
            f"{limits['workbook_cells']:,} cells", TOO_LARGE,
        )  # fmt: skip


def _of(attributes: Attributes, name: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), "")


def _count(attributes: Attributes, name: str) -> int:
    text = _of(attributes, name)
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else 1
