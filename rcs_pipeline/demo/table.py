"""A delivery before it is written: named columns of equal length.

Belongs here: the table, its blanks, and replacing single cells.
Does not belong here: file formats (see `files`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
# Stands for an empty cell among whole numbers; far from every code.
BLANK = -32768


@dataclass(frozen=True)
class Table:
    """One file's content. Blanks are '' in text, `BLANK` in whole numbers, NaN and NaT otherwise."""

    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, rows: NDArray[np.int64]) -> Table:
        """The given rows, in that order."""
        return Table({name: column[rows] for name, column in self.columns.items()})

    def with_cell(self, row: int, name: str, value: Any) -> Table:
        """A copy with one cell replaced. A text in a column of numbers turns the column into text."""
        column = self.columns[name]
        if isinstance(value, str) and column.dtype.kind not in "UO":
            column = as_text(column)
        column = column.astype(object) if isinstance(value, str) else column.copy()
        column[row] = value
        return replace(self, columns={**self.columns, name: column})


def blanks(column: Column) -> NDArray[np.bool_]:
    """Which cells are empty."""
    if column.dtype.kind in "UO":
        return column == ""
    if column.dtype.kind == "f":
        return np.isnan(column)
    return np.isnat(column) if column.dtype.kind == "M" else column == BLANK


def as_text(column: Column) -> Column:
    """The cells as a person would type them."""
    written = column.astype(str).astype(object)
    written[blanks(column)] = ""
    return written
