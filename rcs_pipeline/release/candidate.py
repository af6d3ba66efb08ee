"""The candidate as the release sees it: protected tables and nothing else.

Belongs here: which candidate, which audiences, and whether its files are still what was built.
Does not belong here: whether it may be published (see `gate`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure.places import names_of
from rcs_pipeline.gate.evidence import kept_product, protected_hashes, sealed_note
from rcs_pipeline.ledger.records import CandidateRecord, Plan
from rcs_pipeline.ledger.workspace import Workspace


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


def protected_folder(workspace: Workspace, candidate: CandidateRecord) -> Path:
    """Where the protected tables lie, a folder for each audience."""
    return workspace.paths.home / candidate.path / "protected"


def audiences(workspace: Workspace, product: Product, candidate: CandidateRecord) -> tuple[str, ...]:
    """The audiences that this candidate was protected for, in the product's order: pointers move in it.

    Of an audience that is many, every place that has rows.

    Raises:
        RefusedError: there is none.
    """
    found = names_of(protected_folder(workspace, candidate), product)
    if not found:
        raise RefusedError(
            "The candidate has no protected tables",
            where=candidate.path,
            todo="Build a new candidate: `rcs build`.",
        )
    return found


def held(workspace: Workspace, plan: Plan, candidate: CandidateRecord) -> int:
    """How many audiences a candidate seems to hold files for, before anybody has looked at it."""
    product = workspace.catalogue.products.get(plan.product)
    return len(names_of(protected_folder(workspace, candidate), product)) if product else 0


def product_of(workspace: Workspace, candidate: CandidateRecord) -> Product:
    """The product by the contracts that the candidate was built with, which are still those of today.

    Raises:
        RefusedError: a contract was edited since.
    """
    folder = workspace.paths.home / candidate.path
    kept, today = kept_product(folder), workspace.catalogue.product(candidate.product)
    if _texts(kept) != _texts(today):
        raise RefusedError(
            f"The contracts of `{today.id}` were edited since the candidate was built",
            where=str(today.path),
            todo="Build a new candidate: `rcs build`.",
        )
    return kept


def fingerprint(workspace: Workspace, candidate: CandidateRecord) -> str:
    """A hash of the protected files as they are now, after comparing them with what was sealed.

    Raises:
        RefusedError: a file is not what it was.
    """
    files = protected_hashes(workspace.paths.home / candidate.path)
    sealed = (sealed_note(workspace, candidate) or {}).get("files", {})
    changed = sorted(name for name in {*files, *sealed} if files.get(name) != sealed.get(name))
    if changed:
        raise RefusedError(
            f"`{changed[0]}` is not the file that was built",
            where=candidate.path,
            expected="protected tables that nobody touched since",
            todo="Build a new candidate: `rcs build`.",
        )
    return hashlib.sha256(
        "".join(f"{name} {digest}\n" for name, digest in files.items()).encode()
    ).hexdigest()


def _texts(product: Product) -> dict[str, bytes]:
    paths = (product.path / "product.yaml", *(table.path for table in product.tables))
    return {path.name: path.read_bytes() for path in paths}
