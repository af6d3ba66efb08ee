"""How much of a partnership's spend goes to prevention: the second question that the maps are for.

Belongs here: reading that answer off the published summary, withheld cells included.
Does not belong here: computing it (the summary has it), comparing partnerships (a later issue).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

TABLE = "service_map_summary"
NEEDED = {
    "collection",
    "cpp_name",
    "reporting_year",
    "breakdown_by",
    "gross_actual",
    "prevention_share",
    "symbol",
}


@dataclass(frozen=True)
class PreventionShare:
    """One partnership's share of gross spend in universal and additional support; None where withheld."""

    collection: str
    cpp_name: str
    reporting_year: str
    gross_actual: float | None
    share: float | None
    symbol: str


def prevention_shares(table: Path) -> tuple[PreventionShare, ...]:
    """The rows about all services, one a collection, from a released `service_map_summary.csv`.

    Returns nothing where the file or one of its columns is not part of the release.
    """
    if not table.is_file():
        return ()
    with table.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle)
        if not set(rows.fieldnames or ()) >= NEEDED:
            return ()
        return tuple(_share(row) for row in rows if row["breakdown_by"] == "all")


def _share(row: dict[str, str]) -> PreventionShare:
    return PreventionShare(
        collection=row["collection"],
        cpp_name=row["cpp_name"],
        reporting_year=row["reporting_year"],
        gross_actual=_number(row["gross_actual"]),
        share=_number(row["prevention_share"]),
        symbol=row["symbol"] or row.get("prevention_symbol", ""),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
