"""Rows of pupils who were withdrawn: left out before anything looks at them.

Belongs here: the lists that hold for a dataset, and taking their rows out of a file in memory.
Does not belong here: withdrawing (see `withdraw`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.vocabulary import Identifier
from rcs_pipeline.intake.load import ROWS, TABLE
from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PSEUDONYM = "pseudonym"


def lists(workspace: Workspace, dataset: str) -> list[Path]:
    """The lists of pseudonyms whose rows of this dataset are left out."""
    return [
        workspace.paths.home / item.list_path
        for item in workspace.ledger.withdrawals()
        if item.list_path and item.dataset in (None, dataset)
    ]


def leave_out(connection: DuckDBPyConnection, contract: DeliveryContract, files: list[Path]) -> int:
    """Delete the listed pupils' rows from `delivered`; the others keep their numbers. Returns how many."""
    if not files or not pseudonyms(contract):
        return 0
    out = f"select rowid from {TABLE} where {listed(contract, files)}"
    row = connection.execute(f"delete from {ROWS} where rowid in ({out})").fetchone()
    return int(row[0]) if row else 0


def pseudonyms(contract: DeliveryContract) -> list[str]:
    """The columns that hold pseudonyms, quoted."""
    return [
        quoted(column.name) for column in contract.columns if column.identifier is Identifier.PSEUDONYMISE
    ]


def listed(contract: DeliveryContract, files: list[Path]) -> str:
    """SQL that is true for a row of a listed pupil, and false (never NULL) for any other."""
    names = ", ".join(text(path) for path in files)
    known = f"select {PSEUDONYM} from read_parquet([{names}])"
    return " or ".join(f"coalesce({column}, '') in ({known})" for column in pseudonyms(contract))
