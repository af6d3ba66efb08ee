"""Opening a file as a table that DuckDB can scan.

Belongs here: `SourceTable` and the choice of a reader. Each reader has its own module.
Does not belong here: what the columns mean (see `align` and `load`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.limits import IntakeLimits
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.intake.findings import Finding
from rcs_pipeline.intake.recognise import Recognised
from rcs_pipeline.intake.unreadable import UnreadableFileError as UnreadableFileError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class SourceTable:
    """An opened file.

    `relation` is SQL for a table with one column a header, named c0, c1, ..., in file order.
    `numeric` names those of them that are DOUBLE (SPSS); all others are text.
    `first_row` is the number that a person sees beside the first data row; None where rows were left out in
    between: then `relation` has a column `source_row` that says the number of each.
    `reading` gives the same relation with some columns read as the named types, where the file holds no
    number that the engine would read as another than a person does. It raises where a cell is of
    another type.
    `again` opens the file in a slower way, for rows that the engine has refused, and for blank ones.
    `rows` is how many there must be, where that is known before they are read.
    `findings` are those of the file as a whole; `notes` names a table of what the reader noticed about cells.
    """

    relation: str
    headers: tuple[str, ...]
    first_row: int | None
    sheet: str | None = None
    numeric: frozenset[int] = frozenset()
    dates: frozenset[int] = frozenset()
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reading: Callable[[Mapping[int, str]], str] | None = None
    again: Callable[[], SourceTable] | None = None
    rows: int | None = None
    findings: tuple[Finding, ...] = ()
    notes: str | None = None


def open_source(
    connection: DuckDBPyConnection, recognised: Recognised, contract: DeliveryContract, work: Path,
    limits: IntakeLimits, messages: dict[str, Message],
) -> SourceTable:  # fmt: skip
    """Open a recognised file for scanning through `connection`.

    Args:
        work: a private folder for what a reader has to decode first; the caller removes it.

    Raises:
        UnreadableFileError: the file is broken, too large, or has no table where the contract expects one.
    """
    path = recognised.path
    match recognised.format:
        case Format.CSV:
            from rcs_pipeline.intake.csv_reader import open_csv

            return open_csv(connection, path, work, limits, messages, recognised.text)
        case Format.XLSX | Format.XLS | Format.ODS as form:
            from rcs_pipeline.intake.workbook_reader import open_workbook

            return open_workbook(connection, path, form, contract, limits, messages)
        case Format.SAV:
            from rcs_pipeline.intake.spss_reader import open_spss

            return open_spss(connection, path, contract, limits, messages)
        case Format.PARQUET:
            from rcs_pipeline.intake.parquet_reader import open_parquet

            return open_parquet(connection, path, contract, limits, messages)
        case _:
            raise UnreadableFileError(f"it is {recognised.described}")
