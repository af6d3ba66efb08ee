from __future__ import annotations

from dataclasses import replace

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.vocabulary import GeographyLevel
from rcs_pipeline.warehouse import generate
from rcs_pipeline.warehouse.quantiles import LARGEST


def test_committed_files_are_what_the_contracts_give() -> None:
    assert generate.stale_files() == [], "run `make generate`"


def test_a_product_without_sql_needs_none(extract: object) -> None:
    assert extract is not None


def test_every_generated_file_says_where_it_comes_from() -> None:
    for name, text in generate.committed_files().items():
        if name.endswith((".sql", ".yml")):
            assert "Generated from" in text.splitlines()[0], name


def test_quantiles_beyond_the_table_agree_with_scipy() -> None:
    from scipy.stats import t

    z = 1.959963984540054
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    for df in (LARGEST + 1, 552, 5_000, 1_000_000):
        ours = z + sum(term / df ** (power + 1) for power, term in enumerate(terms))
        assert abs(ours - t.ppf(0.975, df)) < 1e-9


def at_levels(product: Product, *levels: GeographyLevel) -> Product:
    """The product as if it tabulated these levels only."""
    tabulations = tuple(item.model_copy(update={"geographies": levels}) for item in product.file.tabulations)
    return replace(product, file=product.file.model_copy(update={"tabulations": tabulations}))


def test_estimates_of_schools_are_granted_to_nobody() -> None:
    catalogue = load_catalogue()
    product = catalogue.product("rcs")
    table = product.table("local_estimates")
    granted = replace(table, extension=table.extension.model_copy(update={"audiences": ("open",)}))
    tables = tuple(granted if item is table else item for item in product.tables)
    with pytest.raises(ContractError, match="`local_estimates` is granted to open"):
        generate.generated_files(catalogue, replace(product, tables=tables))


@pytest.mark.parametrize(
    ("level", "table"),
    [(GeographyLevel.CPP, "local_estimates"), (GeographyLevel.SCHOOL, "indicator_estimates")],
)
def test_a_table_of_estimates_without_any_is_refused(level: GeographyLevel, table: str) -> None:
    catalogue = load_catalogue()
    with pytest.raises(ContractError, match=f"nothing that stands in `{table}`"):
        generate.generated_files(catalogue, at_levels(catalogue.product("rcs"), level))


def test_without_the_view_one_table_holds_every_level() -> None:
    catalogue = load_catalogue()
    product = catalogue.product("rcs")
    without = replace(
        product, tables=tuple(item for item in product.tables if item.name != "local_estimates")
    )
    files = generate.generated_files(catalogue, without)
    sums, estimates = "models/estimates/sums_wellbeing_primary.sql", "models/marts/indicator_estimates.sql"
    assert "database='scratch'" in files[sums]
    assert "'name': 'school'" in files[estimates]
    kept = generate.generated_files(catalogue, product)
    assert "database='scratch'" not in kept[sums]
    assert "'name': 'school'" not in kept[estimates]
