"""One alert a cause: read from the ledger, told once while it stands, and again only if it comes back."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rcs_pipeline.gate import evidence
from rcs_pipeline.ledger.records import CheckSeverity as Severity
from rcs_pipeline.ledger.records import Outcome, PointerMove, Receipt, ReceiptState, Verdict
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import filling
from rcs_pipeline.release import publish as publishing
from rcs_pipeline.release.alerts import ACTION, raise_alerts, standing_alerts
from rcs_pipeline.release.causes import causes
from rcs_pipeline.release.publish import publish
from rcs_pipeline.release.rollback import withdraw_release
from rcs_pipeline.site.index import write_pages
from tests.release.helpers import NOON, approved, at, candidate, corrected, pass_all, released

LATER = "2026-05-05T10:00:00+00:00"


def kinds(workspace: Workspace) -> list[str]:
    """What somebody is told of now."""
    return [item.kind for item in raise_alerts(workspace) if not item.told]


def days_later(workspace: Workspace, days: float) -> Workspace:
    return at(workspace, NOON + timedelta(days=days))


def received(workspace: Workspace, state: ReceiptState, *, collection: str = "t1-here-2016") -> Receipt:
    rows = int(state is not ReceiptState.DUPLICATE)
    return workspace.ledger.add_receipt(
        Receipt(
            workspace.now(), "wellbeing_primary", collection, "ab" * 32, "a.csv", 9, state, "Ann", "ann",
            rows_in=rows, rows_accepted=int(state is ReceiptState.ACCEPTED),
            rows_refused=int(state is ReceiptState.REFUSED), rows_waiting=int(state is ReceiptState.WAITING),
        )
    )  # fmt: skip


def failing(workspace: Workspace, candidate_hash: str, outcome: Outcome, *checks: str) -> None:
    bad = [Verdict(name, "contract", Severity.CRITICAL, outcome, "one row holds Beatrix") for name in checks]
    record = workspace.ledger.candidate(candidate_hash)
    kept = [item for item in workspace.ledger.verdicts(record.hash) if item.check not in checks]
    note = evidence.audited_note(workspace, record, [*kept, *bad])
    workspace.ledger.record_verdicts(record.hash, bad, workspace.now(), note)


def hooked(workspace: Workspace, command: str) -> Workspace:
    other = replace(workspace, settings=replace(workspace.settings, notify_command=command))
    other.__dict__["catalogue"] = workspace.catalogue
    return other


def test_a_home_where_all_is_well_has_nothing_to_tell(workspace: Workspace) -> None:
    assert kinds(workspace) == []
    candidate(workspace)
    released(workspace)
    received(workspace, ReceiptState.ACCEPTED)
    assert kinds(workspace) == []
    assert workspace.ledger.events(action=ACTION) == []


def test_a_check_that_fails_in_every_candidate_is_one_alert(workspace: Workspace) -> None:
    first = candidate(workspace)
    failing(workspace, first.hash, Outcome.FAIL, "contract.estimates")
    (told,) = raise_alerts(workspace)
    assert (told.kind, told.subject) == ("gate_closed", "gate_closed: mini `contract.estimates` fails")
    assert "Beatrix" not in told.text, "values stay in the house"
    second = candidate(workspace, corrected(), built_at=LATER)
    failing(workspace, second.hash, Outcome.FAIL, "contract.estimates")
    assert kinds(workspace) == []
    assert [item.told for item in standing_alerts(workspace)] == [True]


def test_what_broke_off_is_one_alert_for_all_its_checks(workspace: Workspace) -> None:
    record = candidate(workspace)
    checks = [item for item in record.required_checks if item.startswith("gx.")]
    assert len(checks) > 2
    failing(workspace, record.hash, Outcome.ERROR, *checks)
    (told,) = raise_alerts(workspace)
    assert f"checks of the kind `gx` broke off ({len(checks)} of that kind)" in told.text


def test_a_cause_that_went_and_came_again_is_told_again(workspace: Workspace) -> None:
    record = candidate(workspace)
    failing(workspace, record.hash, Outcome.FAIL, "contract.estimates")
    assert kinds(workspace) == ["gate_closed"]
    pass_all(workspace, record)
    assert kinds(workspace) == [] and standing_alerts(workspace) == ()
    failing(workspace, record.hash, Outcome.FAIL, "contract.estimates")
    assert kinds(workspace) == ["gate_closed"]
    assert kinds(workspace) == []


def test_a_refused_delivery_is_told_until_a_usable_one_comes(workspace: Workspace) -> None:
    first = received(workspace, ReceiptState.REFUSED)
    (told,) = raise_alerts(workspace)
    assert (told.kind, f"`rcs show {first.id}`" in told.guidance) == ("delivery_refused", True)
    received(workspace, ReceiptState.DUPLICATE)
    assert kinds(workspace) == []
    assert [item.told for item in standing_alerts(workspace)] == [True], "the same bytes mend nothing"
    received(workspace, ReceiptState.REFUSED)
    assert kinds(workspace) == ["delivery_refused"], "another file, another cause"
    received(workspace, ReceiptState.WAITING)
    assert kinds(workspace) == ["delivery_waiting"]
    received(workspace, ReceiptState.ACCEPTED)
    assert standing_alerts(workspace) == ()


def test_a_publication_that_broke_off_is_told_whoever_started_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate(workspace)
    plan = approved(workspace)
    with monkeypatch.context() as patched:

        def full(*_: object, **__: object) -> str:
            raise OSError(28, "No space left on device")

        patched.setattr(filling, "write_release", full)
        with pytest.raises(OSError, match="No space"):
            publish(workspace, plan.id, pages=write_pages)
    (told,) = raise_alerts(workspace)
    assert told.kind == "publish_failed" and "No space left on device" in told.text
    publish(workspace, plan.id, pages=write_pages)
    assert standing_alerts(workspace) == ()


def test_an_approved_plan_that_nobody_publishes_is_told_after_a_day(workspace: Workspace) -> None:
    candidate(workspace)
    approved(workspace)
    assert [item.kind for item in causes(workspace)] == ["publish_overdue"]
    assert kinds(days_later(workspace, 0.9)) == []
    assert kinds(days_later(workspace, 1.1)) == ["publish_overdue"]


def test_an_approval_that_counts_no_more_is_told_until_there_is_a_new_plan(workspace: Workspace) -> None:
    record = candidate(workspace)
    plan = approved(workspace)
    failing(workspace, record.hash, Outcome.FAIL, "contract.estimates")
    with pytest.raises(Exception, match="gate is closed"):
        publish(workspace, plan.id, pages=write_pages)
    assert sorted(kinds(workspace)) == ["approval_void", "gate_closed"]
    pass_all(workspace, record)
    approved(workspace)
    assert standing_alerts(workspace) == ()


def test_old_and_overdue_releases_are_told_by_their_contract(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)  # the contract: 100 days; the next one by 2027-05-04
    assert kinds(days_later(workspace, 99)) == []
    assert kinds(days_later(workspace, 101)) == ["release_stale"]
    assert kinds(days_later(workspace, 400)) == ["release_overdue"]
    withdraw_release(days_later(workspace, 401), "mini", "1.0.0", "Wrong weights")
    assert standing_alerts(days_later(workspace, 402)) == ()


def test_work_cut_short_is_told_when_it_should_long_be_done(workspace: Workspace) -> None:
    workspace.ledger.start_move(PointerMove("mini", "publish", None, "1.0.0", {}, workspace.now()))
    assert kinds(days_later(workspace, 1 / 24)) == []
    assert kinds(days_later(workspace, 3 / 24)) == ["work_unfinished"]


def test_a_hook_gets_each_cause_once_and_is_tried_again_where_it_is_deaf(
    workspace: Workspace, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.jsonl"
    script = tmp_path / "hook.py"
    script.write_text(
        f"import sys\nopen({str(heard)!r}, 'a').write(sys.stdin.read().replace('\\n', '') + '\\n')\n",
        encoding="utf-8",
    )
    deaf, hearing = hooked(workspace, "/nowhere/hook"), hooked(workspace, f"{sys.executable} {script}")
    received(workspace, ReceiptState.REFUSED)
    assert kinds(deaf) == ["delivery_refused"]
    assert kinds(hearing) == ["delivery_refused"]
    assert kinds(hearing) == []
    (line,) = heard.read_text(encoding="utf-8").splitlines()
    message = json.loads(line)
    assert (message["kind"], message["alert"], message["synthetic"]) == ("alert", "delivery_refused", True)
    steps = [item.detail["step"] for item in workspace.ledger.events(action=ACTION)]
    assert steps == ["not taken", "raised"]
    received(workspace, ReceiptState.REFUSED)
    assert [len(kinds(deaf)) for _ in range(4)] == [1, 1, 1, 0], "three times in all"


def test_every_kind_of_cause_has_words_and_every_word_a_cause(workspace: Workspace) -> None:
    program = (Path(publishing.__file__).with_name("causes.py")).read_text(encoding="utf-8")
    for name in workspace.catalogue.alerts.named:
        assert f'"{name}"' in program, name
