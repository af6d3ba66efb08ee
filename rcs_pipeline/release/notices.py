"""Telling the outside that a pointer moved: an e-mail text, a command, a webhook. Never before it moved.

Belongs here: the notice, and when it is offered again: by later commands, where it was not taken.
Does not belong here: the hooks themselves (see `hooks`); who subscribes, which is for what takes the notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.audiences import by_kind
from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.ledger.records import PointerMove
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.draft import SYNTHETIC_NOTICE
from rcs_pipeline.release.hooks import OFTEN_ENOUGH, hand_over
from rcs_pipeline.release.pointer import SCHEMA_VERSION

TEMPLATES = Path(__file__).with_name("templates")
SENT, FAILED = "notice.sent", "notice.failed"


def tell_outside(workspace: Workspace, move: PointerMove) -> None:
    """Write the e-mail text and hand the notice to the hooks that are set; what fails is on record.

    The release is out whatever happens here, so nothing is raised.
    """
    notice = _notice(workspace, move)
    subject = f"move {move.id}"
    place = workspace.paths.reports / "notices" / f"{move.product}-{move.id:05d}-{move.kind}.txt"
    problems: list[str] = []
    try:
        with whole_file(place) as part:
            part.write_text(_mail(notice), encoding="utf-8")
        notice["mail"] = str(place)
    except OSError as error:
        problems.append(f"mail text: {error.strerror}")
    problems += hand_over(workspace.settings, notice)
    tried = len(workspace.ledger.events(action=FAILED, subject=subject))
    if problems:
        workspace.note(FAILED, subject, problems=problems)
    else:
        workspace.note(SENT, subject, release=f"{move.product} {move.to_version}")
    if not problems or tried + 1 >= OFTEN_ENOUGH:
        workspace.ledger.told(move, workspace.now())


def _notice(workspace: Workspace, move: PointerMove) -> dict[str, Any]:
    product = workspace.catalogue.products.get(move.product)
    plan: dict[str, Any] = {}
    if move.kind == "publish":
        plan = workspace.ledger.plan(move.detail["plan"]).detail
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": move.kind,
        "product": move.product,
        "title": product.file.title if product else move.product,
        "contact": product.file.contact if product else "",
        "version": move.to_version or None,
        "from_version": move.from_version,
        "change": plan.get("change"),
        "reasons": plan.get("why", []),
        "notes": [plan["note"]] if plan.get("note") else [],
        "consumers": [item for item in plan.get("consumers", ()) if item["breaking"]],
        "audiences": list(by_kind(move.detail["audiences"])),
        "statuses": move.detail["statuses"],
        "synthetic": bool(move.detail["synthetic"]),
    }


def _mail(notice: dict[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template("notice.txt.j2").render(synthetic_notice=SYNTHETIC_NOTICE, **notice)


def untold(workspace: Workspace) -> int:
    """How many moves the outside has not heard of yet."""
    return sum(
        bool(move.finished_at and move.detail.get("tell") and not move.told_at)
        for move in workspace.ledger.moves()
    )
