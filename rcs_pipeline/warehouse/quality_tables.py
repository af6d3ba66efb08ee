"""The product tables about the quality of the data, for every survey product that names them.

Belongs here: `response_rates`, `item_response`, `survey_quality`, `scale_reliability`, from the contracts.
Does not belong here: what is counted of the pupils (see `quality`), who may see it (`disclosure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.quality import ASKED, CompletionTime
from rcs_pipeline.contracts.vocabulary import GeographyLevel, MissingKind
from rcs_pipeline.warehouse import quality, sql
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.staging import staging_name
from rcs_pipeline.warehouse.tabulation import EVERYBODY, Group, groups_of
from rcs_pipeline.warehouse.templates import render

Row = tuple[str, ...]
TABLES = ("response_rates", "item_response", "survey_quality", "scale_reliability")
FROM_SUMS = ("item_response", "survey_quality", "scale_reliability")
PLACE_COLUMNS = (
    "instrument", "wave", "geography_level", "geography_code", "geography_name", "tranche", "collection",
    "collected", "symbol",
)  # fmt: skip
COLUMNS = {
    "response_rates": (
        "group_by", "group_value", "roll", "respondents", "response_rate", "schools_on_roll",
        "schools_taking_part", "linked", "linked_share", "quality_flag",
    ),
    "item_response": ("item", "label", "kind", "base", "numerator", "share_of", "share"),
    "survey_quality": ("measure", "subject", "title", "base", "numerator", "value", "unit"),
    "scale_reliability": (
        "scale", "title", "missing_answers", "items", "reversed_items", "asked", "pupils", "alpha",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A level of geography, with its code as SQL."""

    level: str
    code: str

    @property
    def within_one(self) -> bool:
        """Whether a place of this level belongs to one collection of a wave."""
        return self.level in (GeographyLevel.CPP, GeographyLevel.SCHOOL)


@dataclass(frozen=True)
class Survey:
    """One instrument of the product."""

    instrument: str
    contract: DeliveryContract
    items: tuple[quality.Item, ...]
    scales: tuple[quality.ScaleItems, ...]
    shares: tuple[quality.Share, ...]

    @property
    def dataset(self) -> str:
        """The dataset of its answers."""
        return self.contract.dataset

    @property
    def sums(self) -> str:
        """The model with its sums."""
        return quality.sums_name(self.dataset)

    @property
    def item_rows(self) -> list[Row]:
        """For each question and kind of answer: how many took part, were asked, and are counted."""
        return [
            (sql.text(item.name), sql.text(item.label), sql.text(kind), "pupils", item.asked, counted)
            for item in self.items
            for kind, counted in item.kinds_of_answer.items()
        ]

    @property
    def share_rows(self) -> list[Row]:
        """For each share what it is called, whom it is about and who is counted."""
        return [
            (sql.text(share.measure), sql.text(share.subject or EVERYBODY), sql.text(share.title),
             sql.name(f"{share.name}__base"), sql.name(f"{share.name}__numerator"))
            for share in self.shares
        ]  # fmt: skip

    @property
    def scale_rows(self) -> list[Row]:
        """For each scale the sums over pupils who answered all of it."""
        return [
            (sql.text(scale.id), sql.name(f"scored__{scale.id}__base"),
             *(f"coalesce({sql.name(f'{scale.id}__{part}')}, 0)" for part in quality.SCALE_SUMS))
            for scale in self.scales
        ]  # fmt: skip

    @property
    def scale_item_rows(self) -> list[Row]:
        """For each item of each scale the sum over the same pupils."""
        return [
            (sql.text(scale.id), str(place), f"coalesce({sql.name(f'{scale.id}__{place}')}, 0)")
            for scale in self.scales
            for place in range(1, len(scale.coded) + 1)
        ]

    @property
    def pair_rows(self) -> list[Row]:
        """For each pair of items its two sums."""
        pairs = dict.fromkeys(pair for scale in self.scales for pair in scale.pairs)
        return [
            (sql.text(pair.first), sql.text(pair.second), f"coalesce({pair.name}__products, 0)",
             f"coalesce({pair.name}__sums, 0)")
            for pair in pairs
        ]  # fmt: skip

    @property
    def time(self) -> CompletionTime | None:
        """Where its completion times stand."""
        return survey_of(self.contract).completion_time


@dataclass(frozen=True)
class Roll:
    """One instrument that has a roll to be compared with."""

    instrument: str
    pupils: str
    linked: str
    staging: str
    count: str
    school: str
    columns: tuple[str, ...]
    in_survey: str
    groups: tuple[Group, ...]


def needs_sums(product: Product) -> bool:
    """Whether the product has a table that is made from the sums of `quality`."""
    return any(table.name in FROM_SUMS for table in product.tables)


def table_model(catalogue: Catalogue, product: Product, table: ProductTable, source: str) -> str:
    """The text of one of the tables.

    Raises:
        ContractError: the contract names a column that nobody computes, or there is no roll to compare with.
    """
    known = (*PLACE_COLUMNS, *COLUMNS[table.name])
    unknown = [column.name for column in table.columns if column.name not in known]
    if unknown:
        raise ContractError(
            f"Nobody computes the column(s) {', '.join(unknown)} of `{table.name}`",
            where=str(table.path), expected=", ".join(known),
        )  # fmt: skip
    values: dict[str, Any] = {"places": _places(product, table)}
    if table.name == "response_rates":
        values["rolls"] = _rolls(catalogue, product, table)
    else:
        values["surveys"] = _surveys(catalogue, product, table)
    if table.name == "item_response":
        values["of_everybody"] = ["asked", *(kind.value for kind in MissingKind if kind not in ASKED)]
    return render(
        f"{table.name}.sql.j2", source, columns=[(item.name, sql.TYPES[item.type]) for item in table.columns],
        order_by=table.extension.order_by or table.grain, unit=quality.UNIT, **values,
    )  # fmt: skip


def _places(product: Product, table: ProductTable) -> list[Place]:
    """The levels that the product tabulates, without those that the table's contract does not list."""
    codes = {
        GeographyLevel.PROGRAMME: sql.text(product.id),
        GeographyLevel.TRANCHE: "tranche",
        GeographyLevel.CPP: "cpp_code",
        GeographyLevel.SCHOOL: "school",
    }
    tabulated = {level for item in product.file.tabulations for level in item.geographies}
    listed = next((item.codes for item in table.columns if item.name == "geography_level"), None)
    return [
        Place(level.value, code)
        for level, code in codes.items()
        if level in tabulated and (listed is None or level in listed)
    ]


def _surveys(catalogue: Catalogue, product: Product, table: ProductTable) -> list[Survey]:
    """The instruments of the product that have something to be counted for the table."""
    least = product.file.quality.straight_line_items
    # A contract may leave measures out: what is told twice would be hidden apart.
    measures = next((item.codes for item in table.columns if item.name == "measure"), None)
    contracts = {item.instrument: catalogue.instrument(item.instrument) for item in product.file.tabulations}
    surveys = [
        Survey(
            instrument, contract, quality.items_of(contract), quality.scales_of(catalogue, contract),
            tuple(
                share for share in quality.shares_of(catalogue, contract, least)
                if measures is None or share.measure in measures
            ),
        )
        for instrument, contract in contracts.items()
    ]  # fmt: skip
    parts, wanted = {
        "item_response": ("items", "a column with codes"),
        "survey_quality": ("shares", "a scale, a battery, `linkage`, `completion_time` or `allocate`"),
        "scale_reliability": ("scales", "a scale among the measures"),
    }[table.name]
    found = [survey for survey in surveys if getattr(survey, parts)]
    if not found:
        raise ContractError(
            f"There is nothing that `{table.name}` could be about", where=str(table.path), expected=wanted
        )
    return found


def _rolls(catalogue: Catalogue, product: Product, table: ProductTable) -> list[Roll]:
    rolls = [_roll(catalogue, product, catalogue.instrument(name)) for name in product.instruments]
    found = [roll for roll in rolls if roll is not None]
    if not found:
        raise ContractError(
            "No survey of the product has a roll to compare its respondents with",
            where=str(table.path), expected="`weight: {roll: ...}` in a survey's contract, and its `school`",
            todo="Name the roll, or take the table out of the product.",
        )  # fmt: skip
    return found


def _roll(catalogue: Catalogue, product: Product, contract: DeliveryContract) -> Roll | None:
    survey = survey_of(contract)
    if survey.weight.roll is None or survey.school is None:
        return None
    roll = catalogue.delivery(survey.weight.roll.dataset)
    held = {column.name: column for column in roll.columns}
    groups = tuple(
        group for group in groups_of(product, contract) if all(part.column in held for part in group.parts)
    )
    in_survey = ""
    if survey.stage and survey.stages and survey.stage in held:
        in_survey = sql.among(held[survey.stage], survey.stages)
    linked = "cast(null as integer)"
    if survey.linkage:
        column = contract.column(survey.linkage.column)
        linked = f"case when {sql.among(column, survey.linkage.codes)} then 1 else 0 end"
    return Roll(
        instrument=survey.instrument, pupils=f"pupils_{contract.dataset}", linked=linked,
        staging=staging_name(roll.dataset),
        count=sql.name(survey.weight.roll.count), school=sql.name(survey.school),
        columns=tuple(dict.fromkeys(part.column for group in groups for part in group.parts)),
        in_survey=in_survey, groups=groups,
    )  # fmt: skip


def quality_properties(catalogue: Catalogue, contract: DeliveryContract) -> dict[str, Any]:
    """The description of the sums and the data test that watches how far they are exact."""
    name = quality.sums_name(contract.dataset)
    limit = quality.largest_cell(quality.scales_of(catalogue, contract))
    test = {"name": f"{name}_within_range", "arguments": {"ranges": {"pupils": [1, limit]}}}
    model = {
        "name": name,
        "description": "Missing answers, scales and batteries added up for each school in one scan.",
        "data_tests": [{"within_range": test}],
    }
    return {"version": 2, "models": [model]}
