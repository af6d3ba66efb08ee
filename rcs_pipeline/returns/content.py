"""What a return says, before it is a workbook, a page or a list.

Belongs here: the stored findings of one delivery, folded and listed, with the facts of its receipt.
Does not belong here: how any of it looks, and the summary (see `summary`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.contracts.returns import ReturnRules, SeverityWords
from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake.sql import text
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.returns.safe import Withholding
from rcs_pipeline.returns.summary import SummaryPart

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FINDINGS = "stored_findings"
ORDERED = "ordered_findings"
PLACES = 200
VALUES = 5


@dataclass(frozen=True)
class Entry:
    """One finding as it is listed; `number` counts all findings of the delivery, the worst first."""

    number: int
    rule_id: str
    severity: Severity
    sheet: str | None
    row: int | None
    column: str | None
    value: str | None
    message: str
    fix: str


@dataclass(frozen=True)
class Kind:
    """All findings of one rule about one column: folded for people, complete in its counts."""

    rule_id: str
    severity: Severity
    column: str | None
    cells: int
    distinct_values: int
    values: tuple[tuple[str, int], ...]
    rows: tuple[int, ...]
    message: str
    fix: str
    first: int

    @property
    def places(self) -> str:
        """The rows as a person would say them: `rows 4 to 15, 17 and 3 more`."""
        if not self.rows:
            return "the whole file" if self.column is None else "the column"
        spans: list[list[int]] = []
        for row in self.rows:
            if spans and row == spans[-1][1] + 1:
                spans[-1][1] = row
            else:
                spans.append([row, row])
        shown = spans[:VALUES]
        words = ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in shown)
        more = self.cells - sum(high - low + 1 for low, high in shown)
        return f"row{'s' if self.cells > 1 else ''} {words}" + (f" and {more:,} more" if more > 0 else "")


@dataclass(frozen=True)
class Content:
    """Everything that a return says."""

    receipt: Receipt
    contract: DeliveryContract
    collection: Collection
    rules: ReturnRules
    stored: bool
    file_name: str
    total: int
    counts: dict[Severity, int]
    kinds: tuple[Kind, ...]
    listed: tuple[Entry, ...]
    summary: tuple[SummaryPart, ...]

    @property
    def withholding(self) -> Withholding:
        """What must not be repeated."""
        return Withholding(self.contract)

    @property
    def verdict(self) -> str:
        """The result in one sentence, to be read before anything else."""
        receipt = self.receipt
        if receipt.state is ReceiptState.REFUSED:
            return "The file could not be taken in."
        if receipt.state is ReceiptState.WAITING:
            return "The file is usable, but something in it is unusual: please tell us whether it is right."
        if receipt.rows_quarantined:
            rows = f"{receipt.rows_quarantined:,} of {receipt.rows_in:,} rows"
            return f"The file is usable; {rows} would be kept out." if not self.stored else (
                f"The file was taken in; {rows} were kept out."
            )  # fmt: skip
        usable = "was taken in" if self.stored else "can be taken in"
        return f"The file {usable}, every row of it." + ("" if self.total else " We found nothing to mend.")

    @property
    def next(self) -> str:
        """What happens next, and what the sender should do."""
        words, receipt = self.rules.next, self.receipt
        if receipt.state is ReceiptState.REFUSED:
            said = words["refused"]
        elif receipt.state is not ReceiptState.ACCEPTED:
            said = words.get(receipt.state.value, words["other"])
        elif not self.stored:
            said = ""
        elif receipt.rows_quarantined:
            said = words["quarantined"]
        else:
            said = words["accepted" if self.total else "clean"]
        return said if self.stored else f"{said} {words['checked']}".strip()

    def words(self, severity: Severity) -> SeverityWords:
        """A severity in plain words."""
        return self.rules.severities[severity]

    def facts(self) -> list[tuple[str, str]]:
        """The receipt as pairs of label and text, in the order in which they are shown."""
        receipt = self.receipt
        pairs = [
            ("File", self.file_name),
            ("Dataset", f"{self.contract.title} ({receipt.dataset})"),
            ("Collection", f"{self.collection.title} ({receipt.collection})"),
            ("Receipt", str(receipt.id) if receipt.id else "none: this was a check"),
            ("Received", spoken_time(receipt.received_at)),
            ("Sent by", receipt.supplier or "not named"),
            ("Contract", f"{receipt.contract_id or self.contract.id}, version "
             f"{receipt.contract_version or self.contract.version}"),
            ("Fingerprint of the file (SHA-256)", receipt.sha256),
            ("Rows in the file", f"{receipt.rows_in:,}"),
            ("Rows accepted", f"{receipt.rows_accepted:,}"),
            ("Rows kept out", f"{receipt.rows_quarantined:,}"),
            ("Rows that wait for your answer", f"{receipt.rows_waiting:,}"),
            ("Rows withdrawn", f"{receipt.rows_withdrawn:,}"),
            ("Rows refused with the file", f"{receipt.rows_refused:,}"),
        ]  # fmt: skip
        rare = ("Rows withdrawn", "Rows that wait for your answer")
        return [(label, value) for label, value in pairs if label not in rare or value != "0"]


def read_findings(connection: DuckDBPyConnection, path: Path | None) -> None:
    """Make the stored findings (none, where there is no file) a view, and number them, the worst first."""
    from rcs_pipeline.intake.findings import TABLE, create_table

    if path is None:
        create_table(connection)
        connection.execute(f"create or replace view {FINDINGS} as select * from {TABLE}")
    else:
        connection.execute(f"create or replace view {FINDINGS} as select * from read_parquet({text(path)})")
    places = " ".join(f"when {text(name.value)} then {place}" for place, name in enumerate(Severity))
    connection.execute(
        f"create or replace temp table {ORDERED} as select row_number() over (order by "
        f"case severity {places} end, source_row nulls first, column_name nulls first, rule_id, value) "
        f"as number, rule_id, severity, source_row, column_name, value, sheet, message, fix from {FINDINGS}"
    )


def count_findings(connection: DuckDBPyConnection) -> dict[Severity, int]:
    """How many findings there are of each severity, the worst first."""
    rows = dict(connection.execute(f"select severity, count(*) from {ORDERED} group by severity").fetchall())
    return {item: int(rows[item.value]) for item in Severity if item.value in rows}


def list_findings(connection: DuckDBPyConnection, hide: Withholding, limit: int) -> tuple[Entry, ...]:
    """The first `limit` findings."""
    rows = connection.execute(
        f"select number, rule_id, severity, sheet, source_row, column_name, {hide.sql('value')}, "
        f"{hide.sql('message')}, {hide.sql('fix')} from {ORDERED} where number <= {limit} order by number"
    ).fetchall()
    return tuple(Entry(row[0], row[1], Severity(row[2]), *row[3:]) for row in rows)


def fold_findings(connection: DuckDBPyConnection, hide: Withholding) -> tuple[Kind, ...]:
    """All findings, folded by rule and column; every count is of all of them."""
    rows = connection.execute(
        f"""
        with valued as (
            select rule_id, severity, column_name, value, count(*) as cells
            from {ORDERED} where value is not null group by all
        ),
        frequent as (
            select rule_id, severity, column_name, count(*) as distinct_values,
                   list({{'value': value, 'cells': cells}} order by cells desc, value)[1:{VALUES}] as most
            from valued group by all
        ),
        folded as (
            select rule_id, severity, column_name, count(*) as cells, min(number) as first,
                   list(source_row order by source_row)
                       filter (where source_row is not null)[1:{PLACES}] as places
            from {ORDERED} group by all
        )
        select folded.rule_id, folded.severity, folded.column_name, folded.cells,
               coalesce(distinct_values, 0), most, places, {hide.sql("message")}, {hide.sql("fix")}, first
        from folded
        join (select number, message, fix from {ORDERED}) as shown on shown.number = folded.first
        left join frequent on frequent.rule_id = folded.rule_id and frequent.severity = folded.severity
            and frequent.column_name is not distinct from folded.column_name
        order by first
        """
    ).fetchall()
    return tuple(
        Kind(
            rule_id=row[0], severity=Severity(row[1]), column=row[2], cells=int(row[3]),
            distinct_values=int(row[4]),
            values=tuple((hide.text(item["value"]), int(item["cells"])) for item in row[5] or ()),
            rows=tuple(dict.fromkeys(row[6] or ())), message=row[7], fix=row[8], first=int(row[9]),
        )
        for row in rows
    )  # fmt: skip


def spoken_time(moment: str) -> str:
    """A time of the ledger as it is said here: `4 May 2026 at 12:00 UTC`."""
    from datetime import datetime

    at = datetime.fromisoformat(moment)
    return f"{at.day} {at:%B %Y} at {at:%H:%M} UTC"
