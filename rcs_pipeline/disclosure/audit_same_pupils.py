"""Rows of the very pupils of the last release: other figures of theirs say how many others left or joined.

Belongs here: finding such rows in the written files, with SQL of its own.
Does not belong here: rows whose pupils are others (see `audit_earlier`); anything that `protect` uses.

Weights are roll over respondents. Where a pupil leaves, those who stay weigh more, so that a row which that
pupil was never in has another weighted base, and with it another share. A few such rows give the number of
leavers of every weighting cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.earlier import Laid, same_row, seen_in
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, names, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def weights_told(
    connection: DuckDBPyConnection, table: ProductTable, before: Sequence[Laid], whole: str
) -> list[str]:
    """Rows of `given_now` with the counts of the last release and other figures for the sake of others.

    Figures of the row itself, where its place has moved: where today's counts of one of its rows, shown or
    not, are not those that the release showed. And the figure of all the others, where some place has moved,
    though not the group in the level of the `whole`. Where the release lacks a column that is hidden with the
    others, no row of it can be kept.
    """
    linked, last = table.extension.linked, next((laid for laid in reversed(before) if laid.stands), None)
    spoken = {item for rule in table.extension.hide for item in rule.hides}
    if linked is None or last is None or not {*table.grain, *spoken} <= last.columns:
        return []
    counts = [item for pair in linked.counts for item in pair if item in last.columns]
    figures = sorted(spoken - {*counts, *linked.compared})
    system, place = linked.system, (*linked.system, linked.level, linked.place)
    group = tuple(item for item in linked.keys if item not in (linked.level, linked.place))
    seen, then = seen_in(table, last, linked.base, "was"), name(last.view)
    of_whole = f"{name(linked.level)} = {text(whole)}"
    row = connection.execute(f"""
        with others as (
            select truth.* from {WAREHOUSE}.main.{name(table.name)} as truth
            inner join {then} as was on {same_row(table.grain, "truth", "was")}
            where ({seen}) and ({_differ("truth", counts)})
        ),
        moved as (select distinct {_listed(place)} true as __moved from others),
        systems as (select distinct {_listed(system)} true as __moved from others),
        stay as (
            select distinct {_listed(group)} true as __stay from {then} as was
            where {of_whole}
                and exists (select 1 from systems where {_alike(system, "was", "systems")})
                and not exists (
                    select 1 from others where others.{of_whole} and {_alike(group, "others", "was")}
                )
        )
        select count(*) filter (where moved.__moved and ({_differ("given_now", figures)})),
            count(*) filter (where stay.__stay and ({_differ("given_now", linked.compared)}))
        from given_now
        inner join {then} as was on {same_row(table.grain, "given_now", "was")}
        left join moved on {same_row(place, "given_now", "moved")}
        left join stay on {_alike(group, "given_now", "stay")}
        where ({seen}) and given_now.{name(linked.base)} is not null
            and not ({_differ("given_now", counts)})
    """).fetchone()
    own, others = row or (0, 0)
    return [
        f"{count} rows of the same pupils say by {what} how many others left or joined"
        for count, what in ((own, "their figures"), (others, "the figure of all the others")) if count
    ]  # fmt: skip


def _listed(columns: tuple[str, ...]) -> str:
    return f"{names(columns)}," if columns else ""


def _alike(columns: tuple[str, ...], one: str, other: str) -> str:
    return same_row(columns, one, other) or "true"


def _differ(rows: str, columns: Sequence[str]) -> str:
    return (
        " or ".join(f"{rows}.{name(item)} is distinct from was.{name(item)}" for item in columns) or "false"
    )
