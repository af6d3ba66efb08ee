"""What is due and what came of it: one line a collection and dataset.

Belongs here: comparing the register's dates with the ledger's receipts.
Does not belong here: the life of one file (see `life`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace

MISSING = "missing"
# A delivery that could be used, whatever became of it.
USABLE = (ReceiptState.ACCEPTED, ReceiptState.SUPERSEDED, ReceiptState.WAITING, ReceiptState.WITHDRAWN)
REPEATS = (ReceiptState.DUPLICATE, ReceiptState.OUT_OF_ORDER)


@dataclass(frozen=True)
class Standing:
    """Where a dataset of a collection stands.

    `days_late`: of the first usable file, or until today where there is none; 0 where it was in time; None
    where no day is set. `waiting`: the receipt that waits for a yes, beside whatever counts.
    """

    collection: str
    dataset: str
    due: date | None
    state: str
    days_late: int | None
    rows_accepted: int
    rows_quarantined: int
    rows_waiting: int
    rows_withdrawn: int
    receipts: int
    last_receipt: int | None
    waiting: int | None


def standings(workspace: Workspace, dataset: str | None = None) -> list[Standing]:
    """Every dataset that is due from a collection, in the order of the register."""
    received: dict[tuple[str, str], list[Receipt]] = {}
    for receipt in workspace.ledger.receipts():
        received.setdefault((receipt.collection, receipt.dataset), []).append(receipt)
    today = workspace.clock().date()
    return [
        _standing(collection.key, name, due, received.get((collection.key, name), []), today)
        for collection in workspace.catalogue.register.collections
        for name, due in collection.datasets.items()
        if dataset is None or name == dataset
    ]


def days_late(due: date | None, receipts: list[Receipt], today: date) -> int | None:
    """Days between the day something was due and the first usable file of it, or today."""
    if due is None:
        return None
    usable = [item for item in receipts if item.state in USABLE]
    arrived = datetime.fromisoformat(usable[0].received_at).date() if usable else today
    return max((arrived - due).days, 0)


def _standing(
    collection: str, dataset: str, due: date | None, receipts: list[Receipt], today: date
) -> Standing:
    current = next((item for item in receipts if item.state is ReceiptState.ACCEPTED), None)
    waiting = next((item for item in receipts if item.state is ReceiptState.WAITING), None)
    decided = [item for item in receipts if item.state not in REPEATS]
    if current is not None:
        state = ReceiptState.ACCEPTED.value
    elif waiting is not None:
        state = ReceiptState.WAITING.value
    else:
        state = decided[-1].state.value if decided else MISSING
    return Standing(
        collection=collection, dataset=dataset, due=due, state=state,
        days_late=days_late(due, receipts, today),
        rows_accepted=current.rows_accepted if current else 0,
        rows_quarantined=current.rows_quarantined if current else 0,
        rows_waiting=waiting.rows_waiting if waiting else 0,
        rows_withdrawn=sum(item.rows_withdrawn for item in (current, waiting) if item is not None),
        receipts=len(receipts), last_receipt=receipts[-1].id if receipts else None,
        waiting=waiting.id if waiting else None,
    )  # fmt: skip
