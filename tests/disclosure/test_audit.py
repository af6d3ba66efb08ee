"""The audit reads the written files as an attacker would: it finds what protection missed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit, required
from rcs_pipeline.disclosure.audit_leaks import _symbols
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome, Verdict
from tests.gate.small import estimate, protected, small_product, write_warehouse

RCS = Path(__file__).parents[2] / "data_contracts" / "products" / "rcs"
Spoil = Callable[[str], None]


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    protect(write_warehouse(tmp_path / "warehouse.duckdb"), tmp_path / "protected", small_product())
    return tmp_path


def rewrite(candidate: Path, table: str, query: str, audience: str = "open") -> None:
    """Replace a protected file by a query over `held` (the file) and `truth` (the warehouse's table)."""
    file = candidate / "protected" / audience / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{candidate / 'warehouse.duckdb'}' as warehouse (read_only)")
        connection.execute(f"create view truth as select * from warehouse.main.{table}")
        connection.execute(f"create table held as select * from read_parquet('{file}')")
        connection.execute(f"create table result as {query}")
        connection.execute(f"copy result to '{file}' (format parquet)")


def of(candidate: Path, check: str) -> Verdict:
    return next(item for item in audit(candidate, small_product()) if item.check == check)


def test_what_protection_wrote_passes(candidate: Path) -> None:
    assert {item.outcome for item in audit(candidate, small_product())} == {Outcome.PASS}


def test_the_verdicts_are_known_from_the_contracts_alone(candidate: Path) -> None:
    assert {item.check for item in audit(candidate, small_product())} == set(required(small_product()))


BOTH = "from held h join truth t using (indicator, level, place)"
UNHIDDEN = f"select h.* replace (t.estimate as estimate, null::varchar as symbol) {BOTH}"
COUNTS = "select h.* replace (t.rate as rate, null::varchar as symbol) from held h join truth t using (place)"
RATE = "select h.* replace (t.rate as rate) from held h join truth t using (place)"
MONEY = (
    "select h.* replace (t.amount as amount, null::varchar as symbol) from held h join truth t using (place)"
)


@pytest.mark.parametrize(
    ("table", "query", "says"),
    [
        ("estimates", UNHIDDEN, "base below 30"),
        ("estimates", UNHIDDEN, "numerator of 1 to 4"),
        ("estimates", UNHIDDEN, "complement of 1 to 4"),
        ("estimates", "select * replace (29 as base, null::varchar as symbol) from held", "base below 30"),
        ("estimates", "select * replace (99 as numerator) from held where place = 'A'", "complement"),
        ("estimates", f"select h.* replace (t.base as base) {BOTH}", "number beside the symbol"),
        ("estimates", f"select h.* replace (t.effective_base as effective_base) {BOTH}", "number beside"),
        ("estimates", "select * replace (null as estimate) from held", "neither a number"),
        ("estimates", "select * replace (replace(symbol, 'c', 'q') as symbol) from held", "does not allow"),
        ("estimates", "select * replace ('school' as level) from held", "below the geographies"),
        ("estimates", "select * replace ('elsewhere' as place) from held", "does not have"),
        ("estimates", "select *, 'a note' as note from held", "`note` is not granted"),
        ("estimates", "select * exclude (symbol) from held", "`symbol` is missing"),
        ("estimates", "select * from held where place <> 'A'", "left out without a reason"),
        ("response", COUNTS, "`respondents`"),
        ("response", "select * replace (9 as roll) from held where place = 'A'", "`roll`"),
        ("response", RATE, "number beside"),
        ("spend", MONEY, "`providers`"),
    ],
)  # fmt: skip
def test_every_kind_of_leak_is_found(candidate: Path, table: str, query: str, says: str) -> None:
    rewrite(candidate, table, query)
    verdict = of(candidate, f"disclosure.open.{table}")
    assert verdict.outcome is Outcome.FAIL
    assert says in verdict.message
    assert verdict.guidance


@pytest.mark.parametrize(
    ("symbol", "own", "found"), [("null", "null", True), ("'c'", "null", False), ("null", "'c'", False)]
)
def test_a_number_that_two_rules_hide_needs_the_symbol_of_either(symbol: str, own: str, found: bool) -> None:
    table = read_product(RCS).table("need_and_provision")
    held = tuple(item.name for item in table.columns_for("open"))
    (rule,) = (item for item in table.extension.hide if item.kind == "money")
    (mute,) = (leak.where for leak in _symbols(rule, table, held) if leak.says.startswith("with neither"))
    row = f"select 1 as __row, null as spend, {symbol} as symbol, {own} as spend_symbol"
    with duckdb.connect() as connection:
        assert connection.execute(f"select {mute} from ({row}) as shown").fetchone() == (found,)


def test_a_row_below_the_geographies_of_the_audience_is_found(candidate: Path) -> None:
    school = "select * exclude (note), null as release_version from truth where level = 'school'"
    rewrite(candidate, "estimates", school)
    assert "below the geographies" in of(candidate, "disclosure.open.estimates").message


def test_a_file_that_nobody_was_granted_is_found(candidate: Path) -> None:
    (candidate / "protected" / "open" / "internal.parquet").write_bytes(b"secret")
    (candidate / "protected" / "friends").mkdir()
    (candidate / "protected" / "friends" / "estimates.parquet").write_bytes(b"secret")
    verdict = of(candidate, "disclosure.files")
    assert verdict.outcome is Outcome.FAIL
    assert "friends/estimates.parquet, open/internal.parquet" in verdict.message


def test_a_missing_or_broken_file_does_not_pass(candidate: Path) -> None:
    (candidate / "protected" / "open" / "spend.parquet").unlink()
    (candidate / "protected" / "open" / "response.parquet").write_bytes(b"not a table")
    assert of(candidate, "disclosure.open.spend").outcome is Outcome.FAIL
    assert of(candidate, "disclosure.open.response").outcome is Outcome.ERROR


def test_without_the_warehouse_nothing_passes(candidate: Path) -> None:
    (candidate / "warehouse.duckdb").unlink()
    verdicts = audit(candidate, small_product())
    assert {item.check for item in verdicts} == set(required(small_product()))
    assert all(item.outcome is Outcome.ERROR for item in verdicts if item.check != "disclosure.files")


LEVELS = ["programme", "tranche", "cpp", "school"]
counts = st.one_of(st.none(), st.integers(0, 8), st.integers(20, 40), st.integers(0, 500))


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(counts, counts, st.sampled_from(LEVELS), st.sampled_from([None, "x", "c"])),
        min_size=1,
        max_size=40,
    ),
    st.lists(st.tuples(counts, counts, st.floats(0, 1e6)), min_size=1, max_size=20),
)  # fmt: skip
def test_no_generated_table_leaks(
    cells: list[tuple[int | None, int | None, str, str | None]],
    money: list[tuple[int | None, int | None, float]],
) -> None:
    product = small_product()
    rows = {
        "estimates": [
            estimate(f"p{number}", base, numerator, level=level, symbol=symbol)
            for number, (base, numerator, level, symbol) in enumerate(cells)
        ],
        "response": [
            (f"p{number}", roll, people, 0.5, None) for number, (roll, people, _) in enumerate(money)
        ],
        "spend": [
            (f"p{number}", 1, providers, amount, None, None, None)
            for number, (providers, _, amount) in enumerate(money)
        ],
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        protect(write_warehouse(folder / "warehouse.duckdb", rows), folder / "protected", product)
        assert [item for item in audit(folder, product) if item.outcome is not Outcome.PASS] == []
        truth = {row[2]: row for row in rows["estimates"]}
        for row in protected(folder, "open", "estimates"):
            _, level, _, _, base, numerator, *_ = truth[row["place"]]
            assert level in ("programme", "cpp")
            small = base is None or base < 30 or (
                numerator is not None and (1 <= numerator <= 4 or 1 <= base - numerator <= 4)
            )  # fmt: skip
            figures = {row[name] for name in ("estimate", "base", "numerator", "effective_base")}
            assert not (small and figures != {None})
            assert (row["estimate"] is None) == (row["symbol"] is not None)
        for row in protected(folder, "open", "response"):
            assert all(row[name] is None or row[name] >= 10 for name in ("roll", "respondents"))


def test_a_numerator_of_another_name_is_the_same_one_to_choice_and_attack(tmp_path: Path) -> None:
    """`tests: [base, effective_base]`: two of A count in that one, fifty in the other one."""
    product = small_product()
    table = product.table("estimates")
    rule = table.extension.hide[0].model_copy(update={"tests": ("base", "effective_base")})
    table = replace(table, extension=table.extension.model_copy(update={"hide": (rule,)}))
    product = replace(product, tables=(table,))
    few = [(*estimate("A", 100, 50)[:6], 2, None, "a note")]
    protect(
        write_warehouse(tmp_path / "warehouse.duckdb", {"estimates": few}), tmp_path / "protected", product
    )
    assert protected(tmp_path, "open", "estimates")[0]["symbol"] == "c"
    rewrite(tmp_path, "estimates", UNHIDDEN)
    found = {item.check: item for item in audit(tmp_path, product)}["disclosure.open.estimates"]
    assert found.outcome is Outcome.FAIL
    assert "numerator of 1 to 4" in found.message
