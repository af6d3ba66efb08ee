"""The disclosure policy of a data product: what may not be shown, why, and who answers for it.

Belongs here: the parameters, their reasons and owners, and which tables are protected together.
Does not belong here: hiding (`disclosure`).

A parameter is written `{value: ..., reason: ..., owner: ...}`. A product whose tables are linked must say
reason and owner of every parameter; one without linked tables may write the bare number.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from rcs_pipeline.contracts.banding import BandSize
from rcs_pipeline.contracts.stated import StatedPolicy
from rcs_pipeline.contracts.weighted import Weighted
from rcs_pipeline.contracts.yaml_files import Strict

# What only a table of banded figures needs, and what only one that says how many schools are behind a row.
OF_BANDS = ("school_bands", "minimum_school")
OF_SCHOOLS = ("minimum_schools",)


class DisclosurePolicy(StatedPolicy):
    """What may not be shown. A parameter that only linked tables need may be absent where there are none."""

    minimum_base: int = Field(ge=1)
    small_numerator: int = Field(ge=0, description="numerators and complements from 1 to this are hidden")
    minimum_count: int = Field(ge=1, description="respondent and roll counts below this are hidden")
    minimum_providers: int = Field(ge=1, description="money cells with fewer providers are hidden")
    dominant_share: float | None = Field(
        None, gt=0, lt=1, description="of an amount; providers are counted until they make up more than this"
    )
    interval_width: int | None = Field(None, ge=1, description="of what can be derived for a hidden number")
    minimum_difference: int | None = Field(None, ge=1, description="of two shown groups, in pupils")
    kept_share: float | None = Field(
        None, ge=0, lt=1,
        description="of a row's people; one that is hidden for others keeps its figures while no more differ",
    )  # fmt: skip
    hide_sensitive_zeros: bool | None = Field(
        None, description="nobody and everybody are hidden where the indicator is sensitive"
    )
    hide_other_zeros: bool | None = Field(None, description="the same where it is not")
    small_rolls_exempt: bool | None = Field(
        None, description="a number under a roll of fewer need not have more values than the roll leaves it"
    )
    seed: int | None = Field(None, ge=0, description="of the search; the same seed hides the same cells")
    school_bands: tuple[BandSize, ...] | None = Field(
        None, description="from how many answers on the share of a school is shown in how many parts"
    )
    minimum_school: int | None = Field(
        None, ge=1, description="answers of a school, below which nothing is shown of it"
    )
    minimum_schools: int | None = Field(
        None, ge=1, description="figures of places above schools with pupils of fewer are hidden"
    )

    def unstated(self, *, banded: bool = False, schools: bool = False) -> tuple[str, ...]:
        """The parameters of linked tables that have no value, or no reason and owner.

        `banded`: those of tables of banded figures as well; `schools`: of tables with the number of schools.
        """
        left_out = {"stated", *(() if banded else OF_BANDS), *(() if schools else OF_SCHOOLS)}
        names = [name for name in type(self).model_fields if name not in left_out]
        return tuple(name for name in names if getattr(self, name) is None or name not in self.stated)


class Elsewhere(Strict):
    """A column of another table of the product."""

    table: str
    column: str


class MeanOf(Strict):
    """The column of a figure that has no numerator, and that of the weights behind it."""

    value: str
    weight: str


class LinkedTable(Strict):
    """A table whose cells add up over places and groups, and are therefore hidden together.

    `system`: columns; cells with other values in them share nothing. `line`: the column that tells
    indicators apart; none if the table has one figure a cell. `level`, `place`, `group_by`, `group_value`:
    the columns of the grid. `belongs`: level -> the column in which a finer place names its place of that
    level. `base` and `numerator`: the columns of the counts (`numerator` none: only bases). `ceiling`: a
    column that is known to everybody and that the base cannot exceed; `whole`: likewise, in another linked
    table. `sensitive`: where it stands, by `line`, whether an indicator is sensitive. `minimum`: the
    policy's parameter that a base is judged by. `group_by` and `group_value` are null where everybody is the
    only group. `compared`: columns with a figure of the places above, which go where one of those is hidden.
    `schools`: the column with the number of schools that have pupils in the base.
    `mean`: the figure of a row without a numerator, by which a changed answer would be seen. `weighted`: the
    figure that is a weighted sum of numerators of the same table. `parts`: a line, or the base, -> the lines
    of the same cell that make it up, as everybody knows. Shares may be of the whole, so its parts are hidden
    with it.
    """

    system: tuple[str, ...] = ()
    line: str | None = None
    level: str = "geography_level"
    place: str = "geography_code"
    group_by: str | None = "group_by"
    group_value: str | None = "group_value"
    belongs: dict[str, str] = Field(default_factory=dict)
    base: str
    numerator: str | None = None
    ceiling: str | None = None
    whole: Elsewhere | None = None
    sensitive: Elsewhere | None = None
    minimum: str = "minimum_base"
    compared: tuple[str, ...] = ()
    schools: str | None = None
    mean: MeanOf | None = None
    weighted: Weighted | None = None
    parts: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way_to_have_several_counts(self) -> LinkedTable:
        if (self.group_by is None) != (self.group_value is None):
            raise ValueError("`group_by` and `group_value` are both null or neither")
        if self.weighted and not (self.line and self.numerator and self.group_by):
            raise ValueError("`weighted` goes with a `line`, a `numerator` and a `group_by`")
        if self.parts and not (self.line and self.numerator):
            raise ValueError("`parts` go with a `line` and a `numerator`")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that name a row."""
        maybe = (*self.system, self.line, self.level, self.place, self.group_by, self.group_value)
        return tuple(item for item in maybe if item)

    def columns(self) -> tuple[str, ...]:
        """Every column of the table that is named."""
        maybe = (self.line, self.numerator, self.ceiling, self.group_by, self.group_value, self.schools)
        named = (
            self.level,
            self.place,
            self.base,
            *self.compared,
            *((self.mean.value, self.mean.weight) if self.mean else ()),
            *(self.weighted.columns() if self.weighted else ()),
        )
        return (*self.system, *named, *self.belongs.values(), *(item for item in maybe if item))
