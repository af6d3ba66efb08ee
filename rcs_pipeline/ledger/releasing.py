"""What the ledger knows of plans, approvals, releases and pointer moves.

Belongs here: reading and writing those tables, each change in one transaction with its audit events.
Does not belong here: whether a change is allowed (see `lifecycle` and the room `release`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, insert, select, update

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.records import (
    Approval,
    AuditEvent,
    Plan,
    PointerMove,
    ReleaseRecord,
    ReleaseStatus,
)
from rcs_pipeline.ledger.rows import Rows, enter, plain, record, unnumbered


class Releasing(Rows):
    """The part of the ledger that releases are recorded in."""

    def add_plan(self, plan: Plan, *events: AuditEvent) -> None:
        """Enter a plan; entering the same id again brings its detail up to date and nothing else."""
        with self._engine.begin() as connection:
            query = select(tables.plan.c.id).where(tables.plan.c.id == plan.id)
            if connection.execute(query).first() is None:
                connection.execute(insert(tables.plan).values(plain(plan)))
            else:
                again = update(tables.plan).where(tables.plan.c.id == plan.id)
                connection.execute(again.values(detail=plain(plan)["detail"]))
            enter(connection, events)

    def plan(self, plan_id: str) -> Plan:
        """The plan with this id.

        Raises:
            RcsError: there is none.
        """
        found = self._read(tables.plan, {"id": plan_id}, _plan)
        if not found:
            raise RcsError(f"There is no plan `{plan_id}`", todo="`rcs plan` makes one and prints its id.")
        return found[0]

    def add_approval(self, approval: Approval, *events: AuditEvent) -> None:
        """Enter an approval."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.approval).values(plain(approval)))
            enter(connection, events)

    def approvals(self, plan_id: str) -> list[Approval]:
        """The approvals of a plan, oldest first, voided ones too."""
        return self._read(tables.approval, {"plan": plan_id}, lambda row: record(Approval, row))

    def void_approvals(self, candidate: str, at: str, *events: AuditEvent, but: str | None = None) -> None:
        """Let the approvals of a candidate never count again, but for those of one plan."""
        approval = tables.approval.c
        query = update(tables.approval).where(
            approval.candidate == candidate, approval.voided_at.is_(None), approval.plan != (but or "")
        )
        with self._engine.begin() as connection:
            connection.execute(query.values(voided_at=at))
            enter(connection, events)

    def add_release(self, release: ReleaseRecord, *events: AuditEvent) -> None:
        """Enter a release; the same product and version again is a defect and raises."""
        with self._engine.begin() as connection:
            connection.execute(insert(tables.release).values(plain(release)))
            enter(connection, events)

    def releases(self, product: str) -> list[ReleaseRecord]:
        """The releases of a product, oldest first."""
        return self._read(tables.release, {"product": product}, _release)

    def set_release_status(
        self, product: str, version: str, status: ReleaseStatus, reason: str, *events: AuditEvent,
        until: str | None = None,
    ) -> None:  # fmt: skip
        """Change what may be done with a release, with the reason."""
        release = tables.release.c
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.release)
                .where(release.product == product, release.version == version)
                .values(status=status.value, reason=reason, until=until)
            )
            enter(connection, events)

    def start_move(self, move: PointerMove) -> PointerMove:
        """Write down a pointer move before it begins."""
        with self._engine.begin() as connection:
            query = insert(tables.pointer_move).values(unnumbered(move))
            key = connection.execute(query).inserted_primary_key
        return PointerMove(**{**asdict(move), "id": int(key[0]) if key else 0})

    def finish_move(self, move: PointerMove, at: str) -> None:
        """Write down that a pointer move is complete."""
        self._stamp(move, finished_at=at)

    def told(self, move: PointerMove, at: str) -> None:
        """Write down that the outside was told of a move, or that nobody needs to be."""
        self._stamp(move, told_at=at)

    def moves(self, product: str | None = None, *, unfinished: bool = False) -> list[PointerMove]:
        """The pointer moves, oldest first; only those that never finished if asked."""
        rows = self._rows(tables.pointer_move, {"product": product} if product else {})
        moves = [record(PointerMove, row) for row in rows]
        return [move for move in moves if move.finished_at is None] if unfinished else moves

    def _stamp(self, move: PointerMove, **times: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(tables.pointer_move).where(tables.pointer_move.c.id == move.id).values(**times)
            )


def _plan(row: Row[Any]) -> Plan:
    # A ledger from before plans had notes has NULL there.
    return record(Plan, row, why=tuple(row.why), note=row.note or "", detail=row.detail or {})


def _release(row: Row[Any]) -> ReleaseRecord:
    status = ReleaseStatus(row.status)
    return record(ReleaseRecord, row, status=status, audiences=tuple(row.audiences))
