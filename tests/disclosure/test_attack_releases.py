"""An attacker who kept every release, solving for single numbers by code of its own.

Stronger than any reader: it is told which rows kept their figures, and in which partnerships nothing changed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.earlier import Given
from tests.disclosure.releases import given
from tests.disclosure.test_earlier import after, without
from tests.disclosure.test_linked_tables import CONTRACTS, PLACES, SEX, STAGE, Row, pupils, unhide

SIZES = {"A": 120, "B": 200, "C": 70, "D": 150, "E": 90}
FINEST = [(place, sex, stage) for place in PLACES for sex in SEX for stage in STAGE]
WIDTH, FEW, FAR = 4, 10, 2000
SAMPLE = 25


class Told(NamedTuple):
    """A row of a release: whether it is in sight, whether it kept its figures, what it says, what is true."""

    level: str
    place: str
    group_by: str
    group_value: str
    base: int | None
    numerator: int | None
    kept: bool
    true_base: int
    true_numerator: int

    @property
    def parts(self) -> np.ndarray:
        """Which of the finest cells it adds up."""
        wanted = set() if self.group_by == "all" else set(self.group_value.split("+"))
        return np.array([
            self.place in {"programme": {"rcs"}, "tranche": {PLACES[place]}, "cpp": {place}}[self.level]
            and wanted <= {sex, stage}
            for place, sex, stage in FINEST
        ], dtype=float)  # fmt: skip


def told(folder: Path, line: str) -> list[Told]:
    """The rows of a release about one indicator."""
    keys = "geography_level, geography_code, group_by, group_value"
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(f"""
            select {keys}, held.base, held.numerator, kept_from is not null, truth.base, truth.numerator
            from read_parquet('{folder}/protected/open/answers.parquet') as held
            inner join answers as truth using (indicator_id, {keys})
            left join read_parquet('{folder}/masks/open/answers.parquet') as mask
                using (indicator_id, {keys})
            where indicator_id = '{line}'
        """).fetchall()
    return [Told(*row) for row in found]


def knowledge(releases: Sequence[list[Told]], people: Sequence[list[Row]]) -> LinearConstraint:
    """Numerators, then complements, of the finest cells of every release in turn, and all that ties them."""
    size, count = len(FINEST), len(releases)
    rows, low, high = [], [], []

    def bound(release: int, what: str, parts: np.ndarray, least: float, most: float) -> None:
        row = np.zeros((count, 2, size))
        row[release, 0], row[release, 1] = parts, parts if what == "base" else 0
        rows.append(row.reshape(-1))
        low.append(least)
        high.append(most)

    for number, release in enumerate(releases):
        for row in release:
            for what, value in (("base", row.base), ("numerator", row.numerator)):
                if value is not None:
                    slack = FEW - 1 if row.kept else 0
                    bound(number, what, row.parts, value - slack, value + slack)
    for number in range(1, count):
        for index, (place, *_) in enumerate(FINEST):
            before, now = (
                sorted(row for row in people[at] if row[0] == place) for at in (number - 1, number)
            )
            if before == now:
                for side in (0, 1):
                    same = np.zeros((count, 2, size))
                    same[number - 1, side, index], same[number, side, index] = 1, -1
                    rows.append(same.reshape(-1))
                    low.append(0)
                    high.append(0)
    return LinearConstraint(np.array(rows), low, high)


def width(known: LinearConstraint, target: np.ndarray) -> int:
    """How many whole numbers a sum can still be, less one."""
    ends = []
    for sign in (1, -1):
        solved = milp(
            sign * target, integrality=np.ones(len(target)), bounds=Bounds(0, FAR), constraints=known
        )
        assert solved.success
        ends.append(round(solved.fun))
    return -ends[1] - ends[0]


@pytest.fixture(scope="module")
def product() -> Product:
    return read_product(CONTRACTS)


def in_turn(folder: Path, seed: int, product: Product) -> tuple[list[Path], list[list[Row]], random.Random]:
    """Three releases of a programme in which somebody leaves and somebody comes."""
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    folders, everybody, earlier = list[Path](), list[list[Row]](), list[Given]()
    shares = (0.3, 0.1, 0.5)
    people = pupils(seed, SIZES, shares)
    for number in range(3):
        folders.append(after(folder / str(number), people, product, *earlier))
        everybody.append(people)
        earlier.append(given(folders[-1], f"1.{number}.0"))
        people = without(people, draw.choice([1, 4, 15, 50]), draw.choice(list(SIZES)))
        people = people + pupils(seed + 50, {draw.choice(list(SIZES)): draw.choice([0, 1, 6, 25])}, shares)
    return folders, everybody, draw


def too_narrow(folders: Sequence[Path], everybody: Sequence[list[Row]], draw: random.Random) -> list[str]:
    """Numbers, hidden or kept, that all releases together leave fewer values than the policy asks."""
    narrow, tried = [], 0
    for line in ("i0", "i1", "i2"):
        releases = [told(folder, line) for folder in folders]
        known = knowledge(releases, everybody)
        targets = [
            (number, row) for number, release in enumerate(releases) for row in release
            if (row.base is None or row.kept) and 0 < row.true_numerator < row.true_base
        ]  # fmt: skip
        for number, row in draw.sample(targets, min(SAMPLE, len(targets))):
            tried += 1
            place = np.zeros((len(releases), 2, len(FINEST)))
            place[number, 0] = row.parts
            if (found := width(known, place.reshape(-1))) < WIDTH:
                narrow.append(f"{line} {number} {row} has {found}")
    assert tried > SAMPLE
    return narrow


@pytest.mark.parametrize("seed", range(3))
def test_no_number_of_any_release_is_narrow_for_who_kept_them_all(
    tmp_path: Path, product: Product, seed: int
) -> None:
    assert too_narrow(*in_turn(tmp_path, seed, product)) == []


def test_the_attacker_finds_what_a_later_release_shows_of_the_same_answers(
    tmp_path: Path, product: Product
) -> None:
    people = pupils(2, SIZES, (0.3, 0.1, 0.5))
    first, second = (after(tmp_path / name, people, product) for name in ("one", "two"))
    draw = random.Random(1)  # noqa: S311  (a test's own tables)
    assert too_narrow([first, second], [people] * 2, draw) == []
    file, mask = second / "protected/open/answers.parquet", second / "masks/open/answers.parquet"
    unhide(file, mask, second, "class = 'secondary' and geography_code = 'A'")
    assert too_narrow([first, second], [people] * 2, draw)
