"""Matching a map to the register of care services: the register's entries and the rules.

Belongs here: the model of `data_contracts/planning/matching.yaml`; the register, from the reference data.
Does not belong here: matching (see `planning`), decisions about matches (see `ledger`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.reference import FOLDER, CareRegisterFile, load_reference
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

FILE = Path(__file__).resolve().parents[2] / "data_contracts" / "planning" / "matching.yaml"


class Weights(Strict):
    """How much each part says."""

    name: float = Field(gt=0)
    provider: float = Field(ge=0)
    town: float = Field(ge=0)
    kind: float = Field(ge=0)


class Places(Strict):
    """From when on two numbers of places differ."""

    share: float = Field(ge=0)
    at_least: int = Field(ge=0)


class Matching(Strict):
    """The whole file."""

    weights: Weights
    sure: float = Field(gt=0, le=100)
    ahead: float = Field(ge=0)
    agrees: float = Field(gt=0, le=100)
    review: float = Field(gt=0, le=100)
    left_out: frozenset[str]
    said_differently: dict[str, str]
    kinds: dict[str, tuple[str, ...]]
    expected: frozenset[str]
    places: Places

    @model_validator(mode="after")
    def _in_order(self) -> Matching:
        if self.review > self.sure:
            raise ValueError("`review` begins below `sure`")
        return self


@dataclass(frozen=True)
class RegisteredService:
    """One entry of the register. `provider` is empty where the register withholds it."""

    number: str
    name: str
    provider: str
    town: str
    kind: str
    council: str
    places: int | None


@cache
def matching_rules(path: Path = FILE) -> Matching:
    """The rules of the project, read once."""
    return parse(Matching, read_yaml(path), str(path))


@cache
def care_register(folder: Path = FOLDER) -> tuple[date, tuple[RegisteredService, ...]]:
    """The register: the day it is of, and its entries by number.

    Raises:
        ContractError: there is none, or a column of it is missing.
    """
    reference = load_reference(folder)
    form = reference.care_register
    if form is None:
        raise ContractError("There is no register of care services", where=str(folder))
    with (folder / reference.sources[form.source].file).open(encoding="utf-8-sig", newline="") as handle:
        try:
            entries = [_entry(row, form) for row in csv.DictReader(handle)]
        except KeyError as error:
            raise ContractError(f"The register has no column {error}", where=str(folder)) from error
    return form.as_of, tuple(sorted(entries, key=lambda item: item.number))


def _entry(row: dict[str, str], form: CareRegisterFile) -> RegisteredService:
    provider, places = row[form.provider].strip(), row[form.places].strip()
    return RegisteredService(
        number=row[form.number].strip(), name=row[form.name].strip(),
        provider="" if provider == form.withheld else provider,
        town=row[form.town].strip(), kind=row[form.kind].strip(), council=row[form.council].strip(),
        places=int(float(places)) if places else None,
    )  # fmt: skip
