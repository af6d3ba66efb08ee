"""One published number with all that stands behind it, and whether the two ways of making it agree.

Belongs here: putting definition, deliveries, pupils and arithmetic together and comparing both rows.
Does not belong here: any of the parts, how they are printed (`cli`), what an audience sees (`disclosure`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.measures import Indicator
from rcs_pipeline.contracts.product import FinitePopulation, ProductFile
from rcs_pipeline.contracts.vocabulary import GeographyLevel, Polarity
from rcs_pipeline.ledger.records import CandidateRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.explain.asked import TABLE, Asked, find, published_row
from rcs_pipeline.warehouse.explain.by_hand import Calculation, Cluster, calculate, lender_of
from rcs_pipeline.warehouse.explain.definition import Definition, define
from rcs_pipeline.warehouse.explain.pupils import Base, Pupils, WeightingCells
from rcs_pipeline.warehouse.query import permit, warehouse_of
from rcs_pipeline.warehouse.tabulation import LOCAL

# Numbers of the two ways may differ by this, relatively above 1: the last digits of double sums.
TOLERANCE = 1e-9
LAST_DIGITS = 1e-14
HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True)
class Source:
    """A delivery that the number comes from, and the contract it was judged by."""

    dataset: str
    collection: str
    receipt: int
    sha256: str
    rows: int
    contract: str
    contract_version: str


@dataclass(frozen=True)
class Compared:
    """A column of the published row beside the same made by hand."""

    column: str
    published: Any
    by_hand: Any
    agrees: bool


@dataclass(frozen=True)
class Rival:
    """What the place is compared with, and how it stands."""

    words: str
    estimate: float | None
    comparison: str


@dataclass(frozen=True)
class Explanation:
    """Everything behind one estimate.

    `too_few`: so few pupils that any number would show one of them; then there are none here.
    """

    asked: Asked
    definition: Definition
    sources: tuple[Source, ...]
    base: Base | None
    weights: tuple[float, float] | None
    cells: tuple[WeightingCells, ...]
    clusters: tuple[Cluster, ...]
    calculation: Calculation | None
    rival: Rival | None
    published: dict[str, Any]
    compared: tuple[Compared, ...]
    too_few: bool

    @property
    def agrees(self) -> bool:
        """Whether no column says otherwise."""
        return all(item.agrees for item in self.compared)


def explain(
    workspace: Workspace,
    candidate: CandidateRecord,
    indicator: str,
    place: str,
    group: str,
    wave: str | None = None,
) -> Explanation:
    """Make one estimate again from the pupils of a candidate, and record who asked.

    Raises:
        RefusedError: the role may not ask.
        RcsError: there is no such number, or the pupil tables are gone.
    """
    import duckdb

    permit(workspace, candidate, "explain", indicator=indicator, place=place, group=group, wave=wave)
    product = workspace.catalogue.product(candidate.product)
    database = warehouse_of(workspace, candidate)
    try:
        # The scored model is a view down to the raw lake, so files are read here; only our own SQL is run.
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("set enable_progress_bar = false")
            asked = find(connection, workspace.catalogue, product, indicator, place, group, wave)
            published = published_row(connection, asked)
            pupils = Pupils(connection, workspace.catalogue, asked)
            return _explained(workspace, candidate, pupils, published, product.file)
    except duckdb.IOException as error:
        raise RcsError(
            f"A delivery behind the candidate cannot be read any more: {str(error).splitlines()[0]}",
            where=candidate.hash[:16], todo="Build a new candidate: `rcs build`.",
        ) from None  # fmt: skip


def _explained(
    workspace: Workspace,
    candidate: CandidateRecord,
    pupils: Pupils,
    published: dict[str, Any],
    policy: ProductFile,
) -> Explanation:
    few = policy.disclosure.small_numerator
    asked, catalogue = pupils.asked, workspace.catalogue
    base, clusters = pupils.base(), pupils.clusters()
    calculation = _calculated(pupils, policy)
    words, other = pupils.rival() if _is_compared(pupils, published) else ("", None)
    rival = None
    if words and calculation is not None:
        doubtful = published.get("quality_flag") is not None
        rival = Rival(words, other, comparison_of(asked.indicator, calculation, other, doubtful=doubtful))
    weights = pupils.weights() if calculation is not None else None
    compared = tuple(_compared(published, calculation, rival))
    too_few = base.answered <= few
    return Explanation(
        asked=asked,
        definition=define(catalogue, asked.indicator),
        sources=tuple(_sources(workspace, catalogue, candidate, pupils, base.collections)),
        base=None if too_few else base,
        weights=None if too_few else weights,
        cells=() if too_few else pupils.weighting_cells(),
        clusters=() if too_few else clusters,
        calculation=None if too_few else calculation,
        rival=None if too_few else rival,
        published={} if too_few else published,
        compared=_silent(compared) if too_few else compared,
        too_few=too_few,
    )


def _calculated(pupils: Pupils, policy: ProductFile) -> Calculation | None:
    """The estimate made again, with what the programme lends where the schools' own stays unsaid."""
    finite = policy.finite_population is FinitePopulation.STANDARD
    own = (policy.reliability.schools_for_error, policy.reliability.pupils_for_error)
    given, asked = (pupils.clusters(), pupils.designed()), pupils.asked
    made = calculate(*given, is_mean=pupils.is_mean, finite_population=finite)
    if made is None or asked.place.level in LOCAL or not own[0] or made.speaks_for_itself(*own):
        return made
    place = replace(asked.place, level=GeographyLevel.PROGRAMME.value)
    whole = Pupils(pupils.connection, pupils.catalogue, replace(asked, place=place))
    lender = lender_of(calculate(whole.clusters(), whole.designed(), is_mean=whole.is_mean), *own)
    return calculate(*given, is_mean=pupils.is_mean, finite_population=finite, lender=lender)


def _silent(compared: Iterable[Compared]) -> tuple[Compared, ...]:
    """Whether each column agrees, without its numbers."""
    return tuple(Compared(item.column, None, None, item.agrees) for item in compared)


def comparison_of(
    indicator: Indicator, calculation: Calculation, other: float | None, *, doubtful: bool
) -> str:
    """Where the comparator lies against the interval, by the polarity of the indicator."""
    lower, upper, ours = calculation.lower, calculation.upper, calculation.estimate
    if other is None or lower is None or upper is None or doubtful:
        return "cannot_compare"
    if lower <= other <= upper:
        return "similar"
    if indicator.polarity is Polarity.NEITHER:
        return HIGHER if ours > other else LOWER
    return "better" if (ours > other) == (indicator.polarity is Polarity.HIGHER_IS_BETTER) else "worse"


def _is_compared(pupils: Pupils, published: dict[str, Any]) -> bool:
    """Whether the group is tabulated for partnerships too: only then is there something to compare with."""
    asked = pupils.asked
    if "comparator" not in published or asked.place.level not in (
        GeographyLevel.CPP, GeographyLevel.LEARNING_COMMUNITY, GeographyLevel.SCHOOL,
    ):  # fmt: skip
        return False
    row = pupils.connection.execute(
        f"select count(*) from {TABLE} where geography_level = 'cpp'"
        f" and indicator_id = {sql.text(asked.indicator.id)} and wave = {sql.text(asked.place.wave)}"
        f" and group_by = {sql.text(asked.group_by)} and group_value = {sql.text(asked.group_value)}"
    ).fetchone()
    return bool(row and row[0])


def _sources(
    workspace: Workspace,
    catalogue: Catalogue,
    candidate: CandidateRecord,
    pupils: Pupils,
    collections: tuple[str, ...],
) -> Iterable[Source]:
    """The deliveries of the survey and of the roll behind its weights, of the collections counted."""
    roll = pupils.survey.weight.roll
    for dataset in (pupils.contract.dataset, *([roll.dataset] if roll else [])):
        for item in candidate.inputs:
            if item["dataset"] == dataset and item["collection"] in collections:
                receipt = workspace.ledger.receipt(int(item["receipt"]))
                contract = receipt.contract_id or catalogue.delivery(dataset).id
                yield Source(
                    dataset=dataset,
                    collection=str(item["collection"]),
                    receipt=receipt.id,
                    sha256=str(item["sha256"]),
                    rows=int(item["rows"]),
                    contract=contract,
                    contract_version=receipt.contract_version or candidate.contracts.get(contract, ""),
                )


def _tolerance(calculation: Calculation | None) -> float:
    """How far the variance of scores may be off: a small difference of squares keeps few digits."""
    if calculation is None or not calculation.is_mean or calculation.pupil_variance <= 0:
        return TOLERANCE
    return TOLERANCE + LAST_DIGITS * (1 + calculation.estimate**2 / calculation.pupil_variance)


def _compared(
    published: dict[str, Any], calculation: Calculation | None, rival: Rival | None
) -> Iterable[Compared]:
    """Every column that both ways give."""
    tolerance = _tolerance(calculation)
    of_scores = {"design_effect", "effective_base"}
    if calculation is not None and calculation.variance_method == "pupil":
        of_scores |= {"standard_error", "lower", "upper"}
    ours: dict[str, Any] = {"base": 0} if calculation is None else {
        name: getattr(calculation, name)
        for name in (
            "base", "numerator", "weighted_base", "estimate", "standard_error", "lower", "upper",
            "design_effect", "effective_base", "degrees_of_freedom", "variance_method",
        )
    }  # fmt: skip
    if rival is not None:
        ours |= {"comparator": rival.estimate, "comparison": rival.comparison}
    for column, value in ours.items():
        if column in published:
            allowed = tolerance if column in of_scores else TOLERANCE
            if column in ("lower", "upper") and value is not None and calculation is not None:
                # A limit near nothing is a difference of two large numbers, and as exact as they are.
                allowed *= max(1.0, abs(value - calculation.estimate))
            yield Compared(column, published[column], value, _same(published[column], value, allowed))


def _same(published: Any, by_hand: Any, allowed: float) -> bool:
    if published is None or by_hand is None or isinstance(by_hand, str):
        return published == by_hand
    return math.isclose(published, by_hand, rel_tol=allowed, abs_tol=allowed)
