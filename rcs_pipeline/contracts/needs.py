"""Need and provision: which questions of the surveys speak for which need of the maps of services.

Belongs here: the model of `data_contracts/planning/needs.yaml`, and what it must agree with.
Does not belong here: the table itself (dbt_project/models/marts/need_and_provision.sql).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.lookup import named
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

FILE = Path(__file__).resolve().parents[2] / "data_contracts" / "planning" / "needs.yaml"
MAP, NEED = "service_map", "need_type"


class Ages(Strict):
    """The ages of an instrument's pupils, and the stage of life of the maps that holds them."""

    stage_group: str
    surveyed: tuple[int, int]
    stage: tuple[int, int]

    @model_validator(mode="after")
    def _within(self) -> Ages:
        if not self.stage[0] <= self.surveyed[0] <= self.surveyed[1] <= self.stage[1]:
            raise ValueError("`surveyed` lies within `stage`, each from the youngest to the oldest")
        return self


class Needs(Strict):
    """The whole file."""

    needs: dict[str, tuple[str, ...]]
    not_asked: tuple[str, ...] = ()
    ages: dict[str, Ages]
    groups: tuple[str, ...] = Field(min_length=1)


@cache
def needs_rules(path: Path = FILE) -> Needs:
    """The rules of the project, read once."""
    return parse(Needs, read_yaml(path), str(path))


def checked_needs(catalogue: Catalogue, path: Path = FILE) -> Needs:
    """The rules, agreed with the maps' needs, the indicators and their instruments.

    Raises:
        ContractError: a need, indicator or instrument that nobody has, or a need of the maps left out.
    """
    rules = needs_rules(path)
    known = set(catalogue.delivery(MAP).column(NEED).codes or {})
    stated = {*rules.needs, *rules.not_asked}
    if stated != known or set(rules.needs) & set(rules.not_asked):
        raise ContractError(
            f"These needs are not stated once: {', '.join(sorted(stated ^ known)) or 'one is in both lists'}",
            where=str(path), expected=f"each of {', '.join(sorted(known))} under `needs` or `not_asked`",
        )  # fmt: skip
    for instrument in rules.ages:
        catalogue.instrument(instrument)
    for indicators in rules.needs.values():
        for name in indicators:
            indicator = named(catalogue.indicators, name, "indicator")
            if indicator.kind != "proportion" or indicator.polarity.value == "neither":
                raise ContractError(
                    f"`{name}` cannot speak for a need", where=str(path),
                    expected="a share of pupils that is better higher or better lower",
                )  # fmt: skip
            if indicator.instrument not in rules.ages:
                raise ContractError(
                    f"The ages of `{indicator.instrument}` are not stated", where=str(path), expected="`ages`"
                )
    return rules
