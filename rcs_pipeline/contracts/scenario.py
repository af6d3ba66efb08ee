"""Scenarios: money moved between services, and what is assumed to follow, as data.

Belongs here: the model of one file under `data_contracts/scenarios`, and what makes it complete.
Does not belong here: working it out (see `planning`), rates and grades (see `appraisal`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.appraisal import appraisal_rules
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.reference import load_reference
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

NAME = "^[a-z][a-z0-9_]*$"
YEAR = "^20[0-9]{2}-[0-9]{2}$"


class Assumption(Strict):
    """A figure somebody assumed: how large, between what limits, and on what ground.

    `judgement` says that there is no source but the people who thought about it.
    """

    value: float
    low: float | None = None
    high: float | None = None
    shape: Literal["triangular", "uniform"] = "triangular"
    source: str = Field(min_length=10)
    judgement: bool = False
    grade: int = Field(ge=1, le=6)

    @model_validator(mode="after")
    def _range(self) -> Assumption:
        if (self.low is None) != (self.high is None):
            raise ValueError("`low` and `high` go together")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value:g} does not lie between {self.low:g} and {self.high:g}")
        best = appraisal_rules().best_grade_of_judgement
        if self.judgement and self.grade < best:
            raise ValueError(f"a judgement without a source is of grade {best} at best")
        return self

    @property
    def least(self) -> float:
        """The lowest value that it may take."""
        return self.value if self.low is None else self.low

    @property
    def most(self) -> float:
        """The highest value that it may take."""
        return self.value if self.high is None else self.high


class ScenarioCost(Strict):
    """A unit cost: one of the project's reference data by its id, or stated with a source of its own.

    Of a reference figure `low` and `high` are multiples: 0.8 is a fifth less than published.
    """

    id: str = Field(pattern=NAME)
    reference: str | None = None
    period: str | None = Field(default=None, pattern=YEAR)
    low: float | None = Field(default=None, gt=0, le=1)
    high: float | None = Field(default=None, ge=1)
    why: str = ""
    stated: Assumption | None = None
    price_year: str | None = Field(default=None, pattern=YEAR)
    label: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> ScenarioCost:
        if (self.reference is None) == (self.stated is None):
            raise ValueError(
                "give either `reference` (with `period`) or `stated` (with `price_year`, `label`)"
            )
        if self.reference is not None and self.period is None:
            raise ValueError("`reference` needs the `period` of the figure")
        if (self.low is None) != (self.high is None) or (self.low is not None and not self.why):
            raise ValueError("`low` and `high` go together, and `why` says on what ground")
        if self.stated is not None:
            if self.price_year is None or not self.label or self.low is not None:
                raise ValueError("`stated` needs `price_year` and `label`, and holds its own range")
            if self.stated.judgement:
                raise ValueError("a unit cost needs a source: it cannot be a judgement")
        return self


class Place(Strict):
    """Services by what they are, or by their keys in the map."""

    label: str
    level_of_support: str | None = None
    need_type: str | None = None
    services: tuple[str, ...] = ()


class Amount(Strict):
    """How much a year: in pounds, or per cent of a spend that is stated or read from the map."""

    pounds: Assumption | None = None
    percent: Assumption | None = None
    of: Assumption | Literal["map"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Amount:
        if (self.pounds is None) == (self.percent is None) or (self.percent is None) != (self.of is None):
            raise ValueError("give either `pounds`, or `percent` with `of`")
        return self


class Years(Strict):
    """From which year to which, counted from 0, and what share of the amount in the first of them."""

    first: int = Field(default=0, ge=0)
    last: int = Field(ge=0)
    phase: tuple[float, ...] = (1.0,)

    @model_validator(mode="after")
    def _in_order(self) -> Years:
        if self.first > self.last:
            raise ValueError("`first` comes after `last`")
        if not self.phase or not all(0 <= share <= 1 for share in self.phase):
            raise ValueError("`phase` holds shares from 0 to 1")
        return self

    def share(self, year: int) -> float:
        """The share of the full amount that moves in `year`."""
        if not self.first <= year <= self.last:
            return 0.0
        return self.phase[min(year - self.first, len(self.phase) - 1)]


class Released(Strict):
    """How much of what is moved the old services really give up, and how many years later."""

    share: Assumption
    lag: Assumption


class OneOff(Strict):
    """A cost of the change itself: double running, training, redundancy."""

    label: str
    year: int = Field(ge=0)
    pounds: Assumption
    paid_by: dict[str, float]


class Move(Strict):
    """Money for one kind of service, taken from another or (without `source`) new."""

    id: str = Field(pattern=NAME)
    source: Place | None = Field(default=None, alias="from")
    target: Place = Field(alias="to")
    amount: Amount
    years: Years
    paid_by: dict[str, float]
    released: Released | None = None
    released_to: dict[str, float] | None = None
    one_off: tuple[OneOff, ...] = ()

    @model_validator(mode="after")
    def _from_somewhere(self) -> Move:
        if (self.source is None) != (self.released is None):
            raise ValueError("`from` and `released` go together; new money has neither")
        if self.source is None and self.amount.percent is not None:
            raise ValueError("per cent of what? new money is given in pounds")
        return self


class UnitValue(Strict):
    """What one child's better outcome is worth in a year: units of a cost, less what is used instead."""

    cost: str
    instead: str | None = None
    quantity: Assumption


class Effect(Strict):
    """What follows for children, along the chain of benefits, and for whom it is worth what.

    Children with the outcome = reach x need x engagement x retention x success, less deadweight.
    """

    id: str = Field(pattern=NAME)
    label: str
    move: str
    direction: Literal["saving", "cost"] = "saving"
    value: Literal["fiscal", "economic", "social"] = "fiscal"
    reach: Assumption | None = None
    cost_per_child: Assumption | None = None
    need: Assumption
    engagement: Assumption
    retention: Assumption
    success: Assumption
    deadweight: Assumption
    deadweight_of: Literal["successes", "participants"] = "successes"
    lag: Assumption
    duration: Assumption
    drop_off: Assumption
    unit: UnitValue
    cashable: Assumption
    accrues_to: dict[str, float]

    @model_validator(mode="after")
    def _sane(self) -> Effect:
        if (self.reach is None) == (self.cost_per_child is None):
            raise ValueError("give either `reach` or `cost_per_child`")
        for name in SHARES:
            figure: Assumption = getattr(self, name)
            if figure.least < 0 or figure.most > 1:
                raise ValueError(f"`{name}` is a share from 0 to 1")
        for name in ("lag", "duration", "reach", "cost_per_child"):
            amount: Assumption | None = getattr(self, name)
            if amount is not None and (amount.least < 0 or (name == "cost_per_child" and amount.least == 0)):
                raise ValueError(f"`{name}` is above nothing")
        if self.value != "fiscal" and self.cashable.most > 0:
            raise ValueError("only fiscal value can be cashable")
        return self


SHARES = ("need", "engagement", "retention", "success", "deadweight", "drop_off", "cashable")


class Scenario(Strict):
    """One file. Every amount is in the prices of `price_year`; year 0 is `first_year`."""

    id: str = Field(pattern=NAME)
    title: str
    question: str
    collection: str | None = None
    price_year: str = Field(pattern=YEAR)
    first_year: str = Field(pattern=YEAR)
    discounting: str = "standard"
    moves: tuple[Move, ...] = Field(min_length=1)
    unit_costs: tuple[ScenarioCost, ...] = ()
    effects: tuple[Effect, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _joined(self) -> Scenario:
        moves, costs = {item.id for item in self.moves}, {item.id for item in self.unit_costs}
        for group in (self.moves, self.unit_costs, self.effects):
            names = [item.id for item in group]
            if len(names) != len(set(names)):
                raise ValueError("an `id` stands twice")
        for effect in self.effects:
            if effect.move not in moves:
                raise ValueError(f"the effect `{effect.id}` follows an unknown move `{effect.move}`")
            for name in (effect.unit.cost, effect.unit.instead):
                if name is not None and name not in costs:
                    raise ValueError(f"the effect `{effect.id}` names an unknown unit cost `{name}`")
        if self.collection is None and any(item.amount.of == "map" for item in self.moves):
            raise ValueError("`of: map` needs the `collection` whose map it is")
        for shares in self._splits():
            if abs(sum(shares.values()) - 100) > 1e-9:
                raise ValueError(f"the shares {shares} add up to {sum(shares.values()):g}, not to 100")
            unknown = sorted(set(shares) - set(appraisal_rules().organisations))
            if unknown:
                raise ValueError(f"unknown organisation(s) {', '.join(unknown)}")
        return self

    def _splits(self) -> Iterable[dict[str, float]]:
        for move in self.moves:
            yield move.paid_by
            if move.released_to is not None:
                yield move.released_to
            yield from (item.paid_by for item in move.one_off)
        yield from (item.accrues_to for item in self.effects)


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file, complete and with every reference known.

    Raises:
        ContractError: says which key is wrong, and what was expected of it.
    """
    scenario = parse(Scenario, read_yaml(path), str(path))
    reference = load_reference()
    appraisal_rules().schedule(scenario.discounting)
    reference.factor(scenario.price_year, scenario.price_year)
    for cost in scenario.unit_costs:
        if cost.reference is not None:
            reference.cost_of(cost.reference, cost.period or "", scenario.price_year)
        elif cost.price_year is not None:
            reference.factor(cost.price_year, scenario.price_year)
    return scenario


def scenario_files(folders: Iterable[Path]) -> dict[str, Path]:
    """The scenarios of the folders of contracts, by id.

    Raises:
        ContractError: one is not complete, or an id stands twice.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((folder / "scenarios").glob("*.yaml")):
            name = read_scenario(path).id
            if name in found:
                raise ContractError(
                    f"The scenario `{name}` is declared twice", where=str(path), todo="Rename it."
                )
            found[name] = path
    return found
