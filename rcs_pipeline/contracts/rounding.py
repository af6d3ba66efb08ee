"""How figures are rounded before an audience sees them: policy of a product, and how a column takes part.

Belongs here: the steps with their reasons, and the ways in which a column is rounded.
Does not belong here: the rounding (see `disclosure.display`). The candidate's own tables keep every digit.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.stated import StatedPolicy
from rcs_pipeline.contracts.yaml_files import Strict


class Steps(Strict):
    """An estimate's step, and that of its standard error, which says what the estimate was."""

    estimate: float = Field(gt=0, lt=1)
    error: float = Field(gt=0, lt=1)


class RoundingPolicy(StatedPolicy):
    """To which steps figures are rounded; every parameter says why, and who answers for it."""

    steps: tuple[Steps, ...] = Field(
        min_length=1, description="of an estimate and its error, the finest first"
    )
    step_pupils: float = Field(gt=0, description="what an estimate's step of its base is worth, in pupils")
    ratio_step: float = Field(gt=0, le=1, description="of a ratio, such as a design effect")
    coefficient_step: float = Field(gt=0, lt=1, description="of a coefficient, such as Cronbach's alpha")
    people_step: int = Field(ge=1, description="of weighted and effective bases")
    p_values: tuple[float, ...] = Field(min_length=1, description="the values a probability is rounded up to")

    @model_validator(mode="after")
    def _said_why(self) -> RoundingPolicy:
        names = [name for name in type(self).model_fields if name != "stated"]
        if unstated := [name for name in names if name not in self.stated]:
            raise ValueError(f"{', '.join(unstated)}: say value, reason and owner")
        finest_first = all(
            fine.estimate < coarse.estimate and fine.error <= coarse.error
            for fine, coarse in pairwise(self.steps)
        )
        if not finest_first or sorted(self.p_values)[-1] != 1:
            raise ValueError("`steps` begin with the finest, and the last of `p_values` is 1")
        return self


class Rounded(Strict):
    """How a column is rounded.

    `to`: which steps. `base`: for an estimate or an error, the column of its pupils. `moves_with`: a limit
    keeps its distance from this column, which is rounded too, so that the two together say no more than that
    one.
    `less`, `over`, `times`: the column is made again from two rounded ones, the first less, over or times
    the second.
    """

    to: Literal["estimate", "error", "ratio", "coefficient", "people", "p_value"]
    base: str | None = None
    moves_with: str | None = None
    less: tuple[str, str] | None = None
    over: tuple[str, str] | None = None
    times: tuple[str, str] | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Rounded:
        if (self.to in ("estimate", "error")) != (self.base is not None):
            raise ValueError("`estimate` and `error` name their `base`; nothing else does")
        if sum(item is not None for item in (self.moves_with, self.less, self.over, self.times)) > 1:
            raise ValueError("at most one of `moves_with`, `less`, `over` and `times`")
        return self

    def columns(self) -> tuple[str, ...]:
        """The columns that are named."""
        pair = self.less or self.over or self.times or ()
        return tuple(item for item in (self.base, self.moves_with, *pair) if item)
