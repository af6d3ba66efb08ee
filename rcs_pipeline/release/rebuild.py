"""Making a release again from the raw lake, to see that it follows from its inputs to the byte.

Belongs here: the same inputs, contracts and records into a folder of its own, and the comparison.
Does not belong here: publishing what comes out: it is thrown away.

The workbook, the DuckDB file and the pages are equal in content and not compared here: the Parquet, CSV
and JSON files are.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure.earlier import given_before, listed_in
from rcs_pipeline.gate.evidence import CONTRACTS, kept_product, sealed_note
from rcs_pipeline.gate.made_with import Other, others, versions
from rcs_pipeline.ledger.records import CandidateRecord, ReleaseRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import candidate as candidates
from rcs_pipeline.release.approve import valid_approvals
from rcs_pipeline.release.draft import Draft
from rcs_pipeline.release.folder import PageWriter, earlier_changelog, source_of, write_release
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.pointer import release_folder, verify
from rcs_pipeline.release.prospect import compared_again

COMPARED = (".parquet", ".csv", ".json", ".jsonld", ".md", ".yaml")
REBUILDING = "rebuild-"
Make = Callable[[Workspace, CandidateRecord, Path], Path]
"""Makes the protected tables of a candidate again; returns the folder that holds one folder an audience."""


@dataclass(frozen=True)
class Gone:
    """A delivery from which rows were taken since: how many of how many."""

    receipt: int
    dataset: str
    collection: str
    rows: int
    of: int


@dataclass(frozen=True)
class Rebuilt:
    """What making it again showed: equal files, `<audience>/<file>` that differ, rows that are gone.

    `others`: code, contracts, measures and packages that are not those on record. `on_record`: whether any
    are, which is not so for a release from before they were recorded.
    """

    version: str
    equal: int
    different: tuple[str, ...]
    gone: tuple[Gone, ...]
    others: tuple[Other, ...] = ()
    on_record: bool = True

    @property
    def same(self) -> bool:
        """Whether every compared byte is as it was released."""
        return not self.different and not self.gone


def rebuild(
    workspace: Workspace, product_id: str, version: str, *, pages: PageWriter, make: Make | None = None
) -> Rebuilt:
    """Make a release again and compare it with what was published.

    Args:
        workspace: the home.
        product_id: the data product.
        version: the release.
        pages: what writes `site/`.
        make: makes the protected tables; from the raw lake unless a test brings its own.

    Raises:
        RcsError: there is no such release.
        RefusedError: its contracts are not those of today, or its folder is not what was published.
    """
    with workspace.writing():
        finish_interrupted_moves(workspace)
        release = _release(workspace, product_id, version)
        record = workspace.ledger.candidate(release.candidate)
        for audience, digest in release.hashes.items():
            verify(release_folder(workspace, product_id, audience, version), digest)
        product = _product(workspace, release, record)
        gone = _gone(workspace, record)
        made_with = (sealed_note(workspace, record) or {}).get("made_with")
        here = versions(workspace.catalogue, workspace.catalogue.product(product_id))
        other = others(made_with, here) if made_with else ()
        folder = workspace.paths.work / f"{REBUILDING}{product_id}-{uuid.uuid4().hex[:8]}"
        folder.mkdir(parents=True)
        try:
            protected = (make or from_the_lake)(workspace, record, folder)
            equal, different = _compared(workspace, release, record, product, protected, folder, pages)
        finally:
            _remove(folder)
        workspace.note(
            "release.rebuilt",
            f"{product_id} {version}",
            equal=equal,
            different=len(different),
            gone=len(gone),
            made_with=here,
        )
    return Rebuilt(version, equal, tuple(different), gone, other, made_with is not None)


def from_the_lake(workspace: Workspace, record: CandidateRecord, folder: Path) -> Path:
    """Build and protect from the deliveries that the candidate was built from, as far as they are there."""
    from rcs_pipeline.disclosure.protect import protect
    from rcs_pipeline.warehouse.build import build_warehouse

    there = tuple(item for item in record.inputs if (workspace.paths.home / str(item["raw_path"])).is_file())
    building = build_warehouse(workspace, record.product, there)
    try:
        target = folder / "protected"
        then = (sealed_note(workspace, record) or {}).get("earlier", {})
        earlier = given_before(workspace, record.product, then)
        protect(
            building.database, target, building.product, earlier=earlier, threads=workspace.settings.threads
        )
    finally:
        _remove(building.folder)
    return target


def _compared(
    workspace: Workspace, release: ReleaseRecord, record: CandidateRecord, product: Product, protected: Path,
    folder: Path, pages: PageWriter,
) -> tuple[int, list[str]]:  # fmt: skip
    plan = workspace.ledger.plan(release.plan)
    synthetic = record.synthetic or workspace.synthetic
    comparisons = compared_again(workspace, product, plan, release.audiences, protected, synthetic=synthetic)
    equal, different = 0, []
    approvals = tuple(valid_approvals(workspace, plan, record))
    verdicts = tuple(workspace.ledger.verdicts(record.hash))
    with source_of(protected, {}) as source:
        for audience, comparison in comparisons.items():
            draft = Draft(
                product=product,
                audience=audience,
                plan=plan,
                candidate=record,
                approvals=approvals,
                verdicts=verdicts,
                comparison=comparison,
                released_at=release.released_at,
                synthetic=synthetic,
            )
            made = folder / "made" / audience
            made.mkdir(parents=True)
            earlier = earlier_changelog(workspace, product.id, comparison)
            write_release(made, draft, source, earlier, pages, flushed=False)
            was = listed_in(release_folder(workspace, product.id, audience, release.version))
            now = listed_in(made)
            for name in sorted({*was, *now}):
                if Path(name).suffix in COMPARED:
                    equal += was.get(name) == now.get(name)
                    different += [f"{audience}/{name}"] if was.get(name) != now.get(name) else []
    return equal, different


def _gone(workspace: Workspace, record: CandidateRecord) -> tuple[Gone, ...]:
    """The deliveries whose rows were withdrawn or purged since, and how many rows that is."""
    receipts = {item.id: item for item in workspace.ledger.receipts()}
    found = []
    for item in record.inputs:
        of = int(item.get("rows") or 0)
        receipt = receipts.get(int(item["receipt"]))
        path = item.get("raw_path")
        there = path is None or (workspace.paths.home / str(path)).is_file()
        left = (receipt.rows_accepted if receipt else 0) if there else 0
        if path is not None and left < of:
            found.append(_gone_from(item, of - left, of))
    return tuple(found)


def _gone_from(item: Mapping[str, Any], rows: int, of: int) -> Gone:
    return Gone(int(item["receipt"]), str(item["dataset"]), str(item["collection"]), rows, of)


def _release(workspace: Workspace, product_id: str, version: str) -> ReleaseRecord:
    known = {item.version: item for item in workspace.ledger.releases(product_id)}
    if version not in known:
        raise RcsError(
            f"There is no release {version} of `{product_id}`",
            expected=", ".join(known) or "a release, but none was made yet",
        )
    return known[version]


def _product(workspace: Workspace, release: ReleaseRecord, record: CandidateRecord) -> Product:
    """The product as it was; the code and the other contracts have to be those of that day too."""
    try:
        candidates.product_of(workspace, record)
    except RefusedError as error:
        kept = workspace.paths.home / record.path / CONTRACTS
        raise RefusedError(
            f"The contracts of `{record.product}` were edited since {release.version} was built",
            where=str(kept),
            todo="Run it from a checkout of the code and contracts of that day.",
        ) from error
    return kept_product(workspace.paths.home / record.path)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
