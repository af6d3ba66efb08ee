"""Killed at any moment and run again, the demonstration ends as if nobody had touched it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rcs_pipeline.ledger.ledger import Ledger

COMMAND = [sys.executable, "-m", "rcs_pipeline.cli.main"]
RUN = ["run-demo", "--scale", "0.1", "--seed", "7"]
# Of the time that a whole run takes: while the files are written, taken in, built, judged and published.
MOMENTS = (0.1, 0.3, 0.55, 0.9)


def run(home: Path, *, seconds: float | None = None, whole_group: bool = True) -> int:
    """The exit code; negative where it was killed after `seconds`."""
    process = subprocess.Popen(
        [*COMMAND, "--home", str(home), *RUN],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        return process.wait()


def state(home: Path) -> dict[str, object]:
    """What a run leaves: current receipts, candidates, releases, pointer, leftovers."""
    ledger = Ledger(f"sqlite:///{home / 'ledger.db'}")
    found = {
        "receipts": [(item.dataset, item.collection, item.sha256) for item in ledger.current_receipts()],
        "candidates": [item.hash for item in ledger.candidates("rcs")],
        "folders": sorted(path.name for path in (home / "candidates").iterdir()),
        "releases": [(item.version, item.candidate, item.status) for item in ledger.releases("rcs")],
        "unfinished": ledger.moves(unfinished=True),
        "pointer": json.loads((home / "releases/rcs/open/current.json").read_text(encoding="utf-8"))[
            "version"
        ],
        "leftovers": [*home.rglob(".part-*"), *home.glob("work/building-*")],
    }
    ledger.close()
    return found


@pytest.mark.long
def test_a_run_killed_at_any_moment_and_run_again_ends_as_if_undisturbed(tmp_path: Path) -> None:
    calm = tmp_path / "calm"
    began = time.monotonic()
    assert run(calm) == 0
    whole = time.monotonic() - began
    expected = state(calm)
    assert expected["leftovers"] == []
    for number, moment in enumerate(MOMENTS):
        home = tmp_path / f"killed-{number}"
        # By turns the whole group and the process alone, whose children then have to notice.
        seconds = whole * moment
        run(home, seconds=seconds, whole_group=number % 2 == 0)
        assert run(home) == 0, f"killed after {seconds:.1f} of {whole:.1f} s"
        assert state(home) == expected, f"killed after {seconds:.1f} of {whole:.1f} s"
