"""What a candidate's folder and the ledger keep so that a later decision need not trust either alone.

Belongs here: the contracts as they were, dbt's manifest and results, the hashes of the protected files,
and the ledger's notes: of all of them when the candidate was sealed, of the verdicts when it was audited.
Does not belong here: judging any of it (see `decision`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import astuple, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import ContractError, RcsError, RefusedError
from rcs_pipeline.contracts.implications import read_implications, write_implications
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.earlier import Given
from rcs_pipeline.gate.made_with import versions
from rcs_pipeline.ledger.paths import file_hash, files_under
from rcs_pipeline.ledger.records import AuditEvent, CandidateRecord, Outcome, Verdict
from rcs_pipeline.ledger.workspace import Workspace

SEALED, AUDITED = "candidate sealed", "candidate audited"
CONTRACTS = "contracts"
IMPLICATIONS = "implications.yaml"
MANIFEST = Path("dbt") / "manifest.json"


def keep_contracts(folder: Path, product: Product) -> None:
    """Copy the product's contracts into a candidate folder, replacing what stands there.

    What its questions imply of one another follows from the measures, and is kept as it was found.
    """
    target = folder / CONTRACTS
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in (product.path / "product.yaml", *(table.path for table in product.tables)):
        shutil.copyfile(path, target / path.name)
    write_implications(target / IMPLICATIONS, product.implications, product.follow_ups)


def kept_product(folder: Path) -> Product:
    """The product as its contracts were when the candidate was built.

    Raises:
        RcsError: they are not there.
        RefusedError: they say what this version of the program does not know.
    """
    if not (folder / CONTRACTS).is_dir():
        raise RcsError(
            "The candidate has no contracts", where=str(folder), todo="Build a new candidate: `rcs build`."
        )
    try:
        return _read_product(folder / CONTRACTS, tuple(contract_hashes(folder).items()))
    except ContractError as error:
        raise RefusedError(
            f"The candidate keeps contracts that this version of the program does not read: {error.found}",
            where=str(folder / CONTRACTS),
            todo="Work with it in the version that built it, or build a new candidate: `rcs build`.",
        ) from error


@lru_cache(maxsize=4)
def _read_product(folder: Path, content: tuple[tuple[str, str], ...]) -> Product:
    """Read once for each content; every step of a publication asks again."""
    kept = read_implications(folder / IMPLICATIONS)
    return replace(read_product(folder), implications=kept.implications, follow_ups=kept.follow_ups)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest dbt wrote for the build.

    Raises:
        RcsError: it is not there or not JSON.
    """
    return _read_json(folder / MANIFEST)


def contract_hashes(folder: Path) -> dict[str, str]:
    """File name -> sha256, for the contracts that a candidate keeps."""
    return {path.name: file_hash(path) for path in sorted((folder / CONTRACTS).glob("*.yaml"))}


def protected_hashes(folder: Path) -> dict[str, str]:
    """`<audience>/<file>` -> sha256, for everything under `protected/`."""
    root = folder / "protected"
    return {name: file_hash(root / name) for name in files_under(root)}


def note_sealed(workspace: Workspace, record: CandidateRecord, earlier: Iterable[Given] = ()) -> None:
    """Write down what the candidate consists of; only a fresh build is sealed, and the last note counts."""
    folder = workspace.paths.home / record.path
    workspace.note(
        SEALED,
        record.hash,
        files=protected_hashes(folder),
        manifest=file_hash(folder / MANIFEST),
        contracts=contract_hashes(folder),
        required=sorted(record.required_checks),
        earlier={item.version: item.stands for item in earlier},
        made_with=versions(workspace.catalogue, workspace.catalogue.product(record.product)),
    )


def sealed_note(workspace: Workspace, record: CandidateRecord) -> dict[str, Any] | None:
    """What was written down when the candidate was sealed; None if nothing was."""
    events = workspace.ledger.events(action=SEALED, subject=record.hash)
    return events[-1].detail if events else None


def verdicts_digest(candidate: str, verdicts: Iterable[Verdict]) -> str:
    """The hash of every verdict on a candidate, and of whose they are: one edited word changes it."""
    lines = [candidate, *sorted(astuple(item) for item in verdicts)]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def audited_note(workspace: Workspace, record: CandidateRecord, verdicts: Iterable[Verdict]) -> AuditEvent:
    """The event to enter together with the verdicts of an audit: how many, which failed, and their hash."""
    verdicts = tuple(verdicts)
    failed = sorted(item.check for item in verdicts if item.outcome is not Outcome.PASS)
    digest = verdicts_digest(record.hash, verdicts)
    return workspace.event(AUDITED, record.hash, verdicts=len(verdicts), failed=failed, digest=digest)


def audited_digest(workspace: Workspace, record: CandidateRecord) -> str | None:
    """What was written down of the verdicts at the last audit; None if nothing was."""
    events = workspace.ledger.events(action=AUDITED, subject=record.hash)
    return events[-1].detail.get("digest") if events else None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RcsError(
            f"The candidate's `{path.name}` cannot be read",
            where=str(path),
            todo="Build a new one: `rcs build`.",
        ) from error
    if not isinstance(content, dict):
        raise RcsError(f"The candidate's `{path.name}` is not what dbt writes", where=str(path))
    return content
