"""The charts of a page: where each bar of a part of the summary begins and ends.

Belongs here: lengths and labels, as numbers. Does not belong here: the drawing (see the page's template).
Every chart stands above the table that it is drawn from, and says nothing that the table does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.returns.summary import SummaryPart, said

MOST_BARS, LONGEST_LABEL = 30, 42
LABELS, BARS, VALUES, STEP = 300, 360, 100, 26


@dataclass(frozen=True)
class Piece:
    """A stretch of a bar; `series` counts the columns drawn together from 0."""

    series: int
    left: float
    width: float
    says: str


@dataclass(frozen=True)
class Bar:
    """One line of the table."""

    label: str
    top: int
    pieces: tuple[Piece, ...]
    right: float
    says: str


@dataclass(frozen=True)
class Chart:
    """A chart; `series` names the columns where several are drawn together."""

    title: str
    series: tuple[str, ...]
    bars: tuple[Bar, ...]
    left_out: int
    width: int = LABELS + BARS + VALUES

    @property
    def height(self) -> int:
        """Of all its bars."""
        return STEP * len(self.bars)


def charts_of(part: SummaryPart) -> tuple[Chart, ...]:
    """The charts of a part; none of a column in which no line has a number above 0."""
    return tuple(chart for columns in part.charts if (chart := _chart(part, columns)) is not None)


def _chart(part: SummaryPart, columns: tuple[int, ...]) -> Chart | None:
    rows = part.rows[:MOST_BARS]
    longest = max((sum(_length(row[column]) for column in columns) for row in rows), default=0.0)
    if longest <= 0:
        return None
    names = tuple(part.columns[column][0] for column in columns)
    bars = tuple(_bar(part, number, columns, longest) for number in range(len(rows)))
    only = len(names) == 1 and sum(shape != "text" for _, shape in part.columns) == 1
    title = part.title if only else f"{part.title}: {', '.join(names).lower()}"
    return Chart(title, names if len(names) > 1 else (), bars, len(part.rows) - len(rows))


def _bar(part: SummaryPart, number: int, columns: tuple[int, ...], longest: float) -> Bar:
    row, left = part.rows[number], float(LABELS)
    pieces = []
    for series, column in enumerate(columns):
        width = BARS * _length(row[column]) / longest
        if width:
            says = f"{part.columns[column][0]}: {said(row[column], part.shape(number, column))}"
            pieces.append(Piece(series, round(left, 1), round(width, 1), says))
        left += width
    known = [value for column in columns if isinstance(value := row[column], (int, float))]
    whole = row[columns[0]] if len(columns) == 1 else (sum(known) if known else None)
    return Bar(
        _short(str(row[0] or "")), number * STEP, tuple(pieces), round(left + 6, 1),
        said(whole, part.shape(number, columns[0])),
    )  # fmt: skip


def _length(value: object) -> float:
    return max(0.0, float(value)) if isinstance(value, (int, float)) else 0.0


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
