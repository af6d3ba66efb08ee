"""What stands in the way of deliveries and releases now: causes, read from the ledger and the register.

Belongs here: finding each kind of `data_contracts/lifecycle/alerts.yaml`, under a name that stays the same as
long as it is the same cause: a check that fails in every nightly candidate is one.
Does not belong here: wording (the file), telling anybody and remembering it (see `alerts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.gate.candidate import build_failure
from rcs_pipeline.gate.decision import decide
from rcs_pipeline.intake.due import MISSING, REPEATS, USABLE, standings
from rcs_pipeline.ledger.lifecycle import ACTION, state_of
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import notices
from rcs_pipeline.release.approve import ready
from rcs_pipeline.release.mirror import behind
from rcs_pipeline.release.publish import broken_off
from rcs_pipeline.release.standing import submitted_plan

SHOWN = 3
IN_THE_MAKING = ("built", "protected")


@dataclass(frozen=True)
class Cause:
    """One thing that somebody should see to. `kind` and `key` say which; `since`: from when it stands."""

    kind: str
    key: str
    since: str
    about: dict[str, Any] = field(default_factory=dict)


def causes(workspace: Workspace) -> tuple[Cause, ...]:
    """Every cause that stands now, those that are too young to be told too; writes nothing."""
    found = [*_deliveries(workspace), *_overdue(workspace), *_unfinished(workspace)]
    for product in workspace.catalogue.products.values():
        found += [
            *_build(workspace, product), *_candidate(workspace, product), *_plan(workspace, product),
            *_release(workspace, product), *_notice(workspace, product),
        ]  # fmt: skip
    return tuple(found)


def _deliveries(workspace: Workspace) -> Iterator[Cause]:
    """The last word on a dataset of a collection is a no, or none yet."""
    last: dict[tuple[str, str], Receipt] = {}
    for receipt in workspace.ledger.receipts():
        if receipt.state not in REPEATS:
            last[receipt.collection, receipt.dataset] = receipt
    kinds = {ReceiptState.REFUSED: "delivery_refused", ReceiptState.WAITING: "delivery_waiting"}
    for (collection, dataset), receipt in sorted(last.items()):
        if receipt.state in kinds:
            about = {"collection": collection, "dataset": dataset, "receipt": receipt.id}
            yield Cause(kinds[receipt.state], f"receipt {receipt.id}", receipt.received_at, about)


def _overdue(workspace: Workspace) -> Iterator[Cause]:
    """What was due on one day from one collection is one cause, once the home is in use at all."""
    if not any(item.state in USABLE for item in workspace.ledger.receipts()):
        return
    late: dict[tuple[str, date], list[str]] = {}
    for item in standings(workspace):
        if item.state == MISSING and item.due is not None and item.days_late:
            late.setdefault((item.collection, item.due), []).append(item.dataset)
    for (collection, due), datasets in late.items():
        about = {"collection": collection, "due": due.isoformat(), "what": ", ".join(datasets)}
        yield Cause("delivery_overdue", f"{collection} {due}", _begins(due + timedelta(days=1)), about)


def _unfinished(workspace: Workspace) -> Iterator[Cause]:
    begun = [
        (f"move {item.id}", f"The {item.kind} of {item.product}", item.started_at)
        for item in workspace.ledger.moves(unfinished=True)
    ]
    for work in workspace.ledger.unfinished():
        begun.append((f"work {work.id}", f"Work of the kind `{work.kind}`", work.started_at))
    for key, what, since in begun:
        yield Cause("work_unfinished", key, since, {"what": what, "since": since})
    for move in behind(workspace):
        about = {"product": move.product, "version": move.to_version or "no release"}
        since = move.finished_at or move.started_at
        yield Cause("database_behind", f"{move.product} move {move.id}", since, about)


def _build(workspace: Workspace, product: Product) -> Iterator[Cause]:
    failed = build_failure(workspace, product.id)
    if failed is not None:
        names = failed.detail["failed"]
        what = _listed([f"`{name}`" for name in names]) or failed.detail["problem"]
        about = {"product": product.id, "what": what}
        yield Cause("build_failed", f"{product.id} {' '.join(names) or what}", failed.at, about)


def _candidate(workspace: Workspace, product: Product) -> Iterator[Cause]:
    """The newest candidate: an audit cut short, or whatever closes its gate, each as one cause."""
    known = workspace.ledger.candidates(product.id)
    if not known:
        return
    newest = known[-1]
    about = {"product": product.id, "candidate": newest.hash[:16]}
    if state_of(workspace, newest.hash) in IN_THE_MAKING:
        yield Cause("audit_unfinished", f"{product.id} {newest.hash[:16]}", newest.built_at, about)
        return
    closing = decide(workspace, newest).causes
    for cause in dict.fromkeys(closing):
        number = closing.count(cause)
        what = cause if number == 1 else f"{cause} ({number:,} of that kind)"
        yield Cause("gate_closed", f"{product.id} {cause}", newest.built_at, {**about, "what": what})


def _plan(workspace: Workspace, product: Product) -> Iterator[Cause]:
    """Approvals that count no more, a publication that broke off, and one that nobody begins."""
    known = workspace.ledger.candidates(product.id)
    steps = workspace.ledger.events(action=ACTION, subject=known[-1].hash) if known else []
    if steps and steps[-1].detail.get("transition") == "void":
        plan = submitted_plan(workspace, known[-1])
        yield Cause("approval_void", f"{product.id} {plan}", steps[-1].at, {"product": product.id})
    try:
        waiting = ready(workspace, product.id)
    except RcsError:
        return  # a contract was edited since: the next build makes another candidate
    if waiting is None:
        return
    plan_, approved_at = waiting
    since = max(approved_at, plan_.not_before or approved_at, key=datetime.fromisoformat)
    about = {"product": product.id, "plan": plan_.id, "version": plan_.version, "since": since}
    failed = broken_off(workspace, plan_)
    if failed is not None:
        more = {"what": failed.detail["problem"]}
        yield Cause("publish_failed", plan_.id, failed.at, {**about, **more})
    else:
        yield Cause("publish_overdue", plan_.id, since, about)


def _release(workspace: Workspace, product: Product) -> Iterator[Cause]:
    policy, moves = product.file.release, workspace.ledger.moves(product.id)
    finished = [item for item in moves if item.finished_at is not None]
    version = finished[-1].to_version if finished else ""
    current = next((item for item in workspace.ledger.releases(product.id) if item.version == version), None)
    if current is None:
        return
    about = {"product": product.id, "version": version}
    born = datetime.fromisoformat(current.released_at)
    if policy.fresh_days is not None:
        old = (born + timedelta(days=policy.fresh_days)).isoformat(timespec="seconds")
        days = {"days": policy.fresh_days}
        yield Cause("release_stale", f"{product.id} {version}", old, {**about, **days})
    if policy.next_release is not None and born.date() <= policy.next_release:
        over = _begins(policy.next_release + timedelta(days=1))
        due = {"due": policy.next_release.isoformat()}
        yield Cause("release_overdue", f"{product.id} {policy.next_release}", over, {**about, **due})


def _notice(workspace: Workspace, product: Product) -> Iterator[Cause]:
    """The last move of which somebody was to be told, where nobody took the word of it."""
    told = [item for item in workspace.ledger.moves(product.id) if item.detail.get("tell") and item.told_at]
    if not told:
        return
    last = told[-1]
    sent, failed = (
        workspace.ledger.events(action=action, subject=f"move {last.id}")
        for action in (notices.SENT, notices.FAILED)
    )
    if failed and not sent:
        hooks = _listed([str(problem).partition(":")[0] for problem in failed[-1].detail["problems"]])
        about = {"product": product.id, "version": last.to_version or "no release", "what": hooks}
        yield Cause("notice_failed", f"{product.id} move {last.id}", failed[-1].at, about)


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _begins(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat(timespec="seconds")
