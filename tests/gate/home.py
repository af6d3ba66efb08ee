"""A home with one delivery, and a build without dbt that leaves what the gate sees of `warehouse`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.gate.candidate import make_candidate
from rcs_pipeline.ledger.records import CandidateRecord, Receipt, ReceiptState
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import Building
from rcs_pipeline.warehouse.dbt_run import NodeResult
from tests.gate.small import write_warehouse

CONTRACTS = Path(__file__).with_name("contracts")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def home(folder: Path) -> Workspace:
    """A workspace with the test's own contracts and one accepted delivery of three rows."""
    settings = load_settings(
        {"home": str(folder), "name": "demo-builder"}, environment={}, folder=folder.parent
    )
    workspace = Workspace(settings, clock=lambda: NOON)
    workspace.__dict__["catalogue"] = load_catalogue(base=CONTRACTS)
    raw = workspace.paths.raw / "answers" / "collection=here" / "ab.parquet"
    raw.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'A' as place from range(3)) to '{raw}' (format parquet)")
    workspace.ledger.add_receipt(
        Receipt(
            received_at=workspace.now(), dataset="answers", collection="here", sha256="ab" * 32,
            file_name="a.csv", size_bytes=1, state=ReceiptState.ACCEPTED, claimed_name="demo",
            os_account="tester", rows_in=4, rows_accepted=3, rows_quarantined=1,
            raw_path=workspace.paths.relative(raw),
        )
    )  # fmt: skip
    return workspace


def node(kind: str, name: str, status: str, **more: Any) -> NodeResult:
    """A result of dbt."""
    unique_id = f"{kind}.rcs.{name}"
    return NodeResult(
        unique_id, name, kind, status, more.get("message", ""), more.get("failures"), 0.0, None, None
    )


GOOD = (
    node("model", "estimates", "success"),
    node("test", "not_null_estimates_place", "pass"),
    node("unit_test", "scoring", "pass"),
)


def build(
    results: tuple[NodeResult, ...] = GOOD, rows: dict[str, Any] | None = None, *, staged: int = 3
) -> Callable[[Workspace, str], Building]:
    """A build with these results and rows."""

    def _build(workspace: Workspace, product: str) -> Building:
        folder = workspace.paths.work / f"building-{uuid.uuid4().hex[:8]}"
        database = write_warehouse(folder / "warehouse.duckdb", rows)
        with duckdb.connect(str(database)) as connection:
            connection.execute("create schema staging")
            connection.execute(
                f"create table staging.stg_answers as select 'A' as place from range({staged})"
            )
        nodes = {
            item.unique_id: {"name": item.name, "resource_type": item.resource_type, "config": {}}
            for item in results
        }
        for key, value in nodes.items():
            value["model"] = key
        units = {key: value for key, value in nodes.items() if value["resource_type"] == "unit_test"}
        manifest = {
            "nodes": {key: value for key, value in nodes.items() if key not in units},
            "unit_tests": units,
        }
        run = {"results": [{"unique_id": item.unique_id, "status": item.status} for item in results]}
        (folder / "dbt").mkdir()
        (folder / "dbt" / "manifest.json").write_text(json.dumps(manifest))
        (folder / "dbt" / "run_results.json").write_text(json.dumps(run))
        inputs = tuple(
            {
                "dataset": item.dataset,
                "collection": item.collection,
                "sha256": item.sha256,
                "receipt": item.id,
                "rows": 3,
            }
            for item in workspace.ledger.current_receipts("answers")
        )
        return Building(
            workspace.catalogue.product(product), folder, database, inputs, results, workspace.now()
        )

    return _build


def make(workspace: Workspace, *args: Any, **more: Any) -> CandidateRecord:
    """A candidate of the small product, judged."""
    return make_candidate(workspace, "small", build=build(*args, **more))
