"""Measures against the contracts they stand on: items, codes, stages, forms, waves and bands.

Belongs here: what can be wrong between a measure, its scales and its delivery contract.
Does not belong here: what can be wrong within one entry (see `scales`, `measures`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.lookup import named
from rcs_pipeline.contracts.measures import EVERY_WAVE, Indicator, When
from rcs_pipeline.contracts.quality import Battery
from rcs_pipeline.contracts.scales import Scale

Scales = Mapping[str, Scale]


def check_scale(scale: Scale, scales: Scales, contract: DeliveryContract) -> None:
    """Refuse a scale that does not fit its items, its parts or its bands.

    Raises:
        ContractError: names the scale, and what does not fit.
    """
    where = f"scale {scale.id}"
    for item in scale.items:
        _check_item(scale, contract.stored_column(item), where)
    for part in scale.scales:
        if named(scales, part, "scale", where).instrument != scale.instrument:
            raise ContractError(f"`{part}` is a scale of another instrument", where=where)
    _check_asked(contract, scale.stages, (), where)
    _check_circle(scale, scales, where)
    for scheme in scale.band_schemes:
        for name in scheme.relative.within if scheme.relative else ():
            contract.stored_column(name)
        if scheme.relative is None and is_whole(scale, scales):
            low, high = score_bounds(scale, scales)
            covered = {
                score for band in scheme.bands for score in range(int(band.low or 0), int(band.high or 0) + 1)
            }
            if covered != set(range(int(low), int(high) + 1)):
                raise ContractError(
                    f"The bands of `{scheme.id}` do not cover the scores of the scale",
                    where=where,
                    expected=f"every whole score from {low:g} to {high:g}, and no other",
                )


def check_indicator(
    indicator: Indicator, scales: Scales, contract: DeliveryContract, waves: Iterable[str]
) -> None:
    """Refuse an indicator that names what is not there.

    Raises:
        ContractError: names the indicator, and what is not there.
    """
    where = f"indicator {indicator.id}"
    _check_asked(contract, indicator.stages, indicator.versions, where)
    for item in indicator.breaks:
        if item.wave != EVERY_WAVE:
            named(dict.fromkeys(waves), item.wave, "wave", where)
    for name in indicator.scales:
        if named(scales, name, "scale", where).instrument != indicator.instrument:
            raise ContractError(f"`{name}` is a scale of another instrument", where=where)
    for leaf in indicator.when.leaves() if indicator.when else ():
        _check_leaf(leaf, scales, contract, where)


def check_battery(battery: Battery, scales: Scales, contract: DeliveryContract) -> None:
    """Refuse a battery in which one and the same answer throughout could be meant.

    Raises:
        ContractError: names the battery, and what does not fit.
    """
    where = f"battery {battery.id}"
    valid = {}
    for name in battery.items:
        column = contract.stored_column(name)
        if not column.numeric:
            raise ContractError(f"The item `{name}` holds no numbers", where=where)
        valid[name] = {code for code in column.codes or {} if code not in column.missing}
    if len({frozenset(codes) for codes in valid.values()}) > 1:
        raise ContractError("Its items do not have the same answers to choose from", where=where)
    turned = {
        item
        for scale in scales.values()
        if scale.instrument == battery.instrument
        for item in scale.reversed_items
    }
    if not turned & set(battery.items) or turned >= set(battery.items):
        raise ContractError(
            "Its items all point the same way, so the same answer to all of them may be meant",
            where=where,
            expected="some items that a scale names in `reversed_items`, and some that it does not",
        )


def score_bounds(scale: Scale, scales: Scales) -> tuple[float, float]:
    """The smallest and the largest score that the scale can give."""
    if scale.conversion:
        return min(scale.conversion.values()), max(scale.conversion.values())
    if scale.scales:
        parts = [score_bounds(scales[part], scales) for part in scale.scales]
        return sum(low for low, _ in parts), sum(high for _, high in parts)
    low, high = scale.raw_bounds
    return (low / len(scale.items), high / len(scale.items)) if scale.method == "mean" else (low, high)


def is_whole(scale: Scale, scales: Scales) -> bool:
    """Whether every score of the scale is a whole number."""
    return scale.whole and all(is_whole(scales[part], scales) for part in scale.scales)


def is_converted(scale: Scale, scales: Scales) -> bool:
    """Whether every score has two places at most, some of them from a conversion table."""
    if not scale.scales:
        return bool(scale.conversion)
    parts = [scales[part] for part in scale.scales]
    return not is_whole(scale, scales) and all(
        is_whole(part, scales) or is_converted(part, scales) for part in parts
    )


def _check_item(scale: Scale, column: Column, where: str) -> None:
    if not column.numeric:
        raise ContractError(f"The item `{column.name}` holds no numbers", where=where)
    valid = [code for code in column.codes or {} if code not in column.missing]
    points = scale.points.get(column.name)
    if points is not None:
        missed = sorted(set(valid) ^ set(points)) if valid else []
        if missed:
            raise ContractError(
                f"`points` of `{column.name}` and its codes differ in {', '.join(missed)}", where=where
            )
        return
    outside = [code for code in valid if not scale.item_minimum <= float(code) <= scale.item_maximum]
    if outside:
        raise ContractError(
            f"`{column.name}` has the code {', '.join(outside)}", where=where,
            expected=f"codes from {scale.item_minimum} to {scale.item_maximum}, or codes of missing answers",
            todo="Correct `item_minimum` and `item_maximum`, give `points`, or name it among the missing.",
        )  # fmt: skip


def _check_circle(scale: Scale, scales: Scales, where: str) -> None:
    below, seen = list(scale.scales), set()
    while below:
        part = below.pop()
        if part == scale.id:
            raise ContractError("The scale is a part of itself", where=where)
        if part not in seen and part in scales:
            seen.add(part)
            below.extend(scales[part].scales)


def _check_asked(
    contract: DeliveryContract, stages: tuple[str, ...], versions: tuple[str, ...], where: str
) -> None:
    """Stages and forms of the questionnaire are those of the survey."""
    survey = contract.survey
    for noun, wanted, column, known in (
        ("stage", stages, survey.stage if survey else None, survey.stages if survey else ()),
        ("form of the questionnaire", versions, survey.version if survey else None, ()),
    ):
        if not wanted:
            continue
        if column is None:
            raise ContractError(
                f"The measure is limited to a {noun}, but the survey names no column for it", where=where
            )
        codes = set(known) or set(contract.column(column).codes or {})
        stray = [item for item in wanted if item not in codes]
        if stray:
            raise ContractError(
                f"There is no {noun} {', '.join(stray)}", where=where, expected=", ".join(sorted(codes))
            )


def _check_leaf(when: When, scales: Scales, contract: DeliveryContract, where: str) -> None:
    if when.item is not None:
        column = contract.stored_column(when.item)
        stray = [code for code in when.codes if column.codes is not None and code not in column.codes]
        if stray:
            raise ContractError(f"`{when.item}` has no code {', '.join(stray)}", where=where)
    if when.scale is None or when.scheme is None:
        return
    try:
        labels = {band.label for band in scales[when.scale].bands(when.scheme).bands}
    except KeyError as error:
        raise ContractError(f"`{when.scale}` has no band scheme `{when.scheme}`", where=where) from error
    if not set(when.bands) <= labels:
        raise ContractError(
            f"Unknown band among {', '.join(when.bands)}", where=where, expected=", ".join(sorted(labels))
        )
