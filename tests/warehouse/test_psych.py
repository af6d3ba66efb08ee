"""A public questionnaire of 25 items, described in YAML alone, against R's psych on the same answers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.warehouse.build import build_warehouse
from tests.warehouse import lakes

HERE = Path(__file__).parent
SCALES = ("trait_a", "trait_b", "trait_c", "trait_d", "trait_e")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers as R gives them, and what it makes of them."""
    interpreter = shutil.which("Rscript")
    if interpreter is None:
        pytest.skip("R is not installed")
    there = subprocess.run(
        [interpreter, "-e", "quit(status = !requireNamespace('psych', quietly = TRUE))"], check=False
    )
    if there.returncode:
        pytest.skip("R has no psych package")
    folder = tmp_path_factory.mktemp("psych")
    subprocess.run([interpreter, "--vanilla", str(HERE / "psych.R"), str(folder)], check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def built(folder: Path) -> duckdb.DuckDBPyConnection:
    space = lakes.workspace(folder, HERE / "questionnaire")
    lakes.land(
        space, "questionnaire", "q-2020",
        "select *, 2 as k1, 5 as k2, cast(null as double) as seconds, cast(null as varchar) as joined, "
        f"row_number() over () as source_row from read_csv('{folder / 'answers.csv'}', nullstr = '')",
    )  # fmt: skip
    building = build_warehouse(space, "questionnaire")
    connection = duckdb.connect()
    connection.execute(f"attach '{building.database}' as warehouse (read_only)")
    connection.execute("use warehouse")
    return connection


@pytest.mark.parametrize("way", ["pairwise", "complete"])
def test_alpha_is_that_of_psych(built: duckdb.DuckDBPyConnection, folder: Path, way: str) -> None:
    rows = built.execute(
        f"select scale, ours.alpha, psych.{way} from scale_reliability as ours"
        f" join read_csv('{folder / 'alpha.csv'}') as psych using (scale) where missing_answers = ?",
        [way],
    ).fetchall()
    assert sorted(row[0] for row in rows) == list(SCALES)
    for scale, ours, theirs in rows:
        assert ours == pytest.approx(theirs, abs=1e-12), scale


def test_scores_with_missing_answers_are_those_of_psych(
    built: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    # Means of the answered items: of one scale whatever was answered, of another five times that from three.
    answered = " + ".join(f"(p.b{number} is not null)::integer" for number in range(1, 6))
    row = built.execute(
        f"""select count(*), count(trait_a__score), count_if(p.a1 is null or p.a2 is null),
                   max(abs(trait_a__score - psych.trait_a)),
                   count_if((trait_a__score is null) <> (psych.trait_a is null)),
                   max(abs(trait_b__score - 5 * psych.trait_b)),
                   count_if((trait_b__score is null) <> ({answered} < 3))
            from scored.scored_questionnaire as p
            join read_csv('{folder / "scores.csv"}') as psych on p.source_row = psych.row"""
    ).fetchone()
    assert row is not None
    people, scored, with_gaps, furthest, lost, furthest_prorated, lost_prorated = row
    assert people == 2800 and scored > 2700 and with_gaps > 30
    assert furthest < 1e-12 and furthest_prorated < 1e-11
    assert (lost, lost_prorated) == (0, 0)
