"""One kind of audience at a time: what differs between its current releases and a candidate.

Belongs here: finding the files of both sides and comparing them, once for all places of an audience that is
many; the comparison of each place, and that of all of them together.
Does not belong here: versions and plans (see `prospect`), the comparison of one table (see `diff`).

What is said of an audience that is many is said once: its places are added up. What a single place reads of
its own changes stands in its own release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.audiences import place_of
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.describe import SQL_TYPES, published_columns
from rcs_pipeline.release.diff import Held, TableDiff, added_up, compare
from rcs_pipeline.release.draft import Comparison
from rcs_pipeline.release.meaning import reasons_of_description, reasons_of_table
from rcs_pipeline.release.pointer import Pointer, release_folder, verify
from rcs_pipeline.release.versions import Change, Reason

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 10
# Counted from the end: `.../<code>/<version>/csv/<file>` and `.../<audience>/<file>`.
IN_RELEASE, IN_CANDIDATE = 4, 2


@dataclass(frozen=True)
class OfKind:
    """The releases of one kind of audience, as they are and as they would be.

    `pointers`: each of its audiences -> its current release, None where it has none. `names`: the audiences
    that the candidate was protected for; a place that is not among them would have no release any more.
    `described`: what all of them would be told. `base`: the product's current version.
    """

    kind: str
    names: tuple[str, ...]
    pointers: Mapping[str, Pointer | None]
    described: dict[str, Any]
    base: str | None

    @property
    def current(self) -> dict[str, Pointer]:
        """The current releases."""
        return {name: pointer for name, pointer in self.pointers.items() if pointer is not None}

    @property
    def gone(self) -> tuple[str, ...]:
        """The audiences that have a release and would have none any more."""
        return tuple(name for name in self.current if name not in self.names)

    @property
    def many(self) -> bool:
        """Whether it is, or was, an audience of many places."""
        return any(place_of(name) for name in (*self.names, *self.current))


def compare_kind(
    workspace: Workspace, product: Product, protected: Path, of: OfKind
) -> tuple[Comparison, dict[str, Comparison]]:
    """The comparison of all audiences of a kind together, and that of each.

    Args:
        workspace: the home.
        product: the contracts.
        protected: the folder of all protected tables of the candidate.
        of: which releases.

    Raises:
        RefusedError: a current release is not what it was.
    """
    import duckdb

    folders = {}
    for name, pointer in of.current.items():
        folders[name] = release_folder(workspace, product.id, name, pointer.version)
        verify(folders[name], pointer.hash)
    before = _described(folders.values())
    diffs: dict[str, dict[str, TableDiff]] = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for table in sorted({item["name"] for side in (before, of.described) for item in side["resources"]}):
            diffs[table] = _compare(connection, product, protected, of, before, folders, table)
    each = {name: _of_one(product, of, before, diffs, name) for name in of.names}
    if not of.many:
        return each[of.kind], each
    return _together(product, of, before, diffs), each


def _described(folders: Iterable[Path]) -> dict[str, Any]:
    """What readers of the current releases were told; all places of one version were told the same."""
    for folder in folders:
        package: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
        return package
    return {"resources": []}


def _compare(
    connection: DuckDBPyConnection, product: Product, protected: Path, of: OfKind, before: dict[str, Any],
    folders: dict[str, Path], table: str,
) -> dict[str, TableDiff]:  # fmt: skip
    """Place -> the differences of a table; what all places get the same is compared once, as no place's."""
    was = next((item for item in before["resources"] if item["name"] == table), None)
    now = any(item["name"] == table for item in of.described["resources"])
    contract = product.table(table) if now else None
    holder = product.held_by(contract, of.kind) if contract else None
    apart = of.many and (contract is None or holder == of.kind)
    old = new = None
    if was is not None:
        path = was.get("parquet", was["path"])
        files = tuple(folder / path for folder in folders.values())
        types = {item["name"]: SQL_TYPES[ColumnType(item["type"])] for item in was["schema"]["fields"]}
        old = Held(files if apart else files[:1], IN_RELEASE if apart else None, types)
    if holder is not None and contract is not None:
        # All places lie in one file too, the same row by row (see `audit_places`): one is read sooner.
        # Of an audience that was many and is one now, no row is any place's.
        place = contract.extension.rows_of.get(of.kind, IN_CANDIDATE) if apart else None
        new = Held((protected / holder / f"{table}.parquet",), place)
    return compare(
        connection,
        table,
        old,
        new,
        grain=contract.grain if contract else (),
        columns=compared_columns(product, table, of.kind) if contract else {},
        interval=contract.extension.interval if contract else None,
        symbols=contract.symbols if contract else frozenset(),
    )


def compared_columns(product: Product, table: str, audience: str) -> dict[str, str]:
    """The columns of a published table with their types, without those that the release fills."""
    columns = published_columns(product, product.table(table), audience)
    return {column.name: SQL_TYPES[column.type] for column in columns if not column.filled_at_release}


def _of_one(
    product: Product, of: OfKind, before: dict[str, Any], diffs: dict[str, dict[str, TableDiff]], name: str
) -> Comparison:
    pointer, place = of.pointers.get(name), place_of(name)
    tables = tuple(
        found.get(place) or found.get("") or TableDiff(table, 0, 0) for table, found in diffs.items()
    )
    described = {**of.described, "audience": name}
    if pointer is None:
        title = product.audience(name).title
        reason = Reason(Change.MINOR, f"The release is new for the audience `{_named(title, [place])}`.")
        reasons: tuple[Reason, ...] = () if of.base is None else (reason,)
        tables = tuple(TableDiff(item.table, 0, item.rows_after, added=item.rows_after) for item in tables)
        return Comparison(name, None, reasons, tables, {"resources": []}, described)
    reasons = (*reasons_of_description(before, described), *_of_rows(before, described, tables))
    return Comparison(name, pointer.version, reasons, tables, before, described)


def _together(
    product: Product, of: OfKind, before: dict[str, Any], diffs: dict[str, dict[str, TableDiff]]
) -> Comparison:
    tables = tuple(added_up(table, found.values()) for table, found in diffs.items())
    described = {**of.described, "audience": of.kind}
    version = next((pointer.version for pointer in of.current.values()), None)
    title = product.audience(of.kind).title
    if version is None:
        new = Reason(Change.MINOR, f"The release is new for the audience `{title}`.")
        return Comparison(of.kind, None, () if of.base is None else (new,), tables, before, described)
    reasons = [*reasons_of_description(before, described), *_of_rows(before, described, tables)]
    if of.gone:
        codes = [place_of(name) for name in of.gone]
        reasons.append(
            Reason(Change.MAJOR, f"There is no release any more for the audience `{_named(title, codes)}`.")
        )
    if codes := [place_of(name) for name in of.names if of.pointers.get(name) is None]:
        reasons.append(Reason(Change.MINOR, f"The release is new for the audience `{_named(title, codes)}`."))
    return Comparison(of.kind, version, tuple(reasons), tables, before, described)


def _of_rows(
    before: dict[str, Any], described: dict[str, Any], tables: Iterable[TableDiff]
) -> tuple[Reason, ...]:
    """What changed rows mean, of the tables that are in both releases."""
    was = {item["name"] for item in before["resources"]}
    now = {item["name"]: item for item in described["resources"]}
    found = (
        reasons_of_table(item, now[item.table], described)
        for item in tables
        if item.table in was and item.table in now
    )
    return tuple(reason for reasons in found for reason in reasons)


def _named(title: str, codes: list[str]) -> str:
    """`One partnership, S12000005`, with so many codes as a reader takes in."""
    shown = [code for code in codes if code][:SHOWN]
    more = f" and {len(codes) - SHOWN:,} more" if len(codes) > SHOWN else ""
    return ", ".join([title, *shown]) + more
