"""Schemas, roles, tables and grants of releases in PostgreSQL.

Belongs here: making them as the descriptions of release folders say, and changing what is there already.
Does not belong here: rows (see `postgres`).

Whoever may read is a role without a login (`rcs_open`): the server's keeper grants it to accounts. Tables
that hold the rows of several audiences show each role its own rows, by row-level security.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.release.database import ABOUT, DICTIONARY, dictionary_rows

if TYPE_CHECKING:
    from psycopg import Connection

    Writing = Connection[Any]

AUDIENCE = "release_audience"
AUDIENCE_SETTING = "rcs.audience"
LONGEST_NAME = 63
PATIENCE = 30.0
ASK_AGAIN_SECONDS = 0.05
SQL_TYPES = {
    "string": "text", "integer": "bigint", "number": "double precision", "date": "date", "boolean": "boolean",
}  # fmt: skip
OWN_TABLES = {
    DICTIONARY: dict.fromkeys(
        ("table_name", "column_name", "type", "unit", "description", "codes", "deprecated_until"), "text"
    ),
    ABOUT: {
        **dict.fromkeys(
            ("product", "title", "audience", "version", "hash", "released_at", "licence", "attribution",
             "description"), "text",
        ),
        "synthetic": "boolean",
    },
}  # fmt: skip
Shape = dict[str, str]
"""Column -> type."""


@dataclass(frozen=True)
class Part:
    """What one audience is to read in the database.

    `code`: whose rows these are, where the schema holds those of several audiences. `hash` and `folder`: the
    release; None where there is none to read.
    """

    audience: str
    schema: str
    role: str
    code: str | None
    hash: str | None
    folder: Path | None


def part(product: str, audience: str, *, rows: bool, hash_: str | None, folder: Path | None) -> Part:
    """Where an audience's release stands: a schema of its own, or rows in the schema of its kind.

    Raises:
        RcsError: the name would be too long for PostgreSQL, or not tell two audiences apart.
    """
    kind, _, code = audience.partition("/")
    role = "_".join(item for item in (product, kind, code.lower()) if item)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", role) or len(role) > LONGEST_NAME:
        raise RcsError(
            f"The audience `{audience}` makes no name for a schema and a role: `{role}`",
            expected=f"letters without accents, digits and underscores, {LONGEST_NAME} at most",
        )
    schema = f"{product}_{kind}" if rows else role
    return Part(audience, schema, role, code if rows and code else None, hash_, folder)


def tables_of(packages: Iterable[dict[str, Any]]) -> dict[str, Shape]:
    """The tables that releases need, by what their descriptions say; none where there is no release."""
    wanted: dict[str, Shape] = {}
    for package in packages:
        for resource in package["resources"]:
            fields = {item["name"]: SQL_TYPES[item["type"]] for item in resource["schema"]["fields"]}
            wanted.setdefault(resource["name"], {}).update(fields)
    return {**wanted, **OWN_TABLES} if wanted else {}


def prepare(
    connection: Writing, parts: Sequence[Part], wanted: dict[str, Shape], patience: float
) -> tuple[str, ...]:
    """Make the schema, its roles and its tables as they are wanted; what fits stays untouched.

    Returns:
        The tables of the schema that hold rows of releases.

    Raises:
        RefusedError: the schema is somebody else's, or readers never let go of a table that changes.
    """
    schema, shared = parts[0].schema, any(item.code for item in parts)
    _make_roles(connection, [item.role for item in parts if item.folder is not None])
    connection.execute(f'create schema if not exists "{schema}"'.encode())
    there = existing(connection, schema)
    if there and ABOUT not in there:
        raise RefusedError(
            f"The schema `{schema}` holds tables that no release made: {', '.join(sorted(there)[:5])}",
            expected="a schema of that name for releases alone",
            todo="Move them away, or publish into another database.",
        )
    ours = _made_before(connection, schema) if there else set()
    if not wanted:
        return tuple(sorted(ours | OWN_TABLES.keys()))
    extra = {AUDIENCE: "text"} if shared else {}
    gone = [table for table in there if table in ours - wanted.keys()]
    other = [table for table in wanted if table in there and there[table] != {**wanted[table], **extra}]
    _lock(connection, schema, [*gone, *other], patience)
    for table in gone:
        connection.execute(f"drop table {name(schema, table)}".encode())
    for table in other:
        _change(connection, schema, table, there[table], {**wanted[table], **extra})
    for table in wanted.keys() - there.keys():
        _make_table(connection, schema, table, wanted[table], _prefix(parts[0]) if shared else None)
    return tuple(sorted(wanted))


def finish(
    connection: Writing, parts: Sequence[Part], tables: Iterable[str], packages: Iterable[dict[str, Any]]
) -> None:
    """Comments, rights, and what the server's planner has to know of the new rows."""
    schema = parts[0].schema
    for package in packages:
        for resource in package["resources"]:
            target = name(schema, resource["name"])
            _say(connection, f"table {target}", f"{resource['title']}. {resource['description']}")
            for field in resource["schema"]["fields"]:
                _say(connection, f"column {target}.{names([field['name']])}", field["description"])
        break  # one contract describes them all
    roles = names(dict.fromkeys(item.role for item in parts if item.folder is not None))
    listed = ", ".join(name(schema, table) for table in tables)
    if roles:
        connection.execute(f'grant usage on schema "{schema}" to {roles}'.encode())
        connection.execute(f"grant select on {listed} to {roles}".encode())
    connection.execute(f"analyze {listed}".encode())


def dictionary(package: dict[str, Any]) -> list[tuple[str | None, ...]]:
    """What every column means, as rows."""
    return dictionary_rows(package)


def about(package: dict[str, Any], part: Part) -> tuple[Any, ...]:
    """Which release this is, and on which terms, as a row."""
    return (
        package["name"], package["title"], package["audience"], package["version"], part.hash,
        package["created"], package["licenses"][0]["title"], " ".join(package.get("attribution", ())),
        package["description"], package["synthetic"],
    )  # fmt: skip


def existing(connection: Writing, schema: str) -> dict[str, Shape]:
    """Table -> its columns and their types, of what there is in a schema."""
    query = """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
            left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where n.nspname = %s and c.relkind in ('r', 'p') order by c.relname, a.attnum
    """
    found: dict[str, Shape] = {}
    for table, column, kind in connection.execute(query, [schema]):
        found.setdefault(table, {})[column] = kind
    return found


def exists(connection: Writing, schema: str, table: str) -> bool:
    """Whether there is such a table."""
    row = connection.execute("select to_regclass(%s) is not null", [name(schema, table)]).fetchone()
    return bool(row and row[0])


def name(schema: str, table: str) -> str:
    """A table as SQL names it."""
    return f"{names([schema])}.{names([table])}"


def names(columns: Iterable[str]) -> str:
    """Identifiers as SQL writes them."""
    return ", ".join('"' + item.replace('"', '""') + '"' for item in columns)


def _make_roles(connection: Writing, roles: Iterable[str]) -> None:
    wanted = dict.fromkeys(roles)
    rows = connection.execute("select rolname from pg_roles where rolname = any(%s)", [list(wanted)])
    known = {row[0] for row in rows}
    for role in wanted.keys() - known:
        connection.execute(f'create role "{role}" nologin'.encode())


def _make_table(connection: Writing, schema: str, table: str, columns: Shape, prefix: str | None) -> None:
    target = name(schema, table)
    lines = [f"{names([column])} {kind}" for column, kind in columns.items()]
    if prefix is not None:
        lines.append(f"{AUDIENCE} text not null default current_setting('{AUDIENCE_SETTING}')")
    connection.execute(f"create table {target} ({', '.join(lines)})".encode())
    if prefix is None:
        return
    mine = (
        f"lower({AUDIENCE}) in (select substr(rolname, {len(prefix) + 1}) from pg_catalog.pg_roles"
        f" where starts_with(rolname, '{prefix}') and pg_has_role(oid, 'usage'))"
    )
    connection.execute(f"create index on {target} ({AUDIENCE})".encode())
    connection.execute(f"alter table {target} enable row level security".encode())
    connection.execute(f"create policy own_rows on {target} for select using ({mine})".encode())


def _change(connection: Writing, schema: str, table: str, have: Shape, want: Shape) -> None:
    """Other columns in place: grants stay, and no row is rewritten under a reader's snapshot."""
    gone = [column for column in have if have[column] != want.get(column)]
    new = [column for column in want if want[column] != have.get(column)]
    for column in gone:
        connection.execute(f"alter table {name(schema, table)} drop column {names([column])}".encode())
    for column in new:
        line = f"{names([column])} {want[column]}"
        connection.execute(f"alter table {name(schema, table)} add column {line}".encode())


def _lock(connection: Writing, schema: str, tables: Sequence[str], patience: float) -> None:
    """Get tables for ourselves, all of them or none, so that no reader and we wait for each other."""
    from psycopg.errors import LockNotAvailable

    if not tables:
        return
    listed = ", ".join(name(schema, table) for table in tables)
    deadline = time.monotonic() + patience
    while True:
        try:
            with connection.transaction():
                connection.execute(f"lock table {listed} in access exclusive mode nowait".encode())
            return
        except LockNotAvailable as error:
            if time.monotonic() >= deadline:
                raise RefusedError(
                    f"The columns of {listed} change, and somebody has been reading there all the time",
                    expected=f"a moment without a reader within {patience:g} seconds",
                    todo="Look into pg_stat_activity, end what hangs, and run the command again.",
                ) from error
        time.sleep(ASK_AGAIN_SECONDS)


def _made_before(connection: Writing, schema: str) -> set[str]:
    rows = connection.execute(f"select distinct table_name from {name(schema, DICTIONARY)}".encode())
    return {row[0] for row in rows}


def _prefix(part: Part) -> str:
    return part.role.removesuffix((part.code or "").lower())


def _say(connection: Writing, what: str, text: str) -> None:
    from psycopg import sql

    connection.execute(sql.SQL("comment on {} is {}").format(sql.SQL(what), sql.Literal(text)))
