"""Product contracts: what consumers get, and what nobody gets unless it says so.

Belongs here: the data product, its published tables, audiences and disclosure policy.
Does not belong here: how tables are computed (`warehouse`) or hidden (`disclosure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.audiences import AudiencePolicy, check_audiences, kind_of
from rcs_pipeline.contracts.banding import BandedTable
from rcs_pipeline.contracts.comparisons import Comparisons
from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy, LinkedTable
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.hide_rules import Follows, HideRule
from rcs_pipeline.contracts.implications import FollowUp, Implication
from rcs_pipeline.contracts.money import AddedUp, CorrectedMap, MoneyLines
from rcs_pipeline.contracts.quality import QualityRules
from rcs_pipeline.contracts.rounding import Rounded, RoundingPolicy
from rcs_pipeline.contracts.stated import StatedPolicy
from rcs_pipeline.contracts.vocabulary import ColumnType, GeographyLevel, Symbol, Weighting
from rcs_pipeline.contracts.yaml_files import Strict


class FinitePopulation(StrEnum):
    """Whether a standard error is made smaller because the sample is a large part of its population.

    `none`: the pupils stand for others like them, in other years. `standard`: the statement is about this
    roll in this year; standard errors are multiplied by sqrt((N - n) / (N - 1)), N the weighted base and n
    the base.
    """

    NONE = "none"
    STANDARD = "standard"


class Tabulation(Strict):
    """The estimates to make of one instrument: at which levels, for which groups.

    A group is `all`, a group name of the delivery contract, or two of them joined by `+` in
    alphabetical order.
    """

    instrument: str
    geographies: tuple[GeographyLevel, ...]
    groups: tuple[str, ...]
    weighting: Weighting = Weighting.WEIGHTED


class ReliabilityPolicy(StatedPolicy):
    """Below which an estimate carries the flag `u`, and has no error of its own."""

    minimum_effective_base: float = Field(30, ge=0)
    minimum_degrees_of_freedom: int = Field(
        2, ge=0, description="where clusters are the units; an estimate within one cluster has none"
    )
    schools_for_error: int = Field(
        0,
        ge=0,
        description="in fewer a group has the design effect of the same group in the programme; 0: in none",
    )
    pupils_for_error: float = Field(
        0, ge=0, description="and so has one whose own error is worth fewer pupils of its base"
    )

    @model_validator(mode="after")
    def _lent_by_both_or_by_schools(self) -> ReliabilityPolicy:
        if self.pupils_for_error and not self.schools_for_error:
            raise ValueError("`pupils_for_error` goes with `schools_for_error`")
        return self


class InDatabase(StrEnum):
    """How the releases of a kind of audience stand in a database (`RCS_PUBLISH_URL`).

    `schema`: a schema and a role for each of them. `rows`: one schema for all of the kind, where the role
    of each sees its own rows. `none`: left out.
    """

    SCHEMA = "schema"
    ROWS = "rows"
    NONE = "none"


class ReleasePolicy(StatedPolicy):
    """Who has to agree to a release, when the next one is expected, and what a database gets.

    `approvers`: how many people other than the builder, by the kind of change (`first`, `major`, `minor`,
    `patch`); one where it says nothing. `separate_accounts`: whether they also need accounts of their own.
    `next_release`: by when it is expected. `fresh_days`: how old a release may grow. `database`: audience
    -> how it stands there; an audience that is not named is left out.
    """

    approvers: dict[Literal["first", "major", "minor", "patch"], Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict
    )
    separate_accounts: bool = False
    timezone: str = "Europe/London"
    next_release: date | None = None
    fresh_days: int | None = Field(default=None, ge=1, description="a release older than this is stale")
    database: dict[str, InDatabase] = Field(default_factory=lambda: {"open": InDatabase.SCHEMA})

    def approvers_for(self, change: str) -> int:
        """How many people have to say yes."""
        return next((count for name, count in self.approvers.items() if name == change), 1)


class Consumer(Strict):
    """Somebody who reads releases: who answers for it, and what it would miss.

    `uses`: table -> columns; an empty list is the whole table.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    owner: str
    contact: str = ""
    kind: Literal["dashboard", "notebook", "analysis", "ml", "application"]
    audience: str
    uses: dict[str, tuple[str, ...]]


class Deprecation(Strict):
    """That a table or column will go, when at the earliest, and what to use instead."""

    until: date
    note: str


class Interval(Strict):
    """The columns of a value and of the interval that says how sure it is."""

    value: str
    lower: str
    upper: str


class ProductFile(Strict):
    """`product.yaml`: the data product as a whole."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    description: str
    publisher: str
    contact: str
    licence: str
    licence_title: str
    attribution: tuple[str, ...] = ()
    datasets: tuple[str, ...]
    tabulations: tuple[Tabulation, ...]
    audiences: dict[str, AudiencePolicy]
    disclosure: DisclosurePolicy
    rounding: RoundingPolicy | None = None
    corrected_maps: tuple[CorrectedMap, ...] = ()
    quality: QualityRules = QualityRules()
    comparisons: Comparisons = Comparisons()
    reliability: ReliabilityPolicy = ReliabilityPolicy()
    finite_population: FinitePopulation = FinitePopulation.NONE
    query_roles: tuple[str, ...] = ("analyst", "engineer")
    release: ReleasePolicy = ReleasePolicy()
    consumers: tuple[Consumer, ...] = ()

    @model_validator(mode="after")
    def _audiences_fit_together(self) -> ProductFile:
        check_audiences(self.audiences)
        return self

    @model_validator(mode="after")
    def _database_of_known_audiences(self) -> ProductFile:
        stated = self.release.database if "database" in self.release.model_fields_set else {}
        for name in stated:
            if name not in self.audiences:
                raise ValueError(f"`release: database` names the audience `{name}`, which there is not")
        return self

    @model_validator(mode="after")
    def _one_decision_a_map(self) -> ProductFile:
        maps = [item.collection for item in self.corrected_maps]
        if twice := sorted({item for item in maps if maps.count(item) > 1}):
            raise ValueError(f"`corrected_maps` names {', '.join(twice)} twice; say which release is last")
        return self

    @model_validator(mode="after")
    def _one_weighting(self) -> ProductFile:
        for item in self.tabulations:
            if any(item.instrument == other.instrument and item.weighting is not other.weighting
                   for other in self.tabulations):  # fmt: skip
                raise ValueError(
                    f"`{item.instrument}` is tabulated both weighted and unweighted: make two products of it"
                )
        return self


class TableExtension(Strict):
    """What ODCS has no field for, on one published table.

    `headline`: the rows that the workbook holds, as column -> values; all of them where it says nothing.
    `follows`: where its people are counted as well.
    `rows_of`: audience that is many -> the column with the code of the place whose row it is; a row without
    one is nobody's.
    """

    audiences: tuple[str, ...] = ()
    rows_of: dict[str, str] = Field(default_factory=dict)
    geography_column: str | None = None
    rows_at_least: int = 0
    order_by: tuple[str, ...] = ()
    hide: tuple[HideRule, ...] = ()
    interval: Interval | None = None
    headline: dict[str, tuple[str, ...]] | None = None
    deprecated: Deprecation | None = None
    linked: LinkedTable | None = None
    follows: Follows | None = None
    money: MoneyLines | None = None
    added_up: AddedUp | None = None
    banded: BandedTable | None = None

    @property
    def counted_first(self) -> str | None:
        """The table that says first how many the people of a row are; what it withholds is told by none."""
        if self.follows is not None:
            return self.follows.table
        return self.linked.whole.table if self.linked and self.linked.whole else None


class ProductColumnExtension(Strict):
    """What ODCS has no field for, on one published column."""

    audiences: tuple[str, ...] = ()
    unit: str = ""
    codes: dict[str, str] | None = None
    symbols: tuple[Symbol, ...] = ()
    filled_at_release: bool = False
    deprecated: Deprecation | None = None
    rounded: Rounded | None = None


@dataclass(frozen=True)
class ProductColumn:
    """One published column."""

    name: str
    type: ColumnType
    description: str
    required: bool
    unique: bool
    audiences: tuple[str, ...]
    unit: str
    codes: dict[str, str] | None
    minimum: float | None
    maximum: float | None
    pattern: str | None
    symbols: tuple[Symbol, ...]
    filled_at_release: bool
    deprecated: Deprecation | None = None
    rounded: Rounded | None = None


@dataclass(frozen=True)
class ProductTable:
    """One published table: its grain, columns, and who may see them."""

    id: str
    name: str
    title: str
    version: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[ProductColumn, ...]
    extension: TableExtension
    path: Path

    @property
    def symbols(self) -> frozenset[str]:
        """The columns that say why a number is not there, or how far to trust it: their codes are symbols."""
        of_symbols = (item.name for item in self.columns if item.codes and set(item.codes) <= set(Symbol))
        return frozenset({*(rule.symbol_column for rule in self.extension.hide), *of_symbols})

    def symbols_of(self, column: str) -> tuple[str, ...]:
        """The columns that say why there is no number in a column: one for each rule that hides it."""
        rules = (rule for rule in self.extension.hide if column in rule.hides)
        return tuple(dict.fromkeys(rule.symbol_column for rule in rules))

    def columns_for(self, audience: str) -> tuple[ProductColumn, ...]:
        """The columns that this audience may see by itself: none unless the contract says so.

        What it sees because another audience sees it is not among them (see `Product.held_by`).
        """
        kind = kind_of(audience)
        if kind not in self.extension.audiences:
            return ()
        return tuple(column for column in self.columns if kind in column.audiences)


@dataclass(frozen=True)
class Product:
    """A set of tables released together under one version.

    `implications` and `follow_ups`: what the questions that it tabulates say of one another.
    """

    file: ProductFile
    tables: tuple[ProductTable, ...]
    path: Path
    implications: tuple[Implication, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def id(self) -> str:
        """The name of the product, as in `releases/<id>/`."""
        return self.file.id

    @property
    def instruments(self) -> tuple[str, ...]:
        """The questionnaires that it tabulates, each once, in the order of the tabulations."""
        return tuple(dict.fromkeys(item.instrument for item in self.file.tabulations))

    def audience(self, name: str) -> AudiencePolicy:
        """The policy of an audience, or of one of many."""
        return self.file.audiences[kind_of(name)]

    def held_by(self, table: ProductTable, audience: str) -> str | None:
        """Whose protected file of a table a release holds: its own, an included audience's, or none."""
        if table.columns_for(audience):
            return audience
        return next((name for name in self.audience(audience).includes if table.columns_for(name)), None)

    def columns_in(self, table: ProductTable, audience: str) -> tuple[ProductColumn, ...]:
        """The columns of a table in a release for this audience."""
        holder = self.held_by(table, audience)
        return table.columns_for(holder) if holder else ()

    def weighting_of(self, instrument: str) -> Weighting:
        """How the product counts the pupils of an instrument; weighted unless it says otherwise."""
        found = [item.weighting for item in self.file.tabulations if item.instrument == instrument]
        return found[0] if found else Weighting.WEIGHTED

    def table(self, name: str) -> ProductTable:
        """The published table called `name`.

        Raises:
            ContractError: the product has no such table.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise ContractError(
            f"The product `{self.id}` has no table `{name}`",
            expected=", ".join(table.name for table in self.tables),
        )
