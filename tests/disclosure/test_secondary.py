"""Secondary hiding: enough, little, the same again, and the known traps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.attack import Knowledge, judge
from rcs_pipeline.disclosure.audit_knowledge import Exempt, knowledge_of
from rcs_pipeline.disclosure.counts import numerator_system
from rcs_pipeline.disclosure.grid import Grid, make_grid
from rcs_pipeline.disclosure.linked import (
    MEAN,
    Counts,
    Limits,
    Protected,
    Reason,
    protect_counts,
    shown_above,
)
from rcs_pipeline.disclosure.tables import limits_of

RCS = Path(__file__).parents[2] / "data_contracts" / "products" / "rcs"
SEX = [("all", "all"), ("sex", "female"), ("sex", "male")]
STAGES = ("S1", "S2", "S3")
CROSSED = [
    *SEX,
    *[("stage", stage) for stage in STAGES],
    *[("sex+stage", f"{sex}+{stage}") for sex in ("female", "male") for stage in STAGES],
]
WIDTH = 4
MOST_CELLS = 11  # the walking attacker tries every step of -1, 0 and 1 over them


def limits(grid: Grid, lines: int, *, zeros: bool = False, minimum: int = 30) -> Limits:
    return Limits(np.full(grid.size, minimum), 4, WIDTH, 10, np.full(lines, zeros), 7)


def filled(grid: Grid, leaves: np.ndarray) -> np.ndarray:
    """Values of all slots from those of the finest groups of the finest places (places by groups)."""
    ways = max(grid.groups, key=lambda group: group[0].count("+"))[0]
    table = np.zeros((len(grid.levels), len(grid.groups)), dtype=np.int64)
    fine = [index for index, (by, _) in enumerate(grid.groups) if by == ways]
    lowest = [place for place in range(len(grid.levels)) if place not in grid.parents]
    table[np.ix_(lowest, fine)] = leaves
    for index, (by, value) in enumerate(grid.groups):
        if by != ways:
            parts = [
                other for other in fine
                if by == "all" or set(value.split("+")) <= set(grid.groups[other][1].split("+"))
            ]  # fmt: skip
            table[:, index] = table[:, parts].sum(axis=1)
    for place in sorted(range(len(grid.levels)), key=lambda at: -at):
        if grid.parents[place] >= 0:
            table[grid.parents[place]] += table[place]
    return table.reshape(-1)


def protect(grid: Grid, base: np.ndarray, numerator: np.ndarray, **given: object) -> Protected:
    base, numerator = np.atleast_2d(base), np.atleast_2d(numerator)
    dear = np.array([1.0 if place not in grid.parents else 9.0 for place in range(len(grid.levels))])
    cost = np.repeat(dear, len(grid.groups)) * (1 + base.max(axis=0) / 1000)
    counts = Counts(grid, base > 0, base, numerator, cost, **given)  # type: ignore[arg-type]
    return protect_counts(counts, limits(grid, len(base)))


def country(children: int) -> Grid:
    """One whole and its parts, everybody in one group."""
    return make_grid(["programme", *["cpp"] * children], np.array([-1, *[0] * children]), [("all", "all")])


def test_a_single_hidden_part_takes_another_along() -> None:
    found = protect(country(3), np.array([300, 100, 100, 100]), np.array([93, 3, 40, 50]))
    assert found.reasons[0, :2].tolist() == [Reason.SHOWN, Reason.PRIMARY]
    assert sorted(found.reasons[0, 2:].tolist()) == [Reason.SHOWN, Reason.SECONDARY]


def test_two_hidden_parts_that_are_too_few_together_take_a_third() -> None:
    # 1 + 2 of a known 3: each would lie between 0 and 3.
    found = protect(country(4), np.array([400, 100, 100, 100, 100]), np.array([73, 1, 2, 30, 40]))
    assert found.reasons[0, :3].tolist() == [0, 1, 1]
    assert sorted(found.reasons[0, 3:].tolist()) == [0, 2]


def test_a_small_complement_is_hidden_as_a_small_numerator_is() -> None:
    found = protect(country(3), np.array([300, 100, 100, 100]), np.array([198, 98, 50, 50]))
    assert found.reasons[0, 1] == Reason.PRIMARY
    assert (found.reasons[0] == Reason.SECONDARY).sum() == 1


def test_a_small_base_is_hidden_for_all_who_were_asked_the_same() -> None:
    base = np.array([300, 20, 100, 180])
    numerators = np.array([[150, 10, 50, 90], [100, 8, 40, 52], [-1, -1, -1, -1]])
    found = protect(country(3), np.tile(base, (3, 1)), numerators)
    assert (found.reasons == found.reasons[0]).all()
    assert found.reasons[0].tolist() == [0, 1, 2, 0]


def test_groups_that_differ_by_fewer_than_ten_are_not_both_shown() -> None:
    # Two small parts of 4 and 3 people: together 7, the difference between the whole and the third part.
    found = protect(country(4), np.array([207, 4, 3, 100, 100]), np.array([100, 2, 1, 50, 47]))
    hidden = found.reasons[0] != Reason.SHOWN
    assert Reason.DIFFERENCING in found.reasons[0]
    assert np.array([4, 3, 100, 100])[hidden[1:]].sum() >= 10


@pytest.mark.parametrize(
    ("exempt", "roll", "narrow"), [(True, 40, 0), (True, 3, 0), (False, 40, 0), (False, 3, 1)]
)
@pytest.mark.parametrize("numerator", [MEAN, 1])
def test_a_number_under_a_small_roll_is_exempt_where_the_policy_says_so(
    exempt: bool, roll: int, narrow: int, numerator: int
) -> None:
    # Two of a roll of three could be nobody to three, whatever is hidden beside them.
    base = np.array([[305, 2, 3, 100, 200]])
    counted = np.full((1, 5), MEAN) if numerator == MEAN else np.array([[113, 1, 2, 40, 70]])
    grid = country(4)
    counts = Counts(grid, base > 0, base, counted, np.ones(5), ceiling=np.array([[900, roll, 40, 300, 500]]))
    found = protect_counts(counts, replace(limits(grid, 1), small_rolls_exempt=exempt))
    assert found.reasons[0, 1] == Reason.PRIMARY
    # The base, and beside it both who are counted and who are not.
    assert found.narrow == narrow * (1 if numerator == MEAN else 3)


def test_only_a_roll_lowers_what_is_asked_and_no_count_that_may_be_withheld_elsewhere() -> None:
    product = read_product(RCS)
    for name, lowered in (("response_rates", True), ("indicator_estimates", False)):
        linked = product.table(name).extension.linked
        assert linked is not None
        found = limits_of(product.file.disclosure, linked, 1, np.zeros(1, dtype=bool))
        assert found.need(np.array([3.0, 40.0, np.inf])).tolist() == [3 if lowered else WIDTH, WIDTH, WIDTH]


NO_SUMS = {key: np.zeros(0, dtype=np.int64) for key in ("cell", "sign", "total")}
NO_FIGURES = {
    **{key: np.zeros(0) for key in ("cell", "figure", "weight", "people", "high", "low")},
    "share": np.ma.masked_all(0),
}


def small_rolls(exempt: bool) -> tuple[Knowledge, np.ndarray, Exempt]:
    """Two hidden cells with one of two answering yes, of rolls of three and of forty."""
    two = np.arange(2)
    cells = {
        "cell": two, "base_key": np.array(["a", "b"]), "base": np.ma.array([2, 2]),
        "numerator": np.ma.array([1, 1]), "known_base": np.zeros(2), "ceiling": np.ma.array([3, 40]),
        "sensitive": np.zeros(2, dtype=bool), "unasked": np.zeros(2), "ruled": np.zeros(2),
        **dict.fromkeys(("base_taken", "numerator_taken", "rest_taken"), np.zeros(2)),
    }  # fmt: skip
    product = read_product(RCS)
    policy = product.file.disclosure.model_copy(update={"small_rolls_exempt": exempt})
    product = replace(product, file=product.file.model_copy(update={"disclosure": policy}))
    return knowledge_of(cells, NO_SUMS, NO_FIGURES, product, 10)


def test_the_attack_asks_for_every_value_that_a_small_roll_leaves_and_counts_what_it_exempts() -> None:
    knowledge, width, exempt = small_rolls(exempt=True)
    # Numerators, complements, bases.
    assert width.tolist() == [3, WIDTH, 3, WIDTH, 3, WIDTH]
    assert exempt == (0, 3)
    assert not judge(knowledge, width).narrow.any()


def test_without_the_exemption_a_small_roll_is_narrow() -> None:
    knowledge, width, exempt = small_rolls(exempt=False)
    assert width.tolist() == [WIDTH] * 6
    assert exempt == (0, 0)
    assert judge(knowledge, width).narrow.tolist() == [True, False] * 3


def test_margins_and_both_ways_of_grouping_are_protected_together() -> None:
    grid = make_grid(["programme", "cpp", "cpp"], np.array([-1, 0, 0]), CROSSED)
    base = filled(grid, np.array([[40, 50, 60, 45, 55, 65], [70, 80, 90, 75, 85, 95]]))
    numerator = filled(grid, np.array([[3, 20, 20, 20, 20, 20], [30, 30, 30, 30, 30, 30]]))
    found = protect(grid, base, numerator)
    assert found.narrow == 0
    assert countable(found)
    assert_safe(grid, base, numerator, found)


# Of two moves in one programme that share a sum one is dropped here: what is left is no world.
@example(3610)
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_random_hierarchies_hold_against_an_attacker_who_walks_from_world_to_world(seed: int) -> None:
    grid, base, numerator = random_tables(seed)
    found = protect(grid, base, numerator)
    assert found.narrow == 0
    assume(countable(found))
    assert_safe(grid, base, numerator, found)


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(st.integers(0, 1_000_000))
def test_many_random_hierarchies_hold(seed: int) -> None:
    grid, base, numerator = random_tables(seed)
    found = protect(grid, base, numerator)
    assert found.narrow == 0
    assume(countable(found))
    assert_safe(grid, base, numerator, found)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_protecting_twice_changes_nothing(seed: int) -> None:
    grid, base, numerator = random_tables(seed)
    once = protect(grid, base, numerator)
    twice = protect(grid, base, numerator, start=once.reasons != Reason.SHOWN)
    assert ((once.reasons != Reason.SHOWN) == (twice.reasons != Reason.SHOWN)).all()


def test_the_same_tables_are_protected_the_same_way_again() -> None:
    grid, base, numerator = random_tables(4)
    assert (protect(grid, base, numerator).reasons == protect(grid, base, numerator).reasons).all()


def random_tables(seed: int) -> tuple[Grid, np.ndarray, np.ndarray]:
    """Three places in a whole, sex by stage: bases of 30 to 80 in the cells, one of them rare."""
    random = np.random.default_rng(seed)
    grid = make_grid(["programme", "cpp", "cpp"], np.array([-1, 0, 0]), CROSSED)
    base = random.integers(35, 90, size=(2, 6))
    share = random.choice([0.02, 0.2, 0.5], size=(2, 6), p=[0.08, 0.42, 0.5])
    return grid, filled(grid, base), filled(grid, random.binomial(base, share))


def countable(found: Protected) -> bool:
    """Whether the walking attacker can try every step."""
    return 0 < int((found.reasons != Reason.SHOWN).sum()) <= MOST_CELLS


def assert_safe(grid: Grid, base: np.ndarray, numerator: np.ndarray, found: Protected) -> None:
    """By counting worlds: every hidden numerator has five values at least, with every base known."""
    hidden = np.flatnonzero(found.reasons[0] != Reason.SHOWN)
    present = base > 0
    holds = grid.existing(present[None, :])
    sums = grid.sums.toarray()[holds[0]]
    own = sums[:, hidden]
    own = own[np.abs(own).sum(axis=1) > 0]
    spread = spreads(own, numerator[hidden], base[hidden])
    needs = (numerator[hidden] > 0) & (numerator[hidden] < base[hidden])
    assert (spread[needs] >= WIDTH).all(), (hidden, numerator[hidden], spread)


def spreads(own: np.ndarray, values: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Widths by an integer search of its own: from the truth along every whole step that keeps the sums.

    The steps are all differences with entries of -1, 0 and 1 over few cells: a lower bound of the true width.
    """
    seen = {tuple(values)}
    edge = [tuple(values)]
    steps = list(kept(own))
    while edge and len(seen) < 20_000:
        world = edge.pop(0)
        for step in steps:
            other = tuple(np.array(world) + step)
            if other not in seen and all(0 <= x <= t for x, t in zip(other, top, strict=True)):
                seen.add(other)
                edge.append(other)
    reached = np.array(sorted(seen))
    return reached.max(axis=0) - reached.min(axis=0)


def kept(own: np.ndarray) -> list[np.ndarray]:
    """Every vector of -1, 0 and 1 (MOST_CELLS at most) that keeps all sums."""
    count = own.shape[1]
    grids = np.stack(np.meshgrid(*[[-1, 0, 1]] * count, indexing="ij"), axis=-1).reshape(-1, count)
    return list(grids[(own @ grids.T == 0).all(axis=0) & grids.any(axis=1)])


def test_a_grid_of_few_groups_holds_no_noughts() -> None:
    grid = make_grid(["programme", "cpp", "cpp"], np.array([-1, 0, 0]), SEX)
    assert grid.sums.nnz == np.count_nonzero(grid.sums.toarray())


def test_a_base_that_stays_narrow_takes_the_one_of_the_place_above_along() -> None:
    grid = make_grid(["programme", "tranche", "cpp", "cpp"], np.array([-1, 0, 1, 1]), SEX)
    base = np.array([[*[900] * 6, 15, 20, *[300] * 4]])
    counts = Counts(grid, base > 0, base, np.full(base.shape, MEAN), np.ones(12))
    narrow = np.zeros(base.shape, dtype=bool)
    narrow[0, [6, 7]] = True
    reasons = np.zeros(base.shape, dtype=np.int64)
    reasons[0, 3] = Reason.SECONDARY
    found = shown_above(counts, narrow, reasons, np.zeros(1, dtype=np.int64), 1)
    # The tranche's own is hidden for everybody, so it is the programme's; for girls it is the tranche's.
    assert np.flatnonzero(found[0]).tolist() == [0, 4]


@pytest.mark.parametrize("known", [True, False], ids=["known base", "hidden base"])
def test_choice_and_attack_exempt_the_same_zeros_and_full_cells(known: bool) -> None:
    """Of many, everybody or nobody; where the base is hidden too, neither number is more than that base."""
    base = np.array([300, 300, 300, 20, 20, 20])
    numerator = np.array([0, 300, 3, 0, 20, 3])
    grid, one = country(5), np.ones((1, 6), dtype=bool)
    counts = Counts(grid, one, base[None, :], numerator[None, :], np.ones(6))
    system, *_ = numerator_system(
        counts, limits(grid, 1), np.zeros(1, dtype=np.int64), one & (not known), np.zeros(1, dtype=np.int64)
    )
    nothing = np.zeros(6)
    cells = {
        "cell": np.arange(6), "base_key": np.array(list("abcdef")), "base": np.ma.array(base),
        "numerator": np.ma.array(numerator), "known_base": np.full(6, known), "unasked": nothing,
        "ceiling": np.ma.masked_all(6), "sensitive": np.zeros(6, dtype=bool), "ruled": nothing,
        **dict.fromkeys(("base_taken", "numerator_taken", "rest_taken"), nothing),
    }  # fmt: skip
    _, width, _ = knowledge_of(cells, NO_SUMS, NO_FIGURES, read_product(RCS), 30)
    several = 6 if known else 12
    asked = [
        *(False, False, True, False, known is False, True),
        *(() if known else (False, False, True, True, False, True)),
    ]
    assert (width[:several] > 0).tolist() == (system.need[:several] > 0).tolist() == asked
