"""Every row that came in is accounted for, from the receipt to the staging model.

Belongs here: `reconciliation.<dataset>`: receipts that add up, raw files that hold what they say, a
staging model that holds the sum.
Does not belong here: whether the rows are right (`intake`, dbt tests).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, reading, text
from rcs_pipeline.ledger.paths import file_hash
from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Receipt, Verdict
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KIND = "reconciliation"
GUIDANCE = (
    "Compare `rcs status` with the folder `raw`; where what was stored of a file is damaged, ingest that file"
    " again, then build."
)


def check_of(dataset: str) -> str:
    """The check id of a dataset."""
    return f"reconciliation.{dataset}"


def required(product: Product) -> tuple[str, ...]:
    """The ids of the verdicts, known from the contracts alone."""
    return tuple(check_of(dataset) for dataset in product.file.datasets)


def reconcile(
    workspace: Workspace, folder: Path, product: Product, inputs: Sequence[dict[str, Any]]
) -> list[Verdict]:
    """Follow the rows of every dataset from its receipts into the candidate.

    Args:
        workspace: whose ledger holds the receipts and whose home the raw files.
        folder: the candidate's folder.
        product: names the datasets.
        inputs: the deliveries that the candidate was built from, as its record lists them.
    """
    datasets = dict.fromkeys((*product.file.datasets, *(str(item["dataset"]) for item in inputs)))
    try:
        with reading(folder / "warehouse.duckdb") as connection:
            return [_dataset(workspace, connection, dataset, inputs) for dataset in datasets]
    except RcsError as error:
        return [_verdict(dataset, Outcome.ERROR, str(error)) for dataset in datasets]


def _dataset(
    workspace: Workspace, connection: DuckDBPyConnection, dataset: str, inputs: Iterable[dict[str, Any]]
) -> Verdict:
    import duckdb

    problems: list[str] = []
    total = rows_in = withdrawn = 0
    for item in inputs:
        if item["dataset"] != dataset:
            continue
        try:
            receipt = workspace.ledger.receipt(int(item["receipt"]))
            problems += _receipt(workspace, connection, receipt, item)
        except (RcsError, duckdb.Error, OSError) as error:
            problems.append(f"{item['collection']}: {str(error).splitlines()[0]}")
            continue
        total += receipt.rows_accepted
        rows_in += receipt.rows_in
        withdrawn += receipt.rows_withdrawn
    try:
        staged = _staged(connection, dataset)
    except duckdb.Error as error:
        return _verdict(
            dataset, Outcome.ERROR, f"the staging model cannot be read: {str(error).splitlines()[0]}"
        )
    if staged is None:
        problems.append(f"the build has no model stg_{dataset}")
    elif staged != total:
        problems.append(f"stg_{dataset} holds {staged} rows, the receipts accepted {total}")
    if problems:
        return _verdict(dataset, Outcome.FAIL, "; ".join(problems))
    gone = f", {withdrawn} withdrawn" if withdrawn else ""
    return _verdict(dataset, Outcome.PASS, f"{rows_in} rows in, {total} accepted{gone}, {total} staged")


def _receipt(
    workspace: Workspace, connection: DuckDBPyConnection, receipt: Receipt, item: dict[str, Any]
) -> list[str]:
    """What does not add up about one delivery."""
    where, accepted = receipt.collection, receipt.rows_accepted
    problems = []
    known = (receipt.dataset, receipt.collection, receipt.sha256)
    if known != (item["dataset"], item["collection"], item["sha256"]):
        problems.append(f"receipt {receipt.id} is of another delivery than {where}")
    if not receipt.adds_up:
        problems.append(
            f"{where}: {receipt.rows_in} rows in, but {accepted} accepted,"
            f" {receipt.rows_quarantined} quarantined, {receipt.rows_withdrawn} withdrawn,"
            f" {receipt.rows_waiting} waiting and {receipt.rows_refused} refused"
        )
    if item.get("rows") != accepted:
        problems.append(f"{where}: built from {item.get('rows')} rows, the receipt accepted {accepted}")
    # The candidate's own record of the path comes first: a receipt may since have been superseded.
    path = item.get("raw_path") or receipt.raw_path
    if path is None:
        return [*problems, f"{where}: the receipt names no raw file"] if accepted else problems
    file = workspace.paths.home / path
    row = connection.execute(f"select count(*) from read_parquet({text(str(file))})").fetchone()
    held = int(row[0]) if row else 0
    if receipt.raw_sha256 not in (None, file_hash(file)):
        problems.append(f"{where}: the raw file was changed after it was taken in")
    if held != accepted:
        problems.append(f"{where}: the raw file holds {held} rows, the receipt accepted {accepted}")
    return problems


def _staged(connection: DuckDBPyConnection, dataset: str) -> int | None:
    """The rows of the staging model; None if the build has none."""
    found = connection.execute(
        "select schema_name from (select database_name, schema_name, table_name from duckdb_tables()"
        " union all select database_name, schema_name, view_name from duckdb_views())"
        " where database_name = ? and table_name = ?",
        [WAREHOUSE, f"stg_{dataset}"],
    ).fetchone()
    if found is None:
        return None
    row = connection.execute(
        f"select count(*) from {WAREHOUSE}.{name(str(found[0]))}.{name(f'stg_{dataset}')}"
    ).fetchone()
    return int(row[0]) if row else 0


def _verdict(dataset: str, outcome: Outcome, message: str) -> Verdict:
    return Verdict(
        check=check_of(dataset), kind=KIND, severity=CheckSeverity.CRITICAL, outcome=outcome, message=message,
        location=dataset, guidance="" if outcome is Outcome.PASS else GUIDANCE,
    )  # fmt: skip
