"""Weights and allocation where there is little to go by, in the SQL that the contracts give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.measures import When
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.build import build_warehouse
from rcs_pipeline.warehouse.columns import code_column
from rcs_pipeline.warehouse.conditions import _of_item
from tests.warehouse import lakes

KEY = "t1-west-lothian-2015"


def thin_programme(home: Path) -> Workspace:
    """One school: in P5 nobody's sex is known, in P6 stand four girls and forty boys, the roll lacks P7."""
    space = lakes.workspace(home)
    contract = space.catalogue.delivery("wellbeing_primary")
    given = {
        "pupil_id": "sha256(i::varchar)",
        "cpp_code": "'S12000040'",
        "school_code": "'1000001'",
        "stage": "case when i < 20 then 'P5' when i < 64 then 'P6' else 'P7' end",
        "sex": "case when i < 20 then -5 when i < 24 then 1 when i < 64 then 2 else 1 end",
    }
    lakes.land(
        space,
        contract.dataset,
        KEY,
        f"select {lakes.answers(contract, 1, given)} from range(84) as numbers(i)",
    )
    roll = space.catalogue.delivery("school_roll")
    given = {
        "cpp_code": "'S12000040'",
        "school_code": "'1000001'",
        "stage": "stage",
        "sex": "sex",
        "pupils": "30",
    }
    cells = "(values (1, 'P5', 1), (2, 'P5', 2), (3, 'P6', 1), (4, 'P6', 2)) as cells(i, stage, sex)"
    lakes.land(space, "school_roll", KEY, f"select {lakes.answers(roll, 1, given)} from {cells}")
    return space


def test_thin_cells_collapse_and_unknown_cells_are_drawn_from_the_collection(tmp_path: Path) -> None:
    building = build_warehouse(thin_programme(tmp_path), "rcs")
    with duckdb.connect(str(building.database), read_only=True) as connection:
        drawn = connection.execute(
            "select count(*), count(distinct sex), bool_and(sex__allocated) "
            "from scored.pupils_wellbeing_primary where stage = 'P5'"
        ).fetchone()
        reasons = connection.execute(
            "select stage, reason from scored.weights_wellbeing_primary"
            " where stage <> 'P5' and sex = 1 order by all"
        ).fetchall()
        weighted = connection.execute(
            "select sum(design_weight) from scored.pupils_wellbeing_primary"
        ).fetchone()
        cells = connection.execute(
            "select group_value, roll, least_respondents from weighting where group_by = 'sex' order by all"
        ).fetchall()
        told = connection.execute(
            "select method, respondents from weighting where group_by = 'all'"
        ).fetchall()
    assert drawn == (20, 2, True)
    assert reasons == [("P6", "few_respondents"), ("P7", "not_on_roll")]
    assert weighted == (pytest.approx(120, abs=1e-5),)
    # Of four girls in P6 nothing may be told that could be taken from the girls as a whole.
    assert cells[0] == ("female", 60.0, 4)
    assert told == [("roll", 84)]


def test_a_share_has_only_valid_codes_in_its_base(tmp_path: Path) -> None:
    column = lakes.workspace(tmp_path).catalogue.delivery("wellbeing_primary").column("fam_meals_together")
    condition = _of_item(column, When(item=column.name, codes=("4", "5")))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select {code_column(column.name)}, {condition} "
            f"from (values (1), (4), (5), (6), (-9), (null)) as v({code_column(column.name)})"
        ).fetchall()
    assert rows == [(1, 0), (4, 1), (5, 1), (6, None), (-9, None), (None, None)]


def test_code_lists_become_ranges_and_never_lists(tmp_path: Path) -> None:
    column = lakes.workspace(tmp_path).catalogue.delivery("wellbeing_primary").column("fam_meals_together")
    assert (
        sql.among(column, ["1", "2", "3", "5"])
        == "(fam_meals_together between 1 and 3 or fam_meals_together = 5)"
    )
    assert sql.among(replace(column, name="Q1"), ["4"]) == '"Q1" = 4'
