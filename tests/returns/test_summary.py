"""Something back at once: what the sender's own rows add up to."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.returns import SummaryFigure, SummaryTable, return_rules
from rcs_pipeline.intake.load import STORED_TYPES
from rcs_pipeline.intake.sql import quoted
from rcs_pipeline.returns.summary import SummaryPart, said, summarise
from tests.intake.small import as_csv, catalogue, home, row, rows, take
from tests.returns.back import json_of, sent_back


def stored(contract: DeliveryContract, path: Path, lines: list[dict[str, Any]]) -> Path:
    """Rows as the lake would hold them."""
    columns = ", ".join(
        f"{quoted(column.name)} {'VARCHAR' if column.identifier else STORED_TYPES[column.type]}"
        for column in contract.stored_columns
    )
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({columns})")
        for line in lines:
            names = ", ".join(map(quoted, line))
            values = ", ".join("null" if value is None else f"'{value}'" for value in line.values())
            connection.execute(f"insert into t ({names}) values ({values})")
        connection.execute(f"copy t to '{path}' (format parquet)")
    return path


def parts(
    dataset: str, folder: Path, lines: list[dict[str, Any]], roll: list[dict[str, Any]] | None = None
) -> dict[str, SummaryPart]:
    """The parts of a summary by their titles."""
    contract = catalogue().delivery(dataset)
    accepted = stored(contract, folder / "accepted.parquet", lines)
    rolls = [stored(catalogue().delivery("school_roll"), folder / "roll.parquet", roll)] if roll else []
    with duckdb.connect() as connection:
        found = summarise(connection, contract, return_rules(), accepted, rolls)
    return {part.title: part for part in found}


def service(level: str, spent: float, **more: Any) -> dict[str, Any]:
    return {"service_id": f"{level}-{spent}", "provider": "A", "level_of_support": level,
            "gross_actual": spent, "need_type": "justice", "lead_partner": "police",
            "evidence_rating": "none", **more}  # fmt: skip


def test_a_map_gets_its_totals_and_the_share_on_prevention(tmp_path: Path) -> None:
    found = parts(
        "service_map",
        tmp_path,
        [
            service("universal", 100, reach_year=50, income=30),
            service("additional", 200, evidence_rating="effective", provider="B"),
            service("statutory", 700, reach_year=20, need_type="protection"),
        ],
    )
    figures = {row[0]: row[1] for row in found["Your map as a whole"].rows}
    assert figures["Services"] == 3 and figures["Providers"] == 2
    assert figures["Spent in the year"] == 1000 and figures["Net cost"] == 970
    assert figures["Share of spend on prevention and early intervention"] == 0.3
    assert figures["Share of spend on services with evidence, promising or effective"] == 0.2
    assert figures["Cost for each child reached"] == round(800 / 70, 6)
    assert figures["Services that did not say how many children they reached"] == 1
    levels = found["Level of support"].rows
    assert [row[0] for row in levels] == ["Universal", "Additional", "Statutory"], (
        "as the contract lists them"
    )
    assert [row[3] for row in levels] == [0.1, 0.2, 0.7]
    needs = {row[0]: row[4] for row in found["Need that is mainly answered"].rows}
    assert needs == {"Protection and care": 0.0, "Youth justice": 1.0}


def test_a_map_is_cut_by_need_and_level_with_shares_costs_and_contracts_that_end(tmp_path: Path) -> None:
    year = {"reporting_year": "2015-16"}
    found = parts(
        "service_map",
        tmp_path,
        [
            service("universal", 100, level_share=70, level_2="statutory", level_share_2=30, reach_year=10,
                    contract_end_date=date(2016, 12, 31), **year),
            service("intensive", 300, contract_end_date=date(2017, 3, 31), waiting_n=4, **year),
            service("additional", 50, need_type="disability", commissioning_route="grant", **year),
        ],
    )  # fmt: skip
    lines = {row[0]: row[1:] for row in found["Spend by need and level of support"].rows}
    assert lines["Youth justice"] == (70, 0, 300, 30, 10, 1)
    assert lines["Disability"] == (0, 50, 0, 0, None, 0)
    figures = {row[0]: row[1] for row in found["Your map as a whole"].rows}
    assert figures["Spent on prevention and early intervention"] == 120
    assert figures["Spent on them"] == 100
    assert figures["Services bought or granted whose end is not known"] == 1
    assert figures["Children waiting, added up over services"] == 4


def test_a_provider_in_two_spellings_is_one_provider_of_the_summary(tmp_path: Path) -> None:
    names = ("Alloa Family Trust", "THE ALLOA FAMILY TRUST LTD.", "Another")
    found = parts(
        "service_map",
        tmp_path,
        [service("universal", number, provider=name) for number, name in enumerate(names, start=1)],
    )
    figures = {row[0]: row[1] for row in found["Your map as a whole"].rows}
    assert figures["Services"] == 3 and figures["Providers"] == 2


def test_a_map_of_nothing_has_figures_that_are_not_known(tmp_path: Path) -> None:
    found = parts("service_map", tmp_path, [])
    figures = {row[0]: row[1] for row in found["Your map as a whole"].rows}
    assert figures["Services"] == 0
    assert figures["Share of spend on prevention and early intervention"] is None
    assert set(found) == {"Your map as a whole"}


def pupils(school: str, stage: str, count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"school_code": school, "stage": stage, **more} for _ in range(count)]


def on_roll(school: str, stage: str, *sexes: int) -> list[dict[str, Any]]:
    return [
        {"school_code": school, "stage": stage, "sex": number, "pupils": count}
        for number, count in enumerate(sexes, start=1)
    ]


def test_a_survey_gets_its_response_against_the_roll(tmp_path: Path) -> None:
    found = parts(
        "wellbeing_secondary",
        tmp_path,
        [*pupils("1", "S1", 15), *pupils("1", "S2", 4), *pupils("9", "S2", 12)],
        [
            *on_roll("1", "S1", 10, 10),
            *on_roll("1", "S2", 8, 0),
            *on_roll("2", "S1", 5, 5),
            *on_roll("1", "P7", 9),
        ],
    )
    assert found["Response by stage"].rows == (
        ("S1", 30, 15, 0.5, ""),
        ("S2", 8, 16, 2.0, ""),
        ("All", 38, 31, round(31 / 38, 6), ""),
    )
    assert found["Response by school and stage"].rows == (
        ("1", "S1", 20, 15, 0.75, ""),
        ("1", "S2", 8, 4, 0.5, "fewer than 10: do not pass on"),
        ("2", "S1", 10, 0, 0.0, "no answer yet"),
        ("9", "S2", None, 12, None, "not on the roll"),
    )


def test_a_survey_gets_its_questions_that_were_not_answered(tmp_path: Path) -> None:
    answers = [1, 1, 1, 1, 1, 1, 1, None, -9, -8, -7, -6]
    lines = [
        {"school_code": "1", "stage": "S1", "sdq_01": answer, "sdq_02": 1, "sub_drugs_ever": -8}
        for answer in answers
    ]
    found = parts("wellbeing_secondary", tmp_path, lines)
    rows = {row[0]: row[1:] for row in found["Questions that were not answered"].rows}
    assert rows["sdq_01"][:4] == (10, 7, 3, 0.3)
    assert rows["sdq_01"][4] == "left empty 1; skipped 1; not asked 1; routed out 1; refused 1"
    assert rows["sdq_02"] == (12, 12, 0, 0.0, "")
    assert rows["sub_drugs_ever"] == (0, 0, 0, None, "not asked 12")
    assert "school_code" not in rows and "pupil_id" not in rows
    shares = [row[4] or 0 for row in found["Questions that were not answered"].rows]
    assert shares == sorted(shares, reverse=True)


def test_of_fewer_than_ten_rows_no_question_is_told(tmp_path: Path) -> None:
    found = parts("wellbeing_secondary", tmp_path, pupils("1", "S1", 9))
    assert found == {}


def test_the_summary_counts_only_rows_that_were_taken_in(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    receipt = take(space, as_csv([*rows(12), row(20, sex="9"), row(21, sex="")])).receipt
    (part,) = json_of(sent_back(space, receipt))["summary"]
    assert part["title"] == "Questions that were not answered"
    assert part["rows"][0] == ["sex", 13, 12, 1, round(1 / 13, 6), "left empty 1"]


def test_every_declared_figure_of_the_project_is_valid(tmp_path: Path) -> None:
    for contract in catalogue().deliveries.values():
        accepted = stored(contract, tmp_path / f"{contract.dataset}.parquet", [])
        with duckdb.connect() as connection:
            summarise(connection, contract, return_rules(), accepted)


def test_a_figure_that_is_no_sql_is_a_sentence(tmp_path: Path) -> None:
    from dataclasses import replace

    contract = catalogue().delivery("service_map")
    wrong = SummaryTable(title="x", figures=(SummaryFigure(label="y", value="sum(nothing"),))
    contract = replace(contract, options=contract.options.model_copy(update={"summary": (wrong,)}))
    accepted = stored(contract, tmp_path / "a.parquet", [])
    with duckdb.connect() as connection, pytest.raises(ContractError, match="not valid SQL"):
        summarise(connection, contract, return_rules(), accepted)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1234567.8, "pounds", "£1,234,568"),
        (12.3456, "pounds", "£12.35"),
        (0.1234, "share", "12.3%"),
        (1234, "count", "1,234"),
        (None, "share", "not known"),
    ],
)
def test_figures_are_said_as_people_say_them(value: float | None, unit: Any, words: str) -> None:
    assert said(value, unit) == words
