"""Rollback: the pointers of all audiences go back to another complete release.

Belongs here: which release may become current again, and what becomes of the one that is left.
Does not belong here: how pointers move (see `journal`). No release folder is changed or removed.
"""

from __future__ import annotations

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError
from rcs_pipeline.ledger.records import PointerMove, ReleaseRecord, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.journal import ROLLBACK, as_detail, carry_out, finish_interrupted_moves
from rcs_pipeline.release.pointer import current, release_folder, verify


def rollback(
    workspace: Workspace,
    product_id: str,
    version: str,
    reason: str,
    *,
    leave: ReleaseStatus = ReleaseStatus.WITHDRAWN,
) -> ReleaseRecord:
    """Make an earlier release the current one again.

    Args:
        workspace: the home.
        product_id: the data product.
        version: the release to go back to.
        reason: why; consumers read it in `status.json`.
        leave: what becomes of the release that is left: withdrawn, or only deprecated.

    Raises:
        RcsError: there is no such release, or no reason was given.
        RefusedError: it was withdrawn, or its folder is not what was published.
        NothingToDoError: it is the current release of every audience.
    """
    if not reason.strip():
        raise RcsError("No reason was given", expected="why the current release is left; consumers read it")
    if leave is ReleaseStatus.RELEASED:
        raise RcsError(
            "A release that is left cannot stay `released`", expected="`withdrawn` or `deprecated`"
        )
    with workspace.writing():
        finish_interrupted_moves(workspace)
        target = _target(workspace, product_id, version)
        pointers = {audience: current(workspace, product_id, audience) for audience in target.audiences}
        if all(pointer is not None and pointer.version == version for pointer in pointers.values()):
            raise NothingToDoError(f"{version} is the current release of `{product_id}`")
        for audience, digest in target.hashes.items():
            verify(release_folder(workspace, product_id, audience, version), digest)
        left = next((item.version for item in pointers.values() if item and item.version != version), None)
        move = workspace.ledger.start_move(
            PointerMove(
                product=product_id,
                kind=ROLLBACK,
                from_version=left,
                to_version=version,
                detail=as_detail(
                    target,
                    synthetic=_synthetic(workspace, target),
                    left={"status": leave.value, "reason": reason.strip()},
                ),
                started_at=workspace.now(),
            )
        )
        release = carry_out(workspace, move)
        workspace.note("release.rolled_back", f"{product_id} {version}", left=left, reason=reason.strip())
    return release


def _target(workspace: Workspace, product_id: str, version: str) -> ReleaseRecord:
    releases = {item.version: item for item in workspace.ledger.releases(product_id)}
    if version not in releases:
        raise RcsError(
            f"There is no release {version} of `{product_id}`",
            expected=", ".join(releases) or "a release, but none was made yet",
        )
    if releases[version].status is ReleaseStatus.WITHDRAWN:
        raise RefusedError(
            f"{version} of `{product_id}` was withdrawn: {releases[version].reason}",
            expected="a release that may be used",
        )
    return releases[version]


def _synthetic(workspace: Workspace, release: ReleaseRecord) -> bool:
    return workspace.synthetic or workspace.ledger.candidate(release.candidate).synthetic
