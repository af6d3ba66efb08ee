"""Your summary: what the sender's own accepted rows add up to, back at once.

Belongs here: the figures that a contract declares, response against the roll, item non-response.
Does not belong here: estimates, weights and disclosure control (see `warehouse` and `disclosure`): this
goes back to whoever sent the rows, is internal, and is never published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.returns import ReturnRules, SummaryFigure, SummaryTable, Unit
from rcs_pipeline.contracts.survey import Survey
from rcs_pipeline.contracts.vocabulary import MissingKind
from rcs_pipeline.intake.load import literals
from rcs_pipeline.intake.spellings import one_name, one_name_column
from rcs_pipeline.intake.sql import quoted, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Cell = str | int | float | None
Shape = Unit | Literal["text"]
ACCEPTED, ROLL = "accepted_rows", "roll_rows"
NOT_ASKED = (MissingKind.NOT_ASKED, MissingKind.ROUTED_OUT)


@dataclass(frozen=True)
class SummaryPart:
    """One table of the summary: its columns with their units, and its lines."""

    title: str
    note: str
    columns: tuple[tuple[str, Shape], ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int = 0
    row_units: tuple[Unit, ...] = ()
    # Each chart draws some columns together, a bar for each line.
    charts: tuple[tuple[int, ...], ...] = ()

    def shape(self, row: int, column: int) -> Shape:
        """What a cell holds: as its column says, or, in a list of figures, its line."""
        shape = self.columns[column][1]
        return self.row_units[row] if self.row_units and shape == "number" else shape


def summarise(
    connection: DuckDBPyConnection, contract: DeliveryContract, rules: ReturnRules,
    accepted: Path, roll: Sequence[Path] = (),
) -> tuple[SummaryPart, ...]:  # fmt: skip
    """All parts of the summary of a file, from its stored rows.

    Args:
        accepted: the Parquet file of the accepted rows.
        roll: the Parquet files of the roll that the survey's response is held against.

    Raises:
        ContractError: a declared figure is not valid SQL.
    """
    names = "".join(
        f", {one_name(quoted(column.name), column.one_name)} as {quoted(one_name_column(column.name))}"
        for column in contract.stored_columns
        if column.one_name
    )
    connection.execute(
        f"create or replace view {ACCEPTED} as select *{names} from read_parquet({text(accepted)})"
    )
    parts = [_declared(connection, contract, table) for table in contract.options.summary]
    if contract.survey is not None:
        parts += _response(connection, contract.survey, rules, roll)
        parts += _non_response(connection, contract, rules)
    return tuple(part for part in parts if part.rows)


def _declared(connection: DuckDBPyConnection, contract: DeliveryContract, table: SummaryTable) -> SummaryPart:
    figures = ", ".join(f"({figure.value}) as f{place}" for place, figure in enumerate(table.figures))
    if table.by is None:
        (values,) = _asked(connection, f"select {figures} from {ACCEPTED}", contract)
        lines: tuple[tuple[Cell, ...], ...] = tuple(
            (figure.label, _number(value, figure), figure.note) for value, figure in _pairs(values, table)
        )
        heads: tuple[tuple[str, Shape], ...] = (("Figure", "text"), ("Value", "number"), ("Note", "text"))
        units = tuple(figure.unit for figure in table.figures)
        return SummaryPart(table.title, table.note, heads, lines, row_units=units)
    column = contract.stored_column(table.by)
    line = f"({table.line})" if table.line else quoted(column.name)
    found = _asked(connection, f"select {line}, {figures} from {ACCEPTED} group by 1 order by 1", contract)
    codes = column.codes or {}
    order = list(codes)
    found.sort(key=lambda row: order.index(str(row[0])) if str(row[0]) in order else len(order))
    lines = tuple(
        (_label(row[0], codes), *(_number(value, figure) for value, figure in _pairs(row[1:], table)))
        for row in found
    )
    first: tuple[str, Shape] = (column.description or column.name, "text")
    labels = [item.label for item in table.figures]
    return SummaryPart(
        table.title, table.note, (first, *((item.label, item.unit) for item in table.figures)), lines,
        charts=tuple(tuple(labels.index(label) + 1 for label in chart) for chart in table.charts),
    )  # fmt: skip


def _asked(connection: DuckDBPyConnection, sql: str, contract: DeliveryContract) -> list[tuple[Cell, ...]]:
    import duckdb

    try:
        return list(connection.execute(sql).fetchall())
    except duckdb.Error as error:
        raise ContractError(
            f"A figure of the summary is not valid SQL: {str(error).splitlines()[0]}",
            where=str(contract.path), todo="Mend `value`.",
        ) from None  # fmt: skip


def _response(
    connection: DuckDBPyConnection, survey: Survey, rules: ReturnRules, roll: Sequence[Path]
) -> list[SummaryPart]:
    """Who answered, of those on the roll, by stage, and by school and stage; schools without answers too."""
    source = survey.weight.roll
    if source is None or survey.school is None or survey.stage is None or not roll:
        return []
    school, stage = quoted(survey.school), quoted(survey.stage)
    files = ", ".join(text(path) for path in roll)
    stages = ", ".join(text(name) for name in survey.stages)
    asked = f"where {stage} in ({stages})" if stages else ""
    connection.execute(
        f"create or replace temp table {ROLL} as "
        f"with there as (select {school} as school, {stage} as stage, sum({quoted(source.count)}) as roll "
        f"from read_parquet([{files}], union_by_name = true) {asked} group by all), "
        f"here as (select {school} as school, {stage} as stage, count(*) as answered "
        f"from {ACCEPTED} group by all) "
        "select coalesce(there.school, here.school) as school, coalesce(there.stage, here.stage) as stage, "
        "roll, coalesce(answered, 0) as answered from there full outer join here "
        "on there.school = here.school and there.stage = here.stage"
    )
    heads: tuple[tuple[str, Shape], ...] = (
        ("On the roll", "count"), ("Answered", "count"), ("Response", "share"), ("Note", "text"),
    )  # fmt: skip
    figures = "sum(roll)::bigint, sum(answered)::bigint, sum(answered) / nullif(sum(roll), 0)"
    totals = connection.execute(
        f"select coalesce(stage, 'All'), {figures} from {ROLL} group by rollup (stage) "
        "order by grouping(stage), stage"
    ).fetchall()
    whole = connection.execute(
        f"select school, stage, {figures} from {ROLL} group by all order by school, stage"
    ).fetchall()
    few, limit = rules.bounds.few.value, rules.bounds.summary_rows.value
    note = "Rows that were taken in, over the pupils on the roll of this collection."
    return [
        SummaryPart(
            "Response by stage", note, (("Stage", "text"), *heads),
            tuple((*_rounded(row), _remark(row[1], row[2], few)) for row in totals),
        ),
        SummaryPart(
            "Response by school and stage", f"{note} A school that sent no answer is listed with 0.",
            (("School", "text"), ("Stage", "text"), *heads),
            tuple((*_rounded(row), _remark(row[2], row[3], few)) for row in whole[:limit]),
            left_out=max(0, len(whole) - limit),
        ),
    ]  # fmt: skip


def _remark(roll: int | None, answered: int, few: int) -> str:
    if roll is None:
        return "not on the roll"
    if answered == 0:
        return "no answer yet"
    return f"fewer than {few}: do not pass on" if answered < few else ""


def _non_response(
    connection: DuckDBPyConnection, contract: DeliveryContract, rules: ReturnRules
) -> list[SummaryPart]:
    """How often a question was asked and not answered, over the whole file, the worst first."""
    columns = [column for column in contract.stored_columns if not column.identifier and not column.required]
    kinds = {column.name: _kinds(column) for column in columns}
    wanted = [
        # Not count_if, which gives NULL for a column of blanks.
        f"count(case when {quoted(name)} {'is null' if codes is None else f'in ({codes})'} then 1 end)"
        for name in kinds
        for codes in kinds[name].values()
    ]
    if not wanted:
        return []
    (counted,) = connection.execute(f"select count(*), {', '.join(wanted)} from {ACCEPTED}").fetchall()
    total, numbers = int(counted[0]), iter(counted[1:])
    if total < rules.bounds.few.value:
        return []
    lines = []
    for column in columns:
        missing = {kind: int(next(numbers)) for kind in kinds[column.name]}
        blank = column.blank in NOT_ASKED
        not_asked = sum(missing.get(kind.value, 0) for kind in NOT_ASKED) + (missing["blank"] if blank else 0)
        asked = total - not_asked
        silent = sum(missing.values()) - not_asked
        words = [
            f"{rules.missing_words[kind]} {count:,}"
            for kind, count in missing.items()
            if count and (blank is False or kind != "blank")
        ]
        share = round(silent / asked, 6) if asked else None
        lines.append((column.name, asked, asked - silent, silent, share, "; ".join(words)))
    place = {column.name: number for number, column in enumerate(columns)}
    lines.sort(key=lambda line: (-(line[4] or 0), place[line[0]]))
    return [
        SummaryPart(
            "Questions that were not answered",
            "Over all rows that were taken in, the least answered first. Asked: without those to whom the "
            "question was not put.",
            (("Column", "text"), ("Asked", "count"), ("Answered", "count"), ("Not answered", "count"),
             ("Share not answered", "share"), ("Of which", "text")),
            tuple(lines),
        )
    ]  # fmt: skip


def _kinds(column: Column) -> dict[str, str | None]:
    """The ways in which an answer may be missing: blank (None), or by one of these codes."""
    kinds: dict[str, str | None] = {"blank": None}
    for kind in MissingKind:
        codes = [code for code, meaning in column.missing.items() if meaning is kind]
        if codes:
            kinds[kind.value] = literals(codes, column)
    return kinds


def said(value: Cell, unit: Shape) -> str:
    """A figure as a person reads it."""
    if value is None:
        return "not known"
    if isinstance(value, str):
        return value
    match unit:
        case "pounds":
            return f"£{value:,.0f}" if abs(value) >= 100 or not value else f"£{value:,.2f}"
        case "share":
            return f"{value:.1%}"
        case "count":
            return f"{value:,.0f}"
    return f"{value:,.2f}"


def _pairs(values: Sequence[Cell], table: SummaryTable) -> list[tuple[Cell, SummaryFigure]]:
    return list(zip(values, table.figures, strict=True))


def _number(value: Cell, figure: SummaryFigure) -> Cell:
    if value is None or isinstance(value, str):
        return value
    return int(value) if figure.unit == "count" else round(float(value), 6)


def _rounded(row: Sequence[Cell]) -> tuple[Cell, ...]:
    return tuple(round(value, 6) if isinstance(value, float) else value for value in row)


def _label(value: Cell, codes: dict[str, str]) -> str:
    return "not given" if value is None else codes.get(str(value)) or str(value)
