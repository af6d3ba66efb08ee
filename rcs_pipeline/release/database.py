"""`rcs.duckdb`: the tables of a release in one file that older clients open, with what everything means.

Belongs here: the DuckDB file of a release folder, made from its own Parquet files and description.
Does not belong here: the Parquet files (see `folder`), which are the contract; this is a convenience.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.release.diff import quote, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATABASE = "rcs.duckdb"
STORAGE = "v1.0.0"  # what every client since 1.0 opens; newer formats are closed to older ones
DICTIONARY = "dictionary"
ABOUT = "release"
COLUMNS = ("table_name", "column_name", "type", "unit", "description", "codes", "deprecated_until")


def write_database(folder: Path, package: dict[str, Any], included: Path | None = None) -> None:
    """Write the file into a release folder that has its `parquet/`.

    Args:
        folder: the release folder.
        package: its `datapackage.json`.
        included: the file of the same publication's release that this one includes: what it holds is not
            written a second time.
    """
    import duckdb

    if included is not None:
        shutil.copyfile(included, folder / DATABASE)
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"attach {text(folder / DATABASE)} as made (storage_version {text(STORAGE)})")
        connection.execute("use made")
        for name in (DICTIONARY, ABOUT):
            connection.execute(f"drop table if exists {name}")
        there = {str(row[0]) for row in connection.execute("show tables").fetchall()}
        for resource in package["resources"]:
            if resource["name"] not in there:
                _table(connection, folder, resource)
        _dictionary(connection, package)
        _about(connection, package)
        connection.execute("use memory")
        connection.execute("detach made")


def _table(connection: DuckDBPyConnection, folder: Path, resource: dict[str, Any]) -> None:
    name, source = quote(resource["name"]), text(folder / resource["parquet"])
    connection.execute(f"create table {name} as from read_parquet({source})")
    said = f"{resource['title']}. {resource['description']}"
    connection.execute(f"comment on table {name} is {text(said)}")
    for field in resource["schema"]["fields"]:
        connection.execute(f"comment on column {name}.{quote(field['name'])} is {text(_comment(field))}")


def _comment(field: dict[str, Any]) -> str:
    ending = field.get("deprecated")
    parts = [
        field["description"],
        f"Unit: {field['unit']}." if field.get("unit") else "",
        f"Deprecated, goes after {ending['until']}: {ending['note']}" if ending else "",
    ]
    return " ".join(part for part in parts if part)


def dictionary_rows(package: dict[str, Any]) -> list[tuple[str | None, ...]]:
    """What every column of every table means, in the order of `COLUMNS`."""
    return [
        (
            resource["name"],
            field["name"],
            field["type"],
            field.get("unit") or None,
            field["description"],
            "; ".join(f"{item['value']} = {item['label']}" for item in field.get("categories", ())) or None,
            field.get("deprecated", {}).get("until"),
        )
        for resource in package["resources"]
        for field in resource["schema"]["fields"]
    ]


def _dictionary(connection: DuckDBPyConnection, package: dict[str, Any]) -> None:
    rows = dictionary_rows(package)
    connection.execute(f"create table {DICTIONARY} ({', '.join(f'{name} varchar' for name in COLUMNS)})")
    row = f"({', '.join('?' for _ in COLUMNS)})"
    connection.execute(
        f"insert into {DICTIONARY} values {', '.join(row for _ in rows)}",
        [value for values in rows for value in values],
    )
    connection.execute(f"comment on table {DICTIONARY} is 'What every column of every table means.'")


def _about(connection: DuckDBPyConnection, package: dict[str, Any]) -> None:
    about = {
        "product": package["name"],
        "title": package["title"],
        "audience": package["audience"],
        "version": package["version"],
        "released_at": package["created"],
        "licence": package["licenses"][0]["title"],
        "attribution": " ".join(package.get("attribution", ())),
        "description": package["description"],
    }
    columns = ", ".join(f"{text(value)} as {name}" for name, value in about.items())
    connection.execute(f"create table {ABOUT} as select {columns}")
    connection.execute(f"comment on table {ABOUT} is 'Which release this file is, and on which terms.'")
