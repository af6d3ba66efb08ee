"""The template of a dataset for a collection: a workbook made wholly from the contract.

Belongs here: putting its sheets together into one file, the same bytes for the same inputs.
Does not belong here: what is known about it (see `template_plan`), its sheets (`template_rows`,
`template_pages`), its formulas (`template_checks`).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns import template_pages as pages
from rcs_pipeline.returns import template_rows as rows
from rcs_pipeline.returns.template_plan import TemplatePlan, plan_template

SUFFIX = ".xlsx"
MADE = datetime(2015, 1, 1, 12)  # noqa: DTZ001  (workbooks know no zones; a clock would change the bytes)
LOOKS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16},
    "label": {"bold": True, "valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "live": {"bold": True, "align": "left"},
    "sum": {"num_format": "#,##0.##"},
    "required": {"bold": True, "bg_color": "#1F3864", "font_color": "#FFFFFF", "border": 1},
    "optional": {"bold": True, "bg_color": "#D9E2F3", "font_color": "#1F3864", "border": 1},
    "plain_heading": {"bold": True, "bottom": 1},
    "text": {"num_format": "@"},
    "number": {},
    "date": {"num_format": "yyyy-mm-dd"},
}
FOUND: dict[str, dict[str, Any]] = {
    "empty": {"bg_color": "#FFE699"},
    "wrong": {"bg_color": "#F4B6B6", "font_color": "#7F0000"},
    "repeated": {"bg_color": "#E2C6F0"},
    "unchanged": {"font_color": "#7F6000", "italic": True},
}


@dataclass(frozen=True)
class TemplateSummary:
    """What was written."""

    path: Path
    dataset: str
    collection: str
    contract_id: str
    contract_version: str
    sheet: str
    columns: int
    prefilled: int
    prefilled_from: str | None


def write_template(workspace: Workspace, dataset: str, collection: str, target: Path) -> TemplateSummary:
    """Write the template to `target`.

    Raises:
        NothingToDoError: the very same template is there already.
        RcsError: dataset and collection do not go together, or something else stands at `target`.
    """
    plan = plan_template(workspace, dataset, collection)
    if target.suffix.lower() != SUFFIX:
        raise RcsError(
            "A template is an Excel workbook",
            where=str(target),
            expected=f"a file name that ends in {SUFFIX}",
        )
    content = template_bytes(plan)
    if target.is_dir() or (target.exists() and target.read_bytes() != content):
        raise RcsError(
            "Something else is there already, perhaps a template that somebody has filled in",
            where=str(target),
            todo="Give another name, or take it away first.",
        )
    if target.exists():
        raise NothingToDoError("The same template is there already", where=str(target))
    with whole_file(target) as temporary:
        temporary.write_bytes(content)
    return TemplateSummary(
        path=target,
        dataset=dataset,
        collection=collection,
        contract_id=plan.contract.id,
        contract_version=plan.contract.version,
        sheet=plan.sheet.name,
        columns=len(plan.contract.columns),
        prefilled=len(plan.previous.rows) if plan.previous else 0,
        prefilled_from=plan.previous.collection.key if plan.previous else None,
    )


def template_bytes(plan: TemplatePlan) -> bytes:
    """The workbook as bytes."""
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties(
            {
                "title": f"{plan.contract.title}: {plan.entry.title}",
                "created": MADE,
                "comments": plan.contract.id,
            }
        )
        for name, value in pages.mark(plan).items():
            book.set_custom_property(name, value)
        formats = _formats(book)
        pages.write_start(book, plan, formats, len(plan.previous.rows) if plan.previous else 0)
        rows.write_rows(book, plan, formats)
        pages.write_checks(book, plan, formats)
        pages.write_columns(book, plan, formats)
        pages.write_example(book, plan, formats)
        rows.write_last_time(book, plan, formats)
        rows.write_lists(book, plan)
        rows.write_workings(book, plan)
        for sheet in book.worksheets():
            sheet.set_landscape()
    return stream.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    formats: dict[str, Any] = {name: book.add_format(look) for name, look in LOOKS.items()}
    formats |= {f"found_{name}": book.add_format(look) for name, look in FOUND.items()}
    shown = {"text_wrap": True, "valign": "top"}
    return formats | {f"look_{name}": book.add_format({**look, **shown}) for name, look in FOUND.items()}
