"""What goes back to a sender: its limits and standing sentences, and the summary that a contract declares.

Belongs here: the model of `data_contracts/returns/returns.yaml` and of a dataset's `summary`.
Does not belong here: writing a return (see the room `returns`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

FILE = Path(__file__).resolve().parents[2] / "data_contracts" / "returns" / "returns.yaml"
Unit = Literal["count", "number", "pounds", "share"]


class Bound(Strict):
    """A number, and why it is that one."""

    value: int = Field(ge=1)
    reason: str = Field(min_length=1)


class Bounds(Strict):
    """How much of a return is shown where. The CSV file always holds every finding."""

    listed: Bound
    comments: Bound
    on_page: Bound
    summary_rows: Bound
    copied_cells: Bound
    few: Bound


class SeverityWords(Strict):
    """A severity in plain words."""

    label: str
    status: str
    meaning: str


class ReturnRules(Strict):
    """The content of `returns.yaml`."""

    bounds: Bounds
    severities: dict[Severity, SeverityWords]
    next: dict[str, str]
    emptied: str
    missing_words: dict[str, str]


class PublishedFigure(Strict):
    """Where the same figure of the others is published: a table, its columns, and which of its rows."""

    title: str
    table: str
    place: str
    name: str
    value: str
    symbol: str
    where: dict[str, str] = Field(min_length=1)


class SummaryFigure(Strict):
    """One figure of a summary: an SQL aggregate over the accepted rows."""

    label: str
    value: str
    unit: Unit = "count"
    note: str = ""
    published: PublishedFigure | None = None


class SummaryTable(Strict):
    """Figures over all accepted rows, or (`by`) one line for each value of a column.

    `line`: SQL over that column whose values are the lines. `charts`: the figures, by their labels, that are
    drawn together as one bar for each line.
    """

    title: str
    by: str | None = None
    line: str | None = None
    note: str = ""
    figures: tuple[SummaryFigure, ...] = Field(min_length=1)
    charts: tuple[tuple[str, ...], ...] = ()

    @model_validator(mode="after")
    def _charts_are_of_lines(self) -> SummaryTable:
        if self.by is None and (self.charts or self.line):
            raise ValueError("`charts` and `line` are of a table with `by`")
        units = {figure.label: figure.unit for figure in self.figures}
        for chart in self.charts:
            if (
                not chart
                or {units.get(label) for label in chart} - {units.get(chart[0])}
                or (chart[0] not in units)
            ):
                raise ValueError(
                    f"a chart draws figures of the table that have one unit, not {', '.join(chart)}"
                )
        return self


@cache
def return_rules() -> ReturnRules:
    """The project's own limits and sentences, read once."""
    return parse(ReturnRules, read_yaml(FILE), str(FILE))
