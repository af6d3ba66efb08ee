"""A mistake in a contract is a sentence, and never switches a rule off in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER, load_catalogue
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.scenario import Scenario
from rcs_pipeline.contracts.yaml_files import parse
from tests.planning.small import content, move

PRIMARY = "deliveries/wellbeing_primary.odcs.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "data_contracts"))


def break_it(folder: Path, file: str, old: str, new: str) -> str:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_catalogue(base=folder)
    return str(caught.value)


def test_the_projects_own_contracts_load(folder: Path) -> None:
    catalogue = load_catalogue(base=folder)
    assert set(catalogue.deliveries) == {
        "wellbeing_primary", "wellbeing_secondary", "service_map", "school_roll", "school_statistics",
    }  # fmt: skip
    assert {table.name for table in catalogue.product("rcs").tables} == {
        "indicator_estimates", "local_estimates", "school_cells",
        "response_rates", "service_map_summary", "indicators", "collections",
        "item_response", "survey_quality", "scale_reliability", "school_figures",
        "indicator_comparisons", "indicator_trends", "cpp_ranks", "similar_cpps", "inequality",
        "weighting",
        "need_and_provision",
        "service_map_costs", "service_map_contracts", "service_map_overlaps", "service_map_programme",
    }  # fmt: skip
    assert len(catalogue.register.cpps) == 8


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (PRIMARY, "tolerance: 0.1", "tolerence: 0.1", "tolerence"),
        (PRIMARY, "required: true", "requried: true", "requried"),
        (PRIMARY, "tolerance: 0.1", "tolerance: 0.1\n          tolerance: 0.2", "stands twice"),
        (PRIMARY, "code_list: agree5", "code_list: agree6", "agree6"),
        (PRIMARY, "severity: reject_row", "severity: reject", "reject"),
        (PRIMARY, "engine: rcs", "engine: soda", "engine rcs"),
        (PRIMARY, "id: RCS-P102", "id: RCS-P101", "share an id"),
        (PRIMARY, "dataset: school_statistics", "dataset: school_statistic", "`school_statistics`?"),
        (PRIMARY, "agree: {cpp_code: council}", "agree: {cpp_code: councils}", "councils"),
        (PRIMARY, "columns: [completed_on]", "columns: [completed]", "completed"),
        (PRIMARY, "suppliers: [scotcen]", "suppliers: [scotsen]", "scotsen"),
        (PRIMARY, "aliases: [seed_code]", "aliases: [cpp_code]", "stand for two columns"),
        (PRIMARY, "order: [stage, sex, cpp_code]", "order: [stage, sex]", "each of the `cells` once"),
        (PRIMARY, "minimum_respondents: 10", "minimum_respondent: 10", "minimum_respondent"),
        (PRIMARY, "column: simd_quintile", "column: simd_version", "Nobody can be raked to `simd_version`"),
        (PRIMARY, "{1: simd_q1_share, ", "{", "a share for each of its codes"),
        (
            "products/rcs/product.yaml",
            "tabulations:",
            "tabulations:\n  - {instrument: primary, geographies: [], groups: [], weighting: unweighted}",
            "make two products of it",
        ),
        (PRIMARY, "stratum: cpp_code", "stratum: cpp", "unknown column `cpp`"),
        (
            "deliveries/wellbeing_secondary.odcs.yaml",
            "routed_by: sub_smoked_ever",
            "routed_by: sub_smoked",
            "`sub_smokes_weekly` is routed by an unknown column `sub_smoked`",
        ),
        (PRIMARY, "pattern: '^[0-9]{7}$'", "pattern: '^[0-9{7}$'", "regular expression"),
        ("measures/primary.yaml", "item: fam_meals_together", "item: fam_meals", "fam_meals"),
        ("measures/primary.yaml", "codes: [1]", "codes: [6]", "no code 6"),
        ("measures/secondary_indicators.yaml", "scheme: four_band", "scheme: five_band", "five_band"),
        ("measures/secondary_indicators.yaml", "bands: [very_high]", "bands: [very_hihg]", "very_hihg"),
        ("register/programme.yaml", "wave: rcs-1", "wave: rcs-7", "rcs-7"),
        ("register/programme.yaml", "cpp: S12000005", "cpp: S12000099", "S12000099"),
        ("register/programme.yaml", "      service_map:", "      services_map:", "services_map"),
        ("messages/intake.yaml", "severity: block", "severity: fatal", "severity"),
        ("products/rcs/product.yaml", "[all, stage,", "[all, staeg,", "staeg"),
        ("products/rcs/product.yaml", "sex+stage", "stage+sex", "alphabetical"),
        ("products/rcs/product.yaml", "adjustment: benjamini_hochberg", "adjustment: none", "family"),
        (
            "products/rcs/product.yaml",
            "compared_with, wave, other",
            "compared_to, wave, other",
            "compared_with",
        ),
        (
            "products/rcs/product.yaml",
            "corrected_maps: []",
            "corrected_maps: [{collection: t1-moray-2015, up_to: 1.0.0, reason: all sent again, owner: me}]",
            "t3-moray-2018",
        ),
        (
            "products/rcs/product.yaml",
            "corrected_maps: []",
            "corrected_maps: [{collection: t1-west-lothian-2015, up_to: 1.0.0}]",
            "reason",
        ),
        (
            "products/rcs/product.yaml",
            "corrected_maps: []",
            "corrected_maps: [{collection: t1-west-lothian-2015, up_to: new, reason: sent again, owner: me}]",
            "up_to",
        ),
        (
            "products/rcs/product.yaml",
            "corrected_maps: []",
            "corrected_maps: [{collection: a, up_to: 1.0.0, reason: all sent again, owner: me},"
            " {collection: a, up_to: 1.0.1, reason: all sent again, owner: me}]",
            "names a twice",
        ),
        ("products/rcs/product.yaml", "share: simd_q1_share", "shares: simd_q1_share", "shares"),
        ("products/rcs/indicator_estimates.odcs.yaml", "audiences: [open]", "audiences: [opne]", "opne"),
        (
            "products/rcs/response_rates.odcs.yaml",
            "tests: [respondents, roll]",
            "tests: [respondent]",
            "respondent",
        ),
    ],
)
def test_a_mistake_is_refused_with_a_sentence_that_names_it(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    message = break_it(folder, file, old, new)
    assert said in message
    assert "Traceback" not in message


def test_a_number_that_fits_nowhere_is_refused_with_a_sentence(folder: Path) -> None:
    assert "primaryKeyPosition" in break_it(
        folder, PRIMARY, "primaryKeyPosition: 1", "primaryKeyPosition: 1.0e+308"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version: 1.0.0", "version: {1: 0}", "names as keys"),
        ("version: 1.0.0", "? [a, b]\n: c\nversion: 1.0.0", "neither a word nor"),
        ("version: 1.0.0", "2026-01-01: c\nversion: 1.0.0", "neither a word nor"),
        ("version: 1.0.0", "no: c\nversion: 1.0.0", "in quotation marks"),
    ],
)
def test_a_key_that_is_no_name_is_refused_with_a_sentence(
    folder: Path, old: str, new: str, said: str
) -> None:
    assert said in break_it(folder, PRIMARY, old, new)


def test_an_audience_that_sees_a_table_sees_its_grain(folder: Path) -> None:
    message = break_it(
        folder, "products/rcs/indicators.odcs.yaml",
        "primaryKeyPosition: 1\n        customProperties: [{property: rcs, value: {audiences: [open]}}]",
        "primaryKeyPosition: 1",
    )  # fmt: skip
    assert "whole grain" in message


def test_a_column_that_names_no_audience_is_seen_by_nobody() -> None:
    table = load_catalogue().product("rcs").table("collections")
    assert "last_due_on" in {column.name for column in table.columns}
    assert "last_due_on" not in {column.name for column in table.columns_for("open")}
    assert table.columns_for("partnership") == ()


def test_no_two_rules_share_an_id() -> None:
    catalogue = load_catalogue()
    ids = [rule.id for contract in catalogue.deliveries.values() for rule in contract.rules] + list(
        catalogue.messages
    )
    assert len(ids) == len(set(ids))


def test_every_row_rule_is_sql_over_its_columns() -> None:
    import duckdb

    from rcs_pipeline.contracts.delivery import RowRule

    kinds = {
        "string": "varchar",
        "integer": "bigint",
        "number": "double",
        "date": "date",
        "boolean": "boolean",
    }
    connection = duckdb.connect()
    for contract in load_catalogue().deliveries.values():
        columns = ", ".join(f'"{column.name}" {kinds[column.type]}' for column in contract.columns)
        connection.execute(f"create or replace table delivered ({columns})")
        for rule in contract.rules:
            if isinstance(rule.check, RowRule):
                connection.execute(f"select count(*) from delivered where ({rule.check.holds}) is false")


def test_a_missing_folder_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such folder"):
        load_catalogue(tmp_path / "nowhere")


def test_a_mistake_deep_in_a_file_is_said_once_and_in_words() -> None:
    with pytest.raises(ContractError) as caught:
        parse(Scenario, content(moves=[move(amount={"pounds": {"value": 1, "grade": 1}})]), "mine.yaml")
    assert str(caught.value).startswith(
        "mine.yaml: `moves.0.amount.pounds.source`: this key is missing. To do"
    )
