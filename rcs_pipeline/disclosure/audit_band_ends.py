"""The attack on bands of questions that contain or exclude one another.

Belongs here: everything that is known of the rows and cells of schools as relations between numbers, and how
near they bring a row, relation by relation, until nothing becomes narrower.
Does not belong here: reading files (see `audit_bands`, which makes the tables that are asked here), bands of
one question by itself (see `audit_worlds`), anything that `protect` uses.

The attacker knows every band, every base, the sums of every partnership and the definitions of the questions.
Partnerships are attacked one by one: of a sum without them somebody knows less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.product import Product

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Arrays = dict[str, Any]
Numbers = npt.NDArray[np.float64]
# Relations of each kind have numbers of their own.
OF_CELLS, OF_WAYS, OF_PLACES, OF_QUESTIONS = range(4)


@dataclass(frozen=True)
class Relations:
    """What is known of the items of a partnership: `least` <= the sum of `factor` times an item, `<= most`.

    `relation`, `item`, `factor`: a place in a relation each.
    """

    relation: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    factor: Numbers
    least: Numbers
    most: Numbers

    def without(self, gone: npt.NDArray[np.bool_]) -> Relations:
        """Without some of the relations."""
        held = ~gone[self.relation]
        return Relations(self.relation[held], self.item[held], self.factor[held], self.least, self.most)

    def ends(self, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
        """The least and the greatest that every item can be, as each relation by itself tells."""
        low, high, at, factor = low.copy(), high.copy(), self.item, self.factor
        while True:
            before = (high - low).sum()
            fewest = np.where(factor > 0, factor * low[at], factor * high[at])
            most = np.where(factor > 0, factor * high[at], factor * low[at])
            sum_fewest, sum_most = (
                np.bincount(self.relation, item, minlength=len(self.least)) for item in (fewest, most)
            )
            # What the others of a relation leave of it.
            upper = (self.most - sum_fewest)[self.relation] + fewest
            lower = (self.least - sum_most)[self.relation] + most
            np.minimum.at(high, at, np.where(factor > 0, upper, -lower))
            np.maximum.at(low, at, np.where(factor > 0, lower, -upper))
            # What contradicts itself is narrow as well.
            if (high - low).sum() == before or (low > high).any():
                return low, high


def narrow_beside(connection: DuckDBPyConnection, product: Product, width: int) -> int:
    """How many rows the bands of related questions bring nearer than the policy allows.

    As near as they would be brought if no band were shown they may be.
    """
    if not product.implications:
        return 0
    _lay_items(connection, product)
    _lay_relations(connection)
    found = 0
    for items, relations, of_places in _partnerships(connection):
        narrow = np.zeros(len(items["base"]), dtype=bool)
        for known in (relations, relations.without(of_places)):
            low, high = known.ends(items["low"], items["high"])
            free_low, free_high = known.ends(np.zeros(len(narrow)), items["base"])
            narrow |= high - low < np.minimum(width, free_high - free_low)
        found += int((narrow & items["is_row"]).sum())
    return found


def _lay_items(connection: DuckDBPyConnection, product: Product) -> None:
    """`bands_sides`: the sides of each implication; `bands_items`: rows and cells of such questions."""
    connection.execute(
        "create or replace temp table bands_sides"
        " (implication integer, sides integer, line varchar, counted boolean, sign integer)"
    )
    connection.executemany("insert into bands_sides values (?, ?, ?, ?, ?)", [
        (number, len(item.sides), side.indicator, side.counted, sign)
        for number, item in enumerate(product.implications)
        for side, sign in item.sides
    ])  # fmt: skip
    connection.execute("""
        create or replace temp table bands_items as
        with items as (
            select block, school, line, way, value, true as is_row, base, numerator,
                case when shown then (edge_from * base + 99) // 100 else 0 end as low,
                case when shown and edge_to < 100 then (edge_to * base + 99) // 100 - 1 else base end as high
            from bands_rows
            union all
            select block, school, line, 'cell', cell, false, base, numerator, 0, base from bands_cells
        )
        select row_number() over (order by block, school, line, is_row, way, value) - 1 as item, *
        from items where line in (select line from bands_sides)
    """)


def _lay_relations(connection: DuckDBPyConnection) -> None:
    """`bands_relations`: a row for each item of each relation, with its factor there.

    `taken`: what a side of those who are not counted takes from the number of whom the relation is.
    """
    connection.execute(f"""
        create or replace temp table bands_relations as
        with there as (
            -- A question that nobody of a partnership was asked implies nothing there.
            select implication, block
            from (select distinct block, line from bands_items) inner join bands_sides using (line)
            group by implication, block having count(*) = any_value(sides)
        )
        select {OF_CELLS} as kind, whole.item as number, unnest([whole.item, cell.item]) as item,
            unnest([-1, 1]) as factor, 0 as taken
        from bands_items as whole
        inner join bands_parts using (way, value)
        inner join bands_items as cell
            on whole.school = cell.school and whole.line = cell.line and bands_parts.cell = cell.value
        where whole.is_row and not cell.is_row
        union
        select {OF_WAYS}, part.first, unnest([whole.item, part.item]), unnest([-1, 1]), 0
        from (select *, min(item) over (partition by school, line, way) as first from bands_items) as part
        inner join bands_items as whole using (school, line)
        where part.is_row and whole.is_row and whole.way = 'all' and part.way <> 'all'
        union
        select {OF_PLACES}, min(item) over (partition by block, line, is_row, way, value), item, 1, 0
        from bands_items
        union
        select {OF_QUESTIONS} + implication,
            min(item) over (partition by implication, school, is_row, way, value), item,
            case when counted then sign else -sign end, case when counted then 0 else -sign * base end
        from bands_items inner join bands_sides using (line) inner join there using (implication, block)
    """)


def _partnerships(
    connection: DuckDBPyConnection,
) -> Iterator[tuple[Arrays, Relations, npt.NDArray[np.bool_]]]:
    """Of each partnership the items, what is known of them, and which of it are sums over schools."""
    items: Arrays = connection.execute(
        "select dense_rank() over (order by block) as block, is_row, base::double as base,"
        " numerator::double as numerator, low::double as low, high::double as high"
        " from bands_items order by item"
    ).fetchnumpy()
    rows: Arrays = connection.execute(
        "select kind, dense_rank() over (order by kind, number) as relation, item, factor::double as factor,"
        " taken::double as taken from bands_relations order by relation, item"
    ).fetchnumpy()
    block = items["block"]
    for one in range(1, int(block.max(initial=0)) + 1):
        own = np.flatnonzero(block == one)
        there = {key: column[own] for key, column in items.items()}
        held = {key: column[block[rows["item"]] == one] for key, column in rows.items()}
        _, first, relation = np.unique(held["relation"], return_index=True, return_inverse=True)
        at, factor, of_questions = held["item"] - own[0], held["factor"], held["kind"] >= OF_QUESTIONS
        sides = np.where(of_questions, held["taken"], factor * there["numerator"][at])
        total = np.bincount(relation, sides).astype(float)
        most = np.where(of_questions[first], np.inf, total)
        known = Relations(np.asarray(relation, dtype=np.int64), at, factor, total, most)
        yield there, known, held["kind"][first] == OF_PLACES
