"""Loading a file in one scan: every value typed, identifiers replaced, bad text kept aside.

Belongs here: the SQL that turns source columns into contract columns, in memory.
Does not belong here: judging values (see `screen`).

Measured on 1 million rows x 120 columns: one scan into memory with `try_cast`, and only the text of
cells that fail kept, takes little more than DuckDB's bare copy; a text copy of the file first takes
eight times as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.vocabulary import ColumnType, Identifier
from rcs_pipeline.intake.csv_reader import alone
from rcs_pipeline.intake.pseudonymise import pseudonym, use_keys
from rcs_pipeline.intake.readers import SourceTable
from rcs_pipeline.intake.sql import quoted, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE, ROWS, TOGETHER = "delivered", "delivered_rows", "whole_numbers"
UNREADABLE = "unreadable"
SOURCE_ROW = "source_row"
SAMPLE = 8_000  # rows by which a column is trusted to hold whole numbers only
CELL, FIELD = "chr(30)", "chr(31)"  # ASCII's own separators: record and unit
WHOLE_NUMBER = "\\s*[-+]?[0-9]+(\\.0*)?\\s*"
ISO_DATE = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9:.]+)?"
DAY_FIRST = "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}"
STORED_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.INTEGER: "INTEGER",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.DATE: "DATE",
    ColumnType.BOOLEAN: "BOOLEAN",
}


def load(
    connection: DuckDBPyConnection,
    source: SourceTable,
    contract: DeliveryContract,
    positions: dict[str, int],
    keys: tuple[bytes, ...],
) -> int:
    """Scan the source once, to be read as `delivered`. Returns the number of rows.

    It has the contract's stored columns; `<name>__symbol` and `<name>__was` beside columns with symbols or
    recodes; `<name>__fits` beside pseudonyms; and `unreadable`, the text of cells that are not of their
    type. Its `rowid` counts the rows of the file from 0; `row_number` says which rows they are.

    The rows themselves lie in `delivered_rows`, the whole numbers of each as one value: of what is inside a
    value the engine does not count how many differ, a sixth of the time that storing a hundred columns takes.
    """
    import duckdb

    pseudonymised = any(column.identifier is Identifier.PSEUDONYMISE for column in contract.stored_columns)
    if pseudonymised and keys:
        use_keys(connection, keys)
    columns = {column.name: column for column in contract.stored_columns if column.name in positions}
    whole = _whole_numbers(connection, source, columns, positions)
    if whole and source.reading is not None:
        types = {positions[name]: memory_type(columns[name]) for name in whole}
        try:
            return _scan(
                connection, replace(source, relation=source.reading(types)), contract, positions, whole
            )
        except (duckdb.ConversionException, duckdb.InvalidInputException):
            pass  # A cell beyond the sample is no whole number: as text it will become a finding.
    return _scan(connection, source, contract, positions, frozenset())


def _whole_numbers(
    connection: DuckDBPyConnection,
    source: SourceTable,
    columns: dict[str, Column],
    positions: dict[str, int],
) -> frozenset[str]:
    """The columns that the engine may read as whole numbers itself, by a sample of the first rows.

    That is half the work of reading text and casting it, and most columns of a survey are such.
    """
    eligible = [
        column
        for column in columns.values()
        if column.type is ColumnType.INTEGER and not column.symbols and not column.recode
        and column.identifier is None
    ]  # fmt: skip
    if source.reading is None or not eligible:
        return frozenset()
    fits = ", ".join(
        f"bool_and({cell} is null or try_cast({cell} as {memory_type(column)}) is not null)"
        for column in eligible
        for cell in [f"c{positions[column.name]}"]
    )
    row = connection.execute(
        f"select {fits} from (select * from {source.relation} limit {SAMPLE})"
    ).fetchone()
    return frozenset(column.name for column, fit in zip(eligible, row or (), strict=True) if fit)


def _scan(
    connection: DuckDBPyConnection,
    source: SourceTable,
    contract: DeliveryContract,
    positions: dict[str, int],
    whole: frozenset[str],
) -> int:
    """The one scan. `whole` names the columns that the source gives as whole numbers."""
    import duckdb

    columns = [column for column in contract.stored_columns if column.name in positions]
    inner, outer, together = [], [], []
    for column in columns:
        cell = f"c{positions[column.name]}"
        if column.name in whole:
            inner.append(f"{cell} as {quoted('v_' + column.name)}")
            together.append(f"{quoted(column.name)} := {quoted('v_' + column.name)}")
        else:
            inner += _inner(column, source, positions[column.name])
            outer += _outer(column)
    numbers = {item.name: number for number, item in enumerate(contract.columns) if item.identifier is None}
    plain = [column for column in columns if column.name in numbers and column.name not in whole]
    outer.append(f"{_unreadable(plain, numbers)} as {UNREADABLE}")
    if source.first_row is None:
        inner.append(SOURCE_ROW)
        outer.append(SOURCE_ROW)
    if together:
        outer.append(f"struct_pack({', '.join(together)}) as {TOGETHER}")
    into = (
        f"create or replace temp table {ROWS} as select {', '.join(outer)} from (select {', '.join(inner)} "
    )
    try:
        connection.execute(f"{into} from {source.relation})")
    except duckdb.NotImplementedException:
        connection.execute(f"{into} from {alone(source.relation)})")
    taken_apart = f"* exclude ({TOGETHER}), {TOGETHER}.*" if together else "*"
    connection.execute(f"create or replace temp view {TABLE} as select rowid, {taken_apart} from {ROWS}")
    row = connection.execute(f"select count(*) from {TABLE}").fetchone()
    return int(row[0]) if row else 0


def has_blank_rows(connection: DuckDBPyConnection) -> bool:
    """Whether a row of `delivered` has no value at all, as rows below a table in a spreadsheet have not."""
    columns = connection.execute(
        f"select column_name from (describe {TABLE}) where column_name <> 'rowid'"
    ).fetchall()
    empty = " and ".join(f"{quoted(name)} is null" for (name,) in columns)
    return connection.execute(f"select 1 from {TABLE} where {empty} limit 1").fetchone() is not None


def row_number(first_row: int | None, table: str = "") -> str:
    """SQL for the number that a person sees beside a row of `delivered`, or of its alias `table`."""
    before = f"{table}." if table else ""
    return f"{before}{SOURCE_ROW}" if first_row is None else f"{before}rowid + {first_row}"


def literals(values: Iterable[str], column: Column) -> str:
    """Codes as an SQL list, numbers where the column holds numbers."""
    return ", ".join(str(value) if column.numeric else text(value) for value in values)


def _inner(column: Column, source: SourceTable, position: int) -> list[str]:
    """The first projection: the cell as text (`t_`), and as a value of its type (`v_`)."""
    cell, name = f"c{position}", column.name
    if position in source.numeric:
        whole = f"{cell} = trunc({cell})"
        as_text = (
            f"case when {whole} then cast(cast({cell} as bigint) as varchar) else cast({cell} as varchar) end"
        )
        value = _typed(column, as_text)
        if column.type is ColumnType.NUMBER and not column.symbols:
            value = cell
        elif column.type is ColumnType.INTEGER and not column.symbols:
            value = f"case when {whole} then try_cast({cell} as {memory_type(column)}) end"
    elif position in source.dates:
        as_text = f"cast({cell} as varchar)"
        value = cell if column.type is ColumnType.DATE else _typed(column, as_text)
    else:
        as_text = cell if column.numeric and not column.symbols else f"nullif(trim({cell}), '')"
        value = _typed(column, as_text)
    return [f"{as_text} as {quoted('t_' + name)}", f"{value} as {quoted('v_' + name)}"]


def _typed(column: Column, cell: str) -> str:
    """Text to value; NULL where it is not one."""
    if column.recode:
        cases = " ".join(f"when {text(old)} then {text(new)}" for old, new in column.recode.items())
        cell = f"case {cell} {cases} else {cell} end"
    match column.type:
        case ColumnType.STRING:
            return cell
        case ColumnType.INTEGER:
            # DuckDB would round 1.5 and 15e-1 to 2, and reads 0x1F and 1_000; a whole number is digits, with
            # at most a point and zeros behind. Most answers are one digit or a missing code: no such care.
            kind = memory_type(column)
            # Two branches and not one `or`: most cells are done after the first comparison.
            return (
                f"case when strlen({cell}) = 1 then try_cast({cell} as {kind}) "
                f"when strlen({cell}) = 2 and starts_with({cell}, '-') then try_cast({cell} as {kind}) "
                f"when regexp_full_match({cell}, '{WHOLE_NUMBER}') then coalesce(try_cast({cell} as {kind}), "
                f"try_cast(try_cast({cell} as double) as {kind})) end"
            )
        case ColumnType.NUMBER:
            number = f"try_cast({cell} as double)"
            return f"case when isfinite({number}) and not contains({cell}, '_') then {number} end"
        case ColumnType.DATE:
            # DuckDB reads `infinity`, `1/2/16` (the year 1) and `2016-01-31x` as dates too.
            return (
                f"case when regexp_full_match({cell}, '{ISO_DATE}') then try_cast({cell} as date) "
                f"when regexp_full_match({cell}, '{DAY_FIRST}') "
                f"then cast(try_strptime({cell}, '%d/%m/%Y') as date) end"
            )
        case ColumnType.BOOLEAN:
            return f"try_cast({cell} as boolean)"


def memory_type(column: Column) -> str:
    """Answers are small numbers: one byte each while in memory."""
    codes = (*(column.codes or {}), *column.missing)
    small = column.codes and all(code.lstrip("-").isdigit() and abs(int(code)) < 100 for code in codes)
    return "TINYINT" if small else "INTEGER"


def _outer(column: Column) -> list[str]:
    """The second projection: the stored column and what must be known about it."""
    value, cell = quoted("v_" + column.name), quoted("t_" + column.name)
    if column.identifier is Identifier.PSEUDONYMISE:
        fits = f"regexp_full_match({value}, {text(column.pattern)})" if column.pattern else "true"
        hidden = f"{pseudonym(value)} as {quoted(column.name)}"
        return [hidden, f"{fits} as {quoted(column.name + '__fits')}"]
    parts = [f"{value} as {quoted(column.name)}"]
    if column.symbols:
        cases = " ".join(
            f"when {text(sign)} then {text(meaning)}" for sign, meaning in column.symbols.items()
        )
        parts.append(f"case {cell} {cases} end as {quoted(column.name + '__symbol')}")
    if column.recode:
        old = ", ".join(text(code) for code in column.recode)
        parts.append(f"case when {cell} in ({old}) then {cell} end as {quoted(column.name + '__was')}")
    return parts


def _unreadable(columns: list[Column], number: dict[str, int]) -> str:
    """SQL for the text of the cells that are not of their type, or NULL."""
    typed = [column for column in columns if column.type is not ColumnType.STRING]
    if not typed:
        return "cast(null as varchar)"
    fails = {column.name: _fails(column) for column in typed}
    cells = ", ".join(
        # A separator inside a cell would start a cell of its own.
        f"case when {fails[name]} then '{number[name]}' || {FIELD} || "
        f"translate({quoted('t_' + name)}, {CELL} || {FIELD}, '  ') end"
        for name in fails
    )
    # Most rows have a value in every cell, and are done after looking for a NULL.
    incomplete = " or ".join(f"{quoted('v_' + name)} is null" for name in fails)
    return f"case when {incomplete} then nullif(concat_ws({CELL}, {cells}), '') end"


def _fails(column: Column) -> str:
    cell, value = quoted("t_" + column.name), quoted("v_" + column.name)
    known = ", ".join(text(item) for item in column.symbols)
    symbols = f" and {cell} not in ({known})" if known else ""
    return f"({value} is null and trim({cell}) <> ''{symbols})"
