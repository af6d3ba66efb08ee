"""How a data product compares: tests, families of tests, inequality, who is like whom.

Belongs here: the model of `comparisons` in a `product.yaml`.
Does not belong here: the SQL that follows from it (see `warehouse.comparisons`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.vocabulary import GeographyLevel
from rcs_pipeline.contracts.yaml_files import Strict

# What a family of tests may be told apart by: columns of `indicator_comparisons`.
FAMILY_COLUMNS = (
    "indicator_id", "instrument", "compared_with", "wave", "other_wave", "geography_level", "geography_code",
    "group_by", "group_value",
)  # fmt: skip


class Testing(Strict):
    """When a difference is called one.

    `family`: tests that agree in these columns are adjusted together.
    """

    significance: float = Field(gt=0, lt=1)
    adjustment: Literal["none", "benjamini_hochberg"] = "none"
    family: tuple[Literal[FAMILY_COLUMNS], ...] = ()  # type: ignore[valid-type]
    levels: tuple[GeographyLevel, ...] = Field(
        min_length=1, description="the places that are compared: with an earlier wave, and among each other"
    )
    waves_of_a_trend: int = Field(
        ge=3, default=3, description="fewer waves without a break have no direction"
    )

    @model_validator(mode="after")
    def _families_are_for_adjusting(self) -> Testing:
        if (self.adjustment == "none") == bool(self.family):
            raise ValueError("`family` goes with an `adjustment`, and an adjustment needs one")
        return self


class Inequality(Strict):
    """The group that is ordered from worst off to best off, its levels of geography."""

    group: str
    order: tuple[str, ...] = Field(min_length=2, description="its values, the worst off first")
    levels: tuple[GeographyLevel, ...] = Field(min_length=1)


class SimilarVariable(Strict):
    """One thing that places are alike or unlike in, from a delivered dataset.

    The value of a place is the sum of `count`; with `share` the mean of that column weighted by `count`;
    with `among` and `codes` the share of `count` in rows whose `among` is one of the codes. `place` holds
    the code of the CPP. `every_wave`: the dataset is no part of a wave, and holds for each.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    dataset: str
    place: str
    count: str
    share: str | None = None
    among: str | None = None
    codes: tuple[str, ...] = ()
    scale: Literal["linear", "log"] = "linear"
    weight: float = Field(gt=0)
    every_wave: bool = False

    @model_validator(mode="after")
    def _one_value(self) -> SimilarVariable:
        if bool(self.among) != bool(self.codes):
            raise ValueError("`among` and `codes` go together")
        if self.share and self.among:
            raise ValueError("give `share` or `among`, not both")
        return self


class Similar(Strict):
    """The rule of the family group: the nearest places by standardised, weighted variables."""

    neighbours: int = Field(ge=1)
    variables: tuple[SimilarVariable, ...] = Field(min_length=1)


class Comparisons(Strict):
    """Everything a product says on comparing; what it leaves out it does not compare."""

    testing: Testing | None = None
    inequality: Inequality | None = None
    similar: Similar | None = None
