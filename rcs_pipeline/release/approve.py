"""The sign-off: named persons other than the builder say yes, or no, to one plan.

Belongs here: who may approve, how many it takes, and that a yes is tied to the plan and the candidate.
Does not belong here: checks on the data (see `gate`).
"""

from __future__ import annotations

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError, WaitingError
from rcs_pipeline.contracts.lifecycle import Need
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.ledger.lifecycle import same_person, step
from rcs_pipeline.ledger.records import Approval, CandidateRecord, Plan
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.candidate import product_of
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.plan import due
from rcs_pipeline.release.standing import APPROVED, require_plan, standing, submitted_plan, void
from rcs_pipeline.release.versions import Change

SAID_YES = "plan.approved"
LOOKED_AT = (Need.GATE_OPEN, Need.PLAN_HOLDS)


def approve(workspace: Workspace, plan_id: str, name: str, note: str = "") -> Approval:
    """Record that `name` approves the plan.

    Args:
        workspace: the home.
        plan_id: what `make_plan` returned.
        name: who approves; the operating system's account is recorded beside it.
        note: a word to the consumers; it is released with the changelog.

    Raises:
        RcsError: no name was given, there is no such plan, or a correction has no note.
        RefusedError: the gate is closed, the plan no longer holds, the builder approves, or an earlier
            approval was edited.
        NothingToDoError: this person approved it already, or the plan has the approvals it needs.
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
    product = require_plan(workspace, plan, candidate).product
    earlier = valid_approvals(workspace, plan, candidate)
    _refuse_edited(workspace, product, plan, candidate, earlier)
    _refuse_repeated(workspace, product, plan, candidate, said, earlier)
    if plan.change == Change.PATCH and not (note.strip() or plan.note or any(item.note for item in earlier)):
        raise RcsError(
            f"{plan.version} corrects values that were published, and no note says what was wrong",
            expected="a sentence that consumers read in the changelog",
            todo=f"`rcs approve {plan.id} --as NAME --note TEXT`",
        )
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
    enough = len(earlier) + 1 >= product.file.release.approvers_for(plan.change)
    approver = workspace.acting_as(said)
    event = step(
        approver, "approve" if enough else "say_yes", candidate.hash, builder=candidate.builder,
        approvers=[item.approver for item in earlier], met=LOOKED_AT, reason=note, plan=plan.id,
        content=candidate.hash, version=plan.version,
    )  # fmt: skip
    said_so = approver.event(
        SAID_YES, plan.id, approver=said, note=approval.note, version=plan.version, candidate=plan.candidate
    )
    workspace.ledger.add_approval(approval, event, said_so)
    return approval


def reject(workspace: Workspace, plan_id: str, name: str, reason: str, *, reopen: bool = False) -> str:
    """Record that `name` says no to the plan, or takes an earlier no back. Returns the new state.

    Raises:
        RcsError: there is no such plan, or no reason.
        RefusedError: the builder, or the candidate does not wait for a decision.
    """
    finish_interrupted_moves(workspace)
    plan = workspace.ledger.plan(plan_id)
    candidate = workspace.ledger.candidate(plan.candidate)
    event = step(
        workspace.acting_as(" ".join(name.split()) or workspace.settings.name),
        "reopen" if reopen else "reject", candidate.hash, builder=candidate.builder, reason=reason,
        plan=plan.id, content=candidate.hash,
    )  # fmt: skip
    workspace.ledger.void_approvals(candidate.hash, workspace.now(), event)
    return str(event.detail["to"])


def approvals_of(
    workspace: Workspace, plan: Plan, candidate: CandidateRecord, product: Product
) -> tuple[Approval, ...]:
    """The valid approvals of a plan, as many as the policy asks for.

    Raises:
        WaitingError: there are fewer.
        RefusedError: one of them is no longer as it was given.
    """
    valid = valid_approvals(workspace, plan, candidate)
    needed = product.file.release.approvers_for(plan.change)
    _refuse_edited(workspace, product, plan, candidate, valid)
    if len(valid) < needed:
        more = f"{len(valid)} of {needed} approvals" if needed > 1 else "an approval"
        raise WaitingError(
            f"The plan `{plan.id}` waits for an approval" + (f": it has {more}" if needed > 1 else ""),
            expected=f"a yes by somebody other than {_listed(candidate.builder, valid)}",
            todo=f"`rcs approve {plan.id} --as NAME`",
        )
    return tuple(valid)


def still_needed(workspace: Workspace, plan_id: str) -> int:
    """How many more people have to say yes to a plan."""
    plan = workspace.ledger.plan(plan_id)
    candidate = workspace.ledger.candidate(plan.candidate)
    needed = product_of(workspace, candidate).file.release.approvers_for(plan.change)
    return max(0, needed - len(valid_approvals(workspace, plan, candidate)))


def ready(workspace: Workspace, product_id: str) -> tuple[Plan, str] | None:
    """The plan that waits for nothing but its publication, and when it got its last yes.

    Raises:
        RefusedError: a contract was edited since its candidate was built.
    """
    for candidate in reversed(workspace.ledger.candidates(product_id)):
        plan_id = submitted_plan(workspace, candidate)
        if plan_id is None or standing(workspace, candidate) != APPROVED:
            continue
        plan = workspace.ledger.plan(plan_id)
        approvals = valid_approvals(workspace, plan, candidate)
        if approvals and not still_needed(workspace, plan_id) and due(plan, workspace.now()):
            return plan, approvals[-1].approved_at
    return None


def valid_approvals(workspace: Workspace, plan: Plan, candidate: CandidateRecord) -> list[Approval]:
    """What an approval says is checked again here: the ledger is a database that others can write to."""
    found: list[Approval] = []
    heard = [
        (item.detail["approver"], item.os_account, item.detail.get("note", ""))
        for item in workspace.ledger.events(action=SAID_YES, subject=plan.id)
    ]
    separate = product_of(workspace, candidate).file.release.separate_accounts
    for item in workspace.ledger.approvals(plan.id):
        noted = (item.approver, item.os_account, item.note) in heard and bool(item.approver.strip())
        matches = noted and item.candidate == candidate.hash and item.version == plan.version
        known = [candidate.builder, *(other.approver for other in found)]
        accounts = [candidate.os_account, *(other.os_account for other in found)]
        if not matches or item.voided_at or any(same_person(item.approver, other) for other in known):
            continue
        if not (separate and item.os_account in accounts):
            found.append(item)
    return found


def _refuse_edited(
    workspace: Workspace, product: Product, plan: Plan, candidate: CandidateRecord, valid: list[Approval]
) -> None:
    """An approved plan has as many yeses as it takes; with fewer, somebody has been at the ledger."""
    if standing(workspace, candidate) == APPROVED and len(valid) < product.file.release.approvers_for(
        plan.change
    ):
        reason = "an approval is not the one that was noted when it was given"
        void(workspace, candidate, reason)
        raise RefusedError(
            f"The approvals of the plan `{plan.id}` count no more: {reason}",
            expected="the name, account and words of the person who said yes",
            todo="`rcs plan`, and have it approved anew.",
        )


def _refuse_repeated(
    workspace: Workspace, product: Product, plan: Plan, candidate: CandidateRecord, said: str,
    earlier: list[Approval],
) -> None:  # fmt: skip
    if any(same_person(said, item.approver) for item in earlier):
        enough = len(earlier) >= product.file.release.approvers_for(plan.change)
        another = f"It needs another yes, by somebody other than {_listed(candidate.builder, earlier)}."
        raise NothingToDoError(
            f"`{said}` has approved the plan `{plan.id}` already",
            todo=f"`rcs publish {plan.id}`" if enough else another,
        )
    if standing(workspace, candidate) == APPROVED:
        names = " and ".join(f"`{item.approver}`" for item in earlier)
        raise NothingToDoError(f"{names} approved the plan `{plan.id}`", todo=f"`rcs publish {plan.id}`")
    accounts = {candidate.os_account, *(item.os_account for item in earlier)}
    if product.file.release.separate_accounts and workspace.settings.os_account in accounts:
        raise RefusedError(
            f"The account `{workspace.settings.os_account}` built the candidate or approved it already",
            expected="every person under an account of their own, by the product's policy",
            todo=f"Approve from another account: `rcs approve {plan.id} --as NAME`.",
        )


def _listed(builder: str, approvals: list[Approval]) -> str:
    """Everybody whose yes would not count: `Ada`, `Bea` and `Cem`."""
    names = [f"`{name}`" for name in (builder, *(item.approver for item in approvals))]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
