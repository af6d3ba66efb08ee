"""From the sums of each school to an estimate with its interval, step by step, in plain arithmetic.

Belongs here: the formulas of a clustered, stratified, weighted survey, for one estimate.
Does not belong here: where the sums come from (see `pupils`), SQL of any kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Below this a variance is the noise of the last bit.
NOISE = 1e-20
FEWEST_DEGREES = 2
NORMAL_POINT = 1.959963984540054


@dataclass(frozen=True)
class Cluster:
    """The sums of one school's pupils who are in the base.

    `counted` is the unweighted sum of the answers, `weighted` that of weight times answer, `squares` that of
    weight times squared answer.
    """

    collection: str | None
    stratum: str | None
    name: str | None
    pupils: int
    counted: float
    weights: float
    weighted: float
    squares: float
    squared_weights: float


@dataclass(frozen=True)
class Stratum:
    """What one stratum adds to the variance: `factor` times `squares`, the squares of z about `mean`."""

    collection: str | None
    name: str | None
    designed: int
    clusters: int
    mean: float
    factor: float
    squares: float

    @property
    def variance(self) -> float:
        """The stratum's part of the variance."""
        return self.factor * self.squares


@dataclass(frozen=True)
class Lender:
    """What the same group of the programme lends to one whose own error would say what its schools answered.

    `effect`: its design effect; None where it has none to lend.
    """

    effect: float | None
    degrees_of_freedom: int


@dataclass(frozen=True)
class Calculation:
    """An estimate with every step on the way. Limits are None where there is no interval."""

    is_mean: bool
    base: int
    numerator: int | None
    weighted_base: float
    weighted_sum: float
    squared_weights: float
    estimate: float
    z: tuple[float, ...]
    strata: tuple[Stratum, ...]
    cluster_variance: float
    pupil_variance: float
    kish_base: float
    degrees_of_freedom: int
    variance_method: str
    finite_factor: float
    standard_error: float | None
    design_effect: float
    effective_base: float
    interval: str
    quantile: float | None
    lower: float | None
    upper: float | None

    @property
    def clusters(self) -> int:
        """The schools with somebody in the base."""
        return sum(item.clusters for item in self.strata)

    def speaks_for_itself(self, schools: int, pupils: float) -> bool:
        """Whether its schools are so many, and differ by so many pupils, that its error gives none away."""
        varies = not self.is_mean and self.pupil_variance > 0
        apart = math.sqrt(self.cluster_variance) * self.base
        return self.clusters >= schools and not (varies and apart < pupils)


def calculate(
    clusters: Iterable[Cluster],
    designed: Mapping[tuple[str | None, str | None], int],
    *,
    is_mean: bool,
    finite_population: bool = False,
    lender: Lender | None = None,
) -> Calculation | None:
    """The estimate of these schools; None where nobody is in the base.

    Args:
        clusters: schools with somebody in the base.
        designed: (collection, stratum) -> schools of the whole design, those with nobody in the group too.
        is_mean: a mean score, not a share of pupils.
        finite_population: whether errors are made smaller because the sample is a large part of its roll.
        lender: what stands in for the schools' own error; None where they speak for themselves.
    """
    inside = [item for item in clusters if item.pupils]
    base = sum(item.pupils for item in inside)
    weights = math.fsum(item.weights for item in inside)
    if not weights > 0:
        return None
    weighted = math.fsum(item.weighted for item in inside)
    squared_weights = math.fsum(item.squared_weights for item in inside)
    ratio = weighted / weights
    squares = math.fsum(item.squares for item in inside) / weights
    pupil_variance = max(squares - ratio * ratio, 0.0) if is_mean else ratio * (1 - ratio)
    z = tuple((item.weighted - ratio * item.weights) / weights for item in inside)
    strata = _strata(inside, z, designed)
    variance = math.fsum(item.variance for item in strata)
    variance = 0.0 if variance < NOISE else variance
    degrees = len(inside) - len(strata)
    kish = weights * weights / squared_weights
    if lender is not None:
        variance = (lender.effect or 0.0) * pupil_variance / base
        degrees = lender.degrees_of_freedom if lender.effect is not None else 0
    by_cluster = degrees >= FEWEST_DEGREES
    varies = by_cluster and variance > 0 and pupil_variance > 0
    unit_error = math.sqrt(variance) if by_cluster else _pupil_error(pupil_variance, base, kish, is_mean)
    effective = min(float(base), pupil_variance / variance if varies else kish)
    quantile = _quantile(degrees if by_cluster else base - 1)
    factor = finite_factor(base, weights) if finite_population else 1.0
    error = math.sqrt(variance) if variance > 0 else unit_error
    interval, lower, upper = _interval(
        ratio,
        None if unit_error is None else unit_error * factor,
        quantile,
        effective / factor**2 if factor else math.inf,
        is_mean=is_mean,
        varies=varies,
    )
    return Calculation(
        is_mean=is_mean,
        base=base,
        numerator=None if is_mean else round(math.fsum(item.counted for item in inside)),
        weighted_base=weights,
        weighted_sum=weighted,
        squared_weights=squared_weights,
        estimate=ratio,
        z=z,
        strata=strata,
        cluster_variance=variance,
        pupil_variance=pupil_variance,
        kish_base=kish,
        degrees_of_freedom=degrees,
        variance_method=("lent" if lender else "cluster") if by_cluster else "pupil",
        finite_factor=factor,
        standard_error=None if error is None else error * factor,
        design_effect=variance * base / pupil_variance if varies else base / kish,
        effective_base=effective,
        interval=interval,
        quantile=None if interval == "wilson" else quantile,
        lower=lower,
        upper=upper,
    )


def lender_of(whole: Calculation | None, schools: int, pupils: float) -> Lender:
    """What the estimate of the programme has to lend: its design effect, where its own schools show one."""
    if (
        whole is None or whole.variance_method != "cluster" or not whole.speaks_for_itself(schools, pupils)
        or whole.cluster_variance <= 0 or whole.pupil_variance <= 0
    ):  # fmt: skip
        return Lender(None, 0)
    return Lender(whole.design_effect, whole.degrees_of_freedom)


def _strata(
    clusters: list[Cluster], z: tuple[float, ...], designed: Mapping[tuple[str | None, str | None], int]
) -> tuple[Stratum, ...]:
    """Each stratum's squares about its mean, over all schools of the design; a lonely school's about zero."""
    members: dict[tuple[str | None, str | None], list[float]] = {}
    for item, value in zip(clusters, z, strict=True):
        members.setdefault((item.collection, item.stratum), []).append(value)
    strata = []
    for key, values in sorted(members.items(), key=lambda entry: tuple(map(str, entry[0]))):
        # A school with somebody in the base is of the design, whatever was counted.
        n = max(designed.get(key, 0), len(values))
        mean = math.fsum(values) / n if n > 1 else 0.0
        absent = n - len(values)
        squares = math.fsum([*((value - mean) ** 2 for value in values), absent * mean * mean])
        factor = n / (n - 1) if n > 1 else 1.0
        strata.append(Stratum(*key, n, len(values), mean, factor, squares))
    return tuple(strata)


def _pupil_error(variance: float, base: int, kish: float, is_mean: bool) -> float | None:
    """The standard error with pupils as the units; a mean of one pupil has none."""
    if not is_mean:
        return math.sqrt(variance / kish)
    return math.sqrt(variance * base / (base - 1) / kish) if base > 1 else None


def _quantile(degrees: int) -> float | None:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975)) if degrees >= 1 else None


def _interval(
    ratio: float, error: float | None, t: float | None, effective: float, *, is_mean: bool, varies: bool
) -> tuple[str, float | None, float | None]:
    """The method's name and the 95 % limits."""
    if is_mean:
        if t is None or error is None:
            return "t", None, None
        return "t", ratio - t * error, ratio + t * error
    if varies and t is not None and error is not None:
        logit, step = math.log(ratio / (1 - ratio)), t * error / (ratio * (1 - ratio))
        return "logit", *(1 / (1 + math.exp(-(logit + sign * step))) for sign in (-1, 1))  # type: ignore[return-value]
    lower, upper = wilson(ratio, effective)
    return "wilson", min(max(lower, 0.0), ratio), max(min(upper, 1.0), ratio)


def finite_factor(base: int, population: float) -> float:
    """sqrt((N - n) / (N - 1)); 1 where the weights do not add up to a population of at least the base."""
    if population < base or population <= 1:
        return 1.0
    return math.sqrt((population - base) / (population - 1))


def wilson(ratio: float, n: float) -> tuple[float, float]:
    """Wilson's limits of a share on a base of n."""
    if math.isinf(n):
        return ratio, ratio
    z2 = NORMAL_POINT * NORMAL_POINT
    middle, width = 2 * n * ratio + z2, NORMAL_POINT * math.sqrt(z2 + 4 * n * ratio * (1 - ratio))
    return (middle - width) / (2 * (n + z2)), (middle + width) / (2 * (n + z2))
