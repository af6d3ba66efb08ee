"""A return as one page that opens from a folder, without a server or a network.

Belongs here: filling the page's template. Does not belong here: what it says (see `content`).
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.returns.charts import charts_of
from rcs_pipeline.returns.checked_copy import where
from rcs_pipeline.returns.content import Content
from rcs_pipeline.returns.original import Original
from rcs_pipeline.returns.safe import printable
from rcs_pipeline.returns.summary import SummaryPart, said

TEMPLATES = Path(__file__).with_name("templates")


def write_page(content: Content, original: Original | None, files: list[str], target: Path) -> None:
    """Write the page; `files` are the names of those beside it."""
    environment = _environment()
    style = environment.get_template("return.css.j2").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    shown = content.listed[: content.rules.bounds.on_page.value]
    page = environment.get_template("return.html.j2").render(
        content=content,
        style=style,
        style_hash=f"sha256-{digest}",
        files=files,
        severities=[(content.words(item), item.value, count) for item, count in content.counts.items()],
        words={item.value: content.words(item) for item in Severity},
        entries=[(entry, where(entry, original)) for entry in shown],
        parts=[_part(part) for part in content.summary],
    )
    target.write_text(page, encoding="utf-8", newline="\n")


def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is None or not name.endswith(".css.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Control characters have no place in a page; every value of a delivery passes through here.
        finalize=lambda value: printable(value) if type(value) is str else value,
    )


def _part(part: SummaryPart) -> dict[str, Any]:
    return {
        "title": part.title,
        "note": part.note,
        "left_out": part.left_out,
        "columns": part.columns,
        "charts": charts_of(part),
        "rows": [
            [
                ("" if value is None else str(value))
                if (shape := part.shape(number, place)) == "text"
                else said(value, shape)
                for place, value in enumerate(row)
            ]
            for number, row in enumerate(part.rows)
        ],
    }
