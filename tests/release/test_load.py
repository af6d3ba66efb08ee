"""Readers notice nothing of publications and rollbacks; two publishers and a full disk lose nothing."""

from __future__ import annotations

import csv
import json
import multiprocessing
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.contracts.errors import LockedError, NothingToDoError
from rcs_pipeline.ledger.records import ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import current, verify
from rcs_pipeline.release.publish import publish
from rcs_pipeline.release.rollback import rollback
from rcs_pipeline.site.index import write_pages
from tests.cli.test_permissions import ORDINARY, mode
from tests.release.helpers import approved, candidate, corrected, home, released
from tests.release.killed import in_child

ROOT = Path(__file__).resolve().parents[2]
LATER = "2026-05-05T10:00:00+00:00"
SPAWN = multiprocessing.get_context("spawn")


def read(folder: Path, form: str) -> set[str]:
    """The versions that the rows of the current release name, read as a consumer reads them."""
    import duckdb

    pointer = json.loads((folder / "current.json").read_text(encoding="utf-8"))
    release = folder / pointer["path"]
    if form == "csv":
        with (release / "csv/estimates.csv").open(encoding="utf-8", newline="") as handle:
            found = {row["release_version"] for row in csv.DictReader(handle)}
    elif form == "parquet":
        rows = duckdb.connect().execute(
            f"select distinct release_version from '{release}/parquet/estimates.parquet'"
        )
        found = {str(row[0]) for row in rows.fetchall()}
    elif form == "duckdb":
        with duckdb.connect(str(release / "rcs.duckdb"), read_only=True) as made:
            found = {
                str(row[0])
                for row in made.execute("select distinct release_version from estimates").fetchall()
            }
    else:
        found = {
            json.loads((release / "datapackage.json").read_text(encoding="utf-8"))["version"] + "+synthetic"
        }
    return found - {pointer["version"] + "+synthetic"} | (set() if found else {"nothing"})


def keep_reading(folder: Path, form: str, stop: Any, answers: Any) -> None:
    """Read until told to stop; report how often, and the first thing that was wrong."""
    count, problem = 0, ""
    while not stop.is_set() and not problem:
        try:
            mixed = read(folder, form)
            problem = f"mixed: {mixed}" if mixed else ""
            count += 1
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
    answers.put((form, count, problem))


@pytest.mark.parametrize("moves", [6, pytest.param(200, marks=pytest.mark.long)])
def test_readers_of_every_format_never_fail_and_never_see_a_mixture(workspace: Workspace, moves: int) -> None:
    candidate(workspace)
    released(workspace)
    folder = workspace.paths.releases / "mini" / "open"
    stop, answers = SPAWN.Event(), SPAWN.Queue()
    readers = [
        SPAWN.Process(target=keep_reading, args=(folder, form, stop, answers), daemon=True)
        for form in ("csv", "parquet", "duckdb", "json")
    ]
    for reader in readers:
        reader.start()
    try:
        for number in range(moves // 2):
            before = workspace.ledger.releases("mini")[0].version
            candidate(
                workspace,
                corrected(f"0.{number + 201}"),
                built_at=f"2026-05-05T10:{number // 60:02}:{number % 60:02}",
            )
            released(workspace)
            rollback(workspace, "mini", before, "to and fro", leave=ReleaseStatus.DEPRECATED)
    finally:
        time.sleep(1)
        stop.set()
        found = [answers.get(timeout=60) for _ in readers]
        for reader in readers:
            reader.join(timeout=30)
    assert [item for item in found if item[2]] == []
    assert all(count >= moves for _, count, _ in found), found


def publish_there(folder: Path, plan: str) -> str:
    try:
        return publish(home(folder), plan, pages=write_pages).version
    except (LockedError, NothingToDoError) as error:
        return type(error).__name__


def test_of_two_publishers_at_once_one_publishes_and_the_other_says_why_not(workspace: Workspace) -> None:
    candidate(workspace)
    plan = approved(workspace)
    workspace.ledger.close()
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        found = list(pool.map(publish_there, [workspace.paths.home] * 2, [plan.id] * 2))
    assert sorted(found)[0] == "1.0.0"
    assert sorted(found)[1] in ("LockedError", "NothingToDoError")
    assert [item.version for item in workspace.ledger.releases("mini")] == ["1.0.0"]


@pytest.mark.parametrize("most", [200, 3_000, 20_000])
def test_a_disk_that_is_full_moves_nothing(workspace: Workspace, most: int) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    plan = approved(workspace)
    workspace.ledger.close()

    def cramped() -> str:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        return publish(home(workspace.paths.home), plan.id, pages=write_pages).version

    code, problem = in_child(cramped)
    assert code == 1, problem
    pointer = current(workspace, "mini", "open")
    assert pointer is not None and pointer.version == "1.0.0"
    verify(workspace.paths.releases / "mini/open/1.0.0", pointer.hash)
    assert publish(workspace, plan.id, pages=write_pages).version == "1.0.1"
    assert not list(workspace.paths.releases.rglob(".part-*"))


def test_a_folder_that_may_not_be_written_moves_nothing(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    plan = approved(workspace)
    program = (
        "import sys, pathlib; from tests.release.helpers import home;"
        " from rcs_pipeline.release.publish import publish; from rcs_pipeline.site.index import write_pages;"
        " publish(home(pathlib.Path(sys.argv[1])), sys.argv[2], pages=write_pages)"
    )
    words = [*ORDINARY, sys.executable, "-c", program, str(workspace.paths.home), plan.id]
    with mode(workspace.paths.releases / "mini/open", 0o555):
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "PermissionError" in done.stderr
    pointer = current(workspace, "mini", "open")
    assert pointer is not None and pointer.version == "1.0.0"
    assert not list(workspace.paths.releases.rglob(".part-*"))
    assert publish(workspace, plan.id, pages=write_pages).version == "1.0.1"
