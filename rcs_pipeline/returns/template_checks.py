"""The formulas with which a template checks itself while it is filled in.

Belongs here: formulas as text, made from the contract; each holds for one cell and for a whole column alike.
Does not belong here: the sheets they stand on (see `template_rows`, `template_pages`).

They see what a formula can see: empty, not on the list, out of range, too long, repeated. Intake judges all.
"""

from __future__ import annotations

from rcs_pipeline.contracts.delivery import Column
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.returns.template_plan import TemplatePlan

STARTED = "rows_started"
CHECKS_SHEET, LISTS_SHEET, WORKINGS_SHEET, LAST_SHEET = "Checks", "Lists", "Workings", "Last time"


def wrong(plan: TemplatePlan, column: Column, cell: str) -> str | None:
    """A formula that is 1 where `cell` (or each of a range) cannot be right, else 0; None if any text can."""
    if column.identifier:
        return None
    test = None
    if column.name in plan.choices:
        choice = plan.choices[column.name]
        test = f"IF({_listed(cell, choice.name)}+{_listed(cell, choice.codes_name)}>0,0,1)"
    elif column.numeric:
        test = _number(plan, column, cell)
    elif column.type is ColumnType.DATE:
        test = f'IF(ISNUMBER({cell}),0,IF(ISNUMBER(DATEVALUE({cell}&"")),0,1))'
    elif column.max_length is not None:
        test = f"IF(LEN({cell})>{column.max_length},1,0)"
    return f"IF({_blank(cell)},0,{test})" if test else None


def empty(cell: str, started: str) -> str:
    """A formula that is 1 where a row is started and its cell is empty."""
    return f"IF({started},IF({_blank(cell)},1,0),0)"


def repeated(plan: TemplatePlan, key: tuple[str, ...], row: int, until: int, sheet: str = "") -> str:
    """A formula that is 1 where the key in `row` stands a second time between the first row and `until`."""
    from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

    cells, same = [], []
    for name in key:
        place = plan.place(name)
        cell = f"{sheet}{xl_rowcol_to_cell(row, place, col_abs=True)}"
        above = f"{sheet}{xl_range_abs(plan.first, place, until, place)}"
        cells.append(f"LEN(TRIM({cell}))>0")
        same.append(f'({above}&""={cell}&"")')
    return f"IF(AND({','.join(cells)}),IF(SUMPRODUCT({'*'.join(same)}*1)>1,1,0),0)"


def unchanged(plan: TemplatePlan, key: str, column: Column, cell: str) -> str:
    """A formula that is 1 where `cell` holds what it held last time."""
    return f"IF({_blank(cell)},0,IF(COUNTIFS(last_key,{key},{last_name(plan, column)},{cell})>0,1,0))"


def reviewed(plan: TemplatePlan) -> tuple[Column, ...]:
    """The columns of numbers that a sender should look at again; none where the key is not one column."""
    if plan.previous is None or len(plan.contract.key) != 1:
        return ()
    columns = plan.contract.columns
    return tuple(
        item for item in columns if item.numeric and not item.codes and item.name != plan.contract.key[0]
    )


def last_name(plan: TemplatePlan, column: Column) -> str:
    """The workbook's name for a column of the last time."""
    return f"last_{plan.place(column.name) + 1:03d}"


def rows_sheet(plan: TemplatePlan) -> str:
    """The sheet of the rows, as a formula names it."""
    return "'" + plan.sheet.name.replace("'", "''") + "'!"


def column_range(plan: TemplatePlan, name: str) -> str:
    """All cells of a column that the live checks reach, as a formula names them."""
    from xlsxwriter.utility import xl_range_abs

    place = plan.place(name)
    return f"{rows_sheet(plan)}{xl_range_abs(plan.first, place, plan.last, place)}"


def _number(plan: TemplatePlan, column: Column, cell: str) -> str:
    number = f"({cell}*1)"
    limits = [f"({number}<{column.minimum:.15g})"] if column.minimum is not None else []
    limits += [f"({number}>{column.maximum:.15g})"] if column.maximum is not None else []
    limits += [f"({number}<>INT({number}))"] if column.type is ColumnType.INTEGER else []
    inside = f"IF({'+'.join(limits)}>0,1,0)" if limits else "0"
    test = f"IF(ISNUMBER({number}),{inside},1)"
    if column.name in plan.exceptions:
        return f"IF({_listed(cell, plan.exceptions[column.name].name)},0,{test})"
    return test


def _blank(cell: str) -> str:
    return f"LEN(TRIM({cell}))=0"


def _listed(cell: str, name: str) -> str:
    """Whether a cell is in a list; the signs that a lookup takes for wildcards stand for themselves."""
    plain = f"TRIM({cell})"
    for sign in "~*?":
        plain = f'SUBSTITUTE({plain},"{sign}","~{sign}")'
    return f"ISNUMBER(MATCH({plain},{name},0))"
