"""The programme's own product has a release for each partnership and school, with its own rows only."""

from __future__ import annotations

import csv
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

TABLE = "school_figures"
INTERNAL = ("base", "numerator")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`releases/rcs` of a small demonstration."""
    home = tmp_path_factory.mktemp("places") / "home"
    run = subprocess.run(
        [sys.executable, "-m", "rcs_pipeline.cli.main", "--home", str(home), "run-demo", "--scale", "0.1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    return home / "releases" / "rcs"


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.long
@pytest.mark.parametrize(("kind", "column"), [("partnership", "cpp_code"), ("school", "school_code")])
def test_every_place_gets_the_bands_of_its_own_schools(releases: Path, kind: str, column: str) -> None:
    places = sorted(path.name for path in (releases / kind).iterdir())
    assert len(places) == 8 if kind == "partnership" else len(places) > 100
    shown = 0
    for place in places:
        held = rows(releases / kind / place / "1.0.0" / "csv" / f"{TABLE}.csv")
        assert held and {row[column] for row in held} == {place}
        assert not set(INTERNAL) & set(held[0])
        assert all((row["share_from"] == "") == (row["symbol"] == "c") for row in held)
        shown += sum(row["share_from"] != "" for row in held)
    assert shown > 1_000


@pytest.mark.long
def test_no_file_of_a_place_names_another_school_or_partnership(releases: Path) -> None:
    schools = {path.name for path in (releases / "school").iterdir()}
    for school in schools:
        for file in (releases / "school" / school / "1.0.0").rglob("*"):
            if file.is_file():
                words = {*re.findall(r"(?<![\w.])\d{7}(?![\w.])", file.read_text(encoding="utf-8"))}
                assert words & schools <= {school}, file
    for folder in (releases / "partnership").iterdir():
        held = folder / "1.0.0"
        with duckdb.connect() as connection:
            connection.execute(f"attach '{held / 'rcs.duckdb'}' as held (read_only)")
            for source in (f"read_parquet('{held / 'parquet' / TABLE}.parquet')", f"held.{TABLE}"):
                found = connection.execute(f"select distinct cpp_code from {source}").fetchall()
                assert found == [(folder.name,)], source


@pytest.mark.long
def test_the_page_of_a_school_says_its_own_figures(releases: Path) -> None:
    said = 0
    for folder in (releases / "school").iterdir():
        page = (folder / "1.0.0" / "site" / "index.html").read_text(encoding="utf-8")
        held = rows(folder / "1.0.0" / "csv" / f"{TABLE}.csv")
        assert f"<h1>{html.escape(held[0]['school_name'], quote=False)}</h1>" in page.replace("&#39;", "'")
        shown = sum(row["share_from"] != "" for row in held)
        assert page.count(" of a hundred<span") == shown
        assert len(page) < 100_000
        said += shown
    assert said > 1_000


@pytest.mark.long
def test_a_partnership_also_gets_what_everybody_gets_and_a_school_does_not(releases: Path) -> None:
    everybody = {path.name: path.read_bytes() for path in (releases / "open" / "1.0.0" / "csv").iterdir()}
    partnership = releases / "partnership" / "S12000005" / "1.0.0" / "csv"
    held = {path.name: path.read_bytes() for path in partnership.iterdir()}
    assert held.pop(f"{TABLE}.csv")
    assert held == everybody
    school = next((releases / "school").iterdir()) / "1.0.0"
    assert [path.name for path in (school / "csv").iterdir()] == [f"{TABLE}.csv"]
    assert not (school / "parquet").exists()


@pytest.mark.long
def test_what_ships_says_that_the_bands_were_attacked(releases: Path) -> None:
    verdicts = json.loads((releases / "open" / "1.0.0" / "verdicts.json").read_text(encoding="utf-8"))
    told = {item["check"]: item["outcome"] for item in verdicts["verdicts"]}
    for kind in ("partnership", "school"):
        assert told[f"disclosure.{kind}.bands"] == told[f"disclosure.files.{kind}"] == "pass"
        assert told[f"disclosure.{kind}.{TABLE}.places"] == "pass"
