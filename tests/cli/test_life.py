"""The verbs about a delivery's life: exit codes, the next command, two of them at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.cli.main import main
from rcs_pipeline.contracts.errors import ExitCode
from tests.intake.small import CONTRACTS, KEY, home
from tests.intake.visits import FIRST, HEADER, pupil, visits

ROOT = Path(__file__).resolve().parents[2]
PLACE = ("--dataset", "visits", "--collection", "visited")


@pytest.fixture
def rcs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Types a command; gives its exit code and what it printed."""
    monkeypatch.setenv("RCS_KEY", KEY)
    monkeypatch.setenv("RCS_CONTRACTS", str(CONTRACTS))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(tmp_path / "home"), *words])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def file(tmp_path: Path, content: bytes, name: str = "sent.csv") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


def test_a_file_that_waits_answers_3_and_says_what_to_type(rcs: Any, tmp_path: Path) -> None:
    unusual = file(tmp_path, visits(range(4), p1="250,odd"))
    assert rcs("check", unusual, *PLACE)[0] == ExitCode.WAITING
    code, said, _ = rcs("ingest", unusual, *PLACE)
    assert code == ExitCode.WAITING
    assert "Next: rcs confirm 1 --as NAME --reason" in said
    assert "waiting" in rcs("status", "--dataset", "visits")[1]
    code, said, _ = rcs("confirm", "1", "--as", "Ada", "--reason", "right")
    assert code == ExitCode.OK
    assert "accepted: 4 rows in, 4 accepted" in said
    code, _, problem = rcs("confirm", "1", "--reason", "again")
    assert code == ExitCode.NOTHING_TO_DO
    assert "does not wait" in problem
    code, said, _ = rcs("show", "1")
    assert "unusual findings answered with yes: right [RCS-V101 (1)], by Ada (account " in said


def test_a_drifted_file_is_accepted_in_two_commands(rcs: Any, tmp_path: Path) -> None:
    drifted = file(tmp_path, visits(range(4), "pupil_id,visit,remark"))
    assert rcs("map")[0] == ExitCode.NOTHING_TO_DO
    assert rcs("ingest", drifted, *PLACE)[0] == ExitCode.FINDINGS
    code, said, _ = rcs("map")
    assert code == ExitCode.OK
    assert "receipt 1, visits/visited, from scotcen: `visit` is `visits`." in said
    code, said, _ = rcs("map", "accept", "1", "--reason", "renewed", "--as", "Ada")
    assert code == ExitCode.OK
    again = said.splitlines()[-1].removeprefix("Next: rcs ").split()
    assert rcs(*again)[0] == ExitCode.OK  # the original is kept, so that nobody has to send it again
    assert "Ada" in rcs("map", "list")[1]
    assert rcs("map", "drop", "1", "--reason", "no")[0] == ExitCode.OK
    assert json.loads(rcs("map", "list", "--format", "json")[1])["mappings"] == []
    assert rcs("map", "accept", "1", "--column", "visit", "--reason", "x")[0] == ExitCode.USAGE


def test_withdrawing_says_how_many_and_what_to_do_next(rcs: Any, tmp_path: Path) -> None:
    rcs("ingest", file(tmp_path, visits(range(9))), *PLACE)
    pupils = file(tmp_path, f"{pupil(2)}\n{pupil(50)}\n".encode(), "pupils.txt")
    code, said, _ = rcs("withdraw", "--pupils", pupils, "--reason", "Consent")
    assert code == ExitCode.OK
    assert "2 pupil(s) withdrawn; 1 had rows here" in said
    assert "receipt 1: 1 row(s) erased." in said
    assert said.splitlines()[-1] == "Next: rcs build"
    assert rcs("withdraw", "--pupils", pupils, "--reason", "Consent")[0] == ExitCode.NOTHING_TO_DO
    assert rcs("withdraw", "--reason", "nothing named")[0] == ExitCode.USAGE
    assert rcs("withdraw", "--delivery", "1", "--dataset", "visits", "--reason", "x")[0] == ExitCode.USAGE


def test_older_bytes_answer_1_and_nothing_too_old_answers_4(rcs: Any, tmp_path: Path) -> None:
    first, second = file(tmp_path, visits(range(9)), "1.csv"), file(tmp_path, visits(range(10)), "2.csv")
    rcs("ingest", first, *PLACE)
    rcs("ingest", second, *PLACE)
    code, said, _ = rcs("ingest", first, *PLACE)
    assert code == ExitCode.FINDINGS
    assert "out of order" in said
    assert rcs("ingest", first, *PLACE, "--again")[0] == ExitCode.OK
    assert rcs("purge")[0] == ExitCode.NOTHING_TO_DO
    assert rcs("purge", "--dry-run")[0] == ExitCode.NOTHING_TO_DO
    assert rcs("key", "rotate", "--reason", "none was added")[0] == ExitCode.NOTHING_TO_DO


def test_two_intakes_at_once_lose_nothing_and_enter_nothing_twice(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    for number in range(3):
        path = space.paths.inbox / "visits" / ("visited", "unnamed")[number % 2] / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = "\n".join(f"{FIRST + row},{row % 200},ok" for row in range(60_000 + number))
        path.write_text(f"{HEADER}\n{rows}\n")
    environment = {**os.environ, "RCS_KEY": KEY, "RCS_CONTRACTS": str(CONTRACTS), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "rcs_pipeline.cli.main", "--home", str(space.paths.home), "ingest"]
    both = [
        subprocess.Popen([*command, "--settle", "0"], env=environment, stdout=-3, stderr=-3) for _ in range(2)
    ]
    codes = [process.wait(timeout=120) for process in both]
    assert ExitCode.OK in codes
    assert set(codes) <= {ExitCode.OK, ExitCode.NOTHING_TO_DO, ExitCode.LOCKED}
    receipts = space.ledger.receipts()
    assert sorted(item.rows_in for item in receipts) == [60_000, 60_001, 60_002]
    assert len(space.ledger.current_receipts()) == 2
    assert not [path for path in space.paths.inbox.rglob("*") if path.is_file()]
