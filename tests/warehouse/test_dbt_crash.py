"""A dbt that cannot work at all leaves a sentence."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rcs_pipeline.warehouse.dbt_process import Dbt, Prepared
from rcs_pipeline.warehouse.dbt_run import _last_words

# A build that starts a dbt which never ends, and which holds a lock for as long as it lives.
PARENT = """
import sys
from pathlib import Path
from rcs_pipeline.warehouse.dbt_process import Dbt

project = Path(sys.argv[1])
Dbt(project, project / "warehouse.duckdb", threads=1).run("parse")
"""
ENDLESS = """
import fcntl
import time
from pathlib import Path


class dbtRunner:
    def __init__(self, manifest): ...

    def invoke(self, command):
        held = open("held", "w")
        fcntl.flock(held, fcntl.LOCK_EX)
        Path("at_work").touch()
        time.sleep(600)
"""
SECONDS = 20
ROOT = Path(__file__).resolve().parents[2]

CRASH = """\
Running with dbt
Traceback (most recent call last):
  File "somewhere/base.py", line 36, in write
    write_json(path, content)
    ^^^^^^^^^^^^^^^^^^^^^^^^^
OSError: [Errno 28] No space left on device
"""


def test_a_crash_of_dbt_is_told_by_its_error_alone() -> None:
    assert _last_words(CRASH) == "OSError: [Errno 28] No space left on device"


def test_what_dbt_says_itself_is_told_as_it_is() -> None:
    assert _last_words("Compilation Error\n  in model x\n  no such macro\n") == (
        "Compilation Error in model x no such macro"
    )
    assert _last_words("") == "it said nothing"


def test_dbt_ends_with_the_build_that_started_it(tmp_path: Path) -> None:
    """Else a killed build leaves a dbt that holds the database, and the next build is refused."""
    packages = ("dbt", "dbt/cli", "dbt/contracts", "dbt/contracts/graph")
    made = {f"{package}/__init__.py": "" for package in packages}
    made |= {"dbt/cli/main.py": ENDLESS, "dbt/contracts/graph/manifest.py": "class Manifest: ...\n"}
    for name, content in made.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    place = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], env=place) as parent:
        assert _soon((tmp_path / "at_work").exists)
        assert not _free(tmp_path / "held")
        parent.kill()
    assert _soon(lambda: _free(tmp_path / "held"))


def test_a_dbt_that_dies_is_told_as_one_that_said_nothing(tmp_path: Path) -> None:
    with Dbt(tmp_path, tmp_path / "warehouse.duckdb", threads=1) as dbt:
        dbt._process.kill()
        dbt._process.wait()
        assert dbt.run("parse") == (False, "")


def test_a_dbt_that_died_while_it_waited_is_started_again(tmp_path: Path) -> None:
    prepared, database = Prepared(), tmp_path / "warehouse.duckdb"
    waiting = Dbt(tmp_path, database, threads=1)
    prepared.keep(waiting, tmp_path, database, 1)
    waiting._process.kill()
    waiting._process.wait()
    with prepared.take(tmp_path, database, 1) as taken:
        assert taken.alive


def test_models_are_read_anew_where_a_file_is_another_one(tmp_path: Path) -> None:
    prepared, database = Prepared(), tmp_path / "warehouse.duckdb"
    (tmp_path / "model.sql").write_text("select 1", encoding="utf-8")
    for change, same in [(None, True), ("select 2", False)]:
        waiting = Dbt(tmp_path, database, threads=1)
        prepared.keep(waiting, tmp_path, database, 1)
        if change is not None:
            (tmp_path / "model.sql").write_text(change, encoding="utf-8")
        with prepared.take(tmp_path, database, 1) as taken:
            assert (taken is waiting) is same
        assert waiting._process.poll() is not None


def _soon(happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.02)
    return False


def _free(path: Path) -> bool:
    """Whether nobody holds the lock on the file."""
    with path.open("r") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
