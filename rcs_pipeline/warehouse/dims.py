"""The small tables that come from the register, the measures and the product alone.

Belongs here: collections, indicators and the names of places.
Does not belong here: anything that is counted.
"""

from __future__ import annotations

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.measures import Indicator
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.contracts.scales import BandScheme
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.staging import staging_name
from rcs_pipeline.warehouse.tabulation import has_local
from rcs_pipeline.warehouse.templates import render

COLLECTION_COLUMNS = (
    "collection", "title", "tranche", "tranche_title", "cpp_code", "cpp_name",
    "health_board_code", "health_board", "wave", "wave_title", "collected", "last_due_on",
)  # fmt: skip
INDICATOR_COLUMNS = (
    "indicator_id", "instrument", "title", "description", "domain", "topic", "shanarri", "kind", "unit",
    "polarity", "sensitive", "stages", "versions", "scoring", "verified", "breaks",
)  # fmt: skip
BOOLEANS = ("sensitive", "verified")
SCHOOL_NAME = "school_name"


def registered_collections_model(catalogue: Catalogue, product: Product, source: str) -> str:
    """Every collection of the register from which the product takes something.

    A view, where the other tables of the register are text in the models that use them: dbt takes such a
    model apart to put the text in, and a model of sixty indicators' sums takes a quarter of a second.
    """
    wanted = set(product.file.datasets)
    rows = [
        _collection(catalogue, item) for item in catalogue.register.collections if wanted & set(item.datasets)
    ]
    return render(
        "values.sql.j2", source, columns=COLLECTION_COLUMNS, rows=rows or [_nothing()], empty=not rows,
        kept="materialized='view', schema='register'",
    )  # fmt: skip


def has_money_policy(catalogue: Catalogue, product: Product) -> bool:
    """Whether the product draws on maps of services and says when an amount belongs to too few."""
    kinds = {catalogue.delivery(dataset).options.kind for dataset in product.file.datasets}
    return "map" in kinds and product.file.disclosure.dominant_share is not None


def money_policy_model(product: Product, source: str) -> str:
    """One row: of how many providers an amount must be, and how much of it they may make up."""
    policy = product.file.disclosure
    row = (str(policy.minimum_providers), f"cast({policy.dominant_share} as double)")
    return render(
        "values.sql.j2", source, columns=("minimum_providers", "dominant_share"), rows=[row], empty=False
    )


def registered_indicators_model(catalogue: Catalogue, product: Product, source: str) -> str:
    """Every indicator that the product tabulates."""
    rows = [
        _indicator(catalogue, catalogue.instrument(instrument), item)
        for instrument in product.instruments
        for item in catalogue.indicators_of(instrument)
    ]
    empty = [tuple(_no_truth() if name in BOOLEANS else sql.text_or_null(None) for name in INDICATOR_COLUMNS)]
    return render(
        "values.sql.j2", source, columns=INDICATOR_COLUMNS, rows=rows or empty, empty=not rows,
        **_kept_for_views(product, "view"),
    )  # fmt: skip


def _kept_for_views(product: Product, materialized: str) -> dict[str, str]:
    """A view of the warehouse can read nothing that was in memory only."""
    return {"kept": f"materialized='{materialized}', schema='register'"} if has_local(product) else {}


def _indicator(catalogue: Catalogue, contract: DeliveryContract, item: Indicator) -> tuple[str, ...]:
    """One indicator as SQL literals, in the order of `INDICATOR_COLUMNS`."""
    survey = survey_of(contract)
    forms = contract.column(survey.version).codes if survey.version else None
    used = _schemes(catalogue, item)
    return (
        sql.text(item.id), sql.text(item.instrument), sql.text(item.title),
        sql.text(" ".join(item.description.split())), sql.text(item.domain), sql.text_or_null(item.topic),
        sql.text_or_null(", ".join(item.shanarri) or None), sql.text(item.kind), sql.text(item.shown_unit),
        sql.text(item.polarity.value), str(item.sensitive).lower(),
        sql.text_or_null(", ".join(item.stages or survey.stages) or None),
        sql.text_or_null(", ".join(item.versions or forms or ()) or None),
        sql.text_or_null(_scoring(catalogue, item, used)),
        str(all(scheme.verified for scheme in used)).lower() if used else _no_truth(),
        sql.text_or_null("; ".join(f"{entry.wave}: {entry.reason}" for entry in item.breaks) or None),
    )  # fmt: skip


def _schemes(catalogue: Catalogue, item: Indicator) -> tuple[BandScheme, ...]:
    """The band schemes that the indicator counts by."""
    leaves = item.when.leaves() if item.when else ()
    return tuple(
        catalogue.scales[leaf.scale].bands(leaf.scheme) for leaf in leaves if leaf.scale and leaf.scheme
    )


def _scoring(catalogue: Catalogue, item: Indicator, used: tuple[BandScheme, ...]) -> str | None:
    """How the scores behind the indicator are made and cut; None where there is no score."""
    parts = [f"{catalogue.scales[name].title}: {catalogue.scales[name].rule}" for name in item.scales]
    parts += [f"Cut by {scheme.id}, version {scheme.version}." for scheme in dict.fromkeys(used)]
    return " ".join(parts) or None


def _no_truth() -> str:
    return "cast(null as boolean)"


def geographies_model(catalogue: Catalogue, product: Product, source: str) -> str:
    """The name of every place that an estimate can be about."""
    register = catalogue.register
    rows = [("programme", product.id, product.file.title)]
    rows += [("tranche", item.id, item.title) for item in register.tranches]
    rows += [("cpp", item.code, item.name) for item in register.cpps]
    return render(
        "geographies.sql.j2", source,
        rows=[tuple(sql.text(value) for value in row) for row in rows],
        schools=_school_names(catalogue, product), **_kept_for_views(product, "table"),
    )  # fmt: skip


def dimension_model(table: ProductTable, base: str, source: str) -> str:
    """A published dimension: the contract's columns of the internal table, in the contract's order and types.

    A row that lacks a required column is left out: the national frame is no collection of a partnership.
    """
    return render(
        "dimension.sql.j2", source, base=base,
        columns=[(column.name, sql.TYPES[column.type]) for column in table.columns],
        required=[item.name for item in table.columns if item.required and not item.filled_at_release],
    )  # fmt: skip


def _collection(catalogue: Catalogue, item: Collection) -> tuple[str, ...]:
    register = catalogue.register
    tranche = {entry.id: entry.title for entry in register.tranches}.get(item.tranche or "")
    wave = {entry.id: entry.title for entry in register.waves}.get(item.wave)
    cpp = register.cpp(item.cpp) if item.cpp else None
    due = [day for day in item.datasets.values() if day is not None]
    texts = (
        item.key, item.title, item.tranche, tranche, item.cpp, cpp.name if cpp else None,
        cpp.health_board_code if cpp else None, cpp.health_board if cpp else None,
        item.wave, wave, item.collected,
    )  # fmt: skip
    day = f"date '{max(due).isoformat()}'" if due else "cast(null as date)"
    return (*(sql.text_or_null(value) for value in texts), day)


def _nothing() -> tuple[str, ...]:
    return (*(sql.text_or_null(None) for _ in COLLECTION_COLUMNS[:-1]), "cast(null as date)")


def _school_names(catalogue: Catalogue, product: Product) -> list[tuple[str, str]]:
    """Staging models that name schools, with the column of the school's code."""
    found: dict[str, str] = {}
    for dataset in product.file.datasets:
        survey = catalogue.delivery(dataset).survey
        roll = survey.weight.roll.dataset if survey and survey.weight.roll else None
        if survey is None or survey.school is None or roll is None:
            continue
        columns = {column.name for column in catalogue.delivery(roll).columns}
        if {survey.school, SCHOOL_NAME} <= columns:
            found[staging_name(roll)] = survey.school
    return list(found.items())
