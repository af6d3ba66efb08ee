"""Maps of services: plausible, loosely calibrated, about no real service.

Belongs here: drawing one partnership's services.
Does not belong here: file formats (see `files`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from rcs_pipeline.contracts.calibration import ServiceCalibration
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.register import Cpp
from rcs_pipeline.demo.table import BLANK, Column, Table

Texts = NDArray[np.str_]
Floats = NDArray[np.float64]
# Years of age that a service for everybody of a kind starts and ends with.
AGES = ((-1, 3), (0, 5), (3, 5), (5, 11), (8, 16), (11, 18), (0, 18), (5, 18), (12, 25))
COUNCIL = ("council_education", "council_social_work", "council_other")
PUBLIC = {
    "police": "Police Scotland",
    "fire_rescue": "Scottish Fire and Rescue Service",
    "scra": "Children's Reporter",
}


def service_table(
    cpp: Cpp, council_code: str, year: str, pupils: int, services: int, contract: DeliveryContract,
    calibration: ServiceCalibration, rng: np.random.Generator,
) -> Table:  # fmt: skip
    """The services of one partnership, in the order of its contract."""
    lead = _draw(calibration.partners, services, rng)
    same = rng.random(services) < 0.7
    delivery = np.where(same, lead, _draw(calibration.partners, services, rng))
    need = _draw(calibration.needs, services, rng)
    level = _draw(calibration.levels, services, rng)
    evidence = _draw(calibration.evidence, services, rng)
    ages = np.array(AGES)[rng.integers(0, len(AGES), services)]
    spent = _spend(level, pupils * calibration.spend_per_pupil, calibration, rng)
    capacity = np.maximum(np.rint(spent / rng.lognormal(8.3, 0.8, services)), 4).astype(np.int64)
    reach = np.maximum(np.rint(capacity * rng.uniform(0.5, 3.0, services)), 1).astype(np.int64)
    external = np.isin(delivery, ("third_sector", "independent"))
    first = int(year[:4])
    ends = np.datetime64(date(first + 1, 3, 31)) + rng.integers(0, 4, services) * 365
    columns: dict[str, Column] = {
        "service_id": np.array([f"SVC-{number:03d}" for number in range(1, services + 1)]),
        "service_name": _names(need, calibration, rng),
        "lead_partner": lead,
        "delivery_partner": delivery,
        "provider": _providers(delivery, cpp, calibration, rng),
        "service_class": np.where(rng.random(services) < 0.85, "childrens_service", "related_service"),
        "level_of_support": level,
        "need_type": need,
        "shanarri": _draw(calibration.shanarri, services, rng),
        "age_from": ages[:, 0],
        "age_to": ages[:, 1],
        "geography": _draw(calibration.geographies, services, rng),
        "capacity": np.where(rng.random(services) < 0.06, BLANK, capacity),
        "reach_year": np.where(rng.random(services) < 0.05, BLANK, reach),
        "staff_fte": np.round(np.maximum(spent / rng.uniform(34_000, 60_000, services), 0.2), 1),
        "gross_budget": np.round(spent * rng.uniform(0.93, 1.08, services), 2),
        "gross_actual": spent,
        "income": np.round(
            np.where(rng.random(services) < 0.3, spent * rng.uniform(0.02, 0.4, services), 0), 2
        ),
        "funding_source": _draw(calibration.funding, services, rng),
        "evidence_rating": evidence,
        "programme_name": np.where(
            np.isin(evidence, ("effective", "promising")), rng.choice(calibration.programmes, services), ""
        ),
        "data_confidence": _draw(calibration.confidence, services, rng),
        "contract_end_date": np.where(external, ends, np.datetime64("NaT")),
        "cpp_code": np.full(services, council_code),
        "reporting_year": np.full(services, year),
    }
    return Table({column.name: columns[column.name] for column in contract.columns})


def _draw(weights: dict[str, float], count: int, rng: np.random.Generator) -> Texts:
    chances = np.array(list(weights.values()))
    return rng.choice(np.array(list(weights)), count, p=chances / chances.sum())


def _spend(level: Texts, total: float, calibration: ServiceCalibration, rng: np.random.Generator) -> Floats:
    size = rng.lognormal(0, 1.1, len(level)) * np.array([calibration.level_weights[name] for name in level])
    return np.round(np.maximum(size / size.sum() * total, 3_000), 2)


def _names(need: Texts, calibration: ServiceCalibration, rng: np.random.Generator) -> Texts:
    chance = rng.random(len(need))
    seen: dict[str, int] = {}
    names = []
    for kind, share in zip(need, chance, strict=True):
        choices = calibration.names[str(kind)]
        name = choices[int(share * len(choices))]
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return np.array(names)


def _providers(delivery: Texts, cpp: Cpp, calibration: ServiceCalibration, rng: np.random.Generator) -> Texts:
    numbers = rng.integers(1, calibration.third_sector_providers + 1, len(delivery))
    names = []
    for partner, number in zip(delivery, numbers, strict=True):
        kind = str(partner)
        if kind in COUNCIL:
            names.append(f"{cpp.name} Council")
        elif kind == "nhs_board":
            names.append(f"NHS {cpp.health_board}")
        elif kind == "hscp":
            names.append(f"{cpp.name} Health and Social Care Partnership")
        else:
            names.append(
                PUBLIC.get(kind, f"{'Charity' if kind == 'third_sector' else 'Provider'} {number:02d}")
            )
    return np.array(names)
