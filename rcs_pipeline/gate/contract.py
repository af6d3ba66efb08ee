"""Whether each protected table is what its contract promises.

Belongs here: `contract.<table>`: columns and their order, types, grain, required values, enough rows; in
SQL, for every audience that sees the table.
Does not belong here: codes and ranges (see `suite`), what may be seen (`disclosure`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.engine import SQL_TYPES, columns_of, name, names, reading, text
from rcs_pipeline.gate.suite import audiences_of
from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KIND = "contract"
GUIDANCE = "Mend the model, or change the contract and its version, then build again."


def check_of(table: ProductTable) -> str:
    """The check id of a table."""
    return f"contract.{table.name}"


def required(product: Product) -> tuple[str, ...]:
    """The ids of the verdicts, known from the contracts alone."""
    return tuple(check_of(table) for table in product.tables)


def keep_contracts(folder: Path, product: Product) -> list[Verdict]:
    """Compare every protected table of a candidate folder with its contract."""
    try:
        with reading(folder / "warehouse.duckdb") as connection:
            return [_table(connection, folder, product, table) for table in product.tables]
    except RcsError as error:
        return [_verdict(table, Outcome.ERROR, str(error)) for table in product.tables]


def _table(connection: DuckDBPyConnection, folder: Path, product: Product, table: ProductTable) -> Verdict:
    import duckdb

    audiences = audiences_of(product, table)
    problems = _made(connection, table)
    rows = 0
    try:
        for audience in audiences:
            file = folder / "protected" / audience / f"{table.name}.parquet"
            if not file.is_file():
                problems.append(f"{audience}: the protected file is not there")
                continue
            rows, found = _file(connection, file, table, audience)
            problems += [f"{audience}: {item}" for item in found]
    except duckdb.Error as error:
        return _verdict(table, Outcome.ERROR, f"cannot be read: {str(error).splitlines()[0]}")
    if problems:
        return _verdict(table, Outcome.FAIL, "; ".join(problems))
    return _verdict(table, Outcome.PASS, f"as promised for {', '.join(audiences) or 'nobody'}, {rows} rows")


def _made(connection: DuckDBPyConnection, table: ProductTable) -> list[str]:
    """Promised columns that the build did not make, whoever may see them."""
    found = columns_of(connection, table.name)
    if not found:
        return ["the build made no such table"]
    absent = [item.name for item in table.columns if item.name not in found and not item.filled_at_release]
    return [f"the build lacks the column(s) {', '.join(absent)}"] if absent else []


def _file(
    connection: DuckDBPyConnection, file: Path, table: ProductTable, audience: str
) -> tuple[int, list[str]]:
    relation = f"read_parquet({text(str(file))})"
    promised = [(item.name, SQL_TYPES[item.type]) for item in table.columns_for(audience)]
    found = [(str(row[0]), str(row[1])) for row in connection.execute(f"describe from {relation}").fetchall()]
    if found != promised:
        return 0, [difference(found, promised)]
    required_columns = [
        item.name
        for item in table.columns_for(audience)
        if (item.required and not item.filled_at_release) or item.name in table.grain
    ]
    tests = [f"count(*) filter (where {_absent(item, table)})" for item in required_columns]
    row = connection.execute(
        f"select count(*), (select count(*) from (select distinct {names(table.grain)} from {relation})),"
        f" {', '.join(tests)} from {relation}"
    ).fetchone()
    rows, distinct, *missing = (int(item) for item in row or ())
    problems = [
        f"`{item}` is empty in {count} row(s)"
        for item, count in zip(required_columns, missing, strict=True)
        if count
    ]
    if distinct != rows:
        problems.append(f"{rows - distinct} row(s) repeat the grain {', '.join(table.grain)}")
    if rows < table.extension.rows_at_least:
        problems.append(f"{rows} rows, at least {table.extension.rows_at_least} promised")
    return rows, problems


def _absent(column: str, table: ProductTable) -> str:
    """When a required value is missing: not where a symbol says why."""
    return " and ".join(f"{name(item)} is null" for item in (column, *table.symbols_of(column)))


def difference(found: list[tuple[str, str]], promised: list[tuple[str, str]]) -> str:
    """In what the columns of a table, with their types, are not those that were promised."""
    strange = [f"{item} {kind}" for item, kind in found if (item, kind) not in promised]
    absent = [f"{item} {kind}" for item, kind in promised if (item, kind) not in found]
    if not strange and not absent:
        return "the columns stand in another order"
    return f"found {', '.join(strange) or 'no other'}, promised {', '.join(absent) or 'no other'}"


def _verdict(table: ProductTable, outcome: Outcome, message: str) -> Verdict:
    return Verdict(
        check=check_of(table), kind=KIND, severity=CheckSeverity.CRITICAL, outcome=outcome, message=message,
        location=table.name, guidance="" if outcome is Outcome.PASS else GUIDANCE,
    )  # fmt: skip
