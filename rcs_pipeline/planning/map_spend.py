"""What a map says is spent: the amount that a scenario moves a per cent of.

Belongs here: reading one collection's current map, in the prices of the scenario, with its grade.
Does not belong here: what follows from moving it (see `flows`). Internal: amounts of single services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcs_pipeline.contracts.appraisal import Appraisal
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.reference import Reference
from rcs_pipeline.contracts.scenario import Move, Place, Scenario
from rcs_pipeline.planning.figures import Figure
from rcs_pipeline.warehouse.lake import create_sources

if TYPE_CHECKING:
    from rcs_pipeline.ledger.workspace import Workspace

DATASET = "service_map"
WORDS = ("level_of_support", "need_type")


def spends_of(
    workspace: Workspace, scenario: Scenario, rules: Appraisal, reference: Reference
) -> dict[str, Figure]:
    """Move id -> the spend on what it takes from, for every move of a per cent of the map.

    Raises:
        RcsError: no map counts for the collection, or no service of it is meant.
    """
    wanted = [move for move in scenario.moves if move.amount.of == "map"]
    return {move.id: _spend(workspace, scenario, move, rules, reference) for move in wanted}


def _spend(
    workspace: Workspace, scenario: Scenario, move: Move, rules: Appraisal, reference: Reference
) -> Figure:
    import duckdb

    place, collection = move.source, scenario.collection
    if place is None or collection is None:
        raise RcsError(f"The move `{move.id}` takes from nowhere", todo="Give `from` and `collection`.")
    where, values = _condition(workspace, place)
    with duckdb.connect() as connection:
        create_sources(connection, workspace, [DATASET])
        rows = connection.execute(
            "select reporting_year, data_confidence, sum(cast(round(gross_actual * 100) as bigint)), "
            f"count(*) from raw.{DATASET} where collection = ? and ({where}) group by all "
            "order by all",
            [collection, *values],
        ).fetchall()
    if not rows or not sum(row[2] or 0 for row in rows):
        raise RcsError(
            f"The map of `{collection}` says nothing about {place.label}", where=f"move `{move.id}`",
            expected="a map that was taken in, and services of that level, need or key",
            todo="`rcs status` says what has arrived; or state the spend instead of `of: map`.",
        )  # fmt: skip
    amount = sum(reference.price((row[2] or 0) / 100, row[0], scenario.price_year) for row in rows)
    years = ", ".join(sorted({row[0] for row in rows}))
    services = sum(row[3] for row in rows)
    return Figure(
        f"moves.{move.id}.of", f"Spend on {place.label} in a year", "£", amount, amount, amount, "triangular",
        f"The map of {collection}: {services} service{'s' if services != 1 else ''}, {years}, "
        f"in prices of {scenario.price_year}.",
        _grade(rules, [(row[1], row[2] or 0) for row in rows]),
    )  # fmt: skip


def _condition(workspace: Workspace, place: Place) -> tuple[str, list[str]]:
    contract = workspace.catalogue.delivery(DATASET)
    parts, values = [], []
    for name in WORDS:
        given = getattr(place, name)
        if given is None:
            continue
        codes = contract.column(name).codes or {}
        if given not in codes:
            raise RcsError(f"`{given}` is no {name} of the map", where=place.label, expected=", ".join(codes))
        parts.append(f"{name} = ?")
        values.append(given)
    if place.services:
        parts.append(f"service_id in ({', '.join('?' * len(place.services))})")
        values += place.services
    return " and ".join(parts) or "true", values


def _grade(rules: Appraisal, parts: list[tuple[str | None, int]]) -> int:
    """The best grade whose correction covers the average correction of the money."""
    worst = max(rules.grades)
    total = sum(pence for _, pence in parts)
    mean = sum(
        rules.correction(rules.grades_of_maps.get(letter or "", worst)) * pence for letter, pence in parts
    ) / max(total, 1)
    return min(grade for grade in rules.grades if rules.correction(grade) >= mean - 1e-12)
