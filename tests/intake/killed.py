"""Runs an ingest of the inbox that is killed at its n-th step, for every n, each in a process of its own.

Run as a script with the folder in which the homes are made; `killed--1` is the one that was not killed.
A step is a call that changes something outside the process.
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rcs_pipeline.intake.inbox import take_in_inbox
from rcs_pipeline.ledger.ledger import Ledger
from tests.intake.small import as_csv, catalogue, home, row, rows

EVERYTHING = (as_csv([*rows(4), row(9, sex="7")]), as_csv(rows(4)), as_csv(rows(4)), b"nonsense\n")


def fill_inbox(folder: Path, contents: Iterable[bytes] = EVERYTHING, collection: str = "here") -> None:
    """Files of one collection in the inbox: a quarantined row, a correction, a duplicate, a refusal."""
    space = home(folder)
    for number, content in enumerate(contents):
        path = space.paths.inbox / "answers" / collection / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def ingest(folder: Path) -> None:
    """What `rcs ingest` does."""
    list(take_in_inbox(home(folder), settle_seconds=0))


def killed_at(step: int) -> None:
    """From now on, count the steps and die right before this one (which is right after the one before)."""
    seen = -1

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def _call(*arguments: Any, **more: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **more)

        return _call

    for owner, name in (
        (os, "replace"),
        (os, "fsync"),
        (shutil, "copyfile"),
        (Path, "unlink"),
        (Ledger, "add_receipt"),
        (Ledger, "begin"),
        (Ledger, "commit"),
        (Ledger, "finish"),
        (Ledger, "enter"),
    ):
        setattr(owner, name, counted(getattr(owner, name)))


def in_child(work: Callable[[], None]) -> int:
    """Run in a forked process; the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(root: Path) -> None:
    """A first file is taken in; its correction, in which a row is quarantined, is what is killed."""
    # Loaded once, before any thread is started, and not again in each of the forty processes.
    catalogue()
    for name in ("duckdb", "pandas", "pyarrow", "filelock", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)
    fill_inbox(root / "first", (as_csv(rows(4)),))
    in_child(lambda: ingest(root / "first"))
    for step in itertools.count(-1):
        folder = root / f"killed-{step:02}"
        shutil.copytree(root / "first", folder)
        fill_inbox(folder, (as_csv([*rows(4), row(9, sex="7")]),))
        # Another collection's file, which is judged while the correction is stored.
        fill_inbox(folder, (as_csv([row(5, council="S12000020")]),), "there")

        def dying(step: int = step, folder: Path = folder) -> None:
            killed_at(step)
            ingest(folder)

        if in_child(dying) == 0 and step >= 0:
            shutil.rmtree(folder)
            return
        assert in_child(lambda folder=folder: ingest(folder)) == 0  # type: ignore[misc]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
