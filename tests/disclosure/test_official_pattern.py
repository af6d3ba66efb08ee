"""The official school statistics of 2019 as an oracle: which of their hidden stages are still deducible.

The published rule hides 1 to 4 pupils and whatever gives them away, shows zeros, and publishes the roll. Two
stars in a row are not enough: where the hidden stages hold as many pupils as there are
stages, each holds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openpyxl
import pytest
from scipy import sparse

import rcs_pipeline.demo
from rcs_pipeline.disclosure.attack import Knowledge, interval, judge

FILE = Path(rcs_pipeline.demo.__file__).parent / "frame" / "school_level_summary_statistics_2019.xlsx"
HIDDEN = "*"
STAGES = tuple(f"P{number}" for number in range(1, 8))


@dataclass(frozen=True)
class Official:
    """The primary schools with hidden stages: how many stages each hides, and the pupils in them."""

    stars: tuple[int, ...]
    pupils: tuple[int, ...]
    schools: int

    def knowledge(self) -> Knowledge:
        """What the file says: the hidden stages of a school add up, and none of them is empty.

        One school has fewer pupils than hidden stages: there empty ones are hidden too.
        """
        size, stars = sum(self.stars), np.array(self.stars)
        matrix = sparse.csr_array((np.ones(size), (self.rows, np.arange(size))), shape=(len(stars), size))
        floor = np.where(np.array(self.pupils) >= stars, 1.0, 0.0)[self.rows]
        return Knowledge(matrix, np.array(self.pupils, dtype=float), floor, np.full(size, np.inf))

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The school of each hidden number."""
        return np.repeat(np.arange(len(self.stars)), self.stars)

    def asked(self, width: float, schools: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """The width asked of one hidden stage of each of these schools: what is known of all is alike."""
        first = np.r_[True, np.diff(self.rows) > 0]
        return np.where(first & schools[self.rows], width, 0.0)

    def narrower(self, width: float, schools: npt.NDArray[np.bool_]) -> tuple[set[int], set[int]]:
        """Of these schools those with narrower stages, and those that are known exactly."""
        found = judge(self.knowledge(), self.asked(width, schools))
        return set(self.rows[found.narrow].tolist()), set(self.rows[found.known].tolist())


@pytest.fixture(scope="module")
def official() -> Official:
    book = openpyxl.load_workbook(FILE, read_only=True)
    rows = book["2019"].iter_rows(min_row=2, values_only=True)
    header = [str(item) for item in next(rows)]
    kind, roll = header.index("School Type"), header.index("Pupil roll(1)")
    at = [header.index(stage) for stage in STAGES]
    found, schools = [], 0
    for row in rows:
        if row[kind] != "Primary":
            continue
        schools += 1
        stages = [row[index] for index in at]
        stars = stages.count(HIDDEN)
        if stars and isinstance(row[roll], int):
            seen = sum(item for item in stages if isinstance(item, int))
            found.append((stars, row[roll] - seen))
    book.close()
    return Official(tuple(stars for stars, _ in found), tuple(left for _, left in found), schools)


def test_the_published_pattern_is_that_of_two_stars_or_more(official: Official) -> None:
    counted = {stars: official.stars.count(stars) for stars in sorted(set(official.stars))}
    assert official.schools == 2004
    assert counted == {2: 154, 3: 70, 4: 72, 5: 81, 6: 52, 7: 24}


@pytest.mark.long
def test_the_audit_finds_the_rows_that_are_still_deducible_and_no_others(official: Official) -> None:
    """Of 453 rows 5 are known exactly, and 20 to within one pupil."""
    spare = np.array(official.pupils) - np.array(official.stars)
    everywhere = np.ones(len(spare), dtype=bool)
    narrow, exact = official.narrower(4, everywhere)
    assert exact == set(np.flatnonzero(spare == 0).tolist())
    assert len(exact) == 5
    # By this project's own policy, five values at least, more rows would have had to hide more.
    assert narrow == set(np.flatnonzero(spare < 4).tolist())
    within_one, _ = official.narrower(2, np.isin(np.arange(len(spare)), list(narrow)))
    assert within_one == set(np.flatnonzero(spare <= 1).tolist())
    assert len(within_one) == 20


def test_a_row_that_is_deducible_says_one_pupil_a_stage(official: Official) -> None:
    knowledge = official.knowledge()
    spare = np.array(official.pupils) - np.array(official.stars)
    own = np.flatnonzero(official.rows == np.flatnonzero(spare == 0)[0])
    alone = Knowledge(
        knowledge.matrix[[official.rows[own[0]]]][:, own].tocsr(), np.array([float(len(own))]),
        knowledge.floor[own], knowledge.ceiling[own],
    )  # fmt: skip
    assert interval(alone, 0) == (1.0, 1.0)
