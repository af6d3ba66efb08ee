"""The figures of one school in words, for the page of its release.

Belongs here: reading the table of bands of a release folder, and how a band and a withheld figure are said.
Does not belong here: the page around them (see `index`); choosing bands (`disclosure`): what the table does
not show cannot be had back from it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

TABLE = "school_figures"
EVERYBODY = "all"
SURVEYS = {"primary": "Primary survey", "secondary": "Secondary survey"}
WITHHELD = {"c": "withheld", "x": "not available", "z": "not applicable"}
NOTHING_WITHHELD = "No figure of this school is withheld."
WHY_WITHHELD = (
    "because so few pupils answered that somebody could be recognised, or because the figures of its question"
    " together would say too much of the answers."
)
Rows = list[dict[str, str]]
Labels = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Cell:
    """A figure in words, and how many answered; `size` is empty where it is withheld."""

    says: str
    size: str = ""


@dataclass(frozen=True)
class Line:
    """An indicator, with a cell for everybody and for each group."""

    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Domain:
    """The indicators of one part of life."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Way:
    """What pupils are grouped by, and the groups that there are."""

    title: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Survey:
    """One questionnaire in one wave."""

    title: str
    ways: tuple[Way, ...]
    domains: tuple[Domain, ...]


@dataclass(frozen=True)
class School:
    """What a page says of a school; the newest survey first."""

    name: str
    withheld: str
    surveys: tuple[Survey, ...]


def school_of(folder: Path, package: dict[str, Any]) -> School | None:
    """The school that a release is about; None if it is not about one.

    Args:
        folder: the release folder.
        package: its `datapackage.json`.
    """
    rows = _of_one_school(folder / "csv" / f"{TABLE}.csv")
    if not rows:
        return None
    described = next(item for item in package["resources"] if item["name"] == TABLE)
    labels = {
        field["name"]: {item["value"]: item["label"] for item in field.get("categories", ())}
        for field in described["schema"]["fields"]
    }
    rows.sort(key=_survey)
    surveys = [_surveyed(key, list(held), labels) for key, held in groupby(rows, key=_survey)]
    return School(rows[0]["school_name"], _withheld(rows), tuple(reversed(surveys)))


def _of_one_school(path: Path) -> Rows:
    """The rows, if they are all of one school."""
    if not path.is_file():
        return []
    rows: Rows = []
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if rows and row["school_code"] != rows[0]["school_code"]:
                return []
            rows.append(row)
    return rows


def _survey(row: dict[str, str]) -> tuple[str, str, str]:
    return row["collected"], row["instrument"], row["wave"]


def _surveyed(key: tuple[str, str, str], rows: Rows, labels: Labels) -> Survey:
    collected, instrument, wave = key
    groups = _groups(rows)
    asked = labels.get("instrument", {}).get(instrument, "")
    titles = labels.get("group_by", {})
    title = ", ".join(part for part in (SURVEYS.get(instrument, instrument), asked) if part)
    ways = tuple(
        Way(titles.get(way, way), tuple(_group(value) for _, value in values))
        for way, values in groupby(groups, key=lambda group: group[0])
    )
    title = f"{title}, school year {collected} ({wave})"
    return Survey(title, ways, _domains(rows, groups, labels.get("domain", {})))


def _group(value: str) -> str:
    return "All pupils" if value == EVERYBODY else value[:1].upper() + value[1:]


def _groups(rows: Rows) -> list[tuple[str, str]]:
    """Everybody first, then the groups as their names sort."""
    found = {(row["group_by"], row["group_value"]) for row in rows}
    return sorted(found, key=lambda group: (group[0] != EVERYBODY, *group))


def _domains(rows: Rows, groups: Iterable[tuple[str, str]], titles: dict[str, str]) -> tuple[Domain, ...]:
    lines: dict[tuple[str, str, str], dict[tuple[str, str], Cell]] = {}
    for row in rows:
        cells = lines.setdefault((row["domain"], row["title"], row["indicator_id"]), {})
        cells[row["group_by"], row["group_value"]] = _cell(
            row["share_from"], row["share_to"], row["size_class"], row["symbol"]
        )
    known = [*titles, *sorted({domain for domain, _, _ in lines} - titles.keys())]
    nothing = Cell("no figure")
    found = (
        Domain(
            titles.get(domain, domain),
            tuple(
                Line(title, tuple(cells.get(group, nothing) for group in groups))
                for (own, title, _), cells in sorted(lines.items())
                if own == domain
            ),
        )
        for domain in known
    )
    return tuple(domain for domain in found if domain.lines)


@lru_cache(maxsize=1024)
def _cell(low: str, high: str, size: str, symbol: str) -> Cell:
    """`between 40 and 60 of a hundred`; the same few are said of every school."""
    if not low or not high:
        return Cell(WITHHELD.get(symbol, "not available"))
    return Cell(f"between {low} and {high} of a hundred", size)


def _withheld(rows: Rows) -> str:
    hidden = sum(row["symbol"] == "c" for row in rows)
    if not hidden:
        return NOTHING_WITHHELD
    if hidden == len(rows):
        return f"Every figure of this school is withheld: each {WHY_WITHHELD}"
    return (
        f"{hidden:,} of {len(rows):,} figures {'is' if hidden == 1 else 'are'} withheld: each {WHY_WITHHELD}"
    )
