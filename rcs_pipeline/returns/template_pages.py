"""The pages of a template that explain: start, columns, a worked example, and the live checks.

Belongs here: their words and layout. Does not belong here: the sheet that is filled in (see `template_rows`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from rcs_pipeline.contracts.delivery import Column
from rcs_pipeline.contracts.vocabulary import ColumnType, Format, Prefill
from rcs_pipeline.intake.template_mark import PROPERTIES, START_SHEET
from rcs_pipeline.returns import template_checks as checks
from rcs_pipeline.returns.template_plan import TemplatePlan
from rcs_pipeline.returns.template_rows import allowed, width, write_cell

COLUMNS_SHEET, EXAMPLE_SHEET = "Columns", "Worked example"
EXAMPLE_ROWS = 2
EXAMPLE_DAY = date(2016, 2, 29)
LABEL_WIDTH, TEXT_WIDTH, MEANING_WIDTH, CHECK_WIDTH = 26, 100, 60, 22
LINE_HEIGHT = 15.0
COMES_BACK = (
    "Which cells to mend and how, as soon as we take it in; then what the release says about your rows."
)
DEADLINE = "Please send it by {deadline}."
NO_DEADLINE = "The register names no date."
NOTHING_YET = "Nothing is filled in yet."
NO_PROBLEM = "No problem that this workbook can see."
WITHHELD = "(identifier: nothing is shown here)"


def write_start(book: Any, plan: TemplatePlan, formats: dict[str, Any], filled: int) -> None:
    """Write the page that opens first: why, by when, how, and whether anything is still wrong."""
    sheet = book.add_worksheet(START_SHEET)
    sheet.set_column(0, 0, LABEL_WIDTH)
    sheet.set_column(1, 1, TEXT_WIDTH)
    sheet.hide_gridlines(2)
    sheet.write_string(0, 0, f"{plan.contract.title}: {plan.entry.title}", formats["title"])
    row = 2
    for line in (*_about(plan), *_steps(plan), *_colours(plan)):
        sheet.write_string(row, 0, line.label, formats["label"])
        sheet.write_string(row, 1, line.text, formats[line.look])
        sheet.set_row(row, _height(line.text, TEXT_WIDTH))
        row += 1
    row += 1
    name = plan.sheet_name(checks.CHECKS_SHEET)
    problems = f"SUM('{name}'!$F$4:$F${len(plan.contract.columns) + 3})"
    started = f"SUM({checks.STARTED})"
    told = f'{problems}&" to look at: see the sheet {name}."'
    verdict = f'=IF({started}=0,"{NOTHING_YET}",IF({problems}=0,"{NO_PROBLEM}",{told}))'
    now = NO_PROBLEM if filled else NOTHING_YET
    for label, formula, value in (
        ("Rows started", f"={started}", filled),
        ("Problems", f"={problems}", 0),
        ("In words", verdict, now),
    ):
        sheet.write_string(row, 0, label, formats["label"])
        sheet.write_formula(row, 1, formula, formats["live"], value)
        row += 1
    row += 1
    for name, value in mark(plan).items():
        sheet.write_string(row, 0, PROPERTIES[name], formats["label"])
        sheet.write_string(row, 1, value, formats["wrapped"])
        row += 1
    sheet.fit_to_pages(1, 0)
    sheet.activate()
    sheet.set_first_sheet()


def write_columns(book: Any, plan: TemplatePlan, formats: dict[str, Any]) -> None:
    """Write what each column means and may hold, with the whole of its list."""
    sheet = book.add_worksheet(plan.sheet_name(COLUMNS_SHEET))
    headings = ("Column", "Needed", "What it means", "What may stand in it", "Code")
    for place, heading in enumerate(headings):
        sheet.set_column(place, place, MEANING_WIDTH if place in (2, 3) else LABEL_WIDTH)
        sheet.write_string(0, place, heading, formats["plain_heading"])
    row = 1
    for column in plan.contract.columns:
        needed = "required" if column.required else "optional"
        choice = plan.choices.get(column.name)
        may = "One of these:" if choice else allowed(plan, column)
        cells = (column.name, needed, column.description, may)
        for place, text in enumerate(cells):
            sheet.write_string(row, place, text, formats["wrapped"])
        sheet.set_row(row, max(_height(text, MEANING_WIDTH) for text in cells[2:]))
        row += 1
        for code, words in choice.words.items() if choice else ():
            sheet.write_string(row, 3, words, formats["wrapped"])
            sheet.write_string(row, 4, code, formats["wrapped"])
            row += 1
    sheet.freeze_panes(1, 1)
    sheet.fit_to_pages(1, 0)


def write_example(book: Any, plan: TemplatePlan, formats: dict[str, Any]) -> None:
    """Write rows as they might look, on a sheet that intake never reads."""
    sheet = book.add_worksheet(plan.sheet_name(EXAMPLE_SHEET))
    note = f"An example, made up. Nothing on this sheet is read: your rows go on the sheet {plan.sheet.name}."
    sheet.write_string(0, 0, note, formats["label"])
    for place, column in enumerate(plan.contract.columns):
        sheet.set_column(place, place, width(plan, column))
        sheet.write_string(2, place, column.name, formats["required" if column.required else "optional"])
        for number in range(EXAMPLE_ROWS):
            write_cell(sheet, 3 + number, place, example(plan, column, number), column, formats)
    sheet.freeze_panes(3, 1)


def write_checks(book: Any, plan: TemplatePlan, formats: dict[str, Any]) -> None:
    """Write, column by column, how many cells are empty, cannot be right, or repeat an earlier row."""
    name = plan.sheet_name(checks.CHECKS_SHEET)
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, LABEL_WIDTH)
    sheet.set_column(1, 7, CHECK_WIDTH)
    note = f"Live: it counts while you fill in the sheet {plan.sheet.name}, down to row {plan.last + 1}."
    sheet.write_string(0, 0, note, formats["label"])
    headings = [
        "Column",
        "Needed",
        "Required but empty",
        "Cannot be right",
        "Repeats a row above",
        "Problems",
        "Total",
    ]
    headings += [f"As in {plan.previous.collection.title}"] if plan.previous else []
    for place, heading in enumerate(headings):
        sheet.write_string(2, place, heading, formats["plain_heading"])
    for row, column in enumerate(plan.contract.columns, start=3):
        _write_check(sheet, plan, column, row, formats)
    sheet.freeze_panes(3, 1)
    sheet.fit_to_pages(1, 0)


def example(plan: TemplatePlan, column: Column, number: int) -> Any:
    """A value for a row of the worked example; None where the contract gives no hint of one."""
    if column.identifier:
        return WITHHELD
    words = plan.choices[column.name].words if column.name in plan.choices else {}
    if column.prefill is Prefill.COLLECTED:
        return plan.entry.collected
    if column.examples:
        value = column.examples[min(number, len(column.examples) - 1)]
        return words.get(value, _typed(column, value)) if value else None
    if words:
        return list(words.values())[number % len(words)]
    if column.numeric:
        low = column.minimum if column.minimum is not None else min(1.0, column.maximum or 1.0)
        return int(low) if low == int(low) else low
    if column.type is ColumnType.DATE:
        return EXAMPLE_DAY
    return "(text)" if column.required and not column.pattern else None


def mark(plan: TemplatePlan) -> dict[str, str]:
    """What intake reads back: the properties of the document, which stand on the start page as well."""
    values = (plan.contract.id, plan.contract.version, plan.entry.key, plan.sheet.name)
    return dict(zip(PROPERTIES, values, strict=True))


LOOKS = {
    "required": "Dark heading: a column that every row needs.",
    "optional": "Light heading: leave the cell empty where nobody knows.",
    "look_empty": "Required, and still empty in a row that is started.",
    "look_wrong": "Not on the list, out of range, too long, or not a number or date.",
    "look_repeated": "The same key stands in another row.",
    "look_unchanged": "A figure that is still the one of the last time: look at it again.",
}


@dataclass(frozen=True)
class Line:
    """One line of the start page."""

    label: str
    text: str
    look: str = "wrapped"


def _about(plan: TemplatePlan) -> list[Line]:
    contract, texts = plan.contract, plan.contract.options.template
    due = f"{plan.due.day} {plan.due:%B %Y}" if plan.due else ""
    deadline = (texts.deadline if texts and texts.deadline else DEADLINE) if due else NO_DEADLINE
    about = (
        Line("For", plan.partnership or plan.entry.title),
        Line("What it is for", texts.purpose if texts else contract.purpose or contract.description),
        Line("How it will be used", texts.used_for if texts else contract.usage),
        Line("Deadline", deadline.replace("{deadline}", due)),
        Line("What comes back", texts.comes_back if texts else COMES_BACK),
        Line("Whom to ask", texts.ask if texts else ""),
        Line("Who may send it", ", ".join(plan.suppliers)),
    )
    return [line for line in about if line.text]


def _steps(plan: TemplatePlan) -> list[Line]:
    columns, shown = plan.sheet_name(COLUMNS_SHEET), plan.sheet_name(EXAMPLE_SHEET)
    steps = [
        f"Fill in the sheet {plan.sheet.name}, from row {plan.first + 1} on. {plan.contract.description}",
        f"Leave the headings as they are. The sheet {columns} says what each means; {shown} shows some rows.",
        "Choose from the list where a cell offers one. Write whole numbers without spaces, amounts without a "
        "currency sign, dates as 2016-02-29.",
        f"Look at the sheet {plan.sheet_name(checks.CHECKS_SHEET)}, and below, until no problem is left. "
        "We check more than a workbook can.",
        "Save it as a workbook (xlsx) and send it, under any file name.",
    ]
    if plan.previous:
        review = (
            f"The rows are those that were accepted for {plan.previous.collection.title}. Go through them: "
            "correct what has changed, add what is new, delete what has ended."
        )
        steps.insert(1, review)
    if Format.XLSX not in plan.contract.options.formats:
        steps[-1] += " This dataset is read from a workbook only where it is this template."
    numbered = [f"{number}. {text}" for number, text in enumerate(steps, start=1)]
    return [Line("How to fill it in" if text is numbered[0] else "", text) for text in numbered]


def _colours(plan: TemplatePlan) -> list[Line]:
    looks = [name for name in LOOKS if name != "look_unchanged" or checks.reviewed(plan)]
    return [
        Line("" if number else "What the colours mean", LOOKS[name], name)
        for number, name in enumerate(looks)
    ]


def _write_check(sheet: Any, plan: TemplatePlan, column: Column, row: int, formats: dict[str, Any]) -> None:
    cells = checks.column_range(plan, column.name)
    sheet.write_string(row, 0, column.name, formats["label"])
    sheet.write_string(row, 1, "required" if column.required else "optional")
    blank = checks.empty(cells, f"{checks.STARTED}=1") if column.required else None
    for place, formula in ((2, blank), (3, checks.wrong(plan, column, cells))):
        if formula:
            sheet.write_array_formula(row, place, row, place, f"{{=SUM({formula})}}", None, 0)
    for number, key in enumerate(plan.keys, start=1):
        if column.name == key[0]:
            sheet.write_formula(row, 4, f"=SUM(rows_repeated_{number})", None, 0)
    sheet.write_formula(row, 5, f"=SUM(C{row + 1}:E{row + 1})", formats["live"], 0)
    place = plan.place(column.name)
    old = [line[place] for line in plan.previous.rows] if plan.previous else []
    numbers = [cell for cell in old if isinstance(cell, int | float)]
    if column.name in _totals(plan):
        sheet.write_formula(row, 6, f"=SUM({cells})", formats["sum"], sum(numbers))
    if column in checks.reviewed(plan):
        keys = checks.column_range(plan, plan.contract.key[0])
        same = checks.unchanged(plan, keys, column, cells)
        sheet.write_array_formula(row, 7, row, 7, f"{{=SUM({same})}}", None, len(numbers))


def _totals(plan: TemplatePlan) -> tuple[str, ...]:
    texts = plan.contract.options.template
    return texts.totals if texts else ()


def _height(text: str, wide: int) -> float:
    """Room for a wrapped text; not every program finds it by itself."""
    return LINE_HEIGHT * max(1, math.ceil(len(text) / wide))


def _typed(column: Column, value: str) -> Any:
    if column.type is ColumnType.DATE:
        return date.fromisoformat(value)
    if column.type is ColumnType.INTEGER:
        return int(value)
    return float(value) if column.type is ColumnType.NUMBER else value
