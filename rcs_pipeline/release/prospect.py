"""What publishing a candidate would change, which version that makes, and why.

Belongs here: comparing a candidate with the current release, and the plan's id, which names both.
Does not belong here: entering the plan and what is written about it (see `plan`), approval and publishing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rcs_pipeline.contracts.audiences import by_kind, kind_of
from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.gate.evidence import verdicts_digest
from rcs_pipeline.ledger.records import CandidateRecord, Plan, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import candidate as candidates
from rcs_pipeline.release.comparing import OfKind, compare_kind
from rcs_pipeline.release.draft import Comparison, describe_package
from rcs_pipeline.release.held_back import HeldBack, held_back, in_short
from rcs_pipeline.release.pointer import Pointer, current
from rcs_pipeline.release.versions import Change, Reason, largest, next_version, numbers

ID_LENGTH = 12


@dataclass(frozen=True)
class Prospect:
    """A plan with the comparisons it rests on.

    `comparisons`: one for each kind of audience. `releases`: audience that would be published -> its own.
    `gone`: audiences that have a release and would have none any more. `held`: rows without new figures.
    """

    plan: Plan
    product: Product
    comparisons: tuple[Comparison, ...]
    synthetic: bool
    releases: dict[str, Comparison]
    gone: tuple[str, ...] = ()
    held: tuple[HeldBack, ...] = ()


@dataclass(frozen=True)
class Wishes:
    """What a person adds to what follows from the data; all of it is approved with the plan.

    `not_before`: an embargo, UTC. `at_least`: a higher version than the computed one.
    """

    not_before: str | None = None
    note: str = ""
    at_least: str | None = None


def check_plan(workspace: Workspace, plan: Plan) -> Prospect:
    """The plan's comparisons, if it would come out the same today.

    Raises:
        RefusedError: something moved since: a newer release, an edited contract or verdict, a touched file.
    """
    wishes = Wishes(plan.not_before, plan.note, plan.version)
    found = prospect(workspace, workspace.ledger.candidate(plan.candidate), wishes)
    if (found.plan.id, found.plan.version) != (plan.id, plan.version):
        was, now = plan.base_version or "no release", found.plan.base_version or "none"
        moved = f"it starts from {was}, and the current release is {now}"
        if was == (found.plan.base_version or "no release"):
            moved = "a contract, a verdict or the current release is not what it was when the plan was made"
        raise RefusedError(
            f"The plan `{plan.id}` no longer holds: {moved}",
            todo=f"Make a new plan: `rcs plan`, and have it approved. Today's would be `{found.plan.id}`.",
        )
    return found


def prospect(workspace: Workspace, candidate: CandidateRecord, wishes: Wishes | None = None) -> Prospect:
    """Compare a candidate with the current release; writes nothing.

    Args:
        workspace: the home.
        candidate: what would be published.
        wishes: an embargo, a note, a higher version.

    Raises:
        NothingToDoError: the candidate changes nothing.
        RefusedError: the candidate or the current release is not what it was, or was withdrawn.
    """
    wishes = wishes or Wishes()
    _refuse_withdrawn(workspace, candidate)
    product = candidates.product_of(workspace, candidate)
    content = candidates.fingerprint(workspace, candidate)
    names = candidates.audiences(workspace, product, candidate)
    pointers = _pointers(workspace, product, names)
    _refuse_fewer_audiences(workspace, product, names)
    base = _base(workspace, product, pointers)
    synthetic = candidate.synthetic or workspace.synthetic
    protected = candidates.protected_folder(workspace, candidate)
    kinds = tuple(_kinds(product, names, pointers, base, synthetic=synthetic))
    compared = [compare_kind(workspace, product, protected, of) for of in kinds]
    comparisons = tuple(together for together, _ in compared)
    dropped = _dropped(workspace, product)
    held = held_back(workspace.paths.home / candidate.path, product)
    change, version, why = _version(workspace, product, base, comparisons, dropped, in_short(held))
    version = max(version, wishes.at_least or version, key=numbers)
    basis = [
        product.id,
        candidate.hash,
        content,
        verdicts_digest(candidate.hash, workspace.ledger.verdicts(candidate.hash)),
        {of.kind: of.described for of in kinds},
        {name: pointer and pointer.hash for name, pointer in pointers.items()},
        base,
        version,
        *([wishes.not_before, wishes.note] if wishes.not_before or wishes.note else ()),
    ]
    plan = Plan(
        id=hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:ID_LENGTH],
        product=product.id,
        candidate=candidate.hash,
        base_version=base,
        version=version,
        change=change.value,
        why=why,
        made_at=workspace.now(),
        claimed_name=workspace.settings.name,
        os_account=workspace.settings.os_account,
        not_before=wishes.not_before,
        note=wishes.note,
    )
    releases = {name: item for _, each in compared for name, item in each.items()}
    gone = (*(name for of in kinds for name in of.gone), *dropped)
    return Prospect(plan, product, comparisons, synthetic, releases, gone, held)


def _version(
    workspace: Workspace, product: Product, base: str | None, comparisons: tuple[Comparison, ...],
    dropped: tuple[str, ...], held: str,
) -> tuple[Change, str, tuple[str, ...]]:  # fmt: skip
    used = [release.version for release in workspace.ledger.releases(product.id)]
    if base is None:
        return Change.FIRST, next_version(Change.FIRST, used), ("This is the first release.",)
    reasons = [reason for item in comparisons for reason in item.reasons]
    reasons += [Reason(Change.MAJOR, f"There is no audience `{kind}` any more.") for kind in by_kind(dropped)]
    if not reasons:
        raise NothingToDoError(
            f"The candidate holds what release {base} of `{product.id}` already says"
            + (f": {held}" if held else ""),
            todo="There is nothing to publish.",
        )
    change = largest(reasons)
    heaviest_first = sorted(
        reasons, key=lambda item: [Change.MAJOR, Change.MINOR, Change.PATCH].index(item.change)
    )
    return change, next_version(change, used), tuple(dict.fromkeys(item.sentence for item in heaviest_first))


def compared_again(
    workspace: Workspace, product: Product, plan: Plan, names: tuple[str, ...], protected: Path, *,
    synthetic: bool,
) -> dict[str, Comparison]:  # fmt: skip
    """The comparisons of an earlier plan, audience by audience, from tables that were made again.

    Raises:
        RefusedError: the release that it was compared with is not what it was.
    """
    known = {item.version: item for item in workspace.ledger.releases(product.id)}
    base = known.get(plan.base_version or "")
    pointers: dict[str, Pointer | None] = dict.fromkeys(names)
    for name, digest in base.hashes.items() if base else ():
        if base is not None and kind_of(name) in product.file.audiences:
            pointers[name] = Pointer(
                product.id, name, base.version, digest, base.version, base.released_at, synthetic=synthetic
            )
    found = {}
    for of in _kinds(product, names, pointers, plan.base_version, synthetic=synthetic):
        found.update(compare_kind(workspace, product, protected, of)[1])
    return found


def _kinds(
    product: Product, names: tuple[str, ...], pointers: dict[str, Pointer | None], base: str | None, *,
    synthetic: bool,
) -> Iterator[OfKind]:  # fmt: skip
    """The audiences of a candidate and of the current release, kind by kind."""
    known = by_kind(pointers)
    for kind in product.file.audiences:
        if kind in known:
            yield OfKind(
                kind=kind,
                names=tuple(name for name in names if kind_of(name) == kind),
                pointers={name: pointers[name] for name in known[kind]},
                described=describe_package(product, kind, synthetic=synthetic),
                base=base,
            )


def _pointers(workspace: Workspace, product: Product, names: tuple[str, ...]) -> dict[str, Pointer | None]:
    """The current release of every audience of the candidate, and of those that would have none any more."""
    released = (name for item in workspace.ledger.releases(product.id) for name in item.audiences)
    found: dict[str, Pointer | None] = {}
    for name in dict.fromkeys([*names, *released]):
        pointer = current(workspace, product.id, name)
        if name in names or (pointer is not None and kind_of(name) in product.file.audiences):
            found[name] = pointer
    return found


def _dropped(workspace: Workspace, product: Product) -> tuple[str, ...]:
    """The audiences with a release that the contract no longer knows."""
    released = (name for item in workspace.ledger.releases(product.id) for name in item.audiences)
    unknown = (name for name in dict.fromkeys(released) if kind_of(name) not in product.file.audiences)
    return tuple(name for name in unknown if current(workspace, product.id, name) is not None)


def _base(workspace: Workspace, product: Product, pointers: dict[str, Pointer | None]) -> str | None:
    versions = {pointer.version for pointer in pointers.values() if pointer is not None}
    if len(versions) > 1:
        raise RcsError(
            f"The pointers of `{product.id}` disagree: {', '.join(sorted(versions))}",
            where=str(workspace.paths.releases),
            expected="one version for all audiences",
            todo="`rcs rollback` to the version that should be current.",
        )
    released = [
        item.version
        for item in workspace.ledger.releases(product.id)
        if item.status is ReleaseStatus.RELEASED
    ]
    if not versions and released:
        raise RcsError(
            f"`{product.id}` was released as {released[-1]}, but no pointer says so",
            where=str(workspace.paths.releases),
            expected="current.json beside the releases",
            todo="Restore the folder from a backup, or `rcs rollback` to the version that should be current.",
        )
    return versions.pop() if versions else None


def _refuse_fewer_audiences(workspace: Workspace, product: Product, names: tuple[str, ...]) -> None:
    for audience, policy in product.file.audiences.items():
        if (
            policy.each is None
            and audience not in names
            and current(workspace, product.id, audience) is not None
        ):
            raise RefusedError(
                f"The candidate holds nothing for `{audience}`, which has a release",
                expected="every audience that has one",
                todo="Build a new candidate: `rcs build`.",
            )


def _refuse_withdrawn(workspace: Workspace, candidate: CandidateRecord) -> None:
    for release in workspace.ledger.releases(candidate.product):
        if release.candidate == candidate.hash and release.status is ReleaseStatus.WITHDRAWN:
            raise RefusedError(
                f"The candidate `{candidate.hash[:16]}` was released as {release.version}"
                f" and withdrawn: {release.reason}",
                todo="Correct what was wrong and build a new candidate: `rcs build`.",
            )
