"""What changed in a table: rows and cells, compared by its grain in one query.

Belongs here: the comparison of the files of two releases, or of two releases of every place. Works when there
is no earlier one.
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
COUNTS = ("rows_before", "rows_after", "added", "removed", "changed", "hidden", "shown", "beyond")


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


@dataclass(frozen=True)
class Held:
    """The files of one table: that of one release, or of the releases of many places at once.

    `place`: which folder of a file's path, counted from its end, is named after the place, or the column that
    names it in one file of all places; None where the rows are of one release. `types`: column -> SQL type,
    where the files are CSV and do not say it.
    """

    files: tuple[Path, ...]
    place: int | str | None = None
    types: Mapping[str, str] = field(default_factory=dict)


def compare(
    connection: DuckDBPyConnection,
    table: str,
    before: Held | None,
    after: Held | None,
    *,
    grain: tuple[str, ...],
    columns: Mapping[str, str],
    interval: Interval | None = None,
    symbols: frozenset[str] = frozenset(),
) -> dict[str, TableDiff]:
    """Compare two versions of a table, for all places at once.

    Args:
        connection: any DuckDB connection; nothing is stored in it.
        table: its name.
        before: the files of the earlier version, if there is one: Parquet, or CSV where it has no other.
        after: the files of the later version, likewise.
        grain: the columns that identify a row in both.
        columns: the columns to compare, with the SQL type that they are published in.
        interval: which column is a value with an interval, if the table has one.
        symbols: the columns that say why there is no value, or how far to trust it; they are none themselves.

    Returns:
        Place -> its differences; under the empty name those of a release that is not one of many.
    """
    old, new = (_relation(side) if side and side.files else None for side in (before, after))
    held = _columns(connection, old) if old else {}
    if old is None or new is None or not set(grain) <= set(held) & set(columns):
        return _counted(connection, table, old, new)
    shared = [name for name in columns if name in held and name not in grain]
    joined = _joined(old, new, grain, columns)
    differs = {name: _differs(name, same_type=held[name].lower() == columns[name]) for name in shared}
    any_differs = " or ".join(differs.values()) or "false"
    cells = "".join(f", count(*) filter (where __old and __new and {test})" for test in differs.values())
    values = [name for name in shared if name not in symbols]
    went, came = _became_null("o", "n", values), _became_null("n", "o", values)
    rows = connection.execute(
        f"select coalesce(o.__place, n.__place),"
        f" count(*) filter (where __old), count(*) filter (where __new),"
        f" count(*) filter (where __old is null), count(*) filter (where __new is null),"
        f" count(*) filter (where __old and __new and ({any_differs})),"
        f" {went}, {came}, {_beyond(interval, shared)}{cells} {joined} group by 1 order by 1"
    ).fetchall()
    keys = _keys(connection, joined, grain, any_differs) if any(row[5] for row in rows) else {}
    return {
        row[0]: TableDiff(
            table=table,
            rows_before=row[1],
            rows_after=row[2],
            added=row[3],
            removed=row[4],
            changed=row[5],
            hidden=row[6],
            shown=row[7],
            beyond=row[8],
            cells={name: count for name, count in zip(shared, row[9:], strict=True) if count},
            keys=tuple(keys.get(row[0], ())),
        )
        for row in rows
    }


def added_up(table: str, diffs: Iterable[TableDiff]) -> TableDiff:
    """The differences of one table in the releases of many places as one; which rows stays with each."""
    diffs = list(diffs)
    cells: dict[str, int] = {}
    for item in diffs:
        for column, count in item.cells.items():
            cells[column] = cells.get(column, 0) + count
    counts = {name: sum(getattr(item, name) for item in diffs) for name in COUNTS}
    return TableDiff(table=table, cells=cells, **counts)


def _counted(
    connection: DuckDBPyConnection, table: str, old: str | None, new: str | None
) -> dict[str, TableDiff]:
    """Where no row of one side can be told to be that of the other: all went, all came."""
    gone, come = (_count(connection, side) if side else {} for side in (old, new))
    return {
        place: TableDiff(
            table,
            gone.get(place, 0),
            come.get(place, 0),
            added=come.get(place, 0),
            removed=gone.get(place, 0),
        )
        for place in sorted({*gone, *come})
    }


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


def _joined(old: str, new: str, grain: tuple[str, ...], columns: Mapping[str, str]) -> str:
    published = ", ".join(f"{quote(name)}::{kind} as {quote(name)}" for name, kind in columns.items())
    keys = " and ".join(f"o.{quote(name)} is not distinct from n.{quote(name)}" for name in grain)
    return (
        f"from (select *, true as __old from {old}) o"
        f" full join (select {published}, __place, true as __new from {new}) n"
        f" on {keys} and o.__place = n.__place"
    )


def _keys(
    connection: DuckDBPyConnection, joined: str, grain: tuple[str, ...], differs: str
) -> dict[str, list[dict[str, Any]]]:
    """The grain of the first changed rows of each place."""
    names = ", ".join(f"n.{quote(name)}" for name in grain)
    rows = connection.execute(
        f"select n.__place, {names} {joined} where __old and __new and ({differs})"
        f" qualify row_number() over (partition by n.__place order by {names}) <= {LISTED_KEYS} order by all"
    ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    for place, *row in rows:
        found.setdefault(place, []).append(
            {
                name: value if isinstance(value, int | float | str | None) else str(value)
                for name, value in zip(grain, row, strict=True)
            }
        )
    return found


def _differs(name: str, *, same_type: bool) -> str:
    cast = "" if same_type else "::varchar"
    return f"o.{quote(name)}{cast} is distinct from n.{quote(name)}{cast}"


def _relation(held: Held) -> str:
    """The rows of all files as SQL, with the place of each."""
    listed = ", ".join(text(file) for file in held.files)
    if held.files[0].suffix == ".parquet":
        source = f"read_parquet([{listed}], filename = '__file', hive_partitioning = false)"
    else:
        types = ", ".join(f"{text(name)}: {text(kind)}" for name, kind in held.types.items())
        source = (
            f"read_csv([{listed}], columns = {{{types}}}, auto_detect = false, header = true, nullstr = '',"
            " allow_quoted_nulls = false, delim = ',', quote = '\"', escape = '\"', filename = '__file',"
            " hive_partitioning = false)"
        )
    place = "''"
    if held.place:
        is_folder = isinstance(held.place, int)
        place = f"split_part(__file, '/', -{held.place})" if is_folder else quote(str(held.place))
    return f"(select * exclude (__file), {place} as __place from {source})"


def _columns(connection: DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe from {relation}").fetchall()}


def _count(connection: DuckDBPyConnection, relation: str) -> dict[str, int]:
    rows = connection.execute(f"select __place, count(*) from {relation} group by 1").fetchall()
    return {row[0]: int(row[1]) for row in rows}


def quote(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: object) -> str:
    """A string in SQL."""
    return "'" + str(value).replace("'", "''") + "'"
