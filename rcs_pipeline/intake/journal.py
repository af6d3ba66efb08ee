"""Work on stored files that a crash at any moment leaves either undone or done.

Belongs here: beginning, undoing and completing an undertaking, and mending an interrupted one.
Does not belong here: what the work is (see `withdraw`, `rotate`, `purge`, `confirm`).

Stored files are never changed: an undertaking writes new ones whose names end in its mark, lets the ledger
name them instead of the old ones in one transaction, and erases the old ones. Cut short before that
transaction its files are removed and nothing happened; cut short after it, the erasing is completed by the
next command that takes in, withdraws, confirms, purges, rotates or builds.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rcs_pipeline.ledger.decisions import Undertaking
from rcs_pipeline.ledger.paths import sweep
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace

DATABASE = "warehouse.duckdb"


@contextmanager
def undertaking(workspace: Workspace, kind: str, subject: str) -> Iterator[Undertaking]:
    """Hold the writer lock, mend what was interrupted, begin; complete or undo when the block ends.

    The block commits through `ledger.commit`; a block that does not is undone.

    Raises:
        LockedError: another process is writing.
    """
    with workspace.writing():
        mend(workspace)
        begun = workspace.ledger.begin(
            Undertaking(
                kind=kind, subject=subject, started_at=workspace.now(),
                claimed_name=workspace.settings.name, os_account=workspace.settings.os_account,
            )
        )  # fmt: skip
        try:
            yield begun
        finally:
            mend(workspace)


def mend(workspace: Workspace) -> tuple[Undertaking, ...]:
    """Complete or undo what was interrupted; returns what it dealt with.

    Costs one query when there is nothing to do. Otherwise it takes the writer lock.
    """
    if not workspace.ledger.unfinished():
        return ()
    with workspace.writing():
        found = tuple(workspace.ledger.unfinished())
        for item in found:
            if item.committed_at is None:
                _undo(workspace, item)
            else:
                for place in item.detail["erase"]:
                    erase(workspace.paths.home / place)
            workspace.ledger.finish(item, workspace.now())
    return found


def marked(place: str, begun: Undertaking) -> str:
    """The name of the file that takes the place of `place`."""
    path = Path(place)
    stem = path.stem.partition("-u")[0]
    return path.with_name(f"{stem}{begun.mark}{path.suffix}").as_posix()


def erase(path: Path) -> None:
    """Remove a file or folder that may be gone already."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def pupil_tables(workspace: Workspace, receipts: Iterable[Receipt] | None = None) -> list[str]:
    """The unprotected databases of the candidates built from these deliveries (of all, if none are given)."""
    numbers = None if receipts is None else {item.id for item in receipts}
    return [
        f"{candidate.path}/{DATABASE}"
        for product in workspace.catalogue.products
        for candidate in workspace.ledger.candidates(product)
        if numbers is None or numbers & {int(item["receipt"]) for item in candidate.inputs}
    ]


def holders(workspace: Workspace, receipts: Iterable[Receipt]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The candidates that were built from these deliveries, and the releases made of them."""
    numbers = {item.id for item in receipts}
    candidates, releases = [], []
    for product in workspace.catalogue.products:
        held = {
            item.hash
            for item in workspace.ledger.candidates(product)
            if numbers & {int(known["receipt"]) for known in item.inputs}
        }
        candidates += sorted(held)
        releases += [
            f"{product} {item.version} ({item.status.value})"
            for item in workspace.ledger.releases(product)
            if item.candidate in held
        ]
    return tuple(candidates), tuple(releases)


def stored_places(receipt: Receipt) -> list[str]:
    """The files that a receipt names."""
    places = (receipt.raw_path, receipt.quarantine_path, receipt.findings_path)
    return [place for place in places if place]


def returned_place(receipt: Receipt) -> str:
    """Where the files that went back to the sender lie (see `returns`); they repeat values of the rows."""
    return f"reports/returns/{receipt.dataset}/{receipt.collection}/{receipt.sha256[:16]}"


def erased(receipt: Receipt) -> Receipt:
    """The same receipt, naming no rows any more."""
    return replace(receipt, raw_path=None, raw_sha256=None, quarantine_path=None)


def _undo(workspace: Workspace, begun: Undertaking) -> None:
    paths = workspace.paths
    for folder in (paths.raw, paths.quarantine, paths.findings, paths.withdrawn):
        sweep(folder)
        for path in folder.rglob(f"*{begun.mark}.parquet"):
            path.unlink()
