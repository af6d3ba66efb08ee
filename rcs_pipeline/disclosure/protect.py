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
from rcs_pipeline.contracts.made_of import in_order, tables_behind
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.counts import Reason
from rcs_pipeline.disclosure.earlier import Given, Laid, lay_out
from rcs_pipeline.disclosure.engine import (
    WAREHOUSE,
    columns_of,
    judged_file,
    name,
    reading,
    text,
)
from rcs_pipeline.disclosure.keeping import Kept, keep, near_rows, with_moved
from rcs_pipeline.disclosure.money_before import hold_money, money_columns
from rcs_pipeline.disclosure.places import somebodys, write_places
from rcs_pipeline.disclosure.rules import HiddenTogether, hidden_together, shown_view
from rcs_pipeline.disclosure.same_rows import CAME, GONE, hold_rows
from rcs_pipeline.disclosure.school_bands import WORLDS, ChoosingBands
from rcs_pipeline.disclosure.tables import CLASSES, mark
from rcs_pipeline.disclosure.writing import mark_of, selected, write_mask
from rcs_pipeline.ledger.paths import AFRESH, whole_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REPORT_FILE = "disclosure.json"
MASKS = "masks"
NEAR = CLASSES[Reason.EARLIER]


@dataclass(frozen=True)
class TableReport:
    """What one audience gets of one table.

    `rows_left_out`: rows below the audience's geographies. `hidden_by_reason`: reason -> rows in which
    numbers were hidden for it: what a hide rule finds in the row itself (see `rules`), else the class of what
    hides it beside others (`CLASSES`), or why a school's row has no band (`Why`). `kept`: how many of these
    rows keep figures of an earlier release.
    """

    audience: str
    table: str
    rows: int
    rows_left_out: int
    hidden_by_reason: dict[str, int]
    kept: int = 0


def protect(
    database: Path, target: Path, product: Product, *, earlier: Sequence[Given] = (),
    threads: int | None = None,
) -> tuple[TableReport, ...]:  # fmt: skip
    """Write `target/<audience>/<table>.parquet` for every table that an audience may see by itself.

    What an audience that is many may see is protected once, for all its places, and then written for each.

    The counts by reason are internal: they go into `disclosure.json` beside `target`, never inside.

    Args:
        database: the candidate's `warehouse.duckdb`; product tables in schema `main`.
        target: the folder of the protected tables; what it held before is replaced.
        product: the contracts of the tables.
        earlier: every release that was given before, oldest first; where few people differ from one of them
            no new figure is shown.
        threads: for the engine; the bytes do not depend on it.

    Raises:
        RcsError: a table or column of the contract is not in the warehouse, or a value does not fit its type.
        RefusedError: a file of an earlier release is not what was published.
    """
    for folder in (target, *(target.parent / item for item in (MASKS, WORLDS, AFRESH))):
        shutil.rmtree(folder, ignore_errors=True)
    target.mkdir(parents=True)
    few = product.file.disclosure.minimum_difference
    reports, kept = list[TableReport](), dict[tuple[str, str], Kept | None]()
    staying = set[tuple[str, str]]()
    with reading(database, threads=threads) as connection:
        _require_all(connection, product)
        with ChoosingBands(connection, product) as bands:
            for audience in product.file.audiences:
                _forget_shown(connection, product)
                for table in in_order(product.tables):
                    holder = product.held_by(table, audience) or audience
                    before = lay_out(connection, holder, table, earlier if few else ())
                    if table.columns_for(audience):
                        report, kept[audience, table.name] = _write(
                            connection, target, product, audience, table, before, bands, staying
                        )
                        reports.append(report)
                    _show(connection, target, product, holder, table, before, kept.get((holder, table.name)))
            write_places(connection, target, product)
            bands.keep_worlds(target.parent / WORLDS)
    with whole_file(target.parent / REPORT_FILE) as path:
        path.write_text(json.dumps([asdict(item) for item in reports], indent=1) + "\n", encoding="utf-8")
    return tuple(reports)


def _write(
    connection: DuckDBPyConnection, target: Path, product: Product, audience: str, table: ProductTable,
    before: Sequence[Laid], bands: ChoosingBands, staying: set[tuple[str, str]],
) -> tuple[TableReport, Kept | None]:  # fmt: skip
    import duckdb

    found = columns_of(connection, table.name)
    groups = hidden_together(table, product.file.disclosure)
    seen = _seen(table, product, audience)
    source = f"{WAREHOUSE}.main.{name(table.name)}"
    file, judged = (
        folder / audience / f"{table.name}.parquet" for folder in (target, target.parent / AFRESH)
    )
    try:
        told = _together(connection, product, audience, table, seen, before, bands)
        reasons = "".join(
            f", {_reason(group, table)} as {mark_of(number)}" for number, group in enumerate(groups)
        )
        connection.execute(f"create or replace temp table judged as select told.*{reasons} from {told}")
        seen_columns = [column.name for column in table.columns_for(audience)]
        policy = product.file.disclosure
        few = policy.minimum_difference
        money = frozenset[str]()
        if before and any(rule.kind == "money" for rule in table.extension.hide):
            added = table.extension.added_up
            written = selected(product, table, audience, groups, found, None)
            behind = added is not None and (audience, added.table) in staying
            decided = product.file.corrected_maps
            if hold_money(connection, table, groups, before, written, behind, decided):
                staying.add((audience, table.name))
                money = money_columns(table)
        kept = keep(connection, audience, table, seen_columns, groups, before, policy, money) if few else None
        held = hold_rows(connection, table, before)
        write_mask(connection, target.parent / MASKS / audience, table, groups, kept)
        given, alone = (f"not {CAME}", f"not {GONE}") if held else ("true", "true")
        _copy(connection, selected(product, table, audience, groups, found, kept, given), file)
        if kept or held:
            _copy(connection, selected(product, table, audience, groups, found, None, alone), judged)
    except duckdb.Error as error:
        raise RcsError(
            f"The table cannot be written as its contract says: {str(error).splitlines()[0]}",
            where=f"{audience}, {table.name}", expected=f"the types of {table.path.name}",
            todo="Mend the model or the contract.",
        ) from error  # fmt: skip
    rows = _number(connection, f"select count(*) from judged where {given}")
    report = TableReport(
        audience=audience,
        table=table.name,
        rows=rows,
        rows_left_out=_number(connection, f"select count(*) from {source}") - rows,
        hidden_by_reason=_reasons(connection, groups),
        kept=kept.rows if kept else 0,
    )
    return report, kept


def _copy(connection: DuckDBPyConnection, query: str, file: Path) -> None:
    with whole_file(file) as path:
        connection.execute(
            f"copy ({query}) to {text(str(path))} (format parquet, compression zstd, row_group_size 122880)"
        )


def _show(
    connection: DuckDBPyConnection, target: Path, product: Product, holder: str, table: ProductTable,
    before: Sequence[Laid], kept: Kept | None,
) -> None:  # fmt: skip
    """Keep what the audience was given of a table in sight, for the tables that are made of it."""
    file = target / holder / f"{table.name}.parquet"
    made_of = {
        cells.table for item in product.tables for rule in item.extension.hide for cells in rule.made_of
    }
    counted_first = {item.extension.counted_first for item in product.tables}
    if table.name not in made_of | counted_first or not table.extension.hide:
        return
    symbols = " and ".join(f"{name(rule.symbol_column)} is null" for rule in table.extension.hide)
    given = (
        "select *, false as __seen, false as __other, false as __old, true as __moved"
        f" from {WAREHOUSE}.main.{name(table.name)} where false"
    )
    if file.is_file():
        fresh, final = (
            f"read_parquet({text(str(item))})"
            for item in (judged_file(target.parent, holder, table.name), file)
        )
        given = f"select *, {symbols} as __seen from ({with_moved(table, before, fresh, final, kept)})"
    connection.execute(f"create or replace temp table {name(shown_view(table.name))} as {given}")


def _forget_shown(connection: DuckDBPyConnection, product: Product) -> None:
    """Nothing that one audience was given is in sight while another one's tables are protected."""
    for table in product.tables:
        connection.execute(f"drop table if exists {name(shown_view(table.name))}")


def _together(
    connection: DuckDBPyConnection, product: Product, audience: str, table: ProductTable, seen: str,
    before: Sequence[Laid], bands: ChoosingBands,
) -> str:  # fmt: skip
    """The rows that the audience may see, as `told`; of a linked table with what is hidden together."""
    few = product.file.disclosure.minimum_difference
    near = near_rows(table, before, few) if few and _by_rows(table) else "false"
    rows = f"{WAREHOUSE}.main.{name(table.name)} as today"
    source = f"(select *, {near} as __near from {rows} where {seen})"
    if table.extension.banded is not None:
        return bands.beside(table, source)
    if table.extension.linked is None:
        return f"{source} as told"
    marked = mark(connection, product, audience, table, seen, before if few else ())
    return (
        f"(select rows_seen.*, marks.__linked, coalesce(marks.__compared, false) as __compared,"
        f" coalesce(marks.__quiet, false) as __quiet from {source}"
        f" as rows_seen left join {marked.table} as marks on {marked.on('rows_seen')}) as told"
    )


def _reason(group: HiddenTogether, table: ProductTable) -> str:
    linked, banded = table.extension.linked, table.extension.banded
    if banded and banded.shows.size in group.hides:
        return "__banded"
    if _by_rows(table):
        return f"coalesce({group.reason}, case when __near then {text(NEAR)} end)"
    return f"coalesce({group.reason}, __linked)" if linked and linked.base in group.hides else group.reason


def _by_rows(table: ProductTable) -> bool:
    """Whether rows that count people are judged one by one."""
    return table.extension.linked is None and any(
        rule.kind in ("estimate", "count") for rule in table.extension.hide
    )


def _require_all(connection: DuckDBPyConnection, product: Product) -> None:
    """Every table that somebody sees, and every one behind it, is as its contract says."""
    needed = set[str]()
    for table in product.tables:
        if any(map(table.columns_for, product.file.audiences)):
            finest = {table.extension.banded.finest.table} if table.extension.banded else set[str]()
            needed |= {table.name} | tables_behind(table) | finest
    for table in product.tables:
        if table.name in needed:
            _require(table, columns_of(connection, table.name))


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


def _reasons(connection: DuckDBPyConnection, groups: Sequence[HiddenTogether]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for number in range(len(groups)):
        mark = mark_of(number)
        query = f"select {mark}, count(*) from judged where {mark} is not null group by 1 order by 1"
        for reason, rows in connection.execute(query).fetchall():
            counts[str(reason)] = counts.get(str(reason), 0) + int(rows)
    return dict(sorted(counts.items()))


def _number(connection: DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
