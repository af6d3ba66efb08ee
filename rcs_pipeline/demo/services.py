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
PLACES = {"locality": "Locality", "learning_community": "Cluster", "school": "School"}
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
    columns |= _shared(need, level, str(year), columns, calibration, rng)
    return Table({column.name: columns[column.name] for column in contract.columns})


def _shared(
    need: Texts, level: Texts, year: str, columns: dict[str, Column], calibration: ServiceCalibration,
    rng: np.random.Generator,
) -> dict[str, Column]:  # fmt: skip
    """What only some services say: second needs and levels, several sources of money, who waits."""
    services = len(need)
    more: dict[str, Column] = {
        name: np.full(services, BLANK)
        for name in (
            "need_share_3", "share_before_school", "share_primary", "share_secondary", "share_after_school",
            "funding_share_3", "net_cost",
        )
    }  # fmt: skip
    for name in ("need_type_3", "funding_source_3", "register_number", "town", "outcome_measure"):
        more[name] = np.full(services, "")
    pairs = (
        ("need_type", "need_share", need, calibration.needs, 0.15),
        ("level_of_support", "level_share", level, calibration.levels, 0.1),
        ("funding_source", "funding_share", columns["funding_source"], calibration.funding, 0.2),
        ("delivery_partner", "delivery_share", columns["delivery_partner"], calibration.partners, 0.1),
    )
    seconds = {"need_type": "need_type_2", "level_of_support": "level_2",
               "funding_source": "funding_source_2", "delivery_partner": "delivery_partner_2"}  # fmt: skip
    for name, share, first, weights, chance in pairs:
        other = _draw(weights, services, rng)
        part = rng.integers(5, 20, services) * 5
        several = (rng.random(services) < chance) & (other != first)
        more[seconds[name]] = np.where(several, other, "")
        more[share] = np.where(several, part, BLANK)
        more[f"{share}_2"] = np.where(several, 100 - part, BLANK)
    capacity, staff = np.asarray(columns["capacity"]), np.asarray(columns["staff_fte"])
    books = np.rint(np.where(capacity == BLANK, 0, capacity) * rng.uniform(0.3, 1.0, services))
    more["caseload_snapshot"] = np.where(capacity == BLANK, BLANK, books.astype(np.int64))
    more["waiting_n"] = np.where(rng.random(services) < 0.4, rng.integers(0, 30, services), BLANK)
    kinds = rng.dirichlet((1, 1, 0.6, 1), services)
    for place, kind in enumerate(("education", "social_work", "health", "other")):
        more[f"fte_{kind}"] = np.floor(staff * kinds[:, place] * 10) / 10
    more["vacancies_fte"] = np.round(staff * rng.uniform(0, 0.1, services), 1)
    more["price_year"] = np.full(services, year)
    where = np.asarray(columns["geography"])
    numbers = rng.integers(1, 6, services)
    more["place"] = np.array(
        ["" if kind == "cpp_wide" else f"{PLACES[str(kind)]} {number}"
         for kind, number in zip(where, numbers, strict=True)]
    )  # fmt: skip
    bought = np.isin(np.asarray(columns["delivery_partner"]), ("third_sector", "independent"))
    more["commissioning_route"] = np.where(
        bought, rng.choice(["contract", "grant", "framework"], services), "in_house"
    )
    more["data_available"] = rng.choice(["yes", "no"], services)
    return more


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
