"""Ways back: the pointers of all audiences return to another complete release, or leave a withdrawn one.

Belongs here: which release may become current, and what becomes of the others: rollback, withdraw, deprecate.
Does not belong here: how pointers move (see `journal`). No release folder is changed or removed.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError
from rcs_pipeline.ledger.lifecycle import step
from rcs_pipeline.ledger.records import AuditEvent, PointerMove, ReleaseRecord, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.journal import (
    DEPRECATE,
    NOTHING,
    ROLLBACK,
    WITHDRAW,
    as_detail,
    carry_out,
    finish_interrupted_moves,
)
from rcs_pipeline.release.mirror import follow
from rcs_pipeline.release.pointer import current, release_folder, verify
from rcs_pipeline.release.versions import numbers

STEPS = {
    ReleaseStatus.DEPRECATED: "deprecate",
    ReleaseStatus.WITHDRAWN: "withdraw",
    ReleaseStatus.RELEASED: "restore",
}
Statuses = dict[str, dict[str, str | None]]


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
    _need(reason, "why the current release is left; consumers read it")
    if leave is ReleaseStatus.RELEASED:
        raise RcsError(
            "A release that is left cannot stay `released`", expected="`withdrawn` or `deprecated`"
        )
    with workspace.writing():
        finish_interrupted_moves(workspace)
        target = _target(workspace, product_id, version)
        pointed = _pointed(workspace, product_id)
        if set(pointed.values()) == {version} and set(pointed) == set(target.audiences):
            raise NothingToDoError(f"{version} is the current release of `{product_id}`")
        left = next((item for item in pointed.values() if item != version), None)
        changes = {version: ReleaseStatus.RELEASED} | ({left: leave} if left else {})
        _move(workspace, ROLLBACK, product_id, target, left, changes, reason)
        workspace.note("release.rolled_back", f"{product_id} {version}", left=left, reason=reason.strip())
        finish_interrupted_moves(workspace)
        follow(workspace)
    return target


def withdraw_release(
    workspace: Workspace, product_id: str, version: str, reason: str
) -> ReleaseRecord | None:
    """Take a release back: nobody is to use it. If it was the current one, the newest usable one is again.

    Returns:
        The release that is current now; None where no usable one is left, and then no pointer either.

    Raises:
        RcsError: there is no such release, or no reason was given.
        NothingToDoError: it was withdrawn before.
        RefusedError: a pointer names a release that the ledger does not know.
    """
    _need(reason, "why nobody is to use it; consumers read it")
    with workspace.writing():
        finish_interrupted_moves(workspace)
        known = _known(workspace, product_id, version)
        if known[version].status is ReleaseStatus.WITHDRAWN:
            raise NothingToDoError(f"{version} of `{product_id}` was withdrawn: {known[version].reason}")
        stays = _newest_pointed(workspace, product_id, known, but=version)
        target = stays or _newest_usable(workspace, product_id, version)
        changes = {version: ReleaseStatus.WITHDRAWN}
        _move(workspace, WITHDRAW, product_id, target, version, changes, reason)
        workspace.note("release.withdrawn", f"{product_id} {version}", reason=reason.strip())
        finish_interrupted_moves(workspace)
        follow(workspace)
    return target


def deprecate(workspace: Workspace, product_id: str, version: str, until: str, reason: str) -> ReleaseRecord:
    """Say that a release will have to be left, and by which day. No pointer moves.

    Raises:
        RcsError: there is no such release, no reason was given, or `until` is no day.
        RefusedError: it was withdrawn, or a pointer names a release that the ledger does not know.
    """
    _need(reason, "why it should be left, and for what; consumers read it")
    try:
        date.fromisoformat(until)
    except ValueError as error:
        raise RcsError(f"`{until}` is no day", expected="one such as 2026-12-31") from error
    with workspace.writing():
        finish_interrupted_moves(workspace)
        known = _known(workspace, product_id, version)
        target = _newest_pointed(workspace, product_id, known)
        changes = {version: ReleaseStatus.DEPRECATED}
        _move(workspace, DEPRECATE, product_id, target, version, changes, reason, until=until)
        finish_interrupted_moves(workspace)
        follow(workspace)
    return known[version]


def _move(
    workspace: Workspace, kind: str, product_id: str, target: ReleaseRecord | None, left: str | None,
    changes: dict[str, ReleaseStatus], reason: str, *, until: str | None = None,
) -> None:  # fmt: skip
    """Check the folders and the steps, enter the move, carry it out."""
    for audience, digest in (target.hashes if target else {}).items():
        verify(release_folder(workspace, product_id, audience, target.version if target else ""), digest)
    statuses, events = _steps(workspace, product_id, changes, reason.strip(), until)
    known = {item.version: item for item in workspace.ledger.releases(product_id)}
    everyone = dict.fromkeys(
        [*(target.audiences if target else ()), *(known[left].audiences if left in known else ()),
         *_pointed(workspace, product_id)]
    )  # fmt: skip
    any_release = target or known[str(left)]
    synthetic = workspace.synthetic or workspace.ledger.candidate(any_release.candidate).synthetic
    move = workspace.ledger.start_move(
        PointerMove(
            product=product_id,
            kind=kind,
            from_version=left,
            to_version=target.version if target else NOTHING,
            detail=as_detail(
                target, audiences=everyone, synthetic=synthetic, statuses=statuses, events=events
            ),
            started_at=workspace.now(),
        )
    )
    carry_out(workspace, move)


def _steps(
    workspace: Workspace, product_id: str, changes: dict[str, ReleaseStatus], reason: str, until: str | None
) -> tuple[Statuses, list[AuditEvent]]:
    """What becomes of each release, and the step on record for each whose status is another one."""
    known = {item.version: item for item in workspace.ledger.releases(product_id)}
    statuses: Statuses = {}
    events = []
    for version, status in changes.items():
        if version not in known or (status is ReleaseStatus.RELEASED and known[version].status is status):
            continue
        back = status is ReleaseStatus.RELEASED
        statuses[version] = {
            "status": status.value, "reason": None if back else reason, "until": until,
        }  # fmt: skip
        events.append(
            step(
                workspace, STEPS[status], f"{product_id} {version}", assumed=known[version].status.value,
                reason=reason, until=until, content=known[version].hashes,
            )
        )  # fmt: skip
    return statuses, events


def _pointed(workspace: Workspace, product_id: str) -> dict[str, str]:
    """Audience -> the version that its pointer names, for the audiences that have one."""
    found: dict[str, str] = {}
    names = dict.fromkeys(name for item in workspace.ledger.releases(product_id) for name in item.audiences)
    for audience in names:
        with suppress(RcsError):  # a pointer that cannot be read is written again by the move
            pointer = current(workspace, product_id, audience)
            if pointer is not None:
                found[audience] = pointer.version
    return found


def _newest_pointed(
    workspace: Workspace, product_id: str, known: dict[str, ReleaseRecord], but: str | None = None
) -> ReleaseRecord | None:
    """The newest release that a pointer names, other than `but`; None if none does."""
    named = set(_pointed(workspace, product_id).values()) - {but}
    for version in sorted(named - known.keys()):
        raise RefusedError(
            f"A pointer of `{product_id}` names {version}, and the ledger knows no such release",
            where=str(workspace.paths.releases / product_id),
            expected=f"one of {', '.join(known)}",
            todo="Restore the ledger that knows it, or go back to a release of this one: `rcs rollback`.",
        )
    return max((known[version] for version in named), key=lambda item: numbers(item.version), default=None)


def _newest_usable(workspace: Workspace, product_id: str, but: str) -> ReleaseRecord | None:
    usable = [
        item
        for item in workspace.ledger.releases(product_id)
        if item.version != but and item.status is not ReleaseStatus.WITHDRAWN
    ]
    older = [item for item in usable if numbers(item.version) < numbers(but)]
    return max(older or usable, key=lambda item: numbers(item.version), default=None)


def _target(workspace: Workspace, product_id: str, version: str) -> ReleaseRecord:
    release = _known(workspace, product_id, version)[version]
    if release.status is ReleaseStatus.WITHDRAWN:
        raise RefusedError(
            f"{version} of `{product_id}` was withdrawn: {release.reason}",
            expected="a release that may be used",
        )
    return release


def _known(workspace: Workspace, product_id: str, version: str) -> dict[str, ReleaseRecord]:
    releases = {item.version: item for item in workspace.ledger.releases(product_id)}
    if version not in releases:
        raise RcsError(
            f"There is no release {version} of `{product_id}`",
            expected=", ".join(releases) or "a release, but none was made yet",
        )
    return releases


def _need(reason: str, what: str) -> None:
    if not reason.strip():
        raise RcsError("No reason was given", expected=what)
