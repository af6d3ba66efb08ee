"""From the ODCS file of a dataset to its `DeliveryContract`.

Belongs here: reading, joining the standard's fields with our extensions, and the checks that
need only this one file.
Does not belong here: checks across files (see `catalogue`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from rcs_pipeline.contracts.delivery import (
    Column,
    ColumnExtension,
    CountRule,
    DeliveryContract,
    DeliveryOptions,
    Implementation,
    MatchRule,
    PeerRule,
    RowRule,
    Rule,
    VolumeRule,
)
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.odcs import extension, read_contract
from rcs_pipeline.contracts.vocabulary import ColumnType, Severity
from rcs_pipeline.contracts.yaml_files import Strict, explain

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality, SchemaProperty

ENGINE = "rcs"
# What the raw lake adds to the columns of every dataset.
ALWAYS_THERE = ("collection", "source_row")
_IMPLEMENTATION: TypeAdapter[Implementation] = TypeAdapter(Implementation)


class TypeOptions(Strict):
    """The `logicalTypeOptions` that intake enforces. Others would be promises nobody keeps."""

    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    maxLength: int | None = None


def read_delivery(path: Path) -> DeliveryContract:
    """The delivery contract in `path`.

    Raises:
        ContractError: the file breaks the standard, our extensions, or itself.
    """
    odcs = read_contract(path)
    table = odcs.schema_[0]  # type: ignore[index] # read_contract has counted them
    options = extension(DeliveryOptions, table.customProperties, where=f"{path}, schema {table.name}")
    columns = tuple(_column(item, options, path) for item in table.properties or [])
    keyed = [item for item in table.properties or [] if item.primaryKey]
    contract = DeliveryContract(
        id=str(odcs.id),
        dataset=str(table.name),
        title=str(odcs.name or table.name),
        version=str(odcs.version),
        description=" ".join(str(table.description or "").split()),
        purpose=" ".join(str(getattr(odcs.description, "purpose", None) or "").split()),
        usage=" ".join(str(getattr(odcs.description, "usage", None) or "").split()),
        key=tuple(str(item.name) for item in sorted(keyed, key=lambda item: item.primaryKeyPosition or 0)),
        columns=columns,
        rules=tuple(_rule(item, path) for item in table.quality or []),
        options=options,
        path=path,
    )
    _check(contract)
    return contract


def _column(item: SchemaProperty, options: DeliveryOptions, path: Path) -> Column:
    where = f"{path}, column {item.name}"
    extra = extension(ColumnExtension, item.customProperties, where)
    if extra.code_list and extra.code_list not in options.code_lists:
        raise ContractError(f"The code list `{extra.code_list}` is not declared", where=where)
    if extra.code_list and extra.codes:
        raise ContractError(
            "The column has both `codes` and `code_list`", where=where, expected="one of them"
        )
    codes = options.code_lists[extra.code_list].codes if extra.code_list else extra.codes
    try:
        kind = ColumnType(str(item.logicalType))
    except ValueError as error:
        expected = ", ".join(ColumnType)
        raise ContractError(
            f"The type `{item.logicalType}` is not one we read", where=where, expected=expected
        ) from error
    limits = _type_options(item.logicalTypeOptions or {}, where)
    # Missing codes of the whole file hold for coded answers only: -9 may be a temperature elsewhere.
    missing = extra.missing if extra.missing is not None else (options.missing if codes else {})
    return Column(
        name=str(item.name),
        type=kind,
        description=" ".join(str(item.description or "").split()),
        required=bool(item.required),
        unique=bool(item.unique),
        aliases=extra.aliases,
        codes=codes,
        missing=dict(missing),
        blank=extra.blank,
        symbols=extra.symbols,
        recode=extra.recode,
        identifier=extra.identifier,
        severity=extra.severity,
        minimum=limits.minimum,
        maximum=limits.maximum,
        pattern=limits.pattern,
        max_length=limits.maxLength,
        group=extra.group,
        group_values=extra.group_values,
        examples=tuple(str(value) for value in item.examples or ()),
        prefill=extra.prefill,
        routed_by=extra.routed_by,
        one_name=extra.one_name,
    )


def _type_options(options: dict[str, Any], where: str) -> TypeOptions:
    try:
        limits = TypeOptions.model_validate(options)
        if limits.pattern:
            re.compile(limits.pattern)
    except ValidationError as error:
        raise ContractError(explain(error), where=f"{where}, logicalTypeOptions") from error
    except re.error as error:
        raise ContractError(f"The pattern is not a regular expression: {error}", where=where) from error
    return limits


def _rule(item: DataQuality, path: Path) -> Rule:
    where = f"{path}, rule {item.id or item.name}"
    if item.type != "custom" or item.engine != ENGINE:
        raise ContractError(
            "The rule is of a kind that intake does not run", where=where, expected="type custom, engine rcs"
        )
    if not item.id or not item.description or not item.businessImpact:
        raise ContractError(
            "The rule lacks a field",
            where=where,
            expected="`id`, `description` (the message) and `businessImpact` (the fix)",
        )
    try:
        check = _IMPLEMENTATION.validate_python(item.implementation)
        severity = Severity(str(item.severity))
    except ValidationError as error:
        raise ContractError(explain(error), where=where) from error
    except ValueError as error:
        raise ContractError(
            f"The severity `{item.severity}` is not known", where=where, expected=", ".join(Severity)
        ) from error
    if isinstance(check, VolumeRule) and severity is Severity.REJECT_ROW:
        raise ContractError("A rule about the file as a whole cannot reject rows", where=where)
    return Rule(
        id=item.id,
        name=str(item.name or item.id),
        severity=severity,
        message=" ".join(item.description.split()),
        fix=" ".join(item.businessImpact.split()),
        check=check,
    )


def _check_one_name(item: Column, where: str) -> None:
    if item.one_name and (
        item.type is not ColumnType.STRING or item.identifier or item.codes or item.missing
    ):
        raise ContractError(
            f"`{item.name}` holds no names that could be spelled in several ways", where=where,
            expected="a column of texts without codes, of missing answers neither, and no identifier",
        )  # fmt: skip


def _check(contract: DeliveryContract) -> None:
    """Everything that one contract can get wrong about itself."""
    where = str(contract.path)
    names = [column.name for column in contract.columns]
    spoken = [label.lower() for column in contract.columns for label in (column.name, *column.aliases)]
    twice = sorted({label for label in spoken if spoken.count(label) > 1})
    if twice:
        raise ContractError(f"These headers stand for two columns: {', '.join(twice)}", where=where)
    for rule in contract.rules:
        used: tuple[str, ...] = ()
        match rule.check:
            case RowRule(columns=columns):
                used = columns
            case PeerRule(columns=columns, by=by):
                used = (*columns, *by)
            case MatchRule(keys=keys, agree=agree):
                used = (*keys, *agree)
            case CountRule(per=per):
                used = tuple(per)
        unknown = [name for name in used if name not in names]
        if unknown:
            raise ContractError(f"Rule {rule.id} names unknown column(s) {', '.join(unknown)}", where=where)
        for column in used:
            contract.stored_column(column)
    for total in contract.options.template.totals if contract.options.template else ():
        if not contract.column(total).numeric:
            raise ContractError(f"The template's total `{total}` is not a column of numbers", where=where)
    for column in (*contract.key, *(item.name for item in contract.columns if item.unique or item.group)):
        contract.stored_column(column)
    for table in contract.options.summary:
        if table.by is not None:
            contract.stored_column(table.by)
    for item in contract.columns:
        if item.routed_by is not None and item.routed_by not in names:
            raise ContractError(
                f"`{item.name}` is routed by an unknown column `{item.routed_by}`", where=where
            )  # fmt: skip
        _check_one_name(item, where)
    ids = [rule.id for rule in contract.rules]
    if len(ids) != len(set(ids)):
        raise ContractError("Two rules share an id", where=where)
    survey = contract.survey
    if survey is None:
        return
    mentioned = (
        survey.stratum, survey.cluster, survey.weight.column, survey.stage, survey.school,
        survey.learning_community, survey.version, *survey.weight.cells, *survey.allocate,
        *survey.allocate_within, survey.linkage.column if survey.linkage else None,
        survey.completion_time.column if survey.completion_time else None,
    )  # fmt: skip
    raking = survey.weight.raking
    for name in (*mentioned, raking.column if raking else None):
        if name is None or name in ALWAYS_THERE:
            continue
        if name not in names:
            raise ContractError(f"The survey design names an unknown column `{name}`", where=where)
        contract.stored_column(name)
    if survey.completion_time and not contract.column(survey.completion_time.column).numeric:
        raise ContractError(f"`{survey.completion_time.column}` holds no times in numbers", where=where)
    if survey.linkage:
        codes = contract.column(survey.linkage.column).codes or {}
        stray = [code for code in survey.linkage.codes if code not in codes]
        if stray:
            raise ContractError(
                f"`{survey.linkage.column}` has no code {', '.join(stray)}",
                where=where,
                expected=", ".join(codes) or "codes",
            )
    if raking is None:
        return
    raked = contract.column(raking.column)
    if {*raking.shares} != {*(raked.codes or {})} - {*raked.missing} or raked.name not in survey.allocate:
        raise ContractError(
            f"Nobody can be raked to `{raked.name}`",
            where=where,
            expected="a share for each of its codes, and the column among those to `allocate`",
        )
