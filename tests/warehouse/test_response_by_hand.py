"""Response against the roll, on a handful of schools that can be counted on the fingers."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.warehouse.quality_tables import table_model
from tests.warehouse.scored import CONFIG, REF

# school, partnership: (roll, respondents, linked) by stage and sex (1 female, 2 male)
FALKIRK, MORAY = "t2-falkirk-2016", "t3-moray-2018"
SCHOOLS = {
    ("A", FALKIRK): {("P5", 1): (20, 15, 14), ("P5", 2): (20, 10, 5), ("P6", 1): (12, 6, 6)},
    ("B", FALKIRK): {("P5", 1): (10, 11, 11), ("P6", 2): (5, 5, 5)},
    ("C", FALKIRK): {("P5", 1): (30, 0, 0), ("P7", 2): (30, 0, 0)},
    ("D", MORAY): {("P5", 1): (40, 0, 0)},
}


@pytest.fixture(scope="module")
def rates() -> duckdb.DuckDBPyConnection:
    """The model of the response rates, run on these schools."""
    catalogue = load_catalogue()
    product = catalogue.product("rcs")
    connection = duckdb.connect()
    for instrument in ("primary", "secondary"):
        connection.execute(
            f"create table pupils_wellbeing_{instrument} (collection varchar, design_school varchar,"
            " stage varchar, sex integer, linked integer, pupil integer)"
        )
    connection.execute(
        "create table stg_school_roll (collection varchar, school_code varchar, stage varchar, sex integer,"
        " pupils integer)"
    )
    for (school, collection), cells in SCHOOLS.items():
        for (stage, sex), (roll, respondents, linked) in cells.items():
            connection.execute(
                "insert into stg_school_roll values (?, ?, ?, ?, ?)", [collection, school, stage, sex, roll]
            )
            connection.execute(
                "insert into pupils_wellbeing_primary select ?, ?, ?, ?, case when i < ? then 1 else 0 end, i"
                f" from range({respondents}) as numbers(i)",
                [collection, school, stage, sex, linked],
            )
    connection.execute(
        "create table registered_collections as select * from (values"
        f" ('{FALKIRK}', 'rcs-1', '2', 'S12000014', '2016-17'),"
        f" ('{MORAY}', 'rcs-1', '3', 'S12000020', '2018-19'))"
        " as rows (collection, wave, tranche, cpp_code, collected)"
    )
    connection.execute(
        "create table geographies (geography_level varchar, geography_code varchar, geography_name varchar)"
    )
    text = table_model(catalogue, product, product.table("response_rates"), "a test")
    plain = re.sub(r"^--.*$", "", REF.sub(r"\1", CONFIG.sub("", text)), flags=re.MULTILINE)
    connection.execute(f"create table rates as {plain}")
    return connection


def row(rates: duckdb.DuckDBPyConnection, place: str, group: str, value: str) -> dict[str, Any]:
    found = rates.execute(
        "select * from rates where geography_code = ? and group_by = ? and group_value = ?",
        [place, group, value],
    )
    rows = found.fetchall()
    assert len(rows) == 1
    return dict(zip([item[0] for item in found.description], rows[0], strict=True))


def test_respondents_are_compared_with_the_roll_by_school_stage_and_sex(
    rates: duckdb.DuckDBPyConnection,
) -> None:
    got = row(rates, "A", "sex+stage", "male+P5")
    assert (got["roll"], got["respondents"], got["response_rate"]) == (20, 10, 0.5)
    assert (got["linked"], got["linked_share"]) == (5, 0.5)
    got = row(rates, "A", "stage", "P5")
    assert (got["roll"], got["respondents"], got["response_rate"]) == (40, 25, 0.625)
    got = row(rates, "S12000014", "all", "all")
    assert (got["roll"], got["respondents"]) == (127, 47)


def test_schools_on_the_roll_in_which_nobody_answered_are_counted_for_everybody_alone(
    rates: duckdb.DuckDBPyConnection,
) -> None:
    for group, value, schools, taking_part in (
        ("all", "all", 3, 2), ("stage", "P7", None, None), ("sex+stage", "female+P5", None, None),
        ("sex", "male", None, None),
    ):  # fmt: skip
        got = row(rates, "S12000014", group, value)
        assert (got["schools_on_roll"], got["schools_taking_part"]) == (schools, taking_part)
    assert row(rates, "C", "all", "all")["response_rate"] == 0


def test_a_response_above_the_roll_is_flagged_where_it_is_and_nowhere_else(
    rates: duckdb.DuckDBPyConnection,
) -> None:
    flagged = rates.execute(
        "select geography_code, group_by, group_value from rates where quality_flag = 'above_roll'"
        " order by all"
    ).fetchall()
    assert flagged == [
        ("B", "all", "all"), ("B", "sex", "female"), ("B", "sex+stage", "female+P5"), ("B", "stage", "P5"),
    ]  # fmt: skip
    assert row(rates, "B", "stage", "P5")["response_rate"] == pytest.approx(1.1)


def test_a_partnership_that_did_not_take_part_is_not_counted(rates: duckdb.DuckDBPyConnection) -> None:
    moray = "select count(*) from rates where geography_code in ('D', 'S12000020', '3')"
    assert rates.execute(moray).fetchone() == (0,)
    assert row(rates, "rcs", "all", "all")["roll"] == 127
