"""No identifier leaves `inbox/` and `originals/`, whatever is decided about a delivery."""

from __future__ import annotations

import logging
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.cli.main import main
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import CONTRACTS, KEY, home
from tests.intake.visits import pupil, send, visits

NEW_KEY = "another key that only this test knows"
SECRETS = (KEY, NEW_KEY)


def leaks(space: Workspace) -> list[str]:
    """The files under the home that hold an identifier or a key, but for the two places of identifiers."""
    canaries = [*(pupil(number) for number in range(12)), *SECRETS]
    hits = []
    for path in sorted(space.paths.home.rglob("*")):
        if not path.is_file() or space.paths.inbox in path.parents or space.paths.originals in path.parents:
            continue
        content = path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                content += str(connection.execute(f"select * from read_parquet('{path}')").fetchall())
        if any(canary in content for canary in canaries):
            hits.append(path.relative_to(space.paths.home).as_posix())
    return hits


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> list[tuple[list[str], int, str]]:
    """Every command of a delivery's life with what it printed, on files full of canaries."""
    folder, said = tmp_path / "home", []
    monkeypatch.setenv("RCS_KEY", KEY)
    monkeypatch.setenv("RCS_CONTRACTS", str(CONTRACTS))
    logging.getLogger().setLevel(logging.DEBUG)
    space = home(folder)
    send(space, visits(range(6), p1="999,bad", p3="250,odd"))
    send(space, visits(range(7), f"pupil,visit,{pupil(9)}"))
    pupils, bad = tmp_path / "pupils.txt", tmp_path / "bad.txt"
    pupils.write_text("\n".join(pupil(number) for number in (1, 2, 11)))
    bad.write_text(f"{pupil(1)}\n{pupil(2)}0\n")
    space.ledger.close()

    def run(*words: str) -> None:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(folder), "--as", "Ada", *words])
        out = capfd.readouterr()
        said.append(([*words], int(left.value.code or 0), out.out + out.err))

    run("confirm", "1", "--reason", "right")
    run("map")
    run("map", "accept", "2", "--column", "pupil=pupil_id", "--column", f"{pupil(9)}=remark", "--reason", "r")
    run("map", "accept", "2", "--column", "pupil=pupil_id", "--column", "visit=visits", "--reason", "r")
    run("withdraw", "--pupils", str(bad), "--reason", "Consent")
    run("withdraw", "--pupils", str(pupils), "--reason", "Consent", "--format", "json")
    run("withdraw", "--pupils", str(pupils), "--reason", "Consent")
    monkeypatch.setenv("RCS_KEY", f"{KEY}\n{NEW_KEY}")
    run("key", "rotate", "--reason", "old")
    run("key", "list", "--format", "json")
    run("show", "1", "--format", "json")
    run("show", "2")
    run("status", "--dataset", "visits")
    run("doctor")
    run("withdraw", "--delivery", "1", "--reason", "All of it")
    run("purge", "--dry-run")
    run("purge")
    return said


def test_nothing_that_is_printed_or_stored_holds_an_identifier_or_a_key(
    typed: list[tuple[list[str], int, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    codes = {tuple(words[:2]): code for words, code, _ in typed}
    assert codes["confirm", "1"] == codes["key", "rotate"] == codes["withdraw", "--delivery"] == 0
    canaries = [*(pupil(number) for number in range(12)), *SECRETS]
    # What was typed may come back in the message about it; nothing else.
    for words, _, said in typed:
        assert not [canary for canary in canaries if canary in said and canary not in " ".join(words)], words
    assert not [canary for canary in canaries if canary in caplog.text]
    assert leaks(home(tmp_path / "home")) == []


def test_the_search_finds_a_key_where_there_is_one(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    (space.paths.reports / "a.txt").write_text(NEW_KEY)
    assert leaks(space) == ["reports/a.txt"]


def test_a_wrong_key_is_told_by_its_fingerprint_alone(tmp_path: Path) -> None:
    send(home(tmp_path / "home"), visits(range(3)))
    with pytest.raises(RcsError) as error:
        send(home(tmp_path / "home", RCS_KEY=NEW_KEY), visits(range(4)))
    assert not [secret for secret in SECRETS if secret in str(error.value)]
