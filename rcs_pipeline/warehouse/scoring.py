"""Scores and indicators as columns on the pupil table.

Belongs here: the expression of every scale, band and indicator of one instrument.
Does not belong here: anything that adds pupils up.

Whole numbers only: a score is an integer, or a decimal with two places where a conversion table gives
one; an indicator is 0, 1 or NULL, or hundredths of a score where a mean is published.
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.measures import Indicator, Scale, When
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.templates import render


@dataclass(frozen=True)
class Layer:
    """Columns that need those of the layer before."""

    name: str
    columns: tuple[str, ...]


def score_column(scale_id: str) -> str:
    """The column that holds the score of a scale."""
    return f"{scale_id}__score"


def answer_column(indicator_id: str) -> str:
    """The column that holds an indicator's 0, 1 or NULL (hundredths for a mean)."""
    return f"{indicator_id}__y"


def scored_model(catalogue: Catalogue, contract: DeliveryContract, source: str) -> str:
    """The text of the model with every score and indicator of the contract's instrument."""
    instrument = survey_of(contract).instrument
    scales = catalogue.scales_of(instrument)
    layers = [
        Layer("answered", tuple(part for scale in scales if scale.items for part in _parts(contract, scale)))
    ]
    layers += [
        Layer(
            f"scores_{depth}",
            tuple(
                _score(catalogue, contract, scale) for scale in scales if _depth(catalogue, scale) == depth
            ),
        )
        for depth in range(1 + max((_depth(catalogue, scale) for scale in scales), default=-1))
    ]
    layers.append(Layer("banded", tuple(band for scale in scales for band in _bands(scale))))
    indicators = [_indicator(catalogue, contract, item) for item in catalogue.indicators_of(instrument)]
    working = [f"{scale.id}__{part}" for scale in scales if scale.items for part in ("answered", "total")]
    return render(
        "scored.sql.j2", source, dataset=contract.dataset,
        layers=[layer for layer in layers if layer.columns], indicators=indicators, working=working,
    )  # fmt: skip


def score_bound(scale: Scale, catalogue: Catalogue) -> float:
    """The largest score that the scale can give."""
    if scale.conversion:
        return max(scale.conversion.values())
    if scale.method == "sum_of_scales":
        return sum(score_bound(catalogue.scales[part], catalogue) for part in scale.scales)
    return float(len(scale.items) * scale.item_maximum)


def _depth(catalogue: Catalogue, scale: Scale) -> int:
    """How many scales stand below this one."""
    return 0 if scale.items else 1 + max(_depth(catalogue, catalogue.scales[part]) for part in scale.scales)


def _parts(contract: DeliveryContract, scale: Scale) -> tuple[str, str]:
    """How many items were answered, and the sum of those answers, reversed where the scale says so."""
    answered, values = [], []
    for name in scale.items:
        item = sql.name(contract.column(name).name)
        valid = f"{item} between {scale.item_minimum} and {scale.item_maximum}"
        value = (
            f"{scale.item_minimum + scale.item_maximum} - {item}" if name in scale.reversed_items else item
        )
        answered.append(f"case when {valid} then 1 else 0 end")
        values.append(f"case when {valid} then {value} else 0 end")
    joined = "\n            + "
    return (
        f"(\n            {joined.join(answered)}\n        ) as {sql.name(scale.id + '__answered')}",
        f"(\n            {joined.join(values)}\n        ) as {sql.name(scale.id + '__total')}",
    )


def _score(catalogue: Catalogue, contract: DeliveryContract, scale: Scale) -> str:
    answered, total = sql.name(f"{scale.id}__answered"), sql.name(f"{scale.id}__total")
    asked = _asked(contract, scale.stages)
    if scale.method == "sum_of_scales":
        # NULL as soon as one part is NULL.
        value, there = " + ".join(sql.name(score_column(part)) for part in scale.scales), ""
    elif scale.method == "prorated_sum":
        # floor(0.5 + n * total / answered), in one division of whole numbers: halves go up, always.
        n = len(scale.items)
        value = f"floor((2 * {n} * {total} + {answered}) / nullif(2.0 * {answered}, 0))"
        there = f"{answered} >= {scale.minimum_answered}"
    else:
        value, there = total, f"{answered} = {len(scale.items)}"
    kind = "integer"
    if scale.conversion:
        branches = " ".join(f"when {raw} then {score:.2f}" for raw, score in sorted(scale.conversion.items()))
        value, kind = f"case {total} {branches} end", "decimal(9, 2)"
    elif _is_decimal(catalogue, scale):
        kind = "decimal(9, 2)"
    conditions = " and ".join(part for part in (there, asked) if part)
    guarded = f"case when {conditions} then {value} end" if conditions else value
    return f"cast({guarded} as {kind}) as {sql.name(score_column(scale.id))}"


def _is_decimal(catalogue: Catalogue, scale: Scale) -> bool:
    """Whether the scale, or a scale that it adds up, is converted."""
    return bool(scale.conversion) or any(
        _is_decimal(catalogue, catalogue.scales[part]) for part in scale.scales
    )


def _bands(scale: Scale) -> list[str]:
    score = sql.name(score_column(scale.id))
    return [
        "case "
        + " ".join(
            f"when {score} between {sql.number(band.low)} and {sql.number(band.high)} "
            f"then {sql.text(band.label)}"
            for band in scheme.bands
        )
        + f" end as {sql.name(f'{scale.id}__{scheme.id}')}"
        for scheme in scale.band_schemes
    ]


def _asked(contract: DeliveryContract, stages: tuple[str, ...]) -> str:
    """The condition that this pupil's stage is among those the measure is for; empty if it is for all."""
    if not stages:
        return ""
    stage = survey_of(contract).stage
    if stage is None:
        raise ContractError(
            "A measure is limited to stages, but the survey names no stage column", where=str(contract.path)
        )
    return sql.among(contract.column(stage), stages)


def _indicator(catalogue: Catalogue, contract: DeliveryContract, indicator: Indicator) -> str:
    if indicator.mean_of is not None:
        value = f"cast({sql.name(score_column(indicator.mean_of))} * 100 as integer)"
    else:
        assert indicator.when is not None  # noqa: S101  (the model guarantees one of the two)
        value = _condition(catalogue, contract, indicator.when)
    asked = _asked(contract, indicator.stages)
    if asked:
        value = f"case when {asked} then {value} end"
    return f"{value} as {sql.name(answer_column(indicator.id))}"


def _condition(catalogue: Catalogue, contract: DeliveryContract, when: When) -> str:
    """1 where it holds, 0 where it was answered and does not hold, NULL where there is no valid answer."""
    if when.item is not None:
        column = contract.column(when.item)
        return _of_item(column, when)
    score = sql.name(score_column(str(when.scale)))
    if when.at_least is not None:
        return _yes_or_no(f"{score} >= {sql.number(when.at_least)}", f"{score} is not null")
    scheme = catalogue.scales[str(when.scale)].bands(str(when.scheme))
    chosen = [band for band in scheme.bands if band.label in when.bands]
    inside = " or ".join(
        f"{score} between {sql.number(band.low)} and {sql.number(band.high)}" for band in chosen
    )
    return _yes_or_no(inside, f"{score} is not null")


def _of_item(column: Column, when: When) -> str:
    name = sql.name(column.name)
    valid = [item for item in column.codes or {} if item not in column.missing]
    if when.at_least is not None:
        if not valid:
            return _yes_or_no(f"{name} >= {sql.number(when.at_least)}", f"{name} is not null")
        yes = [item for item in valid if float(item) >= when.at_least]
    else:
        yes = list(when.codes)
    no = [item for item in valid if item not in yes]
    otherwise = sql.among(column, no) if no else f"{name} is not null"
    return _yes_or_no(sql.among(column, yes) if yes else "", otherwise)


def _yes_or_no(yes: str, no: str) -> str:
    """1 or 0, in the narrowest type: pupils are sorted with all their indicators before they are summed."""
    positive = f"when {yes} then cast(1 as tinyint) " if yes else ""
    return f"case {positive}when {no} then cast(0 as tinyint) end"
