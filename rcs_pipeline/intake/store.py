"""Storing what was decided: accepted rows, quarantined rows, findings. Whole files or none.

Belongs here: the split and the Parquet writes.
Does not belong here: the receipt (see `delivery`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.intake import findings
from rcs_pipeline.intake.load import (
    CELL,
    FIELD,
    SOURCE_ROW,
    STORED_TYPES,
    TABLE,
    UNREADABLE,
    memory_type,
    row_number,
)
from rcs_pipeline.intake.sql import quoted, text
from rcs_pipeline.ledger.paths import whole_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REJECTED = "rejected"
# The second version's encodings of whole numbers: a sixth less time to write, a tenth smaller. And no filters
# by which a reader might pass over part of a column: whoever reads the lake reads whole columns.
LAYOUT = "parquet_version v2, write_bloom_filter false"


def split(connection: DuckDBPyConnection, first_row: int | None) -> int:
    """Mark the rows with a `reject_row` finding. Returns how many there are."""
    connection.execute(
        f"create or replace temp table {REJECTED} as with out as (select source_row, "
        f"list(distinct rule_id order by rule_id) as rules from {findings.TABLE} "
        "where severity = 'reject_row' and source_row is not null group by source_row) "
        + (
            f"select source_row - {first_row} as row_index, rules from out"
            if first_row is not None
            else f"select d.rowid as row_index, rules from out join {TABLE} d using ({SOURCE_ROW})"
        )
    )
    row = connection.execute(f"select count(*) from {REJECTED}").fetchone()
    return int(row[0]) if row else 0


def unusual(connection: DuckDBPyConnection) -> dict[str, int]:
    """The `confirm` findings about the file and about the rows that are kept: rule id -> how many."""
    out = f"select source_row from {findings.TABLE} where severity = 'reject_row' and source_row is not null"
    rows = connection.execute(
        f"select rule_id, count(*) from {findings.TABLE} where severity = 'confirm' and (source_row is null "
        f"or source_row not in ({out})) group by rule_id order by rule_id"
    ).fetchall()
    return {str(rule): int(count) for rule, count in rows}


def store_accepted(
    connection: DuckDBPyConnection, contract: DeliveryContract, first_row: int | None, target: Path
) -> None:
    """Write the rows without a `reject_row` finding, typed as the contract says."""
    kept = f"where rowid not in (select row_index from {REJECTED})"
    count = connection.execute(f"select count(*) from {REJECTED}").fetchone()
    where = kept if count and count[0] else ""
    with whole_file(target) as temporary:
        connection.execute(
            f"copy (select {', '.join(_columns(contract))}, {row_number(first_row)} as source_row "
            f"from {TABLE} {where}) to {text(temporary)} (format parquet, {LAYOUT})"
        )


def store_quarantined(
    connection: DuckDBPyConnection, contract: DeliveryContract, first_row: int | None, target: Path
) -> None:
    """Write the rows kept out, with the rules they broke and the text of their unreadable cells."""
    with whole_file(target) as temporary:
        connection.execute(
            f"copy (select {', '.join(_withholding(contract))}, {row_number(first_row, 'd')} as source_row, "
            f"{_withheld_text(contract)} as {UNREADABLE}, "
            f"rules from {TABLE} d join {REJECTED} r on d.rowid = r.row_index order by d.rowid) "
            f"to {text(temporary)} (format parquet)"
        )


def store_findings(connection: DuckDBPyConnection, target: Path) -> int:
    """Write every finding. Returns how many there are."""
    with whole_file(target) as temporary:
        connection.execute(
            f"copy (select * from {findings.TABLE} order by source_row nulls first, column_name, rule_id) "
            f"to {text(temporary)} (format parquet, compression zstd)"
        )
    row = connection.execute(f"select count(*) from {findings.TABLE}").fetchone()
    return int(row[0]) if row else 0


def _withholding(contract: DeliveryContract) -> list[str]:
    """The stored columns without the values that look like an identifier: one in the wrong column."""
    pattern, columns = contract.identifier_inside, _columns(contract)
    if pattern is None:
        return columns
    # Answers of one byte, most columns of a survey: looked at once, and not for every row.
    small = any(re.search(pattern, str(number)) for number in range(-128, 128))
    for column in contract.stored_columns:
        if column.type is ColumnType.INTEGER and memory_type(column) == "TINYINT" and not small:
            continue
        if column.identifier is None and column.type in (ColumnType.STRING, ColumnType.INTEGER):
            name, kind = quoted(column.name), STORED_TYPES[column.type]
            looks = f"regexp_matches(cast({name} as varchar), {text(pattern)})"
            plain = f"cast({name} as {kind})"
            position = columns.index(f"{plain} as {name}")
            columns[position] = f"case when {looks} then null else {plain} end as {name}"
    return columns


def _withheld_text(contract: DeliveryContract) -> str:
    """SQL for the text of the unreadable cells, again without what looks like an identifier."""
    if contract.identifier_inside is None:
        return UNREADABLE
    shown = findings.masked(f"split_part(cell, {FIELD}, 2)", text(contract.identifier_inside))
    cells = f"lambda cell: split_part(cell, {FIELD}, 1) || {FIELD} || {shown}"
    return f"array_to_string(list_transform(string_split({UNREADABLE}, {CELL}), {cells}), {CELL})"


def _columns(contract: DeliveryContract) -> list[str]:
    columns = []
    for column in contract.stored_columns:
        kind = "VARCHAR" if column.identifier else STORED_TYPES[column.type]
        columns.append(f"cast({quoted(column.name)} as {kind}) as {quoted(column.name)}")
        if column.symbols:
            columns.append(quoted(column.name + "__symbol"))
    return columns
