"""The engine room of disclosure control: one connection, quoted names, the types of published columns.

Belongs here: what writing and re-reading protected tables both need of DuckDB.
Does not belong here: any rule about what may be seen. `protect` and `audit` each write their own SQL,
so that a mistake in one is not repeated in the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.ledger.paths import AFRESH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WAREHOUSE = "warehouse"
SQL_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.DATE: "DATE",
    ColumnType.BOOLEAN: "BOOLEAN",
}


def name(identifier: str) -> str:
    """An identifier, quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text literal, quoted for SQL."""
    return "'" + value.replace("'", "''") + "'"


def names(identifiers: tuple[str, ...]) -> str:
    """Several identifiers, quoted and separated by commas."""
    return ", ".join(name(item) for item in identifiers)


def judged_file(folder: Path, audience: str, table: str) -> Path:
    """The protected rows of a table that follow from the candidate alone, in a candidate's folder.

    Where rows keep the figures of an earlier release, `protected/` holds those and `afresh/` these.
    """
    afresh = folder / AFRESH / audience / f"{table}.parquet"
    return afresh if afresh.is_file() else folder / "protected" / audience / f"{table}.parquet"


def mask_columns(connection: DuckDBPyConnection, file: Path) -> frozenset[str]:
    """The columns of a mask; one of a candidate from before says less."""
    described = connection.execute(f"describe select * from read_parquet({text(str(file))})").fetchall()
    return frozenset(str(row[0]) for row in described)


@contextmanager
def reading(database: Path, *, threads: int | None = None) -> Iterator[DuckDBPyConnection]:
    """A connection in memory with the candidate's database attached read-only as `warehouse`.

    Raises:
        RcsError: the database is not there or cannot be opened.
    """
    import duckdb

    if not database.is_file():
        raise RcsError(
            "There is no built warehouse", where=str(database), todo="Build the candidate again: `rcs build`."
        )
    connection = duckdb.connect(":memory:")
    connection.execute("set enable_progress_bar = false")
    try:
        if threads is not None:
            connection.execute(f"set threads = {int(threads)}")
        try:
            connection.execute(f"attach {text(str(database))} as {WAREHOUSE} (read_only)")
        except duckdb.Error as error:
            raise RcsError(
                f"The built warehouse cannot be opened: {str(error).splitlines()[0]}", where=str(database),
                todo="Close other programs that hold it open, or build the candidate again.",
            ) from error  # fmt: skip
        yield connection
    finally:
        connection.close()


def columns_of(connection: DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column name -> SQL type of the warehouse's product table; empty if there is no such table."""
    rows = connection.execute(
        "select column_name, data_type from duckdb_columns()"
        " where database_name = ? and schema_name = 'main' and table_name = ? order by column_index",
        [WAREHOUSE, table],
    ).fetchall()
    return {str(row[0]): str(row[1]) for row in rows}
