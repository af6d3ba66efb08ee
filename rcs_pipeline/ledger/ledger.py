"""The ledger itself: a small set of questions and entries over SQLAlchemy.

Belongs here: reading and writing the tables, each change in one transaction.
Does not belong here: rules about when an entry may be made (rooms further down decide).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, Row, Table, create_engine, event, insert, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.records import (
    Approval,
    AuditEvent,
    CandidateRecord,
    CheckSeverity,
    Outcome,
    Plan,
    PointerMove,
    Receipt,
    ReceiptState,
    ReleaseRecord,
    ReleaseStatus,
    Verdict,
)

Record = TypeVar("Record")


class Ledger:
    """The record of everything that happened and was decided."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(url)
        try:
            tables.metadata.create_all(self._engine)
            _add_new_columns(self._engine)
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

    def add_receipt(self, receipt: Receipt, *, replaces: Receipt | None = None) -> Receipt:
        """Enter a receipt, and in the same transaction mark the one it replaces as superseded.

        Raises:
            RcsError: its rows do not add up.
        """
        if not receipt.adds_up:
            raise RcsError(
                f"The receipt of {receipt.file_name} does not add up: {receipt}",
                todo="Report this as a defect.",
            )
        with self._engine.begin() as connection:
            if replaces is not None:
                connection.execute(
                    update(tables.receipt)
                    .where(tables.receipt.c.id == replaces.id)
                    .values(state=ReceiptState.SUPERSEDED.value)
                )
            values = {**_plain(receipt), "supersedes": replaces.id if replaces else None}
            values.pop("id")
            key = connection.execute(insert(tables.receipt).values(values)).inserted_primary_key
        return self.receipt(int(key[0])) if key else receipt

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
        return [_receipt(row) for row in self._rows(tables.receipt, equal)]

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
                connection.execute(insert(tables.candidate).values(_plain(candidate)))

    def forget_candidate(self, candidate: str) -> None:
        """Take a candidate and its verdicts out, in one transaction, because it is being built again."""
        with self._engine.begin() as connection:
            connection.execute(tables.verdict.delete().where(tables.verdict.c.candidate == candidate))
            connection.execute(tables.candidate.delete().where(tables.candidate.c.hash == candidate))

    def candidates(self, product: str) -> list[CandidateRecord]:
        """The candidates of a product, oldest first."""
        rows = self._rows(tables.candidate, {"product": product}, order="built_at")
        return [_candidate(row) for row in rows]

    def candidate(self, name: str) -> CandidateRecord:
        """The candidate with this hash, or the only one whose hash starts so.

        Raises:
            RcsError: none or several match.
        """
        rows = [
            row for row in self._rows(tables.candidate, {}, order="built_at") if row.hash.startswith(name)
        ]
        if len(rows) != 1:
            raise RcsError(
                f"{'No' if not rows else 'More than one'} candidate has a hash that starts with `{name}`",
                todo="`rcs status` lists the candidates; `rcs build` makes one.",
            )
        return _candidate(rows[0])

    def record_verdicts(self, candidate: str, verdicts: Iterable[Verdict], at: str) -> None:
        """Replace the candidate's verdicts of the same checks by these, in one transaction."""
        with self._engine.begin() as connection:
            for item in verdicts:
                connection.execute(
                    tables.verdict.delete().where(
                        tables.verdict.c.candidate == candidate, tables.verdict.c.check == item.check
                    )
                )
                connection.execute(
                    insert(tables.verdict).values(candidate=candidate, recorded_at=at, **_plain(item))
                )

    def verdicts(self, candidate: str) -> list[Verdict]:
        """All verdicts on a candidate, by check."""
        rows = self._rows(tables.verdict, {"candidate": candidate}, order="check")
        return [
            Verdict(
                check=row.check, kind=row.kind, severity=CheckSeverity(row.severity),
                outcome=Outcome(row.outcome), message=row.message,
                location=row.location, guidance=row.guidance,
            )
            for row in rows
        ]  # fmt: skip

    # Plans, approvals, releases

    def add_plan(self, plan: Plan) -> None:
        """Enter a plan; entering the same id again changes nothing."""
        with self._engine.begin() as connection:
            query = select(tables.plan.c.id).where(tables.plan.c.id == plan.id)
            if connection.execute(query).first() is None:
                connection.execute(insert(tables.plan).values(_plain(plan)))

    def plan(self, plan_id: str) -> Plan:
        """The plan with this id.

        Raises:
            RcsError: there is none.
        """
        rows = self._rows(tables.plan, {"id": plan_id}, order="id")
        if not rows:
            raise RcsError(f"There is no plan `{plan_id}`", todo="`rcs plan` makes one and prints its id.")
        values = dict(rows[0]._mapping)
        return Plan(**{**values, "why": tuple(values["why"])})

    def add_approval(self, approval: Approval) -> None:
        """Enter an approval."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.approval).values(_plain(approval)))

    def approvals(self, plan_id: str) -> list[Approval]:
        """The approvals of a plan, oldest first."""
        return [_record(Approval, row) for row in self._rows(tables.approval, {"plan": plan_id})]

    def add_release(self, release: ReleaseRecord) -> None:
        """Enter a release; the same product and version again is a defect and raises."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.release).values(_plain(release)))

    def releases(self, product: str) -> list[ReleaseRecord]:
        """The releases of a product, oldest first."""
        return [
            _record(ReleaseRecord, row, status=ReleaseStatus(row.status), audiences=tuple(row.audiences))
            for row in self._rows(tables.release, {"product": product})
        ]

    def set_release_status(self, product: str, version: str, status: ReleaseStatus, reason: str) -> None:
        """Change what may be done with a release, with the reason."""
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.release)
                .where(tables.release.c.product == product, tables.release.c.version == version)
                .values(status=status.value, reason=reason)
            )

    def start_move(self, move: PointerMove) -> PointerMove:
        """Write down a pointer move before it begins."""
        values = _plain(move)
        values.pop("id")
        with self._engine.begin() as connection:
            key = connection.execute(insert(tables.pointer_move).values(values)).inserted_primary_key
        return PointerMove(**{**asdict(move), "id": int(key[0]) if key else 0})

    def finish_move(self, move: PointerMove, at: str) -> None:
        """Write down that a pointer move is complete."""
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.pointer_move).where(tables.pointer_move.c.id == move.id).values(finished_at=at)
            )

    def moves(self, product: str | None = None, *, unfinished: bool = False) -> list[PointerMove]:
        """The pointer moves, oldest first; only those that never finished if asked."""
        rows = self._rows(tables.pointer_move, {"product": product} if product else {})
        moves = [_record(PointerMove, row) for row in rows]
        return [move for move in moves if move.finished_at is None] if unfinished else moves

    # Audit

    def note(self, entry: AuditEvent) -> None:
        """Append an audit event."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.audit_event).values(_plain(entry)))

    def events(self, **equal: Any) -> list[AuditEvent]:
        """The audit events whose columns equal the given values, oldest first."""
        return [_record(AuditEvent, row) for row in self._rows(tables.audit_event, equal)]

    def _rows(self, table: Table, equal: dict[str, Any], order: str = "id") -> list[Row[Any]]:
        query = select(table).order_by(table.c[order])
        for name, value in equal.items():
            query = query.where(table.c[name] == value)
        with self._engine.connect() as connection:
            return list(connection.execute(query))


def _engine(url: str) -> Engine:
    # What follows `sqlite:///` is a path: a question mark in it is none of a query.
    file = url.removeprefix("sqlite:///")
    engine = create_engine(URL.create("sqlite", database=file) if file != url else url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _durable(connection: Any, _: object) -> None:
            # WAL lets the webserver read while a load writes; FULL survives a power cut.
            connection.execute("pragma journal_mode=wal")
            connection.execute("pragma synchronous=full")
            connection.execute("pragma busy_timeout=10000")

    return engine


def _add_new_columns(engine: Engine) -> None:
    """Give a ledger that an earlier version made the columns that came later (all of them may be NULL)."""
    found = inspect(engine)
    for table in tables.metadata.sorted_tables:
        known = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in known:
                kind = column.type.compile(engine.dialect)
                with engine.begin() as connection:
                    connection.execute(text(f'alter table "{table.name}" add column "{column.name}" {kind}'))


def _plain(record: Any) -> dict[str, Any]:
    """A record as column values: enums as text, tuples as lists, JSON checked."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(record)))
    return plain


def _record(kind: type[Record], row: Row[Any], **changed: Any) -> Record:
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    values = {name: value for name, value in row._mapping.items() if name in names}
    return kind(**{**values, **changed})


def _receipt(row: Row[Any]) -> Receipt:
    return _record(Receipt, row, state=ReceiptState(row.state))


def _candidate(row: Row[Any]) -> CandidateRecord:
    return _record(
        CandidateRecord, row, synthetic=bool(row.synthetic), inputs=tuple(row.inputs),
        required_checks=tuple(row.required_checks),
    )  # fmt: skip
