"""A file or folder that this account may not use gets a sentence, and nothing that was there is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import ExitCode
from tests.intake.small import CONTRACTS, KEY
from tests.intake.visits import visits

# The superuser may do everything, until it gives that right away.
RIGHTS = "-dac_override,-dac_read_search"
ORDINARY = ["setpriv", f"--bounding-set={RIGHTS}", f"--inh-caps={RIGHTS}"] if os.geteuid() == 0 else []


def rcs(folder: Path, *words: str) -> tuple[int, str]:
    """Type a command as somebody without special rights; its exit code and all that it said."""
    done = subprocess.run(
        [*ORDINARY, sys.executable, "-m", "rcs_pipeline.cli.main", "--home", str(folder / "home"), *words],
        env={**os.environ, "RCS_KEY": KEY, "RCS_CONTRACTS": str(CONTRACTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "inbox" / "visits" / "visited"
    folder.mkdir(parents=True)
    (folder / "sent.csv").write_bytes(visits(range(4)))
    return folder


def test_a_file_that_may_not_be_read_is_named_and_waits(inbox: Path, tmp_path: Path) -> None:
    with mode(inbox / "sent.csv", 0o000):
        code, said = rcs(tmp_path, "ingest")
    assert code == ExitCode.FINDINGS and "Traceback" not in said
    assert "sent.csv" in said and "Permission denied" in said
    assert rcs(tmp_path, "ingest")[0] == ExitCode.OK
    assert not (inbox / "sent.csv").exists()


def test_a_lake_that_may_not_be_written_stores_nothing_and_the_file_stays(
    inbox: Path, tmp_path: Path
) -> None:
    raw = tmp_path / "home" / "raw"
    raw.mkdir()
    with mode(raw, 0o555):
        code, said = rcs(tmp_path, "ingest")
    assert code == ExitCode.USAGE and "Traceback" not in said
    assert "Permission denied" in said and "nothing was half-written" in said
    assert (inbox / "sent.csv").exists() and not list(raw.iterdir())
    assert rcs(tmp_path, "ingest")[0] == ExitCode.OK


def test_a_ledger_that_may_not_be_written_is_named(inbox: Path, tmp_path: Path) -> None:
    assert rcs(tmp_path, "ingest")[0] == ExitCode.OK
    (inbox / "more.csv").write_bytes(visits(range(5)))
    with mode(tmp_path / "home" / "ledger.db", 0o444):
        code, said = rcs(tmp_path, "ingest")
    assert code == ExitCode.USAGE and "Traceback" not in said
    assert "The ledger" in said and "readonly database" in said and "RCS_LEDGER_URL" in said
    assert (inbox / "more.csv").exists()
