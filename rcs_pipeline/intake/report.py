"""Saying the result to a person: equal problems folded, the worst first.

Belongs here: folding and the text of a judgement. The stored findings are never folded.
Does not belong here: workbooks and pages that go back to the sender (a later room of their own).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake.findings import TABLE

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PLACES_SHOWN = 3
ORDER = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Problem:
    """All findings of one rule about one column with one message."""

    rule_id: str
    severity: Severity
    column_name: str | None
    message: str
    fix: str
    cells: int
    rows: tuple[int, ...]

    def __str__(self) -> str:
        where = f" [{self.column_name}]" if self.column_name else ""
        places = ", ".join(str(row) for row in self.rows)
        if places:
            more = f" and {self.cells - len(self.rows)} more" if self.cells > len(self.rows) else ""
            places = f" (row{'s' if self.cells > 1 else ''} {places}{more})"
        return f"{self.severity.value} {self.rule_id}{where}: {self.message}{places} {self.fix}"


def problems(connection: DuckDBPyConnection, limit: int = 200) -> list[Problem]:
    """The findings of the connection, folded by rule, column and message."""
    rows = connection.execute(
        f"""
        select rule_id, severity, column_name, message, any_value(fix), count(*),
               list(source_row order by source_row) filter (where source_row is not null)[1:{PLACES_SHOWN}]
        from {TABLE} group by rule_id, severity, column_name, message
        order by count(*) desc, rule_id, column_name, message limit {limit}
        """
    ).fetchall()
    folded = [
        Problem(rule, Severity(severity), column, message, fix, int(cells), tuple(places or ()))
        for rule, severity, column, message, fix, cells, places in rows
    ]
    return sorted(folded, key=lambda item: ORDER[item.severity])
