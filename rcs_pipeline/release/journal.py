"""Moving pointers so that a crash at any moment leaves either the old release or the new one.

Belongs here: the journal of moves, carrying one out, completing or undoing an interrupted one.
Does not belong here: whether a move is allowed (see `publish` and `rollback`).

A move is written into the ledger when everything it needs is complete on disk. From then on each
step can be repeated: folders get their names, pointers move in the order of the audiences, the
statuses are rewritten, the ledger is told, the move is finished. Until the first pointer moves,
readers see nothing of it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.ledger.paths import TEMPORARY
from rcs_pipeline.ledger.records import PointerMove, ReleaseRecord, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import (
    CURRENT,
    Pointer,
    audience_folder,
    current,
    release_folder,
    verify,
    write_pointer,
    write_status,
)

PUBLISH = "publish"
ROLLBACK = "rollback"


def finish_interrupted_moves(workspace: Workspace) -> tuple[PointerMove, ...]:
    """Complete or undo what an interrupted command left; returns the moves that it dealt with.

    Costs one query when there is nothing to do. Otherwise it takes the writer lock.

    Raises:
        LockedError: the command that makes the move is still running.
    """
    if not workspace.ledger.moves(unfinished=True):
        return ()
    with workspace.writing():
        moves = tuple(workspace.ledger.moves(unfinished=True))
        for move in moves:
            if _is_complete(workspace, move):
                carry_out(workspace, move)
                workspace.note(f"{move.kind}.completed", f"{move.product} {move.to_version}")
            else:
                _undo(workspace, move)
                workspace.note(f"{move.kind}.undone", f"{move.product} {move.to_version}")
            remove_parts(workspace, move.product, tuple(move.detail["audiences"]))
    return moves


def carry_out(workspace: Workspace, move: PointerMove) -> ReleaseRecord:
    """Take every step of a move that is in the journal. Steps already taken change nothing."""
    release = _release(move)
    for audience in release.audiences:
        _name_folder(workspace, move, audience)
    pointers = [_pointer(move, release, audience) for audience in release.audiences]
    for pointer in pointers:
        write_pointer(workspace, pointer)
    statuses = _statuses(workspace, move, release)
    for pointer in pointers:
        write_status(workspace, pointer, statuses)
    _tell_ledger(workspace, move, release)
    workspace.ledger.finish_move(move, workspace.now())
    return release


def as_detail(release: ReleaseRecord, **more: Any) -> dict[str, Any]:
    """What the journal keeps, so that a move can be carried out from it alone."""
    return {
        "candidate": release.candidate,
        "plan": release.plan,
        "audiences": list(release.audiences),
        "hashes": release.hashes,
        "released_at": release.released_at,
        **more,
    }


def _release(move: PointerMove) -> ReleaseRecord:
    detail = move.detail
    return ReleaseRecord(
        product=move.product,
        version=move.to_version,
        candidate=detail["candidate"],
        plan=detail["plan"],
        status=ReleaseStatus.RELEASED,
        audiences=tuple(detail["audiences"]),
        hashes=detail["hashes"],
        released_at=detail["released_at"],
    )


def _parts(workspace: Workspace, move: PointerMove) -> dict[str, Path]:
    """Audience -> the temporary folder that a publication filled before it entered the journal."""
    return {name: workspace.paths.home / path for name, path in move.detail.get("parts", {}).items()}


def _is_complete(workspace: Workspace, move: PointerMove) -> bool:
    if move.kind == PUBLISH and any(
        item.version == move.to_version for item in workspace.ledger.releases(move.product)
    ):
        return True  # only the last entry is missing: the release is out and must not vanish
    parts = _parts(workspace, move)
    for audience, expected in move.detail["hashes"].items():
        folder = release_folder(workspace, move.product, audience, move.to_version)
        try:
            verify(folder if folder.is_dir() else parts.get(audience, folder), expected)
        except RefusedError:
            return False
    return True


def _name_folder(workspace: Workspace, move: PointerMove, audience: str) -> None:
    target = release_folder(workspace, move.product, audience, move.to_version)
    part = _parts(workspace, move).get(audience)
    if part is not None and part.is_dir() and not target.exists():
        os.replace(part, target)
        _flush_folder(target.parent)


def _pointer(move: PointerMove, release: ReleaseRecord, audience: str) -> Pointer:
    return Pointer(
        product=move.product,
        audience=audience,
        version=release.version,
        hash=release.hashes[audience],
        path=release.version,
        released_at=release.released_at,
        synthetic=bool(move.detail["synthetic"]),
    )


def _statuses(workspace: Workspace, move: PointerMove, release: ReleaseRecord) -> dict[str, dict[str, Any]]:
    """Every version with its status, as the ledger will have it when the move is finished."""
    known = {item.version: item for item in workspace.ledger.releases(move.product)}
    versions = {
        version: {"status": item.status.value, "reason": item.reason or None, "released_at": item.released_at}
        for version, item in known.items()
    }
    versions[release.version] = {
        "status": release.status.value,
        "reason": None,
        "released_at": release.released_at,
    }
    left = move.detail.get("left")
    if left and move.from_version in versions:
        versions[move.from_version] |= {"status": left["status"], "reason": left["reason"]}
    return versions


def _tell_ledger(workspace: Workspace, move: PointerMove, release: ReleaseRecord) -> None:
    known = {item.version: item for item in workspace.ledger.releases(move.product)}
    if release.version not in known:
        workspace.ledger.add_release(release)
    elif known[release.version].status is not ReleaseStatus.RELEASED:
        workspace.ledger.set_release_status(move.product, release.version, ReleaseStatus.RELEASED, "")
    left = move.detail.get("left")
    if left and move.from_version in known:
        status = ReleaseStatus(left["status"])
        workspace.ledger.set_release_status(move.product, str(move.from_version), status, left["reason"])


def _undo(workspace: Workspace, move: PointerMove) -> None:
    """Take back a move whose folders are not whole any more, so that readers have what they had."""
    before = {item.version: item for item in workspace.ledger.releases(move.product)}.get(
        move.from_version or ""
    )
    for audience in move.detail["audiences"]:
        pointer = current(workspace, move.product, audience)
        if pointer is not None and pointer.version == move.to_version:
            if before is not None and audience in before.hashes:
                write_pointer(workspace, _pointer(move, before, audience))
            else:
                (audience_folder(workspace, move.product, audience) / CURRENT).unlink()
    if move.kind == PUBLISH:
        for audience in move.detail["audiences"]:
            shutil.rmtree(
                release_folder(workspace, move.product, audience, move.to_version), ignore_errors=True
            )
    for part in _parts(workspace, move).values():
        shutil.rmtree(part, ignore_errors=True)
    workspace.ledger.finish_move(move, workspace.now())


def remove_parts(workspace: Workspace, product_id: str, audiences: tuple[str, ...]) -> None:
    """Delete temporary folders that never entered the journal. Needs the writer lock and no open move."""
    for audience in audiences:
        for part in audience_folder(workspace, product_id, audience).glob(f"{TEMPORARY}*"):
            if part.is_dir():
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Push the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
