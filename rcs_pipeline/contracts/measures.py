"""Measures: what is published of the answers.

Belongs here: indicators (a share of pupils or a mean) and what a reader must know to use them.
Does not belong here: scores (see `scales`), SQL (see `warehouse`), item wording (nowhere in this project).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from rcs_pipeline.contracts.quality import Battery
from rcs_pipeline.contracts.scales import IDENTIFIER, Scale
from rcs_pipeline.contracts.vocabulary import Polarity, Shanarri
from rcs_pipeline.contracts.yaml_files import Strict

EVERY_WAVE = "every"


class When(Strict):
    """The condition an indicator counts: on one item, on one scale, or on other conditions.

    Of `any` and `all` a pupil counts where every part has an answer (`answered: every`), or as soon as the
    answers there are decide it (`enough`): the latter only where an earlier answer led past a question.
    """

    item: str | None = None
    codes: tuple[str, ...] = ()
    scale: str | None = None
    scheme: str | None = None
    bands: tuple[str, ...] = ()
    at_least: float | None = None
    any_of: tuple[When, ...] = Field(default=(), alias="any")
    all_of: tuple[When, ...] = Field(default=(), alias="all")
    negated: When | None = Field(default=None, alias="not")
    answered: Literal["every", "enough"] = "every"

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, codes: Any) -> Any:
        return [str(code) for code in codes] if isinstance(codes, (list, tuple)) else codes

    @model_validator(mode="after")
    def _one_condition(self) -> When:
        kinds = [self.item, self.scale, self.any_of or None, self.all_of or None, self.negated]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("give one of `item`, `scale`, `any`, `all` and `not`")
        given = [bool(self.codes), bool(self.bands), self.at_least is not None]
        if self.parts:
            if any(given) or self.scheme:
                raise ValueError("`any`, `all` and `not` hold conditions, and no codes or bands of their own")
            if len(self.parts) == 1 and self.negated is None:
                raise ValueError("`any` and `all` join two conditions or more")
            return self
        if self.answered != "every":
            raise ValueError("`answered` goes with `any` and `all`")
        if sum(given) != 1:
            raise ValueError("give exactly one of `codes`, `bands` and `at_least`")
        if (self.item and self.bands) or (self.scale and self.codes):
            raise ValueError("items have `codes`, scales have `bands`; both may have `at_least`")
        if bool(self.bands) != bool(self.scheme):
            raise ValueError("`bands` and `scheme` go together")
        return self

    @property
    def parts(self) -> tuple[When, ...]:
        """The conditions that this one joins; empty for a condition on an item or a scale."""
        return self.any_of or self.all_of or ((self.negated,) if self.negated else ())

    def leaves(self) -> Iterator[When]:
        """The conditions on items and scales that this one comes down to."""
        for part in self.parts:
            yield from part.leaves()
        if not self.parts:
            yield self


class Break(Strict):
    """From this wave on the figures are not comparable with those before; `every` wave stands alone."""

    wave: str
    reason: str


class Indicator(Strict):
    """One published measure of one instrument: a share of pupils, or a mean score.

    `stages` and `versions` (forms of the questionnaire) say whom it exists for; empty means all.
    """

    id: str = Field(pattern=IDENTIFIER)
    title: str
    description: str
    instrument: str
    domain: str
    topic: str | None = None
    shanarri: tuple[Shanarri, ...] = ()
    polarity: Polarity
    unit: str | None = None
    when: When | None = None
    mean_of: str | None = None
    sensitive: bool = False
    stages: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()

    @model_validator(mode="after")
    def _share_or_mean(self) -> Indicator:
        if (self.when is None) == (self.mean_of is None):
            raise ValueError("give either `when` (a share) or `mean_of` (a scale)")
        return self

    @property
    def kind(self) -> Literal["proportion", "mean"]:
        """Whether the estimate is a fraction of 1 or a mean score."""
        return "proportion" if self.when is not None else "mean"

    @property
    def shown_unit(self) -> str:
        """The unit of the estimate, in words."""
        return self.unit or ("fraction of pupils" if self.kind == "proportion" else "points")

    @property
    def scales(self) -> tuple[str, ...]:
        """The scales it stands on, in the order of its conditions."""
        leaves = self.when.leaves() if self.when else ()
        named = [self.mean_of, *(leaf.scale for leaf in leaves)]
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def comparable(self, earlier: str, later: str, order: tuple[str, ...]) -> bool:
        """Whether figures of two waves may be compared; `order` is the register's order of waves."""
        if earlier == later:
            return True
        between = set(order[order.index(earlier) + 1 : order.index(later) + 1]) | {EVERY_WAVE}
        return not any(item.wave in between for item in self.breaks)


class MeasuresFile(Strict):
    """The content of one file under `measures/`."""

    scales: tuple[Scale, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    batteries: tuple[Battery, ...] = ()
