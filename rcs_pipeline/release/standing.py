"""Where a candidate stands, and what happens to its approvals when something moved.

Belongs here: the steps of a candidate between audit and release.
Does not belong here: which steps there are (`data_contracts/lifecycle`), taking one (`ledger.lifecycle`).
"""

from __future__ import annotations

from rcs_pipeline.contracts.errors import NothingToDoError, RefusedError
from rcs_pipeline.contracts.lifecycle import Need
from rcs_pipeline.gate.decision import require_open
from rcs_pipeline.ledger.lifecycle import ACTION, state_of, step
from rcs_pipeline.ledger.records import AuditEvent, CandidateRecord, Plan
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.prospect import Prospect, check_plan

AUDITED, SUBMITTED, APPROVED, REJECTED = "audited", "submitted", "approved", "rejected"


def standing(workspace: Workspace, candidate: CandidateRecord) -> str:
    """The state of a candidate; one from before states were recorded has been through its audit."""
    return state_of(workspace, candidate.hash) or AUDITED


def submitted_plan(workspace: Workspace, candidate: CandidateRecord) -> str | None:
    """The id of the plan that a candidate was last submitted with."""
    steps = workspace.ledger.events(action=ACTION, subject=candidate.hash)
    found = [item.detail.get("plan") for item in steps if item.detail.get("transition") == "submit"]
    return str(found[-1]) if found else None


def submission(workspace: Workspace, candidate: CandidateRecord, plan: Plan) -> AuditEvent | None:
    """The step by which a plan is put before its approvers; None if this very plan lies there already.

    Raises:
        RefusedError: the gate is closed, or the candidate was rejected.
    """
    state = standing(workspace, candidate)
    if state in (SUBMITTED, APPROVED) and submitted_plan(workspace, candidate) == plan.id:
        return None
    _refuse_rejected(workspace, candidate)
    require_open(workspace, candidate)
    return step(
        workspace, "submit", candidate.hash, assumed=AUDITED, met=(Need.GATE_OPEN,), plan=plan.id,
        content=candidate.hash, version=plan.version,
    )  # fmt: skip


def require_plan(workspace: Workspace, plan: Plan, candidate: CandidateRecord) -> Prospect:
    """What the plan rests on, if the gate is open and nothing moved; otherwise its approvals are void.

    Raises:
        RefusedError: the gate is closed or the plan no longer holds.
    """
    try:
        require_open(workspace, candidate)
        prospect = check_plan(workspace, plan)
    except NothingToDoError:
        raise
    except RefusedError as error:
        void(workspace, candidate, error.found)
        raise
    _refuse_rejected(workspace, candidate)
    last = submitted_plan(workspace, candidate)
    if last != plan.id:
        raise RefusedError(
            f"The plan `{plan.id}` is not before its approvers",
            expected=f"the plan `{last}`" if last else "a plan made while the gate was open",
            todo="`rcs plan` says what holds today.",
        )
    return prospect


def _refuse_rejected(workspace: Workspace, candidate: CandidateRecord) -> None:
    if standing(workspace, candidate) == REJECTED:
        why = workspace.ledger.events(action=ACTION, subject=candidate.hash)[-1]
        again = f"`rcs reject {submitted_plan(workspace, candidate)} --reopen --as NAME --reason TEXT`"
        raise RefusedError(
            f"`{why.claimed_name}` rejected the candidate `{candidate.hash[:16]}`: {why.detail['reason']}",
            todo=f"Build a better one, or have the no taken back: {again}.",
        )


def void(workspace: Workspace, candidate: CandidateRecord, reason: str) -> None:
    """Let every approval of a candidate count no more, on record."""
    if standing(workspace, candidate) in (SUBMITTED, APPROVED):
        event = step(workspace, "void", candidate.hash, reason=reason, content=candidate.hash)
        workspace.ledger.void_approvals(candidate.hash, workspace.now(), event)
