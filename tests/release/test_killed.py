"""Killed at any step, a publication or rollback is completed or undone by the next command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.pointer import current
from tests.release.helpers import approved, candidate, corrected, released

ROOT = Path(__file__).parents[2]
LATER = "2026-05-05T10:00:00+00:00"


def killed_at_every_step(workspace: Workspace, kind: str, stride: int = 0) -> list[dict[str, Any]]:
    workspace.ledger.close()
    run = subprocess.run(
        [sys.executable, "-m", "tests.release.killed", str(workspace.paths.home), kind, str(stride)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    broken = [line for line in lines if "problem" in line]
    assert not broken, broken
    return [line["state"] for line in lines]


def test_a_killed_publication_is_completed_or_undone(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    (workspace.paths.home / "plan").write_text(approved(workspace).id, encoding="utf-8")
    states = killed_at_every_step(workspace, "publish")
    assert len(states) >= 10
    for state in states:
        assert state["recovered"] in (["1.0.0", "1.0.0"], ["1.0.1", "1.0.1"]), state
        assert state["again"] == ("done" if state["recovered"][0] == "1.0.0" else "NothingToDoError"), state
        assert state["at_last"] == ["1.0.1", "1.0.1"], state
        assert state["statuses"] == {"1.0.0": "released", "1.0.1": "released"}
        assert {version: item["status"] for version, item in state["told"].items()} == state["statuses"]
        assert (state["parts"], state["open_moves"]) == ([], 0), state
    outcomes = {tuple(state["recovered"]) for state in states}
    assert outcomes == {("1.0.0", "1.0.0"), ("1.0.1", "1.0.1")}
    assert ["1.0.1", "1.0.0"] in [state["torn"] for state in states], "no step lay between the two pointers"


@pytest.mark.parametrize("stride", [17, pytest.param(1, marks=pytest.mark.long)])
def test_a_publication_killed_by_the_system_at_any_file_loses_nothing(
    workspace: Workspace, stride: int
) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    (workspace.paths.home / "plan").write_text(approved(workspace).id, encoding="utf-8")
    states = killed_at_every_step(workspace, "publish", stride)
    assert len(states) * stride >= 100, "fewer operations than a publication has"
    for state in states:
        assert state["recovered"] in (["1.0.0", "1.0.0"], ["1.0.1", "1.0.1"]), state
        assert state["at_last"] == ["1.0.1", "1.0.1"], state
        assert state["statuses"] == {"1.0.0": "released", "1.0.1": "released"}
        assert (state["parts"], state["open_moves"]) == ([], 0), state


def test_a_killed_rollback_is_completed(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    released(workspace)
    for state in killed_at_every_step(workspace, "rollback"):
        assert state["at_last"] == ["1.0.0", "1.0.0"], state
        assert state["statuses"] == {"1.0.0": "released", "1.0.1": "withdrawn"}, state
        assert {version: item["status"] for version, item in state["told"].items()} == state["statuses"]
        assert (state["parts"], state["open_moves"]) == ([], 0), state


@pytest.mark.parametrize("damage", ["part", "named"])
def test_a_publication_whose_folder_was_lost_is_undone(workspace: Workspace, damage: str) -> None:
    from rcs_pipeline.release import journal, publish
    from rcs_pipeline.site.index import write_pages

    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    plan = approved(workspace)

    class Killed(BaseException):
        pass

    def stop(*_: object, **__: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "_name_folders" if damage == "part" else "write_statuses", stop)
        with pytest.raises(Killed):
            publish.publish(workspace, plan.id, pages=write_pages)
    (move,) = workspace.ledger.moves(unfinished=True)
    folder = workspace.paths.releases / "mini" / "partnership"
    (lost,) = folder.glob(".part-*") if damage == "part" else folder.glob("1.0.1")
    (lost / "csv" / "estimates.csv").unlink()
    assert [item.id for item in finish_interrupted_moves(workspace)] == [move.id]
    for audience in ("open", "partnership"):
        pointer = current(workspace, "mini", audience)
        assert pointer is not None and pointer.version == "1.0.0"
        assert sorted(path.name for path in (folder.parent / audience).iterdir()) == [
            "1.0.0",
            "current.json",
            "feed.xml",
            "status.json",
        ]
    assert publish.publish(workspace, plan.id, pages=write_pages).version == "1.0.1"
