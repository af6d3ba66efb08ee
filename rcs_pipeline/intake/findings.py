"""Findings: broken rules, each at one place.

Belongs here: the record, the DuckDB table that collects them, and the sentence for a person.
Does not belong here: the rules themselves (see `screen` and `rules`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake.sql import text, text_or_null

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "findings"
WITHHELD = "(looks like an identifier, withheld)"
COLUMNS = ("rule_id", "severity", "sheet", "source_row", "column_name", "value", "message", "fix")


@dataclass(frozen=True)
class Finding:
    """One broken rule at one place. `source_row` is the row as a person sees it in the file."""

    rule_id: str
    severity: Severity
    message: str
    fix: str
    sheet: str | None = None
    source_row: int | None = None
    column_name: str | None = None
    value: str | None = None


def file_finding(
    messages: dict[str, Message],
    rule_id: str,
    *,
    column: str | None = None,
    value: str | None = None,
    expected: str = "",
    detail: str = "",
    sheet: str | None = None,
    severity: Severity | None = None,
) -> Finding:
    """A finding about the file as a whole or one of its headers."""
    entry = messages[rule_id]
    words = {"column": column or "", "value": value or "", "expected": expected, "detail": detail}
    return Finding(
        rule_id=rule_id,
        severity=severity or entry.severity,
        message=fill(entry.message, words),
        fix=fill(entry.fix, words),
        sheet=sheet,
        column_name=column,
        value=value,
    )


def withheld(finding: Finding, contract: DeliveryContract) -> Finding:
    """The same finding, repeating nothing that looks like an identifier."""

    def told(text: str | None) -> str | None:
        return text and contract.without_identifiers(text, WITHHELD)

    return replace(
        finding, message=told(finding.message) or "", fix=told(finding.fix) or "",
        sheet=told(finding.sheet), column_name=told(finding.column_name), value=told(finding.value),
    )  # fmt: skip


def fill(template: str, words: dict[str, str]) -> str:
    """Replace `{name}` by its word; other braces stay as they are."""
    for name, word in words.items():
        template = template.replace("{" + name + "}", word)
    return template


def create_table(connection: DuckDBPyConnection) -> None:
    """Make the empty table of findings."""
    connection.execute(
        f"create or replace table {TABLE} (rule_id varchar, severity varchar, sheet varchar, "
        "source_row bigint, column_name varchar, value varchar, message varchar, fix varchar)"
    )


def add(connection: DuckDBPyConnection, findings: Iterable[Finding]) -> None:
    """Enter findings made in Python (there are few: they are about files and headers)."""
    rows = [", ".join(_literal(getattr(item, name)) for name in COLUMNS) for item in findings]
    if rows:
        connection.execute(f"insert into {TABLE} values {', '.join(f'({row})' for row in rows)}")


@dataclass(frozen=True)
class Wording:
    """What all findings of one rule about one column have in common.

    `message` and `fix` may hold `{value}`; `hidden` is the pattern of values that nobody is shown.
    """

    rule_id: str
    severity: Severity
    column_name: str | None
    message: str
    fix: str
    sheet: str | None = None
    hidden: str | None = None


def add_cells(connection: DuckDBPyConnection, select: str, wording: Wording) -> None:
    """Enter the cells that `select` yields as (source_row, value), set-based."""
    add_cells_of_kinds(connection, f"(select source_row, value, '' as kind from ({select}))", {"": wording})


def add_cells_of_kinds(connection: DuckDBPyConnection, cells: str, wordings: dict[str, Wording]) -> None:
    """Enter the cells of the relation `cells` (source_row, value, kind), each in the words of its kind."""
    if not wordings:
        return
    columns = ("rule_id", "severity", "sheet", "column_name", "message", "fix")
    # Literals and no parameters: the first parameter makes DuckDB load pandas, 1.6 s.
    rows = ", ".join(
        f"({text(kind)}, {', '.join(text_or_null(getattr(wording, name)) for name in columns)})"
        for kind, wording in wordings.items()
    )
    # Tens of thousands of equal sentences compress to nothing in Parquet; the value is filled in here
    # so that every stored finding can be read without the catalogue.
    (hidden,) = {wording.hidden for wording in wordings.values()}
    connection.execute(
        f"""
        insert into {TABLE}
        select rule_id, severity, sheet, source_row, column_name, shown,
               replace(message, '{{value}}', coalesce(shown, '')),
               replace(fix, '{{value}}', coalesce(shown, ''))
        from (select source_row, kind, {masked("value", text_or_null(hidden))} as shown from {cells})
        join (values {rows}) as words(kind, {", ".join(columns)}) using (kind)
        """
    )


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else text_or_null(value)


def masked(value: str, pattern: str) -> str:
    """SQL for a text that is withheld where it looks like, or holds, an identifier in the wrong place."""
    return f"case when regexp_matches({value}, {pattern}) then '{WITHHELD}' else {value} end"


def worst_by_severity(connection: DuckDBPyConnection) -> dict[Severity, int]:
    """How many findings there are of each severity."""
    rows = connection.execute(f"select severity, count(*) from {TABLE} group by severity").fetchall()
    return {Severity(name): int(count) for name, count in rows}
