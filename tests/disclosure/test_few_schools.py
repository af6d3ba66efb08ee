"""Figures of one or two schools, whatever place they stand for, are hidden like any other small number."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.shown import shown_to
from rcs_pipeline.ledger.records import Outcome
from tests.disclosure.test_linked_tables import CONTRACTS, candidate, pupils, rows

SIZES = {"A": 460, "B": 400, "C": 490, "D": 700, "E": 440}
COLUMN = {
    "name": "schools", "logicalType": "integer", "description": "Schools behind the row.",
    "customProperties": [{"property": "rcs", "value": {"unit": "count"}}],
}  # fmt: skip
LEAST = {"value": 3, "reason": "Of two each could take its own away.", "owner": "tests"}


def contracts(folder: Path, *, least: bool = True) -> Path:
    """The linked product, with a table that says how many schools are behind a row."""
    shutil.copytree(CONTRACTS, folder)
    product, answers = folder / "product.yaml", folder / "answers.odcs.yaml"
    given = yaml.safe_load(product.read_text(encoding="utf-8"))
    if least:
        given["disclosure"]["minimum_schools"] = LEAST
    product.write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    table = yaml.safe_load(answers.read_text(encoding="utf-8"))
    schema = table["schema"][0]
    schema["customProperties"][0]["value"]["linked"]["schools"] = "schools"
    schema["properties"].append(COLUMN)
    answers.write_text(yaml.safe_dump(table, sort_keys=False), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return read_product(contracts(tmp_path_factory.mktemp("contracts") / "linked"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, product: Product) -> Path:
    """Three schools and more behind every row, but the first question was asked in one school of E."""
    folder = candidate(
        tmp_path_factory.mktemp("few") / "one", pupils(1, SIZES, (0.4, 0.25, 0.5)), read_product(CONTRACTS)
    )
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("alter table answers add column schools integer default 5")
        connection.execute(
            "update answers set schools = 1 where indicator_id = 'i0' and geography_code = 'E'"
        )
    protect(folder / "warehouse.duckdb", folder / "protected", product)
    return folder


def test_a_question_of_one_school_is_not_shown_as_its_partnerships_figure(
    made: Path, product: Product
) -> None:
    file, mask = made / "protected/open/answers.parquet", made / "masks/open/answers.parquet"
    of_the_school = "indicator_id = 'i0' and geography_code = 'E'"
    assert set(rows(file, "symbol, base, numerator, estimate", of_the_school)) == {("c", None, None, None)}
    classes = rows(mask, "distinct class", of_the_school)
    assert classes == [("primary",)]
    # What would give it away goes as well: of its tranche, or of another partnership there.
    assert rows(file, "1", "indicator_id = 'i0' and group_by = 'all' and symbol = 'c'"
                " and geography_code <> 'E'")  # fmt: skip
    assert {item.outcome for item in audit(made, product)} == {Outcome.PASS}
    grain = {
        "indicator_id": "i0", "geography_level": "cpp", "geography_code": "E", "group_by": "all",
        "group_value": "all",
    }  # fmt: skip
    (shown,) = shown_to(made, product, product.table("answers"), grain)
    assert "fewer than 3 schools" in shown.reasons[0]


def test_a_figure_of_one_school_in_sight_is_noticed(tmp_path: Path, made: Path, product: Product) -> None:
    shutil.copytree(made, tmp_path / "spoilt")
    with duckdb.connect(str(tmp_path / "spoilt" / "warehouse.duckdb")) as connection:
        connection.execute("update answers set schools = 2 where geography_code = 'D' and group_by = 'all'")
    found = {item.check: item for item in audit(tmp_path / "spoilt", product)}
    assert any("of fewer than 3 schools in sight" in item.message for item in found.values())


def test_a_policy_has_to_say_of_how_many_schools(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="minimum_schools"):
        read_product(contracts(tmp_path / "linked", least=False))
