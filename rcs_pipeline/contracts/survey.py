"""The design of a survey, as its delivery contract states it.

Belongs here: strata, clusters, where weights come from, how their cells collapse, what they are raked to.
Does not belong here: the SQL that follows (see `warehouse`).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from rcs_pipeline.contracts.quality import CompletionTime, Linkage
from rcs_pipeline.contracts.yaml_files import Strict


class RollSource(Strict):
    """The denominator of non-response weights: a dataset with a count per cell."""

    dataset: str
    count: str


class Collapse(Strict):
    """When weighting cells are put together, and in which order their variables are given up.

    A cell stands alone with a roll and enough respondents. Else it joins the nearest one that differs in
    the first variable of `order` alone; where none of those can stand, all of them are one, and so on.
    """

    minimum_respondents: int = Field(ge=1)
    order: tuple[str, ...] = Field(description="cell variables, the first to be given up first")
    reason: str = Field(min_length=1, description="why the rule is what it is, for those who judge it")


class Raking(Strict):
    """Fitting the weights to shares that the roll carries, beside the cells."""

    use: bool = False
    column: str = Field(description="of the answers")
    shares: dict[str, str] = Field(description="code of the column -> column of the roll with its share")
    minimum_known: float = Field(
        ge=0, le=1, description="the part of the roll whose shares must be known; less, and nothing is raked"
    )
    steps: int = Field(ge=1, le=50, description="rounds over both margins")
    tolerance: float = Field(gt=0, lt=1, description="how far, of itself, a margin may be missed in the end")

    @field_validator("shares", mode="before")
    @classmethod
    def _codes_as_text(cls, shares: Any) -> Any:
        return {str(code): name for code, name in shares.items()} if isinstance(shares, dict) else shares


class Weight(Strict):
    """Where survey weights come from: a column of the file, the roll over the respondents, or nowhere."""

    column: str | None = None
    roll: RollSource | None = None
    cells: tuple[str, ...] = ()
    collapse: Collapse | None = None
    raking: Raking | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Weight:
        if self.column is not None and self.roll is not None:
            raise ValueError("give either `column` or `roll`")
        if self.roll is None:
            if self.cells or self.collapse or self.raking:
                raise ValueError("`cells`, `collapse` and `raking` belong to a `roll`")
            return self
        if not self.cells or self.collapse is None:
            raise ValueError(
                "`roll` needs the `cells` in which respondents are compared with it, and their `collapse`"
            )
        if sorted(self.collapse.order) != sorted(self.cells):
            raise ValueError("`collapse.order` names each of the `cells` once, and nothing else")
        if self.raking and self.raking.column in self.cells:
            raise ValueError("`raking.column` is one of the `cells`, and so is fitted already")
        return self


class Survey(Strict):
    """The design of a survey: enough to estimate variances from its file alone.

    Where it names no strata, clusters or weights, everybody of a collection was drawn alike.
    """

    instrument: str
    title: str
    stages: tuple[str, ...] = ()
    stage: str | None = None
    school: str | None = None
    learning_community: str | None = None
    version: str | None = None
    stratum: str = "collection"
    cluster: str = "source_row"
    weight: Weight = Weight()
    allocate: tuple[str, ...] = ()
    allocate_within: tuple[str, ...] = ()
    linkage: Linkage | None = None
    completion_time: CompletionTime | None = None
