"""Indicators as columns: a condition on answers, scores and other conditions becomes 0, 1 or NULL.

Belongs here: the expression of one indicator.
Does not belong here: scores and bands (see `scoring`), anything that adds pupils up.
"""

from __future__ import annotations

from dataclasses import replace

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.measure_checks import is_converted, is_whole, score_bounds
from rcs_pipeline.contracts.measures import Indicator, When
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.columns import band_column, code_column, score_column
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.staging import has_code

# The narrowest type: pupils are sorted with all their indicators before they are added up.
YES, NO = "cast(1 as tinyint)", "cast(0 as tinyint)"
HUNDREDTHS = 100
FINER = (10_000, 1_000)
LARGEST_SCORE = 200_000


def indicator_value(catalogue: Catalogue, contract: DeliveryContract, indicator: Indicator) -> str:
    """The expression of an indicator: 1, 0 or NULL, or parts of a score."""
    if indicator.mean_of is not None:
        scale = catalogue.scales[indicator.mean_of]
        score = f"{sql.name(score_column(scale.id))} * {score_parts(catalogue, scale)}"
        whole = is_whole(scale, catalogue.scales)
        value = f"cast({score if whole else f'round({score})'} as integer)"
    else:
        assert indicator.when is not None  # noqa: S101  (the model guarantees one of the two)
        value = condition(catalogue, contract, indicator.when)
    guard = asked(contract, indicator.stages, indicator.versions)
    return f"case when {guard} then {value} end" if guard else value


def score_parts(catalogue: Catalogue, scale: Scale) -> int:
    """The parts of a point in which a score is added up: hundredths, finer where scores are fractions.

    Whole numbers add up exactly; the square of the largest, weighted, still has to fit into 64 bits.
    """
    if is_whole(scale, catalogue.scales) or is_converted(scale, catalogue.scales):
        return HUNDREDTHS
    largest = max(abs(bound) for bound in score_bounds(scale, catalogue.scales))
    return next((parts for parts in FINER if parts * largest <= LARGEST_SCORE), HUNDREDTHS)


def asked(contract: DeliveryContract, stages: tuple[str, ...], versions: tuple[str, ...] = ()) -> str:
    """That this pupil is of a stage and has a form that the measure is for; empty if it is for all."""
    survey = survey_of(contract)
    parts = []
    for wanted, column in ((stages, survey.stage), (versions, survey.version)):
        if wanted and column is None:
            raise ContractError(
                "A measure is limited to stages or forms that the survey has no column for",
                where=str(contract.path),
            )
        if wanted and column is not None:
            parts.append(sql.among(contract.column(column), wanted))
    return " and ".join(parts)


def condition(catalogue: Catalogue, contract: DeliveryContract, when: When) -> str:
    """1 where it holds, 0 where it does not, NULL where there is no valid answer to tell."""
    if when.parts:
        return _joined(when, [condition(catalogue, contract, part) for part in when.parts])
    if when.item is not None:
        return _of_item(contract.column(when.item), when)
    return _of_scale(catalogue, when)


def _joined(when: When, parts: list[str]) -> str:
    """Of `any` and `all` NULL where a part is NULL, or only where the other parts do not decide it."""
    if when.negated is not None:
        return f"cast(1 - ({parts[0]}) as tinyint)"
    if when.answered == "enough":
        decides, other = ("1", "0") if when.any_of else ("0", "1")
        some = " or ".join(f"({part}) = {decides}" for part in parts)
        every = " and ".join(f"({part}) = {other}" for part in parts)
        return _yes_or_no(some, every) if when.any_of else _yes_or_no(every, some)
    # Sums and products of 0, 1 and NULL are NULL as soon as one part is.
    if when.any_of:
        return f"cast(sign({' + '.join(f'({part})' for part in parts)}) as tinyint)"
    return f"cast({' * '.join(f'({part})' for part in parts)} as tinyint)"


def _of_scale(catalogue: Catalogue, when: When) -> str:
    scale = catalogue.scales[str(when.scale)]
    score = sql.name(score_column(scale.id))
    if when.at_least is not None:
        return _yes_or_no(f"{score} >= {sql.number(when.at_least)}", f"{score} is not null")
    scheme = scale.bands(str(when.scheme))
    if scheme.relative is not None:
        band = sql.name(band_column(scale.id, scheme.id))
        chosen = " or ".join(f"{band} = {sql.text(label)}" for label in when.bands)
        return _yes_or_no(chosen, f"{band} is not null")
    inside = " or ".join(
        f"{score} between {sql.number(band.low or 0)} and {sql.number(band.high or 0)}"
        for band in scheme.bands
        if band.label in when.bands
    )
    return _yes_or_no(inside, f"{score} is not null")


def sent(column: Column) -> Column:
    """The column of the code that was sent, for an expression that only valid codes can meet.

    It comes straight from the lake, whose statistics tell the engine how far a sum can go; behind the `case`
    that empties missing answers they are lost, and adding up a scale takes twice as long.
    """
    return replace(column, name=code_column(column.name)) if has_code(column) else column


def _of_item(column: Column, when: When) -> str:
    valid = [item for item in column.codes or {} if item not in column.missing]
    name = sql.name(column.name)
    if when.at_least is not None:
        if not valid:
            return _yes_or_no(f"{name} >= {sql.number(when.at_least)}", f"{name} is not null")
        yes = [item for item in valid if float(item) >= when.at_least]
    else:
        yes = list(when.codes)
    no = [item for item in valid if item not in yes]
    if yes and no:
        column = sent(column)
        name = sql.name(column.name)
    if column.type is ColumnType.INTEGER and yes and no:
        cut = _by_cut(name, [int(float(item)) for item in yes], [int(float(item)) for item in no])
        if cut:
            return cut
    otherwise = sql.among(column, no) if no else f"{name} is not null"
    return _yes_or_no(sql.among(column, yes) if yes else "", otherwise)


def _by_cut(name: str, yes: list[int], no: list[int]) -> str:
    """The same, one bound at a time: a third faster. Empty where no single cut parts the codes."""
    codes = {*yes, *no}
    if max(codes) - min(codes) + 1 != len(codes) or not (min(yes) > max(no) or max(yes) < min(no)):
        return ""
    above, below, cut = (YES, NO, min(yes)) if min(yes) > max(no) else (NO, YES, min(no))
    return (
        f"case when {name} > {max(codes)} then null when {name} >= {cut} then {above} "
        f"when {name} >= {min(codes)} then {below} end"
    )


def _yes_or_no(yes: str, no: str) -> str:
    """1 where `yes` holds, 0 where `no` does, else NULL."""
    positive = f"when {yes} then {YES} " if yes else ""
    return f"case {positive}when {no} then {NO} end"
