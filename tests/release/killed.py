"""Runs a command again and again, killed one step later each time, and says what was found after recovery.

Run as a script: `killed.py HOME publish|rollback [STRIDE]`. For each step a copy of HOME is made, a child
process takes the command and dies at that step without any clean-up (`os._exit`), a second one dies while it
recovers, and a third one recovers.
A step is a rename or an entry in the ledger, and the child dies just before it. With STRIDE a step is every
operation on a file under the home (made, opened for writing, renamed, removed, its rights changed), every
STRIDE-th of them, and the child is killed by the system (SIGKILL).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from rcs_pipeline.ledger.ledger import Ledger
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.pointer import current, verify
from rcs_pipeline.release.publish import publish
from rcs_pipeline.release.rollback import rollback
from rcs_pipeline.site.index import write_pages
from tests.release.helpers import CONTRACTS, catalogue, home

KILLED = 9
STEPS = (
    (os, "replace"),
    *(
        (Ledger, name)
        for name in (
            "start_move",
            "add_release",
            "set_release_status",
            "finish_move",
            "note",
        )
    ),
)


def die_at(step: int) -> None:
    """Let this process die at its `step`-th chance."""
    count = 0

    def chance() -> None:
        nonlocal count
        count += 1
        if count == step:
            os._exit(KILLED)

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            chance()
            return function(*args, **kwargs)

        return call

    for owner, name in STEPS:
        setattr(owner, name, wrapped(getattr(owner, name)))


def kill_at(operation: int, folder: Path) -> None:
    """Let the system kill this process just before its `operation`-th operation on a file of the home."""
    count = 0
    changing = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"}
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in changing and not (event == "open" and int(arguments[2] or 0) & writing):
            return
        if not str(arguments[0]).startswith(str(folder)):
            return
        count += 1
        if count == operation:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def command(folder: Path, kind: str) -> None:
    workspace = home(folder)
    if kind == "publish":
        publish(workspace, (folder / "plan").read_text(encoding="utf-8"), pages=write_pages)
    else:
        rollback(workspace, "mini", "1.0.0", "wrong weights")


def recover_and_die(folder: Path) -> None:
    """Begin the recovery and die at its third step, if it has that many."""
    die_at(3)
    finish_interrupted_moves(home(folder))


def recovered(folder: Path, kind: str) -> dict[str, Any]:
    """What a reader sees after recovery, and what is there after running the command again."""
    workspace = home(folder)
    finish_interrupted_moves(workspace)
    state: dict[str, Any] = {"recovered": seen(folder)}
    try:
        command(folder, kind)
        state["again"] = "done"
    except Exception as error:
        state["again"] = type(error).__name__
    state["at_last"] = seen(folder)
    state["statuses"] = {item.version: item.status.value for item in workspace.ledger.releases("mini")}
    state["told"] = json.loads((folder / "releases/mini/open/status.json").read_text(encoding="utf-8"))[
        "versions"
    ]
    state["parts"] = [path.name for path in (folder / "releases").rglob(".part-*")]
    state["open_moves"] = len(workspace.ledger.moves(unfinished=True))
    return state


def seen(folder: Path) -> list[str | None]:
    """The version that each audience's pointer names, its folder checked against its sums."""
    workspace = home(folder)
    found: list[str | None] = []
    for audience in ("open", "partnership"):
        pointer = current(workspace, "mini", audience)
        if pointer is not None:
            verify(folder / "releases" / "mini" / audience / pointer.path, pointer.hash)
        found.append(pointer.version if pointer else None)
    return found


def in_child(work: Callable[[], Any]) -> tuple[int, Any]:
    """Run in a forked process; returns how it ended and what it wrote."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            text = json.dumps(work())
            os.write(writer, text.encode())
            os._exit(0)
        except BaseException as error:
            os.write(writer, json.dumps(f"{type(error).__name__}: {error}").encode())
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as handle:
        text = handle.read()
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status), json.loads(text) if text else None


def main(source: Path, kind: str, stride: int = 0) -> None:
    """Kill at every step until the command survives; print one line of JSON a step."""
    # Once, for every child: what the commands import where they use it, and the contracts.
    for name in ("duckdb", "filelock", "jinja2", "gptables", "pandas"):
        import_module(name)
    catalogue(CONTRACTS)
    for step in range(1, 2000, stride or 1):
        folder = source.with_name(f"killed-{kind}-{step}")
        shutil.copytree(source, folder)

        def doomed(folder: Path = folder, step: int = step) -> None:
            if stride:
                kill_at(step, folder)
            else:
                die_at(step)
            command(folder, kind)

        code, problem = in_child(doomed)
        if code == 0:
            break
        if code not in (KILLED, -signal.SIGKILL):
            raise SystemExit(f"step {step}: {problem}")
        torn = in_child(lambda folder=folder: seen(folder))[1]
        in_child(lambda folder=folder: recover_and_die(folder))
        code, state = in_child(lambda folder=folder: recovered(folder, kind))
        print(
            json.dumps({"step": step, "state": {**state, "torn": torn}} if code == 0 else {"problem": state})
        )
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
