"""Beside a sender's own figures: the others', where they are published, and the register of care services.

Belongs here: these parts of the summary. Does not belong here: the sender's own figures (see `summary`), and
how a map is matched with the register (see `planning.register`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.contracts.returns import ReturnRules, SummaryFigure, SummaryTable
from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.planning import register
from rcs_pipeline.returns.summary import Cell, Shape, SummaryPart

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rcs_pipeline.contracts.returns import PublishedFigure

AUDIENCE = "open"
YOURS = "Your map, as sent now"
# The tables of the comparison that a sender can do something about.
LISTS = ("registered_not_mapped", "review", "mapped_not_registered", "places_differ")
NOTES = {
    "registered_not_mapped": "Missing from the map, or in it under another name (see the last column).",
    "review": "Alike, and not surely the same. The data team records what you say of them.",
    "mapped_not_registered": "Only of needs whose services usually are; of others nothing is amiss.",
    "places_differ": "The same service, with another number of places on either side.",
}


def with_others(
    workspace: Workspace, connection: DuckDBPyConnection, contract: DeliveryContract, rules: ReturnRules,
    collection: Collection, accepted: Path, parts: Sequence[SummaryPart],
) -> tuple[SummaryPart, ...]:  # fmt: skip
    """The parts of a summary, and beside them what is known of others: nothing where nothing is."""
    found = []
    for part in parts:
        found.append(part)
        declared = [table for table in contract.options.summary if table.title == part.title]
        found += [
            other
            for table in declared
            for other in _published(workspace, connection, collection, table, part)
        ]
    if contract.dataset == register.DATASET:
        found += _register(workspace, connection, rules, collection, accepted)
    return tuple(found)


def decided_of(workspace: Workspace, receipt: Receipt) -> tuple[int | None, ...]:
    """The decisions about matches of a map with the register: with another, its return is made anew."""
    if receipt.dataset != register.DATASET:
        return ()
    cpp = workspace.catalogue.register.collection(receipt.collection).cpp
    found = workspace.ledger.match_decisions(cpp) if cpp else []
    return tuple(item.id for item in found if item.dropped_at is None)


def _published(
    workspace: Workspace, connection: DuckDBPyConnection, collection: Collection, table: SummaryTable,
    part: SummaryPart,
) -> list[SummaryPart]:  # fmt: skip
    """A figure of the whole beside the others', from the newest open release that has it."""
    figures = table.figures if table.by is None else ()
    return [
        made
        for figure, own in zip(figures, part.rows, strict=False)
        if figure.published and (made := _beside(workspace, connection, collection, figure, own[1]))
    ]


def _beside(
    workspace: Workspace, connection: DuckDBPyConnection, collection: Collection, figure: SummaryFigure,
    own: Cell,
) -> SummaryPart | None:  # fmt: skip
    wanted = figure.published
    if wanted is None or (release := _released(workspace, wanted.table)) is None:
        return None
    file, version = release
    others = _others(connection, wanted, file, collection.cpp)
    if not others:
        return None
    heads: tuple[tuple[str, Shape], ...] = (("Partnership", "text"), (figure.label, figure.unit))
    note = f"The others as published in release {version}, withheld where too few providers are behind it."
    return SummaryPart(wanted.title, note, heads, ((YOURS, own), *others), charts=((1,),))


def _released(workspace: Workspace, table: str) -> tuple[Path, str] | None:
    """The file of a table in the current open release of the product that has it, and its version."""
    for product in workspace.catalogue.products.values():
        folder = workspace.paths.releases / product.file.id / AUDIENCE
        if table in {item.name for item in product.tables} and (folder / "current.json").is_file():
            pointer = json.loads((folder / "current.json").read_text(encoding="utf-8"))
            file = folder / str(pointer["path"]) / "parquet" / f"{table}.parquet"
            if file.is_file():
                return file, str(pointer["version"])
    return None


def _others(
    connection: DuckDBPyConnection, wanted: PublishedFigure, file: Path, own: str | None
) -> tuple[tuple[Cell, ...], ...]:
    rows = " and ".join(f"{quoted(name)} = {text(value)}" for name, value in wanted.where.items())
    found = connection.execute(
        f"select {quoted(wanted.name)}, {quoted(wanted.value)}, {quoted(wanted.symbol)}"
        f" from read_parquet({text(file)}) where {rows} and {quoted(wanted.place)} is distinct from ?"
        " order by 2 desc nulls last, 1",
        [own],
    ).fetchall()
    return tuple((name, "withheld" if symbol else value) for name, value, symbol in found)


def _register(
    workspace: Workspace, connection: DuckDBPyConnection, rules: ReturnRules, collection: Collection,
    accepted: Path,
) -> list[SummaryPart]:  # fmt: skip
    """Is the map complete: its gaps against the register of care services."""
    cpp = next((item for item in workspace.catalogue.register.cpps if item.code == collection.cpp), None)
    services = register.services_in(connection, f"read_parquet({text(accepted)})")
    if cpp is None or not services:
        return []
    found = register.beside(workspace, collection.key, cpp, services)
    if not found.entries:
        return []
    usual = [item for item in found.not_registered if item.need_type in found.rules.expected]
    lines: tuple[tuple[Cell, ...], ...] = (
        ("Registered in your area", len(found.entries)),
        ("Services in your map", len(found.services)),
        ("In both", len(found.same)),
        ("Perhaps the same: please look", len(found.review)),
        ("Registered, not in the map", len(found.not_mapped)),
        ("In the map, not registered, of a need whose services usually are", len(usual)),
        ("Places that differ", len(found.places_differ)),
    )
    whole = SummaryPart(
        "Your map beside the register of care services", f"The register as of {found.as_of:%d %B %Y}.",
        (("Figure", "text"), ("Services", "count")), lines, charts=((1,),),
    )  # fmt: skip
    return [whole, *_lists(found, rules.bounds.summary_rows.value)]


def _lists(found: register.Comparison, limit: int) -> list[SummaryPart]:
    tables = {table.name: table for table in found.tables()}
    parts = []
    for name in LISTS:
        table = tables[name]
        rows = table.rows
        if name == "mapped_not_registered":
            rows = tuple(row for row in rows if row[table.columns.index("usually_registered")] == "yes")
        heads: tuple[tuple[str, Shape], ...] = tuple(
            (column.replace("_", " "), _shape(rows, place)) for place, column in enumerate(table.columns)
        )
        part = SummaryPart(table.title, NOTES[name], heads, rows, left_out=max(0, len(rows) - limit))
        parts.append(replace(part, rows=rows[:limit]))
    return [part for part in parts if part.rows]


def _shape(rows: Sequence[Sequence[Cell]], place: int) -> Shape:
    values = [row[place] for row in rows if row[place] is not None]
    if values and all(isinstance(value, (int, float)) for value in values):
        return "count" if all(isinstance(value, int) for value in values) else "number"
    return "text"
