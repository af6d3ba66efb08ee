"""The expectations that follow from a product contract, before any engine runs them.

Belongs here: which expectation, on which column, under which id. The ids are known from the contract
alone, so that the list of required checks never depends on a run.
Does not belong here: Great Expectations itself (see `expectations`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rcs_pipeline.contracts.product import Product, ProductColumn, ProductTable
from rcs_pipeline.contracts.vocabulary import ColumnType


@dataclass(frozen=True)
class Expectation:
    """One expectation on one table.

    `kind` is Great Expectations' own name without `expect_`. `column` is what it is about; an audience
    that does not see that column is not asked.
    """

    table: str
    number: int
    kind: str
    column: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def check(self) -> str:
        """The id of its verdict."""
        return f"gx.{self.table}.{self.number}_{self.kind}"

    @property
    def says(self) -> str:
        """The expectation in words."""
        about = f"`{self.column}` " if self.column else ""
        return f"expect {about}{self.kind.replace('_', ' ')}"


def audiences_of(product: Product, table: ProductTable) -> tuple[str, ...]:
    """The audiences that see something of the table."""
    return tuple(audience for audience in product.file.audiences if table.columns_for(audience))


def suite(product: Product, table: ProductTable) -> tuple[Expectation, ...]:
    """The expectations of a table, numbered in the order of its contract; none if nobody sees it."""
    if not audiences_of(product, table):
        return ()
    seen = {column.name for audience in table.extension.audiences for column in table.columns_for(audience)}
    grain = list(table.grain)
    found: list[tuple[str, str | None, dict[str, Any]]] = [
        ("table_columns_to_match_ordered_list", None, {}),
        ("table_row_count_to_be_between", None, {"min_value": table.extension.rows_at_least}),
        ("column_values_to_be_unique", grain[0], {})
        if len(grain) == 1
        else ("compound_columns_to_be_unique", None, {"column_list": grain}),
    ]
    for column in table.columns:
        if column.name in seen:
            found += _of_column(table, column)
    return tuple(
        Expectation(table.name, number, kind, column, arguments)
        for number, (kind, column, arguments) in enumerate(found, start=1)
    )


def _of_column(table: ProductTable, column: ProductColumn) -> list[tuple[str, str | None, dict[str, Any]]]:
    found: list[tuple[str, str | None, dict[str, Any]]] = []
    if column.required and not column.filled_at_release and not table.symbols_of(column.name):
        found.append(("column_values_to_not_be_null", column.name, {}))
    if column.unique and (column.name,) != table.grain:
        found.append(("column_values_to_be_unique", column.name, {}))
    if column.codes:
        values = [_typed(code, column.type) for code in column.codes]
        found.append(("column_values_to_be_in_set", column.name, {"value_set": values}))
    if column.minimum is not None or column.maximum is not None:
        limits = {"min_value": column.minimum, "max_value": column.maximum}
        found.append(("column_values_to_be_between", column.name, limits))
    if column.pattern and not column.filled_at_release:
        found.append(("column_values_to_match_regex", column.name, {"regex": column.pattern}))
    return found


def _typed(code: str, kind: ColumnType) -> Any:
    if kind is ColumnType.INTEGER:
        return int(code)
    if kind is ColumnType.NUMBER:
        return float(code)
    return code
