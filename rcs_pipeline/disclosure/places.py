"""One folder for each place of an audience that is many: its own rows of the audience's protected tables.

Belongs here: whose a row is, writing the files of all places from one ordered read, and which audiences a
candidate holds.
Does not belong here: hiding (see `protect`), which is done once for all places; judging (`audit_places`).

A release never is a filter on one file: every place has files of its own from here on.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.audiences import CODE, of_place
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.engine import name, text
from rcs_pipeline.ledger.paths import flush_everything

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 3
THREADS = 2


def somebodys(table: ProductTable, audience: str) -> str:
    """That a row is some place's, as SQL; of an audience that is one every row is."""
    column = table.extension.rows_of.get(audience)
    return f"{name(column)} is not null" if column else "true"


def write_places(connection: DuckDBPyConnection, target: Path, product: Product) -> None:
    """Write `target/<audience>/<code>/<table>.parquet`, beside the audience's own `<table>.parquet`.

    Every place that has a row in one of the tables gets all of them; a table without a row of it is empty.

    Raises:
        RcsError: a place's code cannot be the name of a folder.
    """
    wrote = False
    for audience, policy in product.file.audiences.items():
        if policy.each is None:
            continue
        tables = [table for table in product.tables if table.columns_for(audience)]
        read = {table.name: _in_order(connection, target / audience, table, audience) for table in tables}
        codes = sorted({code for _, found in read.values() for code in found})
        _refuse_unfit(audience, codes)
        with ThreadPoolExecutor(THREADS) as pool:
            wrote = any([*pool.map(partial(_write_place, target / audience, read), codes)]) or wrote
    if wrote:
        flush_everything()


def names_of(protected: Path, product: Product) -> tuple[str, ...]:
    """The audiences that `protected/` of a candidate was made for: every place of one that is many."""
    found: list[str] = []
    for audience, policy in product.file.audiences.items():
        folder = protected / audience
        if policy.each is None:
            found += [audience] if folder.is_dir() else []
        elif folder.is_dir():
            codes = sorted(path.name for path in folder.iterdir() if path.is_dir())
            found += [of_place(audience, code) for code in codes]
    return tuple(found)


def _in_order(
    connection: DuckDBPyConnection, folder: Path, table: ProductTable, audience: str
) -> tuple[Any, dict[str, tuple[int, int]]]:
    """The rows of a protected table place by place, and where those of each begin and how many they are."""
    place = name(table.extension.rows_of[audience])
    source = f"read_parquet({text(str(folder / f'{table.name}.parquet'))}, file_row_number = true)"
    rows = connection.execute(
        f"select * exclude (file_row_number) from {source} order by {place}, file_row_number"
    ).to_arrow_table()
    counts = connection.execute(f"select {place}, count(*) from {source} group by 1 order by 1").fetchall()
    found, start = {}, 0
    for code, count in counts:
        found[str(code)] = (start, int(count))
        start += int(count)
    return rows, found


def _write_place(folder: Path, read: dict[str, tuple[Any, dict[str, tuple[int, int]]]], code: str) -> bool:
    (folder / code).mkdir()
    for table, (rows, found) in read.items():
        start, count = found.get(code, (0, 0))
        _write(rows.slice(start, count), folder / code / f"{table}.parquet")
    return bool(read)


def _write(rows: Any, path: Path) -> None:
    import pyarrow.parquet as parquet

    parquet.write_table(rows, path, compression="zstd")


def _refuse_unfit(audience: str, codes: list[str]) -> None:
    unfit = [f"`{code}`" for code in codes if not CODE.fullmatch(code)]
    if unfit:
        more = f" and {len(unfit) - SHOWN} more" if len(unfit) > SHOWN else ""
        raise RcsError(
            f"Places of the audience `{audience}` have codes that cannot name a folder:"
            f" {', '.join(unfit[:SHOWN])}{more}",
            expected="letters without accents, digits and underscores",
            todo="Mend the codes in the register or in the model of the table.",
        )
