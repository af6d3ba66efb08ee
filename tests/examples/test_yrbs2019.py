"""A real foreign survey goes from its SPSS file to a release with contracts only."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "yrbs2019"
REAL = ROOT / "tests" / "data" / "real"
Rcs = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def rcs(tmp_path_factory: pytest.TempPathFactory) -> Rcs:
    """The real command, in a home of its own, with the example's contracts."""
    home = tmp_path_factory.mktemp("home")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "rcs_pipeline.cli.main",
            "--home",
            str(home),
            "--contracts",
            str(EXAMPLE),
        ]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)

    run.home = home  # type: ignore[attr-defined]
    return run


@pytest.fixture(scope="module")
def released(rcs: Rcs) -> Path:
    """The release folder, after the ordinary commands."""
    identity = ("--dataset", "yrbs2019", "--collection", "yrbs-2019", "--supplier", "cdc")
    steps = [
        ("ingest", str(REAL / "yrbs2019.sav"), *identity),
        ("--as", "Builder", "build", "--product", "yrbs2019"),
        ("plan", "--product", "yrbs2019", "--format", "json"),
    ]
    for step in steps:
        done = rcs(*step)
        assert done.returncode == 0, done.stderr + done.stdout
    plan = json.loads(done.stdout)["plan"]["id"]
    assert rcs("approve", plan, "--as", "Approver").returncode == 0
    published = rcs("publish", plan, "--format", "json")
    assert published.returncode == 0, published.stderr
    return Path(json.loads(published.stdout)["folders"][0])


def marts(rcs: Rcs) -> duckdb.DuckDBPyConnection:
    """The unprotected tables of the one candidate."""
    (database,) = rcs.home.glob("candidates/*/warehouse.duckdb")  # type: ignore[attr-defined]
    return duckdb.connect(str(database), read_only=True)


def test_the_example_holds_contracts_only() -> None:
    endings = {path.suffix for path in EXAMPLE.rglob("*") if path.is_file()}
    assert endings == {".yaml", ".md"}


def test_every_row_of_the_real_file_is_accepted_and_the_release_is_complete(released: Path) -> None:
    package = json.loads((released / "datapackage.json").read_text())
    assert {item["name"] for item in package["resources"]} == {
        "indicator_estimates", "indicators", "item_response",
    }  # fmt: skip
    assert "synthetic" not in package["title"].lower()


@pytest.mark.usefixtures("released")
def test_reference_estimates_agree_to_one_in_a_million(rcs: Rcs) -> None:
    with marts(rcs) as connection:
        rows = connection.execute(
            """
            select count(*), max(abs(ours.estimate - theirs.estimate)),
                   max(abs(ours.standard_error - theirs.se)),
                   max(abs(ours.lower - theirs.ci_low)), max(abs(ours.upper - theirs.ci_high)),
                   max(abs(ours.degrees_of_freedom - theirs.df)), max(abs(ours.base - theirs.n)),
                   max(abs(ours.numerator - theirs.n_yes))
            from read_csv($file, all_varchar = false) as theirs
            join indicator_estimates as ours
              on ours.indicator_id = theirs.variable and ours.group_value = theirs."group"
             and ours.group_by = if(theirs.group_by = 'overall', 'all', theirs.group_by)
            """,
            {"file": str(REAL / "reference_estimates.csv")},
        ).fetchone()
    assert rows is not None and rows[0] == 24
    assert all(difference < 1e-6 for difference in rows[1:5]), rows
    assert rows[5:] == (0, 0, 0)


@pytest.mark.usefixtures("released")
def test_every_variable_and_group_agrees_with_the_survey_package_of_r(rcs: Rcs) -> None:
    with marts(rcs) as connection:
        connection.execute(
            """
            create temp table compared as
            select theirs.*, ours.variance_method,
                   abs(ours.estimate - theirs.estimate) as d_estimate,
                   abs(ours.standard_error - theirs.standard_error) as d_error,
                   greatest(abs(ours.lower - theirs.lower), abs(ours.upper - theirs.upper)) as d_limits,
                   ours.degrees_of_freedom - theirs.degrees_of_freedom as d_df,
                   ours.base - theirs.base as d_base, ours.numerator - theirs.numerator as d_numerator
            from read_csv($file) as theirs join indicator_estimates as ours
            using (indicator_id, group_by, group_value)
            """,
            {"file": str(REAL / "all_estimates.csv")},
        )
        counts = connection.execute(
            "select count(*), count_if(degrees_of_freedom < 2) from compared"
        ).fetchone()
        worst = connection.execute(
            """select max(d_estimate), max(d_limits), max(abs(d_df)), max(abs(d_base)), max(abs(d_numerator))
            from compared"""
        ).fetchone()
        errors = connection.execute(
            # Where the pupils of one cluster are all there is, R's error is 0 and ours is that of the pupils.
            "select max(d_error) from compared where standard_error > 1e-12"
        ).fetchone()
        methods = connection.execute(
            "select count(*) from compared where (variance_method = 'pupil') <> (degrees_of_freedom < 2)"
        ).fetchone()
    assert counts == (2016, 20)
    assert worst is not None and worst[0] < 1e-6 and worst[1] < 1e-6
    assert worst[2:] == (0, 0, 0)
    assert errors is not None and errors[0] < 1e-6
    assert methods == (0,)


def test_answers_to_each_question_are_counted_from_the_file(released: Path) -> None:
    """A table that no line of SQL was written for: a contract of that name lies in the example's folder."""
    import pyreadstat

    with duckdb.connect() as connection:
        rows = connection.execute(
            "select item, any_value(base), sum(numerator) filter (where kind = 'answered'),"
            " sum(numerator) filter (where kind = 'skipped') from read_parquet($file)"
            " where regexp_matches(item, '^QN[0-9]+$') group by item having bool_and(symbol is null)",
            {"file": str(released / "parquet" / "item_response.parquet")},
        ).fetchall()
    assert len(rows) > 50
    frame, _ = pyreadstat.read_sav(REAL / "yrbs2019.sav", usecols=[row[0] for row in rows])
    for item, pupils, answered, skipped in rows:
        assert (pupils, answered, skipped) == (len(frame), frame[item].count(), frame[item].isna().sum())


def test_nothing_small_is_released(released: Path) -> None:
    with duckdb.connect() as connection:
        row = connection.execute(
            """
            select count(*), count_if(base < 30), count_if(numerator between 1 and 4),
                   count_if(base - numerator between 1 and 4), count_if(symbol = 'c' and estimate is not null)
            from read_parquet($file)
            """,
            {"file": str(released / "parquet" / "indicator_estimates.parquet")},
        ).fetchone()
    assert row is not None and row[0] > 3000
    assert row[1:] == (0, 0, 0, 0)
