"""Returns are derived: whole or absent, made again where they are missing, gone where their delivery is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from rcs_pipeline.cli.main import rcs
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns import send
from rcs_pipeline.returns.send import MARK, bring_up_to_date, forget, return_folder, send_back
from tests.intake.small import CONTRACTS, KEY, as_csv, home, row, rows, take
from tests.returns.back import bad_rows, json_of, sent_back


def files_below(space: Workspace) -> set[str]:
    return {
        path.relative_to(space.paths.reports).as_posix()
        for path in space.paths.reports.rglob("*")
        if path.is_file()
    }


def command(space: Workspace, *arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(
        rcs, ["--home", str(space.paths.home), "--contracts", str(CONTRACTS), *arguments],
        env={"RCS_KEY": KEY}, standalone_mode=False,
    )  # fmt: skip
    assert answer.exception is None, answer.exception
    return answer.return_value, answer.output


def test_a_return_lies_with_the_reports_and_says_what_the_receipt_says(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([*rows(4), *bad_rows()])).receipt
    sent = sent_back(space, receipt)
    folder = f"returns/answers/here/{receipt.sha256[:16]}"
    assert files_below(space) == {
        f"{folder}/{name}" for name in (MARK, *(f"sent.checked.{kind}" for kind in send.KINDS))
    }
    said = json_of(sent)["receipt"]
    parts = ("rows_accepted", "rows_quarantined", "rows_withdrawn", "rows_refused")
    assert said["rows_in"] == sum(said[name] for name in parts) == 8
    assert (said["id"], said["sha256"], said["contract_version"]) == (1, receipt.sha256, "1.0.0")
    assert sent.folder.parents[2].stat().st_mode & 0o077 == 0, "the rows in it are the sender's and ours"


def test_the_same_return_comes_of_the_same_delivery(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([*rows(4), *bad_rows()])).receipt
    before = [path.read_bytes() for path in sent_back(space, receipt).files]
    assert forget(space, receipt)
    assert [path.read_bytes() for path in sent_back(space, receipt).files] == before


def test_a_return_that_a_kill_left_out_is_made_by_the_next_run(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv(rows(4))).receipt
    assert files_below(space) == set()
    (sent,) = bring_up_to_date(space)
    assert sent.folder == return_folder(space, receipt) and sent.files
    assert bring_up_to_date(space) == []
    (sent.folder / MARK).unlink()
    assert len(bring_up_to_date(space)) == 1, "without its mark a return is not whole"


def test_a_refused_file_gets_a_return_too(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, b"something else entirely\n1\n").receipt
    assert receipt.state is ReceiptState.REFUSED
    said = json_of(sent_back(space, receipt))
    assert said["verdict"] == "The file could not be taken in."
    assert [item["severity"] for item in said["listed"]] == ["block"]
    assert said["summary"] == []


def test_a_duplicate_is_answered_with_the_return_of_the_first(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    first = take(space, as_csv(rows(4))).receipt
    again = take(space, as_csv(rows(4))).receipt
    assert again.state is ReceiptState.DUPLICATE
    assert sent_back(space, again) == sent_back(space, first)
    unknown = replace(again, sha256="f" * 64)
    assert send_back(space, unknown) is None


def test_a_return_changes_with_its_delivery_and_goes_with_its_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv(rows(4))).receipt
    sent_back(space, receipt)
    fewer = replace(receipt, rows_accepted=3, rows_withdrawn=1)
    monkeypatch.setattr(space.ledger, "receipts", lambda **_: [fewer])
    (sent,) = bring_up_to_date(space)
    assert json_of(sent)["receipt"]["rows_withdrawn"] == 1
    monkeypatch.setattr(space.ledger, "receipts", lambda **_: [replace(fewer, findings_path=None)])
    assert bring_up_to_date(space) == []
    assert files_below(space) == set()


def test_what_stops_a_return_stops_nothing_else(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv(rows(4))).receipt
    (space.paths.reports / "returns").write_text("in the way")
    sent = send_back(space, receipt)
    assert sent is not None and sent.files == ()
    assert sent.problem is not None and "could not be written" in sent.problem


def test_a_file_name_that_is_an_identifier_is_not_repeated(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    path = tmp_path / "731000001.csv"
    path.write_bytes(as_csv(rows(4)))
    sent = sent_back(space, take(space, path).receipt)
    assert "731000001" not in "".join(str(item) for item in sent.files)
    assert "731000001" not in sent.files[1].read_text(encoding="utf-8")


def test_the_command_says_where_the_return_lies_and_show_names_it_again(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    path = tmp_path / "sent.csv"
    path.write_bytes(as_csv([*rows(4), row(9, sex="femal")]))
    identity = ("--dataset", "answers", "--collection", "here")
    code, said = command(space, "ingest", str(path), *identity)
    assert code == 1
    assert said.count("Return: ") == 4
    (folder,) = (space.paths.reports / "returns" / "answers" / "here").iterdir()
    assert f"Return: {folder}/sent.checked.xlsx" in said
    code, said = command(space, "show", "1", "--format", "json")
    assert [Path(name).suffix for name in json.loads(said)["returns"][0]["files"]] == [
        ".xlsx",
        ".html",
        ".csv",
        ".json",
    ]


def test_a_check_writes_its_return_where_it_is_told_and_stores_nothing(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    path = tmp_path / "sent.csv"
    path.write_bytes(as_csv([*rows(12), row(20, sex="femal")]))
    space.paths.make()
    before = sorted(space.paths.home.rglob("*"))
    out = tmp_path / "out"
    code, said = command(
        space, "check", str(path), "--dataset", "answers", "--collection", "here", "--out", str(out)
    )
    assert code == 1
    assert f"Return: {out}/sent.checked.xlsx" in said
    assert sorted(item.name for item in out.iterdir()) == sorted(
        f"sent.checked.{kind}" for kind in send.KINDS
    )
    content = json.loads((out / "sent.checked.json").read_text(encoding="utf-8"))
    assert content["stored"] is False and content["receipt"]["id"] == 0
    assert content["verdict"] == "The file is usable; 1 of 13 rows would be kept out."
    assert content["summary"], "of the rows that would be accepted"
    after = sorted(space.paths.home.rglob("*"))
    assert [item for item in after if item not in before and ".db" not in item.suffix] == []
