"""From the candidate's product tables to one Parquet file for each audience and table.

Belongs here: rows, columns and numbers that an audience may see; everything else is left out. Nothing
is published unless the contract says so.
Does not belong here: judging the result (see `audit`, which shares none of this SQL).

The same warehouse gives the same bytes, whatever the number of threads: rows are put into a total order
before they are written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product, ProductColumn, ProductTable
from rcs_pipeline.contracts.vocabulary import Symbol
from rcs_pipeline.disclosure.display import shown_value
from rcs_pipeline.disclosure.engine import SQL_TYPES, WAREHOUSE, columns_of, name, reading, text
from rcs_pipeline.disclosure.places import somebodys, write_places
from rcs_pipeline.disclosure.rules import HiddenTogether, hidden_together, shown_view
from rcs_pipeline.disclosure.school_bands import WORLDS, keep_worlds, with_bands
from rcs_pipeline.disclosure.tables import CLASSES, mark
from rcs_pipeline.ledger.paths import whole_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REPORT_FILE = "disclosure.json"
MASKS = "masks"


@dataclass(frozen=True)
class TableReport:
    """What one audience gets of one table.

    `rows_left_out`: rows below the audience's geographies. `hidden_by_reason`: reason -> rows in which
    numbers were hidden for it (`base`, `numerator`, `complement`, `count`, `money`).
    """

    audience: str
    table: str
    rows: int
    rows_left_out: int
    hidden_by_reason: dict[str, int]


def protect(
    database: Path, target: Path, product: Product, *, threads: int | None = None
) -> tuple[TableReport, ...]:
    """Write `target/<audience>/<table>.parquet` for every table that an audience may see by itself.

    What an audience that is many may see is protected once, for all its places, and then written for each.

    The counts by reason are internal: they go into `disclosure.json` beside `target`, never inside.

    Args:
        database: the candidate's `warehouse.duckdb`; product tables in schema `main`.
        target: the folder of the protected tables; what it held before is replaced.
        product: the contracts of the tables.
        threads: for the engine; the bytes do not depend on it.

    Raises:
        RcsError: a table or column of the contract is not in the warehouse, or a value does not fit its type.
    """
    for folder in (target, target.parent / MASKS, target.parent / WORLDS):
        shutil.rmtree(folder, ignore_errors=True)
    target.mkdir(parents=True)
    reports = []
    with reading(database, threads=threads) as connection:
        for audience in product.file.audiences:
            for table in sorted(product.tables, key=_made_of_others):
                if table.columns_for(audience):
                    reports.append(_write(connection, target, product, audience, table))
                _show(connection, target, product, audience, table)
        write_places(connection, target, product)
        keep_worlds(connection, target.parent / WORLDS, product)
    with whole_file(target.parent / REPORT_FILE) as path:
        path.write_text(json.dumps([asdict(item) for item in reports], indent=1) + "\n", encoding="utf-8")
    return tuple(reports)


def _write(
    connection: DuckDBPyConnection, target: Path, product: Product, audience: str, table: ProductTable
) -> TableReport:
    import duckdb

    found = columns_of(connection, table.name)
    _require(table, found)
    groups = hidden_together(table, product.file.disclosure)
    seen = _seen(table, product, audience)
    source = f"{WAREHOUSE}.main.{name(table.name)}"
    file = target / audience / f"{table.name}.parquet"
    try:
        told = _together(connection, product, audience, table, seen)
        reasons = "".join(
            f", {_reason(group, table)} as {_mark(number)}" for number, group in enumerate(groups)
        )
        connection.execute(f"create or replace temp table judged as select told.*{reasons} from {told}")
        _write_mask(connection, target.parent / MASKS / audience, table, groups)
        with whole_file(file) as path:
            connection.execute(
                f"copy ({_select(product, table, audience, groups, found)}) to {text(str(path))}"
                " (format parquet, compression zstd, row_group_size 122880)"
            )
    except duckdb.Error as error:
        raise RcsError(
            f"The table cannot be written as its contract says: {str(error).splitlines()[0]}",
            where=f"{audience}, {table.name}", expected=f"the types of {table.path.name}",
            todo="Mend the model or the contract.",
        ) from error  # fmt: skip
    rows = _number(connection, "select count(*) from judged")
    return TableReport(
        audience=audience,
        table=table.name,
        rows=rows,
        rows_left_out=_number(connection, f"select count(*) from {source}") - rows,
        hidden_by_reason=_reasons(connection, groups),
    )


def _made_of_others(table: ProductTable) -> bool:
    return any(rule.made_of for rule in table.extension.hide)


def _show(
    connection: DuckDBPyConnection, target: Path, product: Product, audience: str, table: ProductTable
) -> None:
    """Keep what the audience was given of a table in sight, for the tables that are made of it."""
    file = target / (product.held_by(table, audience) or audience) / f"{table.name}.parquet"
    if _made_of_others(table) or not table.extension.hide:
        return
    symbols = " and ".join(f"{name(rule.symbol_column)} is null" for rule in table.extension.hide)
    given = (
        f"select *, {symbols} as __seen from read_parquet({text(str(file))})"
        if file.is_file()
        else f"select *, false as __seen from {WAREHOUSE}.main.{name(table.name)} where false"
    )
    connection.execute(f"create or replace temp view {name(shown_view(table.name))} as {given}")


def _together(
    connection: DuckDBPyConnection, product: Product, audience: str, table: ProductTable, seen: str
) -> str:
    """The rows that the audience may see, as `told`; of a linked table with what is hidden together."""
    source = f"(select * from {WAREHOUSE}.main.{name(table.name)} where {seen})"
    if table.extension.banded is not None:
        return with_bands(connection, product, table, source)
    if table.extension.linked is None:
        return f"{source} as told"
    marked = mark(connection, product, audience, table, seen)
    return (
        f"(select rows_seen.*, marks.__linked, coalesce(marks.__compared, false) as __compared from {source}"
        f" as rows_seen left join {marked.table} as marks on {marked.on('rows_seen')}) as told"
    )


def _reason(group: HiddenTogether, table: ProductTable) -> str:
    linked, banded = table.extension.linked, table.extension.banded
    if banded and banded.shows.size in group.hides:
        return "__banded"
    return f"coalesce({group.reason}, __linked)" if linked and linked.base in group.hides else group.reason


def _write_mask(
    connection: DuckDBPyConnection, folder: Path, table: ProductTable, groups: Sequence[HiddenTogether]
) -> None:
    """Beside the protected tables, for those inside: why each cell is hidden. No release holds it."""
    if not groups:
        return
    grain = ", ".join(f"judged.{name(item)}" for item in table.grain)
    classes = ", ".join(text(item) for item in CLASSES.values())
    symbol = text(Symbol.CONFIDENTIAL.value)
    parts = [
        f"select {grain}, {text(group.symbol_column)} as symbol_column, {symbol} as symbol,"
        f" case when {_mark(number)} in ({classes}) then {_mark(number)} else 'primary' end as class,"
        f" {_mark(number)} as reason from judged where {_mark(number)} is not null"
        for number, group in enumerate(groups)
    ]
    with whole_file(folder / f"{table.name}.parquet") as path:
        query = f"{' union all '.join(parts)} order by all"
        connection.execute(f"copy ({query}) to {text(str(path))} (format parquet, compression zstd)")


def _require(table: ProductTable, found: dict[str, str]) -> None:
    if not found:
        raise RcsError(
            f"The build made no table `{table.name}`", where="warehouse.duckdb",
            expected=f"the table that {table.path.name} promises", todo="Add the model.",
        )  # fmt: skip
    absent = [item.name for item in table.columns if item.name not in found and not item.filled_at_release]
    if absent:
        raise RcsError(
            f"The table `{table.name}` lacks {', '.join(absent)}", where="warehouse.duckdb",
            expected=f"the columns of {table.path.name}", todo="Add them to the model, or mend the contract.",
        )  # fmt: skip


def _seen(table: ProductTable, product: Product, audience: str) -> str:
    """Which rows the audience may see, as SQL."""
    column, own = table.extension.geography_column, somebodys(table, audience)
    if column is None:
        return own
    levels = ", ".join(text(level.value) for level in product.file.audiences[audience].geographies)
    return f"{name(column)} in ({levels}) and {own}" if levels else "false"


def _select(
    product: Product,
    table: ProductTable,
    audience: str,
    groups: Sequence[HiddenTogether],
    found: dict[str, str],
) -> str:
    columns = table.columns_for(audience)
    written = ", ".join(_column(product, table, column, groups, found) for column in columns)
    # The rest of the columns ends every tie, so that the order is total even if the grain is not unique.
    first = tuple(dict.fromkeys((*table.extension.order_by, *table.grain)))
    rest = tuple(item for item in found if item not in first)
    order = ", ".join(f"judged.{name(item)} nulls last" for item in (*first, *rest))
    return f"select {written} from judged order by {order}"


def _column(
    product: Product,
    table: ProductTable,
    column: ProductColumn,
    groups: Sequence[HiddenTogether],
    found: dict[str, str],
) -> str:
    kind = SQL_TYPES[column.type]
    value = shown_value(product, table, column, "judged") if column.name in found else "null"
    for number, group in enumerate(groups):
        if group.symbol_column == column.name:
            value = group.symbol(f"judged.{_mark(number)}")
    silent = [
        f"judged.{_mark(number)} is not null or judged.{name(group.symbol_column)} is not null"
        for number, group in enumerate(groups)
        if column.name in group.hides
    ]
    linked = table.extension.linked
    if linked and column.name in linked.compared:
        silent.append("judged.__compared")
    if silent:
        value = f"case when {' or '.join(silent)} then null else {value} end"
    return f"cast({value} as {kind}) as {name(column.name)}"


def _reasons(connection: DuckDBPyConnection, groups: Sequence[HiddenTogether]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for number in range(len(groups)):
        mark = _mark(number)
        query = f"select {mark}, count(*) from judged where {mark} is not null group by 1 order by 1"
        for reason, rows in connection.execute(query).fetchall():
            counts[str(reason)] = counts.get(str(reason), 0) + int(rows)
    return dict(sorted(counts.items()))


def _mark(number: int) -> str:
    return name(f"__reason_{number}")


def _number(connection: DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
