"""One audience's complete release folder, written under a temporary name.

Belongs here: Parquet and CSV from the protected tables, the documents beside them, the checksums.
Does not belong here: renaming the folder into place (see `publish` and `journal`).

Only what the contract gives to the audience is selected, a second time after `disclosure`. The
Parquet, CSV and JSON files follow from the candidate and the ledger's records alone: rows in a
fixed order, one thread, no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.ledger.paths import flush
from rcs_pipeline.release import texts
from rcs_pipeline.release.database import write_database
from rcs_pipeline.release.describe import SQL_TYPES, published_columns, published_tables
from rcs_pipeline.release.diff import quote, text
from rcs_pipeline.release.draft import (
    JSON_LD,
    SYNTHETIC_NOTICE,
    Draft,
    approval_document,
    changes_document,
    dataset_document,
    package_document,
    verdicts_document,
)
from rcs_pipeline.release.pointer import as_json, file_hash, write_sums
from rcs_pipeline.release.workbook import write_workbook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PageWriter = Callable[[Path], None]
"""Writes pages into `site/` of the release folder it is given, reading nothing but that folder."""


def write_release(folder: Path, draft: Draft, protected: Path, earlier: str | None, pages: PageWriter) -> str:
    """Fill `folder` and return the sha256 of its SHA256SUMS.

    Args:
        folder: an empty folder.
        draft: the release.
        protected: the candidate's protected tables for this audience.
        earlier: the changelog of the release before.
        pages: what writes the pages.

    Raises:
        RefusedError: the candidate lacks a table or column that the contract promises.
    """
    files = _write_tables(folder, draft, protected)
    package = package_document(draft, files)
    for name, document in {
        "datapackage.json": package,
        JSON_LD: dataset_document(draft, files),
        "verdicts.json": verdicts_document(draft),
        "approval.json": approval_document(draft),
        "changes.json": changes_document(draft),
    }.items():
        _write(folder / name, as_json(document))
    _write(folder / texts.CHANGELOG, texts.changelog(draft, earlier))
    _write(folder / texts.README, texts.readme(draft))
    if draft.synthetic:
        _write(folder / texts.SYNTHETIC, texts.synthetic_note(draft))
    for table in published_tables(draft.product, draft.audience):
        contract = table.path.read_text(encoding="utf-8")
        _write(
            folder / "contracts" / table.path.name, texts.marked_contract(contract, synthetic=draft.synthetic)
        )
    formats = draft.product.file.audiences[draft.audience].formats
    if "duckdb" in formats:
        write_database(folder, package)
    if "xlsx" in formats:
        write_workbook(folder, draft.product, draft.audience, package)
    pages(folder)
    digest = write_sums(folder)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            flush(path)
            path.chmod(path.stat().st_mode & ~0o222)  # a slip of an editor is not a correction
    return digest


def _write_tables(folder: Path, draft: Draft, protected: Path) -> dict[str, dict[str, Any]]:
    import duckdb

    (folder / "parquet").mkdir()
    (folder / "csv").mkdir()
    files: dict[str, dict[str, Any]] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for table in published_tables(draft.product, draft.audience):
            source = protected / f"{table.name}.parquet"
            if not source.is_file():
                raise RefusedError(
                    f"The candidate has no table `{table.name}` for `{draft.audience}`",
                    where=str(protected),
                    todo="Build a new candidate: `rcs build`.",
                )
            files[table.name] = _write_table(connection, folder, draft, table, source)
    return files


def _write_table(
    connection: DuckDBPyConnection, folder: Path, draft: Draft, table: ProductTable, source: Path
) -> dict[str, Any]:
    query = _select(connection, draft, table, source)
    parquet, csv = folder / "parquet" / f"{table.name}.parquet", folder / "csv" / f"{table.name}.csv"
    metadata = {
        "product": draft.product.id,
        "audience": draft.audience,
        "release": draft.version,
        "contract": f"{table.id} {table.version}",
        "candidate": draft.candidate.hash,
        "licence": draft.product.file.licence,
    }
    if draft.synthetic:
        metadata["notice"] = SYNTHETIC_NOTICE
    pairs = ", ".join(f"{name}: {text(value)}" for name, value in metadata.items())
    connection.execute(
        f"copy ({query}) to {text(parquet)} (format parquet, compression zstd, kv_metadata {{{pairs}}})"
    )
    connection.execute(f"copy ({query}) to {text(csv)} (format csv, header true, nullstr '', delimiter ',')")
    row = connection.execute(f"select count(*) from read_parquet({text(parquet)})").fetchone()
    return {
        "bytes": csv.stat().st_size,
        "hash": f"sha256:{file_hash(csv)}",
        "parquetHash": f"sha256:{file_hash(parquet)}",
        "rows": int(row[0]) if row else 0,
    }


def _select(connection: DuckDBPyConnection, draft: Draft, table: ProductTable, source: Path) -> str:
    found = {
        row[0]
        for row in connection.execute(f"describe select * from read_parquet({text(source)})").fetchall()
    }
    columns = published_columns(table, draft.audience)
    missing = [column.name for column in columns if column.name not in found and not column.filled_at_release]
    if missing:
        raise RefusedError(
            f"The candidate's `{table.name}` lacks {', '.join(missing)}",
            where=str(source),
            expected="every column that the contract gives to this audience",
            todo="Build a new candidate: `rcs build`.",
        )
    parts = [
        f"{text(draft.row_version) if column.filled_at_release else quote(column.name)}"
        f"::{SQL_TYPES[column.type]} as {quote(column.name)}"
        for column in columns
    ]
    order = dict.fromkeys((*table.extension.order_by, *table.grain))
    keys = ", ".join(f"{quote(name)} nulls first" for name in order)
    return f"select {', '.join(parts)} from read_parquet({text(source)}) order by {keys}"


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")
