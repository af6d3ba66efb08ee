"""The design of a survey: who stands in which group, stratum and cluster, and for how many.

Belongs here: allocating unknown groups, and one row a respondent with the whole design.
Does not belong here: how weights come about (see `weighting`), scores and estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.survey import Survey
from rcs_pipeline.contracts.vocabulary import Weighting
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.columns import code_column
from rcs_pipeline.warehouse.staging import staging_name
from rcs_pipeline.warehouse.templates import render


@dataclass(frozen=True)
class Allocated:
    """A group column whose unknown values are drawn from the known ones around them."""

    column: str
    codes: tuple[str, ...]


def survey_of(contract: DeliveryContract) -> Survey:
    """The survey design of a contract that is known to have one."""
    if contract.survey is None:
        raise ContractError(f"`{contract.dataset}` is no survey", where=str(contract.path))
    return contract.survey


def allocated_columns(contract: DeliveryContract) -> tuple[Allocated, ...]:
    """The columns to allocate, with their codes as SQL literals in the order of the contract.

    Raises:
        ContractError: a column to allocate has no code list.
    """
    result = []
    for name in survey_of(contract).allocate:
        column = contract.column(name)
        if not column.codes:
            raise ContractError(
                f"`{name}` is to be allocated but has no codes",
                where=str(contract.path),
                expected="`codes` or `code_list`",
            )
        result.append(Allocated(name, tuple(sql.code(column, item) for item in column.codes)))
    return tuple(result)


def draw_key(contract: DeliveryContract) -> str:
    """What identifies a pupil for the seeded draw: the identity key, or the row where there is none."""
    keys = contract.key or ("source_row",)
    parts = ", '|', ".join(f"cast({sql.name(key)} as varchar)" for key in keys)
    return f"concat({parts})" if len(keys) > 1 else parts


def known_shares_model(contract: DeliveryContract, source: str) -> str:
    """How many pupils of each known value stand in each cell of allocation, widened where nobody does."""
    return render(
        "known_shares.sql.j2", source,
        staging=staging_name(contract.dataset),
        allocated=allocated_columns(contract),
        within=survey_of(contract).allocate_within,
    )  # fmt: skip


def allocated_model(contract: DeliveryContract, source: str) -> str:
    """Staging with unknown groups allocated and flagged."""
    return render(
        "allocated.sql.j2", source,
        staging=staging_name(contract.dataset),
        shares=f"known_shares_{contract.dataset}",
        allocated=allocated_columns(contract),
        within=survey_of(contract).allocate_within,
        draw_key=draw_key(contract),
        others=_others(contract),
    )  # fmt: skip


def pupils_model(catalogue: Catalogue, product: Product, contract: DeliveryContract, source: str) -> str:
    """One row a respondent with all that estimation needs beside the answers.

    What the register says of a collection is written out: a join would slow down every column of every pupil.
    """
    survey = survey_of(contract)
    weight, raking = survey.weight, survey.weight.raking
    raked = raking is not None and raking.use
    return render(
        "pupils.sql.j2", source,
        relation=allocated_relation(contract),
        survey=survey,
        unweighted=product.weighting_of(survey.instrument) is Weighting.UNWEIGHTED,
        in_survey=in_survey(contract, contract, "pupils."),
        weights=f"{'raked' if raked else 'weights'}_{contract.dataset}" if weight.roll else None,
        keys=(*weight.cells, *((raking.column,) if raking and raked else ())),
        weight_column=weight.column,
        registered=_registered(catalogue, contract),
    )  # fmt: skip


def in_survey(contract: DeliveryContract, of: DeliveryContract, prefix: str = "") -> str | None:
    """That a row of `of` (the answers, or the roll) is of a stage that is asked; None where all are."""
    survey = survey_of(contract)
    if not (survey.stage and survey.stages) or survey.stage not in {item.name for item in of.columns}:
        return None
    column: Column = of.column(survey.stage)
    return f"({prefix}{sql.name(column.name)} is null or {sql.among(column, survey.stages, prefix)})"


def _registered(catalogue: Catalogue, contract: DeliveryContract) -> list[tuple[str, str]]:
    """The columns that follow from the collection, each as an expression."""
    entries = [item for item in catalogue.register.collections if contract.dataset in item.datasets]
    sent = "cast(null as varchar)"
    if contract.options.cpp:
        sent = f"cast(pupils.{sql.name(contract.options.cpp)} as varchar)"
    return [
        ("wave", _by_collection({item.key: item.wave for item in entries})),
        ("tranche", _by_collection({item.key: item.tranche for item in entries})),
        ("collected", _by_collection({item.key: item.collected for item in entries})),
        ("design_cpp", _by_collection({item.key: item.cpp for item in entries}, otherwise=sent)),
    ]


def _by_collection(values: dict[str, str | None], otherwise: str = "cast(null as varchar)") -> str:
    """One branch a collection that has a value."""
    branches = [f"when {sql.text(key)} then {sql.text(value)}" for key, value in values.items() if value]
    if not branches:
        return otherwise
    lines = "\n        ".join([*branches, f"else {otherwise}"])
    return f"case pupils.collection\n        {lines}\n    end"


def _others(contract: DeliveryContract) -> list[str]:
    """Everything staging has, but the columns that allocation replaces."""
    from rcs_pipeline.warehouse.staging import has_code, has_missing_kinds

    replaced = set(survey_of(contract).allocate)
    names = ["collection", "source_row"]
    for column in contract.stored_columns:
        if column.name not in replaced:
            names.append(column.name)
        if column.symbols:
            names.append(f"{column.name}__symbol")
    names += [code_column(column.name) for column in contract.stored_columns if has_code(column)]
    names += [f"{column.name}__missing" for column in contract.stored_columns if has_missing_kinds(column)]
    return names


def allocated_relation(contract: DeliveryContract) -> str:
    """The model that holds the answers with every group known."""
    return f"allocated_{contract.dataset}" if survey_of(contract).allocate else staging_name(contract.dataset)
