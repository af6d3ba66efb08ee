"""What is written of a judged table: the columns that an audience sees, and the mask beside them.

Belongs here: the SQL of every written column, hidden, kept or rounded, and the reasons for those inside.
Does not belong here: which rows and reasons there are (see `protect`), which are kept (`keeping`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import Product, ProductColumn, ProductTable
from rcs_pipeline.contracts.vocabulary import Symbol
from rcs_pipeline.disclosure.counts import Reason
from rcs_pipeline.disclosure.display import shown_value
from rcs_pipeline.disclosure.earlier import same_row
from rcs_pipeline.disclosure.engine import SQL_TYPES, name, text
from rcs_pipeline.disclosure.keeping import Kept
from rcs_pipeline.disclosure.rules import HiddenTogether
from rcs_pipeline.disclosure.tables import CLASSES
from rcs_pipeline.ledger.paths import whole_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The reason of money that is not given anew (see `money_before`).
MONEY_EARLIER = "earlier_money"


def write_mask(
    connection: DuckDBPyConnection, folder: Path, table: ProductTable, groups: Sequence[HiddenTogether],
    kept: Kept | None,
) -> None:  # fmt: skip
    """Beside the protected tables, for those inside: why each cell is hidden. No release holds it."""
    if not groups:
        return
    grain = ", ".join(f"judged.{name(item)}" for item in table.grain)
    classes = ", ".join(text(item) for item in CLASSES.values())
    symbol = text(Symbol.CONFIDENTIAL.value)
    left, source, more = "null::varchar", "judged", "false"
    if kept:
        left = f"case when kept.__whole or kept.__money then {text(kept.version)} end"
        source = f"judged left join {kept.name} as kept on {same_row(table.grain, 'judged', 'kept')}"
        # Of a row that keeps another band, or follows one that does not tell its people, nothing is hidden.
        more = "coalesce(kept.__whole and kept.__hidden, false)"
    differencing, earlier = (text(CLASSES[item]) for item in (Reason.DIFFERENCING, Reason.EARLIER))
    money = text(MONEY_EARLIER)
    parts = [
        f"select {grain}, {text(group.symbol_column)} as symbol_column, {symbol} as symbol,"
        f" {left} as kept_from,"
        f" case when coalesce({mark_of(number)}, {earlier}) in ({earlier}, {money}) then {differencing}"
        f" when {mark_of(number)} in ({classes}) then {mark_of(number)} else 'primary' end as class,"
        f" coalesce({mark_of(number)}, {earlier}) as reason"
        f" from {source} where {mark_of(number)} is not null or {more}"
        for number, group in enumerate(groups)
    ]
    with whole_file(folder / f"{table.name}.parquet") as path:
        query = f"{' union all '.join(parts)} order by all"
        connection.execute(f"copy ({query}) to {text(str(path))} (format parquet, compression zstd)")


def selected(
    product: Product,
    table: ProductTable,
    audience: str,
    groups: Sequence[HiddenTogether],
    found: dict[str, str],
    kept: Kept | None,
    where: str = "true",
) -> str:
    """The rows of `judged` as an audience gets them, in their total order, as SQL."""
    columns = table.columns_for(audience)
    written = ", ".join(_column(product, table, column, groups, found, kept) for column in columns)
    # The rest of the columns ends every tie, so that the order is total even if the grain is not unique.
    first = tuple(dict.fromkeys((*table.extension.order_by, *table.grain)))
    rest = tuple(item for item in found if item not in first)
    order = ", ".join(f"judged.{name(item)} nulls last" for item in (*first, *rest))
    source = "judged"
    if kept:
        source = f"judged left join {kept.name} as kept on {same_row(table.grain, 'judged', 'kept')}"
    return f"select {written} from {source} where {where} order by {order}"


def _column(
    product: Product,
    table: ProductTable,
    column: ProductColumn,
    groups: Sequence[HiddenTogether],
    found: dict[str, str],
    kept: Kept | None,
) -> str:
    kind = SQL_TYPES[column.type]
    value = shown_value(product, table, column, "judged") if column.name in found else "null"
    for number, group in enumerate(groups):
        if group.symbol_column == column.name:
            value = group.symbol(f"judged.{mark_of(number)}")
    silent = [
        f"judged.{mark_of(number)} is not null or judged.{name(group.symbol_column)} is not null"
        for number, group in enumerate(groups)
        if column.name in group.hides
    ]
    linked = table.extension.linked
    if linked and column.name in linked.compared:
        silent.append("judged.__compared")
    if silent:
        value = f"case when {' or '.join(silent)} then null else {value} end"
    if kept:
        value = kept.value(column.name, value)
    return f"cast({value} as {kind}) as {name(column.name)}"


def mark_of(number: int) -> str:
    """The column of `judged` with the reason of one group of columns."""
    return name(f"__reason_{number}")
