"""The ledger itself: a small set of questions and entries over SQLAlchemy.

Belongs here: reading and writing the tables, each change in one transaction.
Does not belong here: rules about when an entry may be made (rooms further down decide).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Row, Table, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.database import add_new_columns, open_engine
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
        self._engine = open_engine(url)
        try:
            tables.metadata.create_all(self._engine)
            add_new_columns(self._engine)
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
                connection.execute(insert(tables.candidate).values(_plain(candidate)))

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
        return self._read(tables.verdict, {"candidate": candidate}, _verdict, order="check")

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
        found = self._read(tables.plan, {"id": plan_id}, _plan)
        if not found:
            raise RcsError(f"There is no plan `{plan_id}`", todo="`rcs plan` makes one and prints its id.")
        return found[0]

    def add_approval(self, approval: Approval) -> None:
        """Enter an approval."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.approval).values(_plain(approval)))

    def approvals(self, plan_id: str) -> list[Approval]:
        """The approvals of a plan, oldest first."""
        return self._read(tables.approval, {"plan": plan_id}, lambda row: _record(Approval, row))

    def add_release(self, release: ReleaseRecord) -> None:
        """Enter a release; the same product and version again is a defect and raises."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.release).values(_plain(release)))

    def releases(self, product: str) -> list[ReleaseRecord]:
        """The releases of a product, oldest first."""
        return self._read(tables.release, {"product": product}, _release)

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
        return self._read(tables.audit_event, equal, lambda row: _record(AuditEvent, row))

    def _read(
        self, table: Table, equal: dict[str, Any], make: Callable[[Row[Any]], Record], order: str = "id"
    ) -> list[Record]:
        try:
            return [make(row) for row in self._rows(table, equal, order)]
        except (ValueError, TypeError) as error:  # a state nobody knows, text that is not JSON
            raise RcsError(
                f"The ledger's table `{table.name}` holds a row that this programme did not write",
                where=self._engine.url.render_as_string(hide_password=True),
                todo="Restore the ledger from its backup, and find out who wrote into it.",
            ) from error

    def _rows(self, table: Table, equal: dict[str, Any], order: str = "id") -> list[Row[Any]]:
        query = select(table).order_by(table.c[order])
        for name, value in equal.items():
            query = query.where(table.c[name] == value)
        with self._engine.connect() as connection:
            return list(connection.execute(query))


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


def _verdict(row: Row[Any]) -> Verdict:
    return _record(Verdict, row, severity=CheckSeverity(row.severity), outcome=Outcome(row.outcome))


def _plan(row: Row[Any]) -> Plan:
    return _record(Plan, row, why=tuple(row.why))


def _release(row: Row[Any]) -> ReleaseRecord:
    status = ReleaseStatus(row.status)
    return _record(ReleaseRecord, row, status=status, audiences=tuple(row.audiences))


def _candidate(row: Row[Any]) -> CandidateRecord:
    return _record(
        CandidateRecord, row, synthetic=bool(row.synthetic), inputs=tuple(row.inputs),
        required_checks=tuple(row.required_checks),
    )  # fmt: skip
