"""Every estimate has to agree with itself, and groups with everybody, before anything may be published."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.gate import consistency, required
from rcs_pipeline.gate.consistency_rules import RULES
from rcs_pipeline.ledger.records import Outcome, Verdict
from rcs_pipeline.warehouse.explain.by_hand import Cluster, calculate
from tests.gate.small import small_product

TABLE, LOCAL = "indicator_estimates", "local_estimates"
COLUMNS = (
    "base", "numerator", "weighted_base", "estimate", "standard_error", "lower", "upper", "design_effect",
    "effective_base", "degrees_of_freedom", "variance_method",
)  # fmt: skip
# Groups of pupils by sex: schools, pupils in each, those counted in each; of all, of girls, of boys.
SHARES = {
    ("all", "all"): ((40, 12), (60, 22), (50, 9), (70, 31)),
    ("sex", "female"): ((20, 5), (30, 10), (25, 4), (35, 15)),
    ("sex", "male"): ((20, 7), (30, 12), (25, 5), (35, 16)),
}


def row(
    indicator: str, place: str, group: tuple[str, str], *, is_mean: bool, schools: int
) -> dict[str, object]:
    """A row of the table, made from schools whose pupils all weigh one and a half."""
    w = 1.5
    clusters = [
        Cluster("c", "s", str(number), n, x, n * w, x * w, x * w * (2 if is_mean else 1), n * w * w)
        for number, (n, x) in enumerate(SHARES[group][:schools])
    ]
    made = calculate(clusters, {("c", "s"): schools}, is_mean=is_mean)
    assert made is not None
    level = "programme" if place == "rcs" else "cpp"
    return {
        "indicator_id": indicator, "instrument": "primary", "wave": "rcs-1", "geography_level": level,
        "geography_code": place, "geography_name": place, "group_by": group[0], "group_value": group[1],
        # What is made of four schools stands for what is made of more: one of few borrows its error.
        "collected": "2015-16", "schools": 12 if schools > 1 else 3,
        "schools_apart": None if is_mean else made.cluster_variance ** 0.5 * made.base,
        **{name: getattr(made, name) for name in COLUMNS},
    }  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    """A candidate's folder with shares and means, of many schools and of one."""
    folder = tmp_path_factory.mktemp("consistent")
    table = catalogue.product("rcs").table(TABLE)
    types = {"string": "varchar", "integer": "integer", "number": "double"}
    rows = [
        row(f"i{schools}{'m' if is_mean else ''}", place, group, is_mean=is_mean, schools=schools)
        for schools in (4, 1)
        for is_mean in (False, True)
        for place in ("rcs", "S12000005")
        for group in SHARES
    ]
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        columns = ", ".join(f"{item.name} {types[item.type.value]}" for item in table.columns)
        connection.execute(f"create table {TABLE} ({columns})")
        for values in rows:
            marks = ", ".join("?" * len(values))
            connection.execute(
                f"insert into {TABLE} ({', '.join(values)}) values ({marks})", list(values.values())
            )
        for other in catalogue.product("rcs").tables:
            if other.name != TABLE:
                kinds = {**types, "date": "date", "boolean": "boolean"}
                listed = ", ".join(f"{item.name} {kinds[item.type.value]}" for item in other.columns)
                connection.execute(f"create table {other.name} ({listed})")
    protect(folder / "warehouse.duckdb", folder / "protected", catalogue.product("rcs"))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it to spoil."""
    shutil.copytree(made, tmp_path / "spoilt")
    yield tmp_path / "spoilt"


@pytest.fixture(scope="module")
def own(made: Path, catalogue: Catalogue) -> Iterator[duckdb.DuckDBPyConnection]:
    """Its table alone, to spoil row after row."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{made / 'warehouse.duckdb'}' as made (read_only)")
        connection.execute(f"create table spoilt as select * from made.main.{TABLE}")
        consistency._t_points(connection, "spoilt", catalogue.product("rcs").table(TABLE))
        yield connection


def judged(folder: Path, catalogue: Catalogue) -> Verdict:
    verdicts = consistency.judge(folder, catalogue.product("rcs"), catalogue)
    return next(item for item in verdicts if item.location == TABLE)


def test_estimates_made_by_hand_are_consistent(made: Path, catalogue: Catalogue) -> None:
    verdict = judged(made, catalogue)
    assert (verdict.check, verdict.outcome) == (f"consistency.{TABLE}", Outcome.PASS), verdict.message
    assert verdict.message.startswith("24 estimates")


def test_what_was_looked_at_ahead_gives_the_verdict_of_looking_now(
    folder: Path, catalogue: Catalogue
) -> None:
    product, warehouse = catalogue.product("rcs"), folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"update {TABLE} set base = base + 1 where indicator_id = 'i1'")
    ahead = consistency.look_at_own(warehouse, product, catalogue)
    assert ahead[TABLE][1]
    assert judged(folder, catalogue) in consistency.judge(folder, product, catalogue, ahead)
    verdict, _ = consistency.judge(folder, product, catalogue, {TABLE: (24, ["what was seen ahead"])})
    assert (verdict.outcome, verdict.message) == (Outcome.FAIL, "what was seen ahead")


def test_what_cannot_be_read_ahead_is_left_to_the_verdict(folder: Path, catalogue: Catalogue) -> None:
    product, warehouse = catalogue.product("rcs"), folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"alter table {TABLE} drop column base")
    ahead = consistency.look_at_own(warehouse, product, catalogue)
    assert ahead == {LOCAL: (0, ["0 rows where there should be 1 or more"])}
    verdict, _ = consistency.judge(folder, product, catalogue, ahead)
    assert verdict.outcome is Outcome.ERROR
    warehouse.write_bytes(b"no warehouse")
    assert consistency.look_at_own(warehouse, product, catalogue) == {}


# A change of one row, and the estimates that it spoils: shares and means (m), of four schools and of one.
EVERY = ("i4", "i4m", "i1", "i1m")
SPOILT = {
    "base = base + 1": EVERY, "base = null": EVERY, "numerator = base + 1": ("i4", "i1"),
    "numerator = numerator + 300": ("i4", "i1"), "numerator = 0": ("i4", "i1"), "weighted_base = 0": EVERY,
    "weighted_base = weighted_base * 1.01": EVERY, "estimate = estimate + 1e-5": EVERY,
    "estimate = -1": EVERY, "estimate = 2": EVERY, "estimate = null": EVERY,
    "standard_error = standard_error * 1.01": ("i4", "i4m"), "standard_error = null": EVERY,
    "standard_error = -1": EVERY, "schools_apart = schools_apart * 1.01": ("i4",),
    "schools_apart = null": ("i4",), "lower = lower - 1e-5": EVERY, "upper = upper + 1e-5": EVERY,
    "lower = null": EVERY, "upper = null": EVERY, "lower = upper + 1": EVERY,
    "effective_base = effective_base * 0.99": EVERY, "effective_base = base * 2": EVERY,
    "design_effect = design_effect * 1.01": EVERY, "design_effect = null": EVERY,
    "degrees_of_freedom = degrees_of_freedom + 2": EVERY, "symbol = 'x'": EVERY,
    "variance_method = if(variance_method = 'pupil', 'cluster', 'pupil')": EVERY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "indicator"), [(change, item) for change, items in SPOILT.items() for item in items]
)
def test_a_row_spoilt_in_any_column_is_found(
    own: duckdb.DuckDBPyConnection, catalogue: Catalogue, change: str, indicator: str
) -> None:
    table = catalogue.product("rcs").table(TABLE)
    own.execute("begin")
    own.execute(
        f"update spoilt set {change} where indicator_id = '{indicator}' and geography_code = 'rcs'"
        " and group_value = 'all'"
    )
    _, found = consistency._rows(own, "spoilt", table, tuple(item.name for item in table.columns))
    found += consistency._groups(own, "spoilt", table, {"primary": ("sex",)})
    own.execute("rollback")
    assert found


def test_weights_that_hardly_differ_are_no_contradiction(own: duckdb.DuckDBPyConnection) -> None:
    """Their squares are rounded, and the share is off by a little more than the design effect admits."""
    own.execute("begin")
    own.execute(
        "update spoilt set base = 2, numerator = 1, estimate = 0.4999887847165858,"
        " design_effect = 1.0000000003132938 where indicator_id = 'i1' and group_value = 'all'"
    )
    rule = next(item for item in RULES if "weights can take it" in item.says)
    broken = own.execute(f"select count(*) from spoilt where {rule.broken}").fetchone()
    own.execute("update spoilt set estimate = estimate + 1e-4 where indicator_id = 'i1'")
    beyond = own.execute(f"select count(*) from spoilt where {rule.broken}").fetchone()
    own.execute("rollback")
    assert broken == (0,) and beyond is not None and beyond[0] > 0


def test_what_an_audience_gets_is_judged_too(folder: Path, catalogue: Catalogue) -> None:
    file = folder / "protected" / "open" / f"{TABLE}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table held as select * from '{file}'")
        connection.execute("update held set symbol = 'c' where indicator_id = 'i4'")
        connection.execute(f"copy held to '{file}' (format parquet)")
    assert "open: 6 row(s) where a number stands beside a symbol" in judged(folder, catalogue).message


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ("estimate = estimate + 0.1234", "`estimate` has more digits than the policy"),
        ("lower = lower - 0.05", "`lower` is not the candidate's, rounded"),
        ("weighted_base = weighted_base + 1", "`weighted_base` has more digits than the policy"),
    ],
)
def test_what_an_audience_gets_is_the_candidates_figure_rounded(
    folder: Path, catalogue: Catalogue, spoilt: str, says: str
) -> None:
    file = folder / "protected" / "open" / f"{TABLE}.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table held as select * from '{file}'")
        connection.execute(f"update held set {spoilt} where indicator_id = 'i4'")
        connection.execute(f"copy held to '{file}' (format parquet)")
    found = judged(folder, catalogue)
    assert found.outcome is Outcome.FAIL
    assert says in found.message


def test_a_group_that_lost_pupils_is_found(folder: Path, catalogue: Catalogue) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"delete from {TABLE} where group_value = 'male' and indicator_id = 'i4'")
    assert "2 place(s) where groups that leave nobody out hold less" in judged(folder, catalogue).message


def test_a_group_that_counts_pupils_twice_is_found(folder: Path, catalogue: Catalogue) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            f"insert into {TABLE} select * replace ('other' as group_value) from {TABLE}"
            " where group_value = 'male' and indicator_id = 'i1'"
        )
    assert "2 place(s) where groups hold more than everybody" in judged(folder, catalogue).message


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        ("true", None),
        ("geography_name = null", "`geography_name` is empty"),
        ("geography_level = 'cpp'", "`geography_level` is none of its codes"),
        ("degrees_of_freedom = -1", "`degrees_of_freedom` is not >= 0"),
        ("lower = upper + 1", "a limit"),
        ("group_value = 'female'", "2 key(s) that several rows have"),
        ("base = base + 1", "groups that leave nobody out hold less"),
        ("base = 0", "nobody answered"),
        ("estimate = null, numerator = null", "there is no estimate"),
        ("comparator = estimate", "`comparison` says that there is something"),
        ("comparator = estimate, comparison = 'higher'", "`comparison` does not follow from the interval"),
        ("comparator = estimate + 1, comparison = 'higher'", "`comparison` names the wrong side"),
    ],
)
def test_estimates_that_are_made_when_they_are_read_are_held_against_their_contract(
    folder: Path, catalogue: Catalogue, spoilt: str, says: str | None
) -> None:
    columns = ", ".join(item.name for item in catalogue.product("rcs").table(LOCAL).columns)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"drop table {LOCAL}")
        connection.execute(
            f"create table behind as select {columns} from {TABLE} where indicator_id like 'i4%'"
        )
        connection.execute(
            "update behind set geography_level = 'school', finite_population = 'none',"
            " comparison = 'cannot_compare'"
        )
        if says:
            group = "male" if "group_value" in spoilt else "all"
            connection.execute(
                f"update behind set {spoilt} where group_value = '{group}' and geography_code = 'rcs'"
            )
        connection.execute(f"create view {LOCAL} as from behind")
    verdicts = consistency.judge(folder, catalogue.product("rcs"), catalogue)
    found = next(item for item in verdicts if item.location == LOCAL)
    assert found.outcome is (Outcome.FAIL if says else Outcome.PASS), found.message
    assert (says or "12 estimates agree") in found.message


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("* exclude (base)", "found no other, promised base integer"),
        ("*, 1 as odd", "found odd integer, promised no other"),
        ("* replace (cast(base as varchar) as base)", "found base varchar, promised base integer"),
    ],
)
def test_other_columns_than_the_contract_has_are_found_where_dbt_does_not_look(
    folder: Path, catalogue: Catalogue, columns: str, says: str
) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"alter table {LOCAL} rename to behind")
        connection.execute(f"create view {LOCAL} as select {columns} from behind")
    verdicts = consistency.judge(folder, catalogue.product("rcs"), catalogue)
    found = next(item for item in verdicts if item.location == LOCAL)
    assert (found.outcome, says in found.message) == (Outcome.FAIL, True), found.message


def test_no_group_that_is_published_leaves_anybody_out(catalogue: Catalogue) -> None:
    """Everybody less the groups would be the answers of those whose group is not known."""
    product = catalogue.product("rcs")
    found = consistency._exhaustive(product, catalogue)
    assert {"sex", "simd_quintile", "additional_needs"} <= set(found["primary"])
    for tabulation in product.file.tabulations:
        # Whoever is of another stage is not of the survey.
        groups = {group for group in tabulation.groups if "stage" not in group} - {"all"}
        assert groups <= {*found[tabulation.instrument]}, tabulation.instrument


def test_without_the_table_or_the_file_nothing_passes(folder: Path, catalogue: Catalogue) -> None:
    (folder / "protected" / "open" / f"{TABLE}.parquet").unlink()
    assert judged(folder, catalogue).outcome is Outcome.ERROR
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(f"drop table {TABLE}")
    assert judged(folder, catalogue).outcome is Outcome.FAIL
    (folder / "warehouse.duckdb").unlink()
    assert judged(folder, catalogue).outcome is Outcome.ERROR


def test_every_table_of_estimates_needs_its_verdict(catalogue: Catalogue) -> None:
    assert consistency.required(catalogue.product("rcs")) == (f"consistency.{TABLE}", f"consistency.{LOCAL}")
    assert consistency.required(small_product()) == ("consistency.estimates",)
    assert set(consistency.required(small_product())) <= set(required.from_contracts(small_product()))
