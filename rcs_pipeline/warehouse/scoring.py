"""Scores and bands as columns on the pupil table.

Belongs here: the expression of every scale and band of one instrument, and the model that holds them.
Does not belong here: conditions of indicators (see `conditions`), what bands are relative to (see `norms`),
anything that adds pupils up.

A score is a whole number; one with two places where a conversion table gives it; a fraction where the
scale is a mean or is not rounded. An indicator is 0, 1 or NULL, or whole parts of a score where a mean is
published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.measure_checks import is_converted, is_whole, score_bounds
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.warehouse import conditions, norms, sql
from rcs_pipeline.warehouse.columns import answer_column, band_column, score_column
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.templates import render


@dataclass(frozen=True)
class Layer:
    """Columns that need those of the layer before."""

    name: str
    columns: tuple[str, ...]


def scored_model(catalogue: Catalogue, contract: DeliveryContract, source: str) -> str:
    """The text of the model with every score and indicator of the contract's instrument."""
    instrument = survey_of(contract).instrument
    scales = catalogue.scales_of(instrument)
    layers = score_layers(catalogue, contract, scales)
    layers.append(Layer("banded", tuple(band for scale in scales for band in _bands(scale))))
    return render(
        "scored.sql.j2", source, dataset=contract.dataset,
        layers=[layer for layer in layers if layer.columns],
        indicators=[
            conditions.indicator_value(catalogue, contract, item) + f" as {sql.name(answer_column(item.id))}"
            for item in catalogue.indicators_of(instrument)
        ],
        norms=norms.norms_of(catalogue, contract),
    )  # fmt: skip


def norms_models(catalogue: Catalogue, contract: DeliveryContract, source: str) -> dict[str, str]:
    """The models of what relative bands are relative to: name -> text."""
    models = {}
    for norm in norms.norms_of(catalogue, contract):
        scales = tuple({scale.id: scale for scale in _with_parts(catalogue, norm.scale)}.values())
        layers = [layer for layer in score_layers(catalogue, contract, scales) if layer.columns]
        models[norm.model] = norms.norm_model(norm, contract, layers, source)
    return models


def score_layers(catalogue: Catalogue, contract: DeliveryContract, scales: tuple[Scale, ...]) -> list[Layer]:
    """The columns of the given scales' scores, each layer on top of the one before."""
    answered = [part for scale in scales if scale.items for part in _parts(contract, scale)]
    layers = [Layer("answered", tuple(answered))]
    depths = {scale.id: _depth(catalogue, scale) for scale in scales}
    for depth in range(1 + max(depths.values(), default=-1)):
        level = [scale for scale in scales if depths[scale.id] == depth]
        layers.append(Layer(f"scores_{depth}", tuple(_score(catalogue, contract, scale) for scale in level)))
    return layers


def score_bound(scale: Scale, catalogue: Catalogue) -> float:
    """The largest score that the scale can give."""
    return score_bounds(scale, catalogue.scales)[1]


def _with_parts(catalogue: Catalogue, scale: Scale) -> Iterable[Scale]:
    """The scale and every scale below it."""
    for part in scale.scales:
        yield from _with_parts(catalogue, catalogue.scales[part])
    yield scale


def _depth(catalogue: Catalogue, scale: Scale) -> int:
    """How many scales stand below this one."""
    return 0 if scale.items else 1 + max(_depth(catalogue, catalogue.scales[part]) for part in scale.scales)


def _parts(contract: DeliveryContract, scale: Scale) -> tuple[str, str]:
    """How many items were answered, and the sum of their points."""
    answered, values = zip(*(_points(contract, scale, name) for name in scale.items), strict=True)
    joined = "\n            + "
    return (
        f"(\n            {joined.join(answered)}\n        ) as {sql.name(scale.id + '__answered')}",
        f"(\n            {joined.join(values)}\n        ) as {sql.name(scale.id + '__total')}",
    )


def _points(contract: DeliveryContract, scale: Scale, name: str) -> tuple[str, str]:
    """Whether an item was answered (1 or 0), and its points (0 where not), reversed where need be."""
    column = contract.column(name)
    points = scale.points.get(name)
    if not any(_counts(scale, points, code) for code in column.missing):
        column = conditions.sent(column)
    item = sql.name(column.name)
    if points is not None:
        worth = " ".join(f"when {sql.code(column, code)} then {value}" for code, value in points.items())
        return f"case when {sql.among(column, points)} then 1 else 0 end", f"case {item} {worth} else 0 end"
    valid = f"{item} between {scale.item_minimum} and {scale.item_maximum}"
    turned = scale.item_minimum + scale.item_maximum
    value = f"{turned} - {item}" if name in scale.reversed_items else item
    return f"case when {valid} then 1 else 0 end", f"case when {valid} then {value} else 0 end"


def _counts(scale: Scale, points: dict[str, int] | None, code: str) -> bool:
    """Whether the code stands for points."""
    if points is not None:
        return code in points
    return scale.item_minimum <= float(code) <= scale.item_maximum


def _score(catalogue: Catalogue, contract: DeliveryContract, scale: Scale) -> str:
    answered, total = sql.name(f"{scale.id}__answered"), sql.name(f"{scale.id}__total")
    n, there, kind = len(scale.items), f"{answered} >= {scale.minimum_answered}", "integer"
    if scale.method == "sum_of_scales":
        # NULL as soon as one part is NULL.
        value, there = " + ".join(sql.name(score_column(part)) for part in scale.scales), ""
        kind = "integer" if is_whole(scale, catalogue.scales) else "double"
    elif scale.method == "prorated_sum" and scale.rounding == "half_up":
        # floor(0.5 + n * total / answered), in one division of whole numbers: halves go up, always.
        value = f"floor((2 * {n} * {total} + {answered}) / nullif(2.0 * {answered}, 0))"
    elif scale.method in ("prorated_sum", "mean"):
        times = f"{n}.0 * " if scale.method == "prorated_sum" else "1.0 * "
        value, kind = f"{times}{total} / nullif({answered}, 0)", "double"
    else:
        value, there = total, f"{answered} = {n}"
    if scale.conversion:
        branches = " ".join(f"when {raw} then {score:.2f}" for raw, score in sorted(scale.conversion.items()))
        value, kind = f"case {total} {branches} end", "decimal(9, 2)"
    elif is_converted(scale, catalogue.scales):
        kind = "decimal(9, 2)"
    guards = [there, conditions.asked(contract, scale.stages)]
    guard = " and ".join(part for part in guards if part)
    guarded = f"case when {guard} then {value} end" if guard else value
    return f"cast({guarded} as {kind}) as {sql.name(score_column(scale.id))}"


def _bands(scale: Scale) -> Iterable[str]:
    score = sql.name(score_column(scale.id))
    for scheme in scale.band_schemes:
        if scheme.relative is not None:
            value = norms.relative_band(scale, scheme)
        else:
            value = " ".join(
                f"when {score} between {sql.number(band.low or 0)} and {sql.number(band.high or 0)} "
                f"then {sql.text(band.label)}"
                for band in scheme.bands
            )
        yield f"case {value} end as {sql.name(band_column(scale.id, scheme.id))}"
