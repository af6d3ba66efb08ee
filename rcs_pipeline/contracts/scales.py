"""Scales: several items, one score, and the bands that the score is cut into.

Belongs here: how answers become points, points a score, and a score a band.
Does not belong here: what is published of them (see `measures`), SQL (see `warehouse`), item wording
(nowhere in this project).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from rcs_pipeline.contracts.yaml_files import Strict

IDENTIFIER = r"^[A-Za-z][A-Za-z0-9_]*$"
Informant = Literal["self", "parent", "teacher"]


class Band(Strict):
    """Scores from `low` to `high`, both included, and what that band is called.

    In a relative scheme a band begins at `low` and ends where the next one begins; the first has no `low`.
    """

    label: str = Field(pattern=IDENTIFIER)
    low: float | None = None
    high: float | None = None


class Relative(Strict):
    """Bands that depend on everybody who was scored in the same wave, by their weights.

    `average`: `low` is in standard deviations from the mean. `rank`: `low` is the share of pupils below,
    those with the same score counted by half. `within`: columns in whose groups this is done.
    """

    to: Literal["average", "rank"]
    within: tuple[str, ...] = ()


class BandScheme(Strict):
    """One way of cutting a score into bands; several may stand side by side.

    `informant` is whose answers the cut-points were made for: a parent's never fit a pupil's.
    """

    id: str = Field(pattern=IDENTIFIER)
    version: str
    source: str
    verified: bool
    informant: Informant = "self"
    relative: Relative | None = None
    bands: tuple[Band, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _bands_in_order(self) -> BandScheme:
        if len({band.label for band in self.bands}) < len(self.bands):
            raise ValueError(f"two bands of `{self.id}` have the same label")
        if self.relative is not None:
            self._relative_bands(self.relative)
            return self
        for band in self.bands:
            if band.low is None or band.high is None or band.low > band.high:
                raise ValueError(f"the band `{band.label}` has a `low` and a `high`, the lower one first")
        for below, above in pairwise(sorted(self.bands, key=lambda band: band.low or 0)):
            if (below.high or 0) >= (above.low or 0):
                raise ValueError(f"the bands `{below.label}` and `{above.label}` overlap")
        return self

    def _relative_bands(self, relative: Relative) -> None:
        first, *others = self.bands
        lows = [band.low for band in others]
        if first.low is not None or None in lows or any(band.high is not None for band in self.bands):
            raise ValueError(
                "bands of a relative scheme begin at `low`, but for the first, and have no `high`"
            )
        cuts = [low for low in lows if low is not None]
        if cuts != sorted(set(cuts)):
            raise ValueError("bands of a relative scheme stand from the lowest to the highest")
        if relative.to == "rank" and not all(0 < cut < 1 for cut in cuts):
            raise ValueError("bands by rank begin at a share of pupils between 0 and 1")

    @property
    def cuts(self) -> tuple[float, ...]:
        """Where the second and every further band of a relative scheme begins."""
        return tuple(band.low for band in self.bands[1:] if band.low is not None)


class Scale(Strict):
    """A score made of items, or of other scales.

    `sum` needs every item. `prorated_sum` is n_items * mean(answered) once `minimum_answered` items are
    there, and `mean` their mean. `sum_of_scales` needs every scale. `rounding` is what a prorated sum goes
    through: `half_up` is floor(0.5 + sum), `none` keeps it as it is. `points` says what the codes of an item
    are worth where they are not points themselves.
    """

    id: str = Field(pattern=IDENTIFIER)
    title: str
    instrument: str
    source: str
    informant: Informant = "self"
    method: Literal["prorated_sum", "sum", "mean", "sum_of_scales"]
    rounding: Literal["half_up", "none"] = "half_up"
    items: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    reversed_items: tuple[str, ...] = ()
    points: dict[str, dict[str, int]] = Field(default_factory=dict)
    item_minimum: int = 0
    item_maximum: int = 0
    minimum_answered: int = 0
    conversion: dict[int, float] = Field(default_factory=dict)
    band_schemes: tuple[BandScheme, ...] = ()
    stages: tuple[str, ...] = ()

    @field_validator("points", mode="before")
    @classmethod
    def _codes_as_text(cls, points: Any) -> Any:
        if not isinstance(points, dict):
            return points
        return {
            item: {str(code): worth for code, worth in codes.items()} if isinstance(codes, dict) else codes
            for item, codes in points.items()
        }

    @model_validator(mode="after")
    def _parts(self) -> Scale:
        if (self.method == "sum_of_scales") != bool(self.scales) or bool(self.scales) == bool(self.items):
            raise ValueError("`sum_of_scales` takes `scales`, the other methods take `items`")
        if len(set(self.items)) < len(self.items) or len(set(self.scales)) < len(self.scales):
            raise ValueError("an item or a scale stands twice")
        for name, listed in (("reversed_items", set(self.reversed_items)), ("points", set(self.points))):
            if listed - set(self.items):
                raise ValueError(f"{name} names {sorted(listed - set(self.items))}, not among the items")
        if set(self.points) & set(self.reversed_items):
            raise ValueError("an item with `points` is not reversed as well: turn its points round")
        plain = [item for item in self.items if item not in self.points]
        if plain and self.item_maximum <= self.item_minimum:
            raise ValueError("`item_maximum` lies above `item_minimum`")
        return self

    @model_validator(mode="after")
    def _answered(self) -> Scale:
        if self.method in ("prorated_sum", "mean") and not 0 < self.minimum_answered <= len(self.items):
            raise ValueError("`minimum_answered` lies between 1 and the number of items")
        if self.method in ("sum", "sum_of_scales") and self.minimum_answered not in (0, len(self.items)):
            raise ValueError(f"`{self.method}` needs every part; `prorated_sum` takes a `minimum_answered`")
        if self.rounding == "none" and self.method != "prorated_sum":
            raise ValueError("`rounding` is what a `prorated_sum` goes through")
        return self

    @model_validator(mode="after")
    def _cut(self) -> Scale:
        if self.conversion:
            if self.method != "sum":
                raise ValueError("only complete answers (`sum`) are converted")
            low, high = self.raw_bounds
            if set(self.conversion) != set(range(low, high + 1)):
                raise ValueError(
                    f"the conversion table covers every raw score from {low} to {high} and no other"
                )
        for scheme in self.band_schemes:
            if scheme.informant != self.informant:
                raise ValueError(
                    f"the cut-points `{scheme.id}` are those of the {scheme.informant} form,"
                    f" the scale is a {self.informant} form"
                )
        if len({scheme.id for scheme in self.band_schemes}) < len(self.band_schemes):
            raise ValueError("two band schemes have the same id")
        return self

    @property
    def raw_bounds(self) -> tuple[int, int]:
        """The smallest and the largest sum of the items' points."""
        worth = [
            (min(codes.values()), max(codes.values()))
            if (codes := self.points.get(item))
            else (self.item_minimum, self.item_maximum)
            for item in self.items
        ]
        return sum(low for low, _ in worth), sum(high for _, high in worth)

    @property
    def whole(self) -> bool:
        """Whether the items give a whole number."""
        return not self.conversion and self.method != "mean" and self.rounding == "half_up"

    @property
    def rule(self) -> str:
        """How the score is made, in one sentence without names of items."""
        count = len(self.items)
        if self.method == "sum_of_scales":
            return f"Sum of {len(self.scales)} scales, each of which must be there."
        if self.method == "sum":
            text = f"Sum of {count} items, all answered" if count > 1 else "One item"
            return f"{text}, converted with the scale's table." if self.conversion else f"{text}."
        enough = f"at least {self.minimum_answered} of {count}"
        if self.method == "mean":
            return f"Mean of the items answered, {enough}."
        rounded = ", halves rounded up" if self.rounding == "half_up" else ", not rounded"
        return f"Sum of {count} items, prorated where {enough} are answered{rounded}."

    def bands(self, scheme: str) -> BandScheme:
        """The band scheme called `scheme`; KeyError if there is none."""
        return {item.id: item for item in self.band_schemes}[scheme]
