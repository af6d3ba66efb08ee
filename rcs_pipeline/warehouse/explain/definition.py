"""What an indicator counts, in words: its condition, the items and scales behind it, their cut-points.

Belongs here: sentences made from the measures, with item codes and the labels of their answers.
Does not belong here: SQL (see `conditions`), item wording (nowhere in this project).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.measures import Indicator, When
from rcs_pipeline.contracts.scales import BandScheme, Scale


@dataclass(frozen=True)
class Definition:
    """`relative`: some cut-points depend on everybody scored in the wave, not on this place alone."""

    id: str
    title: str
    description: str
    kind: str
    polarity: str
    condition: str
    items: tuple[str, ...]
    scales: tuple[str, ...]
    versions: tuple[str, ...]
    stages: tuple[str, ...]
    forms: tuple[str, ...]
    relative: bool


def define(catalogue: Catalogue, indicator: Indicator) -> Definition:
    """An indicator in words."""
    contract = catalogue.instrument(indicator.instrument)
    scales = [catalogue.scales[name] for name in _with_parts(catalogue, indicator.scales)]
    schemes = _schemes(catalogue, indicator)
    condition = _words(catalogue, contract, indicator.when) if indicator.when else ""
    if indicator.mean_of:
        condition = f"the mean score of {indicator.mean_of}"
    return Definition(
        id=indicator.id,
        title=indicator.title,
        description=" ".join(indicator.description.split()),
        kind=indicator.kind,
        polarity=indicator.polarity.value,
        condition=condition,
        items=items_of(catalogue, indicator),
        scales=tuple(f"{scale.id}: {scale.title}, {scale.rule}" for scale in scales),
        versions=tuple(f"{scheme.id}, version {scheme.version}" for scheme in schemes),
        stages=indicator.stages,
        forms=indicator.versions,
        relative=any(scheme.relative for scheme in schemes),
    )


def items_of(catalogue: Catalogue, indicator: Indicator) -> tuple[str, ...]:
    """The items that the indicator rests on, directly or through scales, each once."""
    leaves = indicator.when.leaves() if indicator.when else ()
    direct = [leaf.item for leaf in leaves if leaf.item is not None]
    scaled = [
        item for name in _with_parts(catalogue, indicator.scales) for item in catalogue.scales[name].items
    ]
    return tuple(dict.fromkeys([*direct, *scaled]))


def _with_parts(catalogue: Catalogue, names: Iterable[str]) -> tuple[str, ...]:
    """The scales, each after the scales that it is the sum of."""
    found: dict[str, None] = {}
    for name in names:
        scale: Scale = catalogue.scales[name]
        found.update(dict.fromkeys((*_with_parts(catalogue, scale.scales), name)))
    return tuple(found)


def _schemes(catalogue: Catalogue, indicator: Indicator) -> tuple[BandScheme, ...]:
    leaves = indicator.when.leaves() if indicator.when else ()
    used = [(leaf.scale, leaf.scheme) for leaf in leaves if leaf.scale and leaf.scheme]
    return tuple(catalogue.scales[scale].bands(scheme) for scale, scheme in dict.fromkeys(used))


def _words(catalogue: Catalogue, contract: DeliveryContract, when: When) -> str:
    if when.negated is not None:
        return f"not ({_words(catalogue, contract, when.negated)})"
    if when.parts:
        joined = " or " if when.any_of else " and "
        told = joined.join(f"({_words(catalogue, contract, part)})" for part in when.parts)
        return f"{told}, as far as the answers there are decide it" if when.answered == "enough" else told
    if when.item is not None:
        column = contract.column(when.item)
        if when.at_least is not None:
            return f"{when.item} is {when.at_least:g} or more"
        return f"{when.item} is {' or '.join(_code(column, code) for code in when.codes)}"
    if when.at_least is not None:
        return f"the score of {when.scale} is {when.at_least:g} or more"
    scheme = catalogue.scales[str(when.scale)].bands(str(when.scheme))
    bands = [_band(scheme, label) for label in when.bands]
    return f"the score of {when.scale} is {' or '.join(bands)} by {when.scheme}"


def _code(column: Column, code: str) -> str:
    label = (column.codes or {}).get(code)
    return f"{code} ({label})" if label else code


def _band(scheme: BandScheme, label: str) -> str:
    band = next(item for item in scheme.bands if item.label == label)
    if scheme.relative is None:
        return f"{label} ({band.low:g} to {band.high:g})"
    to = "standard deviations from the mean" if scheme.relative.to == "average" else "of the pupils below"
    return f"{label} (from {band.low:g} {to})" if band.low is not None else label
