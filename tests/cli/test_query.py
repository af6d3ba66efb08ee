"""`rcs query` reads the marts of a candidate and nothing else, changes nothing, and is recorded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.cli.main import main
from rcs_pipeline.ledger.records import CandidateRecord
from tests.intake.small import CONTRACTS, home


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one candidate of two rows, and a file beside it that nobody may read."""
    monkeypatch.setenv("RCS_CONTRACTS", str(CONTRACTS))
    monkeypatch.chdir(tmp_path)
    space = home(tmp_path / "home")
    place = space.paths.candidates / "abc123"
    place.mkdir(parents=True)
    with duckdb.connect(str(place / "warehouse.duckdb")) as connection:
        connection.execute("create table marts as select range as a, 'nan'::double as b from range(2)")
    (tmp_path / "secret.csv").write_text("a\nsecret\n")
    space.ledger.add_candidate(
        CandidateRecord(
            hash="abc123", product="rcs", built_at="2026", builder="b", os_account="o",
            path="candidates/abc123",
            synthetic=True, inputs=(), contracts={}, tables={}, required_checks=(),
        )
    )  # fmt: skip
    return tmp_path


def ask(folder: Path, capsys: pytest.CaptureFixture[str], sql: str, *more: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["--home", str(folder / "home"), *more, "query", sql, "--format", "json"])
    shown = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return int(left.value.code), shown.out, shown.err


def test_a_select_is_answered_and_recorded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(folder, capsys, "select a, b from marts order by a")
    assert code == 0, err
    assert json.loads(out)["rows"] == [[0, None], [1, None]]
    (event,) = home(folder / "home").ledger.events(action="query")
    assert event.detail["sql"] == "select a, b from marts order by a"
    assert event.subject == "abc123"


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{folder}/secret.csv')", "select * from '{folder}/secret.csv'",
        "select content from read_text('{folder}/secret.csv')", "select content from read_blob('{folder}/*')",
        "select * from glob('{folder}/*')", "select * from sniff_csv('{folder}/secret.csv')",
        "select * from read_parquet('{folder}/x.parquet')", "select * from read_json('{folder}/secret.csv')",
        "select * from duckdb_scan('{folder}/home/ledger.db', 'receipt')",
        "select * from query('select * from read_text(''{folder}/secret.csv'')')",
        "copy marts to '{folder}/out.csv'", "copy (select 1) to '{folder}/out.csv'",
        "export database '{folder}/out'",
        "attach '{folder}/other.db' as other", "attach ':memory:' as other", "detach warehouse",
        "install httpfs", "load httpfs", "create table x as select 1", "create temp table x as select 1",
        "create macro f() as 1", "insert into marts values (3, 3)", "update marts set a = 1",
        "delete from marts",
        "drop table marts", "alter table marts add column c int", "truncate marts", "checkpoint", "vacuum",
        "pragma enable_external_access = true", "set enable_external_access = true",
        "set lock_configuration = false", "reset enable_external_access", "call pragma_version()",
        "use memory",
        "begin", "prepare p as select 1", "explain analyze select 1", "select 1; select 2", "", ";", "selekt",
        "select 1; copy marts to '{folder}/out.csv'",
    ],
)  # fmt: skip
def test_nothing_else_can_be_read_written_or_loaded(
    folder: Path, capsys: pytest.CaptureFixture[str], sql: str
) -> None:
    database = folder / "home" / "candidates" / "abc123" / "warehouse.duckdb"
    before = hashlib.sha256(database.read_bytes()).hexdigest(), sorted(path.name for path in folder.iterdir())
    code, out, err = ask(folder, capsys, sql.format(folder=folder))
    assert code == 2, out
    assert "secret" not in out
    assert "Traceback" not in err
    after = hashlib.sha256(database.read_bytes()).hexdigest(), sorted(path.name for path in folder.iterdir())
    assert after == before


def test_a_role_that_may_not_ask_is_refused_and_that_is_recorded(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ask(folder, capsys, "select 1", "--role", "visitor", "--as", "curious")
    assert (code, out) == (1, "")
    assert "may not read" in err
    (event,) = home(folder / "home").ledger.events(action="query denied")
    assert (event.claimed_name, event.detail["role"]) == ("curious", "visitor")


def test_an_answer_is_cut_at_the_limit_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--home", str(folder / "home"), "query", "select a from marts", "--limit", "1"])
    shown = capsys.readouterr()
    assert shown.out.split() == ["a", "0"]
    assert "Only the first 1" in shown.err
