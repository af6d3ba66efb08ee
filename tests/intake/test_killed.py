"""Killed at any moment and run again: the same lake and the same receipts as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.ledger.paths import TEMPORARY
from tests.intake import killed
from tests.intake.small import CONTRACTS, KEY, as_csv, home, rows, snapshot

ROOT = Path(__file__).resolve().parents[2]
RCS = [sys.executable, "-m", "rcs_pipeline.cli.main"]
ENVIRONMENT = {**os.environ, "RCS_KEY": KEY, "RCS_CONTRACTS": str(CONTRACTS), "PYTHONPATH": str(ROOT)}


def what_counts(folder: Path) -> dict[str, Any]:
    """Everything that may depend on what was delivered, and nothing that depends on when."""
    space = home(folder)
    receipts = [
        (item.dataset, item.collection, item.sha256, item.state.value, item.rows_accepted, item.raw_path)
        for item in space.ledger.receipts()
    ]
    return {
        "lake": snapshot(space),
        "receipts": receipts,
        "current": [item.sha256 for item in space.ledger.current_receipts()],
        "originals": sorted(path.name for path in space.paths.originals.iterdir()),
        "inbox": [path.name for path in space.paths.inbox.rglob("*") if path.is_file()],
        "leftovers": [path.name for path in space.paths.home.rglob(f"{TEMPORARY}*")],
        "work": list(space.paths.work.iterdir()),
    }


def test_killed_between_any_two_steps_and_run_again_nothing_differs(tmp_path: Path) -> None:
    subprocess.run([sys.executable, killed.__file__, str(tmp_path)], check=True, timeout=300)
    calm = what_counts(tmp_path / "killed--1")
    assert [item[3] for item in calm["receipts"]] == ["superseded", "accepted", "accepted"]
    homes = sorted(tmp_path.glob("killed-[0-9]*"))
    assert len(homes) >= 15
    for folder in homes:
        assert what_counts(folder) == calm, folder.name


@pytest.mark.long
def test_the_real_command_killed_at_random_moments_and_run_again_nothing_differs(tmp_path: Path) -> None:
    chance, died = random.Random(1), 0  # noqa: S311
    killed.fill_inbox(tmp_path / "calm")
    began = time.monotonic()
    subprocess.run(
        [*RCS, "--home", str(tmp_path / "calm"), "ingest", "--settle", "0"], env=ENVIRONMENT, check=False
    )
    lasts = time.monotonic() - began
    for number in range(12):
        folder = tmp_path / str(number)
        killed.fill_inbox(folder)
        command = [*RCS, "--home", str(folder), "ingest", "--settle", "0"]
        began = time.monotonic()
        with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(timeout=lasts * chance.uniform(0.3, 1))
                # The machine is quicker now than when it was timed.
                lasts = time.monotonic() - began
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        died += process.returncode == -signal.SIGKILL
        subprocess.run(command, env=ENVIRONMENT, check=False)
        assert what_counts(folder) == what_counts(tmp_path / "calm")
    assert died > 3


def test_while_one_ingest_runs_another_is_told_to_wait_and_nothing_is_lost(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    path = space.paths.inbox / "answers" / "here" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(as_csv(rows(3)))
    command = [*RCS, "--home", str(space.paths.home), "ingest", "--settle", "0"]
    with space.writing():
        second = subprocess.run(command, env=ENVIRONMENT, check=False, capture_output=True, text=True)
    assert second.returncode == 5
    assert "Another process is writing" in second.stderr
    assert "To do: " in second.stderr
    assert path.exists()
    third = subprocess.run(command, env=ENVIRONMENT, check=False, capture_output=True, text=True)
    assert third.returncode == 0
    assert [item.rows_accepted for item in space.ledger.receipts()] == [3]
