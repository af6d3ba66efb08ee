"""A candidate is signed off by a named person other than the one who built it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError, WaitingError
from rcs_pipeline.gate import evidence
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.records import Approval, CheckSeverity, Outcome, Verdict
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.approve import approve
from rcs_pipeline.release.plan import make_plan
from rcs_pipeline.release.pointer import current
from rcs_pipeline.release.publish import publish
from rcs_pipeline.site.index import write_pages
from tests.release.helpers import approved, candidate, pass_all


@pytest.mark.parametrize(
    "name", ["demo-builder", "  Demo-Builder ", "DEMO-BUILDER", "demo-\uff42uilder", "demo- builder"]
)
def test_the_builder_cannot_approve(workspace: Workspace, name: str) -> None:
    candidate(workspace)
    with pytest.raises(RefusedError, match="cannot approve"):
        approve(workspace, make_plan(workspace, "mini").id, name)


@pytest.mark.parametrize("name", ["", "   ", "\t\n"])
def test_an_approval_needs_a_name(workspace: Workspace, name: str) -> None:
    candidate(workspace)
    with pytest.raises(RcsError, match="No name"):
        approve(workspace, make_plan(workspace, "mini").id, name)


def test_the_account_is_recorded_beside_the_name(workspace: Workspace) -> None:
    candidate(workspace)
    plan = make_plan(workspace, "mini")
    approval = approve(workspace, plan.id, " Ann  Approver ", "looks right")
    assert approval.approver == "Ann Approver"
    assert approval.os_account == workspace.settings.os_account
    assert workspace.ledger.approvals(plan.id) == [approval]
    assert [event.detail["approver"] for event in workspace.ledger.events(action="plan.approved")] == [
        "Ann Approver"
    ]
    with pytest.raises(NothingToDoError):
        approve(workspace, plan.id, "ann approver")


def test_without_an_approval_publishing_waits(workspace: Workspace) -> None:
    candidate(workspace)
    plan = make_plan(workspace, "mini")
    with pytest.raises(WaitingError, match="rcs approve") as waiting:
        publish(workspace, plan.id, pages=write_pages)
    assert waiting.value.exit_code == 3
    assert current(workspace, "mini", "open") is None


def test_an_approval_by_the_builder_written_into_the_ledger_does_not_count(workspace: Workspace) -> None:
    record = candidate(workspace)
    plan = make_plan(workspace, "mini")
    workspace.ledger.add_approval(
        Approval(plan.id, record.hash, "mini", plan.version, "Demo-Builder", "someone", workspace.now())
    )
    with pytest.raises(WaitingError):
        publish(workspace, plan.id, pages=write_pages)


def test_a_closed_gate_refuses_approval_and_publishing(workspace: Workspace) -> None:
    record = candidate(workspace, passing=False)
    plan = make_plan(workspace, "mini")
    with pytest.raises(RefusedError):
        approve(workspace, plan.id, "demo-approver")
    pass_all(workspace, record)
    with pytest.raises(RefusedError, match="no longer holds: a contract, a verdict or"):
        approve(workspace, plan.id, "demo-approver")
    plan = make_plan(workspace, "mini")
    approve(workspace, plan.id, "demo-approver")
    failed = Verdict("contract.estimates", "contract", CheckSeverity.CRITICAL, Outcome.FAIL, "a row too many")
    workspace.ledger.record_verdicts(record.hash, [failed], workspace.now())
    with pytest.raises(RefusedError):
        publish(workspace, plan.id, pages=write_pages)
    assert current(workspace, "mini", "open") is None


@pytest.mark.parametrize("note_too", [False, True], ids=["verdict", "verdict and its note"])
def test_a_verdict_edited_after_the_approval_voids_it(workspace: Workspace, note_too: bool) -> None:
    record = candidate(workspace)
    plan = approved(workspace)
    verdicts = workspace.ledger.verdicts(record.hash)
    edited = [replace(verdicts[0], message="3 rows break it, which is fine"), *verdicts[1:]]
    notes = [evidence.audited_note(workspace, record, edited)] if note_too else []
    workspace.ledger.record_verdicts(record.hash, edited, workspace.now(), *notes)
    with pytest.raises(RefusedError, match="a verdict or" if note_too else "verdicts are not the ones"):
        publish(workspace, plan.id, pages=write_pages)
    assert current(workspace, "mini", "open") is None
    assert [item.voided_at is not None for item in workspace.ledger.approvals(plan.id)] == [True]
    pass_all(workspace, record)
    with pytest.raises(WaitingError):
        publish(workspace, plan.id, pages=write_pages)


@pytest.mark.parametrize("edit", [{"approver": "Zed"}, {"note": "Fine"}, {"os_account": "zed"}])
def test_an_edited_approval_counts_no_more(workspace: Workspace, edit: dict[str, str]) -> None:
    candidate(workspace)
    plan = approved(workspace)
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(tables.approval).values(edit))
    with pytest.raises(RefusedError, match="not the one that was noted"):
        publish(workspace, plan.id, pages=write_pages)
    assert current(workspace, "mini", "open") is None
    assert approved(workspace).id == plan.id, "it can be approved anew"
    assert publish(workspace, plan.id, pages=write_pages).version == "1.0.0"
