"""What was kept as long as the rules allow is erased, with an audit line each."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.intake.purge import due, purge
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import home
from tests.intake.visits import at, everything, lake, send, visits


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def places(space: Workspace) -> set[str]:
    return {item.place.split("/")[0] for item in due(space)}


def test_the_rules_of_the_register_say_when_with_a_reason() -> None:
    rules = {item.of: item for item in load_catalogue().register.retention}
    assert set(rules) == {"originals", "quarantine", "findings"}
    assert all(item.days > 0 and len(item.reason) > 20 for item in rules.values())


def test_nothing_is_due_before_its_time_and_each_thing_after_it(space: Workspace) -> None:
    send(at(space, "2026-01-01"), visits(range(4), p1="999,bad"))
    assert places(at(space, "2026-06-29")) == set()
    assert places(at(space, "2026-06-30")) == {"originals", "quarantine"}
    assert places(at(space, "2028-01-02")) == {"originals", "quarantine", "findings"}


def test_asking_what_is_due_erases_nothing(space: Workspace) -> None:
    send(at(space, "2026-01-01"), visits(range(4), p1="999,bad"))
    before = everything(space)
    assert due(at(space, "2030-01-01"))
    assert everything(space) == before
    assert len(list(space.paths.originals.iterdir())) == 1


def test_a_purge_erases_for_good_and_leaves_a_line_each(space: Workspace) -> None:
    first = send(at(space, "2026-01-01"), visits(range(4), p1="999,bad"))
    rows = lake(space)
    erased = purge(at(space, "2028-01-02").acting_as("Keeper"))
    assert len(erased) == 3
    assert everything(space).keys() == {str(first.raw_path)}
    assert list(space.paths.originals.iterdir()) == []
    assert lake(space) == rows
    after = space.ledger.receipt(first.id)
    assert (after.quarantine_path, after.findings_path, after.rows_quarantined) == (None, None, 1)
    events = space.ledger.events(action="purge")
    assert {item.detail["of"] for item in events} == {"originals", "quarantine", "findings"}
    assert {(item.subject, item.claimed_name) for item in events} == {(f"receipt {first.id}", "Keeper")}
    assert all(item.detail["reason"] for item in events)
    assert purge(at(space, "2028-01-02")) == []


def test_the_last_arrival_of_the_same_bytes_counts(space: Workspace) -> None:
    send(at(space, "2026-01-01"), visits(range(4)))
    send(at(space, "2026-06-01"), visits(range(4)))
    assert places(at(space, "2026-07-01")) == set()


def test_after_a_purge_the_same_bytes_are_still_known(space: Workspace) -> None:
    send(at(space, "2026-01-01"), visits(range(4)))
    purge(at(space, "2028-01-02"))
    assert send(space, visits(range(4))).state.value == "duplicate"
