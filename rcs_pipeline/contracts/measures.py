"""Measures: how answers become numbers.

Belongs here: scales (several items, one score) and indicators (a share or a mean that is published).
Does not belong here: SQL (see `warehouse`), item wording (nowhere in this project).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from rcs_pipeline.contracts.vocabulary import Polarity
from rcs_pipeline.contracts.yaml_files import Strict

IDENTIFIER = r"^[A-Za-z][A-Za-z0-9_]*$"


class Band(Strict):
    """Scores from `low` to `high`, both included, and what that band is called."""

    label: str = Field(pattern=IDENTIFIER)
    low: float
    high: float


class BandScheme(Strict):
    """One way of cutting a score into bands; several may stand side by side."""

    id: str = Field(pattern=IDENTIFIER)
    version: str
    source: str
    verified: bool
    bands: tuple[Band, ...]


class Scale(Strict):
    """A score made of items, or of other scales.

    `prorated_sum` is floor(0.5 + n_items * mean(answered)) once `minimum_answered` items are there;
    `sum` needs every item; `sum_of_scales` needs every scale.
    """

    id: str = Field(pattern=IDENTIFIER)
    title: str
    instrument: str
    source: str
    method: Literal["prorated_sum", "sum", "sum_of_scales"]
    items: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    reversed_items: tuple[str, ...] = ()
    item_minimum: int = 0
    item_maximum: int = 0
    minimum_answered: int = 0
    conversion: dict[int, float] = Field(default_factory=dict)
    band_schemes: tuple[BandScheme, ...] = ()
    stages: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _parts(self) -> Scale:
        if (self.method == "sum_of_scales") != bool(self.scales) or bool(self.scales) == bool(self.items):
            raise ValueError("`sum_of_scales` takes `scales`, the other methods take `items`")
        stray = set(self.reversed_items) - set(self.items)
        if stray:
            raise ValueError(f"reversed_items names {sorted(stray)}, not among the items")
        if self.method == "prorated_sum" and not 0 < self.minimum_answered <= len(self.items):
            raise ValueError("`minimum_answered` lies between 1 and the number of items")
        if self.items and self.item_maximum <= self.item_minimum:
            raise ValueError("`item_maximum` lies above `item_minimum`")
        if self.conversion:
            low, high = len(self.items) * self.item_minimum, len(self.items) * self.item_maximum
            if set(self.conversion) != set(range(low, high + 1)):
                raise ValueError(
                    f"the conversion table covers every raw score from {low} to {high} and no other"
                )
        return self

    def bands(self, scheme: str) -> BandScheme:
        """The band scheme called `scheme`; KeyError if there is none."""
        return {item.id: item for item in self.band_schemes}[scheme]


class When(Strict):
    """The condition an indicator counts: on one item, or on one scale."""

    item: str | None = None
    codes: tuple[str, ...] = ()
    scale: str | None = None
    scheme: str | None = None
    bands: tuple[str, ...] = ()
    at_least: float | None = None

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, codes: Any) -> Any:
        return [str(code) for code in codes] if isinstance(codes, (list, tuple)) else codes

    @model_validator(mode="after")
    def _one_condition(self) -> When:
        if (self.item is None) == (self.scale is None):
            raise ValueError("give either `item` or `scale`")
        given = [bool(self.codes), bool(self.bands), self.at_least is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of `codes`, `bands` and `at_least`")
        if (self.item and self.bands) or (self.scale and self.codes):
            raise ValueError("items have `codes`, scales have `bands`; both may have `at_least`")
        if bool(self.bands) != bool(self.scheme):
            raise ValueError("`bands` and `scheme` go together")
        return self


class Indicator(Strict):
    """One published measure of one instrument: a share of pupils, or a mean score."""

    id: str = Field(pattern=IDENTIFIER)
    title: str
    description: str
    instrument: str
    domain: str
    polarity: Polarity
    when: When | None = None
    mean_of: str | None = None
    sensitive: bool = False
    stages: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _share_or_mean(self) -> Indicator:
        if (self.when is None) == (self.mean_of is None):
            raise ValueError("give either `when` (a share) or `mean_of` (a scale)")
        return self

    @property
    def kind(self) -> Literal["proportion", "mean"]:
        """Whether the estimate is a fraction of 1 or a mean score."""
        return "proportion" if self.when is not None else "mean"


class MeasuresFile(Strict):
    """The content of one file under `measures/`."""

    scales: tuple[Scale, ...] = ()
    indicators: tuple[Indicator, ...] = ()
