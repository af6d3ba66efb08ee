"""Contracts in Dagster's words: owners, column schemas, tables of facts.

Belongs here: turning what a contract or a record says into metadata.
Does not belong here: reading files, deciding what is good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.lake import lake_columns

COLUMN_SCHEMA = "dagster/column_schema"
ROW_COUNT = "dagster/row_count"


def delivery_key(dataset: str) -> dg.AssetKey:
    """The asset of a dataset."""
    return dg.AssetKey(["deliveries", dataset])


def product_key(product_id: str, name: str) -> dg.AssetKey:
    """An asset of a data product: one of its models, or `candidate`, `plan`, `release`."""
    return dg.AssetKey([product_id, name])


def team(name: str) -> str:
    """An owner as Dagster writes them: an address stays one, any other name becomes a team."""
    if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", name):
        return name
    return "team:" + (re.sub(r"[^a-z0-9]+", "-", name.lower().replace("'", "")).strip("-") or "unnamed")


def delivery_owners(contract: DeliveryContract) -> list[str]:
    """Who answers for a delivery: those who may send it."""
    return [team(supplier) for supplier in contract.options.suppliers]


def product_owners(product: Product) -> list[str]:
    """Who answers for a data product: its contact."""
    return [team(product.file.contact)]


def delivery_schema(contract: DeliveryContract) -> dg.TableSchema:
    """The columns that reach the raw lake."""
    stated = {item.name: item for item in contract.stored_columns}
    columns = []
    for item in lake_columns(contract):
        column = stated.get(item.name)
        columns.append(
            _column(item.name, item.type, column.description, required=column.required, unique=column.unique)
            if column
            else _column(item.name, item.type, "Added at intake.", required=False)
        )
    return dg.TableSchema(columns)


def table_schema(table: ProductTable) -> dg.TableSchema:
    """The columns of a published table."""
    return dg.TableSchema(
        [
            _column(item.name, item.type.value, item.description, required=item.required, unique=item.unique)
            for item in table.columns
        ]
    )


def rules_between(catalogue: Catalogue, contract: DeliveryContract) -> list[str]:
    """The other datasets that the contract's rules look at."""
    return sorted((contract.datasets_asked - {contract.dataset}) & set(catalogue.deliveries))


def place(workspace: Workspace, relative: str | None) -> dg.MetadataValue:
    """A path of the home, as a link."""
    return (
        dg.MetadataValue.path(str(workspace.paths.home / relative)) if relative else dg.MetadataValue.null()
    )


def sheet(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> dg.MetadataValue:
    """A small table as Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return dg.MetadataValue.md(
        "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)
    )


def bullets(lines: Iterable[str]) -> dg.MetadataValue:
    """Sentences as a Markdown list."""
    return dg.MetadataValue.md("\n".join(f"- {line}" for line in lines) or "none")


def present(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Only what has a value."""
    return {name: value for name, value in metadata.items() if value is not None}


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def _column(
    name: str, kind: str, description: str, *, required: bool, unique: bool = False
) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(nullable=not required, unique=unique)
    return dg.TableColumn(name, kind, description=description or None, constraints=constraints)
