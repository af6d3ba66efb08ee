"""The rows of a table of single schools and the cells that they are made of, numbered.

Belongs here: reading counts set-wise into arrays. Everything is numbered in the order of its names, so that
the order of rows in the warehouse changes nothing.
Does not belong here: what is done with the counts (see `school_bands`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.banding import BandedTable
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, names, text
from rcs_pipeline.disclosure.grid import parts_of
from rcs_pipeline.disclosure.linear import Bools, Ints

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EVERYBODY = "all"
Columns = dict[str, npt.NDArray[Any]]


def fetch(connection: DuckDBPyConnection, query: str) -> Columns:
    """The result of a query as arrays."""
    return {key: np.ma.getdata(column) for key, column in connection.execute(query).fetchnumpy().items()}


def rows_of(table: ProductTable) -> str:
    """The table that `number_rows` makes, as SQL."""
    return name(f"rows of {table.name}")


def cells_of(table: ProductTable) -> str:
    """The table that `number_cells` makes, as SQL."""
    return name(f"cells of {table.name}")


def number_rows(connection: DuckDBPyConnection, table: ProductTable, banded: BandedTable) -> None:
    """`rows_of`: the rows, with the numbers of their partnership, school, line and group."""
    keys = names((*banded.keys, banded.within))
    group = names((banded.group_by, banded.group_value))
    connection.execute(f"""
        create or replace temp table {rows_of(table)} as
        select *, row_number() over (order by __block, __place, __line, __row) - 1 as __number
        from (
            select {keys},
                dense_rank() over (order by {names((*banded.system, banded.within))}) - 1 as __block,
                dense_rank() over (order by {name(banded.place)}) - 1 as __place,
                dense_rank() over (order by {name(banded.line)}) - 1 as __line,
                dense_rank() over (order by {group}) - 1 as __row,
                cast({name(banded.base)} as bigint) as __base,
                cast({name(banded.numerator)} as bigint) as __count
            from {WAREHOUSE}.main.{name(table.name)}
            where {name(banded.base)} is not null and {name(banded.numerator)} is not null
        )
    """)


def lines_of(connection: DuckDBPyConnection, table: ProductTable, banded: BandedTable) -> tuple[str, ...]:
    """What the lines are called, by their numbers."""
    rows = connection.execute(
        f"select distinct __line, {name(banded.line)} from {rows_of(table)} order by 1"
    ).fetchall()
    return tuple(str(line) for _, line in rows)


def number_cells(connection: DuckDBPyConnection, table: ProductTable, banded: BandedTable) -> None:
    """`cells_of`: the finest cells of the same schools and lines, with the same numbers."""
    finest = banded.finest
    only = {**finest.only, banded.group_by: finest.group}
    same = "".join(f" and cells.{name(item)} = schools.{name(item)}" for item in banded.system)
    value = f"cells.{name(banded.group_value)}"
    connection.execute(f"""
        create or replace temp table {cells_of(table)} as
        select
            schools.__block, schools.__place, lines.__line, {value} as __value,
            dense_rank() over (order by {value}) - 1 as __cell,
            cast(cells.{name(banded.base)} as bigint) as __base,
            cast(cells.{name(banded.numerator)} as bigint) as __count
        from {WAREHOUSE}.main.{name(finest.table)} as cells
        inner join (
            select distinct __block, __place, {names((*banded.system, banded.place))} from {rows_of(table)}
        ) as schools on cells.{name(finest.place)} = schools.{name(banded.place)}{same}
        inner join (select distinct __line, {name(banded.line)} from {rows_of(table)}) as lines
            on cells.{name(banded.line)} = lines.{name(banded.line)}
        where
            {" and ".join(f"cells.{name(column)} = {text(value)}" for column, value in only.items())}
            and cells.{name(banded.base)} is not null and cells.{name(banded.numerator)} is not null
    """)


@dataclass(frozen=True)
class Shape:
    """The rows that a school can have (what they are grouped by), and rows x cells: which counts which."""

    ways: tuple[str, ...]
    members: Bools

    @property
    def everybody(self) -> int:
        """The number of the row of all."""
        return self.ways.index(EVERYBODY)

    def only(self, rows: Ints, cells: Ints) -> Shape:
        """What one partnership has of it."""
        return Shape(tuple(self.ways[row] for row in rows), self.members[np.ix_(rows, cells)])


def shape_of(connection: DuckDBPyConnection, table: ProductTable, banded: BandedTable) -> Shape:
    """Which rows and cells the numbered tables hold."""
    group = names((banded.group_by, banded.group_value))
    rows = connection.execute(f"select distinct __row, {group} from {rows_of(table)} order by 1").fetchall()
    cells = connection.execute(
        f"select distinct __cell, __value from {cells_of(table)} order by 1"
    ).fetchall()
    named = [parts_of(banded.finest.group, str(value)) for _, value in cells]
    members = np.zeros((len(rows), len(cells)), dtype=bool)
    for number, (_, way, value) in enumerate(rows):
        wanted = parts_of(str(way), str(value))
        members[number] = [all(cell.get(part) == own for part, own in wanted.items()) for cell in named]
    return Shape(tuple(str(way) for _, way, _ in rows), members)
