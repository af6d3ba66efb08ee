"""Figures of schools as bands: which table holds them, and how wide a band of few pupils is.

Belongs here: the shape of a banded table, and the sizes from which a kind of band may be used.
Does not belong here: choosing which bands are shown (`disclosure`).
"""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, model_validator

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.yaml_files import Strict


class BandSize(Strict):
    """From how many answers on a share is shown as one of so many equal parts of a hundred."""

    base: int = Field(ge=1, description="the fewest pupils with an answer")
    parts: int = Field(ge=2, le=100, description="halves, fifths, tenths ...")


class Finest(Strict):
    """The cells that the rows are sums of: their table, its column of the school, what they are grouped by.

    `only`: column -> value, where the table holds other rows as well. All other columns are called as those
    of the rows.
    """

    table: str
    place: str
    group: str
    only: dict[str, str] = Field(default_factory=dict)


class ShownAs(Strict):
    """The columns that say the band: how many answered, roughly, and its two edges in per cent."""

    size: str
    lower: str
    upper: str


class BandedTable(Strict):
    """A table of shares of single schools, which are shown as bands or not at all.

    `system`: columns; rows with other values in them share nothing. `line`: the column that tells indicators
    apart. `place`: the school; `within`: the place whose published figures are sums over its schools.
    `base` and `numerator`: the columns of the counts, which no audience sees. `groups`: what the rows are
    grouped by, each a coarser grouping than the finest.
    """

    system: tuple[str, ...] = ()
    line: str
    place: str
    within: str
    group_by: str = "group_by"
    group_value: str = "group_value"
    base: str
    numerator: str
    groups: tuple[str, ...]
    finest: Finest
    shows: ShownAs

    @model_validator(mode="after")
    def _coarser_than_the_finest(self) -> BandedTable:
        parts = set(self.finest.group.split("+"))
        strangers = [item for item in self.groups if item != "all" and not set(item.split("+")) < parts]
        if strangers or "all" not in self.groups:
            raise ValueError(
                f"`groups` are `all` and groupings coarser than `{self.finest.group}`,"
                f" not {', '.join(strangers) or 'without `all`'}"
            )
        return self

    def cell_columns(self) -> tuple[str, ...]:
        """Every column of the table of cells that is named."""
        return (
            *self.system, self.line, self.finest.place, self.group_by, self.group_value, self.base,
            self.numerator, *self.finest.only,
        )  # fmt: skip

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return (*self.system, self.line, self.place, self.group_by, self.group_value)

    def columns(self) -> tuple[str, ...]:
        """Every column of the table that is named."""
        return (*self.keys, self.within, self.base, self.numerator, *self.shows.model_dump().values())


def check_sizes(sizes: tuple[BandSize, ...], width: int, smallest: int) -> None:
    """That no band of any size says more than the policy allows.

    Args:
        sizes: the kinds of bands.
        width: between the least and the greatest number that a band may stand for.
        smallest: the base of the smallest school of which anything is shown.

    Raises:
        ContractError: a band of its smallest base holds too few whole numbers, or the sizes contradict.
    """
    expected = "rising sizes with ever more parts, each a whole per cent wide"
    pairs = list(pairwise(sizes))
    if not sizes or any(one.base >= two.base or one.parts >= two.parts for one, two in pairs):
        raise ContractError("The kinds of bands do not rise", expected=expected)
    for size in sizes:
        if 100 % size.parts:
            raise ContractError(f"{size.parts} parts are not whole per cents", expected=expected)
        if size.base < size.parts * (width + 1):
            raise ContractError(
                f"A band of one of {size.parts} parts of {size.base} pupils holds fewer than {width + 1}"
                " whole numbers",
                expected=f"{size.parts} parts from {size.parts * (width + 1)} pupils on",
            )
    if smallest < sizes[0].base:
        raise ContractError(
            f"`minimum_school` is {smallest}, below the smallest base of a band",
            expected=f"{sizes[0].base} or more",
        )
