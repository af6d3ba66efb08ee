"""A scenario's result in words and tables, for people who decide.

Belongs here: the order in which things are said, pounds and shares as text.
Does not belong here: any arithmetic (see `appraise`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rcs_pipeline.planning.appraise import Interval, Result
from rcs_pipeline.planning.figures import Figure

CENT = 100


def as_text(result: Result) -> str:
    """Everything: the answer first, then who pays, what it hangs on, and every assumption."""
    parts = [
        _head(result), _horizons(result), _answer(result), _years(result), _organisations(result),
        _sensitivity(result), _assumptions(result), _method(result),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def pounds(amount: float) -> str:
    """`£1,234`, `-£56`; pence where there are no hundreds."""
    size = f"{abs(amount):,.0f}" if abs(amount) >= CENT or amount == int(amount) else f"{abs(amount):,.2f}"
    return f"-£{size}" if amount < 0 and size.strip("0.,") else f"£{size}"


def _head(result: Result) -> str:
    scenario = result.scenario
    lines = [scenario.title, scenario.question.strip()]
    lines += [
        f"- {_moved(result, move.id)} to {move.target.label}, "
        f"from {move.source.label if move.source else 'new money'}, "
        f"in the years {move.years.first} to {move.years.last}"
        for move in scenario.moves
    ]
    schedule = result.rules.schedule(scenario.discounting)
    lines.append(
        f"Prices of {scenario.price_year}; year 0 is {scenario.first_year}; discounted at "
        f"{schedule.rates[0].rate:.1%} a year ({schedule.label}); corrected for optimism."
    )
    return "\n".join(lines)


def _moved(result: Result, move: str) -> str:
    known = {item.name: item for item in result.figures}
    sum_moved = known.get(f"moves.{move}.pounds")
    if sum_moved is not None:
        return f"{pounds(sum_moved.value)} a year"
    share, spend = known[f"moves.{move}.percent"], known[f"moves.{move}.of"]
    return f"{share.value:g} % of {pounds(spend.value)} a year ({pounds(share.value / 100 * spend.value)})"


def _horizons(result: Result) -> str:
    share = f"{result.rules.simulation.interval:.0%}"
    rows = [
        [
            f"{item.label} (years 0 to {item.years - 1})", pounds(item.cost), pounds(item.released),
            pounds(item.saved_cashable), pounds(item.saved_not_cashable), pounds(item.net_present_value),
            _spread(item.interval), f"{item.interval.above_nothing:.0%}", pounds(item.net_cashable),
            _spread(item.interval_cashable),
        ]
        for item in result.horizons
    ]  # fmt: skip
    heads = ["horizon", "cost", "released", "saved, cashable", "saved, not cashable", "net present value",
             f"{share} interval", "above £0", "net in cash", f"{share} interval"]  # fmt: skip
    return _table(heads, rows)


def _spread(interval: Interval) -> str:
    return f"{pounds(interval.lower)} to {pounds(interval.upper)}"


def _answer(result: Result) -> str:
    last = result.horizons[-1]
    lines = [
        f"Over {last.years} years a pound of cost brings back "
        f"{'nothing that can be said' if last.ratio is None else f'£{last.ratio:.2f}'}; "
        f"without the correction for optimism the net present value is {pounds(last.uncorrected)}.",
        f"Payback, everything counted: {_payback(result.payback_year, last.years)}. "
        f"In cash alone: {_payback(result.payback_cashable_year, last.years)}.",
    ]
    if result.sensitivity:
        most = result.sensitivity[0]
        lines.append(
            f"It hangs most on `{most.figure}` ({most.label}): from {pounds(most.net_at_low)} at "
            f"{_value(most.low)} to {pounds(most.net_at_high)} at {_value(most.high)}."
        )
    return "\n".join(lines)


def _payback(year: int | None, years: int) -> str:
    return f"in year {year}" if year is not None else f"not within {years} years, or nothing to pay back"


def _years(result: Result) -> str:
    rows = [
        [item.year, pounds(item.cost), pounds(item.released), pounds(item.saved_cashable),
         pounds(item.saved_not_cashable), pounds(item.net), f"{item.factor:.6f}", pounds(item.discounted)]
        for item in result.years
    ]  # fmt: skip
    heads = [
        "year",
        "cost",
        "released",
        "saved, cashable",
        "saved, not cashable",
        "net",
        "factor",
        "discounted",
    ]
    return "Year by year, corrected for optimism\n" + _table(heads, rows)


def _organisations(result: Result) -> str:
    labels = {item.id: item.label for item in result.horizons}
    rows = [
        [labels[item.horizon], result.rules.organisations[item.organisation], pounds(item.pays),
         pounds(item.released), pounds(item.gains_cashable), pounds(item.gains_not_cashable),
         pounds(item.net)]
        for item in result.organisations
    ]  # fmt: skip
    heads = ["horizon", "organisation", "pays", "released", "gains, cashable", "gains, not cashable", "net"]
    return "Who pays and who gains, discounted\n" + _table(heads, rows)


def _sensitivity(result: Result) -> str:
    if not result.sensitivity:
        return "Nothing has a range: there is no interval to give."
    rows = [
        [item.figure, _value(item.low), _value(item.high), pounds(item.net_at_low), pounds(item.net_at_high),
         pounds(item.swing), "" if item.turns_at is None else _value(item.turns_at)]
        for item in result.sensitivity
    ]  # fmt: skip
    heads = ["one at a time", "low", "high", "net at low", "net at high", "swing", "net is £0 at"]
    return f"What it hangs on, over {result.rules.years} years\n" + _table(heads, rows)


def _assumptions(result: Result) -> str:
    rows = [
        [item.name, item.label, _value(item.value), item.unit, _range(item), item.grade,
         ("Judgement: " if item.judgement else "") + item.source]
        for item in result.figures
    ]  # fmt: skip
    heads = ["assumption", "what it is", "value", "unit", "range", "grade", "ground"]
    return "Every assumption\n" + _table(heads, rows)


def _range(figure: Figure) -> str:
    if not figure.ranged:
        return "none given"
    return f"{_value(figure.low)} to {_value(figure.high)}, {figure.shape}"


def _method(result: Result) -> str:
    grades = "; ".join(
        f"{grade} {item.label.lower()}: {item.correction:.0%}" for grade, item in result.rules.grades.items()
    )
    lines = [
        "How it is worked out",
        "Children with the outcome = reach x need x engagement x retention x success, less deadweight (a "
        "share of the successes, or of the participants, as stated). Their value begins after the lag, falls "
        "by the drop-off every year and ends with the duration.",
        f"Optimism: added to costs and taken off savings, by the weakest figure of each: {grades}.",
        f"Interval: {result.draws:,} draws from the stated ranges, seed {result.seed}. It holds what is "
        "uncertain in the figures as stated, and nothing that nobody thought of.",
        *(f"Note: {note.strip()}" for note in result.scenario.notes),
    ]
    return "\n".join(lines)


def _value(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= CENT else f"{value:.4g}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [[str(cell) for cell in row] for row in (heads, *rows)]
    # The last column may be long: it is not padded.
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads) - 1)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        ).rstrip()
        for line in lines
    )
