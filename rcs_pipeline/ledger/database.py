"""The database behind the ledger: opening it, and bringing an older one up to date.

Belongs here: engines and columns. Does not belong here: what the rows mean (see `ledger`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, inspect, text

from rcs_pipeline.ledger import tables
from rcs_pipeline.ledger.locks import opening_lock

OPENING = 7_275_714  # the advisory lock around the making of tables; any number, as long as it is always this


def open_engine(url: str) -> Engine:
    """The engine of a ledger, with what SQLite needs to be durable."""
    # What follows `sqlite:///` is a path: a question mark in it is none of a query.
    file = url.removeprefix("sqlite:///")
    engine = create_engine(URL.create("sqlite", database=file) if file != url else url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _durable(connection: Any, _: object) -> None:
            # WAL lets the webserver read while a load writes; FULL survives a power cut.
            connection.execute("pragma busy_timeout=10000")
            connection.execute("pragma journal_mode=wal")
            connection.execute("pragma synchronous=full")

    return engine


def make_ready(engine: Engine) -> None:
    """Make the tables and columns that are missing, one process at a time."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    # SQLite does not wait for another's new table or change to WAL: the second process would fail.
    with opening_lock(Path(file)) if file and file != ":memory:" else _alone(engine):
        tables.metadata.create_all(engine)
        _add_new_columns(engine)


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """A server lets two processes make the same table, and one of them fails: they take turns."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:number)"), {"number": OPENING})
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:number)"), {"number": OPENING})


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
