"""The product tables that every survey product can have without a line of SQL.

Belongs here: `indicator_estimates`, `local_estimates`, `indicators`, `collections` in the shape of their
contracts; which module makes the others.
Does not belong here: tables with SQL of their own (dbt_project/models/marts).
"""

from __future__ import annotations

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import Polarity, Weighting
from rcs_pipeline.warehouse import quality_tables, school_tables, sql, tabulation, weighting
from rcs_pipeline.warehouse.dims import COLLECTION_COLUMNS, INDICATOR_COLUMNS, dimension_model
from rcs_pipeline.warehouse.templates import render

# How each column that a contract of estimates may name is written.
ESTIMATE_COLUMNS = {
    **{
        name: f"estimates.{name}"
        for name in (
            "indicator_id", "instrument", "wave", "geography_level", "geography_code", "tranche", "group_by",
            "group_value", "collected", "estimate", "standard_error", "base", "weighted_base", "numerator",
            "effective_base", "design_effect", "degrees_of_freedom", "variance_method", "quality_flag",
            "comparator", "finite_population", "schools", "schools_apart",
        )
    },
    # A learning community is named after its CPP's code.
    "geography_name": (
        "coalesce(places.geography_name, case when estimates.geography_level = 'learning_community' then "
        "substr(estimates.geography_code, position('/' in estimates.geography_code) + 1) "
        "else estimates.geography_code end)"
    ),
    "lower": "estimates.lower_limit",
    "upper": "estimates.upper_limit",
    "band": "null",
    "symbol": "null",
    "release_version": "null",
}  # fmt: skip
GENERATED = (*tabulation.TABLES, "indicators", "collections", "weighting", *quality_tables.TABLES,
             *school_tables.TABLES)  # fmt: skip


def mart_model(catalogue: Catalogue, product: Product, table: ProductTable, source: str) -> str:
    """The text of a generated product table.

    Raises:
        ContractError: the contract names a column that nobody computes.
    """
    if table.name == "indicators":
        _known(table, INDICATOR_COLUMNS)
        return dimension_model(table, "registered_indicators", source)
    if table.name in quality_tables.TABLES:
        return quality_tables.table_model(catalogue, product, table, source)
    if table.name in school_tables.TABLES:
        return school_tables.table_model(catalogue, product, table, source)
    if table.name == "collections":
        _known(table, COLLECTION_COLUMNS)
        return dimension_model(table, "registered_collections", source)
    if table.name == "weighting":
        _known(table, weighting.COLUMNS)
        return weighting.weighting_mart(catalogue, product, table, source)
    _known(table, (*ESTIMATE_COLUMNS, "comparison", "weighting"))
    _says_unweighted(product, table)
    columns = {**ESTIMATE_COLUMNS, "weighting": weighting.weighting_column(product)}
    local = table.name == tabulation.LOCAL_ESTIMATES
    return render(
        "indicator_estimates.sql.j2", source, local=local,
        surveys=_surveys(catalogue, product, table, local=local), **tabulation.policies(product),
        columns=[
            (item.name, columns.get(item.name), sql.TYPES[item.type]) for item in table.columns
        ],
        higher=Polarity.HIGHER_IS_BETTER.value, lower=Polarity.LOWER_IS_BETTER.value,
    )  # fmt: skip


def _surveys(
    catalogue: Catalogue, product: Product, table: ProductTable, *, local: bool
) -> list[tabulation.SurveyEstimates]:
    """The surveys of one of the two tables of estimates. Those of schools are nobody's: schools get bands."""
    if local and table.extension.audiences:
        raise ContractError(
            f"`{table.name}` is granted to {', '.join(table.extension.audiences)}",
            where=str(table.path),
            expected="no audience: it is not protected, and schools are given bands (`school_figures`)",
        )
    contracts = map(catalogue.instrument, product.instruments)
    told = (tabulation.survey_estimates(catalogue, product, item, local=local) for item in contracts)
    surveys = [survey for survey in told if survey.levels]
    if not surveys:
        raise ContractError(
            f"The product tabulates nothing that stands in `{table.name}`",
            where=str(table.path),
            expected=f"`tabulations` with {'schools or communities' if local else 'a place above schools'}",
        )
    return surveys


def _says_unweighted(product: Product, table: ProductTable) -> None:
    """Estimates that are not weighted say so in every row: nobody could tell by the numbers."""
    unweighted = any(item.weighting is Weighting.UNWEIGHTED for item in product.file.tabulations)
    if unweighted and "weighting" not in {column.name for column in table.columns}:
        raise ContractError(
            "The product tabulates unweighted, and its estimates do not say so",
            where=str(table.path),
            expected="the column `weighting`",
        )


def _known(table: ProductTable, known: tuple[str, ...]) -> None:
    unknown = [column.name for column in table.columns if column.name not in known]
    if unknown:
        raise ContractError(
            f"Nobody computes the column(s) {', '.join(unknown)} of `{table.name}`",
            where=str(table.path),
            expected=", ".join(known),
        )
