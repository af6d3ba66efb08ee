"""The ledger itself: a small set of questions and entries over SQLAlchemy.

Belongs here: reading and writing the tables, each change in one transaction.
Does not belong here: rules about when an entry may be made (rooms further down decide).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.database import make_ready, open_engine
from rcs_pipeline.ledger.life import Life
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
from rcs_pipeline.ledger.rows import plain, record, unnumbered


class Ledger(Life):
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
                    insert(tables.verdict).values(candidate=candidate, recorded_at=at, **plain(item))
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
                connection.execute(insert(tables.plan).values(plain(plan)))

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
            connection.execute(insert(tables.approval).values(plain(approval)))

    def approvals(self, plan_id: str) -> list[Approval]:
        """The approvals of a plan, oldest first."""
        return self._read(tables.approval, {"plan": plan_id}, lambda row: record(Approval, row))

    def add_release(self, release: ReleaseRecord) -> None:
        """Enter a release; the same product and version again is a defect and raises."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.release).values(plain(release)))

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
        with self._engine.begin() as connection:
            query = insert(tables.pointer_move).values(unnumbered(move))
            key = connection.execute(query).inserted_primary_key
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
        moves = [record(PointerMove, row) for row in rows]
        return [move for move in moves if move.finished_at is None] if unfinished else moves

    # Audit

    def note(self, entry: AuditEvent) -> None:
        """Append an audit event."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.audit_event).values(plain(entry)))

    def events(self, **equal: Any) -> list[AuditEvent]:
        """The audit events whose columns equal the given values, oldest first."""
        return self._read(tables.audit_event, equal, lambda row: record(AuditEvent, row))


def _receipt(row: Row[Any]) -> Receipt:
    # A ledger from before files could wait has no number there.
    return record(Receipt, row, state=ReceiptState(row.state), rows_waiting=row.rows_waiting or 0)


def _verdict(row: Row[Any]) -> Verdict:
    return record(Verdict, row, severity=CheckSeverity(row.severity), outcome=Outcome(row.outcome))


def _plan(row: Row[Any]) -> Plan:
    return record(Plan, row, why=tuple(row.why))


def _release(row: Row[Any]) -> ReleaseRecord:
    status = ReleaseStatus(row.status)
    return record(ReleaseRecord, row, status=status, audiences=tuple(row.audiences))


def _candidate(row: Row[Any]) -> CandidateRecord:
    return record(
        CandidateRecord, row, synthetic=bool(row.synthetic), inputs=tuple(row.inputs),
        required_checks=tuple(row.required_checks),
    )  # fmt: skip
