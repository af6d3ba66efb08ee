"""The publishing asset asks the ledger: launched alone, it refuses whatever Dagster believes."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from rcs_pipeline.defs.alerts import ALERTS
from rcs_pipeline.defs.elsewhere import ELSEWHERE
from rcs_pipeline.defs.sensors import publications
from rcs_pipeline.ledger.records import CandidateRecord, Outcome
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.approve import approve
from rcs_pipeline.release.plan import Wishes, make_plan
from rcs_pipeline.release.publish import publish as put_out
from rcs_pipeline.release.rollback import withdraw_release
from rcs_pipeline.site.index import write_pages
from tests.defs.homes import definitions, launch, sentence
from tests.gate.home import home, make

Judged = tuple[Workspace, CandidateRecord, dg.Definitions]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A candidate whose every verdict is a pass, and the definitions over its home."""
    workspace = home(tmp_path_factory.mktemp("publishing") / "home")
    return workspace, make(workspace), definitions(workspace)


@pytest.fixture(autouse=True)
def as_it_was(judged: Judged) -> Iterator[None]:
    """Give every test the ledger and the releases as the gate left them."""
    workspace, _, _ = judged
    path = workspace.paths.home / "ledger.db"
    with sqlite3.connect(path) as live, sqlite3.connect(":memory:") as kept:
        live.backup(kept)
        yield
        kept.backup(live)
    shutil.rmtree(workspace.paths.releases / "small", ignore_errors=True)


def publish(defs: dg.Definitions) -> dg.ExecuteInProcessResult:
    """The publishing asset alone, in an instance that knows of no failed check."""
    return launch(defs, "publish")


def published(workspace: Workspace) -> list[Path]:
    return [path for path in workspace.paths.releases.rglob("*") if path.is_file()]


def forget(workspace: Workspace, check: str) -> None:
    with sqlite3.connect(workspace.paths.home / "ledger.db") as connection:
        assert connection.execute('delete from verdict where "check" = ?', [check]).rowcount == 1


def approved(workspace: Workspace) -> str:
    plan = make_plan(workspace, "small")
    approve(workspace, plan.id, "demo-approver")
    return plan.id


def required_kinds(candidate: CandidateRecord) -> dict[str, str]:
    """One required check of each kind."""
    return {check.split(".")[0]: check for check in candidate.required_checks}


def test_a_missing_verdict_of_any_kind_refuses_publication(judged: Judged) -> None:
    workspace, candidate, defs = judged
    approved(workspace)
    kinds = required_kinds(candidate)
    assert set(kinds) == {"consistency", "contract", "dbt", "disclosure", "gx", "reconciliation"}
    verdicts = {item.check: item for item in workspace.ledger.verdicts(candidate.hash)}
    for check in kinds.values():
        forget(workspace, check)
        assert f"The gate is closed: `{check}` has no verdict" in sentence(publish(defs))
        assert not published(workspace)
        workspace.ledger.record_verdicts(candidate.hash, [verdicts[check]], workspace.now())


def test_a_failed_verdict_refuses_publication(judged: Judged) -> None:
    workspace, candidate, defs = judged
    approved(workspace)
    check = required_kinds(candidate)["contract"]
    verdict = next(item for item in workspace.ledger.verdicts(candidate.hash) if item.check == check)
    workspace.ledger.record_verdicts(
        candidate.hash, [replace(verdict, outcome=Outcome.FAIL)], workspace.now()
    )
    assert f"`{check}` failed" in sentence(publish(defs))
    assert not published(workspace)


def test_without_an_approval_publication_waits_with_the_command_to_type(judged: Judged) -> None:
    workspace, _, defs = judged
    says = sentence(publish(defs))
    assert "waits for an approval" in says
    assert "`rcs approve " in says
    assert not published(workspace)


def test_the_builder_cannot_stand_in_for_the_approver(judged: Judged) -> None:
    workspace, candidate, defs = judged
    plan = make_plan(workspace, "small")
    with sqlite3.connect(workspace.paths.home / "ledger.db") as connection:
        connection.execute(
            "insert into approval"
            " (plan, candidate, product, version, approver, os_account, note, approved_at)"
            " values (?, ?, 'small', ?, 'demo-builder', 'x', '', 'today')",
            [plan.id, candidate.hash, plan.version],
        )
    assert "waits for an approval" in sentence(publish(defs))
    assert not published(workspace)


def test_a_home_without_a_candidate_says_how_to_make_one(tmp_path: Path, judged: Judged) -> None:
    empty = home(tmp_path / "home")
    assert "`rcs build` makes one" in sentence(publish(definitions(empty)))


def test_an_approved_candidate_is_published_once_and_a_lost_verdict_is_noticed_even_then(
    judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, candidate, defs = judged
    plan = approved(workspace)
    result = publish(defs)
    assert result.success
    (event,) = result.get_asset_materialization_events()
    shown = {name: value.value for name, value in event.materialization.metadata.items()}
    assert (shown["version"], shown["candidate"], shown["plan"]) == ("1.0.0", candidate.hash, plan)
    pointer = json.loads((workspace.paths.releases / "small" / "open" / "current.json").read_text())
    assert pointer["version"] == "1.0.0"
    before = {path: path.stat().st_mtime_ns for path in published(workspace)}
    again = publish(defs)
    assert again.success
    (event,) = again.get_asset_materialization_events()
    assert "already" in str(event.materialization.metadata["standing"].value)
    forget(workspace, required_kinds(candidate)["disclosure"])
    assert "The gate is closed" in sentence(publish(defs))
    assert {path: path.stat().st_mtime_ns for path in published(workspace)} == before


def test_the_approval_sensor_asks_for_a_publication_once_the_embargo_is_over(judged: Judged) -> None:
    workspace, _, _ = judged
    assert publications(workspace, ["small"])[0] == []
    plan = make_plan(workspace, "small", wishes=Wishes(not_before="2027-01-01T09:00"))
    approve(workspace, plan.id, "demo-approver")
    early = replace(workspace, clock=lambda: datetime(2026, 12, 31, tzinfo=UTC))
    late = replace(workspace, clock=lambda: datetime(2027, 1, 2, tzinfo=UTC))
    for space in (early, late):
        space.__dict__["catalogue"] = workspace.catalogue
    assert publications(early, ["small"])[0] == []
    requests, _ = publications(late, ["small"])
    (request,) = requests
    assert request.run_key == publications(late, ["small"])[0][0].run_key
    result = launch(definitions(late), "publish", run_config=request.run_config)
    assert result.success
    assert publications(late, ["small"])[0] == []


def test_the_alert_sensor_tells_a_closed_gate_once_whatever_runs_did(judged: Judged, tmp_path: Path) -> None:
    workspace, candidate, _ = judged
    heard = tmp_path / "heard"
    script = tmp_path / "hook.py"
    script.write_text(f"import sys\nopen({str(heard)!r}, 'a').write(sys.stdin.read())\n", encoding="utf-8")
    hooked = replace(
        workspace, settings=replace(workspace.settings, notify_command=f"{sys.executable} {script}")
    )
    hooked.__dict__["catalogue"] = workspace.catalogue
    defs = definitions(hooked)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, definitions=defs, resources={"open_workspace": lambda: hooked}
        )

        def tick() -> str:
            skipped = defs.resolve_sensor_def(ALERTS)(context)
            assert isinstance(skipped, dg.SkipReason)
            return str(skipped.skip_message)

        assert tick() == "Nothing stands in the way."
        assert not heard.exists()
        forget(workspace, required_kinds(candidate)["contract"])
        for _ in range(2):
            assert not publish(defs).success
            assert "cannot be published: verdicts are missing" in tick()
    assert (
        heard.read_text(encoding="utf-8").count('"subject": "gate_closed: small verdicts are missing"') == 1
    )


def test_what_was_done_elsewhere_is_shown_once_with_names_reasons_and_hashes(judged: Judged) -> None:
    workspace, candidate, defs = judged
    candidate_key, plan_key, release_key = (
        dg.AssetKey(["small", name]) for name in ("candidate", "plan", "release")
    )
    with dg.DagsterInstance.ephemeral() as instance:
        cursor: str | None = None

        def tick() -> list[Any]:
            nonlocal cursor
            context = dg.build_sensor_context(
                instance=instance, definitions=defs, cursor=cursor,
                resources={"open_workspace": lambda: workspace},
            )  # fmt: skip
            result = defs.resolve_sensor_def(ELSEWHERE)(context)
            assert isinstance(result, dg.SensorResult)
            cursor = result.cursor
            for event in result.asset_events or ():
                instance.report_runless_asset_event(event)
            return list(result.asset_events or ())

        def facts(key: dg.AssetKey) -> dict[str, Any]:
            event = instance.get_latest_materialization_event(key)
            assert event is not None and event.asset_materialization is not None
            return {name: value.value for name, value in event.asset_materialization.metadata.items()}

        events = tick()
        judgements = [item for item in events if isinstance(item, dg.AssetCheckEvaluation)]
        assert {item.check_name for item in judgements} == {
            *(f"{kind}_verdicts" for kind in required_kinds(candidate)), "gate_open",
        }  # fmt: skip
        assert all(item.passed and item.asset_key == candidate_key for item in judgements)
        assert (facts(candidate_key)["gate"], facts(candidate_key)["state"]) == ("open", "audited")
        plan = make_plan(workspace, "small")
        tick()
        assert (facts(plan_key)["plan"], facts(plan_key)["approvals needed"]) == (plan.id, 1)
        assert Path(facts(plan_key)["page"]).is_file()
        approve(workspace, plan.id, "demo-approver", "Read the rates")
        (yes,) = tick()
        assert isinstance(yes, dg.AssetObservation) and yes.asset_key == plan_key
        assert (yes.metadata["by"].value, yes.metadata["step"].value) == ("demo-approver", "approve")
        put_out(workspace, plan.id, pages=write_pages)
        tick()
        shown = facts(release_key)
        (record,) = workspace.ledger.releases("small")
        assert (shown["version"], shown["hash (open)"]) == ("1.0.0", record.hashes["open"])
        assert "demo-approver" in shown["approvals"] and "Read the rates" in shown["approvals"]
        assert "This is the first release." in shown["why"]
        assert tick() == []
        withdraw_release(workspace, "small", "1.0.0", "Wrong weights")
        (no,) = tick()
        assert (no.asset_key, no.metadata["reason"].value) == (release_key, "Wrong weights")
        assert tick() == []


def test_what_a_run_did_itself_is_not_shown_twice(judged: Judged) -> None:
    workspace, _, defs = judged
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, definitions=defs, resources={"open_workspace": lambda: workspace}
        )
        approved(workspace)
        assert defs.resolve_job_def("publish").execute_in_process(instance=instance).success
        result = defs.resolve_sensor_def(ELSEWHERE)(context)
        assert isinstance(result, dg.SensorResult)
        materialised = [
            item for item in result.asset_events or () if isinstance(item, dg.AssetMaterialization)
        ]
        assert [item.asset_key.path[-1] for item in materialised] == ["candidate", "plan"]
