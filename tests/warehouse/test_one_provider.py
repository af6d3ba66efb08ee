"""The income of one provider is shown in no release, in however many ways a map spells its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.audit_money import attack_money
from rcs_pipeline.disclosure.engine import reading
from rcs_pipeline.disclosure.money_before import money_columns
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.build import Building, build_warehouse
from tests.warehouse import lakes

SPELLED = (
    "Alloa Family Trust", "ALLOA FAMILY TRUST", "Alloa Family Trust Ltd", "Alloa  Family Trust.",
    "The Alloa Family Trust",
)  # fmt: skip
OTHERS = ("Alloa Family Trust", "Bo'ness Families", "Cowie Play", "Denny Youth", "Elgin Care")
ALONE, SEVERAL = "t1-clackmannanshire-2015", "t2-falkirk-2016"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Building:
    """Two maps that differ in nothing but the providers' names."""
    space = lakes.workspace(tmp_path_factory.mktemp("providers"))
    contract = space.catalogue.delivery("service_map")
    cpps = {item.key: str(item.cpp) for item in space.catalogue.register.collections}
    for collection, providers in ((ALONE, SPELLED), (SEVERAL, OTHERS)):
        named = ", ".join(map(sql.text, providers))
        given = {
            "cpp_code": sql.text(cpps[collection]), "reporting_year": "'2015-16'",
            "service_id": "'s' || i::varchar", "provider": f"[{named}][1 + i % 5]",
            "gross_actual": "10000 + i", "income": "100", "lead_partner": "'third_sector'",
            "need_type": "'justice'", "level_of_support": "'universal'", "evidence_rating": "'promising'",
            "contract_end_date": "date '2017-03-31'", "reach_year": "10 + i",
            **{item.name: "null" for item in contract.columns if "share" in item.name.split("_")},
            **dict.fromkeys(("need_type_2", "need_type_3", "level_2", "price_year"), "null"),
        }  # fmt: skip
        rows = f"select {lakes.answers(contract, 1, given)} from range(15) as numbers(i)"
        lakes.land(space, "service_map", collection, rows)
    made = build_warehouse(space, "rcs")
    protect(made.database, made.protected, lakes.for_everybody(made.product))
    return made


def money(built: Building) -> Iterator[tuple[ProductTable, Path, str]]:
    """Each published table of maps, and how many of its amounts are in sight, as SQL."""
    for table in built.product.tables:
        columns = money_columns(table) - {rule.symbol_column for rule in table.extension.hide}
        seen = {item.name for item in table.columns_for("open")} & columns
        if seen and any(item.name == "collection" for item in table.columns):
            file = built.protected / "open" / f"{table.name}.parquet"
            yield table, file, " + ".join(f"count({sql.name(name)})" for name in sorted(seen))


def test_one_provider_under_five_spellings_shows_no_money_in_a_release(built: Building) -> None:
    told: dict[str, dict[str, int]] = {}
    with duckdb.connect() as connection:
        for table, file, amounts in money(built):
            rows = connection.execute(f"select collection, {amounts} from '{file}' group by all").fetchall()
            told[table.name] = dict(rows)
    assert {"service_map_summary", "service_map_contracts", "service_map_costs"} <= set(told)
    assert {name: shown.get(ALONE, 0) for name, shown in told.items()} == dict.fromkeys(told, 0)
    # The same map with five providers: otherwise nothing was withheld for the names.
    assert told["service_map_summary"][SEVERAL] > 0 and told["service_map_contracts"][SEVERAL] > 0


def test_providers_are_counted_by_their_normal_form(built: Building) -> None:
    with duckdb.connect(str(built.database), read_only=True) as connection:
        counted = connection.execute(
            "select collection, max(providers) from service_map_summary group by all order by all"
        ).fetchall()
        kept = connection.execute("select distinct provider from raw.service_map").fetchall()
    assert counted == [(ALONE, 1), (SEVERAL, 5)]
    assert {row[0] for row in kept} == {*SPELLED, *OTHERS}, "the lake keeps what was sent"


def test_the_attack_counts_one_provider_as_well(built: Building, tmp_path: Path) -> None:
    """The room of disclosure takes the names as the warehouse has them: what one earned would be found."""
    with reading(built.database) as connection:
        assert attack_money(connection, built.folder, built.product, "open")[0] is Outcome.PASS
        for held in sorted((built.protected / "open").glob("*.parquet")):
            target = tmp_path / "protected" / "open" / held.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shown = f"select * from '{held}'"
            if held.stem == "service_map_summary":
                truth = (
                    "select collection, breakdown_by, breakdown_value, gross_actual"
                    " from warehouse.main.service_map_summary"
                )
                shown = (
                    f"select held.* replace (truth.gross_actual as gross_actual) from '{held}' as held"
                    f" join ({truth}) as truth using (collection, breakdown_by, breakdown_value)"
                )
            connection.execute(f"copy ({shown}) to '{target}' (format parquet)")
        assert attack_money(connection, tmp_path, built.product, "open")[0] is Outcome.FAIL
