"""Sums and estimates: what is tabulated at which level for which groups.

Belongs here: the arguments that the dbt macros `sums` and `estimates` are called with.
Does not belong here: their SQL (dbt_project/macros), scoring, names of places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.product import Product, Tabulation
from rcs_pipeline.contracts.vocabulary import ColumnType, GeographyLevel
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.conditions import score_parts
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.scoring import score_bound
from rcs_pipeline.warehouse.templates import render

EVERYBODY = "all"
ESTIMATES, LOCAL_ESTIMATES = "indicator_estimates", "local_estimates"
TABLES = (ESTIMATES, LOCAL_ESTIMATES)
LOCAL = (GeographyLevel.LEARNING_COMMUNITY, GeographyLevel.SCHOOL)


@dataclass(frozen=True)
class Part:
    """One column of a group: what is grouped by, and how its value is written."""

    column: str
    value: str


@dataclass(frozen=True)
class Group:
    """A group of the product contract: `all`, `sex`, `sex+stage` ..."""

    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Level:
    """A level of geography: its code as SQL, its groups, and whether clusters can spread within it.

    Where it is not `told` no estimate is made of it; it is what others are compared with.
    """

    name: str
    code: str
    groups: tuple[str, ...]
    spread: bool
    told: bool = True


@dataclass(frozen=True)
class Mean:
    """An indicator that is a mean score, in whole `parts` of a point, all of them below `unit`."""

    id: str
    unit: int
    parts: int


@dataclass(frozen=True)
class SurveyEstimates:
    """What the macro `estimates` is called with for one survey."""

    dataset: str
    instrument: str
    levels: tuple[Level, ...]
    shares: tuple[str, ...]
    means: tuple[Mean, ...]
    whole_clusters: bool


def tabulations_of(product: Product, instrument: str) -> tuple[Tabulation, ...]:
    """What the product tabulates of this instrument."""
    return tuple(item for item in product.file.tabulations if item.instrument == instrument)


def groups_of(product: Product, contract: DeliveryContract) -> tuple[Group, ...]:
    """The groups to sum by. Everybody is always among them: the full design is read from there."""
    named = dict.fromkeys([EVERYBODY])
    for tabulation in tabulations_of(product, survey_of(contract).instrument):
        named.update(dict.fromkeys(tabulation.groups))
    return tuple(Group(name, _parts(contract, name)) for name in named)


def levels_of(product: Product, contract: DeliveryContract) -> tuple[Level, ...]:
    """The levels to tabulate, from the whole to the school, each with its groups."""
    survey = survey_of(contract)
    codes = {
        GeographyLevel.PROGRAMME: sql.text(product.id),
        GeographyLevel.TRANCHE: "tranche",
        GeographyLevel.CPP: "cpp_code",
        GeographyLevel.LEARNING_COMMUNITY: "cpp_code || '/' || community",
        GeographyLevel.SCHOOL: "school",
    }
    levels = []
    for level, code in codes.items():
        groups: dict[str, None] = {}
        for tabulation in tabulations_of(product, survey.instrument):
            if level in tabulation.geographies:
                groups.update(dict.fromkeys(tabulation.groups))
        if groups:
            alone = level is GeographyLevel.SCHOOL and survey.school == survey.cluster
            levels.append(Level(level.value, code, tuple(groups), not alone))
    return tuple(levels)


def shares_of(catalogue: Catalogue, contract: DeliveryContract) -> tuple[str, ...]:
    """The indicators that are shares of pupils."""
    instrument = survey_of(contract).instrument
    return tuple(item.id for item in catalogue.indicators_of(instrument) if item.kind == "proportion")


def means_of(catalogue: Catalogue, contract: DeliveryContract) -> tuple[Mean, ...]:
    """The indicators that are mean scores."""
    means = []
    for item in catalogue.indicators_of(survey_of(contract).instrument):
        if item.mean_of is not None:
            scale = catalogue.scales[item.mean_of]
            parts = score_parts(catalogue, scale)
            means.append(Mean(item.id, 1 << int(parts * score_bound(scale, catalogue)).bit_length(), parts))
    return tuple(means)


def has_local(product: Product) -> bool:
    """Whether the estimates of schools and communities are a view of their own, made when it is read."""
    return any(table.name == LOCAL_ESTIMATES for table in product.tables)


def levels_in(product: Product, contract: DeliveryContract, *, local: bool) -> tuple[Level, ...]:
    """The levels of the model of schools and communities, or of the other; none where nothing is told.

    Schools and communities are compared with their partnership, so it stands in their model as well.
    """
    levels = levels_of(product, contract)
    if not has_local(product):
        return () if local else levels
    told = tuple(level for level in levels if (level.name in LOCAL) == local)
    if not (local and told):
        return told
    return (*(replace(level, told=False) for level in levels if level.name == GeographyLevel.CPP), *told)


def sums_model(catalogue: Catalogue, product: Product, contract: DeliveryContract, source: str) -> str:
    """The one scan over the pupils. Kept where estimates are made of it later, else in memory."""
    units = _units(contract)
    return render(
        "sums.sql.j2", source, dataset=contract.dataset,
        units=[(alias, sql.name(column)) for alias, column in units.items() if column is not None],
        groups=groups_of(product, contract),
        shares=shares_of(catalogue, contract),
        means=[item.id for item in means_of(catalogue, contract)],
        kept=bool(levels_in(product, contract, local=True)),
    )  # fmt: skip


def survey_estimates(
    catalogue: Catalogue, product: Product, contract: DeliveryContract, *, local: bool
) -> SurveyEstimates:
    """What is estimated of one survey: of schools and communities, or of every other level."""
    return SurveyEstimates(
        dataset=contract.dataset,
        instrument=survey_of(contract).instrument,
        levels=levels_in(product, contract, local=local),
        shares=shares_of(catalogue, contract),
        means=means_of(catalogue, contract),
        whole_clusters=whole_clusters(contract),
    )


def policies(product: Product) -> dict[str, Any]:
    """How the product flags and corrects its estimates, as the macro `estimates` takes it."""
    return {
        "reliability": product.file.reliability,
        "finite_population": product.file.finite_population.value,
    }


def _units(contract: DeliveryContract) -> dict[str, str | None]:
    """What a row of the sums is of, and the column of the survey that says so."""
    survey = survey_of(contract)
    return {
        "collection": "collection", "cpp": contract.options.cpp, "stratum": survey.stratum,
        "cluster": survey.cluster, "school": survey.school, "community": survey.learning_community,
    }  # fmt: skip


def whole_clusters(contract: DeliveryContract) -> bool:
    """Whether nothing but collection, stratum and cluster tells the units of the sums apart."""
    units = _units(contract)
    coarse = {units.pop(item) for item in ("collection", "stratum", "cluster")}
    return set(units.values()) <= {*coarse, None}


def _group_columns(contract: DeliveryContract, group: str) -> list[Column]:
    columns = {column.group or column.name: column for column in contract.columns}
    return [] if group == EVERYBODY else [columns[part] for part in group.split("+")]


def _parts(contract: DeliveryContract, group: str) -> tuple[Part, ...]:
    return tuple(Part(sql.name(column.name), _label(column)) for column in _group_columns(contract, group))


def _label(column: Column) -> str:
    """The published value of a group column: by its mapping, else its code, else the value as text."""
    name = sql.name(column.name)
    mapping = column.group_values or {code: code for code in column.codes or {}}
    if not mapping or (
        column.type is ColumnType.STRING and all(code == value for code, value in mapping.items())
    ):
        return f"cast({name} as varchar)"
    branches = " ".join(
        f"when {sql.code(column, code)} then {sql.text(value)}" for code, value in mapping.items()
    )
    return f"case {name} {branches} end"
