"""Hidden rows that would come or go: a group of few that is new, or gone, says so by its row alone.

Belongs here: leaving a hidden row out that the last release did not have, and keeping one that it had.
Does not belong here: figures (see `keeping`), judging (see `audit_earlier`).

Only groups of a place and indicator that the last release had: what is new as a whole comes with all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.counts import Reason
from rcs_pipeline.disclosure.earlier import Laid, same_row
from rcs_pipeline.disclosure.engine import name, names, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GROUP = ("group_by", "group_value")
CAME, GONE = "__came", "__gone"


def hold_rows(connection: DuckDBPyConnection, table: ProductTable, before: Sequence[Laid]) -> bool:
    """Mark the rows of `judged` that are new and hidden as `__came`, and add those that are gone as `__gone`.

    Returns:
        whether there is any of either; if not, the marks may be missing.
    """
    last = next((laid for laid in reversed(before) if laid.stands), None)
    about = about_of(table)
    if last is None or not about or not set(table.grain) <= last.columns:
        return False
    symbol = name(table.extension.hide[0].symbol_column)
    if table.extension.hide[0].symbol_column not in last.columns:
        return False
    there = same_row(about, "other", "{rows}")
    view = name(last.view)
    came = (
        f"judged.__reason_0 is not null"
        f" and not exists (select 1 from {view} as other where {same_row(table.grain, 'other', 'judged')})"
        f" and exists (select 1 from {view} as other where {there.format(rows='judged')})"
    )
    connection.execute(
        f"create or replace temp table judged as select *, {came} as {CAME}, false as {GONE} from judged"
    )
    columns = [row[0] for row in connection.execute("describe judged").fetchall()]
    plain = [
        item for item in columns
        if item in last.columns and not any(item in rule.hides for rule in table.extension.hide)
    ]  # fmt: skip
    connection.execute(
        f"insert into judged by name select {names(tuple(plain))},"
        f" {text(Reason.EARLIER.name.lower())} as __reason_0, false as {CAME}, true as {GONE}"
        f" from {view} as was where {symbol} is not null"
        f" and not exists (select 1 from judged as other where {same_row(table.grain, 'other', 'was')})"
        f" and exists (select 1 from judged as other where {there.format(rows='was')})"
    )
    row = connection.execute(f"select count(*) from judged where {CAME} or {GONE}").fetchone()
    return bool(row and row[0])


def about_of(table: ProductTable) -> tuple[str, ...]:
    """The columns that say what a row is about but for its group; empty where rows have no group."""
    if table.extension.banded or not table.extension.hide or not set(GROUP) <= set(table.grain):
        return ()
    return tuple(item for item in table.grain if item not in GROUP)
