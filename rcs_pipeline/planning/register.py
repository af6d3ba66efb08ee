"""Is the map complete: one partnership's map beside the register of care services.

Belongs here: reading the map that counts, what is registered and not mapped, mapped and not registered,
places that differ, and people's word on single matches.
Does not belong here: how alike two services are (see `matching`). Internal: it names services and providers.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.contracts.lookup import named
from rcs_pipeline.contracts.matching import Matching, RegisteredService, care_register, matching_rules
from rcs_pipeline.contracts.register import Cpp
from rcs_pipeline.intake.sql import text
from rcs_pipeline.ledger.decisions import NO, YES, MatchDecision
from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.planning.matching import How, MappedService, Pair, matched
from rcs_pipeline.warehouse.lake import create_sources

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from rcs_pipeline.ledger.workspace import Workspace

DATASET = "service_map"
FOLDER = "register"
Line = tuple[str | int | float | None, ...]


@dataclass(frozen=True)
class Table:
    """One table of the comparison."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Line, ...]


@dataclass(frozen=True)
class Comparison:
    """A map beside the register. `not_mapped` and `not_registered` hold those in review too."""

    collection: str
    cpp_code: str
    as_of: date
    services: tuple[MappedService, ...]
    entries: tuple[RegisteredService, ...]
    pairs: tuple[Pair, ...]
    rules: Matching

    @property
    def same(self) -> tuple[Pair, ...]:
        """The pairs that are taken for the same."""
        return tuple(item for item in self.pairs if item.how is not How.REVIEW)

    @property
    def review(self) -> tuple[Pair, ...]:
        """The pairs that a person should look at, the likeliest first."""
        return tuple(item for item in self.pairs if item.how is How.REVIEW)

    @property
    def not_mapped(self) -> tuple[RegisteredService, ...]:
        """Registered, and not among the services of the map."""
        there = {item.entry.number for item in self.same}
        return tuple(item for item in self.entries if item.number not in there)

    @property
    def not_registered(self) -> tuple[MappedService, ...]:
        """Mapped, and not in the register: for most kinds of service nothing is wrong with that."""
        there = {item.service.service_id for item in self.same}
        return tuple(item for item in self.services if item.service_id not in there)

    @property
    def places_differ(self) -> tuple[Pair, ...]:
        """The same service, with another number of places on either side."""
        return tuple(item for item in self.same if self._differ(item.service.capacity, item.entry.places))

    def _differ(self, ours: int | None, theirs: int | None) -> bool:
        if ours is None or theirs is None:
            return False
        limit = max(self.rules.places.at_least, self.rules.places.share * theirs)
        return abs(ours - theirs) > limit

    def tables(self) -> tuple[Table, ...]:
        """The tables, as they are printed and stored."""
        maybe = {item.entry.number: item for item in self.review}
        doubtful = {item.service.service_id: item for item in self.review}
        return (
            Table(
                "matched", "In both", ("service_id", "service_name", "register_number", "registered_name",
                "how", "score", "name", "provider", "town"), tuple(_line(item) for item in self.same),
            ),
            Table(
                "review", "Perhaps the same: please look", ("service_id", "service_name", "register_number",
                "registered_name", "how", "score", "name", "provider", "town"),
                tuple(_line(item) for item in self.review),
            ),
            Table(
                "registered_not_mapped", "Registered, not in the map",
                ("register_number", "registered_name", "provider", "town", "kind", "places", "perhaps"),
                tuple(
                    (item.number, item.name, item.provider, item.town, item.kind, item.places,
                     maybe[item.number].service.service_id if item.number in maybe else "")
                    for item in self.not_mapped
                ),
            ),
            Table(
                "mapped_not_registered", "In the map, not registered",
                ("service_id", "service_name", "provider", "town", "need_type",
                "usually_registered", "perhaps"),
                tuple(
                    (item.service_id, item.name, item.provider, item.town, item.need_type,
                     "yes" if item.need_type in self.rules.expected else "no",
                     doubtful[item.service_id].entry.number if item.service_id in doubtful else "")
                    for item in self.not_registered
                ),
            ),
            Table(
                "places_differ", "Places that differ",
                ("service_id", "service_name", "register_number", "places_in_map", "places_registered"),
                tuple(
                    (item.service.service_id, item.service.name, item.entry.number, item.service.capacity,
                     item.entry.places)
                    for item in self.places_differ
                ),
            ),
        )  # fmt: skip


def _line(pair: Pair) -> Line:
    return (
        pair.service.service_id, pair.service.name, pair.entry.number, pair.entry.name, pair.how.value,
        pair.score, pair.name, pair.provider, pair.town,
    )  # fmt: skip


def compare(workspace: Workspace, collection: str) -> Comparison:
    """The map of a collection that counts now, beside the register.

    Raises:
        RcsError: the collection is not known, or no map of it was taken in.
    """
    cpp = _cpp(workspace, collection)
    services = _mapped(workspace, collection)
    if not services:
        raise RcsError(
            f"No map of `{collection}` was taken in", expected=f"a delivery of {DATASET}",
            todo="`rcs status` says what has arrived.",
        )  # fmt: skip
    return beside(workspace, collection, cpp, services)


def beside(workspace: Workspace, collection: str, cpp: Cpp, services: Sequence[MappedService]) -> Comparison:
    """Some services of a partnership, beside its entries of the register and what people decided."""
    rules, (as_of, register) = matching_rules(), care_register()
    entries = tuple(item for item in register if _plain(item.council) == _plain(cpp.name))
    decisions = [item for item in workspace.ledger.match_decisions(cpp.code) if item.dropped_at is None]
    said = {
        answer: [(item.service_id, item.register_number) for item in decisions if item.answer == answer]
        for answer in (YES, NO)
    }
    pairs = matched(services, entries, rules, accepted=said[YES], rejected=said[NO])
    return Comparison(collection, cpp.code, as_of, tuple(services), entries, pairs, rules)


def decide(
    workspace: Workspace, collection: str, service_id: str, number: str, answer: str, reason: str
) -> MatchDecision:
    """A person's word that a service of the map is, or is not, an entry of the register.

    Raises:
        RcsError: one of the two is not known.
        NothingToDoError: it was said already.
    """
    with workspace.writing():
        found = compare(workspace, collection)
        named({item.service_id: item for item in found.services}, service_id, "service in the map")
        named({item.number: item for item in found.entries}, number, "entry in the register")
        key = (service_id, number)
        standing = [
            item
            for item in workspace.ledger.match_decisions(found.cpp_code)
            if item.dropped_at is None and (item.service_id, item.register_number) == key
        ]
        if any(item.answer == answer for item in standing):
            raise NothingToDoError(f"`{service_id}` and `{number}`: that was decided before")
        made = MatchDecision(
            found.cpp_code, service_id, number, answer, workspace.now(), workspace.settings.name,
            workspace.settings.os_account, reason,
        )  # fmt: skip
        withdrawn = [_dropped(workspace, item, "decided the other way") for item in standing]
        event = workspace.event(
            "register.decide", found.cpp_code, service=service_id, number=number, answer=answer, reason=reason
        )
        workspace.ledger.enter(entries=[*withdrawn, made], events=[event])
    return made


def drop(workspace: Workspace, decision: int, reason: str) -> MatchDecision:
    """Take a decision back.

    Raises:
        RcsError: there is none of that number in force.
    """
    with workspace.writing():
        known = {item.id: item for item in workspace.ledger.match_decisions() if item.dropped_at is None}
        if decision not in known:
            raise RcsError(f"No decision {decision} is in force", todo="`rcs register list` lists them.")
        dropped = _dropped(workspace, known[decision], reason)
        event = workspace.event("register.drop", dropped.cpp_code, decision=decision, reason=reason)
        workspace.ledger.enter(entries=[dropped], events=[event])
    return dropped


def store(workspace: Workspace, comparison: Comparison) -> tuple[Path, ...]:
    """Write the tables as CSV among the internal reports."""
    folder = workspace.paths.reports / FOLDER / comparison.collection
    written = []
    for table in comparison.tables():
        path = folder / f"{table.name}.csv"
        with whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as handle:
            lines = csv.writer(handle)
            lines.writerow(table.columns)
            lines.writerows([_safe(cell) for cell in row] for row in table.rows)
        written.append(path)
    return tuple(written)


def _safe(cell: str | int | float | None) -> str | int | float | None:
    """A text that a spreadsheet would run as a formula, made a text."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell


def _dropped(workspace: Workspace, decision: MatchDecision, reason: str) -> MatchDecision:
    return replace(
        decision, dropped_at=workspace.now(), dropped_by=workspace.settings.name, drop_reason=reason
    )


def _cpp(workspace: Workspace, collection: str) -> Cpp:
    register = workspace.catalogue.register
    entry = named({item.key: item for item in register.collections}, collection, "collection")
    for cpp in register.cpps:
        if cpp.code == entry.cpp:
            return cpp
    raise RcsError(f"`{collection}` is of no partnership", expected="a collection of a partnership")


def _mapped(workspace: Workspace, collection: str) -> tuple[MappedService, ...]:
    import duckdb

    with duckdb.connect() as connection:
        create_sources(connection, workspace, [DATASET])
        return services_in(connection, f"(select * from raw.{DATASET} where collection = {text(collection)})")


def services_in(connection: DuckDBPyConnection, relation: str) -> tuple[MappedService, ...]:
    """The services of rows of a map, as they are matched."""
    rows = connection.execute(
        "select service_id, coalesce(service_name, ''), coalesce(provider, ''), coalesce(town, ''), "
        f"coalesce(need_type, ''), register_number, capacity from {relation} order by service_id"
    ).fetchall()
    return tuple(MappedService(*row) for row in rows)


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("&", "and").split())
