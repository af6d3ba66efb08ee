"""The inbox: `inbox/<dataset>/<collection>/<file>`. Identity comes from the folder, never the name.

Belongs here: finding files that have finished arriving, in the order their rules need.
Does not belong here: judging them (see `delivery`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.intake.delivery import Judgement, take_in
from rcs_pipeline.ledger.paths import sweep
from rcs_pipeline.ledger.workspace import Workspace

DONE = ".done"
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True)
class Arrival:
    """A file that waits in the inbox."""

    path: Path
    dataset: str
    collection: str


@dataclass(frozen=True)
class TakenIn:
    """An arrival and what became of it; `error` where it could not even be judged."""

    arrival: Arrival
    judgement: Judgement | None
    error: RcsError | None = None


def arrivals(workspace: Workspace) -> list[Arrival]:
    """Every file in the inbox, in the order in which rules between datasets need them."""
    root, order = workspace.paths.inbox, workspace.catalogue.deliveries
    found = [
        Arrival(path, path.parent.parent.name, path.parent.name)
        for path in sorted(root.glob("*/*/*"))
        if path.is_file() and not path.name.startswith(".") and path.suffix not in (DONE, *UNFINISHED)
    ]
    return sorted(
        found,
        key=lambda item: (
            order[item.dataset].options.order if item.dataset in order else 0, item.collection,
            str(item.path),
        ),
    )  # fmt: skip


def settled(
    candidates: list[Arrival], *, seconds: float, wait: Callable[[float], None] = time.sleep
) -> list[Arrival]:
    """Those that have stopped growing: marked `.done`, or unchanged over `seconds`."""
    before = {item.path: _state(item.path) for item in candidates}
    unmarked = [item for item in candidates if not _mark(item.path).exists()]
    if unmarked and seconds > 0:
        wait(seconds)
    return [
        item for item in candidates if _mark(item.path).exists() or _state(item.path) == before[item.path]
    ]


def take_in_inbox(workspace: Workspace, *, settle_seconds: float = 1.0) -> Iterator[TakenIn]:
    """Take in every settled file of the inbox; each leaves the inbox once its receipt is entered."""
    with workspace.writing():
        for folder in (
            workspace.paths.raw,
            workspace.paths.quarantine,
            workspace.paths.findings,
            workspace.paths.work,
        ):
            sweep(folder)
        for arrival in settled(arrivals(workspace), seconds=settle_seconds):
            try:
                judgement = take_in(workspace, arrival.path, arrival.dataset, arrival.collection)
            except RcsError as error:
                yield TakenIn(arrival, None, error)
                continue
            # The original is kept under its hash; what still lies in the inbox is still to do.
            arrival.path.unlink()
            _mark(arrival.path).unlink(missing_ok=True)
            yield TakenIn(arrival, judgement)


def _mark(path: Path) -> Path:
    return path.with_name(path.name + DONE)


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
