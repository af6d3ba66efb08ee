"""A candidate and a release go from state to state as the contract says, each step on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError, WaitingError
from rcs_pipeline.contracts.lifecycle import Lifecycle, Need
from rcs_pipeline.ledger.lifecycle import state_of, step
from rcs_pipeline.ledger.records import AuditEvent
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import diagram
from rcs_pipeline.release.approve import approve, reject, still_needed
from rcs_pipeline.release.plan import Wishes, make_plan
from rcs_pipeline.release.pointer import current
from rcs_pipeline.release.publish import publish
from rcs_pipeline.release.rollback import deprecate, rollback, withdraw_release
from rcs_pipeline.release.standing import standing
from rcs_pipeline.site.index import write_pages
from tests.release.helpers import INDICATORS, NOON, at, candidate, corrected, released

LATER = "2026-05-05T10:00:00+00:00"
FEWER = INDICATORS.replace("range(1, 6)", "range(1, 5)")


def steps(workspace: Workspace, subject: str) -> list[tuple[str, str]]:
    events = workspace.ledger.events(action="state", subject=subject)
    return [(str(item.detail["transition"]), str(item.detail["to"])) for item in events]


def last(workspace: Workspace, subject: str) -> AuditEvent:
    return workspace.ledger.events(action="state", subject=subject)[-1]


def test_the_diagram_in_the_docs_is_that_of_the_contract() -> None:
    assert diagram.PAGE.read_text(encoding="utf-8") == diagram.page(load_catalogue().lifecycle), (
        "make generate"
    )


def test_every_state_can_be_reached_and_no_step_names_another(workspace: Workspace) -> None:
    machine = workspace.catalogue.lifecycle
    reached, before = {None}, None
    while reached != before:
        before = set(reached)
        reached |= {item.to for item in machine.transitions if not item.from_ or reached & set(item.from_)}
    assert reached - {None} == {item.id for item in machine.states}
    with pytest.raises(ValueError, match="not at all: nowhere"):
        Lifecycle.model_validate(
            {"states": [], "transitions": [{"id": "x", "from": [], "to": "nowhere", "roles": ["engineer"]}]}
        )


def test_from_plan_to_release_every_step_says_who_when_on_what_and_why(workspace: Workspace) -> None:
    record = candidate(workspace)
    assert standing(workspace, record) == "audited"
    released(workspace)
    assert steps(workspace, record.hash) == [
        ("submit", "submitted"), ("approve", "approved"), ("release", "released"),
    ]  # fmt: skip
    yes = workspace.ledger.events(action="state", subject=record.hash)[1]
    assert (yes.claimed_name, yes.at) == ("demo-approver", workspace.now())
    assert (yes.detail["content"], yes.detail["reason"]) == (record.hash, "read the changes")
    assert (yes.detail["from"], yes.detail["role"]) == ("submitted", "engineer")
    assert state_of(workspace, "mini 1.0.0") == "released"


def test_a_step_from_another_state_is_refused(workspace: Workspace) -> None:
    record = candidate(workspace)
    with pytest.raises(RefusedError, match="nobody can release it now"):
        step(workspace, "release", record.hash, assumed="audited", met=tuple(Need))
    with pytest.raises(RcsError, match="without looking at gate_open"):
        step(workspace, "submit", record.hash, assumed="audited")


def test_a_role_that_the_contract_does_not_name_may_neither_plan_nor_publish(workspace: Workspace) -> None:
    candidate(workspace)
    analyst = replace(workspace, settings=replace(workspace.settings, role="analyst"))
    analyst.__dict__["catalogue"] = workspace.catalogue
    with pytest.raises(RefusedError, match="role `analyst` may not submit"):
        make_plan(analyst, "mini")
    plan = make_plan(workspace, "mini")
    with pytest.raises(RefusedError, match="role `analyst` may not approve"):
        approve(analyst, plan.id, "demo-approver")
    approve(workspace, plan.id, "demo-approver")
    with pytest.raises(RefusedError, match="role `analyst` may not release"):
        publish(analyst, plan.id, pages=write_pages)
    assert current(workspace, "mini", "open") is None


def test_a_breaking_release_takes_two_people_besides_the_builder(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    record = candidate(workspace, indicators=FEWER, built_at=LATER)
    plan = make_plan(workspace, "mini")
    assert plan.change == "major"
    approve(workspace, plan.id, "Ann")
    assert still_needed(workspace, plan.id) == 1
    with pytest.raises(WaitingError, match="1 of 2 approvals"):
        publish(workspace, plan.id, pages=write_pages)
    with pytest.raises(
        NothingToDoError, match="another yes, by somebody other than `demo-builder` and `Ann`"
    ):
        approve(workspace, plan.id, " ANN ")
    approve(workspace, plan.id, "Bea", "agreed")
    assert steps(workspace, record.hash)[1:] == [("say_yes", "submitted"), ("approve", "approved")]
    publish(workspace, plan.id, pages=write_pages)
    folder = workspace.paths.releases / "mini/open/2.0.0"
    assert '"name": "Ann"' in (folder / "approval.json").read_text(encoding="utf-8")
    assert "Note: agreed" in (folder / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_touched_file_voids_approvals_even_after_it_is_put_back(workspace: Workspace) -> None:
    record = candidate(workspace)
    plan = make_plan(workspace, "mini")
    approve(workspace, plan.id, "Ann")
    file = workspace.paths.home / record.path / "protected" / "open" / "estimates.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"x")
    with pytest.raises(RefusedError):
        publish(workspace, plan.id, pages=write_pages)
    file.write_bytes(whole)
    assert standing(workspace, record) == "audited"
    assert "gate is closed" in last(workspace, record.hash).detail["reason"]
    with pytest.raises(WaitingError):
        publish(workspace, plan.id, pages=write_pages)
    assert make_plan(workspace, "mini").id == plan.id
    approve(workspace, plan.id, "Ann")
    assert publish(workspace, plan.id, pages=write_pages).version == "1.0.0"


def test_another_plan_for_the_same_candidate_voids_the_yes_to_the_first(workspace: Workspace) -> None:
    candidate(workspace)
    first = make_plan(workspace, "mini")
    approve(workspace, first.id, "Ann")
    second = make_plan(workspace, "mini", wishes=Wishes(note="With a note"))
    assert second.id != first.id
    with pytest.raises(RefusedError, match="not before its approvers"):
        publish(workspace, first.id, pages=write_pages)
    with pytest.raises(WaitingError):
        publish(workspace, second.id, pages=write_pages)


def test_a_no_stops_the_candidate_until_it_is_taken_back(workspace: Workspace) -> None:
    record = candidate(workspace)
    plan = make_plan(workspace, "mini")
    approve(workspace, plan.id, "Ann")
    with pytest.raises(RefusedError, match="may not reject"):
        reject(workspace, plan.id, "demo-builder", "mine")
    assert reject(workspace, plan.id, "Bea", "The bases are too small") == "rejected"
    with pytest.raises(RefusedError, match="Bea` rejected"):
        make_plan(workspace, "mini")
    with pytest.raises(RefusedError):
        publish(workspace, plan.id, pages=write_pages)
    assert reject(workspace, plan.id, "Bea", "I misread the table", reopen=True) == "audited"
    again = make_plan(workspace, "mini")
    with pytest.raises(WaitingError):
        publish(workspace, again.id, pages=write_pages)
    assert standing(workspace, record) == "submitted"


def test_an_embargo_holds_a_release_until_it_is_due(workspace: Workspace) -> None:
    candidate(workspace)
    plan = make_plan(workspace, "mini", wishes=Wishes(not_before="2026-05-05T09:30"))
    assert plan.not_before == "2026-05-05T08:30:00+00:00", "the product's clock is London's"
    approve(workspace, plan.id, "Ann")
    with pytest.raises(WaitingError, match="under embargo until 2026-05-05T08:30"):
        publish(workspace, plan.id, pages=write_pages)
    assert current(workspace, "mini", "open") is None
    just_before, due = (at(workspace, NOON + timedelta(hours=20, minutes=minutes)) for minutes in (29, 30))
    with pytest.raises(WaitingError):
        publish(just_before, plan.id, pages=write_pages)
    assert publish(due, plan.id, pages=write_pages).version == "1.0.0"
    with pytest.raises(RcsError, match="is no time"):
        make_plan(workspace, "mini", wishes=Wishes(not_before="soon"))


def test_a_withdrawn_release_gives_its_place_to_the_newest_usable_one(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at=LATER)
    released(workspace)
    with pytest.raises(RcsError, match="No reason"):
        withdraw_release(workspace, "mini", "1.0.1", " ")
    now = withdraw_release(workspace, "mini", "1.0.1", "Wrong weights")
    assert now is not None and now.version == "1.0.0"
    assert state_of(workspace, "mini 1.0.1") == "withdrawn"
    for audience in ("open", "partnership"):
        pointer = current(workspace, "mini", audience)
        assert pointer is not None and pointer.version == "1.0.0"
    with pytest.raises(NothingToDoError):
        withdraw_release(workspace, "mini", "1.0.1", "again")
    with pytest.raises(RefusedError, match="Wrong weights"):
        rollback(workspace, "mini", "1.0.1", "back")
    assert withdraw_release(workspace, "mini", "1.0.0", "That one too") is None
    assert current(workspace, "mini", "open") is None, "no pointer leads to a withdrawn release"
    candidate(workspace, corrected("0.2"), built_at="2026-05-06T10:00:00+00:00")
    assert released(workspace).version == "2.0.0", "a number is never given twice"


def test_withdrawing_an_older_release_moves_no_pointer(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at=LATER)
    released(workspace)
    now = withdraw_release(workspace, "mini", "1.0.0", "Wrong labels")
    assert now is not None and now.version == "1.0.1"
    status = (workspace.paths.releases / "mini/open/status.json").read_text(encoding="utf-8")
    assert '"reason": "Wrong labels"' in status


def test_a_deprecated_release_has_a_day_and_can_be_restored(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at=LATER)
    released(workspace)
    with pytest.raises(RcsError, match="is no day"):
        deprecate(workspace, "mini", "1.0.0", "soon", "use 1.0.1")
    release = deprecate(workspace, "mini", "1.0.0", "2026-12-31", "use 1.0.1")
    assert (release.version, state_of(workspace, "mini 1.0.0")) == ("1.0.0", "deprecated")
    folder = workspace.paths.releases / "mini/open"
    assert '"until": "2026-12-31"' in (folder / "status.json").read_text(encoding="utf-8")
    assert "To be left by 2026-12-31" in (folder / "feed.xml").read_text(encoding="utf-8")
    rollback(workspace, "mini", "1.0.0", "1.0.1 is wrong")
    assert steps(workspace, "mini 1.0.0") == [
        ("release", "released"), ("deprecate", "deprecated"), ("restore", "released"),
    ]  # fmt: skip


def test_a_release_from_before_states_were_recorded_can_be_withdrawn(
    tmp_path: Path, workspace: Workspace
) -> None:
    import sqlite3

    candidate(workspace)
    released(workspace)
    with sqlite3.connect(workspace.paths.home / "ledger.db") as connection:
        connection.execute("delete from audit_event where action = 'state'")
    assert withdraw_release(workspace, "mini", "1.0.0", "Wrong weights") is None
