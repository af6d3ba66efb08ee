"""The figures of a scenario: every number that somebody assumed, in one list, and draws from their ranges.

Belongs here: naming them, turning unit costs into the scenario's prices, seeded draws.
Does not belong here: what follows from them (see `flows`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.reference import Reference
from rcs_pipeline.contracts.scenario import SHARES, Assumption, Effect, Move, Scenario, ScenarioCost

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One assumed number: where it stands in the scenario, its limits, its ground and its grade."""

    name: str
    label: str
    unit: str
    value: float
    low: float
    high: float
    shape: str
    source: str
    grade: int
    judgement: bool = False

    @property
    def ranged(self) -> bool:
        """Whether it is more than one number."""
        return self.low < self.high


def figures_of(scenario: Scenario, reference: Reference, spends: dict[str, Figure]) -> tuple[Figure, ...]:
    """Every figure that the scenario stands on, in the order of its file.

    Args:
        spends: move id -> the spend of which a per cent is moved, where the map says it.
    """
    found: list[Figure] = []
    for move in scenario.moves:
        found += _of_move(move, spends)
    found += [_cost(item, scenario, reference) for item in scenario.unit_costs]
    for effect in scenario.effects:
        found += _of_effect(effect)
    return tuple(found)


def _of_move(move: Move, spends: dict[str, Figure]) -> Iterator[Figure]:
    head, label = f"moves.{move.id}", move.target.label
    if move.amount.pounds is not None:
        yield _figure(f"{head}.pounds", f"Moved to {label} in a full year", "£", move.amount.pounds)
    if move.amount.percent is not None and move.source is not None:
        yield _figure(f"{head}.percent", f"Per cent of {move.source.label} moved", "%", move.amount.percent)
        if isinstance(move.amount.of, Assumption):
            yield _figure(f"{head}.of", f"Spend on {move.source.label} in a year", "£", move.amount.of)
        else:
            yield spends[move.id]
    if move.released is not None and move.source is not None:
        freed = f"{move.source.label}: "
        yield _figure(
            f"{head}.released", f"{freed}share of the money that is given up", "share", move.released.share
        )
        yield _figure(f"{head}.lag", f"{freed}years until it is given up", "years", move.released.lag)
    for number, item in enumerate(move.one_off, start=1):
        yield _figure(f"{head}.one_off_{number}", item.label, "£", item.pounds)


def _of_effect(effect: Effect) -> Iterator[Figure]:
    head, label = f"effects.{effect.id}", effect.label
    if effect.reach is not None:
        yield _figure(f"{head}.reach", f"{label}: children reached in a full year", "children", effect.reach)
    if effect.cost_per_child is not None:
        yield _figure(
            f"{head}.cost_per_child", f"{label}: cost of a child reached", "£", effect.cost_per_child
        )
    for name in SHARES:
        yield _figure(f"{head}.{name}", f"{label}: {WORDS[name]}", "share", getattr(effect, name))
    yield _figure(f"{head}.lag", f"{label}: years until it begins", "years", effect.lag)
    yield _figure(f"{head}.duration", f"{label}: years that it lasts", "years", effect.duration)
    yield _figure(f"{head}.quantity", f"{label}: units a child and year", "units", effect.unit.quantity)


WORDS = {
    "need": "of them with the need",
    "engagement": "of those who engage",
    "retention": "of those who stay",
    "success": "of those for whom it works",
    "deadweight": "that would have come about anyway",
    "drop_off": "of the effect lost with every further year",
    "cashable": "of the value that becomes money to spend",
}


def _figure(name: str, label: str, unit: str, given: Assumption) -> Figure:
    return Figure(
        name, label, unit, given.value, given.least, given.most, given.shape, given.source, given.grade,
        given.judgement,
    )  # fmt: skip


def _cost(item: ScenarioCost, scenario: Scenario, reference: Reference) -> Figure:
    name = f"unit_costs.{item.id}"
    if item.stated is not None:
        factor = reference.factor(item.price_year or scenario.price_year, scenario.price_year)
        given = item.stated
        return Figure(
            name, item.label, "£", given.value * factor, given.least * factor, given.most * factor,
            given.shape, given.source, given.grade,
        )  # fmt: skip
    known = reference.unit_cost(item.reference or "")
    source = reference.sources[known.source]
    value = reference.cost_of(known.id, item.period or "", scenario.price_year)
    ground = f"{source.title} ({source.publisher}), {known.indicator}, {item.period}, {source.licence}."
    return Figure(
        name, f"{known.label}, per {known.per}", "£",
        value, value * (item.low or 1), value * (item.high or 1), "triangular",
        " ".join(part for part in (ground, known.caveat, item.why) if part), known.grade,
    )  # fmt: skip


def drawn(figure: Figure, draws: int, seed: int) -> Numbers:
    """Draws from the range of a figure.

    A figure draws from a stream of its own, named after it: adding another assumption changes none of these.
    """
    import numpy as np

    if not figure.ranged:
        return np.full(draws, figure.value)
    name = int.from_bytes(hashlib.sha256(figure.name.encode()).digest()[:8], "big")
    chance = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name]))).random(draws)
    width = figure.high - figure.low
    if figure.shape == "uniform":
        return figure.low + chance * width
    # The inverse of the triangular distribution, whose peak is the stated value.
    peak = (figure.value - figure.low) / width
    rising = figure.low + np.sqrt(chance * width * (figure.value - figure.low))
    falling = figure.high - np.sqrt((1 - chance) * width * (figure.high - figure.value))
    return np.where(chance < peak, rising, falling)
