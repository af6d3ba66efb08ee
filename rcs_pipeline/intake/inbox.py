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
from rcs_pipeline.intake.ahead import Ahead
from rcs_pipeline.intake.delivery import Judgement, take_in
from rcs_pipeline.intake.journal import mend
from rcs_pipeline.ledger.workspace import Workspace

DONE = ".done"
DEPTH = len(("dataset", "collection", "file"))
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True)
class Arrival:
    """A file that waits in the inbox."""

    path: Path
    dataset: str
    collection: str


@dataclass(frozen=True)
class TakenIn:
    """An arrival and what became of it; `error` where it could not be judged, or not be removed."""

    arrival: Arrival
    judgement: Judgement | None
    error: RcsError | None = None


def arrivals(workspace: Workspace) -> list[Arrival]:
    """Every file in the inbox, in the order in which rules between datasets need them."""
    root, order = workspace.paths.inbox, workspace.catalogue.deliveries
    found = [
        Arrival(path, path.parent.parent.name, path.parent.name)
        for path in sorted(root.glob("*/*/*"))
        if path.is_file() and not any(item.is_symlink() for item in (path, *path.parents[:2]))
        and not path.name.startswith(".") and path.suffix not in (DONE, *UNFINISHED)
    ]  # fmt: skip
    return sorted(
        found,
        key=lambda item: (
            order[item.dataset].options.order if item.dataset in order else 0, item.collection,
            str(item.path),
        ),
    )  # fmt: skip


def strays(workspace: Workspace) -> list[Path]:
    """Files that nobody takes in: of no dataset and collection by their folder, links, pipes and the like.

    Whoever may put files here could read any file of this machine by a link to it.
    """
    root = workspace.paths.inbox
    return [
        path
        for path in sorted(root.rglob("*"))
        if (not_a_file(path) or (path.is_file() and len(path.relative_to(root).parts) != DEPTH))
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
        and path.suffix not in (DONE, *UNFINISHED)
    ]


def not_a_file(path: Path) -> bool:
    """Whether a name stands for neither a file nor a folder of its own: a link, a pipe, a socket."""
    return path.is_symlink() or (path.exists() and not path.is_file() and not path.is_dir())


def settled(
    candidates: list[Arrival], *, seconds: float, wait: Callable[[float], None] = time.sleep
) -> list[Arrival]:
    """Those that have stopped growing: marked `.done`, or unchanged over `seconds`."""
    before = {item.path: _state(item.path) for item in candidates}
    unmarked = [item for item in candidates if not _mark(item.path).exists()]
    if unmarked and seconds > 0:
        wait(seconds)
    return [
        item
        for item in candidates
        if (state := _state(item.path)) is not None
        and (_mark(item.path).exists() or state == before[item.path])
    ]


def take_in_inbox(
    workspace: Workspace, *, settle_seconds: float = 1.0, only: Callable[[Arrival], bool] | None = None
) -> Iterator[TakenIn]:
    """Take in every settled file of the inbox; each leaves the inbox once its receipt is entered.

    Args:
        workspace: the home.
        settle_seconds: how long a file without a `.done` beside it must have stopped growing.
        only: which files are meant, where not all are.
    """
    with workspace.writing():
        waiting = settled(list(filter(only, arrivals(workspace))), seconds=settle_seconds)
        mend(workspace)
        with Ahead(workspace, waiting) as ahead:
            for number, arrival in enumerate(waiting):
                try:
                    with ahead.turn(number) as begun:
                        judgement = take_in(
                            workspace, arrival.path, arrival.dataset, arrival.collection, begun=begun
                        )
                except RcsError as error:
                    yield TakenIn(arrival, None, error)
                    continue
                yield TakenIn(arrival, judgement, _leave(arrival.path))


def _leave(path: Path) -> RcsError | None:
    """Remove a decided file: the original is kept under its hash; what lies in the inbox is still to do."""
    try:
        path.unlink(missing_ok=True)
        _mark(path).unlink(missing_ok=True)
    except OSError as error:
        return RcsError(
            f"The file was taken in but cannot be removed from the inbox: {error.strerror}",
            where=str(path),
            todo="Give this account the right to remove it; until then each run finds it decided.",
        )
    return None


def _mark(path: Path) -> Path:
    return path.with_name(path.name + DONE)


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of change; None where the file has gone, as one that is being renamed has."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
