"""The survey files and the roll of one partnership, in the order of their contracts.

Belongs here: joining pupils, linked variables and answers into a table; the roll as a table.
Does not belong here: how either is drawn (see `pupils`, `answers`), file formats (see `files`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rcs_pipeline.contracts.calibration import Calibration, Form
from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.vocabulary import MissingKind
from rcs_pipeline.demo.answers import draw_answers
from rcs_pipeline.demo.frame import QUINTILES, Roll, School, communities, fit_deprivation, stage_rolls
from rcs_pipeline.demo.pupils import Pupils, completed_on, draw_pupils, identifiers, linked_columns, minutes
from rcs_pipeline.demo.table import Column, Table

KINDS = {"primary": "P", "secondary": "S"}


@dataclass(frozen=True)
class Partnership:
    """One collection with the rolls of its primaries and secondaries."""

    key: str
    council: str
    position: int
    rolls: dict[str, Roll]
    communities: dict[str, tuple[str, ...]]


def gather(
    key: str, council: str, position: int, schools: tuple[School, ...], calibration: Calibration,
    scale: float, rng: np.random.Generator,
) -> Partnership:  # fmt: skip
    """The rolls of a collection, from the frame and the official totals."""
    figures = calibration.collections[key]
    rolls = []
    for kind, letter in KINDS.items():
        own = tuple(school for school in schools if school.council == council and school.kind == kind)
        totals = {stage: total for stage, total in figures.rolls.items() if stage.startswith(letter)}
        rolls.append(stage_rolls(own, totals, scale, rng))
    primary, secondary = fit_deprivation(tuple(rolls), figures.deprivation)
    return Partnership(
        key=key,
        council=figures.former_code or council,
        position=position,
        rolls={"primary": primary, "secondary": secondary},
        communities={
            "primary": communities(primary, secondary),
            "secondary": tuple(school.name for school in secondary.schools),
        },
    )


def roll_table(partnership: Partnership, contract: DeliveryContract) -> Table:
    """One row for each school, stage and sex with pupils in the stage."""
    parts: list[dict[str, Column]] = []
    for roll in partnership.rolls.values():
        school, stage, sex = (axis.ravel() for axis in np.indices(roll.pupils.shape))
        pupils = roll.pupils.ravel()
        kept = np.flatnonzero(roll.pupils.sum(axis=2)[school, stage] > 0)
        school, stage, sex, pupils = school[kept], stage[kept], sex[kept], pupils[kept]
        columns: dict[str, Column] = {
            "cpp_code": np.full(len(kept), partnership.council),
            "school_code": np.array([item.code for item in roll.schools])[school],
            "school_name": np.array([item.name for item in roll.schools])[school],
            "stage": np.array(roll.stages)[stage],
            "sex": sex + 1,
            "pupils": pupils,
        }
        for quintile in range(QUINTILES):
            columns[f"simd_q{quintile + 1}_share"] = np.round(roll.deprivation[school, quintile], 4)
        parts.append(columns)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Table({column.name: joined[column.name] for column in contract.columns})


def survey_table(
    partnership: Partnership, kind: str, contract: DeliveryContract, catalogue: Catalogue,
    calibration: Calibration, rng: np.random.Generator,
) -> Table:  # fmt: skip
    """The answers of one instrument, one row a pupil, in the order of school and stage."""
    figures = calibration.collections[partnership.key]
    roll = partnership.rolls[kind]
    pupils = draw_pupils(roll, calibration, figures.absent_schools[kind], rng)
    count = len(pupils)
    instrument = calibration.instruments[kind]
    version = _forms(pupils, roll, instrument.forms, rng)
    sex_column = contract.column("sex")
    unknown = next(int(code) for code, why in sex_column.missing.items() if why is MissingKind.DONT_KNOW)
    columns: dict[str, Column] = {
        "pupil_id": identifiers(count, partnership.position * len(KINDS) + list(KINDS).index(kind), rng),
        "cpp_code": np.full(count, partnership.council),
        "school_code": np.array([school.code for school in roll.schools])[pupils.school],
        "stage": np.array(roll.stages)[pupils.stage],
        "sex": np.where(rng.random(count) * 100 < calibration.unknown["sex"], unknown, pupils.sex + 1),
        "questionnaire_version": version,
        "completed_on": completed_on(pupils, roll, figures.fieldwork[kind], rng),
        "minutes_taken": minutes(count, calibration.minutes[kind], calibration.too_fast, rng),
        **linked_columns(pupils, roll, calibration, figures, kind, partnership.communities[kind], rng),
        **draw_answers(
            pupils, roll.stages, len(roll.schools), version, catalogue, contract, instrument,
            calibration.school_variance, rng,
        ),
    }  # fmt: skip
    return Table({column.name: columns[column.name] for column in contract.columns})


def _forms(pupils: Pupils, roll: Roll, forms: tuple[Form, ...], rng: np.random.Generator) -> Column:
    """The form that each pupil was given: each other form takes schools of its own, the main one the rest."""
    version = np.full(len(pupils), "main", dtype="<U16")
    if forms:
        place, taken = rng.random(len(roll.schools)) * 100, 0.0
        stage = np.array(roll.stages)[pupils.stage]
        for form in forms:
            schools = (place >= taken) & (place < taken + form.schools)
            version[schools[pupils.school] & np.isin(stage, form.stages)] = form.version
            taken += form.schools
    return version
