"""Schools of the demonstration programme, from the published frame.

Belongs here: reading the workbook by the contract's header names, and stage rolls and deprivation of
each school that add up to the official tables of the year.
Does not belong here: pupils (see `pupils`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rcs_pipeline.contracts.delivery import DeliveryContract, Sheet

WORKBOOK = Path(__file__).with_name("frame") / "school_level_summary_statistics_2019.xlsx"
# The workbook hides rolls of one to four; the middle stands for them until the official totals are met.
SUPPRESSED = 2.5
QUINTILES = 5
FITTING_ROUNDS = 30

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class School:
    """One department of one school, as published. Hidden counts are NaN."""

    code: str
    name: str
    council: str
    kind: str
    rolls: dict[str, float]
    deprivation: tuple[float, ...]
    female_share: float
    urban_rural: str


@dataclass(frozen=True)
class Roll:
    """The roll of some schools of one partnership: pupils by school, stage and sex (girls first)."""

    schools: tuple[School, ...]
    stages: tuple[str, ...]
    pupils: Integers
    deprivation: Floats


def read_frame(contract: DeliveryContract, workbook: Path = WORKBOOK) -> tuple[School, ...]:
    """The primary and secondary schools in the workbook, special schools left out."""
    from python_calamine import CalamineWorkbook

    sheet = contract.options.sheet or Sheet(name="2019")
    rows = CalamineWorkbook.from_path(str(workbook)).get_sheet_by_name(sheet.name).to_python()
    header_row = sheet.first_row + sheet.header_rows - 2
    at = _positions(contract, [" ".join(str(cell).split()) for cell in rows[header_row]])
    council = contract.column("council").recode
    return tuple(
        _school(row, at, council)
        for row in rows[header_row + 1 :]
        if row[at["school_type"]] in ("Primary", "Secondary")
    )


def stage_rolls(
    schools: tuple[School, ...], totals: dict[str, int], scale: float, rng: np.random.Generator
) -> Roll:
    """Rolls of the schools that add up to the official total of each stage, times `scale`."""
    stages = tuple(totals)
    published = np.array([[school.rolls.get(stage, 0.0) for stage in stages] for school in schools])
    weights = np.where(np.isnan(published), SUPPRESSED, published)
    pupils = np.zeros((len(schools), len(stages), 2), dtype=np.int64)
    girls = np.array([school.female_share for school in schools])
    for index, total in enumerate(totals.values()):
        column = _whole_numbers(weights[:, index], round(total * scale))
        female = np.minimum(column, np.floor(column * girls + rng.random(len(schools))).astype(np.int64))
        pupils[:, index, 0], pupils[:, index, 1] = female, column - female
    return Roll(schools=schools, stages=stages, pupils=pupils, deprivation=_shares(schools))


def fit_deprivation(rolls: tuple[Roll, ...], shares: tuple[float, ...]) -> tuple[Roll, ...]:
    """Move the schools' deprivation so that the rolls together show the partnership's published shares."""
    sizes = np.concatenate([roll.pupils.sum(axis=(1, 2)) for roll in rolls]).astype(np.float64)
    table = np.concatenate([roll.deprivation for roll in rolls]) * sizes[:, None]
    wanted = np.array(shares) / sum(shares) * sizes.sum()
    for _ in range(FITTING_ROUNDS):
        table *= wanted / np.maximum(table.sum(axis=0), 1e-12)
        table *= (sizes / np.maximum(table.sum(axis=1), 1e-12))[:, None]
    fitted = table / np.maximum(sizes, 1e-12)[:, None]
    ends = np.cumsum([len(roll.schools) for roll in rolls])[:-1]
    return tuple(
        Roll(roll.schools, roll.stages, roll.pupils, part)
        for roll, part in zip(rolls, np.split(fitted, ends), strict=True)
    )


def communities(primary: Roll, secondary: Roll) -> tuple[str, ...]:
    """The secondary of each primary: in order of codes, in proportion to the secondaries' rolls."""
    sizes = np.maximum(secondary.pupils.sum(axis=(1, 2)), 1).astype(np.float64)
    bounds = np.cumsum(sizes) / sizes.sum()
    places = (np.arange(len(primary.schools)) + 0.5) / max(len(primary.schools), 1)
    return tuple(secondary.schools[index].name for index in np.searchsorted(bounds, places))


def _positions(contract: DeliveryContract, headers: list[str]) -> dict[str, int]:
    found = {}
    for column in contract.columns:
        for label in (*column.aliases, column.name):
            if label in headers:
                found[column.name] = headers.index(label)
                break
    return found


def _school(row: list[Any], at: dict[str, int], council: dict[str, str]) -> School:
    def number(name: str) -> float:
        value = row[at[name]]
        return float(value) if isinstance(value, (int, float)) else (0.0 if value == "#" else float("nan"))

    kind = str(row[at["school_type"]]).lower()
    stages = ("P5", "P6", "P7") if kind == "primary" else ("S1", "S2", "S3", "S4")
    female, male = number("roll_female"), number("roll_male")
    name = str(row[at["council"]])
    return School(
        code=f"{int(row[at['seed_code']]):07d}",
        name=str(row[at["school_name"]]).strip(),
        council=council.get(name, name),
        kind=kind,
        rolls={stage: number(f"roll_{stage.lower()}") for stage in stages},
        deprivation=tuple(number(f"simd_q{quintile}") for quintile in range(1, QUINTILES + 1)),
        female_share=female / (female + male) if female + male > 0 else 0.49,
        urban_rural=str(row[at["urban_rural_8"]]),
    )


def _whole_numbers(weights: Floats, total: int) -> Integers:
    """Whole numbers in proportion to `weights` that add up to `total` (largest remainders)."""
    exact = weights * (total / max(weights.sum(), 1e-12))
    whole = np.floor(exact).astype(np.int64)
    missing = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole


def _shares(schools: tuple[School, ...]) -> Floats:
    counts = np.array([school.deprivation for school in schools])
    filled = np.where(np.isnan(counts), SUPPRESSED, counts) + 0.05
    return filled / filled.sum(axis=1, keepdims=True)
