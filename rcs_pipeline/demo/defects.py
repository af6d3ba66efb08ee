"""Defects planted on purpose, and the list of them.

Each names the rule that should find it and the row a person sees: line 2 is the first row of a CSV or a
workbook, case 1 the first of an SPSS file. Values of identifiers are left out of the list.

Belongs here: which defects are planted where.
Does not belong here: finding them (see `intake`).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.demo.table import Table
from rcs_pipeline.ledger.paths import whole_file

FIELDS = ("dataset", "collection", "file", "sheet", "row", "column", "value", "rule_id")
# How an invented identifier starts: far above those of the programme.
NEW_PUPIL = "99"


@dataclass(frozen=True)
class Planted:
    """One defect and the rule that finds it. Row 0 stands for the file as a whole."""

    dataset: str
    collection: str
    file: str
    sheet: str
    row: int
    column: str
    value: str
    rule_id: str


@dataclass
class Draft:
    """A file that is about to be written."""

    dataset: str
    collection: str
    file: str
    sheet: str
    format: Format
    table: Table
    labels: dict[str, dict[int, str]] = field(default_factory=dict)
    planted: list[Planted] = field(default_factory=list)
    used: set[int] = field(default_factory=set)

    def note(self, rule_id: str, row: int | None, column: str = "", value: Any = "") -> None:
        """Remember a defect; `row` counts from 0."""
        shown = 0 if row is None else row + (1 if self.format is Format.SAV else 2)
        self.planted.append(
            Planted(self.dataset, self.collection, self.file, self.sheet, shown, column, str(value), rule_id)
        )

    def rows(self, count: int, where: Any = None) -> list[int]:
        """Rows that no defect has touched yet, spread over the file."""
        fit = np.arange(len(self.table)) if where is None else np.flatnonzero(where)
        free = [int(row) for row in fit if int(row) not in self.used]
        chosen = free[:: max(len(free) // count, 1)][:count]
        self.used.update(chosen)
        return chosen

    def spoil(self, column: str, value: Any, count: int, *rule_ids: str, where: Any = None) -> None:
        """Put `value` into `column` of some rows and note which rules find it."""
        for row in self.rows(count, where):
            self.table = self.table.with_cell(row, column, value)
            for rule_id in rule_ids:
                self.note(rule_id, row, column, value)


Drafts = dict[tuple[str, str], Draft]


def plant(drafts: Drafts) -> tuple[Planted, ...]:
    """Plant every defect in the drafts it belongs to and return the list."""
    recipes: dict[tuple[str, str], Callable[[Draft, Drafts], None]] = {
        ("wellbeing_primary", "t2-falkirk-2016"): _spoil_cells,
        ("wellbeing_primary", "t3-moray-2018"): _spoil_schools,
        ("wellbeing_primary", "t1-clackmannanshire-2015"): _crowd_a_school,
        ("wellbeing_secondary", "t1-west-lothian-2015"): _spoil_answers,
        ("wellbeing_secondary", "t3-moray-2018"): _swap_labels,
        ("service_map", "t2-falkirk-2016"): _spoil_services,
        ("service_map", "t3-south-ayrshire-2018"): _add_column,
    }
    for place, recipe in recipes.items():
        if place in drafts:
            recipe(drafts[place], drafts)
    found = [item for draft in drafts.values() for item in draft.planted]
    return tuple(sorted(found, key=lambda item: (item.dataset, item.collection, item.row, item.rule_id)))


def write_list(planted: tuple[Planted, ...], target: Path) -> None:
    """The list as CSV."""
    with whole_file(target) as path, path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(FIELDS)
        for item in planted:
            writer.writerow([item.row or "" if name == "row" else getattr(item, name) for name in FIELDS])


def _spoil_cells(draft: Draft, drafts: Drafts) -> None:
    draft.spoil("sch_happy", 7, 5, "RCS-C03")
    draft.spoil("minutes_taken", 9000.0, 2, "RCS-C04")
    draft.spoil("stage", "", 2, "RCS-C01")
    draft.spoil("completed_on", np.datetime64("1917-02-06"), 2, "RCS-P106")
    draft.spoil("completed_on", "31/02/2017", 1, "RCS-C02")
    draft.spoil("minutes_taken", "twenty", 1, "RCS-C02")
    _repeat_pupils(draft, drafts, 3)


def _spoil_schools(draft: Draft, drafts: Drafts) -> None:
    others = drafts[("school_roll", "t2-falkirk-2016")].table.columns
    # The largest, so that its roll has room and only the council is wrong.
    primaries = np.where(np.char.startswith(others["stage"], "P"), others["pupils"], 0)
    stranger = str(others["school_code"][primaries.argmax()])
    draft.spoil("school_code", stranger, 3, "RCS-P101", "RCS-P103")
    for row in draft.rows(3):
        code = str(draft.table.columns["school_code"][row])[1:]
        draft.table = draft.table.with_cell(row, "school_code", code)
        draft.note("RCS-C05", row, "school_code", code)


def _rolls(draft: Draft, drafts: Drafts) -> dict[tuple[str, str], int]:
    """The roll of each school and stage of the draft's collection."""
    roll = drafts[("school_roll", draft.collection)].table.columns
    sizes: dict[tuple[str, str], int] = {}
    for code, stage, pupils in zip(roll["school_code"], roll["stage"], roll["pupils"], strict=True):
        sizes[(str(code), str(stage))] = sizes.get((str(code), str(stage)), 0) + int(pupils)
    return sizes


def _present(draft: Draft, place: tuple[str, str]) -> Any:
    """Which rows come from this school and stage."""
    columns = draft.table.columns
    return (columns["school_code"] == place[0]) & (columns["stage"] == place[1])


def _crowd_a_school(draft: Draft, drafts: Drafts) -> None:
    """More answers from one school and stage than its roll allows."""
    sizes = _rolls(draft, drafts)
    code, stage = min(
        (place for place in sizes if _present(draft, place).any()), key=lambda place: (sizes[place], place)
    )
    here = np.flatnonzero(_present(draft, (code, stage)))
    surplus = floor(sizes[(code, stage)] * 1.1) + 2 - len(here)
    copies = np.concatenate([np.arange(len(draft.table)), np.resize(here, surplus)])
    table = draft.table.take(copies)
    identifiers = table.columns["pupil_id"].astype(object)
    for number in range(surplus):
        identifiers[len(draft.table) + number] = f"{NEW_PUPIL}{number:07d}"
    draft.table = Table({**table.columns, "pupil_id": identifiers})
    for row in (*here, *range(len(copies) - surplus, len(copies))):
        draft.used.add(int(row))
        for rule_id in ("RCS-P104", "RCS-P105"):
            draft.note(rule_id, int(row), "school_code", code)


def _spoil_answers(draft: Draft, drafts: Drafts) -> None:
    columns = draft.table.columns
    stage, linked = columns["stage"], columns["linked"]
    draft.spoil("sdq_03", 5, 4, "RCS-C03")
    draft.spoil("hlth_active_days", 9, 3, "RCS-C04")
    draft.spoil("school_code", "", 2, "RCS-C01")
    draft.spoil("wemwbs_01", 3, 4, "RCS-S112", where=stage == "S1")
    for row in draft.rows(3, linked == 0):
        draft.table = draft.table.with_cell(row, "urban_rural", 2)
        draft.note("RCS-S111", row, "linked", 0)
    draft.spoil("sub_smokes_weekly", 1, 2, "RCS-S113", where=columns["sub_smoked_ever"] == 0)
    _repeat_pupils(draft, drafts, 2)


def _repeat_pupils(draft: Draft, drafts: Drafts, count: int) -> None:
    """Pupils stand again at the end of the file: of a school and stage whose roll has room for them."""
    sizes = _rolls(draft, drafts)
    here = {place: int(_present(draft, place).sum()) for place in sizes}
    enough = [place for place in sizes if here[place] > count] or list(sizes)
    place = max(enough, key=lambda place: (sizes[place] - here[place], place))
    again = np.array(draft.rows(count, _present(draft, place)), dtype=np.int64)
    first = len(draft.table)
    draft.table = draft.table.take(np.concatenate([np.arange(first), again]))
    for row in range(first, first + len(again)):
        draft.used.add(row)
        draft.note("RCS-C06", row, "pupil_id")


def _swap_labels(draft: Draft, _: Drafts) -> None:
    draft.labels["sex"] = {1: "Male", 2: "Female"}
    draft.note("RCS-F09", None, "sex")


def _spoil_services(draft: Draft, _: Drafts) -> None:
    draft.spoil("level_of_support", "tertiary", 2, "RCS-C03")
    draft.spoil("age_to", 120, 1, "RCS-C04")
    draft.spoil("service_name", "Ask somebody@example.org", 1, "RCS-M106")
    draft.spoil("service_name", "Long name " * 25, 1, "RCS-C07")
    draft.spoil("gross_actual", "about 5k", 1, "RCS-C02")
    for row in draft.rows(1):
        draft.table = draft.table.with_cell(row, "age_from", 18).with_cell(row, "age_to", 5)
        draft.note("RCS-M101", row, "age_from", 18)


def _add_column(draft: Draft, _: Drafts) -> None:
    draft.table = Table({**draft.table.columns, "notes": np.full(len(draft.table), "see covering letter")})
    draft.note("RCS-F05", None, "notes")
