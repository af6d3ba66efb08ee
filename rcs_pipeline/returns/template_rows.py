"""The sheet that people fill in: header, dropdowns, input help, colours, and the rows of the last time.

Belongs here: that sheet and the two behind it (lists, and the workings of the live checks).
Does not belong here: the pages that explain (see `template_pages`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from rcs_pipeline.contracts.delivery import Column
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.returns import template_checks as checks
from rcs_pipeline.returns.template_plan import Choice, TemplatePlan
from rcs_pipeline.returns.template_previous import carried

TITLE_LENGTH, MESSAGE_LENGTH = 32, 255  # the most that a spreadsheet shows beside a cell
FEW_WORDS = 6
NARROW, WIDE, WIDEST = 12, 24, 40
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)


def write_rows(book: Any, plan: TemplatePlan, formats: dict[str, Any]) -> None:
    """Write the sheet for the rows."""
    sheet = book.add_worksheet(plan.sheet.name)
    for place, column in enumerate(plan.contract.columns):
        sheet.set_column(place, place, width(plan, column), formats[_kind(column, plan)])
        heading = "required" if column.required else "optional"
        sheet.write_string(plan.header, place, column.name, formats[heading])
        help_ = {"input_title": _title(column), "input_message": _message(plan, column)}
        sheet.data_validation(plan.header, place, plan.header, place, {"validate": "any", **help_})
        sheet.data_validation(
            plan.first, place, plan.last, place, {**_validation(plan, column), **help_, "ignore_blank": True}
        )
        _colours(sheet, plan, column, formats)
    sheet.freeze_panes(plan.first, 1)
    sheet.repeat_rows(plan.header)
    for number, row in enumerate(plan.previous.rows if plan.previous else ()):
        for place, column in enumerate(plan.contract.columns):
            write_cell(
                sheet, plan.first + number, place, carried(column, row[place], plan.entry), column, formats
            )


def write_lists(book: Any, plan: TemplatePlan) -> None:
    """Write the closed lists: words and codes side by side, each under a name of the workbook."""
    sheet = book.add_worksheet(plan.sheet_name(checks.LISTS_SHEET))
    lists = {choice.name: choice for choice in (*plan.choices.values(), *plan.exceptions.values())}
    for number, choice in enumerate(lists.values()):
        _write_list(book, sheet, number * 2, choice)
    sheet.very_hidden()


def write_workings(book: Any, plan: TemplatePlan) -> None:
    """Write, beside each row that is checked, whether it is started and whether its keys stand above it."""
    from xlsxwriter.utility import xl_range

    name = plan.sheet_name(checks.WORKINGS_SHEET)
    sheet = book.add_worksheet(name)
    filled = len(plan.previous.rows) if plan.previous else 0
    columns = len(plan.contract.columns)
    for row in range(plan.first, plan.last + 1):
        cells = checks.rows_sheet(plan) + xl_range(row, 0, row, columns - 1)
        sheet.write_formula(row, 0, f"=IF(COUNTA({cells})>0,1,0)", None, int(row < plan.first + filled))
        for place, key in enumerate(plan.keys, start=1):
            twice = checks.repeated(plan, key, row, row, checks.rows_sheet(plan))
            sheet.write_formula(row, place, f"={twice}", None, 0)
    _name(book, checks.STARTED, name, plan.first, plan.last, 0)
    for place in range(1, len(plan.keys) + 1):
        _name(book, f"rows_repeated_{place}", name, plan.first, plan.last, place)
    sheet.very_hidden()


def write_last_time(book: Any, plan: TemplatePlan, formats: dict[str, Any]) -> None:
    """Write the rows of the earlier collection as they were, for comparison."""
    if plan.previous is None:
        return
    name = plan.sheet_name(checks.LAST_SHEET)
    sheet = book.add_worksheet(name)
    for place, column in enumerate(plan.contract.columns):
        sheet.set_column(place, place, width(plan, column), formats[_kind(column, plan)])
        sheet.write_string(0, place, column.name, formats["plain_heading"])
        for number, row in enumerate(plan.previous.rows, start=1):
            write_cell(sheet, number, place, row[place], column, formats)
    sheet.freeze_panes(1, 1)
    for column in checks.reviewed(plan):
        place = plan.place(column.name)
        _name(book, checks.last_name(plan, column), name, 1, len(plan.previous.rows), place)
    if checks.reviewed(plan):
        _name(book, "last_key", name, 1, len(plan.previous.rows), plan.place(plan.contract.key[0]))


def write_cell(sheet: Any, row: int, place: int, value: Any, column: Column, formats: dict[str, Any]) -> None:
    """Write one value as it would be typed in; a text stays a text, whatever sign it begins with."""
    if value is None or value == "":
        return
    if isinstance(value, date):
        sheet.write_datetime(row, place, value, formats["date"])
    elif isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(row, place, value, formats["number"])
    else:
        sheet.write_string(row, place, str(value), formats["text"])


def allowed(plan: TemplatePlan, column: Column) -> str:
    """What may stand in a column, in a few words."""
    if column.name in plan.choices:
        words = list(plan.choices[column.name].words.values())
        more = f" and {len(words) - FEW_WORDS} more" if len(words) > FEW_WORDS else ""
        return f"Choose from the list: {'; '.join(words[:FEW_WORDS])}{more}."
    also = plan.exceptions.get(column.name)
    signs = f", or one of {' '.join(also.words)}" if also else ""
    if column.numeric:
        kind = "A whole number" if column.type is ColumnType.INTEGER else "A number"
        return f"{kind}{_limits(column)}{signs}."
    if column.type is ColumnType.DATE:
        return "A date, as 2016-02-29."
    if column.max_length is not None:
        return f"Text of at most {column.max_length} characters."
    return "Text."


def _limits(column: Column) -> str:
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return f" from {low:,.15g} to {high:,.15g}"
    if low is not None:
        return f" of at least {low:,.15g}"
    return f" of at most {high:,.15g}" if high is not None else ""


def _title(column: Column) -> str:
    word = " (required)" if column.required else ""
    return column.name[: TITLE_LENGTH - len(word)] + word


def _message(plan: TemplatePlan, column: Column) -> str:
    text = f"{column.description} {allowed(plan, column)}".strip()
    return text if len(text) <= MESSAGE_LENGTH else f"{text[: MESSAGE_LENGTH - 3].rstrip()}..."


def _validation(plan: TemplatePlan, column: Column) -> dict[str, Any]:
    """What is refused while somebody types: a list is closed, anything else may be insisted on."""
    error = {"error_title": "This does not fit", "error_message": _message(plan, column)}
    if column.name in plan.choices:
        return {
            "validate": "list",
            "source": f"={plan.choices[column.name].name}",
            "error_type": "stop",
            **error,
        }
    warning = {"error_type": "warning", **error}
    if column.numeric and column.name not in plan.exceptions:
        kind = "integer" if column.type is ColumnType.INTEGER else "decimal"
        low = column.minimum if column.minimum is not None else -1e15
        high = column.maximum if column.maximum is not None else 1e15
        return {"validate": kind, "criteria": "between", "minimum": low, "maximum": high, **warning}
    if column.type is ColumnType.DATE:
        return {"validate": "date", "criteria": "between", "minimum": EARLIEST, "maximum": LATEST, **warning}
    if column.max_length is not None:
        return {"validate": "length", "criteria": "<=", "value": column.max_length, **warning}
    return {"validate": "any"}


def _colours(sheet: Any, plan: TemplatePlan, column: Column, formats: dict[str, Any]) -> None:
    """The live checks of one column; each has words on the page of checks, so that colour is not all."""
    from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

    place = plan.place(column.name)
    cell = xl_rowcol_to_cell(plan.first, place, col_abs=True)
    rules: list[tuple[str, str]] = []
    wrong = checks.wrong(plan, column, cell)
    if wrong:
        rules.append((wrong, "wrong"))
    if column.required:
        row = "$" + xl_range(plan.first, 0, plan.first, len(plan.contract.columns) - 1).replace(":", ":$")
        rules.append((checks.empty(cell, f"COUNTA({row})>0"), "empty"))
    rules += [
        (checks.repeated(plan, key, plan.first, plan.last), "repeated")
        for key in plan.keys
        if column.name in key
    ]
    if column in checks.reviewed(plan):
        key = xl_rowcol_to_cell(plan.first, plan.place(plan.contract.key[0]), col_abs=True)
        rules.append((checks.unchanged(plan, key, column, cell), "unchanged"))
    for formula, look in rules:
        rule = {"type": "formula", "criteria": f"={formula}=1", "format": formats[f"found_{look}"]}
        sheet.conditional_format(plan.first, place, plan.last, place, rule)


def _write_list(book: Any, sheet: Any, place: int, choice: Choice) -> None:
    for row, (code, words) in enumerate(choice.words.items()):
        sheet.write_string(row, place, words)
        sheet.write_string(row, place + 1, code)
    _name(book, choice.name, sheet.get_name(), 0, len(choice.words) - 1, place)
    _name(book, choice.codes_name, sheet.get_name(), 0, len(choice.words) - 1, place + 1)


def _name(book: Any, name: str, sheet: str, first: int, last: int, place: int) -> None:
    from xlsxwriter.utility import xl_range_abs

    book.define_name(name, f"='{sheet}'!{xl_range_abs(first, place, last, place)}")


def _kind(column: Column, plan: TemplatePlan) -> str:
    if column.name in plan.choices or column.type is ColumnType.STRING:
        return "text"
    return "date" if column.type is ColumnType.DATE else "number"


def width(plan: TemplatePlan, column: Column) -> int:
    """How wide a column has to be for its name and what is chosen or typed in it."""
    if column.name in plan.choices:
        widest = max(len(words) for words in plan.choices[column.name].words.values())
        return max(NARROW, len(column.name) + 2, min(widest + 4, WIDEST))
    roomy = column.type is ColumnType.STRING and (column.max_length or 0) > WIDEST
    return max(WIDE if roomy else NARROW, len(column.name) + 2)
