"""What is computed from a hidden cell is hidden with it, and the audit finds it where it is not."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.hide_rules import HideRule, MadeOf
from rcs_pipeline.contracts.product import Product, TableExtension
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome
from tests.gate.small import CONTRACTS, ROWS, protected, small_product, write_warehouse

SHOWN, HIDDEN = {"A", "E", "F"}, {"B", "C", "D", "G"}


def product_with_differences(*made_of: MadeOf) -> Product:
    """The small product and a table of differences between two places of `estimates`."""
    small = small_product()
    columns = {column.name: column for column in small.table("estimates").columns}
    own = MadeOf(table="estimates", same={"indicator": "indicator", "level": "level", "place": "place"})
    others = MadeOf(
        table="estimates", same={"indicator": "indicator", "level": "level"}, listed={"place": "others"}
    )
    rule = HideRule(
        kind="derived", hides=("difference",), symbol_column="symbol", made_of=made_of or (own, others)
    )
    table = replace(
        small.table("estimates"), name="differences", grain=("indicator", "level", "place", "others"),
        columns=(
            *(columns[name] for name in ("indicator", "level", "place")),
            replace(columns["place"], name="others"),
            replace(columns["estimate"], name="difference"),
            columns["symbol"],
        ),
        extension=TableExtension(audiences=("open",), geography_column="level", hide=(rule,)),
    )  # fmt: skip
    return replace(small, tables=(table, *small.tables))


def difference_rows() -> list[tuple[str, str, str, str, float, str | None]]:
    """Every place against every one and every two of the others."""
    places = [row[2] for row in ROWS["estimates"] if row[1] == "cpp"]
    return [
        ("i1", "cpp", place, ", ".join(others), 0.1, None)
        for place in places
        for size in (1, 2)
        for others in itertools.combinations([item for item in places if item != place], size)
    ]


def warehouse(path: Path, rows: list[tuple[str, str, str, str, float, str | None]] | None = None) -> Path:
    write_warehouse(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table differences (indicator varchar, level varchar, place varchar, others varchar,"
            " difference double, symbol varchar)"
        )
        connection.executemany(
            "insert into differences values (?, ?, ?, ?, ?, ?)", difference_rows() if rows is None else rows
        )
    return path


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    protect(warehouse(tmp_path / "warehouse.duckdb"), tmp_path / "protected", product_with_differences())
    return tmp_path


def test_nothing_made_of_a_hidden_cell_shows_and_everything_else_does(candidate: Path) -> None:
    rows = protected(candidate, "open", "differences")
    assert len(rows) == len(difference_rows())
    for row in rows:
        made_of = {row["place"], *row["others"].split(", ")}
        assert (row["difference"] is None) == bool(made_of & HIDDEN), row
        assert row["symbol"] == ("c" if made_of & HIDDEN else None)
    assert any({row["place"], *row["others"].split(", ")} <= SHOWN for row in rows)


def test_a_cell_that_is_not_there_at_all_is_none_that_is_shown(tmp_path: Path) -> None:
    rows = [("i1", "cpp", "A", "nowhere", 0.1, None), ("i2", "cpp", "A", "E", 0.1, None)]
    protect(
        warehouse(tmp_path / "warehouse.duckdb", rows), tmp_path / "protected", product_with_differences()
    )
    assert {row["difference"] for row in protected(tmp_path, "open", "differences")} == {None}


def test_one_name_within_another_is_not_the_same_place(tmp_path: Path) -> None:
    """`A` is shown; a place `AB` that is not there must not pass for it."""
    rows = [("i1", "cpp", "E", "AB, XA", 0.1, None)]
    protect(
        warehouse(tmp_path / "warehouse.duckdb", rows), tmp_path / "protected", product_with_differences()
    )
    assert protected(tmp_path, "open", "differences")[0]["symbol"] == "c"


def test_what_protection_wrote_passes_the_audit(candidate: Path) -> None:
    assert {item.outcome for item in audit(candidate, product_with_differences())} == {Outcome.PASS}


@pytest.mark.parametrize("place", sorted(HIDDEN))
@pytest.mark.parametrize("side", ["place", "others"])
def test_the_audit_finds_a_difference_with_a_hidden_cell(candidate: Path, place: str, side: str) -> None:
    file = candidate / "protected" / "open" / "differences.parquet"
    other = "A" if place != "A" else "E"
    wanted = f"place = '{place}' and others = '{other}'"
    if side == "others":
        wanted = f"place = '{other}' and others = '{place}'"
    with duckdb.connect() as connection:
        connection.execute(f"create table held as select * from '{file}'")
        connection.execute(f"update held set difference = 0.1, symbol = null where {wanted}")
        connection.execute(f"copy held to '{file}' (format parquet)")
    verdicts = {item.check: item for item in audit(candidate, product_with_differences())}
    found = verdicts["disclosure.open.differences"]
    assert found.outcome is Outcome.FAIL
    assert "1 row(s) made of rows of `estimates` that are not shown" in found.message


def test_without_the_other_tables_file_nothing_made_of_it_passes(candidate: Path) -> None:
    (candidate / "protected" / "open" / "estimates.parquet").unlink()
    verdicts = {item.check: item for item in audit(candidate, product_with_differences())}
    assert verdicts["disclosure.open.differences"].outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("made_of", "said"),
    [
        ("{table: estimate, same: {place: place}}", "`estimate`"),
        ("{table: internal, same: {id: place}}", "`internal`"),
        ("{table: estimates, same: {places: place}}", "places"),
        ("{table: estimates, same: {place: palce}}", "palce"),
        ("{table: estimates, same: {}}", "same"),
    ],
)
def test_a_derived_rule_that_would_do_nothing_is_refused(tmp_path: Path, made_of: str, said: str) -> None:
    import shutil

    shutil.copytree(CONTRACTS, tmp_path / "small")
    path = tmp_path / "small" / "response.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    rule = f"{{kind: derived, symbol_column: symbol, hides: [rate], made_of: [{made_of}]}}"
    assert "hide:\n      - kind" in text
    path.write_text(text.replace("hide:\n", f"hide:\n      - {rule}\n", 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        read_product(tmp_path / "small")
    assert said in str(caught.value)
