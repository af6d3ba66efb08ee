"""Taking in a delivery: examine, store, and write the receipt last.

Belongs here: the order of the steps, supersession, receipts.
Does not belong here: judging (see `examine`), files that change nothing (see `news`), the copy that is
kept (see `originals`).

A process killed at any point leaves at most files that no receipt names; the next run of the same
file overwrites them with the same content.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake import findings, store
from rcs_pipeline.intake.ahead import Begun
from rcs_pipeline.intake.examine import Examined, needs_key
from rcs_pipeline.intake.examining import examining, in_use
from rcs_pipeline.intake.journal import mend
from rcs_pipeline.intake.news import not_news
from rcs_pipeline.intake.originals import Copy, copying, keep_original, original
from rcs_pipeline.intake.recognise import Recognised, recognise, state_of
from rcs_pipeline.intake.report import Problem, problems
from rcs_pipeline.ledger.decisions import YES
from rcs_pipeline.ledger.keys import remember_keys
from rcs_pipeline.ledger.paths import TEMPORARY, file_hash, sweep
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace

KEPT_FINDINGS, KEPT_ROWS = "findings.parquet", "accepted.parquet"


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
        return _judgement(_receipt(workspace, examined, path.name), examined)


def take_in(
    workspace: Workspace,
    path: Path,
    dataset: str,
    collection: str,
    supplier: str | None = None,
    as_of: date | None = None,
    again: bool = False,
    begun: Begun | None = None,
) -> Judgement:
    """Judge a file, store what was decided, and enter the receipt.

    The same bytes again for the same dataset and collection are entered as a duplicate and change
    nothing, unless what was stored of them is gone or was changed: then they are taken in anew. Bytes
    that a later file has superseded, and a file for an earlier day than the current one's, are out of order
    and change nothing either. A different file supersedes the current one in the same transaction as its
    receipt; with unusual findings it waits for a yes first (see `confirm`).

    Args:
        workspace: the home.
        path: the file.
        dataset: the kind of delivery.
        collection: the collection it belongs to.
        supplier: who sent it; otherwise whom the register names.
        as_of: the day that the sender says the file stands for.
        again: take in bytes that were superseded or withdrawn as if they had never been here.
        begun: what was judged of the file before its turn.

    Raises:
        LockedError: another process is writing.
        RcsError: no such file, dataset or collection; no key; the file changed while it was read.
    """
    before = begun.before if begun else state_of(path)
    recognised = begun.recognised if begun else recognise(path)
    told_name = workspace.catalogue.delivery(dataset).without_identifiers(path.name, findings.WITHHELD)
    workspace.catalogue.register.collection(collection)
    with workspace.writing():
        mend(workspace)
        clear_leftovers(workspace)
        arrival = _arrival(workspace, path)
        known = workspace.ledger.receipts(dataset=dataset, collection=collection, sha256=recognised.sha256)
        decided = [item for item in known if arrival is not None and item.arrival == arrival]
        if decided:
            # The process died after the receipt and before the file left the inbox: nothing arrived twice.
            return Judgement(decided[-1], (), {})
        earlier = not_news(workspace, recognised, dataset, collection, as_of=as_of, again=again)
        if earlier is not None:
            if earlier.state is ReceiptState.OUT_OF_ORDER and not known:
                _keep_unchanged(workspace, recognised, before)
            receipt = replace(earlier, file_name=told_name, supplier=supplier, arrival=arrival)
            return Judgement(workspace.ledger.add_receipt(receipt), (), {})
        with (
            copying(workspace, recognised) as copied,
            _examined(workspace, recognised, dataset, collection, supplier, begun) as examined,
        ):
            if examined.withdrawn:
                # Kept, the original would hold what was to be erased.
                _require_unchanged(recognised, before)
            else:
                _keep_unchanged(workspace, recognised, before, copied)
            receipt = _receipt(workspace, examined, path.name, known)
            receipt = replace(receipt, arrival=arrival, as_of=str(as_of) if as_of else None)
            return _judgement(_store(workspace, examined, receipt), examined)


def _examined(
    workspace: Workspace, recognised: Recognised, dataset: str, collection: str, supplier: str | None,
    begun: Begun | None,
) -> AbstractContextManager[Examined]:  # fmt: skip
    if begun is not None:
        return nullcontext(begun.examined)
    return examining(workspace, recognised, dataset, collection, supplier)


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


def _keep_unchanged(
    workspace: Workspace, recognised: Recognised, before: tuple[int, ...], copied: Copy | None = None
) -> None:
    """Keep the original; what was hashed, judged and kept must be one and the same file."""
    was_kept = original(workspace, recognised).exists()
    kept = keep_original(workspace, recognised, copied)
    try:
        _require_unchanged(recognised, before)
    except RcsError:
        if not was_kept:
            kept.unlink()
        raise


def _require_unchanged(recognised: Recognised, before: tuple[int, ...]) -> None:
    if state_of(recognised.path) != before:
        raise RcsError(
            "The file changed while it was read",
            where=str(recognised.path),
            todo="Wait until it has arrived whole and run the command again; nothing was stored.",
        )


def _arrival(workspace: Workspace, path: Path) -> str | None:
    """Names one file lying in the inbox; None for a file from elsewhere, which stays where it is."""
    if workspace.paths.inbox.resolve() not in path.absolute().resolve().parents:
        return None
    return "-".join(str(part) for part in state_of(path))


def _receipt(
    workspace: Workspace, examined: Examined, file_name: str, known: Sequence[Receipt] = ()
) -> Receipt:
    refused = examined.reason is not None
    kept = 0 if refused else examined.rows - examined.rejected - examined.withdrawn
    waits = not refused and bool(examined.unusual) and not _answered(workspace, examined, known)
    state = ReceiptState.WAITING if waits else ReceiptState.ACCEPTED
    reason = examined.reason
    if waits:
        rules = ", ".join(f"{rule} ({count})" for rule, count in examined.unusual.items())
        reason = f"Unusual, so it waits for a yes: {rules}."
    return Receipt(
        received_at=workspace.now(),
        dataset=examined.contract.dataset,
        collection=examined.collection.key,
        sha256=examined.recognised.sha256,
        file_name=examined.contract.without_identifiers(file_name, findings.WITHHELD),
        size_bytes=examined.recognised.size_bytes,
        state=ReceiptState.REFUSED if refused else state,
        claimed_name=workspace.settings.name,
        os_account=workspace.settings.os_account,
        format=examined.recognised.format.value if examined.recognised.format else None,
        supplier=examined.supplier,
        contract_id=examined.contract.id,
        contract_version=examined.contract.version,
        rows_in=examined.rows,
        rows_accepted=0 if waits else kept,
        rows_waiting=kept if waits else 0,
        rows_quarantined=0 if refused else examined.rejected,
        rows_withdrawn=0 if refused else examined.withdrawn,
        rows_refused=examined.rows if refused else 0,
        reason=reason,
    )


def _answered(workspace: Workspace, examined: Examined, known: Sequence[Receipt]) -> bool:
    """Whether somebody has said yes to these very findings about these very bytes before."""
    given = [answer for item in known for answer in workspace.ledger.confirmations(item.id)]
    return bool(given) and given[-1].answer == YES and given[-1].findings == examined.unusual


def _store(workspace: Workspace, examined: Examined, receipt: Receipt) -> Receipt:
    """Write the Parquet files, then the receipt that makes them count."""
    paths, name = workspace.paths, f"{receipt.sha256[:16]}.parquet"
    place = Path(receipt.dataset) / f"collection={receipt.collection}" / name
    changes: dict[str, Any] = {"findings_path": f"findings/{place.as_posix()}"}
    changes["findings"] = store.store_findings(examined.connection, paths.findings / place)
    replaces, also = None, []
    if receipt.state is not ReceiptState.REFUSED:
        arguments = (examined.connection, examined.contract, examined.first_row)
        store.store_accepted(*arguments, paths.raw / place)
        changes["raw_path"] = f"raw/{place.as_posix()}"
        changes["raw_sha256"] = file_hash(paths.raw / place)
        if receipt.rows_quarantined:
            store.store_quarantined(*arguments, paths.quarantine / place)
            changes["quarantine_path"] = f"quarantine/{place.as_posix()}"
        if needs_key(examined.contract):
            remember_keys(workspace, workspace.pseudonym_keys())
        here = {"dataset": receipt.dataset, "collection": receipt.collection}
        also = workspace.ledger.receipts(state=ReceiptState.WAITING.value, **here)
        current = workspace.ledger.current_receipts(**here)
        replaces = current[0] if current and receipt.state is ReceiptState.ACCEPTED else None
    complete = replace(receipt, **changes)
    return workspace.ledger.add_receipt(complete, replaces=replaces, also=also)


def _judgement(receipt: Receipt, examined: Examined) -> Judgement:
    return Judgement(
        receipt=receipt,
        problems=tuple(problems(examined.connection)),
        severities=findings.worst_by_severity(examined.connection),
    )
