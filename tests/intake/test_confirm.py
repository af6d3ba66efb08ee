"""What is unusual waits for a person's yes, and nothing of it counts before."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.intake.confirm import confirm, reject
from rcs_pipeline.intake.delivery import check
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import found, home
from tests.intake.visits import everything, lake, send, visits

UNUSUAL = visits(range(4), p1="250,often")


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def test_an_unusual_row_makes_the_file_wait_and_none_of_its_rows_count(space: Workspace) -> None:
    waits = send(space, UNUSUAL)
    assert (waits.state, waits.rows_in, waits.rows_waiting, waits.rows_accepted) == (
        ReceiptState.WAITING, 4, 4, 0,
    )  # fmt: skip
    assert waits.adds_up
    assert "RCS-V101 (1)" in str(waits.reason)
    assert lake(space) == set()


def test_a_yes_with_a_name_and_a_reason_lets_the_rows_count_and_is_recorded(space: Workspace) -> None:
    waits = send(space, UNUSUAL)
    done = confirm(space.acting_as("Ada"), waits, "A pupil in hospital")
    assert (done.state, done.rows_accepted, done.rows_waiting) == (ReceiptState.ACCEPTED, 4, 0)
    assert len(lake(space)) == 4
    (answer,) = space.ledger.confirmations(waits.id)
    assert (answer.answer, answer.claimed_name, answer.reason) == ("yes", "Ada", "A pupil in hospital")
    assert (answer.os_account, answer.at) == (space.settings.os_account, space.now())
    assert answer.findings == {"RCS-V101": 1}
    (event,) = space.ledger.events(action="confirm")
    assert (event.subject, event.claimed_name) == (f"receipt {waits.id}", "Ada")
    with pytest.raises(NothingToDoError, match="does not wait"):
        confirm(space, waits, "again")


def test_a_no_refuses_the_file_and_erases_what_waited(space: Workspace) -> None:
    waits = send(space, visits(range(4), p1="250,often", p2="999,bad"))
    assert waits.rows_quarantined == 1
    done = reject(space.acting_as("Ada"), waits, "A slip of the pen")
    assert (done.state, done.rows_refused, done.rows_waiting) == (ReceiptState.REFUSED, 4, 0)
    assert not [place for place in everything(space) if not place.startswith("findings/")]
    assert space.ledger.confirmations(waits.id)[0].answer == "no"
    with pytest.raises(NothingToDoError):
        confirm(space, waits, "after all")


def test_what_counted_before_counts_until_the_yes_and_is_superseded_by_it(space: Workspace) -> None:
    first = send(space, visits(range(4)))
    before = lake(space)
    waits = send(space, UNUSUAL)
    assert space.ledger.receipt(first.id).state is ReceiptState.ACCEPTED
    assert lake(space) == before
    done = confirm(space, waits, "right")
    old = space.ledger.receipt(first.id)
    assert (old.state, old.superseded_by, done.supersedes) == (ReceiptState.SUPERSEDED, done.id, first.id)


def test_far_more_or_far_fewer_rows_than_before_wait(space: Workspace) -> None:
    send(space, visits(range(12)))
    assert send(space, visits(range(9))).state is ReceiptState.ACCEPTED
    assert send(space, visits(range(5))).state is ReceiptState.WAITING
    more = send(space, visits(range(13)))
    assert more.state is ReceiptState.WAITING
    assert found(space, more) == {("RCS-V102", None, None)}
    assert send(space, visits(range(11))).state is ReceiptState.ACCEPTED


def test_a_row_more_or_less_in_a_tiny_file_is_not_unusual(space: Workspace) -> None:
    send(space, visits(range(2)))
    assert send(space, visits(range(3))).state is ReceiptState.ACCEPTED
    assert send(space, visits(range(5))).state is ReceiptState.WAITING


def test_a_file_that_waits_is_overtaken_by_the_next_one(space: Workspace) -> None:
    waits = send(space, UNUSUAL)
    other = send(space, visits(range(4), p2="300,also"))
    assert space.ledger.receipt(waits.id).state is ReceiptState.SUPERSEDED
    assert space.ledger.receipt(waits.id).superseded_by == other.id
    good = send(space, visits(range(4)))
    assert space.ledger.receipt(other.id).superseded_by == good.id
    with pytest.raises(NothingToDoError, match=f"superseded by receipt {good.id}"):
        confirm(space, other, "late")
    assert [item.id for item in space.ledger.current_receipts()] == [good.id]
    assert all(item.adds_up for item in space.ledger.receipts())


def test_the_same_bytes_again_say_that_they_wait(space: Workspace) -> None:
    waits = send(space, UNUSUAL)
    again = send(space, UNUSUAL)
    assert again.state is ReceiptState.DUPLICATE
    assert f"rcs confirm {waits.id}" in str(again.reason)


def test_an_unusual_row_that_is_kept_out_anyway_makes_nobody_wait(space: Workspace) -> None:
    taken = send(space, visits(range(4), p1='250,"far too many words for this column, really"'))
    assert (taken.state, taken.rows_quarantined) == (ReceiptState.ACCEPTED, 1)


def test_bytes_confirmed_once_need_no_second_yes_when_they_mend_the_lake(space: Workspace) -> None:
    waits = send(space, UNUSUAL)
    done = confirm(space, waits, "right")
    (space.paths.home / str(done.raw_path)).unlink()
    assert send(space, UNUSUAL).state is ReceiptState.ACCEPTED
    assert len(lake(space)) == 4


def test_rows_that_were_changed_while_they_waited_are_not_let_in(space: Workspace) -> None:
    waits = send(space, UNUSUAL)
    (space.paths.home / str(waits.raw_path)).write_bytes(b"PAR1")
    with pytest.raises(RcsError, match="gone or were changed"):
        confirm(space, waits, "right")
    again = send(space, UNUSUAL)
    assert again.state is ReceiptState.WAITING
    assert confirm(space, again, "right").rows_accepted == 4


def test_a_check_says_that_the_file_would_wait_and_stores_nothing(space: Workspace) -> None:
    path = space.paths.home.parent / "checked.csv"
    path.write_bytes(UNUSUAL)
    judged = check(space, path, "visits", "visited")
    assert judged.receipt.state is ReceiptState.WAITING
    assert space.ledger.receipts() == []
    assert everything(space) == {}


def test_the_first_file_of_a_collection_is_never_unusual_for_its_number_of_rows(space: Workspace) -> None:
    assert send(space, visits(range(1))).state is ReceiptState.ACCEPTED
