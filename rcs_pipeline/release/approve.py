"""The sign-off: a named person other than the builder says yes to one plan.

Belongs here: who may approve, and that the approval is tied to the plan and the candidate.
Does not belong here: checks on the data (see `gate`).
"""

from __future__ import annotations

import unicodedata

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError, WaitingError
from rcs_pipeline.gate.decision import require_open
from rcs_pipeline.ledger.records import Approval, CandidateRecord, Plan
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.plan import check_plan


def approve(workspace: Workspace, plan_id: str, name: str, note: str = "") -> Approval:
    """Record that `name` approves the plan.

    Args:
        workspace: the home.
        plan_id: what `make_plan` returned.
        name: who approves; the operating system's account is recorded beside it.
        note: a word to the consumers; it is released with the changelog.

    Raises:
        RcsError: no name was given, or there is no such plan.
        RefusedError: the gate is closed, the plan no longer holds, or the builder approves.
        NothingToDoError: this person approved it already.
    """
    finish_interrupted_moves(workspace)
    plan = workspace.ledger.plan(plan_id)
    candidate = workspace.ledger.candidate(plan.candidate)
    said = " ".join(name.split())
    if not said:
        raise RcsError(
            "No name was given", expected="the name of the person who approves", todo="`--as NAME`"
        )
    if same_person(said, candidate.builder):
        raise RefusedError(
            f"`{said}` built the candidate `{candidate.hash[:16]}` and cannot approve it",
            expected="a second person",
            todo=f"Ask somebody else: `rcs approve {plan.id} --as NAME`.",
        )
    if any(same_person(said, item.approver) for item in _valid(workspace, plan, candidate)):
        raise NothingToDoError(
            f"`{said}` has approved the plan `{plan.id}` already", todo=f"`rcs publish {plan.id}`"
        )
    require_open(workspace, candidate)
    check_plan(workspace, plan)
    approval = Approval(
        plan=plan.id,
        candidate=plan.candidate,
        product=plan.product,
        version=plan.version,
        approver=said,
        os_account=workspace.settings.os_account,
        approved_at=workspace.now(),
        note=note.strip(),
    )
    workspace.ledger.add_approval(approval)
    workspace.note("plan.approved", plan.id, approver=said, version=plan.version, candidate=plan.candidate)
    return approval


def approval_of(workspace: Workspace, plan: Plan, candidate: CandidateRecord) -> Approval:
    """The first valid approval of a plan.

    Raises:
        WaitingError: there is none.
    """
    valid = _valid(workspace, plan, candidate)
    if not valid:
        raise WaitingError(
            f"The plan `{plan.id}` waits for an approval",
            expected=f"a yes by somebody other than `{candidate.builder}`",
            todo=f"`rcs approve {plan.id} --as NAME`",
        )
    return valid[0]


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same but for case, spaces and the form of their letters."""
    return _plain(one) == _plain(other)


def _valid(workspace: Workspace, plan: Plan, candidate: CandidateRecord) -> list[Approval]:
    """What an approval says is checked again here: the ledger is a database that others can write to."""
    return [
        item
        for item in workspace.ledger.approvals(plan.id)
        if item.candidate == candidate.hash
        and item.version == plan.version
        and item.approver.strip()
        and not same_person(item.approver, candidate.builder)
    ]


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
