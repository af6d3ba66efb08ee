"""`rcs explain` makes a published number again from the pupils, and says where the two differ."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.cli.explained import schools
from rcs_pipeline.cli.main import main
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.shown import shown_to
from rcs_pipeline.ledger.records import CandidateRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import Building
from rcs_pipeline.warehouse.explain.asked import find
from rcs_pipeline.warehouse.explain.explanation import Explanation, explain
from tests.warehouse import lakes

FALKIRK = "S12000014"
HASH = "e" * 64


@pytest.fixture(scope="module")
def candidate(programme_space: Workspace, programme: Building) -> CandidateRecord:
    """The small programme as a candidate of its home."""
    folder = programme_space.paths.candidates / HASH[:16]
    folder.mkdir(parents=True)
    shutil.copyfile(programme.database, folder / "warehouse.duckdb")
    protect(folder / "warehouse.duckdb", folder / "protected", lakes.for_everybody(programme.product))
    record = CandidateRecord(
        hash=HASH, product="rcs", built_at="2026", builder="b", os_account="o",
        path=programme_space.paths.relative(folder), synthetic=True, inputs=programme.inputs,
        contracts={"rcs.delivery.wellbeing_secondary": "1.0.0"},
        tables={}, required_checks=(),
    )  # fmt: skip
    programme_space.ledger.add_candidate(record)
    return record


@pytest.fixture
def tampered(programme_space: Workspace, candidate: CandidateRecord, tmp_path: Path) -> Iterator[Path]:
    """The candidate's database, which is put right again afterwards."""
    database = programme_space.paths.home / candidate.path / "warehouse.duckdb"
    shutil.copyfile(database, tmp_path / "kept.duckdb")
    yield database
    shutil.copyfile(tmp_path / "kept.duckdb", database)


class Rcs:
    """Runs `rcs explain` on the home of the small programme."""

    def __init__(self, space: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.capsys = space.settings.home, capsys

    def __call__(self, *arguments: str, role: str = "analyst") -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(self.home), "--role", role, "--as", "ada", "explain", *arguments])
        shown = self.capsys.readouterr()
        assert "Traceback" not in shown.err
        return int(str(left.value.code)), shown.out, shown.err


@pytest.fixture
def rcs(programme_space: Workspace, candidate: CandidateRecord, capsys: pytest.CaptureFixture[str]) -> Rcs:
    return Rcs(programme_space, capsys)


def some_of_every_kind(marts: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """An indicator, a place and a group of every kind: shares, means, levels, ways of grouping."""
    rows = marts.execute(
        """
        select indicator_id, geography_code, if(group_by = 'all', 'all', group_by || '=' || group_value)
        from (
            select
                *,
                numerator is null as is_mean,
                md5(indicator_id || geography_code || group_value) as mixed
            from every_estimate
        )
        qualify
            row_number() over (
                partition by geography_level, is_mean, variance_method, schools >= 10 order by mixed
            ) = 1
            or row_number() over (partition by group_by, is_mean order by mixed desc) = 1
        order by all
        """
    ).fetchall()
    return [(str(row[0]), str(row[1]), str(row[2])) for row in rows]


def test_every_kind_of_number_is_the_same_by_hand(
    programme_space: Workspace, candidate: CandidateRecord, marts: duckdb.DuckDBPyConnection
) -> None:
    kinds = some_of_every_kind(marts)
    assert len(kinds) >= 15
    for kind in kinds:
        told = explain(programme_space, candidate, *kind)
        differing = [item for item in told.compared if not item.agrees]
        assert not differing, kind
        assert {"base", "estimate", "standard_error", "lower", "upper", "effective_base"} <= {
            item.column for item in told.compared
        }


@pytest.mark.parametrize(
    ("place", "level", "code"),
    [
        ("t2-falkirk-2016", "cpp", FALKIRK), ("Falkirk", "cpp", FALKIRK), ("falkirk", "cpp", FALKIRK),
        (FALKIRK, "cpp", FALKIRK), ("S12000044", "cpp", "S12000050"), ("tranche-2", "tranche", "2"),
        ("t2", "tranche", "2"), ("2", "tranche", "2"), ("programme", "programme", "rcs"),
        ("rcs", "programme", "rcs"),
    ],
)  # fmt: skip
def test_a_place_is_found_by_what_people_call_it(
    programme_space: Workspace, marts: duckdb.DuckDBPyConnection, place: str, level: str, code: str
) -> None:
    catalogue = programme_space.catalogue
    asked = find(marts, catalogue, catalogue.product("rcs"), "p_low_mood", place, "all")
    assert (asked.place.level, asked.place.code) == (level, code)


@pytest.mark.parametrize(
    "group",
    ["sex+stage=female+P5", "stage+sex=P5+female", "sex=female,stage=P5", "stage=P5, sex=Female"],
)
def test_a_group_is_found_however_its_parts_are_ordered(
    programme_space: Workspace, marts: duckdb.DuckDBPyConnection, group: str
) -> None:
    catalogue = programme_space.catalogue
    asked = find(marts, catalogue, catalogue.product("rcs"), "p_low_mood", "Falkirk", group)
    assert (asked.group_by, asked.group_value) == ("sex+stage", "female+P5")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("p_low_mod", "Falkirk", "all"), "`p_low_mood`?"), (("p_low_mood", "Falkrik", "all"), "`Falkirk`?"),
        (("p_low_mood", "t2-falkirk-2017", "all"), "`t2-falkirk-2016`?"),
        (("p_low_mood", "Falkirk", "sex=femal"), "`sex=female`?"),
        (("p_low_mood", "Falkirk", "all", "rcs-2"), "wave of Falkirk"),
        (("p_low_mood", "t2-falkirk-2016", "all", "rcs-2"), "is of the wave `rcs-1`"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_answered_with_what_was_meant(
    programme_space: Workspace, candidate: CandidateRecord, arguments: tuple[str, ...], says: str
) -> None:
    with pytest.raises(RcsError) as error:
        explain(programme_space, candidate, *arguments)
    assert says in str(error.value)


def test_every_section_is_printed_and_no_pupil(rcs: Rcs, marts: duckdb.DuckDBPyConnection) -> None:
    code, out, err = rcs("s_bullied", "t2-falkirk-2016", "sex=female")
    assert (code, err) == (0, "")
    for part in (
        "peer_bullied is 3", "receipt", "rcs.delivery.wellbeing_secondary 1.0.0", "gave a usable answer",
        "cells of cpp_code x stage x sex", "sum(w y) / sum(w)", "V = design effect x", "Interval, 95 %",
        "all other partnerships", "agree.", "What a release shows",
    ):  # fmt: skip
        assert part in out
    assert out.splitlines()[-1].startswith("Next: rcs query")
    # Of the three schools there the programme's design effect stands in; the programme has its own.
    assert "V = sum over strata" in rcs("s_bullied", "rcs", "sex=female")[1]
    pupils = marts.execute("select pupil_id from staging.stg_wellbeing_secondary").fetchall()
    assert not any(str(pupil) in out for (pupil,) in pupils)


def test_a_program_gets_the_same_as_json(rcs: Rcs) -> None:
    code, out, _ = rcs("s_bullied", "Falkirk", "sex=female", "--format", "json")
    told = json.loads(out)
    assert code == 0
    assert told["agrees"] is True
    assert told["calculation"]["base"] == told["published"]["base"] == told["base"]["answered"]
    assert sum(item["pupils"] for item in told["schools"]) == told["base"]["answered"]
    assert told["sources"][0]["sha256"]


def test_asking_is_recorded_and_denied_by_role(rcs: Rcs, programme_space: Workspace) -> None:
    code, out, err = rcs("s_bullied", "Falkirk", role="visitor")
    assert (code, out) == (1, "")
    assert "may not read unprotected tables" in err
    denied = programme_space.ledger.events(action="explain denied")[-1]
    assert (denied.claimed_name, denied.detail["place"]) == ("ada", "Falkirk")
    rcs("s_bullied", "Falkirk")
    assert programme_space.ledger.events(action="explain")[-1].detail["indicator"] == "s_bullied"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("estimate", "estimate + 1e-6"), ("base", "base + 1"), ("numerator", "numerator - 1"),
        ("lower", "null"),
        ("standard_error", "standard_error * 1.000001"), ("variance_method", "'pupil'"),
        ("comparator", "comparator + 1e-6"), ("degrees_of_freedom", "degrees_of_freedom + 1"),
    ],
)  # fmt: skip
def test_a_number_that_differs_is_said_to_be_a_defect(
    rcs: Rcs, tampered: Path, column: str, value: str
) -> None:
    with duckdb.connect(str(tampered)) as connection:
        connection.execute(
            f"update indicator_estimates set {column} = {value} where indicator_id = 's_bullied'"
            f" and geography_code = '{FALKIRK}' and group_by = 'all'"
        )
    code, out, _ = rcs("s_bullied", "Falkirk")
    assert code == 1
    assert f"They do not agree in {column}: that is a defect" in out
    assert out.splitlines()[-1].startswith("Next: rcs verdicts")


def test_a_candidate_from_before_the_view_of_schools_is_searched_as_it_is(rcs: Rcs, tampered: Path) -> None:
    with duckdb.connect(str(tampered)) as connection:
        (school,) = connection.execute(
            "select max(geography_code) from local_estimates"
            " where indicator_id = 's_bullied' and geography_level = 'school'"
        ).fetchall()[0]
    assert rcs("s_bullied", school)[0] == 0
    with duckdb.connect(str(tampered)) as connection:
        connection.execute("drop view local_estimates")
    code, out, error = rcs("s_bullied", school)
    assert code == 2
    assert f"There is no place `{school}`" in out + error


def test_the_class_of_a_hidden_cell_is_told_and_too_few_pupils_are_not_shown(
    rcs: Rcs, marts: duckdb.DuckDBPyConnection
) -> None:
    hidden = marts.execute(
        "select indicator_id, geography_code, group_by || '=' || group_value, base from indicator_estimates"
        " where geography_level = 'cpp' and group_by <> 'all' and base between 5 and 29 order by all limit 1"
    ).fetchone()
    assert hidden is not None
    code, out, _ = rcs(*hidden[:3])
    assert code == 0
    assert "open: hidden, symbol c: fewer than 30 pupils gave a usable answer" in out
    few = marts.execute(
        "select indicator_id, geography_code, group_by || '=' || group_value from local_estimates"
        " where geography_level = 'school' and group_by <> 'all' and base < 5 order by base desc limit 1"
    ).fetchone()
    assert few is not None
    code, out, _ = rcs(*few)
    assert code == 0
    assert "none is given" in out
    assert "sum(w y)" not in out
    told = json.loads(rcs(*few, "--format", "json")[1])
    assert (told["calculation"], told["published"], told["schools"]) == (None, {}, [])


def test_a_cell_hidden_for_another_ones_sake_says_so(
    programme_space: Workspace, candidate: CandidateRecord, tmp_path: Path
) -> None:
    folder = programme_space.paths.home / candidate.path
    (tmp_path / "protected" / "open").mkdir(parents=True)
    (tmp_path / "warehouse.duckdb").symlink_to(folder / "warehouse.duckdb")
    table = programme_space.catalogue.product("rcs").table("indicator_estimates")
    told = explain(programme_space, candidate, "s_bullied", "Falkirk", "all")
    with duckdb.connect() as connection:
        source, target = (
            path / "protected" / "open" / "indicator_estimates.parquet" for path in (folder, tmp_path)
        )
        connection.execute(
            f"copy (select * replace ('c' as symbol) from '{source}') to '{target}' (format parquet)"
        )
    product = lakes.for_everybody(programme_space.catalogue.product("rcs"))
    (shown,) = shown_to(tmp_path, product, table, told.asked.grain)
    assert (shown.symbol, shown.reasons) == ("c", ("with it, a hidden number beside it could be worked out",))


def test_a_school_of_few_pupils_is_never_listed_alone(
    programme_space: Workspace, candidate: CandidateRecord
) -> None:
    told = explain(programme_space, candidate, "s_bullied", "programme", "all")
    assert told.calculation is not None
    first, *others = told.clusters
    for small in range(1, len(others)):
        shrunk = [replace(item, pupils=3) if place < small else item for place, item in enumerate(others)]
        changed: Explanation = replace(told, clusters=(first, *shrunk))
        lines = schools(changed, listed=100, few=10)
        assert all(item.pupils >= 10 for item in lines)
        assert sum(item.pupils for item in lines) == first.pupils + sum(item.pupils for item in shrunk)
