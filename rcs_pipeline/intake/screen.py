"""Screening: the rules that a single column's contract implies, over the whole file, set-based.

Belongs here: required, type, code list, range, pattern, length, unique keys, the file's own CPP.
One pass counts the failures of every column; only columns with failures are listed.
Does not belong here: rules that a contract writes out (see `rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake.findings import add_cells, fill
from rcs_pipeline.intake.load import CELL, FIELD, TABLE, UNREADABLE, literals, quoted, row_number, text
from rcs_pipeline.intake.suggest import suggest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MANY_CODES = 12


@dataclass(frozen=True)
class Screening:
    """What a pass over the file needs to know."""

    contract: DeliveryContract
    messages: dict[str, Message]
    first_row: int | None
    sheet: str | None
    cpp: str | None


@dataclass(frozen=True)
class CellRule:
    """One condition that a cell breaks, with the words for its message."""

    rule_id: str
    column: Column
    breaks: str
    expected: str = ""
    value: str = "null"
    severity: Severity | None = None


def screen(connection: DuckDBPyConnection, screening: Screening) -> None:
    """Enter a finding for every cell that breaks its column's contract."""
    rules = [rule for column in screening.contract.stored_columns for rule in cell_rules(column, screening)]
    _list_unreadable(connection, screening)
    _list_broken(connection, screening, rules)
    suggest(connection, screening.contract)


def _list_broken(connection: DuckDBPyConnection, screening: Screening, rules: list[CellRule]) -> None:
    if not rules:
        return
    counts = connection.execute(
        f"select {', '.join(f'count_if({rule.breaks})' for rule in rules)} from {TABLE}"
    ).fetchone()
    for rule, count in zip(rules, counts or (), strict=True):
        if count:
            _list(connection, screening, rule)


def cell_rules(column: Column, screening: Screening) -> list[CellRule]:
    """The rules of one column, each a boolean SQL expression over `delivered`."""
    name, rules = quoted(column.name), []
    missing = f" and {name} not in ({literals(column.missing, column)})" if column.missing else ""
    shown = "null" if column.identifier else f"cast({name} as varchar)"
    if column.required:
        rules.append(CellRule("RCS-C01", column, _blank(column, screening.contract)))
    if column.symbols and column.required:
        rules.append(
            CellRule("RCS-C09", column, f"{quoted(column.name + '__symbol')} is not null",
                     value=quoted(column.name + "__symbol"), severity=Severity.ADVISE)
        )  # fmt: skip
    if column.identifier:
        fits = quoted(column.name + "__fits")
        rules.append(CellRule("RCS-C05", column, f"{fits} is false", _pattern_words(column)))
    elif column.codes:
        allowed = literals((*column.codes, *column.missing), column)
        rules.append(CellRule("RCS-C03", column, f"{name} not in ({allowed})", _code_words(column), shown))
    if column.numeric and not column.codes and (column.minimum is not None or column.maximum is not None):
        low = f"{name} < {column.minimum}" if column.minimum is not None else "false"
        high = f"{name} > {column.maximum}" if column.maximum is not None else "false"
        rules.append(CellRule("RCS-C04", column, f"({low} or {high}){missing}", _range_words(column), shown))
    if column.pattern and not column.identifier:
        broken = f"not regexp_full_match({name}, {text(column.pattern)})"
        rules.append(CellRule("RCS-C05", column, broken, _pattern_words(column), shown))
    if column.max_length is not None:
        rules.append(
            CellRule(
                "RCS-C07",
                column,
                f"length({name}) > {column.max_length}",
                f"at most {column.max_length}",
                shown,
            )
        )
    if column.name == screening.contract.options.cpp and screening.cpp is not None:
        rules.append(
            CellRule(
                "RCS-F08",
                column,
                f"{name} <> {text(screening.cpp)}",
                screening.cpp,
                shown,
                Severity.REJECT_ROW,
            )
        )
    return rules


def check_keys(connection: DuckDBPyConnection, screening: Screening) -> None:
    """The first row with a key stays; every later one is a finding."""
    contract = screening.contract
    unique = [(column.name,) for column in contract.columns if column.unique]
    for key in dict.fromkeys([contract.key, *unique] if contract.key else unique):
        names = ", ".join(quoted(name) for name in key)
        known = " and ".join(f"{quoted(name)} is not null" for name in key)
        last = contract.column(key[0])
        shown = (
            "null" if any(contract.column(name).identifier for name in key) else f"concat_ws(' / ', {names})"
        )
        twice = (
            f"select {row_number(screening.first_row)} as source_row, {text(last.name)} as column_name, "
            f"{shown} as value from {TABLE} where {known} "
            f"qualify row_number() over (partition by {names} order by rowid) > 1"
        )
        rule = CellRule("RCS-C06", last, "", " + ".join(key))
        add_cells(connection, twice, _parameters(screening, rule))


def _list(connection: DuckDBPyConnection, screening: Screening, rule: CellRule) -> None:
    select = (
        f"select {row_number(screening.first_row)} as source_row, {text(rule.column.name)} as column_name, "
        f"{rule.value} as value from {TABLE} where {rule.breaks}"
    )
    add_cells(connection, select, _parameters(screening, rule))


def _list_unreadable(connection: DuckDBPyConnection, screening: Screening) -> None:
    """Cells that are not of their type. A number outside a code list is of its type, only not a code."""
    columns = screening.contract.columns
    found = connection.execute(
        f"select distinct split_part(cell, {FIELD}, 1) from "
        f"(select unnest(string_split({UNREADABLE}, {CELL})) as cell from {TABLE} "
        f"where {UNREADABLE} is not null)"
    ).fetchall()
    for (number,) in sorted(found, key=lambda row: int(row[0])):
        column = columns[int(number)]
        cells = (
            f"select source_row, {text(column.name)} as column_name, "
            f"split_part(cell, {FIELD}, 2) as value from "
            f"(select {row_number(screening.first_row)} as source_row, "
            f"unnest(string_split({UNREADABLE}, {CELL})) as cell from {TABLE} "
            f"where {UNREADABLE} is not null) where split_part(cell, {FIELD}, 1) = {text(number)}"
        )
        whole_number = "regexp_full_match(trim(value), '[-+]?[0-9]+')"
        if column.codes and column.numeric:
            rule = CellRule("RCS-C03", column, "", _code_words(column))
            add_cells(
                connection, f"select * from ({cells}) where {whole_number}", _parameters(screening, rule)
            )
            cells = f"select * from ({cells}) where not {whole_number}"
        add_cells(
            connection, cells, _parameters(screening, CellRule("RCS-C02", column, "", _type_words(column)))
        )


def _blank(column: Column, contract: DeliveryContract) -> str:
    """Empty, and not merely unreadable or a declared symbol: those have findings of their own."""
    name = quoted(column.name)
    number = [item.name for item in contract.columns].index(column.name)
    unread = f"contains({CELL} || coalesce({UNREADABLE}, ''), {CELL} || '{number}' || {FIELD})"
    symbol = f" and {quoted(column.name + '__symbol')} is null" if column.symbols else ""
    return f"({name} is null{symbol}" + (")" if column.identifier else f" and not {unread})")


def _parameters(screening: Screening, rule: CellRule) -> dict[str, object]:
    entry = screening.messages[rule.rule_id]
    words = {"column": rule.column.name, "expected": rule.expected, "detail": ""}
    return {
        "rule_id": rule.rule_id,
        "severity": (rule.severity or rule.column.severity).value,
        "sheet": screening.sheet,
        "hidden": screening.contract.identifier_pattern,
        "message": fill(entry.message, words),
        "fix": fill(entry.fix, words),
    }


def _code_words(column: Column) -> str:
    codes = column.codes or {}
    words = [f"{code} ({label})" if label and label != code else code for code, label in codes.items()]
    if len(words) > MANY_CODES:
        words = [*words[:MANY_CODES], f"and {len(codes) - MANY_CODES} more"]
    return ", ".join(words)


def _range_words(column: Column) -> str:
    def shown(number: float | None) -> str:
        return "" if number is None else f"{number:g}"

    if column.minimum is None:
        return f"at most {shown(column.maximum)}"
    if column.maximum is None:
        return f"at least {shown(column.minimum)}"
    return f"{shown(column.minimum)} to {shown(column.maximum)}"


def _pattern_words(column: Column) -> str:
    return column.description or f"the pattern {column.pattern}"


def _type_words(column: Column) -> str:
    words = {
        "integer": "a whole number",
        "number": "a number",
        "date": "a date such as 2016-01-31",
        "boolean": "true or false",
    }
    return words.get(column.type.value, column.type.value)
