"""What a reader noticed about single cells and rows, as findings.

Belongs here: turning the notes of the reading process into findings, and taking away those that only follow
from them.
Does not belong here: noticing (see `workbook_child`), rules about values (see `screen`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake.findings import TABLE, add_cells
from rcs_pipeline.intake.sql import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rcs_pipeline.intake.screen import Screening

TOTAL, RAGGED = "RCS-C10", "RCS-C13"
RULES = {"total": TOTAL, "error": "RCS-C11", "formula": "RCS-C12", "ragged": RAGGED}
ABOUT_ROWS = (TOTAL, RAGGED)
CELL_RULES = "RCS-C%"


def enter_notes(connection: DuckDBPyConnection, screening: Screening, notes: str) -> None:
    """Enter a finding for every note in the table `notes`."""
    kinds = connection.execute(
        f"select distinct kind, column_name from {notes} order by kind, column_name"
    ).fetchall()
    severities = {column.name: column.severity for column in screening.contract.columns}
    for kind, name in kinds:
        rule_id = RULES[kind]
        entry = screening.messages[rule_id]
        severity = entry.severity if rule_id in ABOUT_ROWS else severities.get(name, Severity.REJECT_ROW)
        select = (
            f"select source_row, nullif(value, '') as value from {notes} "
            f"where kind = {text(kind)} and column_name = {text(name)}"
        )
        wording = screening.wording(rule_id, severity, name or None, entry.message, entry.fix)
        add_cells(connection, select, wording)


def drop_what_follows(connection: DuckDBPyConnection) -> None:
    """A row that is a total breaks many rules, and a formula without a result is also empty: say it once."""
    noted = ", ".join(text(rule) for rule in RULES.values() if rule not in ABOUT_ROWS)
    rows = ", ".join(text(rule) for rule in ABOUT_ROWS)
    connection.execute(
        f"delete from {TABLE} where rule_id not in ({rows}) and source_row in "
        f"(select source_row from {TABLE} where rule_id in ({rows}))"
    )
    connection.execute(
        f"delete from {TABLE} as here where rule_id like '{CELL_RULES}' and rule_id not in ({noted}) "
        f"and exists (select 1 from {TABLE} as there where there.rule_id in ({noted}) "
        "and there.source_row = here.source_row and there.column_name = here.column_name)"
    )
