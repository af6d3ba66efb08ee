"""The page of a plan, for the people who sign it off: one file that opens from a folder.

Belongs here: a plan's document into its page. Internal: it is never part of a release.
Does not belong here: what a plan says (see `release.plan`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.site.index import template

MEANS = {
    "first": "the first release",
    "major": "something is removed or means something else: consumers have to look before they load it",
    "minor": "something is added: what consumers have goes on working",
    "patch": "values or words are corrected",
}
LEVELS = {"error": "Must be mended", "warning": "To be weighed", "ok": "In order"}
SHOWN = (
    ("rows_after", "Rows"),
    ("rows_added", "Added"),
    ("rows_removed", "Removed"),
    ("rows_changed", "Changed"),
    ("values", "Values corrected"),
    ("values_beyond_their_interval", "Beyond their interval"),
    ("values_no_longer_shown", "Newly withheld"),
    ("values_newly_shown", "Newly shown"),
)


def write_plan_page(folder: Path, document: dict[str, Any]) -> Path:
    """Write `<plan>.html` and `<plan>.json` into `folder`; the same plan gives the same bytes.

    Returns:
        The page.
    """
    for audience in document["audiences"]:
        for table in audience["tables"]:
            table["values"] = sum(table["values_changed"].values())
    page = template("plan.html.j2").render(plan=document, means=MEANS, levels=LEVELS, shown=SHOWN)
    target = folder / f"{document['plan']}.html"
    for path, text in (
        (target, page),
        (target.with_suffix(".json"), json.dumps(document, ensure_ascii=False, indent=2) + "\n"),
    ):
        with whole_file(path) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
    return target
