"""Looking a plan through: what keeps it from its approvers, and what they should weigh.

Belongs here: finding each item of `data_contracts/lifecycle/checklist.yaml` in a plan.
Does not belong here: their wording and weight (the file), deciding (a person).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rcs_pipeline.gate.decision import decide
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.consumers import affected
from rcs_pipeline.release.draft import Comparison
from rcs_pipeline.release.prospect import Prospect
from rcs_pipeline.release.versions import Change

ERROR, WARNING, OK = "error", "warning", "ok"
SHOWN = 20
Finding = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Looked:
    """One line of the checklist as it turned out: `ok`, `warning` or `error`."""

    id: str
    level: str
    text: str
    guidance: str = ""


def looked_through(workspace: Workspace, found: Prospect) -> tuple[Looked, ...]:
    """The whole checklist: every item is there, with one line for each thing found or one that says ok."""
    findings: dict[str, list[dict[str, Any]]] = {}
    for name, about in _findings(workspace, found):
        findings.setdefault(name, []).append(about)
    lines: list[Looked] = []
    for item in workspace.catalogue.checklist.items:
        met = findings.pop(item.id, [])
        lines += [
            Looked(item.id, item.level, item.found.format(**about), item.guidance) for about in met[:SHOWN]
        ]
        if len(met) > SHOWN:
            lines.append(Looked(item.id, item.level, f"And {len(met) - SHOWN:,} more of this kind."))
        if not met:
            lines.append(Looked(item.id, OK, item.ok))
    if findings:
        raise AssertionError(f"the checklist does not know {', '.join(findings)}")
    return tuple(lines)


def _findings(workspace: Workspace, found: Prospect) -> Iterator[Finding]:
    candidate = workspace.ledger.candidate(found.plan.candidate)
    decision = decide(workspace, candidate)
    yield from (("gate", {"what": reason}) for reason in decision.reasons)
    yield from (("warnings", {"what": reason}) for reason in decision.warnings)
    if found.plan.change == Change.PATCH and not found.plan.note:
        yield "note", {}
    for item in affected(found.product, found.comparisons):
        if item.breaking:
            yield "breaking", {"consumer": item.title, "owner": item.owner, "what": item.reasons[0]}
    today = _today(workspace, found)
    for comparison in found.comparisons:
        yield from _deprecations(comparison, today)
        yield from _values(found, comparison)
    for held in found.held:
        audience = found.product.audience(held.audience).title
        yield "held_back", {"table": held.table, "audience": audience, "what": held.says}
    for decided in found.product.file.corrected_maps:
        if found.plan.base_version is not None and decided.covers(found.plan.base_version):
            yield "given_anew", {"map": decided.collection, **decided.model_dump(exclude={"collection"})}
    if candidate.os_account == found.plan.os_account and not found.synthetic:
        yield "accounts", {"what": candidate.os_account}
    following = found.product.file.release.next_release
    if following is None or following < today:
        yield "next_release", {"what": following or "not given"}


def _values(found: Prospect, comparison: Comparison) -> Iterator[Finding]:
    title = found.product.audience(comparison.audience).title
    for table in comparison.tables:
        for name in ("beyond", "hidden", "shown"):
            count = getattr(table, name)
            if count:
                counted = f"{count:,} value{'' if count == 1 else 's'}"
                yield name, {"table": table.table, "audience": title, "count": counted}


def _deprecations(comparison: Comparison, today: date) -> Iterator[Finding]:
    """What goes, against what consumers were promised in the release before."""
    promised, kept = _deprecated(comparison.before), _deprecated(comparison.after)
    for reason in comparison.reasons:
        if reason.change is not Change.MAJOR or reason.table is None:
            continue
        place = f"{reason.table}.{reason.column}" if reason.column else reason.table
        gone = place not in kept and (reason.column is not None or " no longer released" in reason.sentence)
        until = promised.get(place, promised.get(reason.table))
        if gone and until is None:
            yield "unannounced", {"what": reason.sentence}
        elif gone and until is not None and date.fromisoformat(until) > today:
            yield "too_early", {"what": place, "until": until}
    for place, until in kept.items():
        if until is not None and date.fromisoformat(until) < today:
            yield "overdue", {"what": place, "until": until}


def _deprecated(package: dict[str, Any]) -> dict[str, str | None]:
    """`table` and `table.column` -> until when it is promised, for everything that is described."""
    found: dict[str, str | None] = {}
    for resource in package.get("resources", ()):
        found[resource["name"]] = resource.get("deprecated", {}).get("until")
        for field in resource["schema"]["fields"]:
            found[f"{resource['name']}.{field['name']}"] = field.get("deprecated", {}).get("until")
    return found


def _today(workspace: Workspace, found: Prospect) -> date:
    zone = ZoneInfo(found.product.file.release.timezone)
    return datetime.fromisoformat(workspace.now()).astimezone(zone).date()
