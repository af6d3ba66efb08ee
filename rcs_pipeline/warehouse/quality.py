"""Quality of the answers: what one scan over the pupils adds up, school by school.

Belongs here: kinds of missing answers, batteries, scales and links of one survey, as columns of the model
`quality_sums_<dataset>`.
Does not belong here: the published tables that are made from those sums (see `quality_tables`).

Items of a scale are counted from the smallest value they can have, reversed ones from the other end: neither
changes a variance or an alpha, and whole numbers from 0 upwards fit two to a double.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.quality import ASKED, Battery
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.contracts.vocabulary import MissingKind
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.columns import score_column
from rcs_pipeline.warehouse.conditions import asked as asked_of_form
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.staging import has_missing_kinds
from rcs_pipeline.warehouse.templates import render

# Two whole numbers below this travel in one double: half the sums, and they stay exact.
UNIT = 1 << 26
ROW = "source_row"
# Of a scale: pupils who answered all of it; sum and squares of their sums; squares of their items.
SCALE_SUMS = ("n", "sum", "squares", "item_squares")


@dataclass(frozen=True)
class Item:
    """A question, and the kinds of missing answers that it can have."""

    name: str
    label: str
    kinds: tuple[MissingKind, ...]

    def counted(self, kind: MissingKind) -> str:
        """The column that counts the pupils whose answer is missing in this way."""
        return sql.name(f"{self.name}__{kind.value}")

    @property
    def asked(self) -> str:
        """How many it was put to, as SQL."""
        return " - ".join(["pupils", *(self.counted(kind) for kind in self.kinds if kind not in ASKED)])

    @property
    def kinds_of_answer(self) -> dict[str, str]:
        """How many were asked, answered or did not, and why not, as SQL: kind -> pupils."""
        without = [self.counted(kind) for kind in self.kinds if kind in ASKED]
        return {
            "asked": self.asked,
            "answered": " - ".join([self.asked, *without]),
            "missing": " + ".join(without) or "0",
            **{kind.value: self.counted(kind) for kind in self.kinds},
        }


@dataclass(frozen=True)
class Coded:
    """An item as one scale reads it: its points from 0 upwards, NULL where there is none."""

    name: str
    expression: str
    largest: int


@dataclass(frozen=True)
class Pair:
    """Two coded items (or one twice) whose products are added up."""

    first: str
    second: str

    @property
    def name(self) -> str:
        """What its two sums are called by."""
        return f"{self.first}_{self.second}"


@dataclass(frozen=True)
class ScaleItems:
    """A scale down to its items."""

    id: str
    title: str
    score: str
    asked: str
    reversed_items: int
    coded: tuple[Coded, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every two of its items, and each with itself."""
        names = [item.name for item in self.coded]
        return tuple(Pair(*two) for two in combinations_with_replacement(names, 2))


@dataclass(frozen=True)
class Share:
    """A share of pupils: who is counted, of whom."""

    measure: str
    subject: str
    title: str
    base: str
    numerator: str

    @property
    def name(self) -> str:
        """What its two sums are called by."""
        return f"{self.measure}__{self.subject or 'all'}"


def sums_name(dataset: str) -> str:
    """The name of the model with the sums of a dataset."""
    return f"quality_sums_{dataset}"


def items_of(contract: DeliveryContract) -> tuple[Item, ...]:
    """Every column whose absence has a kind, by its code and the short description of its contract."""
    return tuple(
        Item(column.name, column.description.rstrip("."), _kinds(column))
        for column in contract.stored_columns
        if has_missing_kinds(column)
    )


def _kinds(column: Column) -> tuple[MissingKind, ...]:
    possible = {*column.missing.values(), column.blank}
    return tuple(kind for kind in MissingKind if kind in possible)


def scales_of(catalogue: Catalogue, contract: DeliveryContract) -> tuple[ScaleItems, ...]:
    """The scales of an instrument down to their items; items that two scales read alike are coded once."""
    known: dict[str, Coded] = {}
    result = []
    for scale in catalogue.scales_of(survey_of(contract).instrument):
        leaves = list(_leaves(catalogue, scale, scale.stages))
        coded = []
        for leaf, stages, item in leaves:
            expression, largest = _coded(contract, leaf, stages, item)
            coded.append(known.setdefault(expression, Coded(f"x{len(known) + 1}", expression, largest)))
        names = [item for _, _, item in leaves]
        result.append(
            ScaleItems(
                id=scale.id, title=scale.title, score=sql.name(score_column(scale.id)),
                asked=_asked(contract, names, scale.stages),
                reversed_items=sum(item in leaf.reversed_items for leaf, _, item in leaves),
                coded=tuple(coded),
            )
        )  # fmt: skip
    return tuple(result)


def _leaves(
    catalogue: Catalogue, scale: Scale, stages: tuple[str, ...]
) -> Iterator[tuple[Scale, tuple[str, ...], str]]:
    """The items of a scale and of the scales below it, each with the scale that reads it and its stages."""
    for item in scale.items:
        yield scale, stages, item
    for part in scale.scales:
        below = catalogue.scales[part]
        both = tuple(stage for stage in below.stages if not stages or stage in stages) or stages
        yield from _leaves(catalogue, below, both)


def _coded(contract: DeliveryContract, scale: Scale, stages: tuple[str, ...], item: str) -> tuple[str, int]:
    column = contract.column(item)
    name, guard = sql.name(item), asked_of_form(contract, stages)
    points = scale.points.get(item)
    if points is not None:
        low = min(points.values())
        worth = " ".join(
            f"when {sql.code(column, code)} then {value - low}" for code, value in points.items()
        )
        value, largest = f"case {name} {worth} end", max(points.values()) - low
    else:
        low, high = scale.item_minimum, scale.item_maximum
        turned = f"{high} - {name}" if item in scale.reversed_items else f"{name} - {low}"
        value, largest = f"case when {name} between {low} and {high} then {turned} end", high - low
    guarded = f"case when {guard} then {value} end" if guard else value
    return f"cast({guarded} as double)", largest


def _asked(contract: DeliveryContract, items: list[str], stages: tuple[str, ...]) -> str:
    """That at least one of the items was put to the pupil."""
    parts = []
    for name in dict.fromkeys(items):
        column = contract.column(name)
        passed = [kind for kind in _kinds(column) if kind not in ASKED] if has_missing_kinds(column) else []
        missing = f"coalesce({sql.name(name + '__missing')}, 'answered')"
        parts.append(" and ".join(f"{missing} <> {sql.text(kind.value)}" for kind in passed) or "true")
    either = "true" if "true" in parts else " or ".join(dict.fromkeys(f"({part})" for part in parts))
    guard = asked_of_form(contract, stages)
    return f"{guard} and ({either})" if guard else either


def shares_of(catalogue: Catalogue, contract: DeliveryContract, minimum_items: int) -> tuple[Share, ...]:
    """Every share of pupils that says something about the quality of the answers."""
    survey = survey_of(contract)
    shares = [_straight(item) for item in catalogue.batteries_of(survey.instrument, minimum_items)]
    shares += [
        Share("scored", item.id, item.title, item.asked, f"{item.score} is not null")
        for item in scales_of(catalogue, contract)
    ]
    shares += [
        Share("allocated", name, _label(contract.column(name)), "true", sql.name(f"{name}__allocated"))
        for name in survey.allocate
    ]
    if survey.linkage:
        column = contract.column(survey.linkage.column)
        shares.append(
            Share("linked", "", _label(column), f"{sql.name(column.name)} is not null",
                  sql.among(column, survey.linkage.codes))
        )  # fmt: skip
    if survey.completion_time:
        minutes = sql.name(survey.completion_time.column)
        below = sql.number(survey.completion_time.speeders_below)
        label = f"Took less than {below} {survey.completion_time.unit}"
        shares.append(Share("speeders", "", label, f"{minutes} is not null", f"{minutes} < {below}"))
    return tuple(shares)


def _straight(battery: Battery) -> Share:
    """One and the same code for every item, of those who answered them all."""
    names = [sql.name(item) for item in battery.items]
    same = f"least({', '.join(names)}) = greatest({', '.join(names)})"
    # A sum is NULL as soon as one answer is missing; `least` and `greatest` would pass over it.
    return Share("straight_lined", battery.id, battery.title, f"({' + '.join(names)}) is not null", same)


def _label(column: Column) -> str:
    return column.description.rstrip(".")


def largest_cell(scales: tuple[ScaleItems, ...]) -> int:
    """The pupils of one school up to whom two sums fit into one double."""
    largest = max((item.largest for scale in scales for item in scale.coded), default=1)
    return (UNIT - 1) // max(1, largest * largest)


def sums_model(catalogue: Catalogue, contract: DeliveryContract, minimum_items: int, source: str) -> str:
    """The text of the one scan over the pupils."""
    survey, scales, items = survey_of(contract), scales_of(catalogue, contract), items_of(contract)
    cpp = contract.options.cpp
    # Pupils who were drawn alone are added up together: a row each would be no sum.
    grouped = survey.school or survey.cluster != ROW
    return render(
        "quality_sums.sql.j2", source, dataset=contract.dataset,
        cpp=sql.name(cpp) if cpp else "cast(null as varchar)",
        cell=("design_school" if survey.school else "design_cluster") if grouped else "'all'",
        school="cell" if survey.school else "cast(null as varchar)",
        items=items,
        missing={item.name: sql.name(f"{item.name}__missing") for item in items},
        scales=scales,
        coded=dict.fromkeys(item for scale in scales for item in scale.coded),
        pairs=dict.fromkeys(pair for scale in scales for pair in scale.pairs),
        shares=shares_of(catalogue, contract, minimum_items),
        unit=UNIT,
    )  # fmt: skip
