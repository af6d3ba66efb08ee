"""Files that change nothing: the same bytes again, or a file older than the one that counts.

Belongs here: what the ledger knows of these bytes and this day, and the receipt that says so.
Does not belong here: taking in what is new (see `delivery`).
"""

from __future__ import annotations

from datetime import date

from rcs_pipeline.intake.recognise import Recognised
from rcs_pipeline.ledger.paths import file_hash
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace

SETTLED = (
    ReceiptState.ACCEPTED, ReceiptState.SUPERSEDED, ReceiptState.WITHDRAWN, ReceiptState.WAITING,
)  # fmt: skip
COUNTING = (ReceiptState.ACCEPTED, ReceiptState.WAITING)


def not_news(
    workspace: Workspace,
    recognised: Recognised,
    dataset: str,
    collection: str,
    *,
    as_of: date | None = None,
    again: bool = False,
) -> Receipt | None:
    """The receipt of a file that is a duplicate or out of order, without its name; None for any other.

    Args:
        workspace: whose ledger is asked.
        recognised: the file.
        dataset: the kind of delivery.
        collection: the collection it belongs to.
        as_of: the day that the sender says the file stands for.
        again: bytes that were superseded or withdrawn are as good as new.
    """
    here = {"dataset": dataset, "collection": collection}
    current = next(iter(workspace.ledger.current_receipts(**here)), None)
    known = workspace.ledger.receipts(sha256=recognised.sha256, **here)
    settled = [item for item in known if item.state in SETTLED]
    told = None
    if settled and not any(is_damaged(workspace, item) for item in settled):
        told = _same_bytes(settled[-1], current, again=again)
    elif not settled and as_of is not None and current is not None and str(as_of) < (current.as_of or ""):
        told = (
            ReceiptState.OUT_OF_ORDER,
            (
                f"The file stands for {as_of}, an earlier day than receipt {current.id} ({current.as_of}), "
                "which still counts. The file was kept, and not read."
            ),
        )
    if told is None:
        return None
    return Receipt(
        received_at=workspace.now(), sha256=recognised.sha256, file_name="",
        size_bytes=recognised.size_bytes, state=told[0], reason=told[1],
        claimed_name=workspace.settings.name, os_account=workspace.settings.os_account,
        format=recognised.format.value if recognised.format else None,
        as_of=str(as_of) if as_of else None, dataset=dataset, collection=collection,
    )  # fmt: skip


def is_damaged(workspace: Workspace, receipt: Receipt) -> bool:
    """Whether rows that count, or wait to, are no longer in the raw lake as they were stored."""
    if receipt.state not in COUNTING or receipt.raw_path is None:
        return False
    path = workspace.paths.home / receipt.raw_path
    return not path.is_file() or receipt.raw_sha256 not in (None, file_hash(path))


def _same_bytes(last: Receipt, current: Receipt | None, *, again: bool) -> tuple[ReceiptState, str] | None:
    same = f"The same bytes as receipt {last.id}"
    if last.state in (ReceiptState.SUPERSEDED, ReceiptState.WITHDRAWN) and again:
        return None
    if last.state is ReceiptState.SUPERSEDED:
        if current is None:
            return None  # what came after was withdrawn: nothing newer stands in the way
        return ReceiptState.OUT_OF_ORDER, (
            f"{same}, which a later file superseded: receipt {current.id} still counts. "
            "If the older file is the right one, ingest it with `--again`."
        )
    if last.state is ReceiptState.WITHDRAWN:
        return ReceiptState.DUPLICATE, (
            f"{same}, which was withdrawn, so nothing of it counts. "
            "If the withdrawal was a mistake, ingest the file with `--again`."
        )
    waits = f", which waits for a yes: `rcs confirm {last.id}`" if last.rows_waiting else ""
    return ReceiptState.DUPLICATE, f"{same}{waits}."
