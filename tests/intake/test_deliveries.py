"""What becomes of a whole delivery: accepted, refused, duplicate, superseded. Nothing is lost on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.intake import delivery
from rcs_pipeline.intake.delivery import check
from rcs_pipeline.intake.inbox import arrivals, settled, strays, take_in_inbox
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import HEADERS, as_csv, found, home, row, rows, snapshot, stored, take


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def put(space: Workspace, content: bytes, name: str = "sent.csv", collection: str = "here") -> Path:
    """A file in the inbox."""
    path = space.paths.inbox / "answers" / collection / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_same_bytes_again_are_recorded_and_change_nothing(space: Workspace) -> None:
    take(space, as_csv(rows(5)))
    lake, current = snapshot(space), space.ledger.current_receipts()
    again = take(space, as_csv(rows(5))).receipt
    assert again.state is ReceiptState.DUPLICATE
    assert snapshot(space) == lake
    assert space.ledger.current_receipts() == current
    assert len(space.ledger.receipts()) == 2


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PAR1")])
def test_the_same_bytes_again_mend_what_was_stored_of_them(
    space: Workspace, damage: Callable[[Path], object]
) -> None:
    first = take(space, as_csv(rows(5))).receipt
    for _ in range(2):
        damage(space.paths.home / str(first.raw_path))
        again = take(space, as_csv(rows(5))).receipt
        assert again.state is ReceiptState.ACCEPTED
        assert [item.id for item in space.ledger.current_receipts()] == [again.id]
        assert len(stored(space, again)) == 5
    assert take(space, as_csv(rows(5))).receipt.state is ReceiptState.DUPLICATE


def test_the_same_bytes_for_another_collection_are_judged_anew(space: Workspace) -> None:
    take(space, as_csv(rows(5)))
    other = take(space, as_csv(rows(5)), "there").receipt
    assert other.state is ReceiptState.REFUSED


def test_a_corrected_file_supersedes_the_first(space: Workspace) -> None:
    first = take(space, as_csv(rows(5))).receipt
    lake = snapshot(space)
    second = take(space, as_csv(rows(6))).receipt
    assert second.supersedes == first.id
    assert space.ledger.receipt(first.id).state is ReceiptState.SUPERSEDED
    assert [item.id for item in space.ledger.current_receipts("answers", "here")] == [second.id]
    assert lake.items() < snapshot(space).items()
    assert len(stored(space, second)) == 6


def test_the_first_file_again_after_its_correction_stays_superseded(space: Workspace) -> None:
    take(space, as_csv(rows(5)))
    second = take(space, as_csv(rows(6))).receipt
    third = take(space, as_csv(rows(5))).receipt
    assert third.state is ReceiptState.OUT_OF_ORDER
    assert f"receipt {second.id} still counts" in str(third.reason)
    assert [item.id for item in space.ledger.current_receipts()] == [second.id]


def test_a_refused_file_leaves_what_was_accepted_untouched(space: Workspace) -> None:
    take(space, as_csv(rows(5)))
    lake, current = snapshot(space), space.ledger.current_receipts()
    refused = take(space, as_csv([row(number, sex="9") for number in range(5)])).receipt
    assert (refused.state, refused.rows_refused, refused.rows_in) == (ReceiptState.REFUSED, 5, 5)
    assert snapshot(space) == lake
    assert space.ledger.current_receipts() == current
    assert {rule for rule, _, _ in found(space, refused)} == {"RCS-C03", "RCS-F07"}
    assert len(found(space, refused)) == 6


def test_a_refused_file_is_judged_again_when_it_comes_again(space: Workspace) -> None:
    bad = as_csv([row(number, sex="9") for number in range(5)])
    assert take(space, bad).receipt.state is ReceiptState.REFUSED
    assert take(space, bad).receipt.state is ReceiptState.REFUSED


@pytest.mark.parametrize(("faults", "state"), [(5, ReceiptState.ACCEPTED), (6, ReceiptState.REFUSED)])
def test_more_quarantined_rows_than_the_tolerance_refuse_the_file(
    space: Workspace, faults: int, state: ReceiptState
) -> None:
    table = [row(number, sex="9" if number < faults else "1") for number in range(10)]
    assert take(space, as_csv(table)).receipt.state is state


def test_an_unknown_column_refuses_the_file_and_a_near_name_is_proposed(space: Workspace) -> None:
    headers = tuple("sexx" if name == "sex" else name for name in HEADERS)
    judgement = take(space, as_csv([{**row(1), "sexx": "1"}], headers))
    assert judgement.receipt.state is ReceiptState.REFUSED
    expected = {("RCS-F05", None, "sexx"), ("RCS-F04", None, "sex"), ("RCS-F62", None, None)}
    assert found(space, judgement.receipt) == expected
    said = {item.rule_id: item.message for item in judgement.problems}
    assert "Did you mean `sex`" in said["RCS-F05"]
    assert "`sexx` in your file looks like it" in said["RCS-F04"]


def test_a_missing_column_refuses_the_file(space: Workspace) -> None:
    receipt = take(space, as_csv(rows(3), tuple(name for name in HEADERS if name != "seen"))).receipt
    assert (receipt.rows_in, receipt.rows_refused) == (3, 3)
    assert found(space, receipt) == {("RCS-F04", None, "seen")}


def test_a_header_that_stands_twice_refuses_the_file(space: Workspace) -> None:
    receipt = take(space, as_csv(rows(3), (*HEADERS, "SCN"))).receipt
    assert found(space, receipt) == {("RCS-F06", None, "SCN")}


def test_headers_may_differ_in_case_order_and_alias(space: Workspace) -> None:
    content = as_csv(rows(3), tuple(reversed(HEADERS))).replace(b"pupil_id", b" SCN ").replace(b"sex", b"Sex")
    assert take(space, content).receipt.rows_accepted == 3


def test_the_file_of_another_partnership_is_refused_and_a_stray_row_is_quarantined(space: Workspace) -> None:
    receipt = take(space, as_csv([row(number, council="S12000020") for number in range(3)])).receipt
    assert receipt.reason is not None
    assert ("S12000020" in receipt.reason, receipt.rows_refused) == (True, 3)
    receipt = take(space, as_csv([row(1), row(2), row(3, council="S12000020")])).receipt
    assert found(space, receipt) == {("RCS-F08", 4, "council")}
    assert receipt.rows_accepted == 2


def test_a_sender_who_is_not_in_the_contract_is_refused(space: Workspace) -> None:
    assert take(space, as_csv(rows(3)), supplier="scotcen").receipt.state is ReceiptState.ACCEPTED
    assert take(space, as_csv(rows(4)), supplier="a cousin").receipt.state is ReceiptState.REFUSED


def test_check_stores_nothing(space: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "sent.csv"
    path.write_bytes(as_csv(rows(3)))
    space.paths.make()
    before = {item: item.stat().st_mtime_ns for item in space.paths.home.rglob("*") if item.is_file()}
    assert check(space, path, "answers", "here").receipt.rows_accepted == 3
    after = {item for item in space.paths.home.rglob("*") if item.is_file()}
    assert after - set(before) <= {space.paths.home / "ledger.db"} | set(space.paths.home.glob("ledger.db-*"))
    assert space.ledger.receipts() == []


def test_unknown_names_get_a_sentence_with_the_nearest(space: Workspace) -> None:
    with pytest.raises(RcsError, match="answers"):
        delivery.take_in(space, Path(__file__), "answer", "here")
    with pytest.raises(RcsError, match="t2-falkirk-2016"):
        delivery.take_in(space, Path(__file__), "answers", "t2-falkirk-2015")


def test_the_inbox_is_emptied_and_its_order_is_that_of_the_contracts(space: Workspace) -> None:
    put(space, as_csv(rows(3)))
    put(space, b"", collection="there")
    taken = list(take_in_inbox(space, settle_seconds=0))
    states = {item.arrival.collection: item.judgement.receipt.state.value for item in taken if item.judgement}
    assert states == {"here": "accepted", "there": "refused"}
    assert arrivals(space) == []


def test_a_file_in_an_unknown_folder_stays_and_the_others_are_taken(space: Workspace) -> None:
    stray = space.paths.inbox / "letters" / "here" / "a.csv"
    stray.parent.mkdir(parents=True)
    stray.write_text("a\n1\n")
    put(space, as_csv(rows(3)))
    taken = list(take_in_inbox(space, settle_seconds=0))
    assert [item.error is None for item in taken] == [False, True]
    assert stray.exists()


def test_a_link_in_the_inbox_is_not_followed(space: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(as_csv(rows(3)))
    link = put(space, b"").with_name("link.csv")
    link.with_name("sent.csv").unlink()
    link.symlink_to(secret)
    assert arrivals(space) == []
    assert strays(space) == [link]
    assert list(take_in_inbox(space, settle_seconds=0)) == []
    assert secret.exists() and list(space.paths.originals.iterdir()) == []


@pytest.mark.parametrize("depth", [1, 2])
def test_a_folder_that_is_a_link_is_not_looked_into(space: Workspace, tmp_path: Path, depth: int) -> None:
    """What is decided leaves the inbox: elsewhere nothing is read, and nothing removed."""
    sent = put(space, as_csv(rows(3)))
    folder = sent.parents[depth - 1]
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere, target_is_directory=True)
    assert arrivals(space) == []
    assert strays(space) == [folder]
    assert list(take_in_inbox(space, settle_seconds=0)) == []
    assert [path.name for path in elsewhere.rglob("*.csv")] == ["sent.csv"]


def test_what_is_no_file_is_told_and_not_waited_for(space: Workspace, tmp_path: Path) -> None:
    """A pipe would be read for ever, and a link to nothing would be passed over in silence."""
    folder = put(space, as_csv(rows(3))).parent
    os.mkfifo(folder / "pipe.csv")
    (folder / "nothing.csv").symlink_to(tmp_path / "nothing")
    (folder / "folder").symlink_to(tmp_path, target_is_directory=True)
    assert [path.name for path in strays(space)] == ["folder", "nothing.csv", "pipe.csv"]
    assert [item.arrival.path.name for item in take_in_inbox(space, settle_seconds=0)] == ["sent.csv"]


def test_a_growing_file_waits_and_a_marked_one_does_not(space: Workspace) -> None:
    growing, marked, gone = (put(space, as_csv(rows(1)), name) for name in ("a.csv", "b.csv", "c.csv"))
    marked.with_name("b.csv.done").touch()
    put(space, b"half", "d.csv.part")

    def wait(_: float) -> None:
        growing.write_bytes(as_csv(rows(2)))
        marked.write_bytes(as_csv(rows(2)))
        gone.unlink()

    ready = settled(arrivals(space), seconds=1, wait=wait)
    assert [item.path for item in ready] == [marked]


def test_a_file_that_changes_while_it_is_read_is_not_taken(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sent.csv"
    path.write_bytes(as_csv(rows(3)))
    keep = delivery.keep_original

    def keep_and_write(*arguments: object) -> Path:
        path.write_bytes(as_csv(rows(4)))
        return keep(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery, "keep_original", keep_and_write)
    with pytest.raises(RcsError, match="changed while it was read"):
        take(space, path)
    assert list(space.paths.originals.iterdir()) == []
    assert space.ledger.receipts() == []


def test_a_file_whose_process_died_before_it_left_the_inbox_is_entered_once(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(space, as_csv(rows(3)))
    put(space, b"nonsense", collection="there")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # killed before it is removed
        list(take_in_inbox(space, settle_seconds=0))
    first = space.ledger.receipts()
    assert len(arrivals(space)) == 2
    list(take_in_inbox(space, settle_seconds=0))
    assert space.ledger.receipts() == first
    assert arrivals(space) == []


def test_the_same_bytes_put_into_the_inbox_again_are_a_duplicate(space: Workspace) -> None:
    for _ in range(2):
        put(space, as_csv(rows(3)))
        list(take_in_inbox(space, settle_seconds=0))
    assert [item.state.value for item in space.ledger.receipts()] == ["accepted", "duplicate"]


def test_leftovers_of_a_killed_process_go_with_the_next_delivery(space: Workspace) -> None:
    leftovers = [
        space.paths.originals / ".part-12ab34cd-aa",
        space.paths.raw / "answers" / "collection=here" / ".part-12ab34cd-aa.parquet",
        space.paths.findings / ".part-12ab34cd-aa.parquet",
        space.paths.quarantine / ".part-12ab34cd-aa.parquet",
        space.paths.work / ".part-999999999-x" / "decoded.csv",
    ]
    living = space.paths.work / ".part-1-x" / "decoded.csv"
    for path in (*leftovers, living):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    take(space, as_csv(rows(3)))
    assert [path for path in leftovers if path.exists()] == []
    assert living.exists()
