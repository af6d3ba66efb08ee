"""One name is one however it is spelled, and whoever spells it in several ways is told so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.matching import care_register
from rcs_pipeline.intake import findings
from rcs_pipeline.intake.delivery import take_in
from rcs_pipeline.intake.screen import Screening
from rcs_pipeline.intake.spellings import RULE, one_name, tell_spellings
from rcs_pipeline.intake.sql import text
from tests.intake.small import catalogue
from tests.returns import filled

CONTRACT = load_catalogue().delivery("service_map")
FORM = CONTRACT.column("provider").one_name
ONE = (
    "Alloa Family Trust", "ALLOA FAMILY TRUST", "Alloa Family Trust Ltd", "Alloa  Family Trust",
    "Alloa Family Trust.", "The Alloa Family Trust", "Alloa Family Trust (SCIO)", "the alloa family-trust",
    "Alloa Family Trust C.I.C.", "Alloa\u00a0Family\u200bTrust, Limited", "Álloa Famíly Trüst",
    "A\u0301lloa Family Trust Community Interest Company", "Alloa Family Trust Co. Ltd.",
    "Alloa Family'Trust",
)  # fmt: skip
# Letters of Western Europe, and whatever is typed between them.
LETTERS = st.characters(codec="utf-8", max_codepoint=0x148, categories=("L", "N", "P", "S", "Z"))
NAMES = st.text(LETTERS, max_size=20) | st.builds(
    " ".join, st.lists(st.sampled_from(["The", "Ltd", "Alloa", "&", "Trust", "Café", "C.I.C."]), max_size=5)
)
SIGNS = ("", "", " ", "  ", "\t", "\u00a0", ".", ",", "-", "'", "’", "(", ")", "/")
BETWEEN = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def plain(engine: duckdb.DuckDBPyConnection, *names: str) -> list[str]:
    assert FORM is not None
    values = ", ".join(f"({place}, {text(name)})" for place, name in enumerate(names))
    asked = f"select {one_name('name', FORM)} from (values {values}) as names(place, name) order by place"
    return [row[0] for row in engine.execute(asked).fetchall()]


def test_every_spelling_of_a_provider_is_that_provider(engine: duckdb.DuckDBPyConnection) -> None:
    assert set(plain(engine, *ONE)) == {"alloafamilytrust"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Alloa & District", "Alloa and District", True), ("Øst Straße", "Ost Strasse", True),
        ("Oﬃce of Alloa", "Office of Alloa", True), ("Barnardo's", "BARNARDOS", True),
        ("Alloa Family Trust", "Alloa Family Centre", False), ("Charity 01", "Charity 02", False),
        ("Alloa", "Alloa and District", False), ("Limited", "The Ltd", False),
    ],
)  # fmt: skip
def test_what_differs_in_a_word_is_another_provider(
    engine: duckdb.DuckDBPyConnection, one: str, other: str, same: bool
) -> None:
    first, second = plain(engine, one, other)
    assert (first == second) is same


@pytest.mark.parametrize("name", ["The", "Ltd", "The Ltd", "Limited Ltd", "the the", "CIC"])
def test_a_name_of_nothing_but_such_words_keeps_one_of_them(
    engine: duckdb.DuckDBPyConnection, name: str
) -> None:
    assert plain(engine, name) != [""]


@settings(max_examples=200, deadline=None)
@given(NAMES, BETWEEN)
def test_case_accents_blanks_and_punctuation_make_no_other_name(
    engine: duckdb.DuckDBPyConnection, name: str, between: list[str]
) -> None:
    # `&` is a word and no punctuation: it stays where it is.
    spaced = "".join(sign + between[place % len(between)] for place, sign in enumerate(name))
    known, *others = plain(
        engine, name, name.upper(), name.lower(), name.swapcase(), spaced, f" {name}. ",
        unicodedata.normalize("NFD", name), unicodedata.normalize("NFC", name),
    )  # fmt: skip
    assert set(others) == {known}
    assert plain(engine, known) == [known], "of a normal form nothing is left to take away"


def test_names_of_the_register_become_one_only_where_no_word_differs(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    """Held against words taken apart here: only case, punctuation and legal forms differ in what is one."""
    names = sorted({name for item in care_register()[1] for name in (item.provider, item.name) if name})
    forms: dict[str, list[str]] = {}
    for name, form in zip(names, plain(engine, *names), strict=True):
        forms.setdefault(form, []).append(name)
    left = {"the", "ltd", "limited", "llp", "cic", "scio", "and"}

    def words(name: str) -> str:
        said = re.sub(r"[^a-z0-9 ]", "", name.lower().replace("-", " ").replace("&", " "))
        return "".join(word for word in said.split() if word not in left)

    assert len(names) > 1_000 and len(forms) < len(names) - 20
    assert [own for own in forms.values() if len({words(name) for name in own}) > 1] == []


def test_a_map_that_spells_one_provider_in_several_ways_is_told_so(tmp_path: Path) -> None:
    space = filled.home(tmp_path / "home")
    plan = filled.planned(space, "service_map", "t2-falkirk-2016")
    names = ["Alloa Family Trust", "Another", "ALLOA FAMILY TRUST", "Alloa Family Trust",
             "Alloa Family Trust Ltd.", "THE ALLOA FAMILY TRUST", "Another"]  # fmt: skip
    rows = [
        {**filled.good_row(plan, number), "service_id": f"S{number}", "provider": name}
        for number, name in enumerate(names)
    ]
    # Kept out for another reason, and not compared with.
    rows.append({**rows[0], "service_id": "S99", "provider": "another", "age_from": 12, "age_to": 5})
    rows += [{**rows[1], "service_id": f"S10{number}"} for number in range(5)]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Services"
    for cells in ([item.name for item in plan.contract.columns],
                  *([row.get(item.name) for item in plan.contract.columns] for row in rows)):  # fmt: skip
        sheet.append(cells)
    book.save(tmp_path / "map.xlsx")
    receipt = take_in(space, tmp_path / "map.xlsx", "service_map", "t2-falkirk-2016").receipt
    assert (receipt.rows_accepted, receipt.rows_quarantined) == (12, 1)
    with duckdb.connect() as connection:
        found = connection.execute(
            "select source_row, severity, column_name, value, message, fix"
            f" from '{space.paths.home / str(receipt.findings_path)}' where rule_id = '{RULE}' order by 1"
        ).fetchall()
        stored = connection.execute(
            f"select distinct provider from '{space.paths.home / str(receipt.raw_path)}'"
        ).fetchall()
    assert [row[:4] for row in found] == [
        (4, "advise", "provider", "ALLOA FAMILY TRUST"),
        (6, "advise", "provider", "Alloa Family Trust Ltd."),
        (7, "advise", "provider", "THE ALLOA FAMILY TRUST"),
    ]
    assert found[0][4] == (
        '`provider` holds "ALLOA FAMILY TRUST"; we expected "Alloa Family Trust", as other rows write this '
        "name, and count both as one."
    )
    assert found[0][5].startswith("Spell it alike in every row.")
    assert {row[0] for row in stored} == set(names), "the lake keeps what was sent"


def test_a_spelling_that_looks_like_an_identifier_is_not_repeated() -> None:
    """Neither the one that is told of nor the one that it is held against."""
    small = catalogue().delivery("answers")
    columns = tuple(replace(item, one_name=FORM) if item.name == "note" else item for item in small.columns)
    contract = replace(small, columns=columns)
    with duckdb.connect() as connection:
        connection.execute(
            "create table delivered as select unnest([2, 3, 4, 5, 6]) as source_row,"
            " unnest(['Ada 100000001', 'ADA 100000001', 'Bo', 'BO', 'Bo']) as note"
        )
        findings.create_table(connection)
        tell_spellings(connection, Screening(contract, catalogue().messages, None, None, None))
        found = connection.execute("select source_row, value, message from findings order by 1").fetchall()
    assert [row[0] for row in found] == [3, 5]
    assert found[0][1] == findings.WITHHELD and found[0][2].count(findings.WITHHELD) == 2
    assert not any("100000001" in str(cell) for row in found for cell in row)
    assert found[1][1] == "BO" and '"Bo"' in found[1][2]
