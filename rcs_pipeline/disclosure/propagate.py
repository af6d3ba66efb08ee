"""Bounds that follow from single published sums, repeated until nothing moves.

Belongs here: outer bounds for every hidden number of a system at once, in milliseconds.
Does not belong here: proof that an interval is wide (see `witness`): these bounds prove that one is narrow,
never that it is not.
"""

from __future__ import annotations

import numpy as np

from rcs_pipeline.disclosure.linear import BOX, TOLERANCE, Floats, System

MOST_SWEEPS = 50


def outer_bounds(system: System) -> tuple[Floats, Floats]:
    """Least and greatest deviation that each row by itself leaves possible, swept until stable."""
    rows = system.rows.tocoo()
    row, column, weight = rows.row, rows.col, rows.data
    lower, upper = np.maximum(system.lower, -BOX), np.minimum(system.upper, BOX)
    height = rows.shape[0]
    for _ in range(MOST_SWEEPS):
        ends = weight * lower[column], weight * upper[column]
        least, most = np.minimum(*ends), np.maximum(*ends)
        # What the other cells of the row can take up leaves this much for the cell itself.
        rest_least = np.bincount(row, least, height)[row] - least
        rest_most = np.bincount(row, most, height)[row] - most
        sides = (
            (system.row_lower[row] - rest_most) / weight,
            (system.row_upper[row] - rest_least) / weight,
        )
        new_lower, new_upper = lower.copy(), upper.copy()
        np.maximum.at(new_lower, column, np.minimum(*sides))
        np.minimum.at(new_upper, column, np.maximum(*sides))
        moved = max(np.max(new_lower - lower, initial=0.0), np.max(upper - new_upper, initial=0.0))
        lower, upper = new_lower, new_upper
        if moved <= TOLERANCE:
            break
    return lower, upper
