"""What a scenario costs and saves in every year, for one set of figures or for thousands at once.

Belongs here: the chain from money to children to outcomes to pounds, corrected for optimism.
Does not belong here: discounting and summing up (see `appraise`), the figures themselves (see `figures`).

Arrays have a line for each draw and a column for each year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.appraisal import Appraisal
from rcs_pipeline.contracts.scenario import Effect, Move, Scenario

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


class Kind(StrEnum):
    """What a flow of money is."""

    SPENT = "spent"
    ONE_OFF = "one_off"
    RELEASED = "released"
    SAVED = "saved"
    LOST = "lost"


COSTS = (Kind.SPENT, Kind.ONE_OFF, Kind.LOST)


@dataclass(frozen=True)
class Flow:
    """One stream of money, corrected for optimism. `amounts` are above nothing for costs as for savings."""

    name: str
    label: str
    kind: Kind
    cashable: bool
    value: str
    shares: dict[str, float]
    correction: float
    amounts: Numbers

    @property
    def is_cost(self) -> bool:
        """Whether it is paid rather than gained."""
        return self.kind in COSTS


def flows_of(
    scenario: Scenario, rules: Appraisal, numbers: Mapping[str, Numbers], grades: Mapping[str, int]
) -> tuple[Flow, ...]:
    """Every stream of money of the scenario.

    Args:
        numbers: figure name -> its value in every draw.
        grades: figure name -> its grade of confidence.
    """
    amounts = {move.id: _amount(move, numbers) for move in scenario.moves}
    found: list[Flow] = []
    for move in scenario.moves:
        found += _of_move(move, rules, amounts[move.id], numbers, grades)
    moves = {move.id: move for move in scenario.moves}
    for effect in scenario.effects:
        found += _of_effect(effect, moves[effect.move], rules, amounts[effect.move], numbers, grades)
    return tuple(found)


def _amount(move: Move, numbers: Mapping[str, Numbers]) -> Numbers:
    head = f"moves.{move.id}"
    if move.amount.pounds is not None:
        return numbers[f"{head}.pounds"]
    return numbers[f"{head}.percent"] / 100 * numbers[f"{head}.of"]


def _of_move(
    move: Move, rules: Appraisal, amount: Numbers, numbers: Mapping[str, Numbers], grades: Mapping[str, int]
) -> list[Flow]:
    import numpy as np

    head = f"moves.{move.id}"
    phase = np.array([move.years.share(year) for year in range(rules.years)])
    moved = [name for name in (f"{head}.pounds", f"{head}.percent", f"{head}.of") if name in grades]
    label = f"Spent on {move.target.label}"
    worst = rules.correction(max(grades[name] for name in moved))
    found = [_flow(head, label, Kind.SPENT, move.paid_by, worst, amount[:, None] * phase)]
    for number, item in enumerate(move.one_off, start=1):
        name = f"{head}.one_off_{number}"
        year = np.arange(rules.years) == item.year
        found.append(
            _flow(name, item.label, Kind.ONE_OFF, item.paid_by, rules.correction(grades[name]),
                  numbers[name][:, None] * year)
        )  # fmt: skip
    if move.source is not None:
        name = f"{head}.released"
        since = np.arange(rules.years) - move.years.first + 1
        # A lag of a year and a half gives up nothing in the first year and half of it in the second.
        given_up = np.clip(since - numbers[f"{head}.lag"][:, None], 0, 1)
        freed = (amount * numbers[name])[:, None] * phase * given_up
        worst = rules.correction(max(grades[item] for item in (*moved, name, f"{head}.lag")))
        found.append(
            _flow(name, f"Given up by {move.source.label}", Kind.RELEASED, move.released_to or move.paid_by,
                  worst, freed)
        )  # fmt: skip
    return found


def children_with_outcome(effect: Effect, amount: Numbers, numbers: Mapping[str, Numbers]) -> Numbers:
    """How many children have the outcome who would not have had it, of those reached in a full year."""
    import numpy as np

    def of(name: str) -> Numbers:
        return numbers[f"effects.{effect.id}.{name}"]

    reached = of("reach") if effect.reach is not None else amount / of("cost_per_child")
    served = reached * of("need") * of("engagement") * of("retention")
    if effect.deadweight_of == "participants":
        return served * np.maximum(of("success") - of("deadweight"), 0)
    return served * of("success") * (1 - of("deadweight"))


def _of_effect(
    effect: Effect, move: Move, rules: Appraisal, amount: Numbers, numbers: Mapping[str, Numbers],
    grades: Mapping[str, int],
) -> list[Flow]:  # fmt: skip
    import numpy as np

    head = f"effects.{effect.id}"
    cost, instead = (
        f"unit_costs.{name}" if name else None for name in (effect.unit.cost, effect.unit.instead)
    )
    unit = numbers[str(cost)] - (numbers[instead] if instead else 0)
    worth = children_with_outcome(effect, amount, numbers) * unit * numbers[f"{head}.quantity"]
    total = np.zeros((len(worth), rules.years))
    for reached in range(move.years.first, min(move.years.last, rules.years - 1) + 1):
        later = np.arange(rules.years, dtype=np.float64) - reached
        total += move.years.share(reached) * worth[:, None] * _presence(later, effect, numbers)
    own = [name for name in grades if name.startswith(f"{head}.")]
    amounts = [name for name in grades if name.startswith(f"moves.{move.id}.") and not _aside(name)]
    used = [*own, *(name for name in (cost, instead) if name), *(amounts if effect.reach is None else [])]
    worst = rules.correction(max(grades[name] for name in used))
    kind = Kind.SAVED if effect.direction == "saving" else Kind.LOST
    cash = numbers[f"{head}.cashable"][:, None]
    parts = ((True, total * cash), (False, total * (1 - cash)))
    return [
        _flow(head, effect.label, kind, effect.accrues_to, worst, part, cashable=cashable, value=effect.value)
        for cashable, part in parts
        if part.any()
    ]


def _aside(name: str) -> bool:
    """Whether a figure of a move says nothing about its amount."""
    return name.rpartition(".")[2].startswith(("released", "lag", "one_off"))


def _presence(later: Numbers, effect: Effect, numbers: Mapping[str, Numbers]) -> Numbers:
    """How much of the effect is there so many years after a child was reached."""
    import numpy as np

    lag = numbers[f"effects.{effect.id}.lag"][:, None]
    lasts = numbers[f"effects.{effect.id}.duration"][:, None]
    lost = numbers[f"effects.{effect.id}.drop_off"][:, None]
    there = np.clip(later + 1 - lag, 0, 1) - np.clip(later + 1 - lag - lasts, 0, 1)
    return there * (1 - lost) ** np.maximum(later - lag, 0)


def _flow(
    name: str, label: str, kind: Kind, shares: dict[str, float], correction: float, amounts: Numbers, *,
    cashable: bool = True, value: str = "fiscal",
) -> Flow:  # fmt: skip
    sign = 1 if kind in COSTS else -1
    return Flow(name, label, kind, cashable, value, shares, correction, amounts * (1 + sign * correction))
