"""What an audience gets, and what it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import ContractError, RcsError
from rcs_pipeline.contracts.hide_rules import HideRule
from rcs_pipeline.disclosure.protect import protect
from tests.gate.small import ROWS, estimate, protected, small_product, write_warehouse

EXAMPLE = Path(__file__).parents[2] / "examples" / "yrbs2019"


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    protect(write_warehouse(tmp_path / "warehouse.duckdb"), tmp_path / "protected", small_product())
    return tmp_path


def test_an_audience_gets_only_rows_of_its_geographies(candidate: Path) -> None:
    assert {row["level"] for row in protected(candidate, "open", "estimates")} == {"programme", "cpp"}
    assert {row["level"] for row in protected(candidate, "partnership", "estimates")} == {
        "programme",
        "cpp",
        "school",
    }


def test_an_audience_gets_only_columns_that_name_it(candidate: Path) -> None:
    assert "note" not in protected(candidate, "open", "estimates")[0]
    assert "note" in protected(candidate, "partnership", "estimates")[0]


def test_a_table_that_names_no_audience_is_written_for_nobody(candidate: Path) -> None:
    written = {
        path.relative_to(candidate / "protected").as_posix()
        for path in (candidate / "protected").rglob("*.parquet")
    }
    assert written == {
        f"{who}/{table}.parquet"
        for who in ("open", "partnership")
        for table in ("estimates", "response", "spend")
    }


@pytest.mark.parametrize("place", ["B", "C", "D", "G"])
def test_a_small_base_numerator_or_complement_withholds_the_row_whole(candidate: Path, place: str) -> None:
    row = next(row for row in protected(candidate, "open", "estimates") if row["place"] == place)
    assert row["symbol"] == "c"
    assert [row[name] for name in ("estimate", "base", "numerator", "effective_base")] == [None] * 4


@pytest.mark.parametrize("place", ["A", "E", "F"])
def test_enough_people_are_shown_as_computed(candidate: Path, place: str) -> None:
    row = next(row for row in protected(candidate, "open", "estimates") if row["place"] == place)
    assert row["symbol"] is None
    assert row["base"] == 100
    assert row["estimate"] is not None


@pytest.mark.parametrize(
    ("base", "numerator", "shown"),
    [(30, 15, True), (29, 15, False), (30, 5, True), (30, 4, False), (30, 1, False), (30, 0, True),
     (30, 25, True),
     (30, 26, False), (30, 29, False), (30, 30, True), (0, 0, False), (None, None, False), (30, -1, False),
     (30, 31, False)],
)  # fmt: skip
def test_the_limits_are_where_the_policy_puts_them(
    tmp_path: Path, base: int | None, numerator: int | None, shown: bool
) -> None:
    database = write_warehouse(tmp_path / "warehouse.duckdb", {"estimates": [estimate("A", base, numerator)]})
    protect(database, tmp_path / "protected", small_product())
    assert (protected(tmp_path, "open", "estimates")[0]["symbol"] is None) is shown


def test_a_row_with_few_respondents_or_a_small_roll_has_no_count_and_no_rate(candidate: Path) -> None:
    rows = {row["place"]: row for row in protected(candidate, "open", "response")}
    assert rows["A"] == {"place": "A", "roll": 200, "respondents": 150, "rate": 0.75, "symbol": None}
    for place in ("B", "C"):
        assert rows[place] == {"place": place, "roll": None, "respondents": None, "rate": None, "symbol": "c"}


@pytest.mark.parametrize("folder", [(), (EXAMPLE,)], ids=["rcs", "yrbs2019"])
def test_a_withheld_estimate_takes_its_caution_and_method_along(folder: tuple[Path, ...]) -> None:
    for product in load_catalogue(*folder).products.values():
        for rule in product.table("indicator_estimates").extension.hide:
            assert {"quality_flag", "variance_method"} <= set(rule.hides)


def test_a_number_that_never_was_keeps_its_own_symbol(candidate: Path) -> None:
    rows = {row["place"]: row for row in protected(candidate, "open", "response")}
    assert rows["D"]["symbol"] == "x"


def test_money_of_fewer_than_three_providers_is_withheld_and_its_counts_stay(candidate: Path) -> None:
    rows = {row["place"]: row for row in protected(candidate, "open", "spend")}
    assert rows["A"]["amount"] == 1000.0
    assert (rows["B"]["amount"], rows["B"]["symbol"], rows["B"]["services"]) == (None, "c", 1)
    assert (rows["C"]["amount"], rows["C"]["symbol"]) == (None, "c")


def test_no_number_stands_beside_a_symbol_that_the_model_set(tmp_path: Path) -> None:
    rows = {"estimates": [estimate("A", 100, 50, symbol="x")]}
    protect(write_warehouse(tmp_path / "warehouse.duckdb", rows), tmp_path / "protected", small_product())
    row = protected(tmp_path, "open", "estimates")[0]
    assert (row["estimate"], row["base"], row["symbol"]) == (None, None, "x")


def test_rules_that_share_a_symbol_hide_together(tmp_path: Path) -> None:
    product = small_product()
    spend = product.table("spend")
    services = HideRule(kind="count", hides=("services",), tests=("services",), symbol_column="symbol")
    both = replace(
        spend, extension=spend.extension.model_copy(update={"hide": (*spend.extension.hide, services)})
    )
    product = replace(product, tables=(both,))
    protect(write_warehouse(tmp_path / "warehouse.duckdb"), tmp_path / "protected", product)
    assert all(
        row["amount"] is None and row["services"] is None for row in protected(tmp_path, "open", "spend")
    )


def test_the_bytes_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    many = [
        estimate(f"place {number % 977:04}", 100 + number, 50, indicator=f"i{number}")
        for number in range(2200)  # more than one of the engine's vectors
    ]
    written = []
    for folder, order, used in (("a", many, 1), ("b", many[::-1], 1), ("c", many, 2), ("d", many[::-1], 8)):
        database = write_warehouse(tmp_path / folder / "warehouse.duckdb", {"estimates": order})
        protect(database, tmp_path / folder / "protected", small_product(), threads=used)
        root = tmp_path / folder / "protected"
        written.append({path.relative_to(root): path.read_bytes() for path in root.rglob("*.parquet")})
    assert written[0] and all(other == written[0] for other in written)


def test_columns_have_the_order_and_types_of_the_contract(candidate: Path) -> None:
    file = candidate / "protected" / "open" / "spend.parquet"
    with duckdb.connect() as connection:
        found = connection.execute("describe select * from read_parquet(?)", [str(file)]).fetchall()
    assert [(row[0], row[1]) for row in found] == [
        ("place", "VARCHAR"), ("services", "BIGINT"), ("providers", "BIGINT"), ("amount", "DOUBLE"),
        ("collected", "DATE"), ("final", "BOOLEAN"), ("symbol", "VARCHAR"),
    ]  # fmt: skip


def test_what_is_filled_at_release_is_there_and_empty(candidate: Path) -> None:
    assert {row["release_version"] for row in protected(candidate, "open", "estimates")} == {None}


def test_the_report_says_why_rows_lost_their_numbers_and_stays_inside(candidate: Path) -> None:
    report = json.loads((candidate / "disclosure.json").read_text())
    by_table = {(item["audience"], item["table"]): item for item in report}
    assert by_table["open", "estimates"]["hidden_by_reason"] == {"base": 2, "complement": 1, "numerator": 1}
    assert by_table["open", "estimates"]["rows_left_out"] == 1
    assert by_table["open", "spend"]["hidden_by_reason"] == {"money": 2}
    assert not list((candidate / "protected").rglob("*.json"))


def test_what_an_earlier_attempt_left_is_not_kept(candidate: Path) -> None:
    stray = candidate / "protected" / "open" / "old.parquet"
    stray.write_bytes(b"old")
    protect(candidate / "warehouse.duckdb", candidate / "protected", small_product())
    assert not stray.exists()


def test_a_table_that_the_build_did_not_make_is_named(tmp_path: Path) -> None:
    database = write_warehouse(tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop table spend")
    with pytest.raises(RcsError, match="no table `spend`"):
        protect(database, tmp_path / "protected", small_product())


def test_a_column_that_the_build_did_not_make_is_named(tmp_path: Path) -> None:
    database = write_warehouse(tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table spend drop column providers")
    with pytest.raises(RcsError, match="lacks providers"):
        protect(database, tmp_path / "protected", small_product())


def test_a_rule_that_tests_nothing_is_refused_rather_than_skipped(tmp_path: Path) -> None:
    product = small_product()
    spend = product.table("spend")
    idle = spend.extension.hide[0].model_copy(update={"tests": ()})
    product = replace(
        product, tables=(replace(spend, extension=spend.extension.model_copy(update={"hide": (idle,)})),)
    )
    with pytest.raises(ContractError, match="tests no column"):
        protect(write_warehouse(tmp_path / "warehouse.duckdb"), tmp_path / "protected", product)


def test_a_candidate_without_a_warehouse_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RcsError, match="no built warehouse"):
        protect(tmp_path / "warehouse.duckdb", tmp_path / "protected", small_product())


def test_rows_of_the_tests_cover_every_table() -> None:
    assert set(ROWS) == {table.name for table in small_product().tables}
