"""Runs each command on stored files killed at its n-th step, for every n, then mended by the next command.

Run as a script with a command's name, the folder in which the homes are made, and the stride.
`killed--1` is the one that was not killed, `before` the one that the command was never run on.
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rcs_pipeline.contracts.errors import NothingToDoError
from rcs_pipeline.intake.confirm import confirm, reject
from rcs_pipeline.intake.journal import mend
from rcs_pipeline.intake.mapping import accept
from rcs_pipeline.intake.purge import purge
from rcs_pipeline.intake.rotate import rotate
from rcs_pipeline.intake.withdraw import withdraw_delivery, withdraw_pupils
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.killed import in_child, killed_at
from tests.intake.small import KEY, catalogue, home
from tests.intake.visits import listed, released, send, visits

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def prepared(folder: Path) -> None:
    """A home with a delivery superseded, one that counts, one that waits, one refused for its headers."""
    space = home(folder / "home")
    send(space, visits(range(8), p1="999,bad"))
    released(space, send(space, visits(range(9), p2="999,bad")))
    send(space, visits(range(9), p0="250,odd", p3="999,bad"))
    send(space, visits(range(3), "pupil_id,visit,remark"), "unnamed")
    listed(space, 1, 2, 3, 77)


def commands() -> dict[str, Callable[[Workspace], object]]:
    """Every command that is written down before it begins, and those that are one transaction."""
    return {
        "withdraw-pupils": lambda space: withdraw_pupils(
            space, space.paths.home.parent / "withdraw.txt", "Consent"
        ),
        "withdraw-delivery": lambda space: withdraw_delivery(space, space.ledger.receipt(2), "Wrong"),
        "confirm": lambda space: confirm(space, space.ledger.receipt(3), "right"),
        "reject": lambda space: reject(space, space.ledger.receipt(3), "wrong"),
        "map": lambda space: accept(space, space.ledger.receipt(4), "yes"),
        "rotate": lambda space: rotate(home(space.paths.home, RCS_KEY=f"{KEY}\nanother key of tests"), "old"),
        "purge": lambda space: purge(Workspace(space.settings, clock=lambda: LATER)),
    }


def run(name: str, folder: Path) -> None:
    """The command as it would be typed; a second time it may have nothing to do."""
    with suppress(NothingToDoError):
        commands()[name](home(folder / "home"))


def main(name: str, root: Path, stride: int) -> None:
    """Kill the command before every (or every `stride`-th) step; mend; run it again."""
    # Loaded once, before any thread is started, and not again in each of the processes.
    catalogue()
    for module in ("duckdb", "pandas", "pyarrow", "filelock", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(module)
    in_child(lambda: prepared(root / "before"))
    for step in itertools.chain([-1], itertools.count(0, stride)):
        folder = root / f"killed-{step:02}"
        shutil.copytree(root / "before", folder)

        def dying(step: int = step, folder: Path = folder) -> None:
            killed_at(step)
            run(name, folder)

        if in_child(dying) == 0 and step >= 0:
            shutil.rmtree(folder)
            return
        if step >= 0:
            shutil.copytree(folder, root / f"mended-{step:02}")
            assert in_child(lambda step=step: mend(home(root / f"mended-{step:02}" / "home"))) == 0  # type: ignore[misc]
        assert in_child(lambda folder=folder: run(name, folder)) == 0  # type: ignore[misc]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    os._exit(0)
