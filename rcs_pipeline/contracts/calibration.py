"""Calibration of the demonstration programme: the figures its synthetic answers are drawn to.

Belongs here: the model of `data_contracts/demo/calibration.yaml`. Percentages are kept as written.
Does not belong here: drawing anything (see `demo`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.vocabulary import Format, MissingKind
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

Percent = float
Quintiles = tuple[float, float, float, float, float]


class CollectionCalibration(Strict):
    """One partnership in one wave, as the official tables describe it."""

    rolls: dict[str, int]
    deprivation: Quintiles
    additional_needs: dict[str, Percent]
    free_meals: dict[str, Percent]
    absent_schools: dict[str, int]
    fieldwork: dict[str, tuple[date, date]]
    suppliers: dict[str, str]
    primary_format: Format = Format.CSV
    simd_version: int
    services: int = Field(ge=1)
    former_code: str | None = None


class Response(Strict):
    """How many answer: a Beta distribution over schools, moved by stage and deprivation."""

    mean: Percent
    sd: Percent
    stage: dict[str, float]
    deprivation: float


class Target(Strict):
    """The share of pupils at or above an answer, and what it depends on."""

    at_least: int
    share: Percent | None = None
    stage: dict[str, Percent] = Field(default_factory=dict)
    sex_stage: dict[Literal["female", "male"], dict[str, Percent]] = Field(default_factory=dict)
    female: float = 0.0
    deprivation: float = 0.0
    loading: float = Field(default=0.3, gt=-0.95, lt=0.95)
    skip: Percent | None = None


class ScoreTarget(Target):
    """A scale whose score is drawn whole and then taken apart into its items."""

    scale: str
    sd: float = Field(gt=0)

    @model_validator(mode="after")
    def _some_share(self) -> ScoreTarget:
        if self.share is None and not self.stage and not self.sex_stage:
            raise ValueError("give `share`, `stage` or `sex_stage`")
        return self


class ItemTarget(Target):
    """Items that share one distribution over their codes, in the order of the contract's codes."""

    names: tuple[str, ...]
    codes: tuple[Percent, ...]

    @model_validator(mode="after")
    def _whole(self) -> ItemTarget:
        if abs(sum(self.codes) - 100) > 1e-9:
            raise ValueError(f"`codes` of {self.names[0]} add up to {sum(self.codes):g}, not to 100")
        return self


class NotAsked(Strict):
    """Questions that a stage or a form of the questionnaire leaves out."""

    stage: str | None = None
    version: str | None = None
    starts: tuple[str, ...]


class Routed(Strict):
    """A question asked only of those who said yes to another."""

    item: str
    after: str


class Form(Strict):
    """Another form of the questionnaire, which a share of the schools used in some stages."""

    version: str
    stages: tuple[str, ...]
    schools: Percent


class InstrumentCalibration(Strict):
    """What the answers of one questionnaire are drawn to."""

    missing: dict[MissingKind, Percent]
    skip: Percent
    forms: tuple[Form, ...] = ()
    not_asked: tuple[NotAsked, ...] = ()
    routed: tuple[Routed, ...] = ()
    scores: tuple[ScoreTarget, ...]
    items: tuple[ItemTarget, ...]


class ServiceCalibration(Strict):
    """What the maps of services look like. Loose: no figures of that kind were published."""

    spend_per_pupil: float
    names: dict[str, tuple[str, ...]]
    needs: dict[str, float]
    levels: dict[str, float]
    level_weights: dict[str, float]
    partners: dict[str, float]
    third_sector_providers: int
    shanarri: dict[str, float]
    geographies: dict[str, float]
    funding: dict[str, float]
    evidence: dict[str, float]
    confidence: dict[str, float]
    programmes: tuple[str, ...]


class Calibration(Strict):
    """The whole file."""

    attribution: str
    sources: dict[str, str]
    collections: dict[str, CollectionCalibration]
    response: Response
    unknown: dict[Literal["sex", "deprivation"], Percent]
    linked: Percent
    too_fast: Percent
    minutes: dict[str, float]
    school_variance: Percent
    free_meals_by_quintile: Quintiles
    elsewhere: Percent
    urban_rural: dict[str, int]
    instruments: dict[str, InstrumentCalibration]
    services: ServiceCalibration


def read_calibration(path: Path) -> Calibration:
    """The calibration in `path`.

    Raises:
        ContractError: the file is missing, is not YAML, or has an unknown or a wrong entry.
    """
    return parse(Calibration, read_yaml(path), str(path))
