"""Telling somebody of a cause, once: for as long as it stands, whoever looks and however often.

Belongs here: which causes are old enough and not told yet, handing them over, remembering that in the ledger.
Does not belong here: finding causes (see `causes`), the hooks (see `hooks`).

What was told is an audit event and not the cursor of a sensor: the command line and Dagster share it, and it
outlives the storage of either. A cause that went and came again is told again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.causes import causes
from rcs_pipeline.release.hooks import OFTEN_ENOUGH, hand_over
from rcs_pipeline.release.pointer import SCHEMA_VERSION

ACTION = "alert"
RAISED, FAILED, OVER = "raised", "not taken", "over"


@dataclass(frozen=True)
class Told:
    """Whether somebody was told of a cause, and how often a hook did not take it."""

    told: bool = False
    failures: int = 0


@dataclass(frozen=True)
class Raised:
    """A cause in words. `told`: whether somebody was told of it before."""

    kind: str
    subject: str
    since: str
    title: str
    text: str
    guidance: str
    told: bool


def standing_alerts(workspace: Workspace) -> tuple[Raised, ...]:
    """Every cause that stands and is old enough to be told; writes nothing."""
    memory, now = _memory(workspace), datetime.fromisoformat(workspace.now())
    found = []
    for cause in causes(workspace):
        kind, subject = workspace.catalogue.alerts.named[cause.kind], f"{cause.kind}: {cause.key}"
        ripe = now >= datetime.fromisoformat(cause.since) + timedelta(hours=kind.after_hours)
        # One that was told stays told, also where a younger candidate has it now.
        if ripe or subject in memory:
            found.append(
                Raised(
                    cause.kind, subject, cause.since, kind.title, kind.found.format(**cause.about),
                    kind.guidance.format(**cause.about), told=memory.get(subject, Told()).told,
                )
            )  # fmt: skip
    return tuple(found)


def raise_alerts(workspace: Workspace) -> tuple[Raised, ...]:
    """Hand over what was not told yet, and note what is over; returns all that stands.

    A hook that does not take it is tried again at the next look, three times in all; without a hook the
    ledger is told, and whoever called this shows it: `told` is false of what was handed over just now.
    """
    standing, memory = standing_alerts(workspace), _memory(workspace)
    gone = sorted(set(memory) - {item.subject for item in standing})
    workspace.ledger.note(*(workspace.event(ACTION, subject, step=OVER) for subject in gone))
    for item in standing:
        if item.told:
            continue
        problems = hand_over(workspace.settings, _message(workspace, item))
        failures = memory.get(item.subject, Told()).failures + 1
        step = FAILED if problems and failures < OFTEN_ENOUGH else RAISED
        workspace.note(ACTION, item.subject, step=step, text=item.text, since=item.since, problems=problems)
    return standing


def _message(workspace: Workspace, item: Raised) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "alert",
        "alert": item.kind,
        "subject": item.subject,
        "since": item.since,
        "title": item.title,
        "text": item.text,
        "guidance": item.guidance,
        "synthetic": workspace.synthetic,
    }


def _memory(workspace: Workspace) -> dict[str, Told]:
    """What is remembered of every cause that was not over when somebody looked last."""
    memory: dict[str, Told] = {}
    for event in workspace.ledger.events(action=ACTION):
        before = memory.pop(event.subject, Told())
        if event.detail["step"] == FAILED:
            memory[event.subject] = Told(before.told, before.failures + 1)
        elif event.detail["step"] == RAISED:
            memory[event.subject] = Told(told=True)
    return memory
