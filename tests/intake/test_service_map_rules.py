"""The map's own rules: shares, peers, contracts that end, and texts that point at a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from openpyxl import Workbook

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.delivery import RowRule
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.matching import care_register
from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.warehouse import sql
from tests.intake.small import CONTRACTS
from tests.returns import filled

CONTRACT = load_catalogue(CONTRACTS).delivery("service_map")
RULES = {rule.id: rule for rule in CONTRACT.rules}
GOOD: dict[str, Any] = {
    "service_name": "Family centre", "provider": "A charity", "age_from": 5, "age_to": 12,
    "need_type": "justice", "level_of_support": "universal", "geography": "cpp_wide",
    "reporting_year": "2015-16", "gross_actual": 100_000, "income": 20_000, "funding_source": "nhs",
    "delivery_partner": "third_sector", "staff_fte": 4, "reach_year": 50,
}  # fmt: skip


def holds(rule: str, **changed: Any) -> bool | None:
    """Whether a good row with some cells changed keeps a rule, asked of the engine as intake asks it."""
    row = {**GOOD, **changed}
    check = RULES[rule].check
    assert isinstance(check, RowRule)
    cells = ", ".join(
        f"cast({'null' if row.get(item.name) is None else sql.text(str(row[item.name]))} as "
        f"{sql.TYPES[item.type]}) as {item.name}"
        for item in CONTRACT.columns
    )
    with duckdb.connect() as connection:
        answer = connection.execute(f"select ({check.holds}) is not false from (select {cells})").fetchone()
    return bool(answer and answer[0])


@pytest.mark.parametrize("rule", [name for name in RULES if isinstance(RULES[name].check, RowRule)])
def test_a_plain_service_keeps_every_rule(rule: str) -> None:
    assert holds(rule)


@pytest.mark.parametrize(
    ("rule", "cells", "good"),
    [
        ("RCS-M111", {"need_share": 100}, True),
        ("RCS-M111", {"need_share": 60}, False),
        ("RCS-M111", {"need_share": 60, "need_type_2": "disability", "need_share_2": 40}, True),
        ("RCS-M111", {"need_share": 60, "need_type_2": "disability", "need_share_2": 30}, False),
        ("RCS-M111", {"need_type_2": "disability"}, False),
        ("RCS-M111", {"need_share": 60, "need_type_2": "disability"}, False),
        ("RCS-M111", {"need_share": 60, "need_share_2": 40}, False),
        ("RCS-M111", {"need_share": 50, "need_type_2": "disability", "need_share_2": 30,
                      "need_type_3": "youth_work", "need_share_3": 20}, True),
        ("RCS-M112", {"level_share": 70, "level_2": "statutory", "level_share_2": 30}, True),
        ("RCS-M112", {"level_share": 70, "level_2": "statutory", "level_share_2": 40}, False),
        ("RCS-M112", {"level_2": "statutory"}, False),
        ("RCS-M113", {"funding_share": 50, "funding_source_2": "pef", "funding_share_2": 50}, True),
        ("RCS-M113", {"funding_share": 50, "funding_source_2": "pef", "funding_share_2": 40}, False),
        ("RCS-M113", {"funding_source": None, "funding_share": 60, "funding_source_2": "pef",
                      "funding_share_2": 40}, False),
        ("RCS-M114", {"delivery_share": 60, "delivery_partner_2": "hscp", "delivery_share_2": 40}, True),
        ("RCS-M114", {"delivery_share": 60, "delivery_partner_2": "hscp", "delivery_share_2": 60}, False),
        ("RCS-M115", {"share_primary": 50, "share_secondary": 50}, True),
        ("RCS-M115", {"share_primary": 50, "share_secondary": 40}, False),
        ("RCS-M117", {"contract_end_date": "2017-03-31"}, True),
        ("RCS-M117", {"contract_end_date": "2017-03-30"}, False),
        ("RCS-M118", {"commissioning_route": "grant"}, False),
        ("RCS-M118", {"commissioning_route": "grant", "contract_end_date": "2018-03-31"}, True),
        ("RCS-M119", {"fte_education": 2.5, "fte_health": 1.5}, True),
        ("RCS-M119", {"fte_education": 3, "fte_health": 2}, False),
        ("RCS-M120", {"net_cost": 80_000}, True),
        ("RCS-M120", {"net_cost": 90_000}, False),
        ("RCS-M121", {"geography": "locality"}, False),
        ("RCS-M121", {"geography": "locality", "place": "Alloa"}, True),
    ],
)  # fmt: skip
def test_fields_fit_together(rule: str, cells: dict[str, Any], good: bool) -> None:
    assert holds(rule, **cells) is good


@pytest.mark.parametrize(
    "words",
    ["ask at 01632 960123", "(01632) 960 123", "+44 7700 900123", "a@b.org",
     "a.b @ c.org.uk", "@somebody", "born 3/4/2009", "AB 12 34 56 C",
     "FK10 1AB", "1204099999", "1.5.2019"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["service_name", "place", "outcome_measure"])
def test_a_contact_or_a_number_of_a_person_keeps_the_row_out(column: str, words: str) -> None:
    assert holds("RCS-M106", **{column: f"Group, {words}"}) is False
    assert RULES["RCS-M106"].severity is Severity.REJECT_ROW


@pytest.mark.parametrize("words", ["for Mrs Example", "Dr. Bell", "child aged 9", "her son", "dob 2009"])
def test_what_reads_like_a_person_waits_for_a_yes(words: str) -> None:
    assert holds("RCS-M110", service_name=f"Befriending {words}") is False
    assert RULES["RCS-M110"].severity is Severity.CONFIRM


@pytest.mark.parametrize(
    "words",
    ["Active Schools 2015-16", "Ages 5-11", "S.M.I.L.E. 24/7", "P1-P3 breakfast club", "MS society", "Room 3",
     "NHS 24 line 111", "Class of 2015/16", "1st Alloa"],
)  # fmt: skip
def test_names_of_services_are_left_alone(words: str) -> None:
    assert holds("RCS-M106", service_name=words) is True
    assert holds("RCS-M110", service_name=words) is True


def test_what_the_register_of_care_services_calls_its_services_is_left_alone() -> None:
    """Some are called "so-and-so @ such a place", which is no e-mail address."""
    _, register = care_register()
    assert any("@" in item.name for item in register)
    check = RULES["RCS-M106"].check
    assert isinstance(check, RowRule)
    unsaid = "null as programme_name, null as town, null as place, null as outcome_measure"
    with duckdb.connect() as connection:
        connection.execute("create table names (service_name varchar, provider varchar)")
        connection.executemany(
            "insert into names values (?, ?)", [(item.name, item.provider) for item in register]
        )
        wrong = connection.execute(f"select * from (select *, {unsaid} from names) where not ({check.holds})")
        assert wrong.fetchall() == []


def test_a_child_that_costs_far_more_than_its_like_is_asked_about(tmp_path: Path) -> None:
    space = filled.home(tmp_path / "home")
    plan = filled.planned(space, "service_map", "t2-falkirk-2016")
    costs = [100, 110, 120, 130, 140, 900, 15]
    rows = [
        {**filled.good_row(plan, number), "service_id": f"S{number}", "need_type": "justice",
         "level_of_support": "universal", "gross_actual": cost * 10, "gross_budget": cost * 10,
         "reach_year": 10, "income": 0, "net_cost": None}
        for number, cost in enumerate(costs)
    ]  # fmt: skip
    # Alone of its kind: nothing to compare it with.
    rows.append({**rows[0], "service_id": "S9", "need_type": "youth_work", "gross_actual": 90_000})
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Services"
    sheet.append([item.name for item in plan.contract.columns])
    for row in rows:
        sheet.append([row.get(item.name) for item in plan.contract.columns])
    book.save(tmp_path / "map.xlsx")
    found = peers(space, tmp_path / "map.xlsx")
    assert [(row, value.split()[0]) for row, value in found] == [(7, "900"), (8, "15")]
    assert all("120" in value for _, value in found)


def peers(space: Any, path: Path) -> list[tuple[int, str]]:
    from rcs_pipeline.intake.delivery import take_in

    receipt = take_in(space, path, "service_map", "t2-falkirk-2016").receipt
    stored = space.paths.home / str(receipt.findings_path)
    with duckdb.connect() as connection:
        return connection.execute(
            f"select source_row, value from '{stored}' where rule_id = 'RCS-M116' order by source_row"
        ).fetchall()


def test_a_rule_about_peers_names_columns_that_there_are(tmp_path: Path) -> None:
    text = CONTRACT.path.read_text(encoding="utf-8")
    wrong = tmp_path / "service_map.odcs.yaml"
    wrong.write_text(text.replace("by: [need_type, level_of_support]", "by: [need_tipe]"), encoding="utf-8")
    from rcs_pipeline.contracts.delivery_files import read_delivery

    with pytest.raises(ContractError, match="need_tipe"):
        read_delivery(wrong)
