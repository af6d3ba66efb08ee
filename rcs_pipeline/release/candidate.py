"""The candidate as the release sees it: protected tables and nothing else.

Belongs here: which candidate, which audiences, and whether its files are still what was built.
Does not belong here: whether it may be published (see `gate`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.ledger.records import CandidateRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import file_hash


def choose(workspace: Workspace, product: Product, name: str | None) -> CandidateRecord:
    """The named candidate, or the newest of the product.

    Raises:
        RcsError: there is none, or it belongs to another product.
    """
    if name is not None:
        found = workspace.ledger.candidate(name)
        if found.product != product.id:
            raise RcsError(
                f"The candidate `{found.hash[:16]}` is of the product `{found.product}`",
                expected=f"`{product.id}`",
            )
        return found
    candidates = workspace.ledger.candidates(product.id)
    if not candidates:
        raise RcsError(f"The product `{product.id}` has no candidate", todo="`rcs build` makes one.")
    return candidates[-1]


def protected_folder(workspace: Workspace, candidate: CandidateRecord, audience: str) -> Path:
    """Where the protected tables of one audience lie."""
    return workspace.paths.home / candidate.path / "protected" / audience


def audiences(workspace: Workspace, product: Product, candidate: CandidateRecord) -> tuple[str, ...]:
    """The audiences that this candidate was protected for, in the product's order: pointers move in it.

    Raises:
        RefusedError: there is none.
    """
    found = tuple(
        name for name in product.file.audiences if protected_folder(workspace, candidate, name).is_dir()
    )
    if not found:
        raise RefusedError(
            "The candidate has no protected tables",
            where=candidate.path,
            todo="Build a new candidate: `rcs build`.",
        )
    return found


def fingerprint(workspace: Workspace, product: Product, candidate: CandidateRecord) -> str:
    """A hash of the protected files as they are now, after checking them against what was built.

    Raises:
        RefusedError: a file or a contract is not what the candidate was made of.
    """
    _check_contracts(product, candidate)
    root = workspace.paths.home / candidate.path / "protected"
    files = {path.relative_to(root).as_posix(): file_hash(path) for path in sorted(root.rglob("*.parquet"))}
    for table, facts in candidate.tables.items():
        name = f"{table}.parquet"
        matching = [digest for path, digest in files.items() if path == name or path.endswith(f"/{name}")]
        if not matching or (facts.get("sha256") not in matching):
            raise RefusedError(
                f"The table `{table}` is not the one that was built", where=candidate.path,
                expected="files that nobody touched since", todo="Build a new candidate: `rcs build`.",
            )  # fmt: skip
    return hashlib.sha256(
        "".join(f"{name} {digest}\n" for name, digest in files.items()).encode()
    ).hexdigest()


def _check_contracts(product: Product, candidate: CandidateRecord) -> None:
    for table in product.tables:
        built = candidate.contracts.get(table.id)
        if built is not None and built != table.version:
            raise RefusedError(
                f"The contract `{table.id}` is now version {table.version}; the candidate was built with {built}",
                where=str(table.path), todo="Build a new candidate: `rcs build`.",
            )  # fmt: skip
