"""Kills a publication of many places by the system, at one file after another, and says what was found.

Run as a script: `killed.py HOME CONTRACTS STRIDE`. A step is an operation on a file of the home. The first
child dies while folders are filled, the others at every STRIDE-th step after the move is in the journal.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from rcs_pipeline.ledger.ledger import Ledger
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.pointer import current, release_folder, verify
from rcs_pipeline.release.publish import publish
from rcs_pipeline.site.index import write_pages
from tests.places import world
from tests.release.killed import in_child, kill_at

AMONG_FOLDERS = 100


def seen(workspace: Workspace) -> dict[str, str | None]:
    """Audience -> the version that its pointer names, its folder checked against its sums."""
    found: dict[str, str | None] = {}
    root = workspace.paths.releases / "many"
    for folder in sorted(path for depth in ("*", "*/*") for path in root.glob(depth) if path.is_dir()):
        name = folder.relative_to(root).as_posix()
        if (folder / "current.json").is_file() or (folder / "status.json").is_file():
            pointer = current(workspace, "many", name)
            if pointer is not None:
                verify(release_folder(workspace, "many", name, pointer.version), pointer.hash)
            found[name] = pointer.version if pointer else None
    return found


def doomed(folder: Path, contracts: Path, step: int) -> None:
    """Publish, and die at the step."""
    workspace, enter = world.home(folder, contracts), Ledger.start_move
    if step == 0:
        kill_at(AMONG_FOLDERS, folder)
    else:

        def entered(*arguments: Any) -> Any:
            move = enter(*arguments)
            kill_at(step, folder)
            return move

        Ledger.start_move = entered  # type: ignore[method-assign]
    publish(workspace, (folder / "plan").read_text(encoding="utf-8"), pages=write_pages)


def recovered(folder: Path, contracts: Path) -> dict[str, Any]:
    """What a reader sees after recovery, and when the publication was asked for again."""
    workspace = world.home(folder, contracts)
    finish_interrupted_moves(workspace)
    state: dict[str, Any] = {"recovered": seen(workspace)}
    try:
        publish(workspace, (folder / "plan").read_text(encoding="utf-8"), pages=write_pages)
        state["again"] = "done"
    except Exception as error:
        state["again"] = type(error).__name__
    state["at_last"] = seen(workspace)
    state["parts"] = [path.name for path in (folder / "releases").rglob(".part-*")]
    state["open_moves"] = len(workspace.ledger.moves(unfinished=True))
    return state


def main(source: Path, contracts: Path, stride: int) -> None:
    """Kill at step after step until the publication survives; print one line of JSON a step."""
    for step in (0, *range(1, 2000, stride)):
        folder = source.with_name(f"killed-{step}")
        shutil.copytree(source, folder)
        code, problem = in_child(lambda folder=folder, step=step: doomed(folder, contracts, step))
        if code == 0:
            break
        if code != -signal.SIGKILL:
            raise SystemExit(f"step {step}: {problem}")
        torn = in_child(lambda folder=folder: seen(world.home(folder, contracts)))[1]
        code, state = in_child(lambda folder=folder: recovered(folder, contracts))
        print(json.dumps({**state, "torn": torn} if code == 0 else {"problem": state}))
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
