"""Ends of weighted counts, carried through the sums of a table by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rcs_pipeline.disclosure.ends import WIDER, Told, carried, weight_range
from rcs_pipeline.disclosure.grid import make_grid

QUINTILES = [("all", "all"), ("simd", "1"), ("simd", "2")]


def ends(*, hidden: tuple[int, ...], told: list[tuple[float, float]]) -> np.ndarray:
    """Of everybody (14 of 40 counted), and of quintiles of 10.5 and 3.5 counted."""
    grid = make_grid(["cpp"], np.array([-1]), QUINTILES)
    low, high = (np.array([[pair[end] for pair in told]]) for end in (0, 1))
    given = Told(grid.sums, np.array([[14.0, 10.5, 3.5]]), low, high, np.array([[40.0, 25.0, 15.0]]))
    unseen = np.isin(np.arange(3), hidden)[None]
    nothing = np.zeros((1, 3), dtype=bool)
    found = carried(given, np.array([0]), ~nothing, unseen, nothing)
    return np.column_stack([found[0][0] + WIDER, found[1][0] - WIDER])


def test_parts_in_sight_round_their_whole_once_more() -> None:
    found = ends(hidden=(), told=[(8, 20), (10, 12), (3, 4)])
    assert found == pytest.approx(np.array([(13, 16), (10, 12), (3, 4)]))


def test_what_is_hidden_lies_between_what_the_others_leave() -> None:
    found = ends(hidden=(1,), told=[(13.5, 14.5), (10.4, 10.6), (3, 4)])
    assert found == pytest.approx(np.array([(13.5, 14.5), (9.5, 11.5), (3, 4)]))


def test_a_pupil_has_the_weight_of_one_of_the_cells_that_the_group_meets() -> None:
    groups = [("all", "all"), ("sex", "f"), ("simd", "1"), ("sex+simd", "f+1"),
              *(("sex+stage", f"{sex}+{stage}") for sex in "fm" for stage in "12")]  # fmt: skip
    grid = make_grid(["cpp"], np.array([-1]), groups)
    weight = np.array([[0, 0, 0, 0, 1.0, 1.2, 2.0, 2.2]])
    none = np.zeros(weight.shape, dtype=bool)
    least, most = weight_range(grid, "sex+stage", weight, none)
    assert list(zip(least[0][:4], most[0][:4], strict=True)) == [(1, 2.2), (1, 1.2), (1, 2.2), (1, 1.2)]
    boys_unknown = none.copy()
    boys_unknown[0, 6] = True
    least, most = weight_range(grid, "sex+stage", np.where(boys_unknown, 0.0, weight), boys_unknown)
    assert list(zip(least[0][:4], most[0][:4], strict=True)) == [(0, np.inf), (1, 1.2), (0, np.inf), (1, 1.2)]
