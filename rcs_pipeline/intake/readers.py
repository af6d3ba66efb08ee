"""Opening a file as a table that DuckDB can scan.

Belongs here: `SourceTable` and the choice of a reader. Each reader has its own module.
Does not belong here: what the columns mean (see `align` and `load`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.intake.recognise import Recognised

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class UnreadableFileError(Exception):
    """The content is not what its format promises. Carries a detail that holds no cell of the file."""


@dataclass(frozen=True)
class SourceTable:
    """An opened file.

    `relation` is SQL for a table with one column a header, named c0, c1, ..., in file order.
    `numeric` names those of them that are DOUBLE (SPSS); all others are text.
    `first_row` is the number that a person sees beside the first data row.
    """

    relation: str
    headers: tuple[str, ...]
    first_row: int
    sheet: str | None = None
    numeric: frozenset[int] = frozenset()
    dates: frozenset[int] = frozenset()
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def open_source(
    connection: DuckDBPyConnection, recognised: Recognised, contract: DeliveryContract, work: Path
) -> SourceTable:
    """Open a recognised file for scanning through `connection`.

    Args:
        work: a private folder for what a reader has to decode first; the caller removes it.

    Raises:
        UnreadableFileError: the file is broken or has no table where the contract expects one.
    """
    match recognised.format:
        case Format.CSV:
            from rcs_pipeline.intake.csv_reader import open_csv

            return open_csv(connection, recognised.path, work)
        case Format.XLSX:
            from rcs_pipeline.intake.workbook_reader import open_workbook

            return open_workbook(connection, recognised.path, contract)
        case Format.SAV:
            from rcs_pipeline.intake.spss_reader import open_spss

            return open_spss(connection, recognised.path, work)
        case _:
            raise UnreadableFileError(f"it is {recognised.described}")
