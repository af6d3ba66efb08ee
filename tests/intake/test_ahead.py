"""Files judged before their turn: the same as one after the other, and never with what is no longer true."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.intake import ahead
from rcs_pipeline.intake.delivery import clear_leftovers
from rcs_pipeline.intake.examine import Examined
from rcs_pipeline.intake.inbox import take_in_inbox
from rcs_pipeline.intake.recognise import Recognised, recognise
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import as_csv, found, home, row, snapshot, take

HERE = as_csv([row(1), row(2, sex="7"), row(3)])
THERE = as_csv([row(number, council="S12000020") for number in range(4, 9)])


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def put(space: Workspace, content: bytes, collection: str, name: str = "sent.csv") -> Path:
    path = space.paths.inbox / "answers" / collection / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which collections' files are judged on another thread than the one that stores."""
    real, names = ahead.examining, list[str]()

    @contextmanager
    def noted(workspace: Workspace, recognised: Recognised, **here: Any) -> Iterator[Examined]:
        if threading.current_thread() is not threading.main_thread():
            names.append(here["collection"])
        with real(workspace, recognised, **here) as examined:
            yield examined

    monkeypatch.setattr(ahead, "examining", noted)
    return names


def told(space: Workspace, receipt: Receipt) -> tuple[Any, ...]:
    """All of a receipt but what says in which order it was entered, and its findings."""
    counts = (receipt.rows_in, receipt.rows_accepted, receipt.rows_quarantined, receipt.findings)
    stored = (receipt.sha256, receipt.raw_sha256, receipt.raw_path, receipt.quarantine_path)
    return receipt.collection, receipt.state, *counts, *stored, found(space, receipt)


def test_judged_ahead_or_one_after_the_other_receipts_rows_and_findings_are_the_same(
    space: Workspace, tmp_path: Path, judged: list[str]
) -> None:
    put(space, HERE, "here")
    put(space, THERE, "there")
    together = [item.judgement.receipt for item in take_in_inbox(space, settle_seconds=0) if item.judgement]
    assert sorted(judged) == ["here", "there"]
    alone = home(tmp_path / "alone")
    single = [take(alone, content, where).receipt for content, where in ((HERE, "here"), (THERE, "there"))]
    assert [told(space, item) for item in together] == [told(alone, item) for item in single]
    assert snapshot(space) == snapshot(alone)


def test_a_second_file_of_a_collection_is_judged_after_the_first_is_stored(
    space: Workspace, judged: list[str]
) -> None:
    first, second = as_csv([row(1)]), as_csv([row(1), row(2)])
    put(space, first, "here", "a.csv")
    put(space, second, "here", "b.csv")
    receipts = [item.judgement.receipt for item in take_in_inbox(space, settle_seconds=0) if item.judgement]
    assert judged == []
    assert receipts[1].supersedes == receipts[0].id


def test_a_file_that_is_written_anew_before_its_turn_is_judged_as_it_is_then(space: Workspace) -> None:
    put(space, HERE, "here")
    later = put(space, THERE, "there")
    taken = take_in_inbox(space, settle_seconds=0)
    next(taken)
    later.write_bytes(as_csv([row(4, council="S12000020")]))
    (last,) = list(taken)
    assert last.judgement is not None
    assert last.judgement.receipt.rows_accepted == 1


def test_bytes_that_were_here_before_are_not_judged_at_all(space: Workspace, judged: list[str]) -> None:
    for _ in range(2):
        put(space, HERE, "here")
        put(space, THERE, "there")
        states = [
            item.judgement.receipt.state.value
            for item in take_in_inbox(space, settle_seconds=0)
            if item.judgement
        ]
    assert states == ["duplicate", "duplicate"]
    assert sorted(judged) == ["here", "there"]


def test_a_file_that_cannot_be_judged_says_so_at_its_turn_and_the_others_are_taken(space: Workspace) -> None:
    put(space, HERE, "here")
    nowhere = put(space, THERE, "nowhere")
    put(space, THERE, "there")
    taken = {item.arrival.collection: item for item in take_in_inbox(space, settle_seconds=0)}
    assert taken["nowhere"].judgement is None
    assert "nowhere" in str(taken["nowhere"].error)
    assert nowhere.exists()
    assert [taken[name].judgement is not None for name in ("here", "there")] == [True, True]


def test_whoever_stops_after_the_first_file_leaves_nothing_behind(space: Workspace) -> None:
    put(space, HERE, "here")
    later = put(space, THERE, "there")
    taken = take_in_inbox(space, settle_seconds=0)
    next(taken)
    taken.close()  # type: ignore[attr-defined]
    assert list(space.paths.work.iterdir()) == []
    assert later.exists()
    assert [item.collection for item in space.ledger.receipts()] == ["here"]


def test_a_folder_in_which_a_file_is_judged_is_no_leftover(space: Workspace, tmp_path: Path) -> None:
    sent = tmp_path / "sent.csv"
    sent.write_bytes(HERE)
    with ahead.examining(space, recognise(sent), "answers", "here"):
        clear_leftovers(space)
        assert len(list(space.paths.work.iterdir())) == 1
    assert list(space.paths.work.iterdir()) == []
