"""Drift decided by a person: which header of a sender stands for which column, once and with a reason.

Belongs here: proposals that wait, accepting and dropping mappings.
Does not belong here: making a proposal (see `proposal`), applying a mapping (see `align`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.proposal import Proposal, from_findings, normal
from rcs_pipeline.intake.sender import sender_of
from rcs_pipeline.ledger.decisions import Mapping
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace


@dataclass(frozen=True)
class Waiting:
    """A refused delivery whose headers somebody has to decide on."""

    receipt: Receipt
    sender: str
    proposal: Proposal


@dataclass(frozen=True)
class Accepted:
    """What was accepted, and the columns that the sender's file still lacks."""

    sender: str
    mappings: tuple[Mapping, ...]
    missing: tuple[str, ...]


def waiting(workspace: Workspace) -> list[Waiting]:
    """The proposals of the last file of each dataset and collection, if it was refused for its headers."""
    last: dict[tuple[str, str], Receipt] = {}
    for receipt in workspace.ledger.receipts():
        if receipt.state is not ReceiptState.DUPLICATE:
            last[receipt.dataset, receipt.collection] = receipt
    found = []
    for receipt in last.values():
        proposal = proposal_of(workspace, receipt)
        if proposal is not None and not (proposal.empty and not proposal.missing):
            found.append(Waiting(receipt, _sender(workspace, receipt), proposal))
    return found


def proposal_of(workspace: Workspace, receipt: Receipt) -> Proposal | None:
    """What is still to be decided about the headers of a refused delivery; None where nothing is."""
    if receipt.state is not ReceiptState.REFUSED or receipt.dataset not in workspace.catalogue.deliveries:
        return None
    contract = workspace.catalogue.delivery(receipt.dataset)
    absent, unknown = _in_doubt(workspace, receipt)
    known = workspace.ledger.mappings_in_force(receipt.dataset, _sender(workspace, receipt))
    given = {item.ours for theirs, item in known.items() if theirs in {normal(name) for name in unknown}}
    return from_findings(
        [
            *(("RCS-F04", name) for name in absent if name not in given),
            *(("RCS-F05", name) for name in unknown if normal(name) not in known),
        ],
        contract,
    )


def accept(
    workspace: Workspace,
    receipt: Receipt,
    reason: str,
    *,
    columns: dict[str, str] | None = None,
    ignored: Iterable[str] = (),
) -> Accepted:
    """Accept the proposal as a whole, or only the given columns, for the sender of the delivery.

    Args:
        workspace: the home.
        receipt: a delivery that was refused for its headers.
        reason: why this is right.
        columns: their header -> our column; the proposal's without it.
        ignored: their headers to leave out.

    Raises:
        NothingToDoError: nothing is in doubt (any more).
        RcsError: a header is not among those in doubt, or a column not among those missing.
    """
    with workspace.writing():
        proposal = proposal_of(workspace, receipt)
        if proposal is None:
            raise NothingToDoError(
                f"No header of receipt {receipt.id} is in doubt", todo="`rcs map` lists what waits."
            )
        contract, sender = workspace.catalogue.delivery(receipt.dataset), _sender(workspace, receipt)
        left_out = tuple(ignored)
        if columns or left_out:
            pairs = _checked(workspace, receipt, contract, columns or {}, left_out)
        else:
            pairs = {**dict(proposal.renamed), **dict.fromkeys(proposal.ignored)}
        if not pairs:
            raise RcsError(
                f"Nothing in the file looks like {', '.join(proposal.missing)}",
                where=f"receipt {receipt.id}", todo="Name the pairs: `--column THEIRS=OURS`.",
            )  # fmt: skip
        made = tuple(
            Mapping(
                dataset=receipt.dataset, sender=sender, theirs=normal(theirs), ours=ours, receipt=receipt.id,
                accepted_at=workspace.now(), claimed_name=workspace.settings.name,
                os_account=workspace.settings.os_account, reason=reason,
            )
            for theirs, ours in pairs.items()
        )  # fmt: skip
        event = workspace.event(
            "map.accept", f"receipt {receipt.id}", sender=sender, reason=reason,
            mappings={item.theirs: item.ours for item in made},
        )  # fmt: skip
        workspace.ledger.enter(entries=made, events=[event])
        rest = proposal_of(workspace, receipt)
    return Accepted(sender, made, rest.missing if rest else ())


def drop(workspace: Workspace, number: int, reason: str) -> Mapping:
    """Take a mapping back; the sender's next file is stopped again.

    Raises:
        RcsError: there is no such mapping in force.
    """
    with workspace.writing():
        known = {item.id: item for item in workspace.ledger.mappings() if item.dropped_at is None}
        if number not in known:
            raise RcsError(f"No mapping {number} is in force", todo="`rcs map list` lists them.")
        dropped = replace(
            known[number], dropped_at=workspace.now(), dropped_by=workspace.settings.name,
            dropped_account=workspace.settings.os_account, drop_reason=reason,
        )  # fmt: skip
        subject = f"receipt {dropped.receipt}"
        event = workspace.event(
            "map.drop", subject, mapping=number, sender=dropped.sender, theirs=dropped.theirs, reason=reason
        )
        workspace.ledger.enter(entries=[dropped], events=[event])
    return dropped


def _checked(
    workspace: Workspace, receipt: Receipt, contract: DeliveryContract, columns: dict[str, str],
    ignored: tuple[str, ...],
) -> dict[str, str | None]:  # fmt: skip
    """The given pairs, each of a header in doubt and a column that the file lacks."""
    absent, unknown = _in_doubt(workspace, receipt)
    theirs = {normal(name) for name in unknown}
    names = [column.name for column in contract.columns]
    pairs: dict[str, str | None] = {normal(header): None for header in ignored}
    for header, ours in columns.items():
        if ours not in absent:
            near = get_close_matches(ours, absent, n=1)
            what = "stands in the file already" if ours in names else "is no column of the contract"
            expected = f"`{near[0]}`?" if near else f"a missing column: {', '.join(absent) or 'none'}"
            raise RcsError(f"`{ours}` {what}", where=receipt.dataset, expected=expected)
        if ours in pairs.values():
            raise RcsError(f"Two headers were given for `{ours}`", expected="one")
        pairs[normal(header)] = ours
    for header in pairs:
        if header not in theirs:
            expected = ", ".join(f"`{name}`" for name in unknown) or "none"
            raise RcsError(
                f"The file has no unknown header `{header}`", where=f"receipt {receipt.id}",
                expected=f"one of {expected}",
            )  # fmt: skip
    return pairs


def _in_doubt(workspace: Workspace, receipt: Receipt) -> tuple[list[str], list[str]]:
    """The missing columns and the unknown headers that the stored findings name."""
    import duckdb

    path = workspace.paths.home / (receipt.findings_path or "")
    if not path.is_file():
        return [], []
    with duckdb.connect() as connection:
        rows = connection.read_parquet(str(path)).filter("rule_id in ('RCS-F04', 'RCS-F05')")
        found = rows.project("rule_id, column_name").fetchall()
    absent = [str(name) for rule, name in found if rule == "RCS-F04"]
    return absent, [str(name) for rule, name in found if rule == "RCS-F05"]


def _sender(workspace: Workspace, receipt: Receipt) -> str:
    register = workspace.catalogue.register
    return sender_of(register, register.collection(receipt.collection), receipt.supplier)
