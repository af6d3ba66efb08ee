"""What publishing a candidate would change, which version that makes, and why.

Belongs here: comparing a candidate with the current release, and the plan's id, which names both.
Does not belong here: entering the plan and what is written about it (see `plan`), approval and publishing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.gate.evidence import verdicts_digest
from rcs_pipeline.ledger.records import CandidateRecord, Plan, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import candidate as candidates
from rcs_pipeline.release.describe import SQL_TYPES, published_columns
from rcs_pipeline.release.diff import TableDiff, compare
from rcs_pipeline.release.draft import Comparison, describe_package
from rcs_pipeline.release.meaning import reasons_of_description, reasons_of_table
from rcs_pipeline.release.pointer import Pointer, current, release_folder, verify
from rcs_pipeline.release.versions import Change, Reason, largest, next_version, numbers

ID_LENGTH = 12


@dataclass(frozen=True)
class Prospect:
    """A plan with the comparisons it rests on."""

    plan: Plan
    product: Product
    comparisons: tuple[Comparison, ...]
    synthetic: bool


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
    pointers = {name: current(workspace, product.id, name) for name in names}
    _refuse_fewer_audiences(workspace, product, names)
    base = _base(workspace, product, pointers)
    synthetic = candidate.synthetic or workspace.synthetic
    described = {name: describe_package(product, name, synthetic=synthetic) for name in names}
    comparisons = tuple(
        _compare(
            workspace,
            product,
            candidates.protected_folder(workspace, candidate, name),
            name,
            pointers[name],
            described[name],
        )
        for name in names
    )
    comparisons = tuple(_with_new_audience(item, base, product) for item in comparisons)
    change, version, why = _version(workspace, product, base, comparisons)
    version = max(version, wishes.at_least or version, key=numbers)
    basis = [
        product.id,
        candidate.hash,
        content,
        verdicts_digest(candidate.hash, workspace.ledger.verdicts(candidate.hash)),
        described,
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
    return Prospect(plan, product, comparisons, synthetic)


def _version(
    workspace: Workspace, product: Product, base: str | None, comparisons: tuple[Comparison, ...]
) -> tuple[Change, str, tuple[str, ...]]:
    used = [release.version for release in workspace.ledger.releases(product.id)]
    if base is None:
        return Change.FIRST, next_version(Change.FIRST, used), ("This is the first release.",)
    reasons = [reason for item in comparisons for reason in item.reasons]
    if not reasons:
        raise NothingToDoError(
            f"The candidate holds what release {base} of `{product.id}` already says",
            todo="There is nothing to publish.",
        )
    change = largest(reasons)
    heaviest_first = sorted(
        reasons, key=lambda item: [Change.MAJOR, Change.MINOR, Change.PATCH].index(item.change)
    )
    return change, next_version(change, used), tuple(dict.fromkeys(item.sentence for item in heaviest_first))


def _compare(
    workspace: Workspace,
    product: Product,
    new_tables: Path,
    audience: str,
    pointer: Pointer | None,
    described: dict[str, Any],
) -> Comparison:
    before: dict[str, Any] = {"resources": []}
    old_tables = None
    if pointer is not None:
        folder = release_folder(workspace, product.id, audience, pointer.version)
        verify(folder, pointer.hash)
        before = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        old_tables = folder / "parquet"
    reasons: list[Reason] = list(reasons_of_description(before, described)) if pointer else []
    was, now = ({item["name"] for item in side["resources"]} for side in (before, described))
    diffs: list[TableDiff] = []
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        for name in sorted(was | now):
            diff = compare(
                connection,
                name,
                old_tables / f"{name}.parquet" if old_tables and name in was else None,
                new_tables / f"{name}.parquet" if name in now else None,
                grain=product.table(name).grain if name in now else (),
                columns=_compared(product, name, audience) if name in now else {},
                interval=product.table(name).extension.interval if name in now else None,
            )
            diffs.append(diff)
            if name in was and name in now:
                resource = next(item for item in described["resources"] if item["name"] == name)
                reasons += reasons_of_table(diff, resource, described)
    base = pointer.version if pointer else None
    return Comparison(audience, base, tuple(reasons), tuple(diffs), before, described)


def compared_again(
    workspace: Workspace, product: Product, plan: Plan, audience: str, protected: Path, *, synthetic: bool
) -> Comparison:
    """The comparison of an earlier plan, from tables that were made again.

    Raises:
        RefusedError: the release that it was compared with is not what it was.
    """
    described = describe_package(product, audience, synthetic=synthetic)
    known = {item.version: item for item in workspace.ledger.releases(product.id)}
    base = known.get(plan.base_version or "")
    pointer = None
    if base is not None and audience in base.hashes:
        pointer = Pointer(
            product.id, audience, base.version, base.hashes[audience], base.version, base.released_at,
            synthetic=synthetic,
        )  # fmt: skip
    found = _compare(workspace, product, protected, audience, pointer, described)
    return _with_new_audience(found, plan.base_version, product)


def _with_new_audience(comparison: Comparison, base: str | None, product: Product) -> Comparison:
    if base is None or comparison.base_version is not None:
        return comparison
    title = product.file.audiences[comparison.audience].title
    return replace(
        comparison, reasons=(Reason(Change.MINOR, f"The release is new for the audience `{title}`."),)
    )


def _compared(product: Product, table: str, audience: str) -> dict[str, str]:
    columns = published_columns(product.table(table), audience)
    return {column.name: SQL_TYPES[column.type] for column in columns if not column.filled_at_release}


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
    for audience in product.file.audiences:
        if audience not in names and current(workspace, product.id, audience) is not None:
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
