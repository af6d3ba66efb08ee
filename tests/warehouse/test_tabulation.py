"""The same pupils under two policies: what is tabulated, flagged and corrected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml

from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER, load_catalogue
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.gate.consistency import judge
from rcs_pipeline.ledger.records import Outcome
from rcs_pipeline.warehouse.build import Building, build_warehouse
from rcs_pipeline.warehouse.explain.by_hand import Cluster, calculate
from rcs_pipeline.warehouse.tabulation import whole_clusters
from tests.warehouse import lakes

KEY = "indicator_id, instrument, wave, geography_level, geography_code, group_by, group_value"
PAIRS = (
    f"loose.main.indicator_estimates as loose join strict.main.indicator_estimates as strict using ({KEY})"
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Building:
    """The small programme under another policy: more degrees of freedom, fewer pupils, this roll only."""
    folder = tmp_path_factory.mktemp("strict")
    contracts = folder / "contracts"
    theirs, mine = DEFAULT_FOLDER / "products" / "rcs", contracts / "products" / "strict"
    mine.mkdir(parents=True)
    given = yaml.safe_load((theirs / "product.yaml").read_text(encoding="utf-8"))
    product = given | {
        "id": "strict",
        "finite_population": "standard",
        "tabulations": [
            {**item, "groups": ["all", "sex", "stage", "urban_rural", "sex+stage"]}
            for item in given["tabulations"]
        ],
        "reliability": {
            "minimum_effective_base": 10,
            "minimum_degrees_of_freedom": 3,
            "schools_for_error": 10,
            "pupils_for_error": 4.5,
        },
    }
    del product["consumers"]
    (mine / "product.yaml").write_text(yaml.safe_dump(product, sort_keys=False), encoding="utf-8")
    for table in ("indicators", "indicator_estimates"):
        text = (theirs / f"{table}.odcs.yaml").read_text(encoding="utf-8")
        contract = yaml.safe_load(text) | {"id": f"strict.product.{table}", "dataProduct": "strict"}
        for custom in contract["schema"][0]["customProperties"]:
            custom["value"].get("linked", {}).pop("weighted", None)  # there is no table `weighting`
        (mine / f"{table}.odcs.yaml").write_text(yaml.safe_dump(contract, sort_keys=False), encoding="utf-8")
    space = lakes.workspace(folder / "home", contracts)
    lakes.programme(space, pupils_per_school=200, schools={"wellbeing_primary": 4, "wellbeing_secondary": 3})
    return build_warehouse(space, "strict")


@pytest.fixture
def both(programme: Building, strict: Building) -> Iterator[duckdb.DuckDBPyConnection]:
    """`loose` and `strict` estimates of the same pupils, both to be read."""
    with duckdb.connect() as connection:
        for name, building in (("loose", programme), ("strict", strict)):
            connection.execute(f"attach '{building.database}' as {name} (read_only)")
        yield connection


def counted(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"select count(*) from ({query})").fetchone()
    assert row is not None
    return int(row[0])


def test_every_place_and_group_of_the_product_has_estimates(marts: duckdb.DuckDBPyConnection) -> None:
    found = marts.execute("select distinct instrument, geography_level, group_by from every_estimate")
    wanted = {
        (tabulation.instrument, level.value, group)
        for tabulation in load_catalogue().product("rcs").file.tabulations
        for level in tabulation.geographies
        for group in tabulation.groups
    }
    assert set(found.fetchall()) == wanted
    assert len(wanted) == 2 * 5 * 9


def test_a_learning_community_is_called_by_its_name(marts: duckdb.DuckDBPyConnection) -> None:
    names = marts.execute(
        "select distinct geography_name from local_estimates where geography_level = 'learning_community'"
    ).fetchall()
    assert {name for (name,) in names} == {"Community 0", "Community 1"}


def test_no_correction_is_made_unless_the_product_says_so(both: duckdb.DuckDBPyConnection) -> None:
    assert both.execute(
        "select distinct finite_population from loose.main.indicator_estimates"
    ).fetchall() == [("none",)]
    assert both.execute(
        "select distinct finite_population from strict.main.indicator_estimates"
    ).fetchall() == [("standard",)]


def test_a_finite_population_makes_errors_smaller_by_its_factor(both: duckdb.DuckDBPyConnection) -> None:
    factor = """case when strict.weighted_base >= strict.base and strict.weighted_base > 1
        then sqrt((strict.weighted_base - strict.base) / (strict.weighted_base - 1)) else 1 end"""
    moved = (
        f"select 1 from {PAIRS} where abs(strict.standard_error - loose.standard_error * {factor}) > 1e-12"
    )
    assert counted(both, f"select 1 from {PAIRS} where {factor} < 0.9 and loose.standard_error > 0") > 1000
    assert counted(both, moved) == 0
    same = "loose.estimate = strict.estimate and loose.base = strict.base"
    assert counted(both, f"select 1 from {PAIRS} where not ({same})") == 0


def test_a_finite_population_makes_no_interval_wider_and_none_without_its_estimate(
    both: duckdb.DuckDBPyConnection,
) -> None:
    wider = "strict.lower < loose.lower - 1e-12 or strict.upper > loose.upper + 1e-12"
    without = "strict.estimate < strict.lower - 1e-12 or strict.estimate > strict.upper + 1e-12"
    assert counted(both, f"select 1 from {PAIRS} where {wider}") == 0
    assert counted(both, f"select 1 from {PAIRS} where {without}") == 0
    narrower = "strict.upper - strict.lower < 0.999 * (loose.upper - loose.lower)"
    assert counted(both, f"select 1 from {PAIRS} where {narrower}") > 1000


@pytest.mark.parametrize(("name", "base", "degrees"), [("loose", 30, 2), ("strict", 10, 3)])
def test_the_flag_follows_the_policy_and_spares_a_school_its_degrees_of_freedom(
    both: duckdb.DuckDBPyConnection, name: str, base: int, degrees: int
) -> None:
    small = f"""effective_base < {base}
        or (geography_level <> 'school' and degrees_of_freedom < {degrees})"""
    table = f"{name}.main.indicator_estimates"
    assert counted(both, f"from {table} where (quality_flag is not distinct from 'u') <> ({small})") == 0
    assert counted(both, f"from {table} where geography_level = 'cpp' and quality_flag = 'u'") > 0
    assert counted(both, f"from {table} where geography_level = 'cpp' and quality_flag is null") > 0
    if name == "strict":
        assert counted(both, f"from {table} where geography_level = 'school' and quality_flag is null") > 0


def test_the_gate_knows_the_correction(strict: Building) -> None:
    protect(strict.database, strict.protected, strict.product)
    verdicts = judge(strict.folder, strict.product, load_catalogue())
    assert [verdict.outcome for verdict in verdicts] == [Outcome.PASS] * len(verdicts)
    assert verdicts


def test_a_hand_calculation_of_one_school_is_corrected_as_the_table_is() -> None:
    """16 of 20 answered, 4 of them yes: sqrt((20 - 16) / 19) of the error of 16."""
    school = Cluster("c", "s", "1", 16, 4.0, 20.0, 5.0, 5.0, 25.0)
    plain = calculate([school], {("c", "s"): 1}, is_mean=False)
    corrected = calculate([school], {("c", "s"): 1}, is_mean=False, finite_population=True)
    assert plain and corrected and plain.standard_error and corrected.standard_error
    assert plain.standard_error == pytest.approx((0.25 * 0.75 / 16) ** 0.5, abs=1e-12)
    assert corrected.standard_error == pytest.approx(plain.standard_error * (4 / 19) ** 0.5, abs=1e-12)
    assert corrected.lower is not None and plain.lower is not None and corrected.lower > plain.lower


def test_clusters_are_whole_where_nothing_finer_is_summed() -> None:
    secondary = load_catalogue().deliveries["wellbeing_secondary"]
    assert not whole_clusters(secondary)  # a school may lie in two communities
    assert secondary.survey is not None
    alone = secondary.survey.model_copy(update={"learning_community": None})
    options = secondary.options.model_copy(update={"survey": alone})
    assert whole_clusters(replace(secondary, options=options))
    split = options.model_copy(update={"survey": alone.model_copy(update={"cluster": "cpp_code"})})
    assert not whole_clusters(replace(secondary, options=split))


def test_schools_alone_stand_in_the_view_as_in_one_table(
    both: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """No level of this view has clusters as the units of its variance: there are no communities in it."""
    theirs, mine = DEFAULT_FOLDER / "products" / "rcs", tmp_path / "contracts" / "products" / "alone"
    mine.mkdir(parents=True)
    given = yaml.safe_load((theirs / "product.yaml").read_text(encoding="utf-8"))
    product = given | {
        "id": "alone",
        "tabulations": [
            {**item, "geographies": ["cpp", "school"], "groups": ["all", "sex"]}
            for item in given["tabulations"]
        ],
        "reliability": {
            "minimum_effective_base": 10,
            "minimum_degrees_of_freedom": 3,
            "schools_for_error": 10,
            "pupils_for_error": 4.5,
        },
        "finite_population": "standard",
    }
    del product["consumers"]
    (mine / "product.yaml").write_text(yaml.safe_dump(product, sort_keys=False), encoding="utf-8")
    for table in ("indicators", "indicator_estimates", "local_estimates"):
        text = (theirs / f"{table}.odcs.yaml").read_text(encoding="utf-8")
        contract = yaml.safe_load(text) | {"id": f"alone.product.{table}", "dataProduct": "alone"}
        for custom in contract["schema"][0]["customProperties"]:
            custom["value"].get("linked", {}).pop("weighted", None)
        (mine / f"{table}.odcs.yaml").write_text(yaml.safe_dump(contract, sort_keys=False), encoding="utf-8")
    space = lakes.workspace(tmp_path / "home", tmp_path / "contracts")
    schools = {"wellbeing_primary": 4, "wellbeing_secondary": 3}
    lakes.programme(space, pupils_per_school=200, schools=schools)
    building = build_warehouse(space, "alone")
    columns = f"{KEY}, estimate, standard_error, lower, upper, base, quality_flag, comparator, comparison"
    with duckdb.connect(str(building.database), read_only=True) as connection:
        rows = connection.execute(f"select {columns} from local_estimates order by all").fetchall()
        above = connection.execute("select distinct geography_level from indicator_estimates").fetchall()
    of_one_table = both.execute(
        f"select {columns} from strict.main.indicator_estimates"
        " where geography_level = 'school' and group_by in ('all', 'sex') order by all"
    ).fetchall()
    assert above == [("cpp",)]
    assert len(rows) > 1_000
    assert rows == of_one_table
