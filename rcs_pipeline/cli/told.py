"""What is said about a receipt and its findings, by every verb in the same words.

Belongs here: sentences about deliveries, and the exit code that they amount to.
Does not belong here: any verb.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import ExitCode

if TYPE_CHECKING:
    from rcs_pipeline.intake.report import Problem
    from rcs_pipeline.ledger.records import Receipt
    from rcs_pipeline.ledger.workspace import Workspace

PROBLEMS_SHOWN = 20


def sentence(receipt: Receipt) -> str:
    """What was decided about a delivery, with its counts and the reason."""
    from rcs_pipeline.intake.life import counts

    reason = f" {receipt.reason.strip()}" if receipt.reason else ""
    number = f"receipt {receipt.id}, " if receipt.id else ""
    return f"{number}{receipt.state.value.replace('_', ' ')}: {counts(receipt)}.{reason}"


def shortened(found: Sequence[Problem]) -> list[str]:
    """The first problems, and how many more kinds there are."""
    shown = [str(item) for item in found[:PROBLEMS_SHOWN]]
    if len(found) > PROBLEMS_SHOWN:
        shown.append(f"... and {len(found) - PROBLEMS_SHOWN} more kinds of problem.")
    return shown


def stored_problems(space: Workspace, receipt: Receipt) -> tuple[Problem, ...]:
    """The stored findings of a delivery, folded as when it was taken in."""
    import duckdb

    from rcs_pipeline.intake.findings import TABLE
    from rcs_pipeline.intake.report import problems

    path = space.paths.home / (receipt.findings_path or "")
    if not path.is_file():
        return ()
    with duckdb.connect() as connection:
        connection.read_parquet(str(path)).create_view(TABLE)
        return tuple(problems(connection))


def exit_code(receipts: Sequence[Receipt]) -> ExitCode:
    """Refused before waiting before quarantined before nothing new."""
    from rcs_pipeline.ledger.records import ReceiptState

    states = {item.state for item in receipts}
    if states & {ReceiptState.REFUSED, ReceiptState.OUT_OF_ORDER}:
        return ExitCode.FINDINGS
    if ReceiptState.WAITING in states:
        return ExitCode.WAITING
    if any(item.rows_quarantined for item in receipts):
        return ExitCode.FINDINGS
    return ExitCode.NOTHING_TO_DO if states == {ReceiptState.DUPLICATE} else ExitCode.OK


def next_of(receipt: Receipt) -> str:
    """The command that takes a delivery further; empty where there is none."""
    from rcs_pipeline.ledger.records import ReceiptState

    if receipt.state is ReceiptState.WAITING:
        return f"rcs confirm {receipt.id or 'RECEIPT'} --as NAME --reason ... (or --reject)"
    if receipt.state is ReceiptState.REFUSED and receipt.id:
        return f"rcs show {receipt.id}"
    return "rcs build" if receipt.state is ReceiptState.ACCEPTED else ""
