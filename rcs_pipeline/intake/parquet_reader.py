"""Parquet files: the types of the file brought to the judgement that text gets.

Belongs here: which columns the contract may judge as numbers, and findings about those it cannot.
Does not belong here: reading itself (see `parquet_child`), types of the contract (see `load`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.limits import IntakeLimits
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.intake.findings import Finding, file_finding
from rcs_pipeline.intake.readers import SourceTable
from rcs_pipeline.intake.reading_process import TABLE, read

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def open_parquet(
    connection: DuckDBPyConnection, path: Path, contract: DeliveryContract, limits: IntakeLimits,
    messages: dict[str, Message],
) -> SourceTable:  # fmt: skip
    """Read a Parquet file chunk by chunk into a table of the connection.

    Raises:
        UnreadableFileError: the file is broken or too large.
    """
    about = read(connection, path, Format.PARQUET, limits.numbers())
    kinds = [str(row[1]) for row in connection.execute(f"describe {TABLE}").fetchall()]
    infinite = _infinite(connection, kinds)
    # A whole number becomes text and not DOUBLE: a long identifier would lose its last digits.
    cells = [
        f"c{index}"
        if kind in ("DATE", "TIMESTAMP", "VARCHAR") or (kind == "DOUBLE" and index not in infinite)
        else f"cast(c{index} as varchar) as c{index}"
        for index, kind in enumerate(kinds)
    ]
    return SourceTable(
        relation=f"(select {', '.join(cells)} from {TABLE})",
        headers=tuple(about["headers"]),
        first_row=1,
        numeric=frozenset(i for i, kind in enumerate(kinds) if kind == "DOUBLE" and i not in infinite),
        dates=frozenset(i for i, kind in enumerate(kinds) if kind in ("DATE", "TIMESTAMP")),
        findings=tuple(_unsupported(about["unsupported"], contract, messages)),
    )


def _infinite(connection: DuckDBPyConnection, kinds: list[str]) -> frozenset[int]:
    """Columns of numbers that hold one that is none; as text the rules find it."""
    numbers = [index for index, kind in enumerate(kinds) if kind == "DOUBLE"]
    if not numbers:
        return frozenset()
    asked = ", ".join(f"coalesce(bool_or(not isfinite(c{index})), false)" for index in numbers)
    row = connection.execute(f"select {asked} from {TABLE}").fetchone()
    return frozenset(index for index, found in zip(numbers, row or (), strict=True) if found)


def _unsupported(
    columns: dict[str, str], contract: DeliveryContract, messages: dict[str, Message]
) -> list[Finding]:
    spoken = {
        label.lower(): column.name for column in contract.columns for label in (column.name, *column.aliases)
    }
    return [
        file_finding(messages, "RCS-F32", column=spoken[name.strip().lower()], value=kind)
        for name, kind in columns.items()
        if name.strip().lower() in spoken
    ]
