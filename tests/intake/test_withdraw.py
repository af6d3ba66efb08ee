"""Withdrawn pupils are erased from everything that is stored, once and for later deliveries too."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.withdraw import withdraw_delivery, withdraw_pupils
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import KEY, found, home, stored
from tests.intake.visits import everything, lake, listed, pupil, released, send, visits


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def hashed(number: int) -> str:
    return hmac.new(KEY.encode(), pupil(number).encode(), hashlib.sha256).hexdigest()


def test_the_rows_of_listed_pupils_are_gone_and_counted(space: Workspace) -> None:
    first = send(space, visits(range(10)))
    taken = withdraw_pupils(space.acting_as("Ada"), listed(space, 2, 5, 77), "Consent withdrawn")
    after = space.ledger.receipt(first.id)
    assert (after.rows_in, after.rows_accepted, after.rows_withdrawn) == (10, 8, 2)
    assert after.adds_up
    assert lake(space) == {hashed(number) for number in range(10) if number not in (2, 5)}
    entry = taken.withdrawal
    assert (entry.pupils, entry.found, entry.rows, entry.deliveries) == (3, 2, 2, {str(first.id): 2})
    assert (entry.claimed_name, entry.reason) == ("Ada", "Consent withdrawn")
    (event,) = space.ledger.events(action="withdraw")
    assert (event.subject, event.detail["rows"]) == (f"receipt {first.id}", 2)


def test_nothing_stored_holds_them_any_more(space: Workspace) -> None:
    send(space, visits(range(10), p2="250,odd", p3="999,bad"))
    send(space, visits(range(12), p2="999,worse", p4="201,odd"))
    withdraw_pupils(space, listed(space, 2, 3), "Consent")
    for place, rows in everything(space).items():
        for number in (2, 3):
            assert place.startswith("withdrawn/") or hashed(number) not in str(rows), place
        assert "999" not in str(rows), place
        assert "250" not in str(rows), place
    # They cannot be edited, and would hold the pupils in clear.
    assert list(space.paths.originals.iterdir()) == []


def test_rows_kept_aside_and_what_findings_say_of_them_are_erased_too(space: Workspace) -> None:
    first = send(space, visits(range(6), p1="999,bad", p2="888,bad"))
    assert first.rows_quarantined == 2
    withdraw_pupils(space, listed(space, 1), "Consent")
    after = space.ledger.receipt(first.id)
    assert (after.rows_accepted, after.rows_quarantined, after.rows_withdrawn) == (4, 1, 1)
    said = {item["source_row"]: item for item in stored(space, after, "findings_path")}
    assert (said[3]["value"], said[3]["message"]) == (None, "The row was withdrawn.")
    assert said[4]["value"] == "888"
    assert [item["visits"] for item in stored(space, after, "quarantine_path")] == [888]
    withdraw_pupils(space, listed(space, 2), "Consent")
    assert space.ledger.receipt(first.id).quarantine_path is None


def test_a_later_delivery_loses_their_rows_at_intake_and_says_how_many(space: Workspace) -> None:
    withdraw_pupils(space, listed(space, 2, 3), "Consent")
    taken = send(space, visits(range(6), p3="999,bad", p4="999,bad"))
    assert (taken.rows_in, taken.rows_accepted, taken.rows_quarantined, taken.rows_withdrawn) == (6, 3, 1, 2)
    assert ("RCS-F63", None, None) in found(space, taken)
    assert [item["source_row"] for item in stored(space, taken)] == [2, 3, 7]
    assert {item[1] for item in found(space, taken)} == {None, 6}
    assert not list(space.paths.originals.iterdir())


def test_rows_keep_their_numbers_in_files_of_many_thousands(space: Workspace) -> None:
    gone = (0, 1, 70_000, 130_000, 299_999)
    withdraw_pupils(space, listed(space, *gone), "Consent")
    taken = send(space, visits(range(300_000), p299998="250,odd", p130001="250,odd"))
    assert taken.rows_withdrawn == len(gone)
    assert {item[1] for item in found(space, taken)} == {None, 130_003, 300_000}
    path = space.paths.home / str(taken.raw_path)
    with duckdb.connect() as connection:
        rows = f"read_parquet('{path}')"
        row = connection.execute(
            f"select count(*), count_if(visits <> (source_row - 2) % 200 and visits <> 250) from {rows}"
        ).fetchone()
    assert row == (299_995, 0)


def test_only_the_named_dataset_where_one_is_named(space: Workspace) -> None:
    first = send(space, visits(range(4)))
    withdraw_pupils(space, listed(space, 1), "Consent", "answers")
    assert space.ledger.receipt(first.id).rows_withdrawn == 0
    assert send(space, visits(range(5))).rows_withdrawn == 0
    withdraw_pupils(space, listed(space, 1), "Consent", "visits")
    assert send(space, visits(range(6))).rows_withdrawn == 1


def test_the_releases_and_candidates_that_held_them_are_named(space: Workspace) -> None:
    first = send(space, visits(range(10)))
    candidate = released(space, first)
    other = released(space, send(space, visits(range(5)), "unnamed", supplier="council"), version="1.1.0")
    taken = withdraw_pupils(space, listed(space, 7), "Consent")
    assert taken.withdrawal.releases == ("rcs 1.0.0 (released)",)
    assert taken.candidates == (candidate.hash,)
    (event,) = space.ledger.events(action="withdraw")
    assert event.detail["releases"] == ["rcs 1.0.0 (released)"]
    # One row a pupil lay in the candidate's own database too.
    assert not (space.paths.home / candidate.path / "warehouse.duckdb").exists()
    assert (space.paths.home / other.path / "warehouse.duckdb").exists()


def test_rows_that_wait_and_rows_that_were_superseded_lose_them_too(space: Workspace) -> None:
    old = send(space, visits(range(4)))
    current = send(space, visits(range(5)))
    waits = send(space, visits(range(6), p0="250,odd"))
    withdraw_pupils(space, listed(space, 3), "Consent")
    now = {item.id: item for item in space.ledger.receipts()}
    assert (now[old.id].state, now[old.id].rows_withdrawn) == (ReceiptState.SUPERSEDED, 1)
    assert (now[current.id].rows_accepted, now[current.id].rows_withdrawn) == (4, 1)
    assert (now[waits.id].rows_waiting, now[waits.id].rows_withdrawn) == (5, 1)


def test_the_same_list_again_has_nothing_to_do(space: Workspace) -> None:
    send(space, visits(range(4)))
    withdraw_pupils(space, listed(space, 3), "Consent")
    before = everything(space)
    with pytest.raises(NothingToDoError, match="withdrawn already"):
        withdraw_pupils(space, listed(space, 3), "Consent")
    assert everything(space) == before
    assert len(space.ledger.withdrawals()) == 1


@pytest.mark.parametrize(
    "content",
    [
        f"{pupil(1)}\n{pupil(2)}",
        f"\ufeffSCN\n{pupil(1)}\n\n {pupil(2)} \n",
        f"name;pupil_id;why\nA;{pupil(1)};x\nB;{pupil(2)};y\n",
        f"{pupil(1)}\r\n{pupil(2)}\r\n",
    ],
)
def test_a_list_is_one_identifier_a_line_or_a_column_named_like_it(space: Workspace, content: str) -> None:
    send(space, visits(range(4)))
    path = space.paths.home.parent / "list.csv"
    path.write_text(content)
    assert withdraw_pupils(space, path, "Consent").withdrawal.found == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (f"{pupil(1)}\n12345\nMary\n".encode(), "Line.s. 2, 3 of the list hold no identifier"),
        (b"\n \n", "empty"),
        (f"name,number\nA,{pupil(1)}\n".encode(), "several columns"),
        (b"\x93\x00\xff", "not a text file"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_is_none_withdraws_nobody_and_repeats_nothing_of_it(
    space: Workspace, content: bytes | None, says: str
) -> None:
    send(space, visits(range(4)))
    path = space.paths.home.parent / "list.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RcsError, match=says) as error:
        withdraw_pupils(space, path, "Consent")
    assert pupil(1) not in str(error.value)
    assert "Mary" not in str(error.value)
    assert space.ledger.withdrawals() == []
    assert len(lake(space)) == 4


def test_a_whole_delivery_is_taken_out_with_everything_stored_of_it(space: Workspace) -> None:
    first = send(space, visits(range(6), p1="999,bad"))
    candidate = released(space, first)
    taken = withdraw_delivery(space.acting_as("Ada"), first, "Sent for the wrong council")
    after = space.ledger.receipt(first.id)
    assert (after.state, after.rows_withdrawn, after.rows_accepted) == (ReceiptState.WITHDRAWN, 6, 0)
    assert after.adds_up
    assert everything(space) == {}
    assert list(space.paths.originals.iterdir()) == []
    assert taken.withdrawal.releases == ("rcs 1.0.0 (released)",)
    assert taken.candidates == (candidate.hash,)
    assert space.ledger.current_receipts() == []
    with pytest.raises(NothingToDoError):
        withdraw_delivery(space, first, "again")


def test_of_a_refused_file_there_is_nothing_to_withdraw(space: Workspace) -> None:
    with pytest.raises(RcsError, match="it is refused"):
        withdraw_delivery(space, send(space, b"nonsense\n"), "why not")


def test_bytes_taken_in_twice_because_of_damage_are_withdrawn_once_and_for_all(space: Workspace) -> None:
    first = send(space, visits(range(4)))
    (space.paths.home / str(first.raw_path)).unlink()
    second = send(space, visits(range(4)))
    withdraw_pupils(space, listed(space, 1), "Consent")
    assert space.ledger.receipt(second.id).rows_withdrawn == 1
    withdraw_delivery(space, space.ledger.receipt(second.id), "All of it")
    assert everything(space).keys() == {"withdrawn/pupils-u1.parquet"}
    withdraw_pupils(space, listed(space, 1, 2), "More")  # what is gone stops nothing


def test_rows_that_count_but_are_gone_stop_a_withdrawal_with_a_sentence(space: Workspace) -> None:
    first = send(space, visits(range(4)))
    (space.paths.home / str(first.raw_path)).unlink()
    with pytest.raises(RcsError, match="Ingest that file again"):
        withdraw_pupils(space, listed(space, 1), "Consent")
    assert space.ledger.unfinished() == []
    assert list(space.paths.withdrawn.iterdir()) == []
