"""Publishing: an approved plan becomes a release of every audience, and the pointers move last.

Belongs here: the order of the steps and the conditions of the first of them.
Does not belong here: what is in the folders (see `folder`), how pointers move (see `journal`).
"""

from __future__ import annotations

import uuid
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError, WaitingError
from rcs_pipeline.contracts.lifecycle import Need
from rcs_pipeline.ledger.lifecycle import step
from rcs_pipeline.ledger.paths import TEMPORARY
from rcs_pipeline.ledger.records import (
    Approval,
    AuditEvent,
    CandidateRecord,
    Plan,
    PointerMove,
    ReleaseRecord,
    ReleaseStatus,
)
from rcs_pipeline.ledger.second_process import second_process
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import candidate as candidates
from rcs_pipeline.release.approve import approvals_of
from rcs_pipeline.release.draft import Draft
from rcs_pipeline.release.filling import Filling, fill, get_ready, pays
from rcs_pipeline.release.folder import PageWriter, earlier_changelog
from rcs_pipeline.release.journal import PUBLISH, as_detail, carry_out, finish_interrupted_moves, remove_parts
from rcs_pipeline.release.mirror import staged
from rcs_pipeline.release.plan import due
from rcs_pipeline.release.pointer import audience_folder, release_folder
from rcs_pipeline.release.prospect import Prospect
from rcs_pipeline.release.standing import require_plan

BROKEN_OFF = "publication broke off"


def publish(workspace: Workspace, plan_id: str, *, pages: PageWriter) -> ReleaseRecord:
    """Publish an approved plan.

    Args:
        workspace: the home.
        plan_id: what `make_plan` returned and a second person approved.
        pages: what writes `site/` from the rest of a release folder (`site.index.write_pages`).

    Raises:
        RefusedError: the gate is closed, or something moved since the plan was made.
        WaitingError: too few people have approved the plan, or its embargo is not over.
        NothingToDoError: the plan was published before.
        LockedError: another process is writing.
    """
    with workspace.writing():
        finished = finish_interrupted_moves(workspace)
        plan = workspace.ledger.plan(plan_id)
        earlier = _release_of(workspace, plan)
        if earlier is not None:
            if any(move.kind == PUBLISH and move.detail.get("plan") == plan.id for move in finished):
                return earlier
            raise NothingToDoError(f"The plan `{plan.id}` was published as {plan.product} {earlier.version}")
        candidate = workspace.ledger.candidate(plan.candidate)
        # It gets ready while the plan is looked at once more.
        with second_process(get_ready, worth=pays(candidates.held(workspace, plan, candidate))) as second:
            order = _require_order(workspace, plan, candidate)
            return _publish(workspace, order, pages, second)


@dataclass(frozen=True)
class _Order:
    """What is published on whose word, once everything has been checked."""

    plan: Plan
    candidate: CandidateRecord
    approvals: tuple[Approval, ...]
    prospect: Prospect
    taken: AuditEvent
    released_at: str


def _require_order(workspace: Workspace, plan: Plan, candidate: CandidateRecord) -> _Order:
    """Everything that has to be true of a plan, looked at once more."""
    prospect = require_plan(workspace, plan, candidate)
    approvals = approvals_of(workspace, plan, candidate, prospect.product)
    if not due(plan, workspace.now()):
        raise WaitingError(
            f"The plan `{plan.id}` is under embargo until {plan.not_before}",
            todo=f"Publish it then: `rcs publish {plan.id}`.",
        )
    taken = step(
        workspace, "release", candidate.hash, met=tuple(Need), plan=plan.id, content=candidate.hash,
        version=plan.version,
    )  # fmt: skip
    return _Order(plan, candidate, approvals, prospect, taken, workspace.now())


def _publish(
    workspace: Workspace, order: _Order, pages: PageWriter, second: ProcessPoolExecutor | None
) -> ReleaseRecord:
    plan = order.plan
    names = tuple(order.prospect.releases)
    remove_parts(workspace, plan.product)
    with ExitStack() as held:
        try:
            parts = {name: _part(workspace, plan, name) for name in names}
            hashes = _fill(workspace, order, parts, pages, second)
            places = {name: (hashes[name], parts[name]) for name in names}
            database = held.enter_context(staged(workspace, plan.product, places))
        except Exception as error:
            remove_parts(workspace, plan.product)
            # A full disk may refuse the note as well; what is told is why nothing was published.
            with suppress(Exception):
                problem = error.found if isinstance(error, RcsError) else _system(error)
                workspace.note(BROKEN_OFF, plan.id, problem=problem)
            raise
        release = ReleaseRecord(
            product=plan.product,
            version=plan.version,
            candidate=order.candidate.hash,
            plan=plan.id,
            status=ReleaseStatus.RELEASED,
            audiences=names,
            hashes=hashes,
            released_at=order.released_at,
        )
        move = _enter(workspace, order, release, parts)
        carry_out(workspace, move)
        subject = f"{plan.product} {plan.version}"
        workspace.note("release.published", subject, plan=plan.id, candidate=order.candidate.hash)
        database.commit(move)
    finish_interrupted_moves(workspace)
    return release


def _enter(
    workspace: Workspace, order: _Order, release: ReleaseRecord, parts: dict[str, Path]
) -> PointerMove:
    """Write the move into the journal: from here on it is completed, whatever happens."""
    plan = order.plan
    where = {audience: workspace.paths.relative(part) for audience, part in parts.items()}
    return workspace.ledger.start_move(
        PointerMove(
            product=plan.product,
            kind=PUBLISH,
            from_version=plan.base_version,
            to_version=plan.version,
            detail=as_detail(
                release,
                audiences=(*release.audiences, *order.prospect.gone),
                synthetic=order.prospect.synthetic,
                statuses={plan.version: {"status": "released", "reason": None, "until": None}},
                events=(order.taken, replace(order.taken, subject=f"{plan.product} {plan.version}")),
                parts=where,
            ),
            started_at=workspace.now(),
        )
    )


def _fill(
    workspace: Workspace,
    order: _Order,
    parts: dict[str, Path],
    pages: PageWriter,
    second: ProcessPoolExecutor | None,
) -> dict[str, str]:
    verdicts = tuple(workspace.ledger.verdicts(order.candidate.hash))
    fillings = [
        Filling(
            folder=parts[name],
            draft=Draft(
                product=order.prospect.product,
                audience=name,
                plan=order.plan,
                candidate=order.candidate,
                approvals=order.approvals,
                verdicts=verdicts,
                comparison=comparison,
                released_at=order.released_at,
                synthetic=order.prospect.synthetic,
            ),
            earlier=earlier_changelog(workspace, order.plan.product, comparison),
        )
        for name, comparison in order.prospect.releases.items()
    ]
    return fill(fillings, candidates.protected_folder(workspace, order.candidate), pages, second)


def broken_off(workspace: Workspace, plan: Plan) -> AuditEvent | None:
    """The note of the last publication of a plan that broke off; None if none did."""
    events = workspace.ledger.events(action=BROKEN_OFF, subject=plan.id)
    return events[-1] if events else None


def _system(error: Exception) -> str:
    """What the system says; of anything else nothing but its kind, because its text may quote a cell."""
    return str(error.strerror) if isinstance(error, OSError) else type(error).__name__


def _part(workspace: Workspace, plan: Plan, audience: str) -> Path:
    target = release_folder(workspace, plan.product, audience, plan.version)
    if target.exists():
        raise RefusedError(
            f"There is a folder of version {plan.version} that the ledger knows nothing of",
            where=str(target),
            expected="a version that was never given",
            todo="Find out who made it and move it away.",
        )
    folder = audience_folder(workspace, plan.product, audience)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{plan.version}"
    part.mkdir()
    return part


def _release_of(workspace: Workspace, plan: Plan) -> ReleaseRecord | None:
    return next((item for item in workspace.ledger.releases(plan.product) if item.plan == plan.id), None)
