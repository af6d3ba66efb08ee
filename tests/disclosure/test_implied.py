"""Questions that contain or exclude one another: what one shows gives nothing of the other away."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import product as combinations
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rcs_pipeline.contracts.implications import FollowUp, Implication, Side
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.implied import Implied, implied_of
from rcs_pipeline.disclosure.linear import Bools, System
from rcs_pipeline.disclosure.linked import Counts, Protected, Reason, protect_counts
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.secondary import ChoiceBeside
from rcs_pipeline.disclosure.witness import Proved
from rcs_pipeline.ledger.records import Outcome, Verdict
from tests.disclosure.releases import given as given_before
from tests.disclosure.test_linked_tables import CONTRACTS, PLACES, SEX, STAGE, Row, candidate, rows
from tests.disclosure.test_secondary import WIDTH, country, limits

# The second question counts only pupils whom the first counts.
CONTAINED = Implication(Side("i0", True), (Side("i1", True),))
# The third counts whoever one of the others counts.
BOTH = Implication(Side("i0", True), (Side("i2", True),), Side("i1", True))
LINKED = "disclosure.open.linked"
MOST_WORLDS = 1_000_000


def inside() -> Implied:
    return Implied(np.array([0, 1]), np.array([True, True]), np.array([1, -1]))


def protected(base: np.ndarray, numerators: np.ndarray, *implied: Implied) -> Protected:
    """Lines of one base over a whole and its parts."""
    grid = country(len(base) - 1)
    cost = np.where(np.arange(len(base)) == 0, 9.0, 1.0) * (1 + base / 1000)
    bases = np.tile(base, (len(numerators), 1))
    counts = Counts(grid, bases > 0, bases, numerators, cost, implied=implied)
    return protect_counts(counts, limits(grid, len(numerators)))


def test_few_whom_only_the_wider_question_counts_are_not_the_difference_of_two_in_sight() -> None:
    base = np.array([300, 100, 100, 100])
    # 30 and 28 in the first part: two are counted by the wider question alone.
    numerators = np.array([[120, 30, 40, 50], [78, 28, 20, 30]])
    assert not protected(base, numerators).reasons.any()
    found = protected(base, numerators, inside())
    assert found.narrow == 0
    hidden = found.reasons != Reason.SHOWN
    assert hidden[:, 1].any()
    # One of the two is enough, with another part of the same question.
    assert hidden.sum() == 2


def test_a_hidden_number_takes_the_one_that_contains_it_along_where_that_is_hardly_more() -> None:
    base = np.array([300, 100, 100, 100])
    # Two of at most three in sight: nobody to three, four values.
    numerators = np.array([[123, 3, 60, 60], [82, 2, 40, 40]])
    seen = np.array([[123, 20, 60, 60], [82, 2, 40, 40]])
    assert not protected(base, seen, inside()).reasons[0].any()
    found = protected(base, numerators, inside())
    assert (found.reasons[:, 1] != Reason.SHOWN).all()
    assert found.narrow == 0


def test_the_wider_question_in_sight_is_a_ceiling_though_many_are_counted_by_it_alone() -> None:
    grid, base = country(3), np.array([300, 100, 100, 100])
    # Two of at most six: seven values, and eight are asked for. Four alone are more than are hidden here.
    numerators = np.array([[126, 6, 60, 60], [82, 2, 40, 40]])
    wanted = replace(limits(grid, 2), small_numerator=3, width=7)
    two = np.tile(base, (2, 1))
    counts = Counts(grid, two > 0, two, numerators, np.array([9.0, 1.0, 1.0, 1.0]))
    assert not protect_counts(counts, wanted).reasons[0].any()
    found = protect_counts(replace(counts, implied=(inside(),)), wanted)
    assert (found.reasons[:, 1] != Reason.SHOWN).all()
    assert found.narrow == 0


def test_nobody_in_the_wider_question_alone_is_no_secret() -> None:
    base = np.array([300, 100, 100, 100])
    numerators = np.array([[120, 30, 40, 50], [110, 30, 35, 45]])
    assert not protected(base, numerators, inside()).reasons.any()


def test_few_whom_two_questions_count_are_not_what_a_third_leaves_of_their_sum() -> None:
    base = np.array([300, 100, 100, 100])
    # 30 and 28 in the first part, and 56 by one of the two: two are counted by both.
    numerators = np.array([[110, 30, 40, 40], [88, 28, 30, 30], [176, 56, 60, 60]])
    assert not protected(base, numerators).reasons.any()
    both = implied_of([BOTH], ["i0", "i1", "i2"])
    assert both[0].alone(np.tile(base, (3, 1)), numerators).tolist() == [22, 2, 10, 10]
    found = protected(base, numerators, *both)
    assert found.narrow == 0
    hidden = found.reasons != Reason.SHOWN
    assert hidden[:, 1].any()
    assert hidden.sum() == 2


def worlds(base: np.ndarray, numerators: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """All numerators of a whole and two parts that keep what is in sight: worlds by lines by slots."""
    first = [
        range(base[1] + 1) if hidden[line, 1] else [int(numerators[line, 1])]
        for line in range(len(numerators))
    ]
    second = [
        range(base[2] + 1) if hidden[line, 2] else [int(numerators[line, 2])]
        for line in range(len(numerators))
    ]
    found = [
        np.column_stack([np.array(one) + np.array(two), one, two])
        for one in combinations(*first)
        for two in combinations(*second)
    ]
    every = np.array(found)
    fits = ((every == numerators) | hidden).all(axis=(1, 2))
    # Whoever is counted by the narrower question is counted by the wider one.
    return np.asarray(every[fits & (every[:, 1] <= every[:, 0]).all(axis=1)])


@settings(max_examples=60)
@given(
    bases=st.tuples(st.integers(10, 14), st.integers(10, 14)),
    shares=st.tuples(*[st.integers(0, 14)] * 4),
)
def test_whoever_tries_every_world_finds_nothing_narrow(
    bases: tuple[int, int], shares: tuple[int, int, int, int]
) -> None:
    base = np.array([sum(bases), *bases])
    wide = np.minimum(shares[:2], bases)
    narrow = np.minimum(shares[2:], wide)
    numerators = np.array([[wide.sum(), *wide], [narrow.sum(), *narrow]])
    grid = country(2)
    two = np.tile(base, (2, 1))
    counts = Counts(grid, two > 0, two, numerators, np.array([3.0, 1.0, 1.0]), implied=(inside(),))
    found = protect_counts(counts, limits(grid, 2, minimum=5))
    hidden = found.reasons != Reason.SHOWN
    every = worlds(base, numerators, hidden)
    spread = every.max(axis=0) - every.min(axis=0)
    alone = every[:, 0] - every[:, 1]
    spread_alone = alone.max(axis=0) - alone.min(axis=0)
    truth = numerators[0] - numerators[1]
    exempt = (numerators == 0) | (numerators == base)
    assert found.narrow == 0
    assert (spread[hidden & ~exempt] >= WIDTH).all()
    assert (spread_alone[(truth >= 1) & (truth <= 4)] >= WIDTH).all()


@settings(max_examples=60)
@given(
    bases=st.tuples(st.integers(14, 16), st.integers(14, 16)),
    shares=st.tuples(*[st.integers(5, 6)] * 4, *[st.integers(0, 5)] * 2),
)
def test_whoever_tries_every_world_of_three_questions_finds_nothing_narrow(
    bases: tuple[int, int], shares: tuple[int, ...]
) -> None:
    base = np.array([sum(bases), *bases])
    one, other, both = (np.array(shares[first : first + 2]) for first in (0, 2, 4))
    lines = [one, other, one + other - both]
    numerators = np.array([[item.sum(), *item] for item in lines])
    grid, three = country(2), np.tile(base, (3, 1))
    counts = Counts(
        grid, three > 0, three, numerators, np.array([3.0, 1.0, 1.0]),
        implied=implied_of([BOTH], ["i0", "i1", "i2"]),
    )  # fmt: skip
    found = protect_counts(counts, limits(grid, 3, minimum=5))
    hidden = found.reasons != Reason.SHOWN
    axes = [
        np.arange(base[part] + 1) if hidden[line, part] else numerators[line, part : part + 1]
        for line in range(3) for part in (1, 2)
    ]  # fmt: skip
    assume(math.prod(len(axis) for axis in axes) < MOST_WORLDS)
    parts = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1).reshape(-1, 3, 2)
    every = np.concatenate([parts.sum(axis=2, keepdims=True), parts], axis=2)
    of_both = every[:, 0] + every[:, 1] - every[:, 2]
    fits = ((every == numerators) | hidden).all(axis=(1, 2)) & (of_both >= 0).all(axis=1)
    spread, spread_both = np.ptp(every[fits], axis=0), np.ptp(of_both[fits], axis=0)
    exempt = (numerators == 0) | (numerators == base)
    truth = numerators[0] + numerators[1] - numerators[2]
    assert found.narrow == 0
    assert (spread[hidden & ~exempt] >= WIDTH).all()
    assert (spread_both[(truth >= 1) & (truth <= 4)] >= WIDTH).all()


def people() -> list[Row]:
    """Pupils whom the first question counts if the second does; in one group of A it counts two more."""
    found: list[Row] = []
    for place in PLACES:
        for sex in ("female", "male"):
            for number, stage in enumerate(("S1", "S2", "S3")):
                first, second = (
                    (22, 20) if (place, sex, stage) == ("A", "female", "S1") else (30, 12 + number)
                )
                for pupil in range(80):
                    found.append((place, sex, stage, int(pupil < first), int(pupil < second), int(pupil % 2)))
    return found


@pytest.fixture(scope="module")
def blind() -> Product:
    return read_product(CONTRACTS)


@pytest.fixture(scope="module")
def product(blind: Product) -> Product:
    return replace(blind, implications=(CONTAINED,))


def linked(verdicts: list[Verdict]) -> Verdict:
    (found,) = [item for item in verdicts if item.check == LINKED]
    return found


def test_the_attack_refuses_what_was_chosen_without_knowing(
    tmp_path: Path, blind: Product, product: Product
) -> None:
    made = candidate(tmp_path / "one", people(), blind)
    assert linked(audit(made, blind)).outcome is Outcome.PASS
    found = linked(audit(made, product))
    assert found.outcome is Outcome.FAIL
    assert "known exactly" in found.message


def of_both() -> list[Row]:
    """Pupils whom the third question counts if one of the others does; in one group of A both count two."""
    found: list[Row] = []
    for place in PLACES:
        for sex in ("female", "male"):
            for stage in ("S1", "S2", "S3"):
                start = 28 if (place, sex, stage) == ("A", "female", "S1") else 12
                for pupil in range(80):
                    one, other = pupil < 30, start <= pupil < start + 30
                    found.append((place, sex, stage, int(one), int(other), int(one or other)))
    return found


def test_whom_two_questions_count_is_chosen_and_attacked_where_a_third_tells(
    tmp_path: Path, blind: Product
) -> None:
    knowing = replace(blind, implications=(BOTH,))
    made = candidate(tmp_path / "blind", of_both(), blind)
    assert linked(audit(made, blind)).outcome is Outcome.PASS
    assert linked(audit(made, knowing)).outcome is Outcome.FAIL
    made = candidate(tmp_path / "knowing", of_both(), knowing)
    assert linked(audit(made, knowing)).outcome is Outcome.PASS


def test_what_was_chosen_with_it_passes_and_hides_little(tmp_path: Path, product: Product) -> None:
    made = candidate(tmp_path / "one", people(), product)
    assert linked(audit(made, product)).outcome is Outcome.PASS
    hidden = rows(made / "protected/open/answers.parquet", "indicator_id, geography_code", "symbol = 'c'")
    assert hidden
    assert {indicator for indicator, _ in hidden} <= {"i0", "i1"}
    assert len(hidden) <= 16


def test_what_an_earlier_release_told_in_full_is_asked_of_nobody(
    tmp_path: Path, blind: Product, product: Product
) -> None:
    before = given_before(candidate(tmp_path / "one", people(), blind), "1.0.0")
    made = candidate(tmp_path / "two", people(), product)
    protect(made / "warehouse.duckdb", made / "protected", product, earlier=[before])
    assert linked(audit(made, product, earlier=[before])).outcome is Outcome.PASS
    # Readers have it: nothing is gained by hiding it now.
    assert not rows(made / "protected/open/answers.parquet", "1", "symbol = 'c'")


def test_conditions_that_are_not_what_was_counted_are_an_error(tmp_path: Path, product: Product) -> None:
    made = candidate(tmp_path / "one", people(), product)
    with duckdb.connect(str(made / "warehouse.duckdb")) as connection:
        connection.execute("update answers set numerator = 0 where indicator_id = 'i0' and group_by = 'all'")
    found = linked(audit(made, product))
    assert found.outcome is Outcome.ERROR
    assert "other pupils by one question than by those it contains" in found.message


def drawn(draw: random.Random) -> list[Row]:
    """Pupils at random, of whom those counted by the second question are counted by the first."""
    found: list[Row] = []
    for place, count in (("A", 180), ("B", 300), ("C", 420), ("D", 260), ("E", 350)):
        for _ in range(count):
            first = int(draw.random() < 0.25)
            second = first * int(draw.random() < 0.8)
            found.append(
                (place, draw.choice(SEX), draw.choice(STAGE), first, second, int(draw.random() < 0.5))
            )
    return found


@pytest.mark.parametrize("seed", range(3))
def test_releases_side_by_side_hold_with_questions_that_contain_one_another(
    tmp_path: Path, product: Product, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    everybody = drawn(draw)
    # A comes later, when three of B and two of D have left.
    gone = [*draw.sample([pupil for pupil in everybody if pupil[0] == "B"], 3)]
    gone += draw.sample([pupil for pupil in everybody if pupil[0] == "D"], 2)
    left = everybody.copy()
    for pupil in gone:
        left.remove(pupil)
    first = candidate(tmp_path / "one", [pupil for pupil in everybody if pupil[0] != "A"], product)
    assert linked(audit(first, product)).outcome is Outcome.PASS
    before = given_before(first, "1.0.0")
    second = candidate(tmp_path / "two", left, product)
    protect(second / "warehouse.duckdb", second / "protected", product, earlier=[before])
    assert {item.outcome for item in audit(second, product, earlier=[before])} == {Outcome.PASS}


def skipping(few: int) -> list[Row]:
    """Pupils of whom those that the first question counts are asked the third; so few of a group skip it."""
    found: list[Row] = []
    for place in PLACES:
        for sex in ("female", "male"):
            for stage in ("S1", "S2", "S3"):
                skipped = few if (place, sex, stage) == ("A", "female", "S1") else 20
                for pupil in range(120):
                    asked = pupil < 50
                    follow_up = None if pupil < skipped else int(asked and pupil % 2)
                    found.append((place, sex, stage, int(asked), int(pupil % 3 == 0), follow_up))
    return found


def test_how_few_skipped_a_follow_up_is_not_what_two_bases_tell(tmp_path: Path, blind: Product) -> None:
    knowing = replace(blind, follow_ups=(FollowUp("i0", "i2"),))
    made = candidate(tmp_path / "blind", skipping(3), blind)
    assert linked(audit(made, blind)).outcome is Outcome.PASS
    found = linked(audit(made, knowing))
    assert found.outcome is Outcome.FAIL
    assert "1 bases of follow-ups that tell how few skipped them" in found.message
    made = candidate(tmp_path / "knowing", skipping(3), knowing)
    assert linked(audit(made, knowing)).outcome is Outcome.PASS
    cells = "geography_code = 'A' and group_value = 'female+S1'"
    hidden = rows(made / "protected/open/answers.parquet", "indicator_id", f"symbol = 'c' and {cells}")
    assert hidden == [("i2",)]


def test_a_hidden_base_of_a_follow_up_is_no_sum_of_what_is_in_sight(
    tmp_path: Path, blind: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowing = replace(blind, follow_ups=(FollowUp("i0", "i2"),))

    def alone(everything: System, hidden: Bools, views: Any, *_: Any) -> ChoiceBeside:
        nothing, proved = np.zeros_like(hidden), Proved.nothing(everything.size)
        return ChoiceBeside(hidden, nothing, nothing, 0, (proved,))

    for module in ("linked", "numerators"):
        monkeypatch.setattr(f"rcs_pipeline.disclosure.{module}.choose_beside", alone)
    made = candidate(tmp_path / "knowing", skipping(3), knowing)
    found = linked(audit(made, knowing))
    assert found.outcome is Outcome.FAIL
    assert "known exactly" in found.message


def test_a_hidden_base_that_the_parts_in_sight_add_up_to_is_narrow(tmp_path: Path, blind: Product) -> None:
    knowing = replace(blind, follow_ups=(FollowUp("i0", "i2"),))
    few = [row for row in skipping(3) if row[0] in "AB"]
    # Nobody of B skips it, so that the tranche's three are A's.
    few = [row if row[0] == "A" or row[5] is not None else (*row[:5], 0) for row in few]
    made = candidate(tmp_path / "one", few, blind)
    file = made / "protected/open/answers.parquet"
    whole = "geography_code = '1' and indicator_id = 'i2' and group_value = 'female+S1'"
    numbers = ", ".join(f"case when {whole} then null else {item} end as {item}"
                        for item in ("base", "numerator", "estimate", "comparator"))  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute(f"create table held as from '{file}'")
        assert connection.execute(f"select count(*) from held where {whole}").fetchone() == (1,)
        connection.execute(
            f"copy (select * replace ({numbers}, case when {whole} then 'c' else symbol end as symbol)"
            f" from held) to '{file}' (format parquet)"
        )
    # Its numerator, those not counted, and its base: the parts in sight excuse none of them.
    assert (
        "3 narrower than the policy allows (3 of them known exactly)" in linked(audit(made, knowing)).message
    )


def test_where_many_skip_or_nobody_does_nothing_is_hidden_for_it(tmp_path: Path, blind: Product) -> None:
    knowing = replace(blind, follow_ups=(FollowUp("i0", "i2"),))
    for few in (0, 5):
        made = candidate(tmp_path / str(few), skipping(few), knowing)
        assert (
            rows(made / "protected/open/answers.parquet", "1", "symbol = 'c' and indicator_id = 'i2'") == []
        )
