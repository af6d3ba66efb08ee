"""The warehouse as assets: one a dbt model, and dbt's tests as checks on the models they judge.

Belongs here: specs from the manifest and the contracts, results of the one build as Dagster's events.
Does not belong here: running dbt (`gate.make_candidate` does, once; see `defs.gate`).

A product that adds contracts of its own has a project that is generated when it is built: of it the
graph shows the published tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.manifest import Model
from rcs_pipeline.gate.verdicts import TESTS, Node
from rcs_pipeline.warehouse.lake import product_contracts

GROUP = "warehouse"


@dataclass(frozen=True)
class Wiring:
    """What the graph shows of a product's warehouse. `tests`: check name -> the model it judges.

    `last`: the models that no other model reads.
    """

    product: Product
    specs: tuple[dg.AssetSpec, ...]
    checks: tuple[dg.AssetCheckSpec, ...]
    tests: dict[str, str]
    last: tuple[dg.AssetKey, ...]


def wiring(catalogue: Catalogue, product: Product, models: Iterable[Model] | None) -> Wiring:
    """The specs of a product's models; of its published tables alone where no manifest tells of models."""
    if models is None:
        datasets = tuple(item.dataset for item in product_contracts(catalogue, product))
        models = [
            Model(item.name, "model", "marts", "table", item.description, (), datasets, (), {})
            for item in product.tables
        ]
    models = _in_order(models)
    read = {name for model in models for name in model.models}
    return Wiring(
        product=product,
        specs=tuple(_spec(product, model) for model in models),
        checks=tuple(
            dg.AssetCheckSpec(
                name, asset=describe.product_key(product.id, model.name), description=_says(model, name)
            )
            for model in models
            for name in model.tests
        ),
        tests={name: model.name for model in models for name in model.tests},
        last=tuple(
            describe.product_key(product.id, model.name) for model in models if model.name not in read
        ),
    )


def _in_order(models: Iterable[Model]) -> list[Model]:
    """Models after those that they read: in this order Dagster wants to hear of them."""
    by_name = {model.name: model for model in models}
    order = TopologicalSorter({name: sorted(model.models) for name, model in sorted(by_name.items())})
    return [by_name[name] for name in order.static_order() if name in by_name]


def _spec(product: Product, model: Model) -> dg.AssetSpec:
    published = {table.name: table for table in product.tables}.get(model.name)
    metadata: dict[str, Any] = {"materialised as": model.materialised}
    if published is not None:
        metadata |= {"contract": published.id, "contract version": published.version}
        metadata |= {
            "grain": ", ".join(published.grain),
            describe.COLUMN_SCHEMA: describe.table_schema(published),
        }
    elif model.columns:
        columns = [
            dg.TableColumn(name, kind, description=text or None)
            for name, (kind, text) in model.columns.items()
        ]
        metadata[describe.COLUMN_SCHEMA] = dg.TableSchema(columns)
    description = f"{published.title}. {published.description}" if published else model.description
    return dg.AssetSpec(
        describe.product_key(product.id, model.name),
        deps=[
            *(describe.product_key(product.id, name) for name in model.models),
            *(describe.delivery_key(name) for name in model.datasets),
        ],
        description=description or f"A {model.kind} of the layer `{model.layer}`.",
        group_name=GROUP,
        owners=describe.product_owners(product),
        kinds={"dbt", "duckdb"},
        tags={"rcs/layer": model.layer},
        metadata=metadata,
    )


def _says(model: Model, test: str) -> str:
    return f"dbt's test {test.removeprefix(f'{model.name}_').replace('_', ' ')}, from the contract."


def built(wired: Wiring, results: Iterable[Node], rows: dict[str, int], record: str) -> Iterator[Any]:
    """The results of one build as materialisations of the models and results of their checks.

    A test of which dbt says nothing has not passed.
    """
    by_name = {(item.resource_type in TESTS, item.name): item for item in results}
    for spec in wired.specs:
        name = spec.key.path[-1]
        result = by_name.get((False, name))
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata=describe.present(
                {
                    "candidate": record,
                    describe.ROW_COUNT: rows.get(name),
                    "status": result.status if result else None,
                    "seconds": getattr(result, "seconds", None),
                }
            ),
        )
    for name, model in wired.tests.items():
        result = by_name.get((True, name))
        yield dg.AssetCheckResult(
            asset_key=describe.product_key(wired.product.id, model), check_name=name,
            passed=result is not None and result.status in ("pass", "success"),
            # The gate decides what closes it; its own checks on the candidate say so.
            severity=dg.AssetCheckSeverity.WARN,
            description=None if result is None else result.message,
            metadata=describe.present({"broken rows": result.failures if result else None}),
        )  # fmt: skip


def row_counts(database: Path) -> dict[str, int]:
    """Table -> rows, of every table in a candidate's warehouse. Counting a view would run it."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
        counts = {}
        for schema, table in tables:
            found = connection.execute(f"select count(*) from {_quoted(schema)}.{_quoted(table)}").fetchone()
            counts[str(table)] = int(found[0]) if found else 0
    return counts


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
