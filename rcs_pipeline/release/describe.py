"""A published table in the words of Data Package v2: the same description for readers and for the diff.

Belongs here: from a product contract to a Table Schema and a resource. Pure.
Does not belong here: files, hashes, the package as a whole (see `package`).

The description is written into every release, and the next plan compares its own with it: what a
consumer was told is what may not change in silence.
"""

from __future__ import annotations

from typing import Any

from rcs_pipeline.contracts.product import Deprecation, Product, ProductColumn, ProductTable
from rcs_pipeline.contracts.vocabulary import ColumnType

SQL_TYPES = {
    ColumnType.STRING: "varchar",
    ColumnType.INTEGER: "bigint",
    ColumnType.NUMBER: "double",
    ColumnType.DATE: "date",
    ColumnType.BOOLEAN: "boolean",
}
VERSION_COLUMN = "release_version"
SYMBOL_LABELS = {
    "c": "Confidential",
    "low": "Not zero, but rounds to it",
    "x": "Not available",
    "z": "Not applicable",
    "u": "Unreliable",
}
MISSING = [{"value": "", "label": "No value; where the table has a symbol column, it says why"}]


def published_columns(product: Product, table: ProductTable, audience: str) -> tuple[ProductColumn, ...]:
    """The columns of a table in a release for this audience.

    Every published row names its release. Where the contract has no column for that, the release
    adds one at the end.
    """
    columns = product.columns_in(table, audience)
    if not columns or any(column.filled_at_release for column in columns):
        return columns
    return (*columns, _version_column(audience))


def published_tables(product: Product, audience: str) -> tuple[ProductTable, ...]:
    """The tables that this audience may see, by itself or because it includes another one, by name."""
    seen = (table for table in product.tables if product.held_by(table, audience))
    return tuple(sorted(seen, key=lambda table: table.name))


def table_schema(product: Product, table: ProductTable, audience: str) -> dict[str, Any]:
    """The Table Schema of a published table."""
    return {
        "fields": [_field(column, table) for column in published_columns(product, table, audience)],
        "primaryKey": list(table.grain),
        "missingValues": MISSING,
    }


def resource(product: Product, table: ProductTable, audience: str) -> dict[str, Any]:
    """A resource without what depends on its file: name, meaning, schema, and its Parquet twin if any."""
    parquet = "parquet" in product.audience(audience).formats
    ending = table.extension.deprecated
    return {
        "name": table.name,
        "type": "table",
        "title": table.title,
        "description": table.description,
        **({"deprecated": _deprecated(ending)} if ending else {}),
        "path": f"csv/{table.name}.csv",
        **({"parquet": f"parquet/{table.name}.parquet"} if parquet else {}),
        "contract": {"id": table.id, "version": table.version, "path": f"contracts/{table.path.name}"},
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": table_schema(product, table, audience),
    }


def _field(column: ProductColumn, table: ProductTable) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": column.type.value,
        "description": column.description,
    }
    if column.unit:
        field["unit"] = column.unit
    if column.deprecated:
        field["deprecated"] = _deprecated(column.deprecated)
    labels = column.codes or {}
    if column.symbols:
        labels = {
            symbol.value: labels.get(symbol.value, SYMBOL_LABELS[symbol.value]) for symbol in column.symbols
        }
    if labels and column.type is ColumnType.STRING:
        field["categories"] = [{"value": value, "label": label} for value, label in labels.items()]
    constraints = _constraints(column, table, tuple(labels))
    return {**field, "constraints": constraints} if constraints else field


def _deprecated(ending: Deprecation) -> dict[str, str]:
    return {"until": ending.until.isoformat(), "note": ending.note}


def _constraints(column: ProductColumn, table: ProductTable, allowed: tuple[str, ...]) -> dict[str, Any]:
    text = column.type is ColumnType.STRING
    found = {
        "required": True if column.required or column.filled_at_release else None,
        "unique": True if column.unique or table.grain == (column.name,) else None,
        "minimum": _bound(column, column.minimum),
        "maximum": _bound(column, column.maximum),
        "pattern": column.pattern if text else None,
        "enum": list(allowed) if allowed and text else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _bound(column: ProductColumn, value: float | None) -> float | None:
    """A whole number where the column holds whole numbers: older readers refuse `0.0` there."""
    return int(value) if value is not None and column.type is ColumnType.INTEGER else value


def _version_column(audience: str) -> ProductColumn:
    return ProductColumn(
        name=VERSION_COLUMN,
        type=ColumnType.STRING,
        description="Version of the release that the row belongs to.",
        required=True,
        unique=False,
        audiences=(audience,),
        unit="",
        codes=None,
        minimum=None,
        maximum=None,
        pattern=None,
        symbols=(),
        filled_at_release=True,
    )
