"""Rules of appraisal: discount rates, horizons, grades of confidence, the simulation.

Belongs here: the model of `data_contracts/appraisal/appraisal.yaml`, and the discount factor of a year.
Does not belong here: what is appraised (see `scenario`), applying it (see `planning`).
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

from pydantic import Field, model_validator

from rcs_pipeline.contracts.lookup import named
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

FILE = Path(__file__).resolve().parents[2] / "data_contracts" / "appraisal" / "appraisal.yaml"


class Rate(Strict):
    """The rate of every year after the last one's, up to and with `until_year`."""

    until_year: int = Field(ge=1)
    rate: float = Field(ge=0, lt=1)


class Schedule(Strict):
    """Discount rates by year."""

    label: str
    rates: tuple[Rate, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Schedule:
        if any(later.until_year <= earlier.until_year for earlier, later in pairwise(self.rates)):
            raise ValueError("`until_year` must rise")
        return self

    def factors(self, years: int) -> tuple[float, ...]:
        """What a pound of the years 0, 1, ... is worth in year 0."""
        factors = [1.0]
        for year in range(1, years):
            rate = next((item.rate for item in self.rates if year <= item.until_year), self.rates[-1].rate)
            factors.append(factors[-1] / (1 + rate))
        return tuple(factors[:years])


class Horizon(Strict):
    """How far an appraisal looks: the years 0 to `years` - 1."""

    id: str
    label: str
    years: int = Field(ge=1, le=125)


class Grade(Strict):
    """A grade of confidence, and the correction for optimism that goes with it."""

    label: str
    correction: float = Field(ge=0, lt=1)


class Simulation(Strict):
    """How often the stated ranges are drawn from, from what seed, and how much the interval covers."""

    draws: int = Field(ge=100, le=1_000_000)
    seed: int = Field(ge=0)
    interval: float = Field(gt=0, lt=1)


class Appraisal(Strict):
    """The whole file."""

    discounting: dict[str, Schedule]
    horizons: tuple[Horizon, ...] = Field(min_length=1)
    grades: dict[int, Grade]
    best_grade_of_judgement: int
    grades_of_maps: dict[str, int]
    simulation: Simulation
    organisations: dict[str, str]

    @model_validator(mode="after")
    def _grades_known(self) -> Appraisal:
        unknown = {self.best_grade_of_judgement, *self.grades_of_maps.values()} - set(self.grades)
        if unknown:
            raise ValueError(f"unknown grade(s) {sorted(unknown)}")
        if any(later.years <= earlier.years for earlier, later in pairwise(self.horizons)):
            raise ValueError("`horizons` go from the shortest to the longest")
        return self

    @property
    def years(self) -> int:
        """The longest horizon."""
        return self.horizons[-1].years

    def correction(self, grade: int) -> float:
        """What is added to costs and taken off savings of this grade."""
        return self.grades[grade].correction

    def schedule(self, name: str) -> Schedule:
        """The discount schedule `name`; ContractError with the nearest name if there is none."""
        return named(self.discounting, name, "discount schedule", where=str(FILE))


@cache
def appraisal_rules(path: Path = FILE) -> Appraisal:
    """The rules of the project, read once."""
    return parse(Appraisal, read_yaml(path), str(path))
