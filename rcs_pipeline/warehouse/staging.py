"""Staging models: the raw lake with codes of missing answers turned into NULL and their kind kept, and names
that are counted in one form, whatever their spelling.

Belongs here: one `stg_<dataset>` for each delivery contract.
Does not belong here: scores, weights, allocation.
"""

from __future__ import annotations

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.intake.spellings import one_name
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.columns import code_column
from rcs_pipeline.warehouse.templates import render


def staging_name(dataset: str) -> str:
    """The name of the staging model of a dataset."""
    return f"stg_{dataset}"


def has_missing_kinds(column: Column) -> bool:
    """Whether the column is an answer whose absence has a kind."""
    return bool(column.missing) or (column.codes is not None and not column.required)


def has_code(column: Column) -> bool:
    """Whether the code that was sent stands beside the answer, for scoring (see `conditions.sent`)."""
    return bool(column.missing) and column.codes is not None and column.type is ColumnType.INTEGER


def staging_model(contract: DeliveryContract, source: str) -> str:
    """The text of the staging model of `contract`."""
    weight = contract.survey.weight.column if contract.survey else None
    values: list[str] = []
    for column in contract.stored_columns:
        values.append(_value(column, rounded=column.name == weight))
        if column.symbols:
            values.append(sql.name(f"{column.name}__symbol"))
    codes = [
        f"{sql.name(column.name)} as {sql.name(code_column(column.name))}"
        for column in contract.stored_columns
        if has_code(column)
    ]
    kinds = [_kind(column) for column in contract.stored_columns if has_missing_kinds(column)]
    return render("staging.sql.j2", source, dataset=contract.dataset, values=values + codes, kinds=kinds)


def _value(column: Column, *, rounded: bool) -> str:
    name = sql.name(column.name)
    if rounded:
        return f"{{{{ dyadic('{column.name}', weight_places()) }}}} as {name}"
    if column.one_name:
        return f"{one_name(name, column.one_name)} as {name}"
    if column.missing:
        return f"case when {sql.among(column, column.missing)} then null else {name} end as {name}"
    return name


def _kind(column: Column) -> str:
    kinds: dict[str, list[str]] = {}
    for missing_code, kind in column.missing.items():
        kinds.setdefault(kind.value, []).append(missing_code)
    branches = [f"when {sql.among(column, codes)} then {sql.text(kind)}" for kind, codes in kinds.items()]
    branches.append(f"when {sql.name(column.name)} is null then {sql.text(column.blank.value)}")
    return f"case {' '.join(branches)} end as {sql.name(column.name + '__missing')}"
