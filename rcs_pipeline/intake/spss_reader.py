"""SPSS files: codes as codes, declared missing codes kept, labels as data.

Belongs here: what the file declares about its codes, compared with the contract.
Does not belong here: reading itself (see `spss_child`), comparing labels with the contract (see `align`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.limits import IntakeLimits
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.vocabulary import Format, Severity
from rcs_pipeline.intake.findings import Finding, file_finding
from rcs_pipeline.intake.readers import SourceTable
from rcs_pipeline.intake.reading_process import TABLE, read
from rcs_pipeline.intake.sql import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 6
LARGEST = 1e15  # beyond it SPSS means "anything above"
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# Codes that a file declares to be missing: the place of the column, the column, the first and the last code.
Range = tuple[int, Column, float | str, float | str]


def open_spss(
    connection: DuckDBPyConnection, path: Path, contract: DeliveryContract, limits: IntakeLimits,
    messages: dict[str, Message],
) -> SourceTable:  # fmt: skip
    """Read an SPSS file chunk by chunk into a table of the connection.

    Raises:
        UnreadableFileError: the file is broken or too large.
    """
    about = read(connection, path, Format.SAV, limits.numbers())
    kinds = [row[1] for row in connection.execute(f"describe {TABLE}").fetchall()]
    headers = tuple(about["headers"])
    spoken = {
        label.lower(): column for column in contract.columns for label in (column.name, *column.aliases)
    }
    ours = {
        position: spoken[name.strip().lower()]
        for position, name in enumerate(headers)
        if name.strip().lower() in spoken
    }
    found = _undeclared(connection, about, ours, messages)
    found += _several_answers(about, spoken, messages)
    return SourceTable(
        relation=TABLE,
        headers=headers,
        first_row=1,
        numeric=frozenset(index for index, kind in enumerate(kinds) if kind == "DOUBLE"),
        dates=frozenset(index for index, kind in enumerate(kinds) if kind in ("DATE", "TIMESTAMP")),
        value_labels=about["value_labels"],
        findings=tuple(found),
    )


def _undeclared(
    connection: DuckDBPyConnection,
    about: dict[str, Any],
    ours: dict[int, Column],
    messages: dict[str, Message],
) -> list[Finding]:  # fmt: skip
    """Codes that the file calls missing and the contract does not: 999 would be taken for an answer.

    Where such a code stands in the data the file is refused; one that nobody used is only told.
    """
    ranges = [
        (position, column, low, high)
        for position, column in ours.items()
        for low, high in about["missing"].get(about["headers"][position], [])
        if low != high or _code(low) not in column.missing
    ]
    found = []
    for (_, column, low, high), used in zip(ranges, _used(connection, ranges), strict=True):
        if used or low == high:
            found.append(
                file_finding(
                    messages, "RCS-F30", column=column.name, detail=f"{used} cells",
                    value=_code(low) if low == high else f"{_code(low)} to {_code(high)}",
                    severity=Severity.BLOCK if used else Severity.ADVISE,
                )
            )  # fmt: skip
    return found


def _used(connection: DuckDBPyConnection, ranges: Sequence[Range]) -> list[int]:
    """How many cells lie in each range of missing codes without being one that the contract knows."""
    if not ranges:
        return []
    # A date is counted in another unit than the codes that are missing in its column.
    counts = ", ".join(f"count_if({_within(*item)} and typeof(c{item[0]}) <> 'DATE')" for item in ranges)
    row = connection.execute(f"select {counts} from {TABLE}").fetchone()
    # Of no rows the engine counts NULL.
    return [int(count or 0) for count in row or ()]


def _within(position: int, column: Column, low: float | str, high: float | str) -> str:
    cell = f"c{position}"
    if isinstance(low, str):
        return f"trim({cell}) = {text(low.strip())}"
    known = [code for code in column.missing if NUMBER.fullmatch(code)]
    within = f"try_cast({cell} as double) between {low!r}::double and {high!r}::double"
    if known:
        within += f" and try_cast({cell} as double) not in ({', '.join(known)})"
    return within


def _code(value: float | str) -> str:
    if isinstance(value, str):
        return value.strip()
    if abs(value) > LARGEST:
        return "the smallest" if value < 0 else "the largest"
    return str(int(value)) if float(value).is_integer() else str(value)


def _several_answers(
    about: dict[str, Any], spoken: dict[str, Column], messages: dict[str, Message]
) -> list[Finding]:
    """Questions of which several answers may be ticked: an answer not ticked is empty, as one skipped is."""
    found = []
    for several in about["sets"]:
        names = [spoken[name.lower()].name for name in several["columns"] if name.lower() in spoken]
        if names:
            shown = ", ".join(f"`{name}`" for name in names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
            counted = several["counted"]
            detail = f" A tick is stored as {counted}." if counted is not None else ""
            found.append(file_finding(messages, "RCS-F31", column=names[0], value=shown, detail=detail))
    return found
