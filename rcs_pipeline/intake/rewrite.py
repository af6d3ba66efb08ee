"""New files in the place of stored ones: without some rows, or with other pseudonyms.

Belongs here: the Parquet writes of an undertaking, each beside the file that it will replace.
Does not belong here: which rows or keys (see `withdraw` and `rotate`), erasing the old ones (see `journal`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.intake.journal import marked
from rcs_pipeline.intake.news import COUNTING
from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.intake.withdrawn import pseudonyms
from rcs_pipeline.ledger.decisions import Undertaking
from rcs_pipeline.ledger.paths import file_hash, whole_file
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GONE = "gone"
KEPT_OF_A_FINDING = ("rule_id", "severity", "sheet", "source_row", "column_name")
WITHDRAWN_WORDS = "The row was withdrawn."


@contextmanager
def engine(workspace: Workspace) -> Iterator[DuckDBPyConnection]:
    """A connection that spills under the home."""
    import duckdb

    spill = workspace.paths.work / "rewrite-spill"
    with duckdb.connect(config={"temp_directory": str(spill)}) as connection:
        connection.execute("set enable_progress_bar = false")
        if workspace.settings.threads:
            connection.execute(f"set threads = {workspace.settings.threads}")
        yield connection


def scan(path: Path) -> str:
    """A stored file as a relation: its own columns and none that its folder's name would add."""
    return f"read_parquet({text(path)}, hive_partitioning = false)"


def count(connection: DuckDBPyConnection, relation: str) -> int:
    """How many rows a relation has."""
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def present(workspace: Workspace, receipt: Receipt) -> Receipt:
    """The receipt with the stored files that are there; those of rows that count must be.

    Raises:
        RcsError: rows that count, or wait to, are gone.
    """
    changes: dict[str, Any] = {}
    for field in ("raw_path", "quarantine_path"):
        place = getattr(receipt, field)
        if place and not (workspace.paths.home / place).is_file():
            if receipt.state in COUNTING:
                raise RcsError(
                    f"The stored rows of receipt {receipt.id} are gone", where=place,
                    todo="Ingest that file again, then run the command again.",
                )  # fmt: skip
            changes[field] = None
    return replace(receipt, **changes)


def without(
    connection: DuckDBPyConnection, workspace: Workspace, receipt: Receipt, listed: str, begun: Undertaking
) -> tuple[Receipt, int]:
    """Write the stored files of a delivery anew without the rows for which `listed` is true.

    Returns the receipt with its new places and counts, and how many rows are gone. With none, nothing is
    written.

    Raises:
        RcsError: rows that count are gone.
        duckdb.Error: a file is broken.
    """
    home = workspace.paths.home
    receipt = present(workspace, receipt)
    places = [place for place in (receipt.raw_path, receipt.quarantine_path) if place]
    rows = " union all ".join(
        f"select source_row, {number} as place from {scan(home / place)} where {listed}"
        for number, place in enumerate(places)
    )
    if not places:
        return receipt, 0
    connection.execute(f"create or replace temp table {GONE} as {rows}")
    gone = count(connection, GONE)
    if not gone:
        return receipt, 0
    accepted = count(connection, f"{GONE} where place = 0") if receipt.raw_path else 0
    changes: dict[str, Any] = {}
    if receipt.raw_path:
        place = marked(receipt.raw_path, begun)
        _copy(connection, f"select * from {scan(home / receipt.raw_path)} where not ({listed})", home / place)
        changes |= {"raw_path": place, "raw_sha256": file_hash(home / place)}
    left = receipt.rows_quarantined - (gone - accepted)
    if receipt.quarantine_path and left:
        place = marked(receipt.quarantine_path, begun)
        source = scan(home / receipt.quarantine_path)
        _copy(connection, f"select * from {source} where not ({listed})", home / place)
        changes["quarantine_path"] = place
    elif receipt.quarantine_path:
        changes["quarantine_path"] = None
    if receipt.findings_path and (home / receipt.findings_path).is_file():
        changes["findings_path"] = _blank(connection, home, receipt.findings_path, begun)
    counted = "rows_waiting" if receipt.rows_waiting else "rows_accepted"
    changes |= {
        counted: getattr(receipt, counted) - accepted,
        "rows_quarantined": left,
        "rows_withdrawn": receipt.rows_withdrawn + gone,
    }
    return replace(receipt, **changes), gone


def rehashed(
    connection: DuckDBPyConnection, workspace: Workspace, contract: DeliveryContract, receipt: Receipt,
    hashed: str, begun: Undertaking,
) -> Receipt:  # fmt: skip
    """Write the stored rows of a delivery anew with other pseudonyms.

    `hashed`: SQL with `{}` for the old one.
    """
    home, changes = workspace.paths.home, dict[str, Any]()
    receipt = present(workspace, receipt)
    for field in ("raw_path", "quarantine_path"):
        place = getattr(receipt, field)
        if place is None:
            continue
        held = _columns(connection, home / place)
        columns = [name for name in pseudonyms(contract) if name.strip('"') in held]
        new = ", ".join(f"{hashed.format(name)} as {name}" for name in columns)
        star = f"* replace ({new})" if columns else "*"
        changes[field] = marked(place, begun)
        _copy(connection, f"select {star} from {scan(home / place)}", home / changes[field])
        if field == "raw_path":
            changes["raw_sha256"] = file_hash(home / changes[field])
    return replace(receipt, **changes)


def _blank(connection: DuckDBPyConnection, home: Path, place: str, begun: Undertaking) -> str:
    """Findings about rows that are gone say no more than which rule they broke."""
    source = scan(home / place)
    held = _columns(connection, home / place)
    about = f"source_row in (select source_row from {GONE})"
    new = {"message": text(WITHDRAWN_WORDS)}
    columns = ", ".join(
        quoted(name)
        if name in KEPT_OF_A_FINDING
        else f"case when {about} then {new.get(name, 'null')} else {quoted(name)} end as {quoted(name)}"
        for name in held
    )
    target = marked(place, begun)
    _copy(connection, f"select {columns} from {source}", home / target, "compression zstd")
    return target


def _columns(connection: DuckDBPyConnection, path: Path) -> list[str]:
    return [row[0] for row in connection.execute(f"describe select * from {scan(path)}").fetchall()]


def _copy(connection: DuckDBPyConnection, select: str, target: Path, *options: str) -> None:
    with whole_file(target) as temporary:
        written = ", ".join(("format parquet", *options))
        connection.execute(f"copy ({select}) to {text(temporary)} ({written})")
