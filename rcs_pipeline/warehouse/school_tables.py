"""The tables of single schools, for every survey product that names them.

Belongs here: `school_figures` and the cells behind its bands in the shape of their contracts, from the sums
of the pupils.
Does not belong here: the bands, which are chosen when a candidate is protected (`disclosure`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import GeographyLevel
from rcs_pipeline.warehouse import sql, tabulation
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.templates import render

FIGURES, CELLS = "school_figures", "school_cells"
TABLES = (FIGURES, CELLS)
# How each column that the contract may name is written; the band is filled in by protection.
COLUMNS = {
    **{
        name: f"counts.{name}"
        for name in (
            "indicator_id", "instrument", "wave", "tranche", "group_by", "group_value", "collected", "base",
            "numerator",
        )
    },
    "title": "indicators.title",
    "domain": "indicators.domain",
    "cpp_code": "counts.cpp_code",
    "school_code": "counts.school",
    "school_name": "coalesce(places.geography_name, counts.school)",
    "size_class": "null",
    "share_from": "null",
    "share_to": "null",
    "symbol": "null",
    "release_version": "null",
}  # fmt: skip


def table_model(catalogue: Catalogue, product: Product, table: ProductTable, source: str) -> str:
    """The text of the table.

    Raises:
        ContractError: the contract names a column that nobody computes, nobody says what is banded, or no
            survey of the product has schools.
    """
    unknown = [column.name for column in table.columns if column.name not in COLUMNS]
    if unknown:
        raise ContractError(
            f"Nobody computes the column(s) {', '.join(unknown)} of `{table.name}`",
            where=str(table.path),
            expected=", ".join(COLUMNS),
        )
    if table.name == CELLS and table.extension.audiences:
        raise ContractError(
            f"`{CELLS}` is granted to {', '.join(table.extension.audiences)}",
            where=str(table.path),
            expected="no audience: these are exact counts of few pupils",
        )
    figures = table if table.name == FIGURES else product.table(FIGURES)
    banded = figures.extension.banded
    if banded is None:
        raise ContractError(
            "The figures of schools do not say how they are banded",
            where=str(figures.path),
            expected="the section `banded`",
        )
    wanted = banded.groups if table is figures else (banded.finest.group,)
    surveys = list(_surveys(catalogue, product, table, wanted))
    if not surveys:
        raise ContractError(
            "No survey of the product is tabulated for schools",
            where=str(table.path),
            expected="`survey: {school: ...}` in a delivery contract, and `school` among `tabulations`",
        )
    return render(
        "school_counts.sql.j2", source, surveys=surveys,
        columns=[(item.name, COLUMNS[item.name], sql.TYPES[item.type]) for item in table.columns],
    )  # fmt: skip


def _surveys(
    catalogue: Catalogue, product: Product, table: ProductTable, wanted: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """The surveys that the product tabulates for schools, with those of the wanted groups that it does."""
    for name in product.instruments:
        contract = catalogue.instrument(name)
        levels = {level.name: level for level in tabulation.levels_of(product, contract)}
        school = levels.get(GeographyLevel.SCHOOL)
        if school is None or survey_of(contract).school is None:
            continue
        if table.name == CELLS and not {*wanted} <= {*school.groups}:
            raise ContractError(
                f"The schools of `{name}` are not tabulated by {', '.join(wanted)}",
                where=str(product.path / "product.yaml"),
                expected="the group that bands are made of, among `groups` of the tabulation",
            )
        yield {
            "instrument": name,
            "dataset": contract.dataset,
            "shares": tabulation.shares_of(catalogue, contract),
            "groups": [group for group in wanted if group in school.groups],
        }
