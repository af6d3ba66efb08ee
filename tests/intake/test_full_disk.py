"""A disk that is full ends in a sentence, and what was accepted before stays as it was."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
from pathlib import Path

from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import CONTRACTS, KEY, as_csv, home, row, rows, take


def ingest(space: Workspace, file: Path, most_bytes: int) -> subprocess.CompletedProcess[str]:
    """The real command, under a limit on the size of every file that it writes."""
    return subprocess.run(
        [sys.executable, "-m", "rcs_pipeline.cli.main", "--contracts", str(CONTRACTS), "ingest", str(file),
         "--dataset", "answers", "--collection", "here"],
        env={**os.environ, "RCS_KEY": KEY, "RCS_HOME": str(space.paths.home)},
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
    )  # fmt: skip


def files(space: Workspace) -> dict[str, bytes]:
    """What counts: the lake and the names of everything that is kept."""
    return {str(path): path.read_bytes() for path in space.paths.raw.rglob("*.parquet")}


def test_no_room_for_the_original_or_for_the_rows_stores_nothing(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    take(space, as_csv(rows(10)))
    before = files(space)
    draw = random.Random(7)  # noqa: S311  (made-up notes)
    file = tmp_path / "large.csv"
    file.write_bytes(as_csv([row(number, note=str(draw.random())[:12]) for number in range(60_000)]))
    for share in (0.3, 1.05):
        ended = ingest(space, file, int(file.stat().st_size * share))
        assert ended.returncode == 2, ended.stdout
        assert "ake room" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert files(space) == before
        assert len(space.ledger.receipts()) == 1
    assert ingest(space, file, 1 << 30).returncode == 0
    assert len(space.ledger.receipts()) == 2
    assert list(space.paths.work.iterdir()) == []
