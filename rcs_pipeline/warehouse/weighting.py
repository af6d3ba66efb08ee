"""Non-response weights: which cells they are made in, what they are fitted to, and what is told of them.

Belongs here: the models `weights_`, `margins_` and `raked_` of a survey, and the product table `weighting`.
Does not belong here: weights that a file brings with it, and how estimates use any of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.survey import Collapse, Raking, RollSource
from rcs_pipeline.contracts.vocabulary import GeographyLevel, Weighting
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.design import allocated_relation, in_survey, survey_of
from rcs_pipeline.warehouse.staging import staging_name
from rcs_pipeline.warehouse.templates import render

COLUMNS = (
    "instrument", "wave", "geography_level", "geography_code", "geography_name", "tranche", "collection",
    "collected", "group_by", "group_value", "method", "roll", "respondents", "weighted_respondents", "symbol",
    "least_respondents", "weight", "lowest_weight", "highest_weight", "design_effect", "weighted_in",
    "reason",
)  # fmt: skip
# Rows of single cells, and of margins that no other table shows, are of no audience's geographies.
CELL = "cell"
UNKNOWN = "not_known"


@dataclass(frozen=True)
class Level:
    """One variable of the weighting cells, the last to be given up first."""

    number: int
    key: str
    ordinal: str
    label: str


@dataclass(frozen=True)
class Share:
    """A value of the column raked to, and the column of the roll that says how frequent it is."""

    code: str
    share: str


@dataclass(frozen=True)
class Group:
    """A cell variable by which the table `weighting` counts, and its published value."""

    key: str
    label: str


@dataclass(frozen=True)
class Weighted:
    """What the table `weighting` needs to know of one instrument."""

    instrument: str
    dataset: str
    unweighted: bool
    raked: bool
    margin: str | None
    margin_label: str
    cells: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def cell_group(self) -> str:
        """The cells, named as a group is."""
        return "+".join(sorted(item.key for item in self.groups))

    @property
    def cell_parts(self) -> tuple[str, ...]:
        """The columns of their labels, in the order of that name."""
        return tuple(f"{item.key}_label" for item in sorted(self.groups, key=lambda item: item.key))


def weights_model(catalogue: Catalogue, contract: DeliveryContract, source: str) -> str:
    """Roll over respondents, in cells that are put together where they are too thin.

    Raises:
        ContractError: the roll lacks one of the cell variables.
    """
    survey = survey_of(contract)
    roll, collapse = _rolled(contract)
    roll_contract = catalogue.delivery(roll.dataset)
    for name in (*survey.weight.cells, roll.count):
        roll_contract.column(name)
    levels = _levels(contract)
    told = [level for level in levels if level.key != contract.options.cpp] or levels
    return render(
        "weights.sql.j2", source,
        pupils=allocated_relation(contract), in_survey=in_survey(contract, contract),
        roll=staging_name(roll.dataset), roll_in_survey=roll_in_survey(catalogue, contract), count=roll.count,
        cells=survey.weight.cells,
        levels=levels, labels=[f"label_{level.number}" for level in told],
        minimum=collapse.minimum_respondents,
    )  # fmt: skip


def margins_model(catalogue: Catalogue, contract: DeliveryContract, source: str) -> str:
    """What the roll says of the column that weights may be raked to.

    Raises:
        ContractError: the roll lacks the column of a share.
    """
    roll, collapse = _rolled(contract)
    raking = _raking(contract)
    column, roll_contract = contract.column(raking.column), catalogue.delivery(roll.dataset)
    for name in raking.shares.values():
        roll_contract.column(name)
    return render(
        "margins.sql.j2", source,
        pupils=allocated_relation(contract), in_survey=in_survey(contract, contract),
        roll=staging_name(roll.dataset), roll_in_survey=roll_in_survey(catalogue, contract), count=roll.count,
        column=column.name, label=_label(column), ordinal=_ordinal(column),
        shares=[Share(sql.code(column, code), name) for code, name in raking.shares.items()],
        minimum=collapse.minimum_respondents, minimum_known=raking.minimum_known,
    )  # fmt: skip


def raked_model(contract: DeliveryContract, source: str) -> str:
    """The weights of the cells, fitted to the margins as well."""
    raking = _raking(contract)
    return render(
        "raked.sql.j2", source,
        dataset=contract.dataset, pupils=allocated_relation(contract),
        cells=survey_of(contract).weight.cells, column=raking.column,
        steps=raking.steps, tolerance=f"{raking.tolerance:.17f}".rstrip("0"),
    )  # fmt: skip


def weighting_mart(catalogue: Catalogue, product: Product, table: ProductTable, source: str) -> str:
    """The product table that tells what the weights are made of, in the shape of its contract.

    Raises:
        ContractError: the contract names a column that nobody computes.
    """
    weighted = [
        _weighted(product, contract)
        for contract in map(catalogue.instrument, product.instruments)
        if survey_of(contract).weight.roll
    ]
    if not weighted:
        raise ContractError("No survey of the product is weighted to a roll", where=str(table.path))
    return render(
        "weighting.sql.j2", source,
        weighted=weighted, cell_level=CELL, cpp_level=GeographyLevel.CPP.value,
        columns=[(item.name, sql.TYPES[item.type]) for item in table.columns],
        order_by=table.extension.order_by or table.grain,
    )  # fmt: skip


def weighting_column(product: Product) -> str:
    """How the instrument of an estimate is weighted, as SQL."""
    words = {item.instrument: item.weighting.value for item in product.file.tabulations}
    branches = " ".join(f"when {sql.text(name)} then {sql.text(word)}" for name, word in words.items())
    return f"case estimates.instrument {branches} end"


def roll_in_survey(catalogue: Catalogue, contract: DeliveryContract) -> str | None:
    """Which rows of the roll are of the survey, as SQL."""
    return in_survey(contract, catalogue.delivery(_rolled(contract)[0].dataset))


def _weighted(product: Product, contract: DeliveryContract) -> Weighted:
    weight, raking = survey_of(contract).weight, survey_of(contract).weight.raking
    instrument = survey_of(contract).instrument
    return Weighted(
        instrument=instrument,
        dataset=contract.dataset,
        unweighted=product.weighting_of(instrument) is Weighting.UNWEIGHTED,
        raked=raking is not None and raking.use,
        margin=raking.column if raking else None,
        margin_label=_label(contract.column(raking.column), "margins.") if raking else "",
        cells=weight.cells,
        groups=tuple(
            Group(name, _label(contract.column(name), "weights."))
            for name in weight.cells
            if name != contract.options.cpp
        ),
    )


def _rolled(contract: DeliveryContract) -> tuple[RollSource, Collapse]:
    weight = survey_of(contract).weight
    if weight.roll is None or weight.collapse is None:
        raise ContractError(f"`{contract.dataset}` has no roll", where=str(contract.path))
    return weight.roll, weight.collapse


def _raking(contract: DeliveryContract) -> Raking:
    raking = survey_of(contract).weight.raking
    if raking is None:
        raise ContractError(f"`{contract.dataset}` has nothing to rake to", where=str(contract.path))
    return raking


def _levels(contract: DeliveryContract) -> list[Level]:
    _, collapse = _rolled(contract)
    columns = [contract.column(name) for name in reversed(collapse.order)]
    return [
        Level(number, column.name, _ordinal(column), _label(column))
        for number, column in enumerate(columns, start=1)
    ]


def _ordinal(column: Column) -> str:
    """Where a value stands among the others: as its code in the contract; without codes all alike."""
    codes = [code for code in column.codes or {} if code not in column.missing]
    branches = " ".join(f"when {sql.code(column, code)} then {place}" for place, code in enumerate(codes, 1))
    return f"case {sql.name(column.name)} {branches} else {len(codes) + 1} end" if codes else "1"


def _label(column: Column, prefix: str = "") -> str:
    """The published value of a group: by its mapping, else the value as text."""
    name = prefix + sql.name(column.name)
    branches = " ".join(
        f"when {sql.code(column, code)} then {sql.text(value)}" for code, value in column.group_values.items()
    )
    value = f"cast({name} as varchar)"
    return f"coalesce({f'case {name} {branches} else {value} end' if branches else value}, '{UNKNOWN}')"
