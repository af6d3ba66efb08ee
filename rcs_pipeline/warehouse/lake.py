"""The raw lake as the warehouse sees it: one relation a dataset, over exactly the files that count.

Belongs here: which Parquet files are current, and the views that dbt reads as its sources.
Does not belong here: writing to the lake (`intake`), anything about the meaning of a column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse import sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "raw"


@dataclass(frozen=True)
class LakeColumn:
    """One column of a raw file."""

    name: str
    type: str


def lake_columns(contract: DeliveryContract) -> tuple[LakeColumn, ...]:
    """The columns that intake writes for this dataset, in their order (without `collection`)."""
    columns = [LakeColumn(item.name, sql.TYPES[item.type]) for item in contract.stored_columns]
    symbols = [
        LakeColumn(f"{item.name}__symbol", "varchar") for item in contract.stored_columns if item.symbols
    ]
    return (*columns, *symbols, LakeColumn("source_row", "bigint"))


def product_contracts(catalogue: Catalogue, product: Product) -> tuple[DeliveryContract, ...]:
    """The contracts that the product is built from: those it names and the rolls behind their weights."""
    names = dict.fromkeys(product.file.datasets)
    for dataset in product.file.datasets:
        survey = catalogue.delivery(dataset).survey
        if survey is not None and survey.weight.roll is not None:
            names.setdefault(survey.weight.roll.dataset)
    return tuple(catalogue.delivery(name) for name in names)


def current_inputs(workspace: Workspace, datasets: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """One mapping for each delivery whose rows count now."""
    return tuple(
        {
            "dataset": item.dataset, "collection": item.collection, "sha256": item.sha256,
            "receipt": item.id, "rows": item.rows_accepted, "raw_path": item.raw_path,
        }
        for dataset in datasets
        for item in workspace.ledger.current_receipts(dataset)
        if item.raw_path
    )  # fmt: skip


def create_sources(
    connection: DuckDBPyConnection, workspace: Workspace, datasets: Iterable[str],
    inputs: Iterable[dict[str, Any]] | None = None,
) -> None:  # fmt: skip
    """Make the schema `raw` with one view a dataset: the current files, plus the column `collection`.

    `inputs` are those of an earlier candidate, where that is to be made again.

    A dataset of which nothing has arrived gets an empty relation of the right types.

    Raises:
        RcsError: a file that the ledger counts is not there.
    """
    connection.execute(f"create schema if not exists {SCHEMA}")
    datasets = tuple(datasets)
    counted = current_inputs(workspace, datasets) if inputs is None else tuple(inputs)
    for dataset in datasets:
        contract = workspace.catalogue.delivery(dataset)
        files = [
            str(workspace.paths.home / item["raw_path"]) for item in counted if item["dataset"] == dataset
        ]
        select = _select(connection, contract, files) if files else _empty(contract)
        connection.execute(f"create or replace view {SCHEMA}.{sql.name(dataset)} as {select}")


def _select(connection: DuckDBPyConnection, contract: DeliveryContract, files: list[str]) -> str:
    import duckdb

    relation = (
        f"read_parquet({_array(files)}, hive_partitioning = true, union_by_name = true, "
        "hive_types = {'collection': varchar})"
    )
    try:
        present = {row[0] for row in connection.execute(f"describe select * from {relation}").fetchall()}
    except duckdb.IOException as error:
        raise RcsError(
            f"A file of `{contract.dataset}` cannot be read: {str(error).splitlines()[0]}",
            where="raw lake",
            todo="Ingest the delivery again, or restore the folder `raw` from its copy.",
        ) from error
    # A column that the contract gained after the file was taken in is there for later deliveries only.
    columns = [
        sql.name(item.name) if item.name in present else f"cast(null as {item.type}) as {sql.name(item.name)}"
        for item in lake_columns(contract)
    ]
    return f"select {', '.join(columns)}, collection from {relation}"


def _empty(contract: DeliveryContract) -> str:
    columns = [f"cast(null as {item.type}) as {sql.name(item.name)}" for item in lake_columns(contract)]
    return f"select {', '.join(columns)}, cast(null as varchar) as collection where false"


def _array(files: Iterable[str]) -> str:
    return "[" + ", ".join(sql.text(file) for file in files) + "]"
