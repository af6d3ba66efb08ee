"""The answer to unusual findings: a named person's yes or no, with a reason.

Belongs here: letting the rows of a waiting delivery count, or refusing it.
Does not belong here: what is unusual (contracts say so), waiting itself (see `delivery`).
"""

from __future__ import annotations

from dataclasses import replace

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.journal import erased, mend, undertaking
from rcs_pipeline.intake.news import is_damaged
from rcs_pipeline.intake.sql import text
from rcs_pipeline.ledger.decisions import NO, YES, Confirmation
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace


def confirm(workspace: Workspace, receipt: Receipt, reason: str) -> Receipt:
    """Say that what is unusual about a delivery is right: its rows count from now on.

    Raises:
        NothingToDoError: the delivery does not wait.
        RcsError: its stored rows are gone or were changed.
        LockedError: another process is writing.
    """
    with workspace.writing():
        mend(workspace)
        waits = _waiting(workspace, receipt)
        if is_damaged(workspace, waits):
            raise RcsError(
                f"The stored rows of receipt {waits.id} are gone or were changed",
                where=str(waits.raw_path), todo="Ingest the same file again, then confirm.",
            )  # fmt: skip
        current = workspace.ledger.current_receipts(waits.dataset, waits.collection)
        before = [replace(item, state=ReceiptState.SUPERSEDED, superseded_by=waits.id) for item in current]
        accepted = replace(
            waits, state=ReceiptState.ACCEPTED, rows_accepted=waits.rows_waiting, rows_waiting=0,
            supersedes=current[0].id if current else None,
            reason=f"Unusual, and confirmed by {workspace.settings.name}: {reason}",
        )  # fmt: skip
        answer = _answer(workspace, waits, YES, reason)
        event = workspace.event("confirm", f"receipt {waits.id}", reason=reason, findings=answer.findings)
        workspace.ledger.enter(receipts=[*before, accepted], entries=[answer], events=[event])
    return workspace.ledger.receipt(waits.id)


def reject(workspace: Workspace, receipt: Receipt, reason: str) -> Receipt:
    """Say that what is unusual about a delivery is wrong: it is refused, and its stored rows are erased.

    Raises:
        NothingToDoError: the delivery does not wait.
        LockedError: another process is writing.
    """
    with undertaking(workspace, "confirm.reject", f"receipt {receipt.id}") as begun:
        waits = _waiting(workspace, receipt)
        refused = replace(
            erased(waits), state=ReceiptState.REFUSED, rows_waiting=0, rows_quarantined=0,
            rows_refused=waits.rows_in - waits.rows_withdrawn,
            reason=f"Unusual, and not confirmed by {workspace.settings.name}: {reason}",
        )  # fmt: skip
        answer = _answer(workspace, waits, NO, reason)
        event = workspace.event(
            "confirm.reject", f"receipt {waits.id}", reason=reason, findings=answer.findings
        )
        workspace.ledger.commit(
            begun, at=workspace.now(), receipts=[refused], entries=[answer], events=[event],
            erase=[place for place in (waits.raw_path, waits.quarantine_path) if place],
        )  # fmt: skip
    return workspace.ledger.receipt(waits.id)


def _waiting(workspace: Workspace, receipt: Receipt) -> Receipt:
    now = workspace.ledger.receipt(receipt.id)
    if now.state is not ReceiptState.WAITING:
        after = f" by receipt {now.superseded_by}" if now.superseded_by else ""
        raise NothingToDoError(
            f"Receipt {now.id} does not wait for a yes: it is {now.state.value}{after}",
            todo="`rcs status` says what waits.",
        )
    return now


def _answer(workspace: Workspace, receipt: Receipt, answer: str, reason: str) -> Confirmation:
    return Confirmation(
        receipt=receipt.id, answer=answer, at=workspace.now(), claimed_name=workspace.settings.name,
        os_account=workspace.settings.os_account, reason=reason, findings=unusual_of(workspace, receipt),
    )  # fmt: skip


def unusual_of(workspace: Workspace, receipt: Receipt) -> dict[str, int]:
    """The `confirm` findings of a stored delivery about the file and its kept rows: rule id -> how many."""
    import duckdb

    path = workspace.paths.home / (receipt.findings_path or "")
    if not path.is_file():
        return {}
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"with found as (select * from read_parquet({text(path)})) "
            "select rule_id, count(*) from found where severity = 'confirm' and (source_row is null or "
            "source_row not in (select source_row from found where severity = 'reject_row' "
            "and source_row is not null)) group by rule_id order by rule_id"
        ).fetchall()
    return {str(rule): int(count) for rule, count in rows}
