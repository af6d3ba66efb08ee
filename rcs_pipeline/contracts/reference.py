"""Reference data: public figures that the project carries with it, each with where it comes from.

Belongs here: the model of `data_contracts/reference`, unit costs by year,
prices of one year in those of another.
Does not belong here: what partnerships send (see `delivery`), appraisal (see `planning`).
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import Field

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.lookup import named
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

FOLDER = Path(__file__).resolve().parents[2] / "data_contracts" / "reference"


class SourceFile(Strict):
    """A file as it was published. The hash says that nobody edited it."""

    id: str
    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    title: str
    publisher: str
    licence: str
    attribution: str


class UnitCost(Strict):
    """What one unit of a service costs: a series over years in a source file."""

    id: str
    source: str
    indicator: str
    label: str
    per: str
    grade: int = Field(ge=1, le=6)
    caveat: str


class Prices(Strict):
    """The series whose cash and real values give the price index."""

    source: str
    indicator: str


class CareRegisterFile(Strict):
    """Which column of a register of care services says what, and what stands for a withheld provider."""

    source: str
    as_of: date
    number: str
    name: str
    provider: str
    withheld: str
    town: str
    kind: str
    council: str
    places: str


class ReferenceFile(Strict):
    """One YAML file of the folder."""

    sources: tuple[SourceFile, ...]
    unit_costs: tuple[UnitCost, ...] = ()
    prices: Prices | None = None
    care_register: CareRegisterFile | None = None


@dataclass(frozen=True)
class Reference:
    """All reference data. `values`: (source, indicator, period, prices) -> value."""

    sources: dict[str, SourceFile]
    unit_costs: dict[str, UnitCost]
    values: dict[tuple[str, str, str, str], float]
    index: dict[str, float]
    care_register: CareRegisterFile | None = None

    def unit_cost(self, name: str) -> UnitCost:
        """The unit cost `name`; ContractError with the nearest name if there is none."""
        return named(self.unit_costs, name, "unit cost")

    def price(self, amount: float, given: str, wanted: str) -> float:
        """An amount in the prices of one year, in those of another.

        Raises:
            ContractError: the index does not know one of the years.
        """
        return amount * self.factor(given, wanted)

    def factor(self, given: str, wanted: str) -> float:
        """What a pound of the year `given` is in the prices of `wanted`."""
        for year in (given, wanted):
            if year not in self.index:
                raise ContractError(
                    f"The price index does not know the year `{year}`",
                    where="data_contracts/reference",
                    expected=f"{min(self.index)} to {max(self.index)}, such as 2021-22",
                )
        # The index holds how much dearer the last year is than each.
        return self.index[given] / self.index[wanted]

    def cost_of(self, name: str, period: str, wanted: str) -> float:
        """A unit cost of a period, in the prices of the year `wanted`.

        Raises:
            ContractError: the unit cost or its period is not known.
        """
        cost = self.unit_cost(name)
        key = (cost.source, cost.indicator, period, "cash")
        if key not in self.values:
            known = sorted(item[2] for item in self.values if item[:2] == key[:2] and item[3] == "cash")
            raise ContractError(
                f"There is no `{name}` of the year `{period}`",
                where=self.sources[cost.source].file,
                expected=f"{known[0]} to {known[-1]}" if known else "a year of the file",
            )
        return self.price(self.values[key], period, wanted)


@cache
def load_reference(folder: Path = FOLDER) -> Reference:
    """Everything in the folder, read once.

    Raises:
        ContractError: a file is missing, was edited, or contradicts another.
    """
    sources: dict[str, SourceFile] = {}
    costs: dict[str, UnitCost] = {}
    values: dict[tuple[str, str, str, str], float] = {}
    index: dict[str, float] = {}
    register: CareRegisterFile | None = None
    for path in sorted(folder.glob("*.yaml")):
        content = parse(ReferenceFile, read_yaml(path), str(path))
        for source in content.sources:
            _unchanged(folder / source.file, source)
            sources[source.id] = source
        for wanted in _series_needed(content):
            values |= _series(wanted, folder / named(sources, wanted, "source").file)
        costs |= {item.id: item for item in content.unit_costs}
        if content.prices is not None:
            index = _index(values, content.prices)
        register = content.care_register or register
    return Reference(sources, costs, values, index, register)


def _series_needed(content: ReferenceFile) -> set[str]:
    needed = {item.source for item in content.unit_costs}
    return needed if content.prices is None else needed | {content.prices.source}


def _unchanged(path: Path, source: SourceFile) -> None:
    if not path.is_file():
        raise ContractError(f"The file of the source `{source.id}` is missing", where=str(path))
    if hashlib.sha256(path.read_bytes()).hexdigest() != source.sha256:
        raise ContractError(
            f"The file of the source `{source.id}` is not the one that was published",
            where=str(path), expected=f"sha256 {source.sha256}", todo="Restore the file.",
        )  # fmt: skip


def _series(source: str, path: Path) -> dict[tuple[str, str, str, str], float]:
    with path.open(encoding="utf-8", newline="") as handle:
        return {
            (source, row["indicator_code"], row["period"], row["prices"]): float(row["value"])
            for row in csv.DictReader(handle)
        }


def _index(values: dict[tuple[str, str, str, str], float], prices: Prices) -> dict[str, float]:
    wanted = (prices.source, prices.indicator)
    cash = {key[2]: value for key, value in values.items() if key[:2] == wanted and key[3] == "cash"}
    real = {key[2]: value for key, value in values.items() if key[:2] == wanted and key[3] == "real"}
    return {period: real[period] / cash[period] for period in cash if period in real}
