"""Taking out on request: pupils whose consent was withdrawn, or a whole delivery.

Belongs here: hashing the list, finding the rows, erasing them, and naming the releases that held them.
Does not belong here: leaving the same pupils out of later files (see `withdrawn`), taking back a release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.examine import needs_key
from rcs_pipeline.intake.journal import (
    erased,
    holders,
    pupil_tables,
    returned_place,
    stored_places,
    undertaking,
)
from rcs_pipeline.intake.pseudonymise import pseudonym, use_keys
from rcs_pipeline.intake.pupil_list import read_list
from rcs_pipeline.intake.rewrite import count, engine, present, scan, without
from rcs_pipeline.intake.sql import text
from rcs_pipeline.intake.withdrawn import PSEUDONYM, listed, pseudonyms
from rcs_pipeline.ledger.decisions import Undertaking, Withdrawal
from rcs_pipeline.ledger.keys import keys_in_use, remember_keys
from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAMED = "named"


@dataclass(frozen=True)
class Taken:
    """What a withdrawal took out. `releases` held some of it; they are immutable and still out."""

    withdrawal: Withdrawal
    candidates: tuple[str, ...]


def withdraw_pupils(workspace: Workspace, file: Path, reason: str, dataset: str | None = None) -> Taken:
    """Erase every row of the listed pupils, and leave them out of later deliveries.

    Args:
        workspace: the home.
        file: identifiers, one a line or in a column named like the contract's; never stored or echoed.
        reason: why.
        dataset: only of this kind of delivery.

    Raises:
        RcsError: the list cannot be read, or a line of it is no identifier.
        NothingToDoError: these pupils are withdrawn already, and no row of theirs is there.
        LockedError: another process is writing.
    """
    contracts = _contracts(workspace, dataset)
    keys = keys_in_use(workspace)
    lines = read_list(file, contracts.values())
    subject = dataset or "every dataset"
    with undertaking(workspace, "withdraw", subject) as begun, engine(workspace) as connection:
        use_keys(connection, keys)
        place = f"withdrawn/pupils{begun.mark}.parquet"
        pupils = _hash(connection, workspace, lines, place)
        known = _known(connection, workspace, dataset, place)
        receipts, gone, found = _take_out(connection, workspace, contracts, place, begun)
        if not receipts and known == pupils:
            raise NothingToDoError(
                f"All {pupils} pupils are withdrawn already, and none of their rows is here",
                todo="`rcs build` makes a candidate without them, if that has not been done.",
            )
        remember_keys(workspace, keys)
        entry = Withdrawal(
            kind="pupils", at=workspace.now(), reason=reason, claimed_name=workspace.settings.name,
            os_account=workspace.settings.os_account, dataset=dataset, pupils=pupils, found=found,
            rows=sum(gone.values()), list_path=place, deliveries=gone,
        )  # fmt: skip
        return _commit(workspace, begun, entry, receipts)


def withdraw_delivery(workspace: Workspace, receipt: Receipt, reason: str) -> Taken:
    """Erase all that was stored of a delivery; its rows count as withdrawn.

    Raises:
        NothingToDoError: it was withdrawn before.
        RcsError: nothing of it was ever stored.
        LockedError: another process is writing.
    """
    with undertaking(workspace, "withdraw", f"receipt {receipt.id}") as begun:
        now = workspace.ledger.receipt(receipt.id)
        if now.state is ReceiptState.WITHDRAWN:
            raise NothingToDoError(f"Receipt {now.id} is withdrawn already")
        if now.raw_path is None:
            raise RcsError(
                f"Nothing of receipt {now.id} counts or counted: it is {now.state.value}",
                expected="a delivery that was accepted, waits, or was superseded",
            )
        rows = now.rows_accepted + now.rows_quarantined + now.rows_waiting
        gone = replace(
            erased(now), state=ReceiptState.WITHDRAWN, rows_accepted=0, rows_quarantined=0, rows_waiting=0,
            rows_withdrawn=now.rows_withdrawn + rows, findings_path=None, reason=f"Withdrawn: {reason}",
        )  # fmt: skip
        entry = Withdrawal(
            kind="delivery", at=workspace.now(), reason=reason, claimed_name=workspace.settings.name,
            os_account=workspace.settings.os_account, dataset=now.dataset, rows=rows,
            deliveries={str(now.id): rows},
        )  # fmt: skip
        # Bytes that were taken in twice because their file was damaged share one place.
        same = workspace.ledger.receipts(raw_path=now.raw_path)
        others = {item: erased(item) for item in same if item.id != now.id}
        return _commit(workspace, begun, entry, {now: gone, **others})


def _commit(
    workspace: Workspace, begun: Undertaking, entry: Withdrawal, receipts: dict[Receipt, Receipt]
) -> Taken:
    """One transaction: counts, the decision with the releases that it concerns, the audit events."""
    candidates, releases = holders(workspace, receipts)
    entry = replace(entry, releases=releases)
    events = [
        workspace.event(
            "withdraw",
            f"receipt {before.id}",
            kind=entry.kind,
            reason=entry.reason,
            releases=list(releases),
            rows=after.rows_withdrawn - before.rows_withdrawn,
        )
        for before, after in receipts.items()
    ] or [workspace.event("withdraw", begun.subject, kind=entry.kind, reason=entry.reason, rows=0)]
    old = [
        place
        for before, after in receipts.items()
        for place in stored_places(before)
        if place not in stored_places(after)
    ]
    # An original cannot be edited without ceasing to be one: kept, it would hold what was withdrawn.
    originals = [f"originals/{before.sha256}" for before in receipts]
    workspace.ledger.commit(
        begun, at=workspace.now(), receipts=receipts.values(), entries=[entry], events=events,
        erase=[*old, *originals, *map(returned_place, receipts), *pupil_tables(workspace, receipts)],
    )  # fmt: skip
    return Taken(entry, candidates)


def _contracts(workspace: Workspace, dataset: str | None) -> dict[str, DeliveryContract]:
    named = [workspace.catalogue.delivery(dataset)] if dataset else workspace.catalogue.deliveries.values()
    contracts = {item.dataset: item for item in named if needs_key(item)}
    if not contracts:
        raise RcsError(
            "No contract has an identifier that becomes a pseudonym", where=dataset or "",
            todo="Take out the whole delivery instead: `rcs withdraw --delivery`.",
        )  # fmt: skip
    return contracts


def _take_out(
    connection: DuckDBPyConnection, workspace: Workspace, contracts: dict[str, DeliveryContract], place: str,
    begun: Undertaking,
) -> tuple[dict[Receipt, Receipt], dict[str, int], int]:  # fmt: skip
    """Write every delivery that holds listed pupils anew. Counts of rows by receipt, and of pupils found."""
    import duckdb

    changed: dict[Receipt, Receipt] = {}
    gone: dict[str, int] = {}
    seen = ["select null as pupil where false"]
    home, file = workspace.paths.home, workspace.paths.home / place
    for receipt in workspace.ledger.receipts():
        if receipt.dataset not in contracts:
            continue
        contract = contracts[receipt.dataset]
        try:
            after, rows = without(connection, workspace, receipt, listed(contract, [file]), begun)
        except (duckdb.Error, OSError):
            raise RcsError(
                f"The stored rows of receipt {receipt.id} cannot be read",
                where=receipt.raw_path or "", todo="Ingest that file again, then withdraw.",
            ) from None  # fmt: skip
        if rows:
            changed[receipt], gone[str(receipt.id)] = after, rows
            stored = present(workspace, receipt)
            names = ", ".join(pseudonyms(contract))
            seen += [
                f"select unnest([{names}]) from {scan(home / item)}"
                for item in (stored.raw_path, stored.quarantine_path)
                if item
            ]
    found = count(connection, f"{scan(file)} where {PSEUDONYM} in ({' union '.join(seen)})")
    return changed, gone, found


def _hash(connection: DuckDBPyConnection, workspace: Workspace, lines: list[str], place: str) -> int:
    """Store the pseudonyms of the listed identifiers. Returns how many pupils they are."""
    import pyarrow as arrow

    connection.register(NAMED, arrow.table({"line": arrow.array(lines, arrow.string())}))
    target = workspace.paths.home / place
    with whole_file(target) as temporary:
        connection.execute(
            f"copy (select distinct {pseudonym('line')} as {PSEUDONYM} from {NAMED} order by 1) "
            f"to {text(temporary)} (format parquet)"
        )
    connection.unregister(NAMED)
    return count(connection, scan(target))


def _known(connection: DuckDBPyConnection, workspace: Workspace, dataset: str | None, place: str) -> int:
    """How many of the pupils just listed are withdrawn already, as widely as is asked now."""
    earlier = [
        workspace.paths.home / item.list_path
        for item in workspace.ledger.withdrawals()
        if item.list_path and item.dataset in (None, dataset)
    ]
    if not earlier:
        return 0
    before = " union ".join(f"select {PSEUDONYM} from {scan(path)}" for path in earlier)
    return count(connection, f"{scan(workspace.paths.home / place)} where {PSEUDONYM} in ({before})")
