"""Which delivery a person means: a receipt number, or the beginning of a sha256.

Belongs here: finding it. Does not belong here: telling its life (see `life`).
"""

from __future__ import annotations

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace


def deliveries_named(workspace: Workspace, name: str) -> list[Receipt]:
    """The receipt with this number, or every receipt whose sha256 begins so, oldest first.

    Raises:
        RcsError: there is none.
    """
    known = workspace.ledger.receipts()
    found = [item for item in known if str(item.id) == name] or [
        item for item in known if name and item.sha256.startswith(name)
    ]
    if not found:
        raise RcsError(
            f"No receipt has the number or sha256 `{name}`", todo="`rcs status` says what arrived."
        )
    return found


def delivery_named(workspace: Workspace, name: str) -> Receipt:
    """The one delivery that is meant: the last receipt of these bytes that is not a repetition.

    Raises:
        RcsError: there is none, or several collections have received files that begin so.
    """
    found = deliveries_named(workspace, name)
    if len({(item.sha256, item.dataset, item.collection) for item in found}) > 1:
        numbers = ", ".join(str(item.id) for item in found)
        raise RcsError(f"Several deliveries begin with `{name}`", expected=f"one of the receipts {numbers}")
    repeats = (ReceiptState.DUPLICATE, ReceiptState.OUT_OF_ORDER)
    decided = [item for item in found if item.state not in repeats]
    return (decided or found)[-1]
