"""Rounded weighted figures, as rows of the systems from which hidden cells are chosen.

Belongs here: what is shown of each figure and between which ends its share lies, which cells it adds up with
which weights, and the rows that follow: in force as long as the figure's own cell is shown.
Does not belong here: the choice (see `secondary`), the attack's own reading of the same (`audit_weighted`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.weighted import Cells, Weighted
from rcs_pipeline.disclosure.display import shown_value, step_of
from rcs_pipeline.disclosure.ends import Told, carried, ends_of, weight_range, weighted_ends
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, text
from rcs_pipeline.disclosure.grid import Grid, value_in
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints, System

if TYPE_CHECKING:
    from scipy import sparse

    from rcs_pipeline.disclosure.beside import Columns

# A world off passes by so many pupils less than the step allows: more than the attack gives away.
MARGIN = 1e-4


@dataclass(frozen=True)
class Figure:
    """One figure of every line and slot: the truth, and the ends between which it lies for all that is shown.

    `people`: by how many weighted pupils a share is multiplied; none where the figure is the weighted base
    itself. `of_others`: it is that of all the other places, and can be withheld without the row that it
    stands in. What is shown of nothing is not a number.
    """

    parts: sparse.csr_array
    truth: Floats
    low: Floats
    high: Floats
    people: Floats | None = None
    of_others: bool = False


@dataclass(frozen=True)
class Weighed:
    """The weight of each line and slot that is a cell of one weight (else 0), and the figures shown.

    Where more than `hidden_at_most` of the cells are hidden nothing is to be made of them.
    """

    weight: Floats
    figures: tuple[Figure, ...]
    told: Told
    hidden_at_most: float

    def carried(self, lines: Ints, exists: Bools, hidden: Bools, withheld: Bools) -> Weighed:
        """With the ends of the lines' shares as narrow as all figures in sight make them.

        `withheld`: where the figure of the others is, alone. What is hidden later takes some of that back;
        the choice goes on as if it did not.
        """
        share, *others = self.figures
        ends = []
        for end, told in zip(
            (share.low, share.high), carried(self.told, lines, exists, hidden, withheld), strict=True
        ):
            own = end.copy()
            people = self.told.people[lines, : exists.shape[1]]
            shares = np.divide(told, people, out=own[lines], where=people > 0)
            narrower = np.fmax if end is share.low else np.fmin
            own[lines] = np.where(np.isfinite(end[lines]), narrower(end[lines], shares), np.nan)
            ends.append(own)
        return replace(self, figures=(replace(share, low=ends[0], high=ends[1]), *others))


def picked(product: Product, table: ProductTable, weighted: Weighted, rows: str) -> tuple[str, ...]:
    """What to read of each row for `weighed_of`, as SQL over the alias `rows`."""
    columns = {column.name: column for column in table.columns}
    found = []
    for key, column in (
        ("figure", weighted.figure), ("total", weighted.total), ("others", weighted.others),
    ):  # fmt: skip
        if column is None:
            continue
        how, policy = columns[column].rounded, product.file.rounding
        shown = shown_value(product, table, columns[column], rows)
        step = step_of(how, policy, rows) if how and policy else "0"
        parts = {"": f"{rows}.{name(column)}", "_shown": shown, "_step": step}
        found += [
            f"coalesce(cast({value} as double), 'nan'::double) as __{key}{part}"
            for part, value in parts.items()
        ]
    linked = table.extension.linked
    keys = [*linked.system, linked.place] if linked else []
    alike, ways = weighted.alike, ", ".join(text(item) for item in weighted.alike.values)
    same = " and ".join(f"told.{name(key)} is not distinct from {rows}.{name(key)}" for key in keys)
    found.append(
        f"not exists (select 1 from {WAREHOUSE}.main.{name(alike.table)} as told where {same}"
        f" and coalesce(told.{name(alike.column)}, '') not in ({ways})) as __alike"
    )
    return tuple(found)


def weighed_of(
    spread: Callable[[npt.NDArray[Any], Any], npt.NDArray[Any]], cells: Columns, grid: Grid,
    weighted: Weighted,
) -> Weighed:  # fmt: skip
    """The figures of a table as `picked` read them; `spread` lays a column out as lines by slots."""

    def laid(key: str) -> Floats:
        return np.asarray(spread(cells[f"__{key}"], np.nan), dtype=np.float64)

    own, others = _parts(grid, weighted.cells)
    people, base = laid("total"), np.asarray(spread(cells["__base"], 0), dtype=np.float64)
    there = np.asarray(own.sum(axis=0) > 0) & (base > 0)
    alike = np.asarray(spread(cells["__alike"], False), dtype=bool)
    weight = np.where(there & alike, np.nan_to_num(people) / np.maximum(base, 1.0), 0.0)
    found = [
        Figure(own, laid("figure"), *ends_of(laid("figure_shown"), laid("figure_step")), people),
        Figure(own, people, *ends_of(laid("total_shown"), laid("total_step"), most=np.inf)),
    ]
    counted = np.asarray(spread(cells["__numerator"], -1), dtype=np.float64)
    told = _told(grid, weighted, laid, counted, weight, there & ~alike)
    if weighted.others:
        rest = told.people[:, grid.size :]
        ends = ends_of(laid("others_shown"), laid("others_step"))
        found.append(Figure(others, laid("others"), *ends, rest, of_others=True))
    return Weighed(np.asarray(weight), tuple(found), told, weighted.hidden_at_most)


def _told(
    grid: Grid, weighted: Weighted, laid: Callable[[str], Floats], counted: Floats, weight: Floats,
    open_cells: Bools,
) -> Told:  # fmt: skip
    """What each weighted count's own figure and the weights say of it, and what the figures of others say."""
    from scipy import sparse

    people = np.nan_to_num(laid("total"))
    truth = np.nan_to_num(laid("figure")) * people
    low, high = weighted_ends(laid("figure_shown"), laid("figure_step"), truth, people)
    least, most = weight_range(grid, weighted.cells.group_by, weight, open_cells)
    low = np.maximum(low, np.maximum(counted, 0.0) * least)
    high = np.minimum(
        high, np.where(counted > 0, np.maximum(counted, 1.0) * most, np.where(counted < 0, np.inf, 0.0))
    )
    low, high = (np.where(weight > 0, truth, end) for end in (low, high))
    if not weighted.others:
        return Told(grid.sums, truth, low, high, people)
    apart, groups = _apart(grid, weighted.cells), sparse.eye_array(len(grid.groups))
    theirs = sparse.kron(apart.astype(float), groups, format="csr")
    own = sparse.kron(np.diag(apart.any(axis=1).astype(float)), groups)
    truth_of_others, rest = truth @ theirs.T, people @ theirs.T
    ends = weighted_ends(laid("others_shown"), laid("others_step"), truth_of_others, rest)
    beside = ((truth, truth_of_others), (low, ends[0]), (high, ends[1]), (people, rest))
    sums = sparse.block_array([[grid.sums, None], [theirs, -own]], format="csr")
    return Told(sums, *(np.hstack(item) for item in beside))


def _apart(grid: Grid, cells: Cells) -> Bools:
    """For each place of the cells' level, all others of it."""
    level = np.array([item == cells.level for item in grid.levels])
    return np.asarray(level[:, None] & level[None, :] & ~np.eye(len(level), dtype=bool))


def _parts(grid: Grid, cells: Cells) -> tuple[sparse.csr_array, sparse.csr_array]:
    """For each slot the cells that it adds up, and those that all the other places of its level add up."""
    from scipy import sparse

    inside = grid.inside()
    level = np.array([item == cells.level for item in grid.levels])
    apart = _apart(grid, cells)
    names = set(cells.group_by.split("+"))
    group = np.zeros((len(grid.groups), len(grid.groups)), dtype=bool)
    for fine, (by, value) in enumerate(grid.groups):
        for coarse, (other, its) in enumerate(grid.groups):
            if by == cells.group_by and (other == "all" or set(other.split("+")) <= names):
                group[coarse, fine] = value_in(by, value, other) == its
    pairs = (inside & level[None, :], apart)
    own, others = (sparse.csr_array(np.kron(pair, group).astype(np.int8)) for pair in pairs)
    return own, others


@dataclass(frozen=True)
class FigureRows:
    """The rows of figures alone, without bounds, each with its owner.

    The owner is the numerator of the cell that shows the figure. For figures of the other places it is a
    number of its own, after all others, that stays as it is: `line` and `slot` say where each of those
    figures stands.
    """

    system: System
    line: Ints
    slot: Ints

    def widened(self, everything: System) -> System:
        """With the numbers of figures that can be withheld by themselves, and with all rows."""
        return everything.widened(len(self.line)).with_rows(self.system)


def figure_rows(
    weighed: Weighed, lines: Ints, exists: Bools, numerators: Ints, bases: Ints, size: int
) -> FigureRows:
    """Two rows for each figure of the lines, one for its high end and one for its low end.

    Args:
        weighed: the weights and figures of all lines.
        lines: those of the system.
        exists: which slots they have.
        numerators: the column of each slot's numerator, or -1.
        bases: the column of each base that is not known, or -1.
        size: how many columns there are.
    """
    rows = _Rows(size)
    for figure in weighed.figures:
        told = exists & np.isfinite(figure.low[lines]) & np.isfinite(figure.truth[lines])
        entries = figure.parts.tocoo()
        held = told[:, entries.row] & (weighed.weight[lines][:, entries.col] > 0)
        line, entry = np.nonzero(held)
        slot, part = entries.row[entry], entries.col[entry]
        _, first, row = np.unique(line * exists.shape[1] + slot, return_index=True, return_inverse=True)
        owner = numerators[line, slot][first]
        if figure.of_others:
            owner = rows.own_numbers(line[first], slot[first])
        weight = weighed.weight[lines[line], part]
        for end, sign in ((figure.high, 1.0), (figure.low, -1.0)):
            at = lines[line], slot
            room = sign * (end[at] - figure.truth[at])
            of_base = sign * weight
            if figure.people is not None:
                room, of_base = room * figure.people[at], -sign * end[at] * weight
                rows.add(row, numerators[line, part], sign * weight)
            rows.add(row, bases[line, part], of_base)
            rows.close(owner, np.maximum(room[first] - MARGIN, 0.0))
    return rows.done()


class _Rows:
    """Entries of rows, gathered a block at a time."""

    def __init__(self, size: int) -> None:
        self.size, self.height = size, 0
        self.entries: list[tuple[Ints, Ints, Floats]] = []
        self.room: list[Floats] = []
        self.owner: list[Ints] = []
        self.alone: list[tuple[Ints, Ints]] = []

    def own_numbers(self, line: Ints, slot: Ints) -> Ints:
        start = self.size + sum(len(item) for item, _ in self.alone)
        self.alone.append((line, slot))
        return start + np.arange(len(line))

    def add(self, row: Ints, columns: Ints, values: Floats) -> None:
        keep = (columns >= 0) & (values != 0)
        self.entries.append((np.asarray(row)[keep] + self.height, columns[keep], values[keep]))

    def close(self, owner: Ints, room: Floats) -> None:
        # An owner that is no numerator has an entry, though it never changes: so it belongs to its block.
        alone = np.flatnonzero(owner >= self.size)
        self.entries.append((alone + self.height, owner[alone], np.ones(len(alone))))
        self.owner.append(owner)
        self.room.append(room)
        self.height += len(owner)

    def done(self) -> FigureRows:
        from scipy import sparse

        row, column, data = (np.concatenate(item) for item in zip(*self.entries, strict=True))
        empty = np.zeros(0, dtype=np.int64)
        line, slot = (
            np.concatenate([empty, *item])
            for item in (zip(*self.alone, strict=True) if self.alone else ((), ()))
        )
        size = self.size + len(line)
        nothing = np.zeros(size)
        matrix = sparse.csr_array((data, (row, column)), shape=(self.height, size))
        low, high = np.full(self.height, -np.inf), np.concatenate(self.room)
        system = System(matrix, low, high, nothing, nothing, nothing, owner=np.concatenate(self.owner))
        return FigureRows(system, line, slot)
