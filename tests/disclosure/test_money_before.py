"""Two releases of one map: no provider's amount is what is left of one amount less the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.money import CorrectedMap
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.earlier import Given
from rcs_pipeline.disclosure.engine import SQL_TYPES
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.shown import shown_to
from rcs_pipeline.ledger.records import Outcome
from rcs_pipeline.release.held_back import held_back
from tests.disclosure.releases import given

RCS = Path(__file__).parents[2] / "data_contracts" / "products" / "rcs"
TABLES = ("service_map_summary", "service_map_programme", "service_map_contracts", "service_map_costs")
CHECK = "disclosure.open.money"
# Map, provider, lead partner, need, amount.
Service = tuple[str, str, str, str, int]
SERVICES: list[Service] = [
    (of, f"{of}{who}", lead, need, 1_000 + 37 * number + 11 * who)
    for of in ("a", "b")
    for number, (lead, need) in enumerate(
        (lead, need) for lead in ("council", "health") for need in ("youth_work", "mental_health")
    )
    for who in range(5)
]
COUNTS = {
    "services", "providers", "partnerships", "gross_providers", "income_providers", "prevention_providers",
    "evidence_providers", "fewest_providers", "fewest_share_providers",
}  # fmt: skip


@pytest.fixture(scope="module")
def product() -> Product:
    whole = read_product(RCS)
    audiences = {"open": whole.file.audiences["open"]}
    return replace(
        whole,
        file=whole.file.model_copy(update={"audiences": audiences}),
        tables=tuple(table for table in whole.tables if table.name in TABLES),
    )


def corrected(services: list[Service], provider: str, by: int) -> list[Service]:
    """One provider's first cost is another one."""
    first = next(item for item in services if item[1] == provider)
    return [(*item[:4], item[4] + by) if item is first else item for item in services]


def lines(services: list[Service]) -> Iterable[dict[str, object]]:
    """Rows of the summary, reckoned by hand."""
    for of in sorted({item[0] for item in services}):
        own = [item for item in services if item[0] == of]
        whole = sum(item[4] for item in own)
        cuts = [("all", "all", own)]
        cuts += [("lead_partner", value, [item for item in own if item[2] == value])
                 for value in sorted({item[2] for item in own})]  # fmt: skip
        cuts += [("need_type", value, [item for item in own if item[3] == value])
                 for value in sorted({item[3] for item in own})]  # fmt: skip
        for by, value, held in cuts:
            gross = sum(item[4] for item in held)
            enough = len({item[1] for item in held})
            yield {
                "collection": of, "breakdown_by": by, "breakdown_value": value, "gross_actual": gross,
                "income": 0, "net_cost": gross, "share_of_spend": gross / whole, "prevention_share": 0.5,
                "evidence_share": 0.5, **dict.fromkeys(COUNTS, enough), "services": len(held),
                # By one breakdown a share is never told, as prevention by evidence rating.
                "prevention_providers": 0 if by == "lead_partner" else enough,
            }  # fmt: skip


def together(summary: Iterable[dict[str, object]]) -> Iterable[dict[str, object]]:
    rows = list(summary)
    whole = sum(int(str(row["gross_actual"])) for row in rows if row["breakdown_by"] == "all")
    for by, value in sorted({(str(row["breakdown_by"]), str(row["breakdown_value"])) for row in rows}):
        own = [row for row in rows if (row["breakdown_by"], row["breakdown_value"]) == (by, value)]
        gross = sum(int(str(row["gross_actual"])) for row in own)
        yield {
            "breakdown_by": by, "breakdown_value": value, "price_year": "2022-23", "gross_actual": gross,
            "share_of_spend": gross / whole, "prevention_share": 0.5, "evidence_share": 0.5,
            **dict.fromkeys(COUNTS, min(int(str(row["gross_providers"])) for row in own)),
            "fewest_share_providers": min(int(str(row["prevention_providers"])) for row in own),
        }  # fmt: skip


def candidate(folder: Path, services: list[Service], product: Product, *earlier: Given) -> Path:
    """A candidate of these services, protected by the real engine beside earlier releases."""
    folder.mkdir(parents=True)
    summary = list(lines(services))
    costs = [
        {"collection": row["collection"], "need_type": row["breakdown_value"], "evidence": "all",
         "cost_per_child": int(str(row["gross_actual"])) / 100, **dict.fromkeys(COUNTS, 5)}
        for row in summary if row["breakdown_by"] == "need_type"
    ]  # fmt: skip
    held = {
        "service_map_summary": summary, "service_map_programme": list(together(summary)),
        "service_map_contracts": [], "service_map_costs": costs,
    }  # fmt: skip
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema planning")
        connection.execute(
            "create table planning.map_amounts (collection varchar, breakdown_by varchar, breakdown_value"
            " varchar, measure varchar, margin varchar, provider varchar, amount hugeint)"
        )
        for place, by in ((2, "lead_partner"), (3, "need_type"), (None, "all")):
            connection.executemany(
                "insert into planning.map_amounts values (?, ?, ?, 'gross', 'all', ?, ?)",
                [
                    (item[0], by, "all" if place is None else item[place], item[1], item[4])
                    for item in services
                ],
            )
        connection.execute(
            "create table planning.service_map_shares (collection varchar, provider varchar, lead_partner"
            " varchar, need_type varchar, gross_pence bigint, level_of_support varchar default 'universal',"
            " evidence_rating varchar default 'effective', is_prevention boolean default true,"
            " is_evidenced boolean default true, weight bigint default 1)"
        )
        connection.executemany(
            "insert into planning.service_map_shares"
            " (collection, provider, lead_partner, need_type, gross_pence) values (?, ?, ?, ?, ?)",
            [item[:5] for item in services],
        )
        for table in product.tables:
            columns = ", ".join(f'"{item.name}" {SQL_TYPES[item.type]}' for item in table.columns)
            connection.execute(f"create table main.{table.name} ({columns})")
            for row in held[table.name]:
                filled = [row.get(item.name, "" if item.required else None) for item in table.columns]
                marks = ", ".join("?" * len(filled))
                connection.execute(f"insert into main.{table.name} values ({marks})", filled)
    protect(folder / "warehouse.duckdb", folder / "protected", product, earlier=earlier)
    return folder


def shown(folder: Path, table: str) -> dict[tuple[object, ...], dict[str, object]]:
    """The open file of a table, by its grain."""
    with duckdb.connect() as connection:
        found = connection.execute(f"select * from '{folder / 'protected/open' / table}.parquet'")
        names = [item[0] for item in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    grain = ("collection", "breakdown_by", "breakdown_value", "need_type", "evidence")
    return {tuple(row[item] for item in grain if item in row): row for row in rows}


def attacked(first: Path, second: Path) -> set[int]:
    """An attacker with both releases takes every open amount of one from that of the other."""
    found = set[int]()
    for table, column in (("service_map_summary", "gross_actual"), ("service_map_programme", "gross_actual")):
        then, now = shown(first, table), shown(second, table)
        for key in then.keys() & now.keys():
            one, other = then[key][column], now[key][column]
            if one is not None and other is not None:
                found.add(round(float(str(other)) - float(str(one))))
    for row in shown(second, "service_map_summary").values():
        if row["gross_actual"] is not None and row["share_of_spend"]:
            whole = float(str(row["gross_actual"])) / float(str(row["share_of_spend"]))
            kept = shown(first, "service_map_summary")[row["collection"], "all", "all"]["gross_actual"]
            found.add(round(whole - float(str(kept))))
    costs = (shown(first, "service_map_costs"), shown(second, "service_map_costs"))
    for key in costs[0].keys() & costs[1].keys():
        one, other = (part[key]["cost_per_child"] for part in costs)
        if one is not None and other is not None:
            found.add(round(100 * (float(str(other)) - float(str(one)))))
    return found - {0}


def money(folder: Path, product: Product, *earlier: Given) -> tuple[Outcome, str]:
    found = {item.check: item for item in audit(folder, product, earlier=earlier)}
    return found[CHECK].outcome, found[CHECK].message


def failed(folder: Path, product: Product, *earlier: Given) -> dict[str, str]:
    return {item.check: item.message for item in audit(folder, product, earlier=earlier)
            if item.outcome is not Outcome.PASS}  # fmt: skip


CHANGES = {
    "corrected": corrected(SERVICES, "a1", 512),
    "added": [*SERVICES, ("a", "new", "health", "youth_work", 512)],
    "removed": [item for item in SERVICES if item[1] != "a1" or item[2:4] != ("council", "youth_work")],
}


@pytest.mark.parametrize("what", CHANGES)
def test_no_providers_amount_is_the_difference_of_two_releases(
    tmp_path: Path, product: Product, what: str
) -> None:
    first = candidate(tmp_path / "one", SERVICES, product)
    release = given(first, "1.0.0")
    bare = candidate(tmp_path / "bare", CHANGES[what], product)
    assert {512, -1_011} & attacked(first, bare), "the attacker finds nothing, so nothing is tested"
    second = candidate(tmp_path / "two", CHANGES[what], product, release)
    assert attacked(first, second) == set()
    assert failed(second, product, release) == {}


@pytest.mark.parametrize("what", CHANGES)
def test_the_audit_refuses_what_was_not_protected_beside_the_earlier_release(
    tmp_path: Path, product: Product, what: str
) -> None:
    release = given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")
    bare = candidate(tmp_path / "bare", CHANGES[what], product)
    assert money(bare, product)[0] is Outcome.PASS
    outcome, says = money(bare, product, release)
    assert outcome is Outcome.FAIL
    assert "service_map_summary, a: " in says and "1.0.0" in says and "rcs build" in says
    assert "service_map_summary, b" not in says


def test_the_figures_of_the_release_before_stay_and_the_other_map_is_as_it_was(
    tmp_path: Path, product: Product
) -> None:
    first = candidate(tmp_path / "one", SERVICES, product)
    second = candidate(tmp_path / "two", CHANGES["corrected"], product, given(first, "1.0.0"))
    assert shown(first, "service_map_summary") == shown(second, "service_map_summary")
    assert shown(first, "service_map_costs") == shown(second, "service_map_costs")


def test_a_corrected_map_with_withheld_lines_is_given_again(tmp_path: Path, product: Product) -> None:
    """Of a map that keeps its figures nothing new is in sight: nothing is known of its withheld lines."""
    few = [
        ("a", "alone", "police", "youth_work", 400), ("a", "one", "nhs", "youth_work", 500),
        ("a", "other", "nhs", "youth_work", 600),
    ]  # fmt: skip
    first = candidate(tmp_path / "one", [*SERVICES, *few], product)
    assert shown(first, "service_map_summary")["a", "lead_partner", "police"]["gross_actual"] is None
    outcome, says = money(first, product)
    assert outcome is Outcome.PASS and "none of 0 withheld" not in says and "withheld" in says
    release = given(first, "1.0.0")
    second = candidate(tmp_path / "two", [*CHANGES["corrected"], *few], product, release)
    assert failed(second, product, release) == {}


def test_the_total_of_all_maps_stays_where_one_map_does(tmp_path: Path, product: Product) -> None:
    release = given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")
    later = [*CHANGES["corrected"], *((f"c{item[0]}", *item[1:]) for item in SERVICES if item[0] == "b")]
    second = candidate(tmp_path / "two", later, product, release)
    # The new map is in sight: with it and the other one, the corrected map's total would be what is left.
    assert shown(second, "service_map_summary")["cb", "all", "all"]["gross_actual"] is not None
    total = shown(second, "service_map_programme")["all", "all"]["gross_actual"]
    assert total == sum(item[4] for item in SERVICES)
    assert failed(second, product, release) == {}


def test_a_total_of_all_maps_that_is_made_anew_beside_a_kept_map_is_refused(
    tmp_path: Path, product: Product
) -> None:
    release = given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")
    second = candidate(tmp_path / "two", CHANGES["corrected"], product, release)
    bare = candidate(tmp_path / "bare", CHANGES["corrected"], product)
    for folder in ("protected", "afresh"):
        file = second / folder / "open/service_map_programme.parquet"
        file.write_bytes((bare / "protected/open/service_map_programme.parquet").read_bytes())
    outcome, says = money(second, product, release)
    assert outcome is Outcome.FAIL and "service_map_programme, all maps together" in says


def test_a_total_beside_lines_that_are_newly_withheld_is_refused(tmp_path: Path, product: Product) -> None:
    """Readers had no lines by leading partner: of the same maps they get none, nor their total."""
    first = candidate(tmp_path / "one", SERVICES, product)
    for table in ("service_map_summary", "service_map_programme"):
        file = first / f"protected/open/{table}.parquet"
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (from read_parquet('{file}') where breakdown_by <> 'lead_partner')"
                f" to '{file}.new' (format parquet)"
            )
        Path(f"{file}.new").replace(file)
    release = given(first, "1.0.0")
    second = candidate(tmp_path / "two", SERVICES, product, release)
    assert shown(second, "service_map_summary")["a", "lead_partner", "council"]["gross_actual"] is None
    assert money(second, product, release)[0] is Outcome.PASS
    bare = candidate(tmp_path / "bare", SERVICES, product)
    for folder in ("protected", "afresh"):
        file = second / folder / "open/service_map_programme.parquet"
        file.write_bytes((bare / "protected/open/service_map_programme.parquet").read_bytes())
    outcome, says = money(second, product, release)
    assert outcome is Outcome.FAIL and "service_map_programme, all maps together" in says


def test_new_maps_alone_are_shown_with_a_new_total(tmp_path: Path, product: Product) -> None:
    release = given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")
    later = [*SERVICES, *((f"c{item[0]}", *item[1:]) for item in SERVICES if item[0] == "b")]
    second = candidate(tmp_path / "two", later, product, release)
    total = shown(second, "service_map_programme")["all", "all"]["gross_actual"]
    assert total == sum(item[4] for item in later)
    assert failed(second, product, release) == {}
    assert held_back(second, product) == ()


def test_a_line_that_is_new_in_a_map_given_before_is_withheld(tmp_path: Path, product: Product) -> None:
    release = given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")
    later = [*SERVICES, *(("a", f"n{who}", "police", "youth_work", 700) for who in range(4))]
    second = candidate(tmp_path / "two", later, product, release)
    row = shown(second, "service_map_summary")["a", "lead_partner", "police"]
    assert (row["gross_actual"], row["symbol"], row["services"]) == (None, "c", 4)
    assert failed(second, product, release) == {}


def test_a_withdrawn_release_is_beside_as_well_and_nothing_is_kept_from_it(
    tmp_path: Path, product: Product
) -> None:
    first = candidate(tmp_path / "one", SERVICES, product)
    withdrawn = given(first, "1.0.0", stands=False)
    second = candidate(tmp_path / "two", CHANGES["corrected"], product, withdrawn)
    row = shown(second, "service_map_summary")["a", "all", "all"]
    assert (row["gross_actual"], row["share_of_spend"], row["symbol"]) == (None, None, "c")
    assert attacked(first, second) == set()
    assert failed(second, product, withdrawn) == {}


def test_a_third_release_is_beside_both_and_the_old_amounts_may_come_back(
    tmp_path: Path, product: Product
) -> None:
    first = candidate(tmp_path / "one", SERVICES, product)
    releases = [given(first, "1.0.0")]
    second = candidate(tmp_path / "two", CHANGES["added"], product, *releases)
    releases.append(given(second, "1.0.1"))
    third = candidate(tmp_path / "three", CHANGES["corrected"], product, *releases)
    assert attacked(first, third) == attacked(second, third) == set()
    assert failed(third, product, *releases) == {}
    fourth = candidate(tmp_path / "four", SERVICES, product, *releases)
    assert held_back(fourth, product) == () and failed(fourth, product, *releases) == {}


@pytest.fixture
def decided(product: Product) -> Product:
    """The product with a decision: of map `a` nothing up to release 1.0.0 is held against its amounts."""
    decision = CorrectedMap(
        collection="a", up_to="1.0.0", reason="Eight providers sent other costs.", owner="The economist"
    )
    return replace(product, file=product.file.model_copy(update={"corrected_maps": (decision,)}))


def test_a_map_is_given_anew_where_somebody_decided_so_by_name(
    tmp_path: Path, product: Product, decided: Product
) -> None:
    release = given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")
    second = candidate(tmp_path / "two", CHANGES["corrected"], decided, release)
    bare = candidate(tmp_path / "bare", CHANGES["corrected"], product)
    for table in ("service_map_summary", "service_map_programme", "service_map_costs"):
        assert shown(second, table) == shown(bare, table)
    assert held_back(second, decided) == () and failed(second, decided, release) == {}
    assert "by decision (`corrected_maps`): a (up to 1.0.0)" in money(second, decided, release)[1]
    assert money(second, product, release)[0] is Outcome.FAIL


def test_a_decision_is_about_one_map(tmp_path: Path, product: Product, decided: Product) -> None:
    first = candidate(tmp_path / "one", SERVICES, product)
    release = given(first, "1.0.0")
    both = corrected(CHANGES["corrected"], "b1", 256)
    second = candidate(tmp_path / "two", both, decided, release)
    then, now = shown(first, "service_map_summary"), shown(second, "service_map_summary")
    assert {key[0] for key in then if then[key]["gross_actual"] != now[key]["gross_actual"]} == {"a"}
    assert shown(first, "service_map_programme") == shown(second, "service_map_programme")
    assert failed(second, decided, release) == {}
    bare = candidate(tmp_path / "bare", both, decided)
    outcome, says = money(bare, decided, release)
    assert outcome is Outcome.FAIL
    assert "service_map_summary, b: " in says and "service_map_summary, a" not in says


def test_a_decision_is_about_one_correction(tmp_path: Path, product: Product, decided: Product) -> None:
    releases = [given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")]
    second = candidate(tmp_path / "two", CHANGES["corrected"], decided, *releases)
    releases.append(given(second, "1.0.1"))
    third = candidate(tmp_path / "three", CHANGES["added"], decided, *releases)
    now, later = (
        {key: row["gross_actual"] for key, row in shown(item, "service_map_summary").items()}
        for item in (second, third)
    )
    assert now == later
    assert attacked(second, third) == set()
    assert failed(third, decided, *releases) == {}
    bare = candidate(tmp_path / "bare", CHANGES["added"], decided)
    assert money(bare, decided, *releases)[0] is Outcome.FAIL


def test_the_plan_names_the_rows_that_keep_their_amounts(tmp_path: Path, product: Product) -> None:
    release = given(candidate(tmp_path / "one", SERVICES, product), "1.0.0")
    second = candidate(tmp_path / "two", CHANGES["corrected"], product, release)
    found = {item.table: item for item in held_back(second, product)}
    summary = found["service_map_summary"]
    assert (summary.since, summary.hidden) == ("1.0.0", 0)
    assert {"collection": "a", "breakdown_by": "all", "breakdown_value": "all"} in summary.keys
    assert all(key["collection"] == "a" for key in summary.keys)
    assert set(found) == {"service_map_summary", "service_map_programme", "service_map_costs"}
    row = {"collection": "a", "breakdown_by": "all", "breakdown_value": "all"}
    (seen,) = shown_to(second, product, product.table("service_map_summary"), row)
    assert seen.state == "kept"
    assert seen.reasons == (
        "the figures of 1.0.0: the amounts of this map were given before, and are other ones today",
    )


def test_the_same_map_again_gives_the_same_bytes(tmp_path: Path, product: Product) -> None:
    first = candidate(tmp_path / "one", SERVICES, product)
    second = candidate(tmp_path / "two", SERVICES, product, given(first, "1.0.0"))
    assert not (second / "afresh").exists()
    for table in TABLES:
        one, other = (folder / f"protected/open/{table}.parquet" for folder in (first, second))
        assert one.read_bytes() == other.read_bytes()


def without(folder: Path, table: str, column: str) -> Path:
    """The candidate as it would be if its contract did not have the column yet."""
    file = folder / "protected" / "open" / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table held as select * exclude ({column}) from '{file}'")
        connection.execute(f"copy held to '{file}' (format parquet)")
    return folder


def test_a_column_that_is_new_in_the_contract_is_shown_where_the_map_is_as_it_was(
    tmp_path: Path, product: Product
) -> None:
    first = without(candidate(tmp_path / "one", SERVICES, product), "service_map_summary", "net_cost")
    release = given(first, "1.0.0")
    second = candidate(tmp_path / "two", SERVICES, product, release)
    row = shown(second, "service_map_summary")["a", "all", "all"]
    assert row["net_cost"] == row["gross_actual"] is not None
    assert failed(second, product, release) == {}
    assert held_back(second, product) == ()


@pytest.mark.parametrize("what", CHANGES)
def test_of_a_map_that_keeps_its_amounts_a_new_column_says_nothing(
    tmp_path: Path, product: Product, what: str
) -> None:
    """With nothing earned the net cost is the gross one: less what a reader kept, it is one provider's."""
    first = without(candidate(tmp_path / "one", SERVICES, product), "service_map_summary", "net_cost")
    release = given(first, "1.0.0")
    second = candidate(tmp_path / "two", CHANGES[what], product, release)
    then, now = shown(first, "service_map_summary"), shown(second, "service_map_summary")
    for key, row in then.items():
        assert now[key]["gross_actual"] == row["gross_actual"] is not None
        assert (now[key]["net_cost"] is None) is (key[0] == "a")
    assert attacked(first, second) == set()
    assert failed(second, product, release) == {}


@pytest.mark.parametrize("stands", [True, False])
def test_a_new_column_beside_amounts_that_were_other_ones_is_refused(
    tmp_path: Path, product: Product, stands: bool
) -> None:
    """Kept amounts stand beside it. Those of a withdrawn release are withheld, but readers have them."""
    first = without(candidate(tmp_path / "one", SERVICES, product), "service_map_summary", "net_cost")
    release = given(first, "1.0.0", stands=stands)
    second = candidate(tmp_path / "two", CHANGES["corrected"], product, release)
    file = "service_map_summary.parquet"
    fresh = tmp_path / "bare" / "protected" / "open" / file
    candidate(tmp_path / "bare", CHANGES["corrected"], product)
    for kept in filter(Path.is_file, (second / folder / "open" / file for folder in ("protected", "afresh"))):
        with duckdb.connect() as connection:
            connection.execute(
                "create table held as select kept.* replace (fresh.net_cost as net_cost)"
                f" from '{kept}' as kept inner join '{fresh}' as fresh"
                " using (collection, breakdown_by, breakdown_value)"
            )
            connection.execute(f"copy held to '{kept}' (format parquet)")
    outcome, says = money(second, product, release)
    assert outcome is Outcome.FAIL and "service_map_summary, a: " in says
    assert "service_map_summary, b" not in says
