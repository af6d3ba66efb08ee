"""Reading and writing whole records: what every part of the ledger shares.

Belongs here: a query by equal values, records to column values and back.
Does not belong here: any table of its own (see `ledger` and `life`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Table, insert, select

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.records import AuditEvent

Record = TypeVar("Record")


class Rows:
    """A database, and how records are read from it."""

    _engine: Engine

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


def enter(connection: Connection, events: Iterable[AuditEvent]) -> None:
    """Append audit events inside somebody's transaction."""
    for item in events:
        connection.execute(insert(tables.audit_event).values(plain(item)))


def plain(record: Any) -> dict[str, Any]:
    """A record as column values: enums as text, tuples as lists, JSON checked."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(record)))
    return values


def unnumbered(record: Any) -> dict[str, Any]:
    """The column values of a record that has no number yet."""
    return {name: value for name, value in plain(record).items() if name != "id"}


def record(kind: type[Record], row: Row[Any], **changed: Any) -> Record:
    """A row as a record; columns that the record does not know are left out."""
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    values = {name: value for name, value in row._mapping.items() if name in names}
    return kind(**{**values, **changed})
