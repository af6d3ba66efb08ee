"""Every kind of verdict can fail, and says what is wrong without showing a value."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import update

from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.gate import contract, expectations, required
from rcs_pipeline.gate.reconciliation import reconcile
from rcs_pipeline.gate.suite import suite
from rcs_pipeline.gate.verdicts import dbt_verdicts
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.paths import file_hash
from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import Building
from tests.gate.home import GOOD, build, home, node
from tests.gate.small import ROWS, estimate, small_product, write_warehouse


def by_check(verdicts: list[Verdict]) -> dict[str, Verdict]:
    return {item.check: item for item in verdicts}


# dbt


def test_each_dbt_test_gives_a_verdict_under_its_own_name() -> None:
    verdicts = by_check(dbt_verdicts(GOOD))
    assert set(verdicts) == {"dbt.models", "dbt.not_null_estimates_place", "dbt.scoring"}
    assert {item.outcome for item in verdicts.values()} == {Outcome.PASS}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("fail", Outcome.FAIL),
        ("error", Outcome.ERROR),
        ("skipped", Outcome.ERROR),
        ("runtime error", Outcome.ERROR),
    ],
)
def test_a_test_that_did_not_pass_does_not_pass_the_gate(status: str, outcome: Outcome) -> None:
    verdict = by_check(dbt_verdicts([*GOOD, node("test", "unique", status)]))["dbt.unique"]
    assert (verdict.outcome, verdict.severity) == (outcome, CheckSeverity.CRITICAL)


def test_of_two_tests_with_one_name_the_worse_speaks() -> None:
    verdicts = by_check(dbt_verdicts([node("test", "same", "fail"), node("test", "same", "pass")]))
    assert verdicts["dbt.same"].outcome is Outcome.FAIL


@pytest.mark.parametrize("results", [(), GOOD[1:], (*GOOD, node("model", "spend", "skipped"))])
def test_models_that_were_not_built_are_a_failure(results: tuple[object, ...]) -> None:
    assert by_check(dbt_verdicts(results))["dbt.models"].outcome is Outcome.FAIL  # type: ignore[arg-type]


# Reconciliation


@pytest.fixture
def built(tmp_path: Path) -> tuple[Workspace, Building]:
    workspace = home(tmp_path / "home")
    return workspace, build()(workspace, "small")


def reconciled(workspace: Workspace, building: Building) -> Verdict:
    (verdict,) = reconcile(workspace, building.folder, small_product(), building.inputs)
    return verdict


def test_rows_are_followed_from_the_receipt_to_the_staging_model(built: tuple[Workspace, Building]) -> None:
    verdict = reconciled(*built)
    assert (verdict.check, verdict.outcome) == ("reconciliation.answers", Outcome.PASS)
    assert verdict.message == "4 rows in, 3 accepted, 3 staged"


def test_a_row_lost_in_staging_is_found(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    verdict = reconciled(workspace, build(staged=2)(workspace, "small"))
    assert "stg_answers holds 2 rows, the receipts accepted 3" in verdict.message
    assert verdict.outcome is Outcome.FAIL


def test_a_value_changed_in_the_raw_file_is_found(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home")
    raw = workspace.paths.home / str(workspace.ledger.current_receipts("answers")[0].raw_path)
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(tables.receipt).values(raw_sha256=file_hash(raw)))
    building = build()(workspace, "small")
    assert reconciled(workspace, building).outcome is Outcome.PASS
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'B' as place from range(3)) to '{raw}' (format parquet)")
    assert "changed after it was taken in" in reconciled(workspace, building).message


def test_a_row_lost_from_the_raw_file_is_found(built: tuple[Workspace, Building]) -> None:
    workspace, building = built
    raw = workspace.paths.home / str(workspace.ledger.current_receipts("answers")[0].raw_path)
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'A' as place from range(2)) to '{raw}' (format parquet)")
    assert "the raw file holds 2 rows" in reconciled(workspace, building).message
    raw.unlink()
    assert reconciled(workspace, building).outcome is Outcome.FAIL


def test_a_receipt_that_does_not_add_up_is_found(built: tuple[Workspace, Building]) -> None:
    workspace, building = built
    with workspace.ledger._engine.begin() as connection:
        connection.execute(update(tables.receipt).values(rows_quarantined=0))
    assert "4 rows in, but 3 accepted, 0 quarantined" in reconciled(workspace, building).message


def test_a_receipt_of_another_delivery_is_found(built: tuple[Workspace, Building]) -> None:
    workspace, building = built
    other = replace(building, inputs=({**building.inputs[0], "sha256": "cd" * 32},))
    assert "another delivery" in reconciled(workspace, other).message


def test_without_the_warehouse_nothing_is_reconciled(built: tuple[Workspace, Building]) -> None:
    workspace, building = built
    building.database.unlink()
    assert reconciled(workspace, building).outcome is Outcome.ERROR


# Contracts


def kept(folder: Path, rows: dict[str, list[tuple[object, ...]]] | None = None) -> dict[str, Verdict]:
    protect(write_warehouse(folder / "warehouse.duckdb", rows), folder / "protected", small_product())
    return by_check(contract.keep_contracts(folder, small_product()))


def test_every_table_of_the_product_gets_a_contract_verdict(tmp_path: Path) -> None:
    verdicts = kept(tmp_path)
    assert set(verdicts) == set(contract.required(small_product()))
    assert {item.outcome for item in verdicts.values()} == {Outcome.PASS}


def test_a_repeated_grain_is_found(tmp_path: Path) -> None:
    verdict = kept(tmp_path, {"estimates": [estimate("A", 100, 50), estimate("A", 200, 50)]})[
        "contract.estimates"
    ]
    assert "1 row(s) repeat the grain indicator, level, place" in verdict.message


def test_an_empty_required_value_is_found(tmp_path: Path) -> None:
    rows = [("A", None, 3, 1.0, None, True, None)]
    assert "`services` is empty in 1 row(s)" in kept(tmp_path, {"spend": rows})["contract.spend"].message


def test_a_required_number_that_two_rules_hide_is_explained_by_the_symbol_of_either(tmp_path: Path) -> None:
    kept(tmp_path)
    product = small_product()
    spend = product.table("spend")
    (rule,) = spend.extension.hide
    hide = (rule, rule.model_copy(update={"symbol_column": "other"}))
    columns = [replace(item, required=item.required or item.name == "amount") for item in spend.columns]
    columns.append(replace(columns[-1], name="other"))
    table = replace(
        spend, columns=tuple(columns), extension=spend.extension.model_copy(update={"hide": hide})
    )
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("alter table spend add column other varchar")
        for file in tmp_path.glob("protected/*/spend.parquet"):
            connection.execute(
                "create or replace temp table held as select * replace (null::double as amount,"
                f" if(place = 'A', 'c', null) as symbol), if(place = 'B', 'c', null) as other from '{file}'"
            )
            connection.execute(f"copy held to '{file}' (format parquet)")
    found = by_check(contract.keep_contracts(tmp_path, replace(product, tables=(table,))))["contract.spend"]
    assert found.message == "open: `amount` is empty in 1 row(s); partnership: `amount` is empty in 1 row(s)"


def test_too_few_rows_are_found(tmp_path: Path) -> None:
    assert "0 rows, at least 1 promised" in kept(tmp_path, {"spend": []})["contract.spend"].message


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            "select * replace (services::integer as services) from held",
            "found services INTEGER, promised services BIGINT",
        ),
        ("select * exclude (final) from held", "promised final BOOLEAN"),
        ("select providers, * exclude (providers) from held", "another order"),
        ("select *, 1 as more from held", "found more INTEGER"),
    ],
)
def test_columns_that_the_contract_did_not_promise_are_found(tmp_path: Path, query: str, says: str) -> None:
    kept(tmp_path)
    file = tmp_path / "protected" / "open" / "spend.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table held as select * from '{file}'")
        connection.execute(f"copy ({query}) to '{file}' (format parquet)")
    verdict = by_check(contract.keep_contracts(tmp_path, small_product()))["contract.spend"]
    assert verdict.outcome is Outcome.FAIL
    assert says in verdict.message


def test_a_table_that_nobody_sees_must_still_be_built(tmp_path: Path) -> None:
    kept(tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("drop table internal")
    assert (
        by_check(contract.keep_contracts(tmp_path, small_product()))["contract.internal"].outcome
        is Outcome.FAIL
    )


# Great Expectations

BROKEN = {
    "estimates": [estimate("Kirkwhistle", 100, 50), estimate("Kirkwhistle", 100, 50)],
    "spend": [
        ("Auchterlonely", -987654, 3, 1.0, None, True, None),
        ("Auchterlonely", None, 3, 1.0, None, True, None),
    ],
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Verdict]]]:
    folder = tmp_path_factory.mktemp("gx")
    rows = {**ROWS, **BROKEN}
    protect(write_warehouse(folder / "warehouse.duckdb", rows), folder / "protected", small_product())
    yield folder, by_check(expectations.judge(folder, small_product(), folder / "data_docs"))


def test_expectations_are_numbered_and_known_without_a_run(expected: tuple[Path, dict[str, Verdict]]) -> None:
    _, verdicts = expected
    assert set(verdicts) == set(expectations.required(small_product()))
    assert "gx.estimates.1_table_columns_to_match_ordered_list" in verdicts


@pytest.mark.parametrize(
    "check",
    [
        "gx.estimates.3_compound_columns_to_be_unique", "gx.spend.3_column_values_to_be_unique",
        "gx.spend.5_column_values_to_not_be_null", "gx.spend.6_column_values_to_be_between",
    ],
)  # fmt: skip
def test_a_broken_expectation_fails_with_a_count(
    expected: tuple[Path, dict[str, Verdict]], check: str
) -> None:
    _, verdicts = expected
    assert verdicts[check].outcome is Outcome.FAIL
    assert "rows" in verdicts[check].message
    passing = {item.check for item in verdicts.values() if item.outcome is Outcome.PASS}
    assert "gx.response.3_column_values_to_be_unique" in passing


def test_a_code_outside_its_list_and_a_missing_file_do_not_pass(tmp_path: Path) -> None:
    rows = {"estimates": [estimate("A", 100, 50, symbol="x")]}
    protect(write_warehouse(tmp_path / "warehouse.duckdb", rows), tmp_path / "protected", small_product())
    file = tmp_path / "protected" / "open" / "estimates.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table held as select * replace ('q' as symbol) from '{file}'")
        connection.execute(f"copy held to '{file}' (format parquet)")
    (tmp_path / "protected" / "open" / "spend.parquet").unlink()
    verdicts = by_check(expectations.judge(tmp_path, small_product()))
    assert verdicts["gx.estimates.11_column_values_to_be_in_set"].outcome is Outcome.FAIL
    assert verdicts["gx.spend.4_column_values_to_not_be_null"].outcome is Outcome.ERROR


def test_data_docs_name_no_address_outside_and_no_value(expected: tuple[Path, dict[str, Verdict]]) -> None:
    folder, _ = expected
    pages = [
        path for path in (folder / "data_docs").rglob("*") if path.suffix in {".html", ".css", ".svg", ".js"}
    ]
    given = {(path.name, path.read_bytes()) for path in (folder / "protected").rglob("*.parquet")}
    assert len([path for path in pages if path.parts[-1].startswith("protected-")]) == len(given) > 1
    for path in pages:
        content = path.read_text(encoding="utf-8")
        assert "http" not in content.lower(), path
        assert 'src="//' not in content and "url(//" not in content
        for value in ("Kirkwhistle", "Auchterlonely", "987654"):
            assert value not in content, path


def test_what_two_audiences_are_given_alike_is_judged_once_and_fails_for_both(
    expected: tuple[Path, dict[str, Verdict]],
) -> None:
    folder, verdicts = expected
    first, other = (folder / "protected" / audience / "spend.parquet" for audience in ("open", "partnership"))
    assert first.read_bytes() == other.read_bytes()
    assert not [*(folder / "data_docs").rglob("*protected-partnership.spend*")]
    message = verdicts["gx.spend.3_column_values_to_be_unique"].message
    assert "open: 2 rows" in message
    assert "partnership: 2 rows" in message


def test_verdicts_show_no_value(expected: tuple[Path, dict[str, Verdict]]) -> None:
    _, verdicts = expected
    for verdict in verdicts.values():
        assert not any(value in verdict.message for value in ("Kirkwhistle", "Auchterlonely", "987654"))


def test_great_expectations_is_imported_only_where_it_runs() -> None:
    heavy = ("great_expectations", "pandas", "duckdb", "pyarrow")
    code = "import sys, rcs_pipeline.gate.candidate, rcs_pipeline.gate.decision\n"
    code += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# What is required


def test_every_check_of_the_contracts_and_of_the_manifest_is_required() -> None:
    manifest = {
        "nodes": {
            "test.rcs.a": {"name": "a", "resource_type": "test"},
            "model.rcs.m": {"name": "m", "resource_type": "model"},
        },
        "unit_tests": {"unit_test.rcs.m.u": {"name": "u", "resource_type": "unit_test"}},
    }
    checks = set(required.required_checks(small_product(), manifest))
    assert {"dbt.a", "dbt.u", "dbt.models", "reconciliation.answers", "contract.internal"} <= checks
    assert {"disclosure.files", "disclosure.open.estimates", "disclosure.partnership.spend"} <= checks
    assert "dbt.m" not in checks
    assert {
        item.check for table in small_product().tables for item in suite(small_product(), table)
    } <= checks


def test_nothing_is_expected_of_a_table_that_nobody_sees() -> None:
    assert suite(small_product(), small_product().table("internal")) == ()
