"""One audience's complete release folder, written under a temporary name.

Belongs here: Parquet and CSV from the protected tables, the documents beside them, the checksums.
Does not belong here: renaming the folder into place (see `publish` and `journal`).

Only what the contract gives to the audience is selected, a second time after `disclosure`. The
Parquet, CSV and JSON files follow from the candidate and the ledger's records alone: rows in a
fixed order, one thread, no clock.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.audiences import kind_of, of_place
from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.ledger.paths import files_under, flush
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import texts
from rcs_pipeline.release.database import DATABASE, write_database
from rcs_pipeline.release.describe import SQL_TYPES, published_columns, published_tables
from rcs_pipeline.release.diff import quote, text
from rcs_pipeline.release.draft import (
    JSON_LD,
    SYNTHETIC_NOTICE,
    Comparison,
    Draft,
    approval_document,
    changes_document,
    dataset_document,
    package_document,
    verdicts_document,
)
from rcs_pipeline.release.pointer import as_json, file_hash, release_folder, write_sums
from rcs_pipeline.release.workbook import write_workbook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PARQUET = "format parquet, compression zstd, kv_metadata {{{about}}}"
PLACE = "{place}"
_CSV = "format csv, header true, nullstr '', delimiter ','"
PageWriter = Callable[[Path], None]
"""Writes pages into `site/` of the release folder it is given, reading nothing but that folder."""


@dataclass(frozen=True)
class Source:
    """Where the tables of a publication come from, for all of its audiences.

    `protected`: the folder of the candidate's protected tables. `connection`: of DuckDB, with one thread.
    `made`: audience -> its folder where it was filled before; what another one includes is copied from there.
    `columns`: kind of audience and table -> the columns of its files, and `verdicts`: kind -> what was
    written of them: looked up and written once for all places.
    """

    protected: Path
    connection: DuckDBPyConnection
    made: Mapping[str, Path]
    columns: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)


@contextmanager
def source_of(
    protected: Path, made: Mapping[str, Path], verdicts: Mapping[str, str] | None = None
) -> Iterator[Source]:
    """The source with a connection of its own; one serves hundreds of places."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        yield Source(protected, connection, made, verdicts=dict(verdicts or {}))


def write_release(
    folder: Path,
    draft: Draft,
    source: Source,
    earlier: str | None,
    pages: PageWriter,
    *,
    flushed: bool = True,
) -> str:
    """Fill `folder` and return the sha256 of its SHA256SUMS.

    Args:
        folder: an empty folder.
        draft: the release.
        source: where its tables come from.
        earlier: the changelog of the release before.
        pages: what writes the pages.
        flushed: push each file to the disk; a caller that writes many folders does it for all of them.

    Raises:
        RefusedError: the candidate lacks a table or column that the contract promises.
    """
    files = _write_tables(folder, draft, source)
    package = package_document(draft, files)
    for name, content in {
        "datapackage.json": as_json(package),
        JSON_LD: as_json(dataset_document(draft, files)),
        "verdicts.json": _verdicts(source, draft),
        "approval.json": as_json(approval_document(draft)),
        "changes.json": as_json(changes_document(draft)),
        texts.CHANGELOG: texts.changelog(draft, earlier),
        texts.README: texts.readme(draft),
        **({texts.SYNTHETIC: texts.synthetic_note(draft)} if draft.synthetic else {}),
    }.items():
        _write(folder / name, content)
    (folder / "contracts").mkdir()
    for table in published_tables(draft.product, draft.audience):
        contract = texts.marked_contract(table.path.read_text(encoding="utf-8"), synthetic=draft.synthetic)
        _write(folder / "contracts" / table.path.name, contract)
    formats = draft.product.audience(draft.audience).formats
    if "duckdb" in formats:
        write_database(folder, package, _included_database(draft, source))
    if "xlsx" in formats:
        write_workbook(folder, draft.product, draft.audience, package)
    pages(folder)
    digest = write_sums(folder)
    for name in files_under(folder):
        path = folder / name
        if flushed:
            flush(path)
        path.chmod(path.stat().st_mode & ~0o222)  # a slip of an editor is not a correction
    return digest


def earlier_changelog(workspace: Workspace, product_id: str, comparison: Comparison) -> str | None:
    """The changelog of the release that one builds on, for its audience; None of the first."""
    if comparison.base_version is None:
        return None
    folder = release_folder(workspace, product_id, comparison.audience, comparison.base_version)
    return (folder / texts.CHANGELOG).read_text(encoding="utf-8")


def verdicts_of_places(draft: Draft) -> str:
    """`verdicts.json` of the places of a kind, which differ in whose it is alone: `PLACE` stands there."""
    somewhere = of_place(kind_of(draft.audience), PLACE)
    return as_json(verdicts_document(replace(draft, audience=somewhere)))


def _verdicts(source: Source, draft: Draft) -> str:
    """`verdicts.json`: hundreds of checks, put into words once for all places of a kind."""
    kind = kind_of(draft.audience)
    if kind == draft.audience:
        return as_json(verdicts_document(draft))
    if kind not in source.verdicts:
        source.verdicts[kind] = verdicts_of_places(draft)
    somewhere = of_place(kind, PLACE)
    return source.verdicts[kind].replace(f'"audience": "{somewhere}"', f'"audience": "{draft.audience}"', 1)


def _write_tables(folder: Path, draft: Draft, source: Source) -> dict[str, dict[str, Any]]:
    for kind in ("csv", *(["parquet"] if _has_parquet(draft) else ())):
        (folder / kind).mkdir()
    return {
        table.name: _write_table(folder, draft, table, source)
        for table in published_tables(draft.product, draft.audience)
    }


def _write_table(folder: Path, draft: Draft, table: ProductTable, source: Source) -> dict[str, Any]:
    """Write a table's files; those of an included audience are its own, byte for byte."""
    holder = draft.product.held_by(table, draft.audience) or draft.audience
    protected = source.protected / holder / f"{table.name}.parquet"
    parquet, csv = (Path(kind) / f"{table.name}.{kind}" for kind in ("parquet", "csv"))
    wanted = [csv, *([parquet] if _has_parquet(draft) else ())]
    there = source.made.get(holder) if holder != draft.audience else None
    query, row = _select(source, draft, table, protected), None
    for file in wanted:
        if there is not None and (there / file).is_file():
            shutil.copyfile(there / file, folder / file)
            continue
        form = _PARQUET.format(about=_about(draft, table, holder)) if file == parquet else _CSV
        row = source.connection.execute(f"copy ({query}) to {text(folder / file)} ({form})").fetchone()
    if row is None:
        row = source.connection.execute(f"select count(*) from read_parquet({text(protected)})").fetchone()
    return {
        "bytes": (folder / csv).stat().st_size,
        "hash": f"sha256:{file_hash(folder / csv)}",
        **({"parquetHash": f"sha256:{file_hash(folder / parquet)}"} if parquet in wanted else {}),
        "rows": int(row[0]) if row else 0,
    }


def _included_database(draft: Draft, source: Source) -> Path | None:
    """The DuckDB file of the audience that this one includes, where it was filled before."""
    made = (source.made.get(name) for name in draft.product.audience(draft.audience).includes)
    files = (folder / DATABASE for folder in made if folder is not None)
    return next((file for file in files if file.is_file()), None)


def _has_parquet(draft: Draft) -> bool:
    return "parquet" in draft.product.audience(draft.audience).formats


def _about(draft: Draft, table: ProductTable, holder: str) -> str:
    """What stands in the footer of a Parquet file, as SQL."""
    metadata = {
        "product": draft.product.id,
        "audience": holder,
        "release": draft.version,
        "contract": f"{table.id} {table.version}",
        "candidate": draft.candidate.hash,
        "licence": draft.product.file.licence,
    }
    if draft.synthetic:
        metadata["notice"] = SYNTHETIC_NOTICE
    return ", ".join(f"{name}: {text(value)}" for name, value in metadata.items())


def _select(source: Source, draft: Draft, table: ProductTable, protected: Path) -> str:
    if not protected.is_file():
        raise RefusedError(
            f"The candidate has no table `{table.name}` for `{draft.audience}`",
            where=str(protected.parent),
            todo="Build a new candidate: `rcs build`.",
        )
    known = kind_of(draft.audience), table.name
    if known not in source.columns:
        described = source.connection.execute(f"describe from read_parquet({text(protected)})").fetchall()
        source.columns[known] = frozenset(row[0] for row in described)
    found = source.columns[known]
    columns = published_columns(draft.product, table, draft.audience)
    missing = [column.name for column in columns if column.name not in found and not column.filled_at_release]
    if missing:
        raise RefusedError(
            f"The candidate's `{table.name}` lacks {', '.join(missing)}",
            where=str(protected),
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
    return f"select {', '.join(parts)} from read_parquet({text(protected)}) order by {keys}"


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")
