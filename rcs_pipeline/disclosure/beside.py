"""The cells of a linked table beside what earlier releases said of them, as arrays.

Belongs here: joining the cells of today with the rows of each earlier release.
Does not belong here: which releases there are (see `earlier`), what follows (see `changed`, `linked`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.changed import Before, Shift
from rcs_pipeline.disclosure.counts import MEAN
from rcs_pipeline.disclosure.display import shown_value
from rcs_pipeline.disclosure.earlier import Laid, seen_in
from rcs_pipeline.disclosure.engine import name
from rcs_pipeline.disclosure.linear import Bools

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Columns = dict[str, npt.NDArray[Any]]
# What is picked of today, and its rows under their alias.
CELLS, TODAY = "cells_of_today", "today"
WEIGHTS_DIFFER = 1e-9


def means_of(product: Product, table: ProductTable) -> tuple[str, ...]:
    """The figure of a mean and its weight, as they would be shown today: what is picked beside each cell."""
    mean = table.extension.linked.mean if table.extension.linked else None
    if mean is None:
        return ()
    by_name = {column.name: column for column in table.columns}
    shown = [shown_value(product, table, by_name[item], TODAY) for item in (mean.value, mean.weight)]
    return f"{shown[0]} as __mean", f"{shown[1]} as __weight"


def beside(
    connection: DuckDBPyConnection, table: ProductTable, before: Sequence[Laid]
) -> tuple[Columns, ...]:
    """For each earlier release that can be compared, arrays over the cells in `CELLS`.

    `there`: it has the row; `seen`: and a number in it; `base`, `numerator`: what it says (`MEAN` where it
    says none); `moved`: it says another mean of the same base and weight; `withheld`: it shows the row, but
    no figure of all the other places that have it.

    Releases in a row that say the same of the table are one.
    """
    linked = table.extension.linked
    found: list[Columns] = []
    for laid in before:
        if linked is None or not set(linked.keys) <= laid.columns:
            continue
        columns = _one(connection, table, linked, laid)
        if not (found and all((columns[key] == found[-1][key]).all() for key in columns)):
            found.append(columns)
    return tuple(found)


def before_of(
    spread: Callable[[npt.NDArray[Any], int | bool], npt.NDArray[Any]],
    cells: Columns,
    releases: Sequence[Columns],
) -> Before:
    """How the cells moved since each release; `spread` lays an array over the cells out as lines by slots."""
    there = [spread(of["there"], False) for of in releases]
    exists = spread(np.ones(len(cells["__base"]), dtype=bool), False)
    lacking = {_lacking_the_same(number, there, exists) for number in range(len(releases))}
    every = tuple(range(len(releases)))
    arrivals = [_before(spread, cells, [releases[one] for one in some]) for some in sorted({*lacking, every})]
    return replace(_before(spread, cells, releases), arrivals=tuple(arrivals))


def _lacking_the_same(number: int, there: Sequence[Bools], exists: Bools) -> tuple[int, ...]:
    """The releases that have none of the cells that a release lacks, though it has their line."""
    lacks = exists & ~there[number] & there[number].any(axis=1, keepdims=True)
    return tuple(other for other in range(len(there)) if not (lacks & there[other]).any())


def _before(
    spread: Callable[[npt.NDArray[Any], int | bool], npt.NDArray[Any]], cells: Columns,
    releases: Sequence[Columns],
) -> Before:  # fmt: skip
    shifts = []
    size = len(cells["__base"])
    hidden, withheld = (np.zeros(size, dtype=bool) for _ in range(2))
    exists = spread(np.ones(size, dtype=bool), False)
    for of in releases:
        hidden |= of["there"] & ~of["seen"]
        withheld |= of["withheld"]
        counted = of["seen"] & (cells["__numerator"] != MEAN) & (of["numerator"] != MEAN)
        base, numerator = cells["__base"] - of["base"], cells["__numerator"] - of["numerator"]
        was_there = spread(of["there"], False)
        # A line that the release had nothing of says nothing: it may be a new question.
        came = exists & ~was_there & was_there.any(axis=1, keepdims=True)
        # Nobody was counted where nobody was.
        new = np.where(cells["__numerator"] != MEAN, cells["__numerator"], 0)
        shifts.append(
            Shift(
                seen=spread(of["seen"], False),
                base=np.where(came, spread(cells["__base"], 0), spread(np.where(of["seen"], base, 0), 0)),
                numerator=np.where(came, spread(new, 0), spread(np.where(counted, numerator, 0), 0)),
                moved=spread(of["moved"] & ~counted, False),
                came=came,
            )
        )
    return Before(spread(hidden, False), tuple(shifts), spread(withheld, False))


def _one(connection: DuckDBPyConnection, table: ProductTable, linked: LinkedTable, laid: Laid) -> Columns:
    same = " and ".join(
        f"cells.{name(key)} is not distinct from rows_then.{name(key)}" for key in linked.keys
    )
    moved = "false"
    if linked.mean and {linked.mean.value, linked.mean.weight} <= laid.columns:
        value, weight = (f"rows_then.{name(item)}" for item in (linked.mean.value, linked.mean.weight))
        moved = (
            f"coalesce(cells.__mean is distinct from {value}"
            f" and abs(cells.__weight - {weight}) < {WEIGHTS_DIFFER}, false)"
        )
    others = linked.weighted.others if linked.weighted else None
    # Where no other place had the group, there was nothing to withhold.
    rest = " and ".join(
        f"elsewhere.{name(key)} is {'' if key == linked.place else 'not '}distinct from rows_then.{name(key)}"
        for key in linked.keys
    )
    withheld = "false"
    if others in laid.columns:
        there = f"exists (select 1 from {name(laid.view)} as elsewhere where {rest})"
        withheld = f"rows_then.{name(others)} is null and {there}"
    base, numerator = linked.base, linked.numerator
    counted = f"rows_then.{name(numerator)}" if numerator in laid.columns else "null"
    row = connection.execute(f"select count(*) from {CELLS}").fetchone()
    size = int(row[0]) if row else 0
    columns: Columns = {
        "there": np.zeros(size, dtype=bool), "seen": np.zeros(size, dtype=bool),
        "base": np.zeros(size, dtype=np.int64), "numerator": np.full(size, MEAN, dtype=np.int64),
        "moved": np.zeros(size, dtype=bool), "withheld": np.zeros(size, dtype=bool),
    }  # fmt: skip
    if base in laid.columns:
        rows = connection.execute(
            f"select cells.__row as row, seen, seen and {withheld} as withheld,"
            f" cast(coalesce(rows_then.{name(base)}, 0) as bigint) as base,"
            f" cast(coalesce({counted}, {MEAN}) as bigint) as numerator, {moved} as moved"
            f" from {CELLS} as cells inner join {name(laid.view)} as rows_then on {same}"
            f" cross join lateral (select {seen_in(table, laid, base, 'rows_then')} as seen)"
        ).fetchnumpy()
        columns["there"][rows["row"]] = True
        for key in ("seen", "base", "numerator", "moved", "withheld"):
            columns[key][rows["row"]] = np.ma.getdata(rows[key])
    return columns
