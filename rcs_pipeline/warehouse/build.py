"""How a candidate comes to be, and how it gets its name.

Belongs here: one build into a fresh folder, and sealing it under the hash of its content.
Does not belong here: protection (`disclosure`) and verdicts (`gate`), which happen in between.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.intake.journal import DATABASE, mend
from rcs_pipeline.ledger.paths import AFRESH, file_hash
from rcs_pipeline.ledger.records import CandidateRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.dbt_run import NodeResult, assemble, read_project, run_dbt
from rcs_pipeline.warehouse.lake import create_sources, current_inputs, product_contracts

BUILDING = "building-"
HASH_LETTERS = 16
FEW_ROWS = 250_000
# Nothing but this program's engine opens a warehouse, and the older format takes twice as long to write text.
STORAGE = "latest"


@dataclass(frozen=True)
class Building:
    """A build that has no name yet."""

    product: Product
    folder: Path
    database: Path
    inputs: tuple[dict[str, Any], ...]
    results: tuple[NodeResult, ...]
    started_at: str

    @property
    def protected(self) -> Path:
        """Where disclosure control writes `<audience>/<table>.parquet`."""
        return self.folder / "protected"

    @property
    def model_seconds(self) -> float:
        """The time inside the models and seeds, dbt's own start left out."""
        return sum(item.seconds for item in self.results if item.resource_type in ("model", "seed"))


def build_warehouse(
    workspace: Workspace, product_id: str, again: tuple[dict[str, Any], ...] | None = None
) -> Building:
    """Build every table of the product from the deliveries that count, into a fresh folder.

    Args:
        workspace: the home.
        product_id: the data product.
        again: the inputs of an earlier candidate, to be built from those instead.

    Raises:
        RcsError: nothing has been ingested for it, or a model failed.
    """
    import duckdb

    product = workspace.catalogue.product(product_id)
    with workspace.writing():
        mend(workspace)
        _sweep(workspace)
        datasets = [contract.dataset for contract in product_contracts(workspace.catalogue, product)]
        inputs = current_inputs(workspace, datasets) if again is None else again
        if not inputs:
            raise RcsError(
                f"Nothing has been accepted yet of what `{product_id}` is built from",
                expected=f"a delivery of {', '.join(datasets)}",
                todo="Put files into the inbox and run `rcs ingest`.",
            )
        started_at = workspace.now()
        folder = workspace.paths.work / f"{BUILDING}{product_id}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        try:
            project, scratch = _project(workspace, product)
            for leftover in project.glob(f"{DATABASE}*"):
                leftover.unlink()
            with duckdb.connect(
                str(scratch), config={"storage_compatibility_version": STORAGE}
            ) as connection:
                create_sources(connection, workspace, datasets, inputs)
            results = run_dbt(
                project, scratch, folder / "dbt", threads=workspace.settings.threads, nodes=_nodes(inputs)
            )
            database = folder / DATABASE
            os.replace(scratch, database)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Building(product, folder, database, inputs, results, started_at)


def _nodes(inputs: Iterable[dict[str, Any]]) -> int:
    """How many models at a time: one, where two would keep each other waiting and hold more memory.

    With few pupils the engine is done before dbt has thought about the next model.
    """
    return 2 if sum(item["rows"] for item in inputs) <= FEW_ROWS else 1


@contextmanager
def reading_ahead(workspace: Workspace, product_id: str) -> Iterator[None]:
    """Have dbt read the product's models while the block does something else.

    In a new home that takes as long as the models themselves. Whoever builds next waits for it.
    """
    product = workspace.catalogue.product(product_id)
    with workspace.writing(), ThreadPoolExecutor(1) as beside:
        project, scratch = _project(workspace, product)
        beside.submit(read_project, project, scratch, threads=workspace.settings.threads)
        yield


def _project(workspace: Workspace, product: Product) -> tuple[Path, Path]:
    """The product's dbt project, made up to date, and the database that dbt works on.

    Always the same path while dbt is at work: it parses all again when its connection changes.
    """
    project = workspace.paths.work / "dbt" / product.id
    assemble(workspace.catalogue, product, project)
    return project, project / DATABASE


def content_hash(workspace: Workspace, building: Building) -> str:
    """What the candidate of a protected build will be called."""
    return _named(workspace, building, _tables(building.protected))


def seal(workspace: Workspace, building: Building, required_checks: Iterable[str]) -> CandidateRecord:
    """Name the build after its content, move it among the candidates, and enter it in the ledger.

    The hash covers the protected tables and the contracts they keep, not logs or times. Where figures stay as
    an earlier release showed them, other deliveries may give the tables of a candidate: then it covers those
    as well, for the team's own tables are other ones.

    Raises:
        NothingToDoError: this very content is a candidate already.
    """
    catalogue, product = workspace.catalogue, building.product
    with workspace.writing():
        tables = _tables(building.protected)
        digest = _named(workspace, building, tables)
        target = workspace.paths.candidates / digest[:HASH_LETTERS]
        known = any(item.hash == digest for item in workspace.ledger.candidates(product.id))
        # A withdrawal and a new key erase the pupil tables of older candidates: those are built again.
        if known and (target / DATABASE).is_file():
            shutil.rmtree(building.folder, ignore_errors=True)
            raise NothingToDoError(
                f"The build gives the candidate {digest[:HASH_LETTERS]}, which is there already",
                todo="Go on with `rcs plan`, or ingest something new first.",
            )
        contracts = {item.id: item.version for item in product_contracts(catalogue, product)}
        contracts |= {table.id: table.version for table in product.tables}
        record = CandidateRecord(
            hash=digest,
            product=product.id,
            built_at=building.started_at,
            builder=workspace.settings.name,
            os_account=workspace.settings.os_account,
            path=workspace.paths.relative(target),
            synthetic=workspace.synthetic,
            inputs=building.inputs,
            contracts=contracts,
            tables=tables,
            required_checks=tuple(sorted(set(required_checks))),
            seconds=round(sum(item.seconds for item in building.results), 3),
        )
        (building.folder / "candidate.json").write_text(
            json.dumps(asdict(record), indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
        # A folder without an entry is what a crash between the two steps left: the same content, made again.
        shutil.rmtree(target, ignore_errors=True)
        os.replace(building.folder, target)
        workspace.ledger.add_candidate(record)
        workspace.note("build", digest, product=product.id, tables=len(tables))
    return record


def _tables(protected: Path) -> dict[str, dict[str, Any]]:
    """`<audience>/<table>` -> sha256 and rows, of every protected table.

    The files of single places follow from the table of all of them, and are sealed with every other file.

    Raises:
        RcsError: there is none; an unprotected build must not become a candidate.
    """
    import pyarrow.parquet as parquet

    found = {
        path.relative_to(protected).with_suffix("").as_posix(): {
            "sha256": file_hash(path),
            "rows": parquet.read_metadata(path).num_rows,
        }
        for path in sorted(protected.glob("*/*.parquet"))
    }
    if not found:
        raise RcsError(
            "The build has no protected tables",
            where=str(protected),
            todo="Run disclosure control before sealing.",
        )
    return found


def _named(workspace: Workspace, building: Building, tables: dict[str, dict[str, Any]]) -> str:
    product, own = building.product, _deliveries(building.inputs)
    content = _digest(product, tables)
    same = (item for item in workspace.ledger.candidates(product.id) if item.hash == content)
    if (building.folder / AFRESH).is_dir() and any(_deliveries(item.inputs) != own for item in same):
        return _digest(product, tables, own)
    return content


def _deliveries(inputs: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    keys = ("dataset", "collection", "sha256", "rows")
    return tuple(sorted("\0".join(str(item[key]) for key in keys) for item in inputs))


def _digest(product: Product, tables: dict[str, dict[str, Any]], deliveries: Iterable[str] = ()) -> str:
    digest = sha256(product.id.encode())
    for path in (product.path / "product.yaml", *sorted(table.path for table in product.tables)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for name, table in sorted(tables.items()):
        digest.update(f"{name}\0{table['sha256']}\n".encode())
    for delivery in deliveries:
        digest.update(f"{delivery}\n".encode())
    return digest.hexdigest()


def _sweep(workspace: Workspace) -> None:
    """Remove what an interrupted build left; the writer lock says that nobody is at work there."""
    for leftover in workspace.paths.work.glob(f"{BUILDING}*"):
        shutil.rmtree(leftover, ignore_errors=True)
