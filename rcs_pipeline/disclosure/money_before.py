"""Money of maps that were given before: a corrected map may not be taken from the one that readers keep.

Belongs here: which rows of a table with money show other amounts than an earlier release did, and marking
them, so that they keep the figures of that release or are hidden (see `keeping`).
Does not belong here: when an amount is of too few providers (`rules`, the warehouse), judging the result
(`audit_money_before`, which shares none of this SQL).

What one provider earned more is the new amount less the old one. What each provider earned then may be
known nowhere any more: a withdrawal erases the databases of earlier candidates. So nothing is weighed. The
money of a map is given once, and what is shown of it afterwards is what was shown before, unless somebody
decided otherwise by name (`corrected_maps`). Where one amount is
another one today, all amounts of the map in that table stay: of old lines and new ones side by side more is
worked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.money import CorrectedMap
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.earlier import Laid, same_row
from rcs_pipeline.disclosure.engine import name, names, text
from rcs_pipeline.disclosure.rules import HiddenTogether
from rcs_pipeline.disclosure.writing import MONEY_EARLIER, mark_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The column that says which map a row is of; a table without it is of all maps together, or of none.
MAP = "collection"
STAYS = "__money_stays"


def money_groups(table: ProductTable, groups: Sequence[HiddenTogether]) -> tuple[int, ...]:
    """Which of the groups of columns are money."""
    speak = {rule.symbol_column for rule in table.extension.hide if rule.kind == "money"}
    return tuple(number for number, group in enumerate(groups) if group.symbol_column in speak)


def money_columns(table: ProductTable) -> frozenset[str]:
    """Everything that says an amount, or why there is none: what a row keeps of its money."""
    rules = (rule for rule in table.extension.hide if rule.kind == "money")
    return frozenset(item for rule in rules for item in (*rule.hides, rule.symbol_column))


def hold_money(
    connection: DuckDBPyConnection, table: ProductTable, groups: Sequence[HiddenTogether],
    before: Sequence[Laid], written: str, source_stays: bool = False,
    corrected: Sequence[CorrectedMap] = (),
) -> bool:  # fmt: skip
    """Mark the rows of `judged` whose money is not to be given anew, and hide it.

    Args:
        connection: holds `judged`, with a reason `__reason_<n>` for each of `groups`.
        table: whose rows they are.
        groups: what is hidden together.
        before: the table's rows in earlier releases.
        written: what the audience would get of `judged`, as SQL.
        source_stays: of a table that adds another one up, whether a row of that one stays.
        corrected: the maps that are given anew by decision.

    Returns:
        whether there is any.
    """
    held = money_groups(table, groups)
    before = [_held_against(connection, laid, corrected) for laid in before
              if set(table.grain) <= laid.columns]  # fmt: skip
    if not held or not before or (table.extension.added_up and not source_stays):
        return False
    connection.execute(f"create or replace temp table written as {written}")
    new = f"({_given_before(table, before)}) and not ({_told(table, before)})"
    some = f"({_some_amount(table)})"
    map_of = _map_of(table)
    connection.execute(
        f"create or replace temp table staying as select {names(table.grain)} from written where {some}"
        f" and {map_of} in (select {map_of} from written where {some} and {new})"
    )
    row = connection.execute("select count(*) from staying").fetchone()
    if not row or not row[0]:
        return False
    stays = f"exists (select 1 from staying where {same_row(table.grain, 'staying', 'judged')})"
    hidden = ", ".join(
        f"case when {stays} then coalesce({mark_of(item)}, {text(MONEY_EARLIER)}) else {mark_of(item)} end"
        f" as {mark_of(item)}"
        for item in held
    )
    connection.execute(
        f"create or replace temp table judged as select * replace ({hidden}), {stays} as {STAYS} from judged"
    )
    return True


def _held_against(connection: DuckDBPyConnection, laid: Laid, corrected: Sequence[CorrectedMap]) -> Laid:
    """What an earlier release says of the maps that are not given anew beside it."""
    maps = [text(item.collection) for item in corrected if item.covers(laid.version)]
    if not maps or MAP not in laid.columns:
        return laid
    view = f"{laid.view} held against"
    connection.execute(
        f"create or replace temp view {name(view)} as select * from {name(laid.view)}"
        f" where coalesce({name(MAP)} not in ({', '.join(maps)}), true)"
    )
    return replace(laid, view=view)


def _map_of(table: ProductTable) -> str:
    """What stays or is given anew together, as SQL over `written`."""
    if any(column.name == MAP for column in table.columns):
        return f"written.{name(MAP)}"
    return "'all maps'" if table.extension.added_up else f"({names(table.grain)})"


def _given_before(table: ProductTable, before: Sequence[Laid]) -> str:
    """That an earlier release said something of the map, in this row or another one."""
    if table.extension.added_up:
        return "true"
    of_a_map = any(column.name == MAP for column in table.columns)
    same = [MAP] if of_a_map else list(table.grain)
    found = " or ".join(
        f"exists (select 1 from {name(laid.view)} as other where {same_row(same, 'other', 'written')})"
        for laid in before
        if set(same) <= laid.columns
    )
    # A row without a map has no money.
    return f"({found or 'false'}) and written.{name(same[0])} is not null"


def _some_amount(table: ProductTable) -> str:
    numbers = {item for rule in table.extension.hide if rule.kind == "money" for item in rule.hides}
    return " or ".join(f"written.{name(item)} is not null" for item in sorted(numbers))


def _told(table: ProductTable, before: Sequence[Laid]) -> str:
    """That an earlier release showed the very amounts of today of the same line, and hid the same.

    Of a column that no release had nothing can be taken away. Only a release with all the others vouches:
    amounts of two releases need not be of the same services.
    """
    figures = money_columns(table) - _by_people(table)
    known = figures & frozenset[str]().union(*(laid.columns for laid in before))
    if not known:
        return "true"
    found = []
    for laid in before:
        if known <= laid.columns:
            same = same_row((*_line_of(table), *sorted(known)), "told", "written")
            found.append(f"exists (select 1 from {name(laid.view)} as told where {same})")
    return " or ".join(found) or "false"


def _line_of(table: ProductTable) -> tuple[str, ...]:
    """What names an amount: several rows of a table may repeat the amount of one line."""
    money = table.extension.money
    if money is None or not any(column.name == MAP for column in table.columns):
        return table.grain
    return (MAP, *([money.cut] if money.cut else []), money.line)


def _by_people(table: ProductTable) -> frozenset[str]:
    """Amounts over numbers of people that stand in the same row: they move with the people."""
    return frozenset(
        column.name for column in table.columns if column.rounded and column.name in money_columns(table)
    )
