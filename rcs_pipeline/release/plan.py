"""Making a plan: the comparison, its checklist and who is affected, under an id and before its approvers.

Belongs here: what a plan says besides its version, and the step that submits it.
Does not belong here: the comparison itself (see `prospect`), how a plan looks (`site`), the yes (`approve`).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.ledger.records import Plan
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import candidate as candidates
from rcs_pipeline.release.checklist import ERROR, looked_through
from rcs_pipeline.release.consumers import affected
from rcs_pipeline.release.draft import Comparison, changed_table
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.pointer import SCHEMA_VERSION
from rcs_pipeline.release.prospect import Prospect, Wishes, check_plan, prospect
from rcs_pipeline.release.standing import submission
from rcs_pipeline.release.versions import numbers

__all__ = ["Wishes", "check_plan", "due", "make_plan", "plan_document"]


def make_plan(
    workspace: Workspace, product_id: str, candidate: str | None = None, wishes: Wishes | None = None
) -> Plan:
    """Compute the plan, enter it, and put it before its approvers if the gate is open.

    The same world and wishes give the same plan.

    Args:
        workspace: the home.
        product_id: the data product.
        candidate: the hash, or its beginning; the newest if not given.
        wishes: an embargo, a note, a higher version.

    Raises:
        NothingToDoError: the candidate changes nothing.
        RefusedError: the candidate or the current release is not what it was, was withdrawn or rejected,
            or the version asked for is too small.
        RcsError: the embargo is no time.
    """
    finish_interrupted_moves(workspace)
    product = workspace.catalogue.product(product_id)
    wishes = wishes or Wishes()
    wishes = replace(wishes, not_before=_embargo(product, wishes.not_before), note=wishes.note.strip())
    chosen = candidates.choose(workspace, product, candidate)
    found = prospect(workspace, chosen, replace(wishes, at_least=None))
    if wishes.at_least:
        _refuse_too_small(wishes.at_least, found.plan)
        found = prospect(workspace, chosen, wishes)
    document = plan_document(workspace, found)
    plan = replace(found.plan, detail=document)
    events = [workspace.event("plan.made", plan.id, version=plan.version, candidate=plan.candidate)]
    if not any(item["level"] == ERROR for item in document["checklist"]):
        step = submission(workspace, chosen, plan)
        if step is not None:
            workspace.ledger.void_approvals(chosen.hash, workspace.now(), but=plan.id)
            events.append(step)
    workspace.ledger.add_plan(plan, *events)
    return workspace.ledger.plan(plan.id)


def plan_document(workspace: Workspace, found: Prospect) -> dict[str, Any]:
    """Everything that a plan says, for its page and for programs."""
    plan, product = found.plan, found.product
    return {
        "schema_version": SCHEMA_VERSION,
        "plan": plan.id,
        "product": product.id,
        "title": product.file.title,
        "candidate": plan.candidate,
        "base_version": plan.base_version,
        "version": plan.version,
        "change": plan.change,
        "why": list(plan.why),
        "note": plan.note,
        "not_before": plan.not_before,
        "approvals_needed": product.file.release.approvers_for(plan.change),
        "synthetic": found.synthetic,
        "made_at": plan.made_at,
        "made_by": plan.claimed_name,
        "builder": workspace.ledger.candidate(plan.candidate).builder,
        "audiences": [_audience(product, item) for item in found.comparisons],
        "consumers": [asdict(item) for item in affected(product, found.comparisons)],
        "held_back": [asdict(item) for item in found.held],
        "checklist": [asdict(item) for item in looked_through(workspace, found)],
    }


def due(plan: Plan, now: str) -> bool:
    """Whether the embargo of a plan is over."""
    return plan.not_before is None or datetime.fromisoformat(now) >= datetime.fromisoformat(plan.not_before)


def _audience(product: Product, comparison: Comparison) -> dict[str, Any]:
    tables = [changed_table(item) for item in comparison.tables]
    for item in tables:
        del item["changed_keys"], item["changed_keys_complete"]
    return {
        "audience": comparison.audience,
        "title": product.audience(comparison.audience).title,
        "base_version": comparison.base_version,
        "tables": tables,
        "reasons": [{"change": item.change.value, "sentence": item.sentence} for item in comparison.reasons],
    }


def _embargo(product: Product, text: str | None) -> str | None:
    """The time in UTC; without an offset it is that of the product's own clock."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise RcsError(f"`{text}` is no time", expected="one such as 2026-12-01T09:30") from error
    zone = ZoneInfo(product.file.release.timezone)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _refuse_too_small(asked: str, plan: Plan) -> None:
    try:
        enough = numbers(asked) >= numbers(plan.version)
    except ValueError as error:
        raise RcsError(f"`{asked}` is no version", expected="three numbers, such as 2.0.0") from error
    if not enough:
        raise RefusedError(
            f"{asked} is too small a number: this is a {plan.change} change. {plan.why[0]}",
            expected=f"{plan.version} or more",
            todo="Leave `--version` out.",
        )
