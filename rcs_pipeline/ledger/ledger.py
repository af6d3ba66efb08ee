"""The ledger itself: a small set of questions and entries over SQLAlchemy.

Belongs here: reading and writing the tables, each change in one transaction.
Does not belong here: rules about when an entry may be made (rooms further down decide).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.database import make_ready, open_engine
from rcs_pipeline.ledger.life import Life
from rcs_pipeline.ledger.records import (
    AuditEvent,
    CandidateRecord,
    CheckSeverity,
    Outcome,
    Receipt,
    ReceiptState,
    Verdict,
)
from rcs_pipeline.ledger.releasing import Releasing
from rcs_pipeline.ledger.rows import enter, plain, record, unnumbered


class Ledger(Releasing, Life):
    """The record of everything that happened and was decided."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._engine = open_engine(url)
        try:
            make_ready(self._engine)
        except SQLAlchemyError as error:
            raise RcsError(
                f"The ledger cannot be opened: {getattr(error, 'orig', error)}",
                where=self._engine.url.render_as_string(hide_password=True),
                todo="Check RCS_LEDGER_URL, the folder and the rights on it.",
            ) from error

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # Receipts

    def add_receipt(
        self, receipt: Receipt, *, replaces: Receipt | None = None, also: Iterable[Receipt] = ()
    ) -> Receipt:
        """Enter a receipt, and in the same transaction mark the one it replaces as superseded.

        Args:
            receipt: the new one; its number is given here.
            replaces: the one whose rows counted until now.
            also: others that it overtakes: those that waited for a yes.

        Raises:
            RcsError: its rows do not add up.
        """
        if not receipt.adds_up:
            raise RcsError(
                f"The receipt of {receipt.file_name} does not add up: {receipt}",
                todo="Report this as a defect.",
            )
        overtaken = [*([replaces] if replaces else []), *also]
        with self._engine.begin() as connection:
            values = {**unnumbered(receipt), "supersedes": replaces.id if replaces else None}
            key = connection.execute(insert(tables.receipt).values(values)).inserted_primary_key
            number = int(key[0]) if key else 0
            if overtaken:
                connection.execute(
                    update(tables.receipt)
                    .where(tables.receipt.c.id.in_([item.id for item in overtaken]))
                    .values(state=ReceiptState.SUPERSEDED.value, superseded_by=number)
                )
        return self.receipt(number)

    def receipt(self, receipt_id: int) -> Receipt:
        """The receipt with this number.

        Raises:
            RcsError: there is none.
        """
        found = self.receipts(id=receipt_id)
        if not found:
            raise RcsError(f"There is no receipt {receipt_id}", todo="`rcs status` lists them.")
        return found[0]

    def receipts(self, **equal: Any) -> list[Receipt]:
        """The receipts whose columns equal the given values, oldest first."""
        return self._read(tables.receipt, equal, _receipt)

    def current_receipts(self, dataset: str | None = None, collection: str | None = None) -> list[Receipt]:
        """The receipts whose rows count now: accepted, and neither superseded nor withdrawn."""
        equal: dict[str, Any] = {"state": ReceiptState.ACCEPTED.value}
        equal |= {"dataset": dataset} if dataset else {}
        equal |= {"collection": collection} if collection else {}
        return sorted(self.receipts(**equal), key=lambda item: (item.dataset, item.collection))

    # Candidates and verdicts

    def add_candidate(self, candidate: CandidateRecord) -> None:
        """Enter a candidate; entering the same hash again changes nothing."""
        with self._engine.begin() as connection:
            query = select(tables.candidate.c.hash).where(tables.candidate.c.hash == candidate.hash)
            if connection.execute(query).first() is None:
                connection.execute(insert(tables.candidate).values(plain(candidate)))

    def forget_candidate(self, candidate: str) -> None:
        """Take a candidate and its verdicts out, in one transaction, because it is being built again."""
        with self._engine.begin() as connection:
            connection.execute(tables.verdict.delete().where(tables.verdict.c.candidate == candidate))
            connection.execute(tables.candidate.delete().where(tables.candidate.c.hash == candidate))

    def candidates(self, product: str) -> list[CandidateRecord]:
        """The candidates of a product, oldest first."""
        return self._read(tables.candidate, {"product": product}, _candidate, order="built_at")

    def candidate(self, name: str) -> CandidateRecord:
        """The candidate with this hash, or the only one whose hash starts so.

        Raises:
            RcsError: none or several match.
        """
        known = self._read(tables.candidate, {}, _candidate, order="built_at")
        found = [item for item in known if item.hash.startswith(name)]
        if len(found) != 1:
            raise RcsError(
                f"{'No' if not found else 'More than one'} candidate has a hash that starts with `{name}`",
                todo="`rcs status` lists the candidates; `rcs build` makes one.",
            )
        return found[0]

    def record_verdicts(
        self, candidate: str, verdicts: Iterable[Verdict], at: str, *events: AuditEvent
    ) -> None:
        """Replace the candidate's verdicts of the same checks by these and enter the events, all or none."""
        with self._engine.begin() as connection:
            for item in verdicts:
                connection.execute(
                    tables.verdict.delete().where(
                        tables.verdict.c.candidate == candidate, tables.verdict.c.check == item.check
                    )
                )
                connection.execute(
                    insert(tables.verdict).values(candidate=candidate, recorded_at=at, **plain(item))
                )
            enter(connection, events)

    def verdicts(self, candidate: str) -> list[Verdict]:
        """All verdicts on a candidate, by check."""
        return self._read(tables.verdict, {"candidate": candidate}, _verdict, order="check")

    # Audit

    def note(self, *entries: AuditEvent) -> None:
        """Append audit events, all of them or none."""
        with self._engine.begin() as connection:
            enter(connection, entries)

    def events(self, **equal: Any) -> list[AuditEvent]:
        """The audit events whose columns equal the given values, oldest first."""
        return self._read(tables.audit_event, equal, lambda row: record(AuditEvent, row))


def _receipt(row: Row[Any]) -> Receipt:
    # A ledger from before files could wait has no number there.
    return record(Receipt, row, state=ReceiptState(row.state), rows_waiting=row.rows_waiting or 0)


def _verdict(row: Row[Any]) -> Verdict:
    return record(Verdict, row, severity=CheckSeverity(row.severity), outcome=Outcome(row.outcome))


def _candidate(row: Row[Any]) -> CandidateRecord:
    return record(
        CandidateRecord, row, synthetic=bool(row.synthetic), inputs=tuple(row.inputs),
        required_checks=tuple(row.required_checks),
    )  # fmt: skip
