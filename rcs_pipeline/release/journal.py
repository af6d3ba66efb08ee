"""Moving pointers so that a crash at any moment leaves either the old release or the new one.

Belongs here: the journal of moves, carrying one out, completing or undoing an interrupted one.
Does not belong here: whether a move is allowed (see `publish`, `rollback`, `withdraw`).

A move is written into the ledger when everything it needs is complete on disk. From then on each
step can be repeated: folders get their names, pointers move in the order of the audiences, the
statuses and the feed are rewritten, the ledger is told, the move is finished, and only then the
outside hears of it. Until the first pointer moves, readers see nothing of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.ledger.paths import FEW, TEMPORARY, flush_everything
from rcs_pipeline.ledger.records import AuditEvent, PointerMove, ReleaseRecord, ReleaseStatus
from rcs_pipeline.ledger.rows import plain
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.feed import write_feeds
from rcs_pipeline.release.mirror import behind, follow
from rcs_pipeline.release.notices import tell_outside
from rcs_pipeline.release.pointer import (
    CURRENT,
    Pointer,
    audience_folder,
    current,
    release_folder,
    verify,
    write_pointers,
    write_statuses,
)

PUBLISH, ROLLBACK, WITHDRAW, DEPRECATE = "publish", "rollback", "withdraw", "deprecate"
NOTHING = ""


def finish_interrupted_moves(workspace: Workspace) -> tuple[PointerMove, ...]:
    """Complete or undo what an interrupted command left; returns the moves that it dealt with.

    Costs one query when there is nothing to do. Otherwise it takes the writer lock.

    Raises:
        LockedError: the command that makes the move is still running.
    """
    if not any(move.finished_at is None or _untold(move) for move in workspace.ledger.moves()):
        if behind(workspace):
            with workspace.writing():
                follow(workspace, quietly=True)
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
            remove_parts(workspace, move.product)
        for move in workspace.ledger.moves():
            if _untold(move):
                tell_outside(workspace, move)
        follow(workspace, quietly=True)
    return moves


def carry_out(workspace: Workspace, move: PointerMove) -> None:
    """Take every step of a move that is in the journal. Steps already taken change nothing."""
    audiences, synthetic = move.detail["audiences"], bool(move.detail["synthetic"])
    _name_folders(workspace, move)
    _point(workspace, move)
    write_statuses(workspace, move.product, audiences, _statuses(workspace, move), synthetic=synthetic)
    _tell_ledger(workspace, move)
    write_feeds(workspace, move.product, audiences, synthetic=synthetic)
    workspace.ledger.finish_move(move, workspace.now())


def as_detail(
    release: ReleaseRecord | None,
    *,
    audiences: Iterable[str],
    synthetic: bool,
    statuses: dict[str, dict[str, str | None]],
    events: Iterable[AuditEvent],
    parts: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What the journal keeps, so that a move can be carried out from it alone.

    Args:
        release: the one that the pointers will name; None where there will be none.
        audiences: whose pointers, statuses and feeds are written, in that order.
        synthetic: whether this is a demonstration.
        statuses: version -> status, reason, until, of the versions whose status changes.
        events: the steps to enter, by those who were allowed to take them.
        parts: audience -> the temporary folder that becomes the release.
    """
    return {
        "candidate": release.candidate if release else None,
        "plan": release.plan if release else None,
        "audiences": list(audiences),
        "hashes": release.hashes if release else {},
        "released_at": release.released_at if release else None,
        "synthetic": synthetic,
        "statuses": statuses,
        "events": [plain(item) for item in events],
        "parts": parts or {},
        "tell": True,
    }


def _untold(move: PointerMove) -> bool:
    return bool(move.finished_at and move.detail.get("tell") and not move.told_at)


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


def _name_folders(workspace: Workspace, move: PointerMove) -> None:
    parts, named = _parts(workspace, move), []
    for audience in move.detail["hashes"]:
        target, part = release_folder(workspace, move.product, audience, move.to_version), parts.get(audience)
        if part is not None and part.is_dir() and not target.exists():
            os.replace(part, target)
            named.append(target.parent)
    if len(named) > FEW:
        flush_everything()
        return
    for folder in named:
        _flush_folder(folder)


def _point(workspace: Workspace, move: PointerMove) -> None:
    """Let every audience's pointer name the release; take it away where there is none for the audience."""
    hashes = move.detail["hashes"]
    write_pointers(
        workspace,
        [
            Pointer(
                product=move.product,
                audience=audience,
                version=move.to_version,
                hash=hashes[audience],
                path=move.to_version,
                released_at=move.detail["released_at"],
                synthetic=bool(move.detail["synthetic"]),
            )
            for audience in move.detail["audiences"]
            if audience in hashes
        ],
    )
    for audience in move.detail["audiences"]:
        if audience not in hashes:
            (audience_folder(workspace, move.product, audience) / CURRENT).unlink(missing_ok=True)


def _statuses(workspace: Workspace, move: PointerMove) -> dict[str, dict[str, Any]]:
    """Every version with its status, as the ledger will have it when the move is finished."""
    versions: dict[str, dict[str, Any]] = {
        item.version: {
            "status": item.status.value, "reason": item.reason or None, "released_at": item.released_at,
            "until": item.until,
        }
        for item in workspace.ledger.releases(move.product)
    }  # fmt: skip
    for version, changed in move.detail["statuses"].items():
        versions.setdefault(version, {"released_at": move.detail["released_at"]}).update(
            status=changed["status"], reason=changed["reason"] or None, until=changed["until"]
        )
    return versions


def _tell_ledger(workspace: Workspace, move: PointerMove) -> None:
    """Enter the release and the new statuses with their steps; what is entered already stays as it is."""
    known = {item.version: item for item in workspace.ledger.releases(move.product)}
    steps = [AuditEvent(**item) for item in move.detail["events"]]
    if move.kind == PUBLISH and move.to_version not in known:
        workspace.ledger.add_release(_release(move), *steps)
        return
    for version, changed in move.detail["statuses"].items():
        status = ReleaseStatus(changed["status"])
        before = known.get(version)
        wanted = (status, changed["reason"] or "", changed["until"])
        if before is not None and (before.status, before.reason or "", before.until) != wanted:
            own = [item for item in steps if item.subject == f"{move.product} {version}"]
            workspace.ledger.set_release_status(
                move.product, version, status, changed["reason"] or "", *own, until=changed["until"]
            )


def _release(move: PointerMove) -> ReleaseRecord:
    return ReleaseRecord(
        product=move.product,
        version=move.to_version,
        candidate=move.detail["candidate"],
        plan=move.detail["plan"],
        status=ReleaseStatus.RELEASED,
        audiences=tuple(move.detail["hashes"]),
        hashes=move.detail["hashes"],
        released_at=move.detail["released_at"],
    )


def _undo(workspace: Workspace, move: PointerMove) -> None:
    """Take back a move whose folders are not whole any more, so that readers have what they had."""
    known = {item.version: item for item in workspace.ledger.releases(move.product)}
    before = known.get(move.from_version or "")
    back: list[Pointer] = []
    for audience in move.detail["audiences"]:
        pointer = current(workspace, move.product, audience)
        # A place that the release had nothing for may have lost its pointer.
        lost = pointer is None and audience not in move.detail["hashes"]
        if not lost and (pointer is None or pointer.version != move.to_version):
            continue
        if before is not None and audience in before.hashes:
            back.append(
                Pointer(
                    move.product, audience, before.version, before.hashes[audience], before.version,
                    before.released_at, synthetic=bool(move.detail["synthetic"]),
                )
            )  # fmt: skip
        else:
            (audience_folder(workspace, move.product, audience) / CURRENT).unlink(missing_ok=True)
    write_pointers(workspace, back)
    if move.kind == PUBLISH:
        for audience in move.detail["audiences"]:
            shutil.rmtree(
                release_folder(workspace, move.product, audience, move.to_version), ignore_errors=True
            )
    for part in _parts(workspace, move).values():
        shutil.rmtree(part, ignore_errors=True)
    workspace.ledger.told(move, workspace.now())
    workspace.ledger.finish_move(move, workspace.now())


def remove_parts(workspace: Workspace, product_id: str) -> None:
    """Delete temporary folders that never entered the journal. Needs the writer lock and no open move.

    Those of places that have no release any more too: an audience lies in a folder, or in one of its kind's.
    """
    root = workspace.paths.releases / product_id
    for part in [item for depth in ("*", "*/*") for item in root.glob(f"{depth}/{TEMPORARY}*")]:
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
