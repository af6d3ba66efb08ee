"""The audit of audiences that are many: does every place hold its own rows, all of them, and nothing else?

Belongs here: looking through the folders of the places as they lie there, against the warehouse and the
audience's protected tables. One verdict for each audience's folders, one for each of its tables.
Does not belong here: anything that `places` uses to write them. A mistake there must show up here.

Tables that a release includes from another audience are not in these folders at all: a release takes them
from where that audience's lie.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, text
from rcs_pipeline.ledger.records import Outcome

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    Found = tuple[str, Outcome, str, str]
    """Check, outcome, message, and which audience it is about."""

SHOWN = 3


def folders_check(audience: str) -> str:
    """The id of the verdict on an audience's folders."""
    return f"disclosure.files.{audience}"


def rows_check(audience: str, table: str) -> str:
    """The id of the verdict on whose the rows of a table are."""
    return f"disclosure.{audience}.{table}.places"


def required(product: Product) -> tuple[str, ...]:
    """The ids of the verdicts, known from the contracts alone."""
    return tuple(
        check
        for audience in _many(product)
        for check in (
            folders_check(audience),
            *(rows_check(audience, table.name) for table in _own(product, audience)),
        )
    )


def of_a_place(path: str, product: Product) -> bool:
    """Whether a file under `protected/` lies in the folder of a place, and is judged here."""
    parts = path.split("/")
    return len(parts) > 2 and parts[0] in _many(product)


def audit_places(connection: DuckDBPyConnection, folder: Path, product: Product) -> list[Found]:
    """Look through every place's folder; `folder` is the candidate's."""
    found: list[Found] = []
    for audience in _many(product):
        root = folder / "protected" / audience
        problems, count = _folders(connection, root, product, audience)
        found.append(_said(folders_check(audience), audience, problems, f"{count} places, each as granted"))
        for table in _own(product, audience):
            found.append(_rows(connection, root, audience, table))
    return found


def whose(table: ProductTable, audience: str, rows: str) -> str | None:
    """That a row under the alias `rows` is some place's, as SQL; None where it need not be."""
    column = table.extension.rows_of.get(audience)
    return f"{rows}.{name(column)} is not null" if column else None


def _many(product: Product) -> tuple[str, ...]:
    return tuple(kind for kind, policy in product.file.audiences.items() if policy.each is not None)


def _own(product: Product, audience: str) -> list[ProductTable]:
    return [table for table in product.tables if table.columns_for(audience)]


def _granted(connection: DuckDBPyConnection, product: Product, audience: str) -> set[str]:
    """The places that the warehouse has a row of, among those that the audience may see."""
    codes: set[str] = set()
    levels = ", ".join(text(level.value) for level in product.file.audiences[audience].geographies) or "null"
    for table in _own(product, audience):
        column, level = table.extension.rows_of[audience], table.extension.geography_column
        seen = f"{name(level)} in ({levels})" if level else "true"
        rows = connection.execute(
            f"select distinct {name(column)} from {WAREHOUSE}.main.{name(table.name)} where {seen}"
        ).fetchall()
        codes |= {str(row[0]) for row in rows if row[0] is not None}
    return codes


def _folders(
    connection: DuckDBPyConnection, root: Path, product: Product, audience: str
) -> tuple[list[str], int]:
    """What is wrong with the folders, in words, and how many places there should be."""
    granted = _granted(connection, product, audience)
    there = {path.name for path in root.iterdir() if path.is_dir()} if root.is_dir() else set()
    files = {f"{table.name}.parquet" for table in _own(product, audience)}
    held = {code: {path.name for path in (root / code).iterdir()} for code in there}
    short = sorted(code for code in there & granted if files - held[code])
    problems = [
        _named("folder(s) of places that nothing was granted to", sorted(there - granted)),
        _named("place(s) without a folder", sorted(granted - there)),
        _named("place(s) with a file too many", sorted(code for code in there if held[code] - files)),
        _named("place(s) with a file missing", short),
    ]
    return [item for item in problems if item], len(granted)


def _rows(connection: DuckDBPyConnection, root: Path, audience: str, table: ProductTable) -> Found:
    import duckdb

    check, whole = rows_check(audience, table.name), root / f"{table.name}.parquet"
    files = sorted(root.glob(f"*/{table.name}.parquet"))
    if not whole.is_file():
        return check, Outcome.FAIL, "The protected file of all places is not there", audience
    if not files:
        held = connection.execute(f"select count(*) from read_parquet({text(str(whole))})").fetchone()
        problems = [f"{held[0]} row(s) are in no place's file"] if held and held[0] else []
        return _said(check, audience, problems, "0 rows of 0 places")
    try:
        problems = _shapes(connection, whole, files) or _compared(connection, whole, files, table, audience)
    except duckdb.Error as error:
        says = f"The files cannot be audited: {str(error).splitlines()[0]}"
        return check, Outcome.ERROR, says, audience
    return _said(check, audience, problems, f"{len(files)} files hold their own rows, and all of them")


def _shapes(connection: DuckDBPyConnection, whole: Path, files: list[Path]) -> list[str]:
    """Columns first: files that differ in them cannot be compared by rows."""
    shape = "list(concat_ws(' ', name, duckdb_type) order by column_id)"
    rows = connection.execute(
        f"with shapes as (select file_name, {shape} as shape from parquet_schema({_list(files)})"
        " where column_id > 0 group by file_name)"
        f" select count(*) from shapes where shape is distinct from (select {shape}"
        f" from parquet_schema({text(str(whole))}) where column_id > 0)"
    ).fetchone()
    return [f"{rows[0]} file(s) have other columns than were granted"] if rows and rows[0] else []


def _compared(
    connection: DuckDBPyConnection, whole: Path, files: list[Path], table: ProductTable, audience: str
) -> list[str]:
    place = name(table.extension.rows_of[audience])
    parts = f"read_parquet({_list(files)}, filename = '__file', hive_partitioning = false)"
    everything = f"select * from read_parquet({text(str(whole))})"
    held = f"select * exclude (__file) from {parts}"

    def count(rows: str, where: str = "where true") -> tuple[int, int]:
        row = connection.execute(f"select count(*), count(*) filter ({where}) from {rows}").fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    # Hundreds of files are opened for each question, so each of their rows is asked two at once.
    rows, elsewhere = count(parts, f"where {place} is distinct from split_part(__file, '/', -2)")
    lost, _ = count(f"({everything} except all {held})")
    found = {"of another place": elsewhere, "in no place's file": lost}
    # As many rows, and none of them missing: they are the same.
    if lost or rows != count(f"({everything})")[0]:
        found["that the table of all places does not have"], _ = count(f"({held} except all {everything})")
    return [f"{wrong} row(s) {says}" for says, wrong in found.items() if wrong]


def _list(files: list[Path]) -> str:
    return f"[{', '.join(text(str(file)) for file in files)}]"


def _named(what: str, codes: list[str]) -> str:
    """Codes of places are public; three say which."""
    if not codes:
        return ""
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return f"{len(codes)} {what}: {', '.join(codes[:SHOWN])}{more}"


def _said(check: str, audience: str, problems: list[str], well: str) -> Found:
    return check, Outcome.FAIL if problems else Outcome.PASS, "; ".join(problems) or well, audience
