"""Did you mean: closed lists name the entry that was probably meant."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.delivery import Column
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.intake import findings
from rcs_pipeline.intake.suggest import MOST_VALUES, nearest, suggest
from tests.intake.small import as_csv, catalogue, home, row, rows, stored, take

SEX = Column("sex", ColumnType.INTEGER, "", codes={"1": "Male", "2": "Female"})
LEVEL = Column("level", ColumnType.STRING, "", codes={"childrens_service": "Children's service", "a": ""})


@pytest.mark.parametrize(
    ("column", "entered", "meant"),
    [
        (SEX, "femal", "2 (Female)"),
        (SEX, " FEMALE ", "2 (Female)"),
        (SEX, "fem", "2 (Female)"),
        (SEX, "mael", "1 (Male)"),
        (SEX, "2.0", "2 (Female)"),
        (SEX, "3", None),
        (SEX, "-2", None),
        (SEX, "f", None),
        (SEX, "often", None),
        (SEX, "", None),
        (LEVEL, "Childrens-Service", "childrens_service (Children's service)"),
        (LEVEL, "A", "a"),
        (LEVEL, "b", None),
    ],
)
def test_the_nearest_entry_is_named_by_code_and_label(
    column: Column, entered: str, meant: str | None
) -> None:
    assert nearest(entered, column) == meant


def test_the_fix_of_a_finding_begins_with_what_was_probably_meant(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([*rows(3), row(8, sex="femal"), row(9, sex="7")])).receipt
    fixes = {item["source_row"]: item["fix"] for item in stored(space, receipt, "findings_path")}
    assert fixes[5].startswith("Did you mean `1 (Female)`? ")
    assert "Did you mean" not in fixes[6]


def test_a_value_that_is_withheld_or_breaks_sql_is_not_suggested_on(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    bad = [row(8, sex="731000001"), row(9, sex="fe'male"), row(7, sex="fem\x07ale")]
    receipt = take(space, as_csv([*rows(4), *bad])).receipt
    fixes = {item["source_row"]: item["fix"] for item in stored(space, receipt, "findings_path")}
    assert [("Did you mean" in fixes[number]) for number in (6, 7, 8)] == [False, True, False]


def test_of_a_million_bad_cells_the_most_frequent_values_are_answered() -> None:
    contract = catalogue().delivery("answers")
    with duckdb.connect() as connection:
        findings.create_table(connection)
        connection.execute(
            f"insert into {findings.TABLE} select 'RCS-C02', 'advise', null, i, 'sex', "
            "case when i % 10 = 0 then 'femal' else 'femme ' || i end, 'm', 'Use a code.' "
            "from range(1000000) as numbers(i)"
        )
        suggest(connection, contract)
        (counted,) = connection.execute(
            f"select count(*), count(distinct value) from {findings.TABLE} where fix like 'Did you%'"
        ).fetchall()
    assert counted[0] >= 100_000 and counted[1] <= MOST_VALUES
