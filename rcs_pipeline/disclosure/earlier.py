"""What readers of an audience were given before: the releases, and their rows beside a candidate's.

Belongs here: which releases count (all of them, withdrawn ones too: a reader keeps old copies), that their
files are what was published, and laying a table's earlier rows into the connection.
Does not belong here: what follows for a candidate (see `linked`, `keeping`), judging it (`audit_earlier`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.audiences import kind_of
from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.engine import SQL_TYPES, name, text
from rcs_pipeline.ledger.paths import file_hash
from rcs_pipeline.ledger.records import ReleaseRecord, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Given:
    """A release that was given.

    `folders`: audience -> its folder, and `hashes` -> the sha256 of its checksums. `stands`: whether figures
    may be kept from it, which is not so once it was withdrawn; what it said is known all the same.
    """

    version: str
    folders: Mapping[str, Path]
    hashes: Mapping[str, str]
    stands: bool


@dataclass(frozen=True)
class Laid:
    """The rows of a table in one earlier release: a view in the connection, and its columns."""

    version: str
    view: str
    columns: frozenset[str]
    stands: bool


def given_before(
    workspace: Workspace, product_id: str, then: Mapping[str, bool] | None = None
) -> tuple[Given, ...]:
    """Every release of a product, oldest first.

    Args:
        workspace: the home.
        product_id: the data product.
        then: version -> whether it stood, for those that had been given at an earlier time.
    """
    found = [_given(workspace, release) for release in workspace.ledger.releases(product_id)]
    if then is None:
        return tuple(found)
    return tuple(replace(item, stands=then[item.version]) for item in found if item.version in then)


def lay_out(
    connection: DuckDBPyConnection, audience: str, table: ProductTable, earlier: Iterable[Given]
) -> tuple[Laid, ...]:
    """Views over the rows that a kind of audience was given of a table, oldest first.

    Raises:
        RefusedError: a file of a release is missing, or not what was published.
    """
    found = []
    for number, given in enumerate(earlier):
        files = [
            file
            for reader, folder in given.folders.items()
            if kind_of(reader) == audience
            for file in _files(folder, given.hashes[reader], table.name)
        ]
        if files:
            view = f"before {audience} {table.name} {number}"
            # Hundreds of small text files are read once.
            kind = "view" if files[0].suffix == ".parquet" else "table"
            connection.execute(
                f"create or replace temp {kind} {name(view)} as select * from {_reading(files, table)}"
            )
            columns = connection.execute(f"describe {name(view)}").fetchall()
            found.append(Laid(given.version, view, frozenset(str(row[0]) for row in columns), given.stands))
    return tuple(found)


def same_row(columns: Iterable[str], one: str, other: str) -> str:
    """That two rows have the same in some columns, as SQL."""
    return " and ".join(f"{one}.{name(item)} is not distinct from {other}.{name(item)}" for item in columns)


def seen_in(table: ProductTable, laid: Laid, column: str, rows: str) -> str:
    """That a row of an earlier release has the number in a column, as SQL."""
    symbols = (symbol for symbol in table.symbols_of(column) if symbol in laid.columns)
    tests = [f"{rows}.{name(symbol)} is null" for symbol in symbols]
    return " and ".join([*tests, f"{rows}.{name(column)} is not null"])


def listed_in(folder: Path) -> dict[str, str]:
    """Every file of a release folder with its sha256, by the folder's own list of checksums."""
    lines = (line.split("  ", 1) for line in (folder / SUMS).read_text(encoding="utf-8").splitlines())
    return {path: digest for digest, path in lines}


def _given(workspace: Workspace, release: ReleaseRecord) -> Given:
    root = workspace.paths.releases / release.product
    return Given(
        version=release.version,
        folders={audience: root / audience / release.version for audience in release.audiences},
        hashes=release.hashes,
        stands=release.status is not ReleaseStatus.WITHDRAWN,
    )


def _files(folder: Path, digest: str, table: str) -> list[Path]:
    """The file of a table in a release folder, if it holds the table: Parquet, or else CSV."""
    sums = folder / SUMS
    if not sums.is_file() or file_hash(sums) != digest:
        raise _broken(sums)
    listed = listed_in(folder)
    for path in (f"parquet/{table}.parquet", f"csv/{table}.csv"):
        if path in listed:
            if not (folder / path).is_file() or file_hash(folder / path) != listed[path]:
                raise _broken(folder / path)
            return [folder / path]
    return []


def _reading(files: list[Path], table: ProductTable) -> str:
    listed = ", ".join(text(str(file)) for file in files)
    if files[0].suffix == ".parquet":
        return f"read_parquet([{listed}])"
    with files[0].open(encoding="utf-8", newline="") as stream:
        header = set(next(csv.reader(stream), []))
    types = ", ".join(
        f"{text(column.name)}: {text(SQL_TYPES[column.type])}"
        for column in table.columns
        if column.name in header
    )
    return f"read_csv([{listed}], header = true, all_varchar = false, types = {{{types}}})"


def _broken(path: Path) -> RefusedError:
    return RefusedError(
        "A release that was given before is not what was published, and its readers still have it",
        where=str(path),
        expected="every file of every release, for whoever makes the next one",
        todo="Restore it from a backup: a new release is audited together with all earlier ones.",
    )
