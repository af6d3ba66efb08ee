"""Releases as tables of a PostgreSQL server, for dashboards that ask SQL.

Belongs here: one transaction after which the tables say what the given release folders say.
Does not belong here: which releases those are and when (see `mirror`), schemas and roles (see
`postgres_shape`).

Rows are deleted and copied inside the transaction, and no table is renamed: a reader's statement, or its
repeatable-read transaction, sees the old rows or the new ones, and waits for nobody. A release with other
columns needs its tables alone for a moment; it asks for them without ever standing in a queue, because two
queues can wait for each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.errors import LockedError, RcsError, RefusedError
from rcs_pipeline.release import postgres_shape as shape
from rcs_pipeline.release.database import ABOUT, DICTIONARY
from rcs_pipeline.release.postgres_shape import AUDIENCE, AUDIENCE_SETTING, Part

if TYPE_CHECKING:
    from psycopg import Connection

    Writing = Connection[Any]

SCHEMES = ("postgresql://", "postgres://")
CONNECT_SECONDS = 10
LOCK_TIMEOUT = "10s"
ALONE = 7_275_715  # the advisory lock that writers of releases hold; any number, as long as it is always this
CHUNK = 1 << 20


def place(address: str) -> str:
    """The database of an address, without its account and password.

    Raises:
        RcsError: it is no address of a PostgreSQL database.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        if not _plain(address).startswith(SCHEMES):
            raise ProgrammingError
        found = conninfo_to_dict(_plain(address))
    except ProgrammingError as error:
        raise RcsError(
            "The address of the database for releases is not one of PostgreSQL", where="RCS_PUBLISH_URL",
            expected="postgresql://ACCOUNT@HOST:PORT/DATABASE",
        ) from error  # fmt: skip
    return f"{found.get('host', 'local')}:{found.get('port', '5432')}/{found.get('dbname', '')}"


@contextmanager
def staged(address: str, parts: Sequence[Part], *, patience: float = shape.PATIENCE) -> Iterator[Writing]:
    """Write the parts that are not there yet; nobody sees it until the caller commits.

    Leaving the block without a commit takes everything back.

    Args:
        address: the database.
        parts: what each audience is to read there.
        patience: how many seconds to try for a table whose columns change.

    Raises:
        RefusedError: the database holds something else under our names, or will not let us write.
        LockedError: another writer of releases is at work.
        RcsError: it cannot be reached.
    """
    with sentences(address), _opened(address) as connection:
        row = connection.execute("select pg_try_advisory_xact_lock(%s)", [ALONE]).fetchone()
        if not (row and row[0]):
            raise LockedError("Another process is writing releases", where=place(address))
        connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        for _, group in groupby(sorted(parts, key=lambda part: part.schema), key=lambda part: part.schema):
            _write_schema(connection, tuple(group), patience)
        yield connection


def hashes(address: str, parts: Sequence[Part]) -> dict[tuple[str, str], str | None]:
    """Schema and audience -> the hash of the release that is shown there; None where there is none."""
    with sentences(address), _opened(address) as connection:
        return {(part.schema, part.audience): _shown(connection, part).get("hash") for part in parts}


@contextmanager
def _opened(address: str) -> Iterator[Writing]:
    import psycopg

    connection = psycopg.connect(_plain(address), connect_timeout=CONNECT_SECONDS)
    try:
        yield connection
    finally:
        connection.close()  # takes back what was not committed


@contextmanager
def sentences(address: str) -> Iterator[None]:
    """What the server says becomes a sentence about it."""
    import psycopg
    from psycopg import errors

    try:
        yield
    except errors.InsufficientPrivilege as error:
        raise RefusedError(
            f"The account of the database may not write releases: {_said(error)}", where=place(address),
            expected="the right to create schemas, and roles unless they are there already",
            todo="Ask who looks after the server; docs/operations.md lists the rights.",
        ) from error  # fmt: skip
    except errors.DependentObjectsStillExist as error:
        raise RefusedError(
            f"Something that readers made uses what goes: {_said(error)}", where=place(address),
            todo="Have it changed or dropped there, and run the command again.",
        ) from error  # fmt: skip
    except psycopg.OperationalError as error:
        raise RcsError(
            f"The database for releases cannot be used: {_said(error)}", where=place(address),
            expected="a PostgreSQL server that answers",
            todo="Start it or mend RCS_PUBLISH_URL, and run the command again.",
        ) from error  # fmt: skip
    except psycopg.Error as error:
        raise RefusedError(
            f"The database did not take the release: {_said(error)}", where=place(address),
            todo="Mend that on the server and run the command again; nothing was half-written.",
        ) from error  # fmt: skip


def _write_schema(connection: Writing, parts: tuple[Part, ...], patience: float) -> None:
    """Bring the parts of one schema up to date."""
    stale = []
    for part in parts:
        shown = _shown(connection, part)
        if shown.get("hash") == part.hash:
            continue
        if shown and part.folder is not None and not shown["synthetic"] and _package(part)["synthetic"]:
            raise RefusedError(
                f"The schema `{part.schema}` holds a real release, and this one is a demonstration",
                expected="a database of its own for the demonstration",
            )
        stale.append(part)
    if not stale:
        return
    packages = {part.audience: _package(part) for part in parts if part.folder is not None}
    wanted = shape.tables_of(packages.values())
    tables = shape.prepare(connection, parts, wanted, patience)
    for part in stale:
        _empty(connection, part, tables)
        if part.folder is not None:
            _fill(connection, part, packages[part.audience])
    shape.finish(connection, parts, tables, packages.values())


def _shown(connection: Writing, part: Part) -> dict[str, Any]:
    """What the database says of the part's release: its hash, and whether it is synthetic."""
    if not shape.exists(connection, part.schema, ABOUT):
        return {}
    condition, values = _of(part)
    query = f"select hash, synthetic from {shape.name(part.schema, ABOUT)}{condition}"
    row = connection.execute(query.encode(), values).fetchone()
    return {"hash": row[0], "synthetic": row[1]} if row else {}


def _empty(connection: Writing, part: Part, tables: Sequence[str]) -> None:
    condition, values = _of(part)
    for table in tables:
        connection.execute(f"delete from {shape.name(part.schema, table)}{condition}".encode(), values)


def _fill(connection: Writing, part: Part, package: dict[str, Any]) -> None:
    # Tables for several audiences take whose row it is from this setting, as the default of a column.
    connection.execute("select set_config(%s, %s, true)", [AUDIENCE_SETTING, part.code or ""])
    for resource in package["resources"]:
        columns = [field["name"] for field in resource["schema"]["fields"]]
        _copy(connection, part, resource["name"], columns, Path(str(part.folder)) / resource["path"])
    for table, rows in ((DICTIONARY, shape.dictionary(package)), (ABOUT, [shape.about(package, part)])):
        columns = list(shape.OWN_TABLES[table])
        marks = ", ".join(["%s"] * len(columns))
        into = f"{shape.name(part.schema, table)} ({shape.names(columns)})"
        with connection.cursor() as cursor:
            cursor.executemany(f"insert into {into} values ({marks})".encode(), rows)


def _copy(connection: Writing, part: Part, table: str, columns: list[str], file: Path) -> None:
    # An empty field is a missing value and a quoted one is an empty text: in both, as in our files.
    into = f"{shape.name(part.schema, table)} ({shape.names(columns)})"
    query = f"copy {into} from stdin (format csv, header true, null '')"
    with file.open("rb") as handle, connection.cursor().copy(query.encode()) as copy:
        while chunk := handle.read(CHUNK):
            copy.write(chunk)


def _of(part: Part) -> tuple[str, list[str]]:
    return (f" where {AUDIENCE} = %s", [part.code]) if part.code else ("", [])


def _package(part: Part) -> dict[str, Any]:
    text = (Path(str(part.folder)) / "datapackage.json").read_text(encoding="utf-8")
    package: dict[str, Any] = json.loads(text)
    return package


def _plain(address: str) -> str:
    """The address without the driver that SQLAlchemy would be told."""
    scheme, mark, rest = address.partition("://")
    return f"{scheme.partition('+')[0]}{mark}{rest}"


def _said(error: Any) -> str:
    """The server's own words, its detail too: it names objects, never rows."""
    primary = error.diag.message_primary or str(error).strip().partition("\n")[0]
    detail = error.diag.message_detail if type(error).__name__ == "DependentObjectsStillExist" else None
    return f"{primary} ({' '.join(detail.split())})" if detail else primary
