"""The whole life of one delivery, told from the ledger in the order in which it happened.

Belongs here: putting together what the ledger knows of a receipt.
Does not belong here: changing any of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rcs_pipeline.intake.journal import holders
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace

JUDGED = ("accepted", "quarantined", "withdrawn", "refused", "waiting")
WORDS = {
    "purge": "{of} erased by the retention rule ({reason})",
    "map.accept": "headers accepted for {sender}: {mappings} ({reason})",
    "map.drop": "mapping {mapping} of {sender} taken back ({reason})",
}


@dataclass(frozen=True)
class Step:
    """One thing that happened to a delivery."""

    at: str
    what: str
    by: str = ""

    def __str__(self) -> str:
        return f"{self.at}  {self.what}{f', by {self.by}' if self.by else ''}"


@dataclass(frozen=True)
class Life:
    """A delivery from its arrival to the releases that hold it."""

    receipt: Receipt
    steps: tuple[Step, ...]
    candidates: tuple[str, ...]
    releases: tuple[str, ...]


def life_of(workspace: Workspace, receipt: Receipt) -> Life:
    """Everything that the ledger knows about a delivery."""
    steps = sorted(_steps(workspace, receipt), key=lambda step: step.at)
    candidates, releases = holders(workspace, [receipt])
    return Life(receipt, tuple(steps), candidates, releases)


def counts(receipt: Receipt) -> str:
    """`12 rows in: 10 accepted, 2 quarantined`; what is none is not said, but for what was accepted."""
    parts = {name: getattr(receipt, f"rows_{name}") for name in JUDGED}
    said = [f"{rows:,} {name}" for name, rows in parts.items() if rows or name in JUDGED[:2]]
    return f"{receipt.rows_in:,} rows in, {', '.join(said)}"


def _steps(workspace: Workspace, receipt: Receipt) -> Iterator[Step]:
    who = _who(receipt.claimed_name, receipt.os_account)
    size = f"{receipt.size_bytes:,} bytes, {receipt.format or 'unknown format'}"
    sender = f" from {receipt.supplier}" if receipt.supplier else ""
    day = f", for {receipt.as_of}" if receipt.as_of else ""
    late = _late(workspace, receipt)
    yield Step(receipt.received_at, f"received `{receipt.file_name}` ({size}){sender}{day}{late}", who)
    if receipt.contract_id:
        contract = f"{receipt.contract_id} {receipt.contract_version}"
        yield Step(receipt.received_at, f"judged by {contract}: {receipt.findings:,} finding(s)")
    for answer in workspace.ledger.confirmations(receipt.id):
        rules = ", ".join(f"{rule} ({number})" for rule, number in answer.findings.items())
        said = f"unusual findings answered with {answer.answer}: {answer.reason} [{rules}]"
        yield Step(answer.at, said, _who(answer.claimed_name, answer.os_account))
    for item in workspace.ledger.withdrawals():
        rows = item.deliveries.get(str(receipt.id))
        if rows is not None:
            of = "the whole delivery" if item.kind == "delivery" else "pupils"
            held = f"; held by {', '.join(item.releases)}" if item.releases else ""
            said = f"{rows:,} row(s) withdrawn, {of}: {item.reason}{held}"
            yield Step(item.at, said, _who(item.claimed_name, item.os_account))
    for event in workspace.ledger.events(subject=f"receipt {receipt.id}"):
        if event.action in WORDS:
            said = WORDS[event.action].format(**event.detail)
            yield Step(event.at, said, _who(event.claimed_name, event.os_account))
    yield from _others(workspace, receipt)


def _others(workspace: Workspace, receipt: Receipt) -> Iterator[Step]:
    """What other receipts have to do with this one."""
    here = {"dataset": receipt.dataset, "collection": receipt.collection}
    for other in workspace.ledger.receipts(**here):
        if other.id == receipt.superseded_by or (
            receipt.state is ReceiptState.SUPERSEDED and other.supersedes == receipt.id
        ):
            yield Step(other.received_at, f"superseded by receipt {other.id} (`{other.file_name}`)")
        elif other.id == receipt.supersedes:
            yield Step(receipt.received_at, f"superseded receipt {other.id} (`{other.file_name}`)")
        elif other.sha256 == receipt.sha256 and other.id != receipt.id:
            yield Step(other.received_at, f"the same bytes in receipt {other.id}: {other.state.value}")


def _late(workspace: Workspace, receipt: Receipt) -> str:
    entries = {item.key: item for item in workspace.catalogue.register.collections}
    entry = entries.get(receipt.collection)
    due = entry.datasets.get(receipt.dataset) if entry else None
    days = (datetime.fromisoformat(receipt.received_at).date() - due).days if due else 0
    return f", {days:,} day(s) after the day it was due" if days > 0 else ""


def _who(claimed_name: str, os_account: str) -> str:
    return f"{claimed_name} (account {os_account})"
