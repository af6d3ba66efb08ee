"""What the command promises whatever the verb: sentences, exit codes, receipts that can be looked up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rcs_pipeline.cli import doctor, intake
from rcs_pipeline.cli.main import VERBS, main
from rcs_pipeline.cli.output import table
from rcs_pipeline.contracts.errors import ExitCode
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace


def run(home: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home), *words])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def enter(home: Path, sha256: str, collection: str) -> int:
    space = Workspace(load_settings({"home": str(home)}, environment={}, folder=home))
    assert space.paths.home == home
    receipt = Receipt(
        received_at="2016-03-31T12:00:00+00:00",
        dataset="wellbeing_primary",
        collection=collection,
        sha256=sha256,
        file_name="answers.csv",
        size_bytes=1,
        state=ReceiptState.REFUSED,
        claimed_name="ada",
        os_account="ada",
        rows_in=3,
        rows_refused=3,
    )
    space.ledger.add_receipt(receipt)
    return len(space.ledger.receipts())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(tmp_path, verb, "--help") == ExitCode.OK
    assert "Usage:" in capsys.readouterr().out


def test_a_misspelt_verb_is_answered_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "ingets") == ExitCode.USAGE
    assert "Did you mean `ingest`?" in capsys.readouterr().err


def test_an_unforeseen_error_is_a_sentence_without_its_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("the identifier 0123456789")

    monkeypatch.setattr(intake, "workspace", broken)
    monkeypatch.delenv("RCS_DEBUG", raising=False)
    assert run(tmp_path, "status") == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "Unexpected ValueError" in said
    assert "0123456789" not in said
    assert "Traceback" not in said


def test_a_ledger_that_cannot_be_opened_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCS_LEDGER_URL", "nonsense")
    assert run(tmp_path, "status") == ExitCode.USAGE
    assert "RCS_LEDGER_URL" in capsys.readouterr().err


def test_doctor_never_shows_the_password_of_the_ledger() -> None:
    assert (
        doctor._masked("postgresql+psycopg://ada:s3@cret@host/db") == "postgresql+psycopg://ada:***@host/db"
    )
    assert doctor._masked("sqlite:///home/ledger.db") == "sqlite:///home/ledger.db"


def test_a_receipt_is_shown_by_its_number_or_by_its_hash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enter(tmp_path, "ab" * 32, "t2-falkirk-2016")
    enter(tmp_path, "1c" * 32, "t3-moray-2018")
    for asked, collection in (("1", "t2-falkirk-2016"), ("1c1c", "t3-moray-2018")):
        assert run(tmp_path, "show", asked, "--format", "json") == ExitCode.OK
        shown = json.loads(capsys.readouterr().out)["receipts"]
        assert [item["collection"] for item in shown] == [collection]


def test_an_absent_value_is_an_empty_cell() -> None:
    assert table(["a", "b"], [[None, 1], ["x", None]]) == "a  b\n   1\nx"
