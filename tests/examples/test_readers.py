"""The worked examples of examples/readers read the current release, and follow the pointer when it moves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.release.rollback import withdraw_release
from tests.release.helpers import candidate, corrected, home, released

READERS = Path(__file__).parents[2] / "examples" / "readers"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audience's folder whose pointer went to 1.0.1 and back to 1.0.0."""
    workspace = home(tmp_path_factory.mktemp("readers") / "home")
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at="2026-05-05T10:00:00+00:00")
    released(workspace)
    withdraw_release(workspace, "mini", "1.0.1", "Wrong weights")
    return workspace.paths.releases / "mini" / "open"


def example(name: str, folder: Path) -> Path:
    """The example, for the small product's table."""
    target = folder / name
    text = (READERS / name).read_text(encoding="utf-8")
    target.write_text(text.replace("indicator_estimates", "estimates"), encoding="utf-8")
    return target


def run(folder: Path, *command: str) -> list[str]:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_duckdb_sql_reads_the_current_release(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with duckdb.connect() as connection:
        rows = connection.execute(example("current.sql", folder).read_text(encoding="utf-8")).fetchall()
    assert rows == [("1.0.0+synthetic", 20, 19, 1)]


def test_pandas_reads_the_current_release(folder: Path) -> None:
    made = run(folder, sys.executable, str(example("current.py", folder)))
    assert made == ["1.0.0+synthetic", "20", "19", "1"]


def test_r_reads_the_current_release(folder: Path) -> None:
    interpreter = shutil.which("Rscript")
    if interpreter is None:
        pytest.skip("R is not installed")
    made = run(folder, interpreter, "--vanilla", str(example("current.R", folder)))
    assert made == ["1.0.0+synthetic", "20", "19", "1"]
