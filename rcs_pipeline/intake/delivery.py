"""Taking in a delivery: examine, store, and write the receipt last.

Belongs here: the identity of deliveries (sha256 and ledger), duplicates, supersession, receipts.
Does not belong here: judging (see `examine`).

A process killed at any point leaves at most files that no receipt names; the next run of the same
file overwrites them with the same content.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake import findings, store
from rcs_pipeline.intake.examine import Examined, examining, in_use
from rcs_pipeline.intake.recognise import Recognised, recognise
from rcs_pipeline.intake.report import Problem, problems
from rcs_pipeline.ledger.paths import TEMPORARY, file_hash, sweep, whole_file
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace

PRIVATE_FILE = 0o600
KEPT_FINDINGS, KEPT_ROWS = "findings.parquet", "accepted.parquet"
SETTLED = (ReceiptState.ACCEPTED, ReceiptState.SUPERSEDED, ReceiptState.WITHDRAWN)


@dataclass(frozen=True)
class Judgement:
    """What was, or would be, decided about a file, with its problems folded for people."""

    receipt: Receipt
    problems: tuple[Problem, ...]
    severities: dict[Severity, int]


def check(
    workspace: Workspace, path: Path, dataset: str, collection: str, supplier: str | None = None,
    keep: Path | None = None,
) -> Judgement:  # fmt: skip
    """Judge a file and store nothing.

    Args:
        workspace: the home.
        path: the file.
        dataset: the kind of delivery.
        collection: the collection it belongs to.
        supplier: who sent it.
        keep: a folder of the caller's, for the findings and the rows that would be accepted.

    Raises:
        RcsError: no such file, dataset or collection; no key.
    """
    recognised = recognise(path)
    with examining(workspace, recognised, dataset, collection, supplier) as examined:
        if keep is not None:
            store.store_findings(examined.connection, keep / KEPT_FINDINGS)
            if examined.reason is None:
                rows = keep / KEPT_ROWS
                store.store_accepted(examined.connection, examined.contract, examined.first_row, rows)
        return _judgement(_receipt(workspace, examined, path.name, supplier), examined)


def take_in(
    workspace: Workspace, path: Path, dataset: str, collection: str, supplier: str | None = None
) -> Judgement:
    """Judge a file, store what was decided, and enter the receipt.

    The same bytes again for the same dataset and collection are entered as a duplicate and change
    nothing, unless what was stored of them is gone or was changed: then they are taken in anew. A
    different file supersedes the current one in the same transaction as its receipt.

    Raises:
        LockedError: another process is writing.
        RcsError: no such file, dataset or collection; no key; the file changed while it was read.
    """
    before = _state(path)
    recognised = recognise(path)
    workspace.catalogue.delivery(dataset)
    workspace.catalogue.register.collection(collection)
    with workspace.writing():
        clear_leftovers(workspace)
        arrival = _arrival(workspace, path)
        known = workspace.ledger.receipts(dataset=dataset, collection=collection, sha256=recognised.sha256)
        decided = [item for item in known if arrival is not None and item.arrival == arrival]
        if decided:
            # The process died after the receipt and before the file left the inbox: nothing arrived twice.
            return Judgement(decided[-1], (), {})
        settled = any(item.state in SETTLED for item in known)
        if settled and not any(_is_damaged(workspace, item) for item in known):
            receipt = _duplicate(workspace, recognised, known[0], path.name, supplier)
            return Judgement(workspace.ledger.add_receipt(replace(receipt, arrival=arrival)), (), {})
        with examining(workspace, recognised, dataset, collection, supplier) as examined:
            _keep_unchanged(workspace, recognised, before)
            receipt = replace(_receipt(workspace, examined, path.name, supplier), arrival=arrival)
            return _judgement(_store(workspace, examined, receipt), examined)


def clear_leftovers(workspace: Workspace) -> None:
    """Delete what a killed process left half-written. Needs the writer lock.

    A `check` holds no lock: its folder under `work` stays as long as its process lives.
    """
    paths = workspace.paths
    for folder in (paths.originals, paths.raw, paths.quarantine, paths.findings):
        sweep(folder)
    for leftover in paths.work.glob(f"{TEMPORARY}*"):
        if not in_use(leftover):
            shutil.rmtree(leftover, ignore_errors=True)


def keep_original(workspace: Workspace, recognised: Recognised) -> Path:
    """Keep the file as it came, under its hash, readable by the owner only."""
    target = workspace.paths.originals / recognised.sha256
    if not target.exists():
        with whole_file(target) as temporary:
            shutil.copyfile(recognised.path, temporary)
            temporary.chmod(PRIVATE_FILE)
    return target


def _keep_unchanged(workspace: Workspace, recognised: Recognised, before: tuple[int, ...]) -> None:
    """Keep the original; what was hashed, judged and kept must be one and the same file."""
    was_kept = (workspace.paths.originals / recognised.sha256).exists()
    kept = keep_original(workspace, recognised)
    if _state(recognised.path) != before:
        if not was_kept:
            kept.unlink()
        raise RcsError(
            "The file changed while it was read",
            where=str(recognised.path),
            todo="Wait until it has arrived whole and run the command again; nothing was stored.",
        )


def _state(path: Path) -> tuple[int, ...]:
    """What changes when a file does; empty where there is none (`recognise` says so)."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _arrival(workspace: Workspace, path: Path) -> str | None:
    """Names one file lying in the inbox; None for a file from elsewhere, which stays where it is."""
    if workspace.paths.inbox.resolve() not in path.absolute().resolve().parents:
        return None
    return "-".join(str(part) for part in _state(path))


def _receipt(workspace: Workspace, examined: Examined, file_name: str, supplier: str | None) -> Receipt:
    refused = examined.reason is not None
    return Receipt(
        received_at=workspace.now(),
        dataset=examined.contract.dataset,
        collection=examined.collection.key,
        sha256=examined.recognised.sha256,
        file_name=file_name,
        size_bytes=examined.recognised.size_bytes,
        state=ReceiptState.REFUSED if refused else ReceiptState.ACCEPTED,
        claimed_name=workspace.settings.name,
        os_account=workspace.settings.os_account,
        format=examined.recognised.format.value if examined.recognised.format else None,
        supplier=supplier,
        contract_id=examined.contract.id,
        contract_version=examined.contract.version,
        rows_in=examined.rows,
        rows_accepted=0 if refused else examined.rows - examined.rejected,
        rows_quarantined=0 if refused else examined.rejected,
        rows_refused=examined.rows if refused else 0,
        reason=examined.reason,
    )


def _store(workspace: Workspace, examined: Examined, receipt: Receipt) -> Receipt:
    """Write the Parquet files, then the receipt that makes them count."""
    paths, name = workspace.paths, f"{receipt.sha256[:16]}.parquet"
    place = Path(receipt.dataset) / f"collection={receipt.collection}" / name
    changes: dict[str, Any] = {"findings_path": f"findings/{place.as_posix()}"}
    changes["findings"] = store.store_findings(examined.connection, paths.findings / place)
    replaces = None
    if receipt.state is ReceiptState.ACCEPTED:
        arguments = (examined.connection, examined.contract, examined.first_row)
        store.store_accepted(*arguments, paths.raw / place)
        changes["raw_path"] = f"raw/{place.as_posix()}"
        changes["raw_sha256"] = file_hash(paths.raw / place)
        if receipt.rows_quarantined:
            store.store_quarantined(*arguments, paths.quarantine / place)
            changes["quarantine_path"] = f"quarantine/{place.as_posix()}"
        current = workspace.ledger.current_receipts(receipt.dataset, receipt.collection)
        replaces = current[0] if current else None
    complete = replace(receipt, **changes)
    return workspace.ledger.add_receipt(complete, replaces=replaces)


def _is_damaged(workspace: Workspace, receipt: Receipt) -> bool:
    """Whether rows that count are no longer in the raw lake as they were stored."""
    if receipt.state is not ReceiptState.ACCEPTED or receipt.raw_path is None:
        return False
    path = workspace.paths.home / receipt.raw_path
    return not path.is_file() or receipt.raw_sha256 not in (None, file_hash(path))


def _duplicate(
    workspace: Workspace, recognised: Recognised, known: Receipt, file_name: str, supplier: str | None
) -> Receipt:
    return Receipt(
        received_at=workspace.now(),
        dataset=known.dataset,
        collection=known.collection,
        sha256=recognised.sha256,
        file_name=file_name,
        size_bytes=recognised.size_bytes,
        state=ReceiptState.DUPLICATE,
        claimed_name=workspace.settings.name,
        os_account=workspace.settings.os_account,
        format=known.format,
        supplier=supplier,
        reason=f"The same bytes as receipt {known.id}.",
    )


def _judgement(receipt: Receipt, examined: Examined) -> Judgement:
    return Judgement(
        receipt=receipt,
        problems=tuple(problems(examined.connection)),
        severities=findings.worst_by_severity(examined.connection),
    )
