"""An explanation as a person reads it, and as a program does.

Belongs here: the sections, their order and words; which schools are listed and which are added up.
Does not belong here: any figure that is not in the explanation already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rcs_pipeline.cli.output import table
from rcs_pipeline.disclosure.shown import Shown
from rcs_pipeline.ledger.records import CandidateRecord
from rcs_pipeline.warehouse.explain.by_hand import NORMAL_POINT, Calculation, Cluster
from rcs_pipeline.warehouse.explain.explanation import Explanation

LETTERS = 16
# What is left of 0 after adding up doubles.
ROUNDING = 1e-15
INTERVALS = {
    "logit": "limits on the logit scale with t, back on the scale of shares",
    "t": "t limits",
    "wilson": "Wilson's limits on the effective base",
}
METHODS = {
    "cluster": "schools are the units",
    "lent": "the schools are few or hardly differ, so they and the design effect are those of the programme",
    "pupil": "fewer than 2 degrees of freedom are left, so pupils are the units",
}


@dataclass(frozen=True)
class School:
    """A line of the list of schools: one, or all that are left, added up."""

    stratum: str
    name: str
    pupils: int
    weights: float
    weighted: float
    z: float
    z_squared: float


def schools(told: Explanation, listed: int, few: int) -> list[School]:
    """The largest schools, and the others added up: a school of few pupils is never listed alone."""
    if told.calculation is None:
        return []
    pairs = sorted(
        zip(told.clusters, told.calculation.z, strict=True),
        key=lambda pair: (-pair[0].pupils, str(pair[0].name)),
    )
    alone = [pair for pair in pairs if pair[0].pupils >= few][:listed]
    rest = pairs[len(alone) :]
    while rest and alone and sum(item.pupils for item, _ in rest) < few:
        rest = [alone.pop(), *rest]
    lines = [_added(str(item.stratum), str(item.name), [(item, z)]) for item, z in alone]
    if rest:
        strata = {str(item.stratum) for item, _ in rest}
        name = f"{len(rest)} more" if alone else f"all {len(rest)}"
        lines.append(_added(strata.pop() if len(strata) == 1 else f"{len(strata)} strata", name, rest))
    return lines


def _added(stratum: str, name: str, pairs: Sequence[tuple[Cluster, float]]) -> School:
    return School(
        stratum,
        name,
        sum(item.pupils for item, _ in pairs),
        sum(item.weights for item, _ in pairs),
        sum(item.weighted for item, _ in pairs),
        sum(z for _, z in pairs),
        sum(z * z for _, z in pairs),
    )


def as_json(
    record: CandidateRecord, told: Explanation, shown: Sequence[Shown], *, listed: int, few: int
) -> dict[str, Any]:
    """Everything, under names; schools of few pupils are added up here too."""
    return {
        "candidate": record.hash,
        "synthetic": record.synthetic,
        "asked": told.asked.grain,
        "definition": told.definition,
        "sources": told.sources,
        "base": told.base,
        "weights": told.weights,
        "weighting_cells": told.cells,
        "schools": schools(told, listed, few),
        "calculation": _without_z(told.calculation),
        "comparison": told.rival,
        "published": told.published,
        "compared": told.compared,
        "agrees": told.agrees,
        "too_few": told.too_few,
        "audiences": list(shown),
    }


def _without_z(calculation: Calculation | None) -> dict[str, Any] | None:
    """The steps; the z of single schools stand in the list of schools, as far as they may."""
    if calculation is None:
        return None
    return {name: value for name, value in vars(calculation).items() if name != "z"}


def as_text(
    record: CandidateRecord, told: Explanation, shown: Sequence[Shown], *, listed: int, few: int
) -> str:
    """The sections, in the order in which one would check them."""
    sections = [_head(record, told), _definition(told), _sources(told)]
    if told.too_few:
        sections.append("So few pupils answered that any number would show one of them: none is given.")
    else:
        sections += [_base(told), _weights(told)]
        if told.calculation is not None:
            lines = schools(told, listed, few)
            sections += [
                _estimate(told.calculation),
                _variance(told.calculation, lines),
                _limits(told.calculation),
            ]
        sections += [_rival(told), _agreement(told)]
    sections.append(_audiences(shown))
    return "\n\n".join(section for section in sections if section)


def _head(record: CandidateRecord, told: Explanation) -> str:
    asked, place = told.asked, told.asked.place
    made = "synthetic, " if record.synthetic else ""
    return (
        f"{asked.indicator.title} ({asked.indicator.id}), {asked.indicator.instrument} instrument\n"
        f"{place.name} ({place.level} {place.code}), wave {place.wave}, group {asked.group}\n"
        f"Candidate {record.hash[:LETTERS]}, {made}built {record.built_at}."
        " Not protected: for the team alone."
    )


def _definition(told: Explanation) -> str:
    about = told.definition
    who = [*(["stages " + ", ".join(about.stages)] if about.stages else []),
           *(["forms " + ", ".join(about.forms)] if about.forms else [])]  # fmt: skip
    lines = [about.description, f"Counted: {about.condition}.", f"Items: {', '.join(about.items)}."]
    lines += [f"Scale {scale}" for scale in about.scales]
    if about.versions:
        lines.append(f"Cut by {'; '.join(about.versions)}.")
    if about.relative:
        lines.append("The cut-points rest on everybody scored in the wave, not on this place alone.")
    if who:
        lines.append(f"For {' and '.join(who)} only.")
    return _section("What is counted", lines)


def _sources(told: Explanation) -> str:
    rows = [
        [item.dataset, item.collection, item.receipt, item.sha256[:LETTERS], f"{item.rows:,}",
         f"{item.contract} {item.contract_version}".strip()]
        for item in told.sources
    ]  # fmt: skip
    return _section(
        "Where it comes from", [table(["dataset", "collection", "receipt", "file", "rows", "contract"], rows)]
    )


def _base(told: Explanation) -> str:
    base = told.base
    if base is None:
        return ""
    lines = [f"{base.taking_part:,} pupils of the place and group took part."]
    if base.without_weight:
        lines.append(f"{base.without_weight:,} of them have no weight and count nowhere.")
    if base.not_asked:
        lines.append(f"{base.not_asked:,} were not asked (stage or form), {base.asked:,} were.")
    lines.append(f"{base.answered:,} gave a usable answer: the base.")
    lines += [
        f"  {item}: {', '.join(f'{number:,} {kind}' for kind, number in kinds.items())}"
        for item, kinds in base.missing.items()
    ]
    return _section("Who is in the base", lines)


def _weights(told: Explanation) -> str:
    made = told.calculation
    if made is None or told.weights is None:
        return ""
    low, high = told.weights
    lines = [
        f"From {low:.6g} to {high:.6g}; sum {_n(made.weighted_base)},"
        f" sum of squares {_n(made.squared_weights)}."
    ]
    for cell in told.cells:
        how = f"{' x '.join(cell.variables)}{', put together with those beside them' if cell.joined else ''}"
        lines.append(
            f"{cell.pupils:,} pupils in {cell.cells} cells of {how}: roll over respondents,"
            f" {cell.lowest:.6g} to {cell.highest:.6g}."
        )
    return _section("Weights", lines)


def _estimate(made: Calculation) -> str:
    lines = [f"sum(w y) / sum(w) = {_n(made.weighted_sum)} / {_n(made.weighted_base)} = {_n(made.estimate)}"]
    if made.numerator is not None:
        plain = made.numerator / made.base
        lines.append(f"Unweighted: {made.numerator:,} of {made.base:,} = {_n(plain)}")
    return _section("Estimate", lines)


def _variance(made: Calculation, lines: Sequence[School]) -> str:
    listed = table(
        ["stratum", "school", "pupils", "sum(w)", "sum(w y)", "z", "z squared"],
        [
            [
                item.stratum,
                item.name,
                f"{item.pupils:,}",
                *map(_n, (item.weights, item.weighted, item.z, item.z_squared)),
            ]
            for item in lines
        ],
    )
    strata = table(
        ["stratum", "of the design", "in the base", "mean of z", "n/(n-1)", "squares about it", "adds"],
        [
            [
                item.name,
                item.designed,
                item.clusters,
                *map(_n, (item.mean, item.factor, item.squares, item.variance)),
            ]
            for item in made.strata
        ],
    )
    p = "y" if made.is_mean else "p"
    lent = made.variance_method == "lent"
    tail = [
        f"V = {'design effect x variance of a pupil / base' if lent else 'sum over strata'}"
        f" = {_n(made.cluster_variance)}",
        f"Degrees of freedom: {'' if lent else f'{made.clusters} schools - {len(made.strata)} strata = '}"
        f"{made.degrees_of_freedom}; {METHODS[made.variance_method]}.",
        *_finite(made),
        f"Standard error = {_n(made.standard_error)}",
        f"Variance of a pupil's {p} = {_n(made.pupil_variance)}; design effect {_n(made.design_effect)},"
        f" effective base {_n(made.effective_base)}"
        f" (by the weights alone sum(w)^2 / sum(w^2) = {_n(made.kish_base)}).",
    ]
    head = "Variance, with z = (sum(w y) - estimate x sum(w)) / sum of all weights of each school"
    return _section(head, [listed, "", strata, *tail])


def _finite(made: Calculation) -> list[str]:
    """The correction, where the product makes one and it changes anything."""
    if made.finite_factor == 1:
        return []
    return [
        f"Errors times sqrt((N - n) / (N - 1)) = {_n(made.finite_factor)}, as the product is about this roll."
    ]


def _limits(made: Calculation) -> str:
    point = f"z = {NORMAL_POINT:.6f}" if made.quantile is None else f"t = {made.quantile:.6f}"
    if made.lower is None:
        return _section("Interval", ["A single pupil has none."])
    return _section(
        "Interval, 95 %", [f"{INTERVALS[made.interval]}, {point}", f"{_n(made.lower)} to {_n(made.upper)}"]
    )


def _rival(told: Explanation) -> str:
    if told.rival is None:
        return ""
    how = told.rival.comparison.replace("_", " ")
    polarity = told.definition.polarity.replace("_", " ")
    return _section(
        "Comparison", [f"With {told.rival.words}: {_n(told.rival.estimate)}; {how} ({polarity})."]
    )


def _agreement(told: Explanation) -> str:
    rows = [
        [item.column, _n(item.published), _n(item.by_hand), "" if item.agrees else "DIFFERS"]
        for item in told.compared
    ]
    wrong = [item.column for item in told.compared if not item.agrees]
    verdict = "The candidate's table and this page agree."
    if wrong:
        verdict = f"They do not agree in {', '.join(wrong)}: that is a defect. Do not publish; report it."
    flag = told.published.get("quality_flag")
    flags = [f"Flag {flag}: the estimate is unreliable by the product's policy."] if flag else []
    return _section(
        "The candidate's table beside this page",
        [table(["column", "table", "here", ""], rows), *flags, verdict],
    )


def _audiences(shown: Iterable[Shown]) -> str:
    lines = []
    for item in shown:
        how = f"hidden, symbol {item.symbol}" if item.symbol else item.state
        if item.rounded:
            how += f", rounded: {', '.join(f'{column} {value:.10g}' for column, value in item.rounded)}"
        lines.append(f"{item.audience}: {how}{': ' if item.reasons else ''}{'; '.join(item.reasons)}")
    return _section("What a release shows", lines)


def _section(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(f"  {line}".rstrip() for text in lines for line in text.split("\n"))
    return f"{title}\n{body}"


def _n(value: Any) -> str:
    """A number with as many digits as a check by hand needs; nothing for NULL."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return "0" if abs(value) < ROUNDING else f"{value:.10g}"
    return str(value)
