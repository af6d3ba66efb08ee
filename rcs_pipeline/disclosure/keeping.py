"""Figures that stay as an earlier release showed them, because too few people differ to show new ones.

Belongs here: which rows of a table keep the figures of the last release that stands, and laying those out
beside the rows of today.
Does not belong here: what is hidden (see `tables`, `rules`), judging (see `audit_earlier`). Only what would
be hidden is ever kept.

What is kept was read by everybody before, so it says nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy
from rcs_pipeline.contracts.hide_rules import Follows
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.counts import Reason
from rcs_pipeline.disclosure.earlier import Laid, same_row, seen_in
from rcs_pipeline.disclosure.engine import name, text
from rcs_pipeline.disclosure.rules import HiddenTogether, shown_view, together_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOR_OTHERS = tuple(item.name.lower() for item in (Reason.SECONDARY, Reason.DIFFERENCING, Reason.EARLIER))


@dataclass(frozen=True)
class Kept:
    """A temporary table of the rows that keep figures: their grain, and the last release's figures.

    `rows`: how many of them would be hidden otherwise, or tell the people of a row that is not shown.
    `columns`: what is kept of a row that is kept whole. `compared`: what is kept where only that would go.
    `money`: what is kept where only the money stays.
    """

    name: str
    rows: int
    version: str
    columns: frozenset[str]
    compared: frozenset[str]
    money: frozenset[str] = frozenset()

    def value(self, column: str, fresh: str) -> str:
        """The value of a column, as SQL over `judged` and the alias `kept`; `fresh` is that of today."""
        tests = []
        if column in self.columns:
            tests.append("kept.__whole")
        if column in self.compared:
            tests.append("kept.__compared")
        if column in self.money:
            tests.append("kept.__money")
        if not tests:
            return fresh
        return f"case when {' or '.join(tests)} then kept.{name(f'__then_{column}')} else {fresh} end"


def counted(table: ProductTable) -> tuple[tuple[str, str | None], ...]:
    """The columns in which a row of a table counts people, each base with its numerator."""
    if table.extension.linked:
        return ((table.extension.linked.base, table.extension.linked.numerator),)
    found: list[tuple[str, str | None]] = []
    for rule in table.extension.hide:
        if rule.kind == "estimate":
            base, numerator = rule.tests or ("base", "numerator")
            found.append((base, numerator))
        if rule.kind == "count":
            found += [(item, None) for item in rule.tests]
    return tuple(found)


def people_apart(table: ProductTable, laid: Laid, now: str, then: str) -> str:
    """How many people differ at least between two rows, as SQL; null where neither counts any."""
    found = []
    for base, numerator in counted(table):
        if base in laid.columns:
            found.append(f"abs({now}.{name(base)} - {then}.{name(base)})")
            if numerator and numerator in laid.columns:
                by = f"({now}.{name(numerator)} - {then}.{name(numerator)})"
                found += [f"abs({by})", f"abs({now}.{name(base)} - {then}.{name(base)} - {by})"]
    return f"greatest({', '.join(found)})" if found else "null"


def _most_apart(table: ProductTable, policy: DisclosurePolicy, then: str) -> str:
    """How many people a row that is hidden for others may differ by and keep its figures, as SQL."""
    few, share = int(policy.minimum_difference or 0), policy.kept_share or 0.0
    people = [f"{share} * {then}.{name(base)}" for base, _ in counted(table)[:1]]
    return f"greatest({', '.join([str(few - 1), *people])})"


def near_rows(table: ProductTable, before: Sequence[Laid], few: int) -> str:
    """That a row of today, `today`, differs by too few people from one that was shown, as SQL.

    For tables that are judged row by row.
    """
    tests = []
    for laid in before:
        apart = people_apart(table, laid, "today", "rows_then")
        if set(table.grain) <= laid.columns and apart != "null":
            base = counted(table)[0][0]
            same = same_row(table.grain, "today", "rows_then")
            tests.append(
                f"exists (select 1 from {name(laid.view)} as rows_then where {same}"
                f" and {seen_in(table, laid, base, 'rows_then')} and {apart} between 1 and {few - 1})"
            )
    return " or ".join(tests) or "false"


def keep(
    connection: DuckDBPyConnection, audience: str, table: ProductTable, columns: Sequence[str],
    groups: Sequence[HiddenTogether], before: Sequence[Laid], policy: DisclosurePolicy,
    money: frozenset[str] = frozenset(),
) -> Kept | None:  # fmt: skip
    """Find the rows of `judged` that keep their figures, and lay them out.

    Args:
        connection: holds `judged`, with a reason `__reason_<n>` for each of `groups`.
        audience: who gets them.
        table: whose rows they are.
        columns: those that the audience sees.
        groups: what is hidden together.
        before: the table's rows in earlier releases, oldest first.
        policy: how many people have to differ for new figures, and of how many a row that may not be shown
            anew for the sake of others keeps its own.
        money: the columns of money, if the money of a row of `judged` stays (`__money_stays`).
    """
    # Bands are never given twice, so those of a withdrawn release stay as well.
    standing = [laid for laid in before if laid.stands or table.extension.banded]
    together = together_of(table) & set(columns)
    # A column of money that is new has nothing to keep, and stays hidden beside what is kept.
    if not standing or not groups or not together - money <= standing[-1].columns:
        return None
    last, linked, few = standing[-1], table.extension.linked, int(policy.minimum_difference or 0)
    together, money = together & last.columns, money & last.columns
    compared = frozenset(linked.compared if linked else ()) & set(columns)
    reason = "judged.__reason_0"
    apart = people_apart(table, last, "judged", "rows_then")
    followed = _followed(table.extension.follows) if table.extension.follows else "false"
    if table.extension.banded:
        whole = _given_already(table, standing[-1])
    elif any(rule.made_of for rule in table.extension.hide):
        made_of = _made_of(table)
        whole = f"({reason} = 'derived' or {made_of('__other')}) and not {made_of('__moved')}"
    else:
        others = ", ".join(text(item) for item in FOR_OTHERS)
        nearly = f"{apart} <= {_most_apart(table, policy, 'rows_then')}"
        whole = f"{apart} between 1 and {few - 1} or {reason} in ({others}) and {nearly}"
        whole = f"{reason} is not null and ({whole})"
        if linked:
            whole = f"({whole}) or ({reason} is null and judged.__quiet and {apart} = 0)"
        if table.extension.follows:
            whole = f"({whole}) or ({reason} is null and {followed})"
    there = " or ".join(f"rows_then.{name(item)} is not null" for item in sorted(compared)) or "false"
    alone = "false"
    if compared:
        alone = f"{reason} is null and judged.__compared and {apart} < {few} and ({there})"
    money = money & set(columns)
    stays = _money_stays(table, groups, last, money) if money else "false"
    then = ", ".join(
        f"rows_then.{name(item)} as {name(f'__then_{item}')}" for item in sorted(together | compared)
    )
    # A band that stood hidden stays so with the others of its schools.
    seen = "true" if table.extension.banded else seen_in(table, last, groups[0].hides[0], "rows_then")
    held = "true" if table.extension.banded else f"({reason} is not null or {followed})"
    kept = name(f"kept {audience} {table.name}")
    grain = ", ".join(f"judged.{name(item)}" for item in table.grain)
    connection.execute(
        f"create or replace temp table {kept} as select {grain}, coalesce({whole}, false) as __whole,"
        f" coalesce({alone}, false) as __compared, coalesce({stays}, false) as __money,"
        f" {held} or coalesce({stays}, false) as __hidden, {then} from judged"
        f" inner join {name(last.view)} as rows_then on {same_row(table.grain, 'judged', 'rows_then')}"
        f" where {seen} and (({whole}) or ({alone}) or ({stays}))"
    )
    row = connection.execute(f"select count(*), count(*) filter (where __hidden) from {kept}").fetchone()
    rows, hidden = row or (0, 0)
    if not rows:
        return None
    return Kept(kept, int(hidden), last.version, frozenset(together), compared, money)


def with_moved(table: ProductTable, before: Sequence[Laid], fresh: str, final: str, kept: Kept | None) -> str:
    """The rows of today with what has become of each, as SQL.

    `__other`: it keeps its figures, `__old`: and those are of other people; `__moved`: what is shown of it is
    not what the last release showed, or that did not show it.
    """
    standing = [laid for laid in before if laid.stands]
    if not standing or not set(table.grain) <= standing[-1].columns:
        return f"select *, false as __other, false as __old, true as __moved from {fresh}"
    last = standing[-1]
    spoken = sorted(together_of(table) & last.columns)

    tests = (f"shown_now.{name(item)} is distinct from rows_then.{name(item)}" for item in spoken)
    other = "false"
    if kept:
        same = same_row(table.grain, "kept", "cell")
        other = f"exists (select 1 from {kept.name} as kept where kept.__whole and {same})"
    return (
        f"select cell.*, {other} as __other,"
        f" {other} and coalesce({people_apart(table, last, 'cell', 'rows_then')} > 0, false) as __old,"
        f" rows_then.{name(table.grain[0])} is null or {' or '.join(tests) or 'false'} as __moved"
        f" from {fresh} as cell"
        f" inner join {final} as shown_now on {same_row(table.grain, 'cell', 'shown_now')}"
        f" left join {name(last.view)} as rows_then on {same_row(table.grain, 'shown_now', 'rows_then')}"
    )


def _followed(follows: Follows) -> str:
    """That the row with the same people is withheld, or shows those of before."""
    same = [f"cell.{name(theirs)} = judged.{name(ours)}" for theirs, ours in follows.same.items()]
    same += [f"cell.{name(column)} = {text(value)}" for column, value in follows.where.items()]
    view = name(shown_view(follows.table))
    same.append("(not cell.__seen or cell.__old)")
    return f"exists (select 1 from {view} as cell where {' and '.join(same)})"


def _money_stays(
    table: ProductTable, groups: Sequence[HiddenTogether], last: Laid, money: frozenset[str]
) -> str:
    """That the money of a row stays and the last release showed some; never beside a row that is hidden."""
    shown = [
        f"({seen_in(table, last, item, 'rows_then')})" for item in sorted(money) if item in _numbers(table)
    ]
    beside = "true" if groups[0].symbol_column in money else "judged.__reason_0 is null"
    return f"judged.__money_stays and {beside} and ({' or '.join(shown) or 'false'})"


def _numbers(table: ProductTable) -> frozenset[str]:
    return frozenset(item for rule in table.extension.hide for item in rule.hides)


def _given_already(table: ProductTable, last: Laid) -> str:
    """That other bands of the same line and partnership were given: of its schools no others ever are."""
    banded = table.extension.banded
    if banded is None:
        return "false"
    unit = (*banded.system, banded.line, banded.within)
    same = " and ".join(f"unit.{name(item)} is not distinct from judged.{name(item)}" for item in unit)
    shown = (banded.shows.size, banded.shows.lower, banded.shows.upper)
    other = " or ".join(f"judged.{name(item)} is distinct from rows_then.{name(item)}" for item in shown)
    return f"({other}) and exists (select 1 from {name(last.view)} as unit where {same})"


def _made_of(table: ProductTable) -> Callable[[str], str]:
    """That something is so of one of the rows that a row is made of."""
    cells_of = []
    for rule in table.extension.hide:
        for cells in rule.made_of:
            same = [f"cell.{name(theirs)} = judged.{name(ours)}" for theirs, ours in cells.same.items()]
            same += [
                f"contains(', ' || judged.{name(ours)} || ', ', ', ' || cell.{name(theirs)} || ', ')"
                for theirs, ours in cells.listed.items()
            ]
            cells_of.append((name(shown_view(cells.table)), " and ".join(same)))

    def any_of(what: str) -> str:
        tests = (
            f"exists (select 1 from {view} as cell where cell.{what} and {same})" for view, same in cells_of
        )
        return f"({' or '.join(tests)})"

    return any_of
