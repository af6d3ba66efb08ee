"""A withdrawal, a rotation, a purge, a yes or a no, killed at any step: it happened whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.ledger.paths import TEMPORARY
from tests.intake import killed_life
from tests.intake.small import home
from tests.intake.visits import everything


def what_counts(folder: Path) -> dict[str, Any]:
    """The whole home but times and numbers of undertakings, which a second run may change."""
    space = home(folder / "home")
    stored = everything(space)
    receipts = space.ledger.receipts()
    named = {
        "raw": [stored.get(str(item.raw_path)) for item in receipts],
        "quarantine": [stored.get(str(item.quarantine_path)) for item in receipts],
        "findings": [stored.get(str(item.findings_path)) for item in receipts],
        "lists": [stored.get(str(item.list_path)) for item in space.ledger.withdrawals()],
    }
    places = {
        place
        for item in receipts
        for place in (item.raw_path, item.quarantine_path, item.findings_path)
        if place
    } | {item.list_path for item in space.ledger.withdrawals() if item.list_path}
    return {
        "rows": named,
        "orphans": sorted(set(stored) - places),
        "missing": sorted(places - set(stored)),
        "receipts": [
            replace(item, raw_path=None, raw_sha256=None, quarantine_path=None, findings_path=None)
            for item in receipts
        ],
        "adds up": all(item.adds_up for item in receipts),
        "answers": [item.answer for item in space.ledger.confirmations(3)],
        "withdrawals": [(item.rows, item.releases) for item in space.ledger.withdrawals()],
        "mappings": [(item.theirs, item.ours) for item in space.ledger.mappings()],
        "keys": [item.fingerprint for item in space.ledger.key_chain()],
        "events": [(item.action, item.subject) for item in space.ledger.events()],
        "originals": sorted(path.name for path in space.paths.originals.iterdir()),
        "candidates": sorted(path.name for path in space.paths.candidates.rglob("*")),
        "unfinished": space.ledger.unfinished(),
        "leftovers": [path.name for path in space.paths.home.rglob(f"{TEMPORARY}*")],
    }


ONE_TRANSACTION = ("confirm", "map")
MANY_STEPS = ("withdraw-pupils", "rotate")


@pytest.mark.parametrize(
    "command",
    [
        # These two have many steps, and each is a process that ends and another that mends.
        pytest.param(item, marks=pytest.mark.long if item in ("purge", "rotate") else ())
        for item in killed_life.commands()
    ],
)
def test_killed_before_any_step_it_is_mended_by_the_next_command_and_can_be_run_again(
    tmp_path: Path, command: str
) -> None:
    kill_everywhere(tmp_path, command, 5 if command in MANY_STEPS else 1)


@pytest.mark.long
@pytest.mark.parametrize("command", MANY_STEPS)
def test_killed_before_each_of_its_many_steps_too(tmp_path: Path, command: str) -> None:
    kill_everywhere(tmp_path, command, 1)


def kill_everywhere(tmp_path: Path, command: str, stride: int) -> None:
    script = [sys.executable, killed_life.__file__, command, str(tmp_path), str(stride)]
    subprocess.run(script, check=True, timeout=300)
    before, calm = what_counts(tmp_path / "before"), what_counts(tmp_path / "killed--1")
    assert calm != before
    assert calm["adds up"]
    assert (calm["orphans"], calm["missing"], calm["unfinished"]) == ([], [], [])
    homes = sorted(tmp_path.glob("killed-[0-9]*"))
    assert len(homes) >= (1 if command in ONE_TRANSACTION else 3)
    for folder in homes:
        assert what_counts(folder) == calm, folder.name
        mended = what_counts(tmp_path / folder.name.replace("killed", "mended"))
        assert mended in (before, calm), folder.name
