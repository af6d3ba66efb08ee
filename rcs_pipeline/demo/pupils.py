"""Pupils who answered: drawn from the roll, with what the council knows about them.

Belongs here: taking part, deprivation, linked variables, identifiers, days.
Does not belong here: answers (see `answers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rcs_pipeline.contracts.calibration import Calibration, CollectionCalibration
from rcs_pipeline.demo.frame import QUINTILES, Roll
from rcs_pipeline.demo.table import BLANK, Column

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Identifiers of one file are spread over a block of their own, by a multiplier prime to its size.
BLOCK = 30_000_001
MULTIPLIER = 7_654_321
FIRST_IDENTIFIER = 100_000_000


@dataclass(frozen=True)
class Pupils:
    """Those who answered: positions of school and stage, sex (0 girls), quintile (0 most deprived)."""

    school: Integers
    stage: Integers
    sex: Integers
    quintile: Integers

    def __len__(self) -> int:
        return len(self.school)


def draw_pupils(
    roll: Roll, calibration: Calibration, absent_schools: int, rng: np.random.Generator
) -> Pupils:
    """Draw who answers: a rate for each school, moved by stage and by the home's deprivation."""
    counts = roll.pupils.ravel()
    school, stage, sex = (
        np.repeat(axis.ravel(), counts) for axis in np.indices(roll.pupils.shape)
    )  # fmt: skip
    bounds = np.cumsum(roll.deprivation, axis=1)[:, : QUINTILES - 1]
    quintile = (rng.random(len(school))[:, None] > bounds[school]).sum(axis=1)
    response = calibration.response
    mean, deviation = response.mean / 100, response.sd / 100
    size = mean * (1 - mean) / deviation**2 - 1
    rate = rng.beta(mean * size, (1 - mean) * size, len(roll.schools)).clip(0.02, 0.995)
    odds = (
        np.log(rate / (1 - rate))[school]
        + np.array([response.stage[name] for name in roll.stages])[stage]
        + response.deprivation * (quintile - (QUINTILES - 1) / 2)
    )
    answers = rng.random(len(school)) < 1 / (1 + np.exp(-odds))
    absent = rng.choice(len(roll.schools), size=min(absent_schools, len(roll.schools) - 1), replace=False)
    answers &= ~np.isin(school, absent)
    return Pupils(school[answers], stage[answers], sex[answers], quintile[answers])


def identifiers(count: int, block: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """Nine-digit identifiers that no other file of the programme uses."""
    start = int(rng.integers(BLOCK))
    spread = (start + np.arange(count, dtype=np.int64) * MULTIPLIER) % BLOCK
    return (FIRST_IDENTIFIER + block * BLOCK + spread).astype(str)


def linked_columns(
    pupils: Pupils, roll: Roll, calibration: Calibration, collection: CollectionCalibration, kind: str,
    community: tuple[str, ...], rng: np.random.Generator,
) -> dict[str, Column]:  # fmt: skip
    """What the council adds to the answers it can link; blank for the others."""
    count = len(pupils)
    linked = rng.random(count) * 100 < calibration.linked
    known = linked & (rng.random(count) * 100 >= calibration.unknown["deprivation"])
    shares = np.bincount(pupils.quintile, minlength=QUINTILES) / max(count, 1)
    relative = np.array(calibration.free_meals_by_quintile)
    meals = collection.free_meals[kind] / 100 * relative / max(float(relative @ shares), 1e-12)
    # Needs are recorded of boys about half again as often as of girls.
    needs = collection.additional_needs[kind] / 100 * np.array([0.8, 1.2])
    return {
        "simd_quintile": np.where(known, pupils.quintile + 1, BLANK),
        "simd_version": np.where(known, collection.simd_version, BLANK),
        "urban_rural": np.where(linked, _urban_rural(pupils, roll, calibration, rng), BLANK),
        "additional_needs": np.where(linked, rng.random(count) < needs[pupils.sex], BLANK),
        "free_meals": np.where(linked, rng.random(count) < meals[pupils.quintile], BLANK),
        "learning_community": np.where(linked, np.array(community)[pupils.school], ""),
        "linked": linked.astype(np.int64),
    }


def completed_on(
    pupils: Pupils, roll: Roll, fieldwork: tuple[date, date], rng: np.random.Generator
) -> NDArray[np.datetime64]:
    """The lesson of each school and stage: a weekday of the fieldwork, not between Christmas and Epiphany."""
    first, last = (np.datetime64(day) for day in fieldwork)
    days = (last - first).astype(int)
    lessons = first + rng.integers(0, days + 1, (len(roll.schools), len(roll.stages)))
    month_day = lessons - lessons.astype("datetime64[Y]").astype("datetime64[D]")
    holiday = (month_day >= np.timedelta64(353, "D")) | (month_day <= np.timedelta64(5, "D"))
    lessons = np.where(holiday, lessons - np.timedelta64(21, "D"), lessons)
    return np.busday_offset(lessons, 0, roll="backward")[pupils.school, pupils.stage]


def minutes(count: int, typical: float, too_fast: float, rng: np.random.Generator) -> Floats:
    """Minutes taken; a few clicked through."""
    taken = typical * np.exp(rng.normal(0, 0.28, count))
    fast = rng.random(count) * 100 < too_fast
    return np.round(np.where(fast, rng.uniform(0.8, 2.9, count), taken.clip(4, 90)), 1).astype(np.float64)


def _urban_rural(pupils: Pupils, roll: Roll, calibration: Calibration, rng: np.random.Generator) -> Integers:
    """The class of the school's place; some live elsewhere in the partnership."""
    classes = {name.casefold(): code for name, code in calibration.urban_rural.items()}
    own = np.array([classes[school.urban_rural.casefold()] for school in roll.schools])
    elsewhere = rng.random(len(pupils)) * 100 < calibration.elsewhere
    return np.where(elsewhere, rng.choice(own, len(pupils)), own[pupils.school])
