"""What differs between two releases, or a release and a candidate, on request.

Belongs here: finding the two sides and comparing them as a plan would. A look at a candidate is on record.
Does not belong here: plans (see `plan`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.audiences import kind_of, place_of
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import candidate as candidates
from rcs_pipeline.release.describe import SQL_TYPES, VERSION_COLUMN
from rcs_pipeline.release.diff import Held, TableDiff, compare
from rcs_pipeline.release.draft import changed_table, describe_package
from rcs_pipeline.release.meaning import reasons_of_description, reasons_of_table
from rcs_pipeline.release.pointer import SCHEMA_VERSION, current, release_folder, verify
from rcs_pipeline.release.versions import largest

VIEWED = "candidate.viewed"


@dataclass(frozen=True)
class _Side:
    """One side: what its readers were told, and table -> its file."""

    name: str
    package: dict[str, Any]
    files: dict[str, Path]

    def held(self, table: str) -> Held | None:
        """The file of a table, with its types where it does not say them."""
        types = self._types(table)
        return Held((self.files[table],), types=types) if types else None

    def columns(self, table: str, contract: ProductTable | None) -> dict[str, str]:
        """The columns that this side's readers were told of, with their types, but for those a release fills.

        Not those of today's contract, which may have others, or not know the audience or the table any more.
        """
        filled = {item.name for item in contract.columns if item.filled_at_release} if contract else set()
        return {
            name: kind for name, kind in self._types(table).items() if name not in {VERSION_COLUMN, *filled}
        }

    def grain(self, table: str) -> tuple[str, ...]:
        """What tells the rows of a table apart, by what this side's readers were told."""
        return tuple(self._described(table)["schema"]["primaryKey"])

    def _described(self, table: str) -> dict[str, Any]:
        return next((item for item in self.package["resources"] if item["name"] == table), {})

    def _types(self, table: str) -> dict[str, str]:
        fields = self._described(table).get("schema", {}).get("fields", ())
        return {item["name"]: SQL_TYPES[ColumnType(item["type"])] for item in fields}


def differences(
    workspace: Workspace, product_id: str, audience: str, before: str | None, after: str | None
) -> dict[str, Any]:
    """Compare two sides, each a version or the beginning of a candidate's hash.

    Args:
        workspace: the home.
        product_id: the data product.
        audience: whose tables; of one that is many with the place, such as `partnership/S12000005`.
        before: the current release if not given.
        after: the newest candidate if not given.

    Raises:
        RcsError: there is no such side.
        RefusedError: one of them is not what it was.
    """
    product = workspace.catalogue.product(product_id)
    _require_one(workspace, product, audience)
    if before is None:
        pointer = current(workspace, product_id, audience)
        if pointer is None:
            raise RcsError(f"`{product_id}` has no current release for `{audience}`", todo="Name two sides.")
        before = pointer.version
    sides = [_side(workspace, product, audience, name) for name in (before, after)]
    old, new = sides
    reasons = list(reasons_of_description(old.package, new.package))
    tables = []
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        resources = [{item["name"]: item for item in side.package["resources"]} for side in sides]
        for name in sorted({*resources[0], *resources[1]}):
            contract = next((item for item in product.tables if item.name == name), None)
            in_both = all(name in known for known in resources)
            found = compare(
                connection,
                name,
                old.held(name),
                new.held(name),
                grain=new.grain(name) if in_both else (),
                columns=new.columns(name, contract) if in_both else {},
                interval=contract.extension.interval if contract else None,
                symbols=contract.symbols if contract else frozenset(),
            ).get("", TableDiff(name, 0, 0))
            if in_both:
                reasons += reasons_of_table(found, resources[1][name], new.package)
            tables.append(changed_table(found))
    return {
        "schema_version": SCHEMA_VERSION,
        "product": product_id,
        "audience": audience,
        "before": old.name,
        "after": new.name,
        "change": largest(reasons).value if reasons else "nothing",
        "reasons": [{"change": item.change.value, "sentence": item.sentence} for item in reasons],
        "tables": tables,
    }


def _side(workspace: Workspace, product: Product, audience: str, name: str | None) -> _Side:
    released = {item.version: item for item in workspace.ledger.releases(product.id)}
    if name in released:
        release = released[name]
        if audience not in release.hashes:
            raise RcsError(f"{name} holds nothing for `{audience}`", expected=", ".join(release.audiences))
        folder = release_folder(workspace, product.id, audience, release.version)
        verify(folder, release.hashes[audience])
        package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        files = {item["name"]: folder / item.get("parquet", item["path"]) for item in package["resources"]}
        return _Side(release.version, package, files)
    chosen = candidates.choose(workspace, product, name)
    kept = candidates.product_of(workspace, chosen)
    candidates.fingerprint(workspace, chosen)
    workspace.note(VIEWED, chosen.hash, audience=audience, by="diff")
    if audience not in candidates.audiences(workspace, kept, chosen):
        raise RcsError(f"The candidate `{chosen.hash[:16]}` holds nothing for `{audience}`")
    package = describe_package(kept, audience, synthetic=chosen.synthetic or workspace.synthetic)
    folder = candidates.protected_folder(workspace, chosen)
    files = {
        table.name: folder / holder / f"{table.name}.parquet"
        for table in kept.tables
        if (holder := kept.held_by(table, audience))
    }
    return _Side(f"candidate {chosen.hash[:16]}", package, files)


def _require_one(workspace: Workspace, product: Product, audience: str) -> None:
    policy = product.file.audiences.get(kind_of(audience))
    released = [name for item in workspace.ledger.releases(product.id) for name in item.audiences]
    if policy is None and audience not in released:
        raise RcsError(
            f"`{product.id}` has no audience `{audience}`", expected=", ".join(product.file.audiences)
        )
    if policy and policy.each and not place_of(audience):
        known = next((name for name in released if kind_of(name) == audience), f"{audience}/CODE")
        raise RcsError(f"The audience `{audience}` is many", expected=f"one of them, such as `{known}`")
