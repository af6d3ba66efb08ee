"""Taking a candidate or a release from one state to the next, on record.

Belongs here: the present state of a thing, and whether this person may take this step now.
Does not belong here: the states and steps themselves (`data_contracts/lifecycle`), looking at what a step
needs (the rooms that take it).

A state is nothing but the last step in the ledger's audit events: there is no second place to edit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Any

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.contracts.lifecycle import Bar, Need, Transition
from rcs_pipeline.ledger.records import AuditEvent
from rcs_pipeline.ledger.workspace import Workspace

ACTION = "state"


def state_of(workspace: Workspace, subject: str) -> str | None:
    """The state of a candidate (its hash) or a release (`<product> <version>`); None if no step is known."""
    taken = workspace.ledger.events(action=ACTION, subject=subject)
    return str(taken[-1].detail["to"]) if taken else None


def step(
    workspace: Workspace,
    name: str,
    subject: str,
    *,
    assumed: str | None = None,
    builder: str = "",
    approvers: Collection[str] = (),
    met: Collection[Need] = (),
    reason: str = "",
    **detail: Any,
) -> AuditEvent:
    """The audit event of a step, once it is certain that it may be taken now; enters nothing.

    Args:
        workspace: its name and role are who takes the step.
        name: the transition.
        subject: the candidate's hash, or `<product> <version>`.
        assumed: the state of a thing that is older than the record of states.
        builder: who built the candidate.
        approvers: who said yes to it before.
        met: what was looked at and found in order.
        reason: why.
        detail: what else belongs on record, the content's hash above all.

    Raises:
        RefusedError: the state, the role or the person does not allow it.
        RcsError: a reason is missing, or (a defect) something was not looked at.
    """
    transition = workspace.catalogue.lifecycle.steps[name]
    state = state_of(workspace, subject) or assumed
    _check_state(transition, state, subject)
    _check_person(workspace, transition, builder, approvers)
    if transition.reason and not reason.strip():
        raise RcsError(
            f"No reason was given to {_words(name)} it", expected="`--reason TEXT`; it is recorded"
        )
    missing = set(transition.needs) - set(met)
    if missing:
        raise RcsError(
            f"The step `{name}` was taken without looking at {', '.join(sorted(missing))}",
            todo="Report this as a defect.",
        )
    return workspace.event(
        ACTION, subject, transition=name, **{"from": state}, to=transition.to, role=workspace.settings.role,
        reason=reason.strip(), **detail,
    )  # fmt: skip


def take(workspace: Workspace, name: str, subject: str, **about: Any) -> None:
    """Take a step and enter it; see `step`."""
    workspace.ledger.note(step(workspace, name, subject, **about))


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same but for case, spaces and the form of their letters."""
    return _plain(one) == _plain(other)


def _check_state(transition: Transition, state: str | None, subject: str) -> None:
    allowed = transition.from_ or (None,)
    if state not in allowed:
        expected = " or ".join(f"`{item}`" for item in transition.from_) or "something new"
        raise RefusedError(
            f"`{subject[:24]}` is `{state or 'unknown'}`, so nobody can {_words(transition.id)} it now",
            expected=expected,
            todo="docs/release-states.md shows which step leads where.",
        )


def _check_person(
    workspace: Workspace, transition: Transition, builder: str, approvers: Collection[str]
) -> None:
    name, role = workspace.settings.name, workspace.settings.role
    if role not in transition.roles:
        raise RefusedError(
            f"The role `{role}` may not {_words(transition.id)} it", expected=", ".join(transition.roles)
        )
    if Bar.BUILDER in transition.not_ and same_person(name, builder):
        raise RefusedError(
            f"`{name}` built the candidate and may not {_words(transition.id)} it", expected="another person"
        )
    if Bar.EARLIER_APPROVER in transition.not_ and any(same_person(name, item) for item in approvers):
        raise RefusedError(f"`{name}` has said yes already", expected="another person")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
