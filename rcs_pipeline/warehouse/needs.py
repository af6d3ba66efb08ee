"""What need and provision are put side by side by: two small tables made from `planning/needs.yaml`.

Belongs here: these tables. Does not belong here: what is counted (the mart of that name, in SQL of its own).
"""

from __future__ import annotations

from collections.abc import Iterator

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.needs import FILE, checked_needs
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.templates import render

TABLE = "need_and_provision"
SOURCE = f"data_contracts/planning/{FILE.name}"
DESCRIBED = {
    "need_questions": "Which indicators speak for which need of the maps, and by what they are grouped.",
    "surveyed_ages": "The ages of each questionnaire's pupils, and the stage of life that holds them.",
}


def needs_models(catalogue: Catalogue, product: Product) -> Iterator[tuple[str, str]]:
    """Name and text of the tables, where the product has the one that is made of them."""
    if TABLE not in {table.name for table in product.tables}:
        return
    rules = checked_needs(catalogue)
    questions = [
        (sql.text(need), sql.text(indicator), sql.text(group))
        for need, indicators in sorted(rules.needs.items())
        for indicator in indicators
        for group in rules.groups
    ]
    yield (
        "need_questions",
        render("values.sql.j2", SOURCE, columns=("need_type", "indicator_id", "group_by"), rows=questions),
    )
    ages = [
        (
            sql.text(instrument),
            sql.text(item.stage_group),
            *(str(age) for age in (*item.surveyed, *item.stage)),
        )
        for instrument, item in sorted(rules.ages.items())
    ]
    columns = ("instrument", "stage_group", "age_from", "age_to", "stage_from", "stage_to")
    yield "surveyed_ages", render("values.sql.j2", SOURCE, columns=columns, rows=ages)
