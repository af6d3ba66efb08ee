"""What is said about the answers to a questionnaire that is described in YAML alone, against plain NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from rcs_pipeline.warehouse.build import Building, build_warehouse
from tests.warehouse import lakes

CONTRACTS = Path(__file__).parent / "questionnaire"
PEOPLE = 400
ITEMS = [f"{trait}{number}" for trait in "abcde" for number in range(1, 6)]
REVERSED = {"a1", "c4", "c5", "e1", "e2"}
KINDS = {-9: "skipped", -8: "not_asked", -7: "routed_out", -6: "refused", -5: "dont_know"}
SCALES = {f"trait_{trait}": [f"{trait}{number}" for number in range(1, 6)] for trait in "abcde"} | {
    "short": ["a1", "a2"],
    "two_traits": [f"{trait}{number}" for trait in "ac" for number in range(1, 6)],
}
Values = NDArray[np.float64]


def draw() -> pd.DataFrame:
    """Answers that hang together within a trait, some of them missing; a few people who ticked one column."""
    rng = np.random.default_rng(20)
    frame = {}
    for trait in "abcde":
        latent = rng.normal(size=PEOPLE)
        for item in (f"{trait}{number}" for number in range(1, 6)):
            answer = np.clip(np.rint(3.5 + latent + rng.normal(size=PEOPLE)), 1, 6).astype(int)
            answer = 7 - answer if item in REVERSED else answer
            answer[:7] = 4
            frame[item] = answer
    frame |= {"k1": np.full(PEOPLE, 2), "k2": np.full(PEOPLE, 5)}
    for item in ITEMS:
        gone = rng.random(PEOPLE) < 0.08
        gone[:7] = False
        frame[item][gone] = rng.choice(list(KINDS), gone.sum(), p=[0.4, 0.15, 0.15, 0.15, 0.15])
    frame["sex"] = rng.integers(1, 3, PEOPLE)
    seconds = np.round(rng.gamma(4, 60, PEOPLE), 1)
    seconds[rng.random(PEOPLE) < 0.05] = np.nan
    joined = rng.choice(np.array(["y", "n", None], dtype=object), PEOPLE, p=[0.7, 0.2, 0.1])
    return pd.DataFrame(frame).assign(
        seconds=pd.Series(seconds, dtype="Float64").replace(np.nan, pd.NA), joined=joined
    )


@pytest.fixture(scope="module")
def sent() -> pd.DataFrame:
    return draw()


@pytest.fixture(scope="module")
def building(sent: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Building:
    return built_of(sent, tmp_path_factory.mktemp("questionnaire"))


def built_of(sent: pd.DataFrame, folder: Path) -> Building:
    space = lakes.workspace(folder, CONTRACTS)
    sent.to_parquet(folder / "file.parquet")
    lakes.land(
        space, "questionnaire", "q-2020",
        f"select *, row_number() over () as source_row from '{folder / 'file.parquet'}'",
    )  # fmt: skip
    return build_warehouse(space, "questionnaire")


@pytest.fixture
def built(building: Building) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(building.database), read_only=True) as connection:
        yield connection


def valid(sent: pd.DataFrame, items: list[str]) -> Values:
    """The answers as points, reversed where need be, NaN where there is none."""
    columns = []
    for item in items:
        codes = sent[item].to_numpy().astype(float)
        codes[codes < 0] = np.nan
        columns.append(7 - codes if item in REVERSED else codes)
    return np.column_stack(columns)


def alpha(points: Values, *, pairwise: bool) -> float:
    """Cronbach's alpha from the matrix of covariances."""
    count = points.shape[1]
    if pairwise:
        known = ~np.isnan(points)
        matrix = np.array(
            [
                [np.cov(points[known[:, i] & known[:, j]][:, [i, j]].T)[0, 1] for j in range(count)]
                for i in range(count)
            ]
        )
    else:
        matrix = np.cov(points[~np.isnan(points).any(axis=1)].T)
    return float(count / (count - 1) * (1 - np.trace(matrix) / matrix.sum()))


def reliability(built: duckdb.DuckDBPyConnection, scale: str, way: str) -> dict[str, Any]:
    found = built.execute(
        "select * from scale_reliability where scale = ? and missing_answers = ?", [scale, way]
    )
    row = found.fetchone()
    assert row is not None
    return dict(zip([item[0] for item in found.description], row, strict=True))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("way", ["complete", "pairwise"])
def test_alpha_is_that_of_the_covariances(
    scale: str, way: str, built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    points = valid(sent, SCALES[scale])
    row = reliability(built, scale, way)
    assert row["alpha"] == pytest.approx(alpha(points, pairwise=way == "pairwise"), abs=1e-12)
    known = ~np.isnan(points)
    fewest = min(int((known[:, i] & known[:, j]).sum()) for i in range(len(known.T)) for j in range(i))
    assert row["pupils"] == (known.all(axis=1).sum() if way == "complete" else fewest)
    assert row["items"] == len(SCALES[scale])
    assert row["reversed_items"] == len(REVERSED & set(SCALES[scale]))


def test_reversed_items_are_turned_before_alpha_is_taken(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    unturned = valid(sent, SCALES["trait_c"])
    unturned[:, 3:] = 7 - unturned[:, 3:]
    got = reliability(built, "trait_c", "complete")["alpha"]
    assert got > 0.6 > alpha(unturned, pairwise=False)


def test_one_item_has_no_alpha_and_items_that_never_differ_have_none_either(
    built: duckdb.DuckDBPyConnection,
) -> None:
    for way in ("complete", "pairwise"):
        for scale, symbol in (("one", "z"), ("alike", "x")):
            row = reliability(built, scale, way)
            assert (row["alpha"], row["symbol"]) == (None, symbol)


def test_each_kind_of_missing_answer_is_counted_by_itself(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    for item in ITEMS:
        rows = built.execute("select kind, base, numerator from item_response where item = ?", [item])
        found = {kind: (base, numerator) for kind, base, numerator in rows.fetchall()}
        counts = {kind: int((sent[item] == code).sum()) for code, kind in KINDS.items()}
        answered = int((sent[item] > 0).sum())
        asked = PEOPLE - counts["not_asked"] - counts["routed_out"]
        expected = {"asked": asked, "answered": answered, "missing": asked - answered, **counts}
        assert found == {kind: (PEOPLE, pupils) for kind, pupils in expected.items()}


def test_who_was_never_asked_does_not_lower_the_response_to_an_item(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    row = built.execute(
        "select max(share) filter (where kind = 'missing'), max(share) filter (where kind = 'skipped'),"
        " max(share) filter (where kind = 'not_asked') from item_response where item = 'a1'"
    ).fetchone()
    codes = sent["a1"].to_numpy()
    asked = (~np.isin(codes, [-8, -7])).sum()
    missing = np.isin(codes, [-9, -6, -5]).sum()
    expected = (missing / asked, (codes == -9).sum() / asked, (codes == -8).sum() / PEOPLE)
    assert asked < PEOPLE and row == pytest.approx(expected)


def test_of_an_item_that_nobody_was_asked_it_says_how_many_took_part_and_that_none_is_of_a_kind(
    sent: pd.DataFrame, tmp_path: Path
) -> None:
    """Places above count them; without them their pupils would be some of the other parts."""
    building = built_of(sent.assign(k2=-8), tmp_path)
    with duckdb.connect(str(building.database), read_only=True) as connection:
        rows = connection.execute(
            "select distinct base, numerator, share_of, share, symbol from item_response"
            " where item = 'k2' and kind not in ('asked', 'not_asked', 'routed_out')"
        ).fetchall()
    assert rows == [(PEOPLE, 0, None, None, "z")]


def share(built: duckdb.DuckDBPyConnection, measure: str, subject: str) -> tuple[int, int]:
    row = built.execute(
        "select base, numerator, value from survey_quality where measure = ? and subject = ?",
        [measure, subject],
    ).fetchone()
    assert row is not None
    assert row[2] == pytest.approx(row[1] / row[0])
    return row[0], row[1]


def test_scales_with_reversed_items_are_the_batteries_of_a_questionnaire_that_names_none(
    built: duckdb.DuckDBPyConnection,
) -> None:
    found = built.execute(
        "select list(subject order by subject) from survey_quality where measure = 'straight_lined'"
    ).fetchone()
    assert found == (["trait_a", "trait_c", "trait_e"],)


def test_a_straight_line_is_one_answer_to_every_item_of_a_battery(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    for trait in "ace":
        codes = sent[[f"{trait}{number}" for number in range(1, 6)]].to_numpy()
        complete = (codes > 0).all(axis=1)
        same = complete & (codes == codes[:, :1]).all(axis=1)
        assert same.sum() >= 7
        assert share(built, "straight_lined", f"trait_{trait}") == (complete.sum(), same.sum())


def test_completion_times_are_quartiles_and_the_share_below_the_threshold(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    seconds = sent["seconds"].dropna().to_numpy().astype(float)
    for subject, place in (("lower_quartile", 0.25), ("median", 0.5), ("upper_quartile", 0.75)):
        row = built.execute(
            "select base, numerator, value, unit from survey_quality"
            " where measure = 'completion_time' and subject = ?", [subject],
        ).fetchone()  # fmt: skip
        assert row == (len(seconds), None, np.quantile(seconds, place, method="inverted_cdf"), "seconds")
    assert share(built, "speeders", "all") == (len(seconds), (seconds < 60).sum())


def test_the_linked_are_counted_among_those_of_whom_it_is_known(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    assert share(built, "linked", "all") == (sent["joined"].notna().sum(), (sent["joined"] == "y").sum())


def test_enough_answers_for_a_scale_is_what_the_scale_says(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    least = {"trait_a": 1, "trait_b": 3, "trait_c": 5, "trait_d": 4, "trait_e": 2}
    for scale, enough in least.items():
        codes = sent[SCALES[scale]].to_numpy()
        asked = (~np.isin(codes, [-8, -7])).any(axis=1)
        assert share(built, "scored", scale) == (asked.sum(), ((codes > 0).sum(axis=1) >= enough).sum())


def test_prorated_and_mean_scores_are_those_of_the_items_answered(
    built: duckdb.DuckDBPyConnection, sent: pd.DataFrame
) -> None:
    scored = built.execute(
        "select trait_a__score, trait_b__score, trait_c__score from scored.scored_questionnaire"
        " order by source_row"
    ).fetchall()
    points = {name: valid(sent, SCALES[name]) for name in ("trait_a", "trait_b", "trait_c")}
    for row, a, b, c in zip(scored, *points.values(), strict=True):
        known = ~np.isnan(b)
        assert row[0] == (pytest.approx(np.nanmean(a)) if (~np.isnan(a)).any() else None)
        assert row[1] == (pytest.approx(5 * np.nanmean(b)) if known.sum() >= 3 else None)
        assert row[2] == (None if np.isnan(c).any() else c.sum())


def test_everybody_counts_alike_where_the_contract_names_no_weight(built: duckdb.DuckDBPyConnection) -> None:
    row = built.execute(
        "select min(design_weight), max(design_weight), count(distinct design_cluster),"
        " count(distinct design_stratum)"
        " from scored.pupils_questionnaire"
    ).fetchone()
    assert row == (1, 1, PEOPLE, 1)


def test_nothing_is_said_against_the_build(building: Building) -> None:
    assert [item.name for item in building.results if item.status not in ("success", "pass", "no-op")] == []
