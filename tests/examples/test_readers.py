"""The worked examples of examples/readers read the current release, and follow the pointer when it moves."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.release import mirror
from rcs_pipeline.release.rollback import withdraw_release
from tests.release.helpers import candidate, corrected, home, released
from tests.servers import programs, server

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
    target.write_text(
        text.replace("indicator_estimates", "estimates").replace("rcs_open", "mini_open"), encoding="utf-8"
    )
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


def test_a_spreadsheet_reads_the_current_release(folder: Path, tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    profile = f"-env:UserInstallation={tmp_path.as_uri()}"
    run(folder, "sh", str(example("spreadsheet.sh", folder)), profile)
    with (folder / "sheets/rcs-tables-Cover.csv").open(encoding="utf-8", newline="") as handle:
        assert any("Version 1.0.0," in cell for line in csv.reader(handle) for cell in line)
    with (folder / "sheets/rcs-tables-estimates.csv").open(encoding="utf-8", newline="") as handle:
        lines = list(csv.reader(handle))
    start = next(number for number, line in enumerate(lines) if line[0] == "indicator_id")
    place = next(number for number, title in enumerate(lines[start]) if title.startswith("estimate"))
    shown = [line[place] for line in lines[start + 1 :] if line[0]]
    assert (len(shown), shown.count("[c]")) == (20, 1)
    assert all(0 <= float(value) <= 1 for value in shown if value != "[c]")


@pytest.mark.needs_postgres
@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
def test_a_dashboard_reads_the_current_release_from_postgresql(folder: Path) -> None:
    import psycopg

    workspace = home(folder.parents[2])
    with server() as running:
        address = f"postgresql:///postgres?{running}"
        there = replace(workspace, settings=replace(workspace.settings, publish_url=address))
        there.__dict__["catalogue"] = workspace.catalogue
        mirror.follow(there)
        with psycopg.connect(address) as connection:
            connection.execute("set role mini_open")
            query = example("dashboard.sql", folder).read_text(encoding="utf-8")
            assert connection.execute(query.encode()).fetchall() == [("1.0.0", 20, 19, 1)]
