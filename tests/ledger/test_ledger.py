"""The ledger remembers everything, each change in one transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.ledger import Ledger
from rcs_pipeline.ledger.records import (
    AuditEvent,
    CandidateRecord,
    CheckSeverity,
    Outcome,
    Receipt,
    ReceiptState,
    ReleaseRecord,
    ReleaseStatus,
    Verdict,
)

RECEIPT = Receipt(
    received_at="2026-05-04T12:00:00+00:00", dataset="answers", collection="here", sha256="ab" * 32,
    file_name="a.csv", size_bytes=1, state=ReceiptState.ACCEPTED, claimed_name="tester", os_account="root",
    rows_in=3, rows_accepted=2, rows_quarantined=1,
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path / 'folder' / 'ledger.db'}")


def test_what_is_entered_comes_back(ledger: Ledger) -> None:
    entered = ledger.add_receipt(RECEIPT)
    assert replace(entered, id=0) == RECEIPT
    assert ledger.receipt(entered.id) == entered
    with pytest.raises(RcsError, match="no receipt 99"):
        ledger.receipt(99)


@pytest.mark.parametrize(
    "change", [{"rows_in": 4}, {"rows_accepted": 3}, {"rows_refused": 1}, {"rows_withdrawn": -1}]
)
def test_a_receipt_that_does_not_add_up_is_not_entered(ledger: Ledger, change: dict[str, int]) -> None:
    with pytest.raises(RcsError, match="does not add up"):
        ledger.add_receipt(replace(RECEIPT, **change))
    assert ledger.receipts() == []


def test_a_supersession_happens_whole_or_not_at_all(ledger: Ledger) -> None:
    first = ledger.add_receipt(RECEIPT)

    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    event.listen(ledger._engine, "commit", fail)
    with pytest.raises(RuntimeError):
        ledger.add_receipt(replace(RECEIPT, sha256="cd" * 32), replaces=first)
    event.remove(ledger._engine, "commit", fail)
    assert ledger.receipts() == [first]
    second = ledger.add_receipt(replace(RECEIPT, sha256="cd" * 32), replaces=first)
    assert second.supersedes == first.id
    assert ledger.receipt(first.id).state is ReceiptState.SUPERSEDED
    assert ledger.current_receipts() == [second]


def test_current_receipts_are_those_whose_rows_count(ledger: Ledger) -> None:
    for state in ReceiptState:
        ledger.add_receipt(replace(RECEIPT, collection=state.value, state=state))
    assert [item.collection for item in ledger.current_receipts()] == ["accepted"]
    assert ledger.current_receipts("other") == []


def test_sqlite_writes_ahead_and_waits(ledger: Ledger) -> None:
    with ledger._engine.connect() as connection:
        asked = [
            connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    assert asked == ["wal", 2, 10_000]


def test_a_reader_sees_the_ledger_while_another_writes(ledger: Ledger, tmp_path: Path) -> None:
    entered = ledger.add_receipt(RECEIPT)
    with sqlite3.connect(tmp_path / "folder" / "ledger.db") as writer:
        writer.execute("begin immediate")
        writer.execute("update receipt set file_name = 'b.csv'")
        assert ledger.receipts() == [entered]
        writer.rollback()


def test_a_ledger_of_an_earlier_version_gets_the_columns_that_came_later(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.add_receipt(RECEIPT)
    ledger.close()
    path = tmp_path / "folder" / "ledger.db"
    with sqlite3.connect(path) as old:
        old.execute("alter table receipt drop column arrival")
    again = Ledger(f"sqlite:///{path}")
    assert again.receipts()[0].arrival is None
    assert again.add_receipt(replace(RECEIPT, arrival="1-2-3")).arrival == "1-2-3"


def test_a_file_that_is_no_ledger_gets_a_sentence_without_the_password(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is not a database, " * 100)
    with pytest.raises(RcsError, match="cannot be opened"):
        Ledger(f"sqlite:///{path}")


def test_the_same_candidate_is_entered_once_and_found_by_its_beginning(ledger: Ledger) -> None:
    candidate = CandidateRecord(
        hash="abc123", product="rcs", built_at="2026", builder="b", os_account="o", path="candidates/abc",
        synthetic=True, inputs=({"receipt": 1},), contracts={"a": "1"}, tables={"t": {"rows": 1}},
        required_checks=("one",),
    )  # fmt: skip
    ledger.add_candidate(candidate)
    ledger.add_candidate(candidate)
    assert ledger.candidates("rcs") == [candidate]
    assert ledger.candidate("abc") == candidate
    ledger.forget_candidate("abc123")
    assert ledger.candidates("rcs") == []
    ledger.add_candidate(candidate)
    ledger.add_candidate(replace(candidate, hash="abd"))
    for name, says in (("ab", "More than one"), ("x", "No candidate")):
        with pytest.raises(RcsError, match=says):
            ledger.candidate(name)


@pytest.mark.parametrize("spoilt", ["outcome = 'splendid'", "severity = 'mild'"])
def test_a_row_that_somebody_else_wrote_is_a_sentence(ledger: Ledger, spoilt: str) -> None:
    verdict = Verdict("a", "kind", CheckSeverity.CRITICAL, Outcome.FAIL, "no")
    ledger.record_verdicts("abc", [verdict], "2026")
    with ledger._engine.begin() as connection:
        connection.exec_driver_sql(f"update verdict set {spoilt}")
    with pytest.raises(RcsError, match="`verdict` holds a row that this programme did not write"):
        ledger.verdicts("abc")


@pytest.mark.parametrize("spoilt", ["'not json'", "'null'"])
def test_a_list_that_is_none_is_a_sentence(ledger: Ledger, spoilt: str) -> None:
    ledger.add_candidate(
        CandidateRecord(
            hash="abc123", product="rcs", built_at="2026", builder="b", os_account="o", path="p",
            synthetic=True, inputs=(), contracts={}, tables={}, required_checks=("one",),
        )
    )  # fmt: skip
    with ledger._engine.begin() as connection:
        connection.exec_driver_sql(f"update candidate set required_checks = {spoilt}")
    with pytest.raises(RcsError, match="did not write"):
        ledger.candidate("abc")


def test_a_new_verdict_of_a_check_replaces_the_old_one(ledger: Ledger) -> None:
    verdict = Verdict("a", "kind", CheckSeverity.CRITICAL, Outcome.FAIL, "no")
    ledger.record_verdicts("abc", [verdict, replace(verdict, check="b")], "2026")
    ledger.record_verdicts("abc", [replace(verdict, outcome=Outcome.PASS)], "2027")
    assert [(item.check, item.outcome) for item in ledger.verdicts("abc")] == [
        ("a", Outcome.PASS),
        ("b", Outcome.FAIL),
    ]


def test_a_version_is_released_once(ledger: Ledger) -> None:
    release = ReleaseRecord(
        "rcs", "1.0.0", "abc", "p", ReleaseStatus.RELEASED, ("open",), {"open": "x"}, "2026"
    )
    ledger.add_release(release)
    with pytest.raises(IntegrityError):
        ledger.add_release(release)
    ledger.set_release_status("rcs", "1.0.0", ReleaseStatus.WITHDRAWN, "wrong")
    assert [(item.status, item.reason) for item in ledger.releases("rcs")] == [
        (ReleaseStatus.WITHDRAWN, "wrong")
    ]


def test_events_are_only_added(ledger: Ledger) -> None:
    entry = AuditEvent("2026", "query", "abc", "tester", "root", {"sql": "select 1"})
    ledger.note(entry)
    ledger.note(entry)
    assert ledger.events(action="query") == [entry, entry]
    assert not [name for name in dir(Ledger) if name.startswith(("remove", "delete"))]


def test_a_ledger_from_before_files_could_wait_is_brought_up_to_date(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    old = Ledger(f"sqlite:///{file}")
    entered = old.add_receipt(RECEIPT)
    old.close()
    with sqlite3.connect(file) as connection:
        for column in ("rows_waiting", "superseded_by", "as_of"):
            connection.execute(f"alter table receipt drop column {column}")
        for table in ("mapping", "confirmation", "withdrawal", "key_link", "undertaking"):
            connection.execute(f"drop table {table}")
    ledger = Ledger(f"sqlite:///{file}")
    assert ledger.receipt(entered.id) == entered
    assert ledger.unfinished() == ledger.mappings() == ledger.withdrawals() == ledger.key_chain() == []
    assert ledger.add_receipt(replace(RECEIPT, rows_accepted=1, rows_waiting=1)).adds_up
