"""What the ledger knows of the life of deliveries after their receipt.

Belongs here: mappings, confirmations, withdrawals, keys and undertakings, each change in one transaction.
Does not belong here: when one may be entered (see `intake`), receipts themselves (see `ledger`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, insert, update

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.decisions import (
    Confirmation,
    KeyLink,
    Mapping,
    MatchDecision,
    Undertaking,
    Withdrawal,
)
from rcs_pipeline.ledger.records import AuditEvent, Receipt
from rcs_pipeline.ledger.rows import Rows, plain, record, unnumbered

Entry = Mapping | Confirmation | Withdrawal | KeyLink | MatchDecision
TABLES = {
    Mapping: tables.mapping,
    Confirmation: tables.confirmation,
    Withdrawal: tables.withdrawal,
    KeyLink: tables.key_link,
    MatchDecision: tables.match_decision,
}


class Life(Rows):
    """Decisions about deliveries."""

    def mappings(self, dataset: str | None = None, sender: str | None = None) -> list[Mapping]:
        """The mappings ever accepted, oldest first, those dropped since among them."""
        given = {"dataset": dataset, "sender": sender}
        equal = {name: value for name, value in given.items() if value is not None}
        return self._read(tables.mapping, equal, lambda row: record(Mapping, row))

    def mappings_in_force(self, dataset: str, sender: str) -> dict[str, Mapping]:
        """The mappings of one sender and dataset that hold now, by the sender's header."""
        known = self.mappings(dataset, sender)
        return {item.theirs: item for item in known if item.dropped_at is None}

    def confirmations(self, receipt: int) -> list[Confirmation]:
        """The answers given about a delivery, oldest first."""
        found = {"receipt": receipt}
        return self._read(tables.confirmation, found, lambda row: record(Confirmation, row))

    def withdrawals(self) -> list[Withdrawal]:
        """Every withdrawal, oldest first."""

        def made(row: object) -> Withdrawal:
            item = record(Withdrawal, row)  # type: ignore[arg-type]
            return replace(item, releases=tuple(item.releases))

        return self._read(tables.withdrawal, {}, made)

    def match_decisions(self, cpp_code: str | None = None) -> list[MatchDecision]:
        """The decisions about matches with the register, oldest first, those dropped since among them."""
        equal = {} if cpp_code is None else {"cpp_code": cpp_code}
        return self._read(tables.match_decision, equal, lambda row: record(MatchDecision, row))

    def key_chain(self) -> list[KeyLink]:
        """The keys that pseudonyms were made with, first to last."""
        return self._read(tables.key_link, {}, lambda row: record(KeyLink, row))

    def enter(
        self,
        *,
        receipts: Iterable[Receipt] = (),
        entries: Iterable[Entry] = (),
        events: Iterable[AuditEvent] = (),
    ) -> None:
        """Change receipts, enter (or, where they have a number, change) decisions, add audit events.

        All in one transaction.
        """
        with self._engine.begin() as connection:
            _enter(connection, receipts, entries, events)

    # Undertakings

    def begin(self, undertaking: Undertaking) -> Undertaking:
        """Write down work before its first step."""
        with self._engine.begin() as connection:
            query = insert(tables.undertaking).values(unnumbered(undertaking))
            key = connection.execute(query).inserted_primary_key
        return replace(undertaking, id=int(key[0]) if key else 0)

    def commit(
        self,
        undertaking: Undertaking,
        *,
        at: str,
        erase: Iterable[str] = (),
        receipts: Iterable[Receipt] = (),
        entries: Iterable[Entry] = (),
        events: Iterable[AuditEvent] = (),
    ) -> Undertaking:
        """Let the work count: receipts, decisions, audit events, and what is still to be erased, at once."""
        done = replace(
            undertaking, committed_at=at, detail={**undertaking.detail, "erase": sorted(set(erase))}
        )
        with self._engine.begin() as connection:
            _enter(connection, receipts, entries, events)
            _update(connection, done)
        return done

    def finish(self, undertaking: Undertaking, at: str) -> None:
        """Write down that nothing of the work is left to do."""
        with self._engine.begin() as connection:
            _update(connection, replace(undertaking, finished_at=at))

    def unfinished(self) -> list[Undertaking]:
        """Work that was interrupted (or is going on in another process), oldest first."""
        return self._read(tables.undertaking, {"finished_at": None}, lambda row: record(Undertaking, row))


def _enter(
    connection: Connection,
    receipts: Iterable[Receipt],
    entries: Iterable[Entry],
    events: Iterable[AuditEvent],
) -> None:
    for item in receipts:
        if not item.adds_up:
            raise RcsError(f"Receipt {item.id} would not add up", todo="Report this as a defect.")
        query = update(tables.receipt).where(tables.receipt.c.id == item.id)
        connection.execute(query.values(unnumbered(item)))
    for entry in entries:
        table = TABLES[type(entry)]
        change = update(table).where(table.c.id == entry.id) if entry.id else insert(table)
        connection.execute(change.values(unnumbered(entry)))
    for event in events:
        connection.execute(insert(tables.audit_event).values(plain(event)))


def _update(connection: Connection, undertaking: Undertaking) -> None:
    query = update(tables.undertaking).where(tables.undertaking.c.id == undertaking.id)
    connection.execute(query.values(unnumbered(undertaking)))
