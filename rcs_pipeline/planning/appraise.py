"""A scenario appraised: what it costs and saves over each horizon, how sure that is, and what it hangs on.

Belongs here: discounting, net present value, payback, the interval, sensitivity, who pays and who gains.
Does not belong here: the yearly flows (see `flows`), printing (see `scenario_text`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.appraisal import Appraisal, Horizon
from rcs_pipeline.contracts.scenario import Scenario
from rcs_pipeline.planning.figures import Figure, drawn
from rcs_pipeline.planning.flows import Flow, Kind, flows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Work = Callable[[dict[str, Numbers]], tuple[Flow, ...]]

HALVINGS = 60


@dataclass(frozen=True)
class Interval:
    """Between what limits the draws lie, and how many of them are above nothing."""

    lower: float
    median: float
    upper: float
    above_nothing: float


@dataclass(frozen=True)
class HorizonResult:
    """One horizon, discounted. `uncorrected` is the net present value without the optimism correction."""

    id: str
    label: str
    years: int
    cost: float
    released: float
    saved_cashable: float
    saved_not_cashable: float
    net_present_value: float
    net_cashable: float
    uncorrected: float
    ratio: float | None
    interval: Interval
    interval_cashable: Interval


@dataclass(frozen=True)
class YearResult:
    """One year, before and after discounting. Amounts of the whole year, not added up over years."""

    year: int
    factor: float
    cost: float
    released: float
    saved_cashable: float
    saved_not_cashable: float
    net: float
    discounted: float


@dataclass(frozen=True)
class OrganisationResult:
    """What one organisation pays and gains over a horizon, discounted."""

    horizon: str
    organisation: str
    pays: float
    released: float
    gains_cashable: float
    gains_not_cashable: float
    net: float


@dataclass(frozen=True)
class Sensitivity:
    """The net present value where one figure alone takes its lowest and its highest value.

    `turns_at` is the value at which it is nothing, where that lies between the two.
    """

    figure: str
    label: str
    low: float
    high: float
    net_at_low: float
    net_at_high: float
    swing: float
    turns_at: float | None


@dataclass(frozen=True)
class Result:
    """A scenario with everything that follows from it, and every figure that it stands on."""

    scenario: Scenario
    rules: Appraisal
    figures: tuple[Figure, ...]
    horizons: tuple[HorizonResult, ...]
    years: tuple[YearResult, ...]
    organisations: tuple[OrganisationResult, ...]
    sensitivity: tuple[Sensitivity, ...]
    flows: tuple[Flow, ...]
    payback_year: int | None
    payback_cashable_year: int | None
    draws: int
    seed: int


def net_present_value(net: Sequence[float], factors: Sequence[float]) -> float:
    """The sum of yearly amounts, each worth what its year is worth in year 0."""
    return sum(amount * factor for amount, factor in zip(net, factors, strict=True))


def payback(discounted: Sequence[float]) -> int | None:
    """The first year from which on the sum so far is never again below nothing; None where there is none.

    None too where nothing was ever laid out: there is nothing to pay back.
    """
    total, year, laid_out = 0.0, None, False
    for place, amount in enumerate(discounted):
        total += amount
        laid_out = laid_out or total < 0
        if total < -1e-9:
            year = None
        elif year is None:
            year = place
    return year if laid_out else None


def appraise(
    scenario: Scenario, rules: Appraisal, figures: tuple[Figure, ...], *, draws: int | None = None,
    seed: int | None = None,
) -> Result:  # fmt: skip
    """The result of a scenario: the stated values, and draws from the stated ranges."""
    import numpy as np

    draws = rules.simulation.draws if draws is None else draws
    seed = rules.simulation.seed if seed is None else seed
    grades = {item.name: item.grade for item in figures}
    work = partial(flows_of, scenario, rules, grades=grades)
    factors = np.array(rules.schedule(scenario.discounting).factors(rules.years))
    central = work({item.name: np.array([item.value]) for item in figures})
    simulated = work({item.name: drawn(item, draws, seed) for item in figures})
    trusting = flows_of(
        scenario, rules, {item.name: np.array([item.value]) for item in figures}, dict.fromkeys(grades, 1)
    )
    discounted, cash = (_net(central, cash_only=only)[0] * factors for only in (False, True))
    return Result(
        scenario=scenario, rules=rules, figures=figures,
        horizons=tuple(
            _horizon(item, rules, central, simulated, trusting, factors) for item in rules.horizons
        ),
        years=tuple(_year(year, central, factors) for year in range(rules.years)),
        organisations=tuple(
            line for item in rules.horizons for line in _organisations(item, rules, central, factors)
        ),
        sensitivity=_sensitivity(work, figures, factors),
        flows=central, payback_year=payback(discounted), payback_cashable_year=payback(cash),
        draws=draws, seed=seed,
    )  # fmt: skip


def _signed(flow: Flow) -> Numbers:
    return -flow.amounts if flow.is_cost else flow.amounts


def _net(flows: Sequence[Flow], *, cash_only: bool = False) -> Numbers:
    import numpy as np

    counted = [_signed(item) for item in flows if item.cashable or not cash_only]
    return np.sum(counted, axis=0) if counted else np.zeros_like(flows[0].amounts)


def _parts(flows: Sequence[Flow]) -> dict[str, Numbers]:
    """The four sums that every table shows, by year, of the first draw."""
    import numpy as np

    nothing = np.zeros(flows[0].amounts.shape[1])
    parts = {"cost": nothing, "released": nothing, "cashable": nothing, "not_cashable": nothing}
    for flow in flows:
        if flow.is_cost:
            name = "cost"
        elif flow.kind is Kind.RELEASED:
            name = "released"
        else:
            name = "cashable" if flow.cashable else "not_cashable"
        parts[name] = parts[name] + flow.amounts[0]
    return parts


def _horizon(
    horizon: Horizon, rules: Appraisal, central: Sequence[Flow], simulated: Sequence[Flow],
    trusting: Sequence[Flow], factors: Numbers,
) -> HorizonResult:  # fmt: skip
    weights = factors.copy()
    weights[horizon.years :] = 0
    sums = {name: float(amounts @ weights) for name, amounts in _parts(central).items()}
    net = float(_net(central)[0] @ weights)
    spread = [_interval(_net(simulated, cash_only=only) @ weights, rules) for only in (False, True)]
    return HorizonResult(
        id=horizon.id, label=horizon.label, years=horizon.years, cost=sums["cost"], released=sums["released"],
        saved_cashable=sums["cashable"], saved_not_cashable=sums["not_cashable"], net_present_value=net,
        net_cashable=float(_net(central, cash_only=True)[0] @ weights),
        uncorrected=float(_net(trusting)[0] @ weights),
        ratio=(net + sums["cost"]) / sums["cost"] if sums["cost"] else None,
        interval=spread[0], interval_cashable=spread[1],
    )  # fmt: skip


def _interval(values: Numbers, rules: Appraisal) -> Interval:
    import numpy as np

    outside = (1 - rules.simulation.interval) / 2
    lower, median, upper = np.quantile(values, [outside, 0.5, 1 - outside])
    return Interval(float(lower), float(median), float(upper), float(np.mean(values > 0)))


def _year(year: int, central: Sequence[Flow], factors: Numbers) -> YearResult:
    parts = {name: float(amounts[year]) for name, amounts in _parts(central).items()}
    net = parts["released"] + parts["cashable"] + parts["not_cashable"] - parts["cost"]
    return YearResult(
        year, float(factors[year]), parts["cost"], parts["released"], parts["cashable"],
        parts["not_cashable"], net, net * float(factors[year]),
    )  # fmt: skip


def _organisations(
    horizon: Horizon, rules: Appraisal, central: Sequence[Flow], factors: Numbers
) -> list[OrganisationResult]:
    weights = factors.copy()
    weights[horizon.years :] = 0
    found = []
    for name in rules.organisations:
        own = [replace(item, amounts=item.amounts * item.shares[name] / 100) for item in central
               if item.shares.get(name)]  # fmt: skip
        if own:
            sums = {part: float(amounts @ weights) for part, amounts in _parts(own).items()}
            gains = sums["released"] + sums["cashable"] + sums["not_cashable"]
            found.append(
                OrganisationResult(
                    horizon.id, name, sums["cost"], sums["released"], sums["cashable"],
                    sums["not_cashable"], gains - sums["cost"],
                )
            )  # fmt: skip
    return found


def _sensitivity(work: Work, figures: Sequence[Figure], factors: Numbers) -> tuple[Sensitivity, ...]:
    """One figure at a time at its limits, the others as stated; the largest swing first."""
    import numpy as np

    ranged = [item for item in figures if item.ranged]
    if not ranged:
        return ()
    lines = 2 * len(ranged)
    numbers = {item.name: np.full(lines, item.value) for item in figures}
    for place, item in enumerate(ranged):
        numbers[item.name][2 * place : 2 * place + 2] = (item.low, item.high)
    nets = _net(work(numbers)) @ factors
    found = []
    for place, item in enumerate(ranged):
        low, high = float(nets[2 * place]), float(nets[2 * place + 1])
        turns = _turning(work, figures, item, low, factors) if low * high < 0 else None
        found.append(
            Sensitivity(item.name, item.label, item.low, item.high, low, high, abs(high - low), turns)
        )
    return tuple(sorted(found, key=lambda line: (-line.swing, line.figure)))


def _turning(work: Work, figures: Sequence[Figure], turned: Figure, at_low: float, factors: Numbers) -> float:
    """The value of one figure at which the net present value is nothing, by halving its range."""
    import numpy as np

    numbers = {item.name: np.array([item.value]) for item in figures}
    low, high = turned.low, turned.high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        numbers[turned.name] = np.array([middle])
        same_side = float(_net(work(numbers))[0] @ factors) * at_low > 0
        low, high = (middle, high) if same_side else (low, middle)
    return (low + high) / 2
