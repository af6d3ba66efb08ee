"""Templates of every contract, and rows that break nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.template import template_bytes
from rcs_pipeline.returns.template_pages import example
from rcs_pipeline.returns.template_plan import TemplatePlan, plan_template

ROOT = Path(__file__).resolve().parents[2]
OWN = Path(__file__).with_name("contracts")
CONTRACTS = (ROOT / "examples" / "yrbs2019", ROOT / "tests" / "intake" / "contracts", OWN)
KEY = "a key that only these tests know"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CATALOGUE: Catalogue = load_catalogue(*CONTRACTS)
DATASETS = sorted(CATALOGUE.deliveries)
# What no contract should give an example of: an identifier, and a column that only a test has.
BY_PATTERN = {"^[0-9]{9}$": "10000000{}", "^S12[0-9]{6}$": "S12000014"}

_MADE: dict[tuple[str, str], bytes] = {}  # a template that starts empty is the same every time


def home(folder: Path) -> Workspace:
    """A home that is not the demonstration's, with a key."""
    options = {"home": str(folder), "name": "tester", "contracts": ":".join(map(str, CONTRACTS))}
    settings = load_settings(options, environment={"RCS_KEY": KEY}, folder=folder.parent)
    space = Workspace(settings, clock=lambda: NOON)
    space.__dict__["catalogue"] = CATALOGUE
    return space


def collection_of(dataset: str) -> str:
    """The first collection of the register from which the dataset is due."""
    return next(item.key for item in CATALOGUE.register.collections if dataset in item.datasets)


def planned(space: Workspace, dataset: str, collection: str | None = None) -> TemplatePlan:
    """The plan of a dataset's template."""
    return plan_template(space, dataset, collection or collection_of(dataset))


def written(plan: TemplatePlan, path: Path) -> Path:
    """The template as a file."""
    key = (plan.contract.dataset, plan.entry.key)
    if plan.previous is None and key not in _MADE:
        _MADE[key] = template_bytes(plan)
    path.write_bytes(_MADE[key] if plan.previous is None else template_bytes(plan))
    return path


def good_row(plan: TemplatePlan, number: int = 0) -> dict[str, Any]:
    """What somebody would enter in a row, column by column, without a fault."""
    cells = {}
    for column in plan.contract.columns:
        value = example(plan, replace(column, identifier=None), number)
        if value is None and column.pattern and not column.examples:
            value = BY_PATTERN[column.pattern].format(number)
        cells[column.name] = value
    return cells


def fill(template: Path, plan: TemplatePlan, rows: list[dict[str, Any]], target: Path, skip: int = 0) -> Path:
    """The template with rows typed in below the header, saved by another program than made it."""
    book = openpyxl.load_workbook(template)
    sheet = book[plan.sheet.name]
    for number, row in enumerate(rows, start=plan.first + 1 + skip):
        for name, value in row.items():
            if value is not None:
                cell = sheet.cell(number, plan.place(name) + 1)
                cell.value = value
                if isinstance(value, str):
                    cell.data_type = "s"  # what begins with = is a text all the same
    book.save(target)
    return target
