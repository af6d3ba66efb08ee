"""The gate opens only for a candidate all of whose required checks passed, and stays shut for the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import delete, update

from rcs_pipeline.contracts.errors import NothingToDoError, RefusedError
from rcs_pipeline.disclosure import audit
from rcs_pipeline.gate import evidence
from rcs_pipeline.gate.candidate import build_failure, make_candidate
from rcs_pipeline.gate.decision import Decision, decide, require_open
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.records import CandidateRecord, CheckSeverity, Outcome
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.causes import causes
from rcs_pipeline.warehouse.build import seal
from tests.gate.home import GOOD, build, home, make, node


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, CandidateRecord]:
    """One good candidate for all tests of this file; whoever spoils it mends it."""
    workspace = home(tmp_path_factory.mktemp("gate") / "home")
    return workspace, make(workspace)


def forget(workspace: Workspace, check: str) -> None:
    with workspace.ledger._engine.begin() as connection:
        connection.execute(delete(tables.verdict).where(tables.verdict.c.check == check))


def test_a_candidate_that_passed_everything_may_be_published(
    judged: tuple[Workspace, CandidateRecord],
) -> None:
    workspace, record = judged
    assert decide(workspace, record).reasons == ()
    require_open(workspace, record)


def test_every_required_check_that_is_deleted_closes_the_gate(
    judged: tuple[Workspace, CandidateRecord],
) -> None:
    workspace, record = judged
    verdicts = workspace.ledger.verdicts(record.hash)
    assert {item.check for item in verdicts} >= set(record.required_checks)
    for verdict in verdicts:
        forget(workspace, verdict.check)
        with pytest.raises(RefusedError, match="no verdict"):
            require_open(workspace, record)
        workspace.ledger.record_verdicts(record.hash, [verdict], workspace.now())
    assert decide(workspace, record).open


@pytest.mark.parametrize(
    "edit", [{"outcome": "pass", "message": "passed"}, {"candidate": "0" * 64}, {"guidance": "Let it be."}]
)
def test_a_verdict_edited_or_taken_to_another_candidate_closes_the_gate(
    judged: tuple[Workspace, CandidateRecord], edit: dict[str, str]
) -> None:
    workspace, record = judged
    kept = workspace.ledger.verdicts(record.hash)
    mine = tables.verdict.c.check == "contract.estimates"
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(tables.verdict).where(mine).values(edit))
    assert decide(workspace, record).reasons[-1] == (
        "its verdicts are not the ones that were noted when it was audited"
    )
    with workspace.ledger._engine.begin() as connection:
        connection.execute(delete(tables.verdict).where(mine))
    workspace.ledger.record_verdicts(record.hash, kept, workspace.now())
    assert decide(workspace, record).open


def test_without_a_note_of_its_audit_a_candidate_cannot_pass(
    judged: tuple[Workspace, CandidateRecord],
) -> None:
    workspace, record = judged
    events = tables.audit_event
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(events).where(events.c.action == evidence.AUDITED).values(action="gone"))
    assert not decide(workspace, record).open
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(events).where(events.c.action == "gone").values(action=evidence.AUDITED))
    assert decide(workspace, record).open


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
@pytest.mark.parametrize("severity", list(CheckSeverity))
def test_a_required_check_that_did_not_pass_closes_the_gate_whatever_its_row_says(
    judged: tuple[Workspace, CandidateRecord], outcome: Outcome, severity: CheckSeverity
) -> None:
    workspace, record = judged
    verdict = next(
        item for item in workspace.ledger.verdicts(record.hash) if item.check == "contract.estimates"
    )
    spoilt = replace(verdict, outcome=outcome, severity=severity)
    workspace.ledger.record_verdicts(record.hash, [spoilt], workspace.now())
    assert not decide(workspace, record).open
    workspace.ledger.record_verdicts(record.hash, [verdict], workspace.now())


def test_a_shortened_list_in_the_ledger_shortens_nothing(judged: tuple[Workspace, CandidateRecord]) -> None:
    workspace, record = judged
    kept = workspace.ledger.verdicts(record.hash)
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(tables.candidate).values(required_checks=[]))
        connection.execute(delete(tables.verdict))
    reasons = decide(workspace, record).reasons
    for check in (
        "dbt.not_null_estimates_place",
        "dbt.scoring",
        "dbt.models",
        "contract.spend",
        "disclosure.open.spend",
    ):
        assert f"`{check}` has no verdict" in reasons
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(tables.candidate).values(required_checks=list(record.required_checks)))
    workspace.ledger.record_verdicts(record.hash, kept, workspace.now())


@pytest.mark.parametrize(
    "name", ["protected/open/estimates.parquet", "dbt/manifest.json", "contracts/spend.odcs.yaml"]
)
def test_a_file_changed_after_sealing_closes_the_gate(
    judged: tuple[Workspace, CandidateRecord], name: str
) -> None:
    workspace, record = judged
    path = workspace.paths.home / record.path / name
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    assert any("sealed" in reason for reason in decide(workspace, record).reasons)
    path.write_bytes(content)
    assert decide(workspace, record).open


def test_a_file_added_or_removed_after_sealing_closes_the_gate(
    judged: tuple[Workspace, CandidateRecord],
) -> None:
    workspace, record = judged
    folder = workspace.paths.home / record.path
    more = folder / "protected" / "open" / "more.parquet"
    more.write_bytes(b"more")
    assert not decide(workspace, record).open
    more.unlink()
    (folder / "contracts").rename(folder / "elsewhere")
    assert not decide(workspace, record).open
    (folder / "elsewhere").rename(folder / "contracts")


def test_a_candidate_that_the_ledger_does_not_know_is_refused(
    judged: tuple[Workspace, CandidateRecord],
) -> None:
    workspace, record = judged
    assert not decide(workspace, replace(record, hash="0" * 64)).open


def test_making_the_same_candidate_again_is_nothing_to_do(judged: tuple[Workspace, CandidateRecord]) -> None:
    workspace, _ = judged
    with pytest.raises(NothingToDoError):
        make(workspace)


def test_a_run_cut_short_after_sealing_cannot_pass_and_the_next_run_completes_it(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")

    def seal_and_die(*args: object) -> CandidateRecord:
        seal(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_candidate(workspace, "small", build=build(), seal=seal_and_die)  # type: ignore[arg-type]
    record = workspace.ledger.candidates("small")[0]
    assert not decide(workspace, record).open
    assert make(workspace).hash == record.hash
    assert decide(workspace, record).open
    assert not list(workspace.paths.work.glob("building-*"))


def test_verdicts_that_are_missing_are_completed_by_the_next_run(
    judged: tuple[Workspace, CandidateRecord],
) -> None:
    workspace, record = judged
    forget(workspace, "dbt.scoring")
    assert make(workspace) == record
    assert decide(workspace, record).open


@pytest.mark.parametrize(
    "spoilt", ["protected/open/estimates.parquet", "dbt/manifest.json", "warehouse.duckdb"]
)
def test_a_candidate_that_was_touched_is_made_anew_by_the_next_run(tmp_path: Path, spoilt: str) -> None:
    workspace = home(tmp_path / "home")
    record = make(workspace)
    (workspace.paths.home / record.path / spoilt).unlink()
    if spoilt == "warehouse.duckdb":
        forget(workspace, "dbt.scoring")
    assert not decide(workspace, record).open
    assert make(workspace).hash == record.hash
    assert decide(workspace, record).reasons == ()
    assert (workspace.paths.home / record.path / spoilt).is_file()


def test_a_candidate_that_failed_passes_once_the_same_content_is_built_without_fault(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    failed = make(workspace, (*GOOD, node("test", "odd_row_in_staging", "warn", failures=2)))
    assert not decide(workspace, failed).open
    mended = make(workspace, (*GOOD, node("test", "odd_row_in_staging", "pass")))
    assert mended.hash == failed.hash
    assert decide(workspace, mended).open
    with pytest.raises(NothingToDoError):
        make(workspace, (*GOOD, node("test", "odd_row_in_staging", "pass")))


def test_a_shortened_list_alone_is_noticed(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    record = make(workspace)
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(tables.candidate).values(required_checks=["dbt.models"]))
    assert decide(workspace, record).reasons == (
        "the candidate's record has another list of required checks than was sealed",
    )


def test_a_failing_test_is_recorded_and_closes_the_gate(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    record = make(
        workspace, (*GOOD[:2], node("unit_test", "scoring", "fail", message="expected 3, got 4\nvalues"))
    )
    with pytest.raises(RefusedError, match=r"`dbt.scoring` failed: fail: expected 3, got 4"):
        require_open(workspace, record)


def declared(workspace: Workspace, record: CandidateRecord, check: str, **config: object) -> Decision:
    """The decision on a candidate one of whose dbt tests has this configuration."""
    manifest = workspace.paths.home / record.path / evidence.MANIFEST
    content = json.loads(manifest.read_text())
    content["nodes"][f"test.rcs.{check}"]["config"] = config
    manifest.write_text(json.dumps(content))
    evidence.note_sealed(workspace, record)
    return decide(workspace, record)


def test_a_declared_warning_is_shown_and_does_not_close_the_gate(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    record = make(workspace, (*GOOD, node("test", "few_schools", "warn", failures=2)))
    assert not decide(workspace, record).open
    # To dbt every data test is a warning, so that the build goes on; to the gate none is, unless it says so.
    assert not declared(workspace, record, "few_schools", severity="warn").open
    decision = declared(workspace, record, "few_schools", severity="warn", meta={"gate": "warning"})
    assert decision.open
    assert decision.warnings == ("`dbt.few_schools` failed: warn: 2 row(s) break it",)


@pytest.mark.parametrize("status", ["error", "skipped"])
def test_a_declared_warning_that_broke_off_found_nothing_and_closes_the_gate(
    tmp_path: Path, status: str
) -> None:
    workspace = home(tmp_path / "home")
    record = make(workspace, (*GOOD, node("test", "few_schools", status, message="no such column")))
    decision = declared(workspace, record, "few_schools", meta={"gate": "warning"})
    assert decision.reasons == (f"`dbt.few_schools` broke off: {status}: no such column",)
    assert decision.warnings == ()


def test_an_audit_that_breaks_off_closes_the_gate_and_takes_no_other_verdict_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> NoReturn:
        raise ZeroDivisionError("of a number that may be hidden")

    monkeypatch.setattr(audit, "leaks_of", defect)
    workspace = home(tmp_path / "home")
    record = make(workspace)
    found = {item.check: item for item in workspace.ledger.verdicts(record.hash)}
    assert set(found) >= set(record.required_checks)
    broken = {check for check, item in found.items() if item.outcome is not Outcome.PASS}
    assert broken == set(audit.required(workspace.catalogue.product("small")))
    assert {found[check].message for check in broken} == {"the check broke off: ZeroDivisionError"}
    with pytest.raises(RefusedError, match="broke off"):
        require_open(workspace, record)


def test_a_build_that_dbt_stopped_says_which_test_stopped_it(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    stopped = (
        node("model", "stg_answers", "success"),
        node("test", "roll_is_known", "fail", failures=7),
        node("model", "estimates", "skipped"),
    )
    with pytest.raises(RefusedError, match=r"dbt.roll_is_known: fail: 7 row"):
        make(workspace, stopped)
    assert workspace.ledger.candidates("small") == []


def test_what_was_done_is_in_the_audit_trail(judged: tuple[Workspace, CandidateRecord]) -> None:
    workspace, record = judged
    assert [item.action for item in workspace.ledger.events(subject=record.hash)][:6] == [
        "build", "state", "state", "candidate sealed", "state", "candidate audited",
    ]  # fmt: skip
    states = [item.detail["to"] for item in workspace.ledger.events(subject=record.hash, action="state")]
    assert states[:3] == ["built", "protected", "audited"]


def test_a_build_that_broke_off_is_on_record_until_one_goes_through(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    broken = (node("model", "stg_answers", "success"), node("test", "roll_is_known", "fail", failures=7))
    for _ in range(2):
        with pytest.raises(RefusedError):
            make(workspace, (*broken, node("model", "estimates", "skipped")))
    assert build_failure(workspace, "small") is not None
    failed = [item for item in causes(workspace) if item.kind == "build_failed"]
    assert [item.key for item in failed] == ["small dbt.roll_is_known"], "two runs, one cause"
    make(workspace)
    assert build_failure(workspace, "small") is None
    assert [item for item in causes(workspace) if item.kind == "build_failed"] == []
