"""Writing cells: formats made once, text that stays text, names and references that Excel takes.

Belongs here: what every sheet of a checked workbook needs. Does not belong here: any one sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.returns.original import Value
from rcs_pipeline.returns.safe import printable, risky
from rcs_pipeline.returns.summary import Shape

FIRST_YEAR = 1900  # Excel has no day before
LONGEST_SHEET = 31
# Pale fills that keep black text readable; the words beside them say the same.
FILLS = {
    Severity.BLOCK: "#F4B6B0", Severity.REJECT_ROW: "#FBD5A5", Severity.CONFIRM: "#FFF2B3",
    Severity.ADVISE: "#D5E5F5",
}  # fmt: skip
FORMATS: dict[Shape, str] = {
    "count": "#,##0", "number": "#,##0.00", "pounds": "£#,##0", "share": "0.0%", "text": "General",
}  # fmt: skip
HEADING: dict[str, Any] = {"bold": True, "bg_color": "#DDDDDD", "border": 1}
LINK: dict[str, Any] = {"font_color": "#0B4F8A", "underline": 1}


@dataclass
class Book:
    """A workbook being written, with its formats made once each."""

    book: Any
    formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def style(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"valign": "top", **properties})
        return self.formats[key]

    def put(self, sheet: Any, row: int, column: int, value: Value, **style: Any) -> None:
        """One cell. A text is always a text, whatever it begins with."""
        if value is None:
            if style:
                sheet.write_blank(row, column, None, self.style(**style))
        elif isinstance(value, str):
            if risky(value):
                style["quote_prefix"] = True
            sheet.write_string(row, column, printable(value), self.style(**style) if style else None)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.style(**style) if style else None)
        elif isinstance(value, date) and value.year < FIRST_YEAR:
            self.put(sheet, row, column, value.isoformat(), **style)
        elif isinstance(value, (datetime, date, time, timedelta)):
            sheet.write_datetime(row, column, value, self.style(**style, num_format=_time_format(value)))
        else:
            sheet.write_number(row, column, value, self.style(**style) if style else None)


def cell_name(row: int, column: int) -> str:
    """`E14` for row 13 and column 4, both counted from 0."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    return str(xl_rowcol_to_cell(row, column))


def sheet_reference(sheet: str) -> str:
    """A sheet's name as it stands in a link."""
    return "'" + sheet.replace("'", "''") + "'"


def sheet_name(name: str) -> str:
    """A name that Excel takes; other programs allow longer ones and other signs."""
    plain = "".join("_" if sign in "[]:*?/\\" else sign for sign in printable(name)).strip("'")
    return plain[:LONGEST_SHEET] or "Sheet"


def _time_format(value: datetime | date | time | timedelta) -> str:
    if isinstance(value, datetime):
        return "dd/mm/yyyy hh:mm:ss"
    if isinstance(value, date):
        return "dd/mm/yyyy"
    return "[h]:mm:ss" if isinstance(value, timedelta) else "hh:mm:ss"
