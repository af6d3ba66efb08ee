"""Everything that ever arrived has its receipt, and nothing older replaces what is newer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rcs_pipeline.intake.due import standings
from rcs_pipeline.intake.life import life_of
from rcs_pipeline.intake.withdraw import withdraw_delivery
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import home
from tests.intake.visits import at, lake, released, send, visits

OLD, NEW = visits(range(10)), visits(range(11))


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def test_bytes_that_were_superseded_do_not_come_back_in_silence(space: Workspace) -> None:
    first, second = send(space, OLD), send(space, NEW)
    third = send(space, OLD)
    assert (third.state, third.rows_in) == (ReceiptState.OUT_OF_ORDER, 0)
    assert f"The same bytes as receipt {first.id}" in str(third.reason)
    assert "--again" in str(third.reason)
    assert [item.id for item in space.ledger.current_receipts()] == [second.id]
    assert send(space, NEW).state is ReceiptState.DUPLICATE


def test_they_come_back_when_somebody_says_so(space: Workspace) -> None:
    send(space, OLD)
    second = send(space, NEW)
    third = send(space, OLD, again=True)
    assert (third.state, third.supersedes) == (ReceiptState.ACCEPTED, second.id)
    assert len(lake(space)) == 10


def test_an_older_file_by_its_own_day_does_not_replace_a_newer_one_and_is_kept(space: Workspace) -> None:
    send(space, NEW, as_of=date(2026, 3, 31))
    late = send(space, OLD, as_of=date(2026, 2, 28))
    assert (late.state, late.as_of) == (ReceiptState.OUT_OF_ORDER, "2026-02-28")
    assert "earlier day than receipt 1 (2026-03-31)" in str(late.reason)
    assert (space.paths.originals / late.sha256).read_bytes() == OLD
    assert len(lake(space)) == 11
    assert send(space, OLD, as_of=date(2026, 4, 30)).state is ReceiptState.ACCEPTED


def test_without_a_day_the_later_arrival_counts(space: Workspace) -> None:
    send(space, NEW, as_of=date(2026, 3, 31))
    assert send(space, OLD).state is ReceiptState.ACCEPTED


def test_a_withdrawn_delivery_does_not_come_back_in_silence_either(space: Workspace) -> None:
    first = send(space, OLD)
    withdraw_delivery(space, first, "The wrong council")
    again = send(space, OLD)
    assert again.state is ReceiptState.DUPLICATE
    assert "which was withdrawn" in str(again.reason)
    assert lake(space) == set()
    assert send(space, OLD, again=True).state is ReceiptState.ACCEPTED


def test_once_the_later_file_is_withdrawn_the_earlier_one_may_come_again(space: Workspace) -> None:
    send(space, OLD)
    withdraw_delivery(space, send(space, NEW), "Not ours")
    assert send(space, OLD).state is ReceiptState.ACCEPTED


def test_status_says_what_is_missing_late_and_waiting(space: Workspace) -> None:
    later = at(space, "2026-05-11")
    send(later, visits(range(3)))
    send(later, visits(range(3), p1="250,often"))
    by_place = {item.collection: item for item in standings(at(space, "2026-06-04"), "visits")}
    here, there = by_place["visited"], by_place["unnamed"]
    assert (here.state, here.days_late, here.rows_accepted, here.rows_waiting) == ("accepted", 10, 3, 3)
    assert (here.waiting, here.receipts) == (2, 2)
    assert (there.state, there.days_late, there.receipts) == ("missing", 3, 0)
    assert {item.days_late for item in standings(at(space, "2026-04-01"), "visits")} == {0, 10}


def test_show_tells_the_whole_life(space: Workspace) -> None:
    first = send(at(space, "2026-05-03"), OLD, as_of=date(2026, 4, 30))
    candidate = released(space, first)
    second = send(space, NEW)
    send(space, OLD)
    life = life_of(space, space.ledger.receipt(first.id))
    told = [str(step) for step in life.steps]
    assert "received `visits.csv`" in told[0]
    assert "from scotcen, for 2026-04-30, 2 day(s) after the day it was due" in told[0]
    assert "by tester (account " in told[0]
    assert "judged by test.delivery.visits 1.0.0: 0 finding(s)" in told[1]
    assert any(f"superseded by receipt {second.id}" in line for line in told)
    assert any("the same bytes in receipt 3: out_of_order" in line for line in told)
    assert life.candidates == (candidate.hash,)
    assert life.releases == ("rcs 1.0.0 (released)",)
    withdraw_delivery(space, space.ledger.receipt(first.id), "Consent")
    told = [str(step) for step in life_of(space, space.ledger.receipt(first.id)).steps]
    assert any("10 row(s) withdrawn, the whole delivery: Consent; held by rcs 1.0.0" in line for line in told)
