"""Files as suppliers send them, and equal bytes for equal content.

Belongs here: writing CSV, XLSX and SPSS without a clock in them.
Does not belong here: content.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.vocabulary import ColumnType, Format
from rcs_pipeline.demo.table import Table, blanks
from rcs_pipeline.ledger.paths import whole_file

# Where an SPSS file keeps the day and the time of its making, and how long they are.
SPSS_CLOCK_AT = 92
SPSS_CLOCK = "%d %b %y%H:%M:%S"
LONGEST_LABEL = 250


def write_table(
    table: Table, target: Path, kind: Format, contract: DeliveryContract, made_on: date,
    labels: dict[str, dict[int, str]] | None = None,
) -> None:  # fmt: skip
    """Write `table`; `labels` replaces value labels of an SPSS file (for a defect on purpose)."""
    with whole_file(target) as path:
        match kind:
            case Format.CSV:
                _write_csv(table, path)
            case Format.XLSX:
                _write_xlsx(table, path, contract, made_on)
            case Format.SAV:
                _write_sav(table, path, contract, made_on, labels or {})


def _write_csv(table: Table, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import csv

    columns = [pa.array(column, mask=blanks(column), from_pandas=False) for column in table.columns.values()]
    with path.open("wb") as handle:
        handle.write((",".join(table.columns) + "\n").encode())
        csv.write_csv(
            pa.table(columns, names=list(table.columns)),
            handle,
            csv.WriteOptions(include_header=False, quoting_style="needed"),
        )


def _write_xlsx(table: Table, path: Path, contract: DeliveryContract, made_on: date) -> None:
    import xlsxwriter

    name = contract.options.sheet.name if contract.options.sheet else "Sheet1"
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        made = datetime(made_on.year, made_on.month, made_on.day, 12)  # noqa: DTZ001  (workbooks know no zones)
        book.set_properties({"created": made, "title": contract.title})
        sheet = book.add_worksheet(name)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, list(table.columns), book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        columns = [(_cells(column), column.dtype.kind == "M") for column in table.columns.values()]
        # Cell by cell and row by row: there is no other way to keep a workbook's memory constant.
        for row in range(len(table)):
            for index, (cells, is_day) in enumerate(columns):
                value = cells[row]
                if value is None:
                    continue
                if is_day:
                    sheet.write_datetime(row + 1, index, value, day)
                else:
                    sheet.write(row + 1, index, value)


def _cells(column: Any) -> list[Any]:
    cells = column.astype(object)
    cells[blanks(column)] = None
    return list(cells.tolist())


def _write_sav(
    table: Table, path: Path, contract: DeliveryContract, made_on: date, labels: dict[str, dict[int, str]]
) -> None:
    import pandas as pd
    import pyreadstat

    # pyreadstat takes a data frame and nothing else.
    frame = pd.DataFrame({name: _spss_column(column) for name, column in table.columns.items()})
    coded = [column for column in contract.columns if column.name in table.columns and _is_coded(column)]
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label=contract.title,
        column_labels={column.name: column.description[:LONGEST_LABEL] for column in contract.columns},
        variable_value_labels={
            column.name: labels.get(column.name, _value_labels(column)) for column in coded
        },
        missing_ranges={column.name: _missing_range(column) for column in coded if column.missing},
        row_compress=True,
    )
    clock = datetime(made_on.year, made_on.month, made_on.day, 12).strftime(SPSS_CLOCK)  # noqa: DTZ001
    with path.open("r+b") as handle:
        handle.seek(SPSS_CLOCK_AT)
        handle.write(clock.encode("ascii"))


def _spss_column(column: Any) -> Any:
    if column.dtype.kind == "M":
        return column.astype(object)
    if column.dtype.kind in "UO":
        return column.astype(object)
    numbers = column.astype(np.float64)
    numbers[blanks(column)] = np.nan
    return numbers


def _is_coded(column: Column) -> bool:
    return column.type is ColumnType.INTEGER and bool(column.codes or column.missing)


def _value_labels(column: Column) -> dict[Any, str]:
    missing = {int(code): kind.value.replace("_", " ").capitalize() for code, kind in column.missing.items()}
    return {**missing, **{int(code): label for code, label in (column.codes or {}).items()}}


def _missing_range(column: Column) -> list[Any]:
    codes = [int(code) for code in column.missing]
    return [{"lo": min(codes), "hi": max(codes)}]
