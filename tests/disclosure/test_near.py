"""Moves among many places: near ones first, further ones where that is not enough, and never less safe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rcs_pipeline.disclosure import near
from rcs_pipeline.disclosure.attack import judge
from rcs_pipeline.disclosure.grid import Grid, make_grid
from rcs_pipeline.disclosure.linear import components, equalities
from rcs_pipeline.disclosure.linked import Protected, Reason
from rcs_pipeline.disclosure.near import Reaches
from rcs_pipeline.disclosure.secondary import choose
from tests.disclosure.small_tables import knowledge
from tests.disclosure.test_secondary import CROSSED, WIDTH, filled, protect

SCHOOLS = 70  # more than `MANY_PLACES`, the places above not counted


def programme(schools_of: list[int]) -> Grid:
    """Partnerships of so many schools each."""
    above = len(schools_of) + 1
    parents = [-1, *[0] * len(schools_of)]
    for number, schools in enumerate(schools_of, start=1):
        parents += [number] * schools
    levels = ["programme", *["cpp"] * len(schools_of), *["school"] * (len(parents) - above)]
    return make_grid(levels, np.array(parents), CROSSED)


def tables(grid: Grid, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Bases that are all shown; a tenth of the finest counts are few."""
    random = np.random.default_rng(seed)
    schools = sum(level == "school" for level in grid.levels)
    base = random.integers(35, 90, size=(schools, 6))
    share = random.choice([0.04, 0.3, 0.5], size=base.shape, p=[0.1, 0.4, 0.5])
    return filled(grid, base), filled(grid, random.binomial(base, share))


def hidden_of(found: Protected) -> np.ndarray:
    return np.flatnonzero(found.reasons[0] != Reason.SHOWN)


def assert_wide(grid: Grid, base: np.ndarray, numerator: np.ndarray, found: Protected) -> None:
    """The audit's attacker, who knows all bases, finds every hidden count wide enough; a zero is exempt."""
    hidden = hidden_of(found)
    known = knowledge(grid.sums.toarray(), numerator, hidden.tolist())
    known = replace(known, ceiling=base[hidden].astype(float))
    need = np.where((numerator > 0) & (numerator < base), float(WIDTH), 0.0)[hidden]
    assert found.narrow == 0
    assert not judge(known, need).narrow.any()


@pytest.fixture(scope="module")
def even() -> tuple[Grid, np.ndarray, np.ndarray, Protected]:
    grid = programme([SCHOOLS // 2, SCHOOLS // 2])
    base, numerator = tables(grid)
    return grid, base, numerator, protect(grid, base, numerator)


def test_a_system_of_many_places_holds_against_the_attacker(
    even: tuple[Grid, np.ndarray, np.ndarray, Protected],
) -> None:
    grid, base, numerator, found = even
    assert (found.reasons[0] == Reason.PRIMARY).any()
    assert (found.reasons[0] == Reason.SECONDARY).any()
    assert_wide(grid, base, numerator, found)


def test_looking_nearby_first_hides_hardly_more_than_looking_everywhere(
    even: tuple[Grid, np.ndarray, np.ndarray, Protected], monkeypatch: pytest.MonkeyPatch
) -> None:
    grid, base, numerator, found = even
    monkeypatch.setattr(near, "MANY_PLACES", 1_000)
    everywhere = protect(grid, base, numerator)
    assert len(hidden_of(found)) <= 1.05 * len(hidden_of(everywhere))


def test_many_places_are_protected_the_same_way_again(
    even: tuple[Grid, np.ndarray, np.ndarray, Protected],
) -> None:
    grid, base, numerator, found = even
    assert (protect(grid, base, numerator).reasons == found.reasons).all()


def test_what_no_neighbour_can_take_up_is_looked_for_further_away() -> None:
    # The only school of its partnership: whatever moves there moves the partnership as well.
    grid = programme([SCHOOLS, 1])
    base, numerator = tables(grid)
    need = np.full(grid.size, float(WIDTH))
    everything = equalities(grid.sums, -numerator.astype(float), (base - numerator).astype(float), need)
    one = grid.size - 1
    hidden = np.arange(grid.size) == one
    found = choose(everything, hidden, np.ones(grid.size), 1, grid.of(np.arange(grid.size)))
    assert not found.narrow.any()
    of_its_partnership = 3 * len(grid.groups) - 1
    assert found.hidden[[one, of_its_partnership]].all()


def test_parts_that_share_a_programme_share_no_number_and_have_one_question_each() -> None:
    grid = programme([2 * SCHOOLS])
    slots = grid.of(np.arange(grid.size))
    reaches = Reaches(components(grid.sums), slots)
    schools = np.flatnonzero(np.array(grid.levels) == "school")
    todo = np.flatnonzero(np.isin(slots.place, schools))
    labels, targets = reaches.parts(0, todo, np.zeros(grid.size, dtype=bool))
    assert len(np.unique(labels[targets])) == targets.sum() > 1
    for label in labels[targets]:
        places = np.unique(slots.place[labels == label])
        assert len(places) == near.PARTNERS + 1
        assert len(np.unique(grid.parents[places])) == 1
        assert (labels[np.isin(slots.place, places)] == label).all()


def test_nothing_waits_for_ever_for_a_part_of_its_own() -> None:
    grid = programme([SCHOOLS, 1])
    slots = grid.of(np.arange(grid.size))
    reaches = Reaches(components(grid.sums), slots)
    for reach in range(reaches.last + 1):
        for slot in range(0, grid.size, 7):
            if reaches.first[slot] <= reach:
                labels, targets = reaches.parts(reach, np.array([slot]), np.zeros(grid.size, dtype=bool))
                assert np.flatnonzero(targets).tolist() == [slot]
                assert labels[slot] >= 0
