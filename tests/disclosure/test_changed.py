"""How far counts are from published ones: who is told apart, what is known, what is left of a sum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from rcs_pipeline.disclosure.beside import before_of
from rcs_pipeline.disclosure.changed import Before, Shift, people
from rcs_pipeline.disclosure.counts import MEAN
from rcs_pipeline.disclosure.differencing import close_sums, further_sums, told_by_sums
from rcs_pipeline.disclosure.grid import make_grid

FEW = 10
ONE = np.zeros(1, dtype=int)


def shift(
    base: list[int], numerator: list[int], seen: list[bool] | None = None, came: list[bool] | None = None
) -> Shift:
    size = len(base)
    return Shift(
        np.array([seen or [True] * size]), np.array([base]), np.array([numerator]), np.zeros((1, size), bool),
        np.array([came or [False] * size]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "numerator", "apart"),
    [(0, 0, 0), (-1, 0, 1), (0, 4, 4), (12, 6, 12), (3, -9, 12), (-20, -20, 20), (0, -10, 10)],
)
def test_people_apart_are_those_that_some_count_shows(base: int, numerator: int, apart: int) -> None:
    assert people(np.array([base]), np.array([numerator])).tolist() == [apart]


def test_a_cell_is_near_where_somebody_differs_and_not_enough_do() -> None:
    moved = shift([0, -1, 9, 10, 0, 3], [0, 0, 9, 2, 12, 0], [True] * 5 + [False])
    assert moved.near(FEW).tolist() == [[False, True, True, False, False, False]]


def test_another_mean_of_the_same_people_is_somebodys_other_answer() -> None:
    moved = shift([0, 0], [0, 0])
    other = Shift(moved.seen, moved.base, moved.numerator, np.array([[True, False]]), moved.came)
    assert other.near(FEW).tolist() == [[True, False]]
    assert Before(np.zeros((1, 2), bool), (other,), np.zeros((1, 2), bool)).told().tolist() == [[False, True]]


def test_what_any_release_showed_is_known_and_near_any_is_near() -> None:
    shifts = (shift([0, 15, 40], [0, 5, 9]), shift([30, 2, 40], [9, 1, 20]))
    before = Before(np.zeros((1, 3), bool), shifts, np.zeros((1, 3), bool))
    assert before.told().tolist() == [[True, False, False]]
    assert before.near(FEW).tolist() == [[False, True, False]]


def test_hidden_numbers_are_taken_for_the_same_only_where_nothing_of_the_place_moved() -> None:
    # Three places of two groups, the first of them the whole: one cell of the last is another one.
    hidden = np.array([[True, False, True, False, True, False]])
    before = Before(hidden, (shift([0, 0, 0, 0, 0, 1], [0] * 6),), np.zeros((1, 6), bool))
    assert before.still(np.array([-1, 0, 0]), np.ones((1, 6), bool), ONE).tolist() == [
        [False, False, True, False, False, False]
    ]


def test_hidden_numbers_of_a_place_and_its_whole_are_others_where_somebody_came() -> None:
    # The top of two places, of which the second is new.
    hidden = np.array([[True, True, False, True]])
    before = Before(hidden, (shift([0] * 4, [0] * 4, [False] * 4),), np.zeros((1, 4), bool))
    parents = np.array([-1, 0, 0, 0])
    assert before.still(parents, np.ones((1, 4), bool), ONE).tolist() == [[False, True, False, True]]
    assert before.still(parents, hidden, ONE).tolist() == hidden.tolist()


@pytest.mark.parametrize(
    ("moved", "still"),
    [
        ([0, 0, 0, 0, 0], [False, True, False, True, True]),
        # The whole lost five of whom the part in sight lost none: they are in the other, or in a part of it.
        ([-5, 0, 0, 0, 0], [False, False, False, False, False]),
        # The part in sight accounts for them, so the other is as it was.
        ([-5, 0, -5, 0, 0], [False, True, False, True, True]),
    ],
)
def test_a_hidden_part_is_the_same_only_where_the_others_account_for_the_whole(
    moved: list[int], still: list[bool]
) -> None:
    # The top (in sight) of two places, the first of them (not in sight) of two more.
    hidden = np.array([[False, True, False, True, True]])
    before = Before(
        hidden, (shift(moved, [0] * 5, [True, False, True, False, False]),), np.zeros((1, 5), bool)
    )
    assert before.still(np.array([-1, 0, 0, 1, 1]), np.ones((1, 5), bool), ONE).tolist() == [still]


@pytest.mark.parametrize(
    ("whole", "same"),
    # What the whole grew by is who came, or somebody else is another one as well.
    [(40, True), (41, False), (39, False)],
)
def test_hidden_numbers_are_the_same_where_those_who_came_are_what_the_whole_grew_by(
    whole: int, same: bool
) -> None:
    # The top (in sight), a part (not in sight) of two parts, of which the second is new; another part.
    hidden = np.array([[False, True, True, False, True]])
    moved, came = [whole, 0, 0, 40, 0], [False, False, False, True, False]
    seen = [True, False, False, False, False]
    before = Before(hidden, (shift(moved, [0] * 5, seen, came),), np.zeros((1, 5), bool))
    parents, exists = np.array([-1, 0, 1, 1, 0]), np.ones((1, 5), bool)
    # The part that is not in sight is another one in any case: somebody came to it.
    assert before.still(parents, exists, ONE).tolist() == [[False, False, same, False, same]]


@pytest.mark.parametrize(
    ("moved", "taken"),
    [
        # Nine left: the figure is kept, and it and the hidden number beside it look as they were.
        (-9, [False, False, True, True, False, False]),
        # Ten left: everybody sees that it is another place.
        (-10, [False, False, False, False, False, False]),
    ],
)
def test_a_place_is_taken_for_that_of_before_until_its_figures_are_shown_anew(
    moved: int, taken: list[bool]
) -> None:
    # The top, a place and one that is new, each in two groups of which the first stood hidden.
    hidden = np.array([[True, False, True, False, False, False]])
    seen, came = [False, True, False, True, False, False], [False] * 4 + [True] * 2
    moves = shift([0, 30, 0, moved, 20, 40], [0] * 6, seen, came)
    before = Before(hidden, (moves,), np.zeros((1, 6), bool))
    parents, exists = np.array([-1, 0, 0]), np.ones((1, 6), bool)
    counts = before.taken(parents, exists, ONE, FEW)
    # Nine who were not counted: the numerator is the one of before, and readers of it are right.
    assert counts.numerator.tolist() == [taken]
    # Of the others the kept figure says nothing that holds.
    others = [[item and number != 3 for number, item in enumerate(taken)]]
    assert counts.base.tolist() == counts.rest.tolist() == others
    assert before.still(parents, exists, ONE).tolist() == [[False] * 6]
    assert before.newcomers(exists).tolist() == [[False] * 4 + [True] * 2]


@pytest.mark.parametrize(
    ("moved", "unknown"),
    [
        # One of neither sex left the place, so nobody knows how many such pupils there are, nor in the whole.
        ([50, 30, 20, -1, 0, 0], [True, True]),
        # A girl left.
        ([50, 30, 20, -1, -1, 0], [False, False]),
        # Ten of neither sex left: the figures are shown anew, and say so.
        ([50, 30, 20, -10, 0, 0], [False, False]),
    ],
)
def test_who_is_in_none_of_the_groups_is_known_until_one_of_them_leaves(
    moved: list[int], unknown: list[bool]
) -> None:
    # The whole and a place: everybody, girls, boys.
    groups = [("all", "all"), ("sex", "female"), ("sex", "male")]
    grid = make_grid(["programme", "cpp"], np.array([-1, 0]), groups)
    exists = np.ones((1, 6), bool)
    before = Before(~exists, (shift(moved, [0] * 6),), ~exists)
    found = grid.carried_up(before.other_rest(grid.sums, exists, FEW))
    assert found[0].tolist() == [False] * 3 + unknown


def test_a_whole_that_is_made_of_nothing_but_known_parts_is_known() -> None:
    # A programme of two tranches, the first of two places and the second of one; everybody and girls.
    grid = make_grid(
        ["programme", "tranche", "tranche", "cpp", "cpp", "cpp"], np.array([-1, 0, 0, 1, 1, 2]),
        [("all", "all"), ("sex", "female")],
    )  # fmt: skip
    exists, known = np.ones((2, 12), bool), np.zeros((2, 12), bool)
    exists[:, 8] = False  # everybody of the second place left
    known[0, [6, 8, 10]], known[1, [7, 11]] = True, True
    found = grid.with_wholes(known, exists)
    assert np.flatnonzero(found[0]).tolist() == [0, 2, 4, 6, 10]
    assert np.flatnonzero(found[1]).tolist() == [5, 7, 11]


@pytest.mark.parametrize(
    ("of_whole", "still"),
    [([0, 3], [False, True, True]), ([3, 0], [False, False, True]), ([3, 3], [False, False, True])],
)
def test_another_answer_to_one_question_says_nothing_of_the_hidden_numbers_of_another(
    of_whole: list[int], still: list[bool]
) -> None:
    # Two questions of one family and one of another; two places, of which the second is the first's part.
    hidden = np.array([[False, True]] * 3)
    base, numerator = np.zeros((3, 2), int), np.zeros((3, 2), int)
    base[0, 0], numerator[0, 0] = of_whole
    moved = Shift(~hidden, base, numerator, np.zeros((3, 2), bool), np.zeros((3, 2), bool))
    before = Before(hidden, (moved,), np.zeros((3, 2), bool))
    families = np.array([0, 0, 1])
    found = before.still(np.array([-1, 0]), np.ones((3, 2), bool), families)
    assert found.tolist() == [[False, here] for here in still]


@pytest.mark.parametrize(
    ("whole", "kept", "told"),
    [
        # Eighteen left two parts whose figures are kept, so nine left each; of fourteen, five to nine.
        (-18, [True, True], True), (-14, [True, True], False), (-15, [True, True], True),
        # A part that was never in sight may be anything.
        (-18, [True, False], False),
        # Nobody left.
        (0, [True, True], False),
    ],
)  # fmt: skip
def test_kept_parts_are_told_apart_where_their_whole_leaves_them_no_room(
    whole: int, kept: list[bool], told: bool
) -> None:
    rows = sparse.csr_array(np.array([[-1.0, 1, 1]]))
    both, moved = np.array([True, False, False]), np.array([whole, 0, 0])
    found = told_by_sums(rows, both, np.array([False, *kept]), moved, np.zeros(3, dtype=int), FEW, 4)
    assert found.tolist() == [told]


def test_a_part_out_of_sight_is_its_own_parts_in_the_sums_over_two_levels() -> None:
    # Columns: the top, its two parts, two parts of the first and one of the second.
    places = sparse.csr_array(np.array([[-1.0, 1, 1, 0, 0, 0], [0.0, -1, 0, 1, 1, 0], [0.0, 0, -1, 0, 0, 1]]))
    both = np.array([True, False, True, True, False, True])
    every = {tuple(row) for row in further_sums(places, both).toarray().astype(int).tolist()}
    assert every == {(-1, 0, 0, 1, 1, 1), (-1, 0, 1, 1, 1, 0)}


@pytest.mark.parametrize(("moved", "quiet"), [(0, False), (1, True), (9, True), (10, True), (25, True)])
def test_a_place_is_quiet_where_anybody_has_left_or_joined(moved: int, quiet: bool) -> None:
    before = Before(np.zeros((1, 2), bool), (shift([moved, 0], [0, 0]),), np.zeros((1, 2), bool))
    assert before.quiet(np.array([-1]), FEW).tolist() == [[quiet, quiet]]


def test_other_places_are_quiet_in_groups_of_which_few_of_the_whole_left() -> None:
    # The programme, and two places of it: ten of the first group left the first, of the others few or nobody.
    moved = [-10, -2, 0, -10, -2, 0, 0, 0, 0]
    before = Before(np.zeros((1, 9), bool), (shift(moved, [0] * 9),), np.zeros((1, 9), bool))
    assert before.quiet(np.array([-1, 0, 0]), FEW).tolist() == [[True] * 6 + [False, True, True]]


def test_few_who_left_since_one_of_two_releases_are_not_told_beside_it() -> None:
    # Of the programme fifteen left since the first release, and three since the second; of the place, nobody.
    first, second = shift([-15, 0], [-4, 0]), shift([-3, 0], [-1, 0])
    before = Before(np.zeros((1, 2), bool), (first, second), np.zeros((1, 2), bool))
    assert before.quiet(np.array([-1, 0]), FEW).all()
    alone = Before(np.zeros((1, 2), bool), (first,), np.zeros((1, 2), bool))
    assert alone.quiet(np.array([-1, 0]), FEW).tolist() == [[True, False]]


def test_whoever_left_between_two_earlier_releases_is_not_told_by_the_next() -> None:
    left, since = shift([-12, 0], [-3, 0]), shift([0, 0], [0, 0])
    before = Before(np.zeros((1, 2), bool), (left, since), np.zeros((1, 2), bool))
    assert before.quiet(np.array([-1]), FEW).all()


@pytest.mark.parametrize(
    ("part", "whole", "close"), [(10, 11, True), (10, 20, False), (10, 10, False), (-10, -1, True)]
)
def test_what_is_left_of_a_sum_must_not_be_a_few(part: int, whole: int, close: bool) -> None:
    # One whole of three parts, of which one is in sight in both releases.
    rows = sparse.csr_array(np.array([[1.0, 1.0, 1.0, -1.0]]))
    both = np.array([True, False, False, True])
    moved = np.array([part, 0, 0, whole])
    assert close_sums(rows, both, moved, np.zeros(4, dtype=int), FEW, np.zeros(4, bool)).tolist() == [close]


def test_a_whole_that_is_not_in_sight_says_nothing_of_what_is_left() -> None:
    rows = sparse.csr_array(np.array([[1.0, 1.0, -1.0]]))
    both, moved = np.array([True, False, False]), np.array([12, 0, 13])
    assert not close_sums(rows, both, moved, np.zeros(3, dtype=int), FEW, np.zeros(3, bool)).any()


def test_who_came_with_the_second_of_two_releases_came_for_readers_of_the_first_alone() -> None:
    two = {"__base": np.array([30, 20]), "__numerator": np.array([7, 6])}

    def release(*there: bool) -> dict[str, np.ndarray]:
        known, nothing = np.array(there), np.zeros(2, dtype=bool)
        return {
            "there": known, "seen": nothing, "moved": nothing, "withheld": nothing,
            "base": np.zeros(2, dtype=np.int64), "numerator": np.full(2, MEAN),
        }  # fmt: skip

    before = before_of(lambda values, _: values[None, :], two, [release(True, False), release(True, True)])
    exists = np.ones((1, 2), dtype=bool)
    assert [some.newcomers(exists).tolist() for some in before.arrivals] == [
        [[False, True]],
        [[False, False]],
    ]
    assert [len(some.shifts) for some in before.arrivals] == [1, 2]
