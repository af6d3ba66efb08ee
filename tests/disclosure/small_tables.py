"""Small tables for the proofs, and an attacker who counts worlds one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product

import numpy as np
from scipy import sparse

from rcs_pipeline.disclosure.attack import Knowledge
from rcs_pipeline.disclosure.linear import System, equalities

Pattern = tuple[tuple[int, ...], ...]


def margins(rows: int, columns: int) -> np.ndarray:
    """Which cells of a table each row total and column total adds up."""
    cells = np.arange(rows * columns)
    return np.vstack(
        [[cells // columns == row for row in range(rows)], [cells % columns == col for col in range(columns)]]
    ).astype(float)


def worlds(sums: np.ndarray, values: np.ndarray, hidden: Sequence[int]) -> np.ndarray:
    """Every way to fill the hidden cells with whole numbers from 0 that keeps all sums, one a line.

    Plain counting, cell by cell: each half-filled world goes on with every value that still fits.
    """
    own = sums[:, hidden].astype(int)
    left = (own @ values[hidden])[None, :]
    filled = np.zeros((1, 0), dtype=int)
    for place in range(len(hidden)):
        column = own[:, place]
        most = left[:, column > 0].min(axis=1)
        times = most + 1
        value = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        filled = np.column_stack([np.repeat(filled, times, axis=0), value])
        left = np.repeat(left, times, axis=0) - value[:, None] * column
        # A sum that no later cell can add to must be spent by now.
        done = own[:, place + 1 :].sum(axis=1) == 0
        keep = ~(left[:, done] != 0).any(axis=1)
        filled, left = filled[keep], left[keep]
    return filled


def ranges(sums: np.ndarray, values: np.ndarray, hidden: Sequence[int]) -> list[tuple[int, int]]:
    """The least and the greatest value of each hidden cell over all worlds."""
    found = worlds(sums, values, hidden)
    return list(zip(found.min(axis=0).tolist(), found.max(axis=0).tolist(), strict=True))


def knowledge(sums: np.ndarray, values: np.ndarray, hidden: Sequence[int]) -> Knowledge:
    """The same for our own attacker."""
    own = sums[:, hidden]
    nothing = np.zeros(len(hidden))
    return Knowledge(sparse.csr_array(own), own @ values[hidden], nothing, nothing + np.inf)


def system(sums: np.ndarray, values: np.ndarray, need: float) -> System:
    """And for the search: every cell, wherever it is hidden."""
    need_of = np.full(len(values), need)
    return equalities(sparse.csr_array(sums), -values.astype(float), np.full(len(values), np.inf), need_of)


def all_patterns(rows: int, columns: int) -> Iterator[list[int]]:
    """Every set of hidden cells but the empty one."""
    cells = range(rows * columns)
    for count in range(1, rows * columns + 1):
        yield from (list(chosen) for chosen in combinations(cells, count))


def patterns_up_to_order(rows: int, columns: int) -> list[list[int]]:
    """One pattern of each kind: the order of rows and columns does not matter."""
    orders = list(product(permutations(range(rows)), permutations(range(columns))))
    powers = 1 << np.arange(rows * columns, dtype=np.int64)
    numbers = np.arange(1, 1 << (rows * columns), dtype=np.int64)
    bits = (numbers[:, None] >> np.arange(rows * columns)) & 1
    smallest = numbers.copy()
    grid = np.arange(rows * columns).reshape(rows, columns)
    for row_order, column_order in orders:
        moved = grid[np.ix_(row_order, column_order)].reshape(-1)
        np.minimum(smallest, bits[:, moved] @ powers, out=smallest)
    return [np.flatnonzero(bits[index]).tolist() for index in np.flatnonzero(smallest == numbers)]
