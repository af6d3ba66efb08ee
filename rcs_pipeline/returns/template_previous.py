"""What a partnership sent in its earlier wave, to start the next template from.

Belongs here: which receipt that is, and its accepted rows as cells.
Does not belong here: writing them (see `template_rows`).

Nothing about a pupil is ever handed out again: a survey, and any dataset with an identifier, starts empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.register import Collection
from rcs_pipeline.contracts.vocabulary import ColumnType, Prefill
from rcs_pipeline.intake.labels import shown
from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.ledger.records import Receipt
from rcs_pipeline.ledger.workspace import Workspace


@dataclass(frozen=True)
class Previous:
    """The accepted rows of an earlier collection, in the order in which they were sent, one cell a column."""

    collection: Collection
    rows: tuple[tuple[Any, ...], ...]


def previous_rows(workspace: Workspace, contract: DeliveryContract, entry: Collection) -> Previous | None:
    """The rows of the same CPP's latest earlier collection; None where there are none, or none may be shown.

    Raises:
        RcsError: a receipt names rows that are gone.
    """
    if contract.survey is not None or any(column.identifier for column in contract.columns):
        return None
    earlier = _earlier(workspace, contract.dataset, entry)
    if earlier is None:
        return None
    collection, receipt = earlier
    rows = _rows(workspace, contract, receipt)
    return Previous(collection, tuple(rows)) if rows else None


def carried(column: Column, cell: Any, entry: Collection) -> Any:
    """What the new template starts with where the old row held `cell`."""
    match column.prefill:
        case Prefill.CARRY:
            return cell
        case Prefill.COLLECTED:
            return entry.collected
        case Prefill.EMPTY:
            return None


def _earlier(workspace: Workspace, dataset: str, entry: Collection) -> tuple[Collection, Receipt] | None:
    if entry.cpp is None:
        return None
    known = {item.key: item for item in workspace.catalogue.register.collections}
    found = [
        (known[receipt.collection], receipt)
        for receipt in workspace.ledger.current_receipts(dataset)
        if receipt.raw_path and receipt.collection in known
    ]
    found = [
        pair for pair in found if pair[0].cpp == entry.cpp and _when(pair[0], dataset) < _when(entry, dataset)
    ]
    return max(found, key=lambda pair: _when(pair[0], dataset), default=None)


def _when(entry: Collection, dataset: str) -> tuple[str, date]:
    return entry.collected, entry.datasets.get(dataset) or date.min


def _rows(workspace: Workspace, contract: DeliveryContract, receipt: Receipt) -> list[tuple[Any, ...]]:
    import duckdb

    path = workspace.paths.home / str(receipt.raw_path)
    if not path.is_file():
        raise RcsError(
            f"The rows of receipt {receipt.id} are gone, so the template cannot start from them",
            where=str(path),
            todo="Take the delivery in again, and ask for the template then.",
        )
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        source = f"read_parquet({text(path)})"
        kept = {str(row[0]) for row in connection.execute(f"describe select * from {source}").fetchall()}
        cells = ", ".join(_cell(column, kept) for column in contract.columns)
        return connection.execute(f"select {cells} from {source} order by source_row").fetchall()


def _cell(column: Column, kept: set[str]) -> str:
    """SQL for one cell as a person enters it; NULL where an older contract had no such column."""
    if column.name not in kept:
        return "null"
    name = quoted(column.name)
    if column.codes or column.type is ColumnType.BOOLEAN:
        word = f"cast({name} as varchar)"
        cases = " ".join(f"when {text(code)} then {text(label)}" for code, label in shown(column).items())
        name = f"case {word} {cases} else {word} end" if cases else word
    if column.symbols and f"{column.name}__symbol" in kept:
        symbol = quoted(f"{column.name}__symbol")
        signs = " ".join(f"when {text(mean)} then {text(sign)}" for sign, mean in column.symbols.items())
        return f"coalesce(cast({name} as varchar), case {symbol} {signs} end)"
    return name
