"""Erasing what was kept long enough, by the retention rules of the register.

Belongs here: what is due for erasing, why, and doing it with an audit line each.
Does not belong here: how long (see `data_contracts/register`), what somebody asked to be taken out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rcs_pipeline.contracts.register import Retention
from rcs_pipeline.intake.journal import mend, returned_place, undertaking
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace

FIELDS = {"quarantine": "quarantine_path", "findings": "findings_path"}


@dataclass(frozen=True)
class Due:
    """One file that has been kept long enough. `receipts`: the deliveries that it belongs to."""

    of: str
    place: str
    received: str
    days: int
    reason: str
    receipts: tuple[int, ...]


def due(workspace: Workspace) -> list[Due]:
    """Everything that the retention rules want erased today, oldest first."""
    receipts = workspace.ledger.receipts()
    found = [
        item
        for rule in workspace.catalogue.register.retention
        for item in (
            _originals(workspace, rule, receipts)
            if rule.of == "originals"
            else _named(workspace, rule, receipts)
        )
        if (workspace.clock() - datetime.fromisoformat(item.received)).days >= rule.days
    ]
    return sorted(found, key=lambda item: (item.received, item.place))


def purge(workspace: Workspace) -> list[Due]:
    """Erase what is due, for good. Returns what was erased; empty where nothing was due.

    Raises:
        LockedError: another process is writing.
    """
    with workspace.writing():
        mend(workspace)  # what a killed purge left is not due any more, and still there
        items = due(workspace)
        return _erase(workspace, items) if items else []


def _erase(workspace: Workspace, items: list[Due]) -> list[Due]:
    with undertaking(workspace, "purge", "retention") as begun:
        receipts = {item.id: item for item in workspace.ledger.receipts()}
        changed: dict[int, Receipt] = {}
        told = [number for item in items if item.of == "findings" for number in item.receipts]
        events = []
        for item in items:
            for number in item.receipts:
                if item.of in FIELDS:
                    before = changed.get(number, receipts[number])
                    changed[number] = replace(before, **{FIELDS[item.of]: None})  # type: ignore[arg-type]
            subject = f"receipt {item.receipts[-1]}" if item.receipts else item.place
            events.append(
                workspace.event(
                    "purge", subject, of=item.of, file=item.place, received=item.received, days=item.days,
                    reason=item.reason,
                )
            )  # fmt: skip
        workspace.ledger.commit(
            begun, at=workspace.now(), receipts=changed.values(), events=events,
            # What went back to the sender repeats the findings.
            erase=[*(item.place for item in items), *(returned_place(receipts[number]) for number in told)],
        )  # fmt: skip
    return items


def _originals(workspace: Workspace, rule: Retention, receipts: list[Receipt]) -> Iterator[Due]:
    """Originals by the last time their bytes arrived; without a receipt, by the time of the file."""
    if not workspace.paths.originals.is_dir():
        return
    for path in sorted(workspace.paths.originals.iterdir()):
        of_it = [item for item in receipts if item.sha256 == path.name]
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
        received = max((item.received_at for item in of_it), default=changed)
        numbers = tuple(item.id for item in of_it)
        yield Due(rule.of, f"originals/{path.name}", received, rule.days, rule.reason, numbers)


def _named(workspace: Workspace, rule: Retention, receipts: list[Receipt]) -> Iterator[Due]:
    """The files that receipts name; where several name one, the last arrival counts."""
    by_place: dict[str, list[Receipt]] = {}
    for item in receipts:
        place = getattr(item, FIELDS[rule.of])
        if place:
            by_place.setdefault(place, []).append(item)
    for place, of_it in by_place.items():
        received = max(item.received_at for item in of_it)
        numbers = tuple(item.id for item in of_it)
        yield Due(rule.of, place, received, rule.days, rule.reason, numbers)
