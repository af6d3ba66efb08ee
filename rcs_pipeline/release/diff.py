"""What changed in a table: rows and cells, compared by its grain in one query.

Belongs here: the comparison of two Parquet files. Works when there is no earlier one.
Does not belong here: what a change means for the version (see `meaning`).

Keys of changed rows are listed, values never: a value that was withdrawn because it gave somebody
away must not come back in the list of changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.product import Interval

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LISTED_KEYS = 100


@dataclass(frozen=True)
class TableDiff:
    """The differences of one table for one audience.

    `cells`: column -> changed cells. `hidden`: cells that had a value and are NULL now; `shown`: the
    other way round. `beyond`: values that left the interval they were published with.
    `keys`: the grain of the first changed rows, in order.
    """

    table: str
    rows_before: int
    rows_after: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    cells: dict[str, int] = field(default_factory=dict)
    hidden: int = 0
    shown: int = 0
    beyond: int = 0
    keys: tuple[dict[str, Any], ...] = ()

    @property
    def same(self) -> bool:
        """Whether no row differs."""
        return not (self.added or self.removed or self.changed)


def compare(
    connection: DuckDBPyConnection,
    table: str,
    before: Path | None,
    after: Path | None,
    *,
    grain: tuple[str, ...],
    columns: Mapping[str, str],
    interval: Interval | None = None,
) -> TableDiff:
    """Compare two versions of a table.

    Args:
        connection: any DuckDB connection; nothing is stored in it.
        table: its name.
        before: the Parquet file of the earlier version, if there is one.
        after: the Parquet file of the later version, if there is one.
        grain: the columns that identify a row in both.
        columns: the columns to compare, with the SQL type that they are published in.
        interval: which column is a value with an interval, if the table has one.
    """
    old = _columns(connection, before) if before else {}
    if before is None or after is None or not set(grain) <= set(old) & set(columns):
        gone, come = _count(connection, before), _count(connection, after)
        return TableDiff(table, gone, come, added=come, removed=gone)
    shared = [name for name in columns if name in old and name not in grain]
    joined = _joined(before, after, grain, columns)
    differs = {name: _differs(name, same_type=old[name].lower() == columns[name]) for name in shared}
    any_differs = " or ".join(differs.values()) or "false"
    cells = "".join(f", count(*) filter (where __old and __new and {test})" for test in differs.values())
    went, came = _became_null("o", "n", shared), _became_null("n", "o", shared)
    row = connection.execute(
        f"select count(*) filter (where __old), count(*) filter (where __new),"
        f" count(*) filter (where __old is null), count(*) filter (where __new is null),"
        f" count(*) filter (where __old and __new and ({any_differs})),"
        f" {went}, {came}, {_beyond(interval, shared)}{cells} {joined}"
    ).fetchone()
    assert row is not None  # noqa: S101  (an aggregate always has a row)
    return TableDiff(
        table=table,
        rows_before=row[0],
        rows_after=row[1],
        added=row[2],
        removed=row[3],
        changed=row[4],
        hidden=row[5],
        shown=row[6],
        beyond=row[7],
        cells={name: count for name, count in zip(shared, row[8:], strict=True) if count},
        keys=_keys(connection, joined, grain, any_differs) if row[4] else (),
    )


def _became_null(had: str, has_not: str, columns: Iterable[str]) -> str:
    counts = (
        f"count(*) filter (where __old and __new and {had}.{quote(name)} is not null"
        f" and {has_not}.{quote(name)} is null)"
        for name in columns
    )
    return " + ".join(counts) or "0"


def _beyond(interval: Interval | None, columns: Iterable[str]) -> str:
    """Values outside the interval that they had in the release before; in doubt (no interval) not counted."""
    if interval is None or not {interval.value, interval.lower, interval.upper} <= set(columns):
        return "0"
    value, lower, upper = (quote(name) for name in (interval.value, interval.lower, interval.upper))
    return (
        f"count(*) filter (where __old and __new and n.{value} is distinct from o.{value}"
        f" and (n.{value} < o.{lower} or n.{value} > o.{upper}))"
    )


def _joined(before: Path, after: Path, grain: tuple[str, ...], columns: Mapping[str, str]) -> str:
    published = ", ".join(f"{quote(name)}::{kind} as {quote(name)}" for name, kind in columns.items())
    keys = " and ".join(f"o.{quote(name)} is not distinct from n.{quote(name)}" for name in grain)
    return (
        f"from (select *, true as __old from read_parquet({text(before)})) o"
        f" full join (select {published}, true as __new from read_parquet({text(after)})) n on {keys}"
    )


def _keys(
    connection: DuckDBPyConnection, joined: str, grain: tuple[str, ...], differs: str
) -> tuple[dict[str, Any], ...]:
    names = ", ".join(f"n.{quote(name)}" for name in grain)
    rows = connection.execute(
        f"select {names} {joined} where __old and __new and ({differs}) order by all limit {LISTED_KEYS}"
    ).fetchall()
    return tuple(
        {
            name: value if isinstance(value, int | float | str | None) else str(value)
            for name, value in zip(grain, row, strict=True)
        }
        for row in rows
    )


def _differs(name: str, *, same_type: bool) -> str:
    cast = "" if same_type else "::varchar"
    return f"o.{quote(name)}{cast} is distinct from n.{quote(name)}{cast}"


def _columns(connection: DuckDBPyConnection, path: Path) -> dict[str, str]:
    rows = connection.execute(f"describe select * from read_parquet({text(path)})").fetchall()
    return {row[0]: row[1] for row in rows}


def _count(connection: DuckDBPyConnection, path: Path | None) -> int:
    if path is None:
        return 0
    row = connection.execute(f"select count(*) from read_parquet({text(path)})").fetchone()
    return int(row[0]) if row else 0


def quote(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: object) -> str:
    """A string in SQL."""
    return "'" + str(value).replace("'", "''") + "'"
