"""The small product of the tests: its contracts, and a warehouse with the rows that a test gives."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product

CONTRACTS = Path(__file__).parent / "contracts" / "products" / "small"
COLUMNS = {
    "estimates": "indicator varchar, level varchar, place varchar, estimate double, base bigint,"
    " numerator bigint, effective_base double, symbol varchar, note varchar",
    "response": "place varchar, roll bigint, respondents bigint, rate double, symbol varchar",
    "spend": "place varchar, services integer, providers integer, amount double,"
    " collected date, final boolean, symbol varchar",
    "internal": "id bigint, what varchar",
}
Rows = Iterable[tuple[Any, ...]]


def small_product() -> Product:
    return read_product(CONTRACTS)


def estimate(
    place: str,
    base: int | None,
    numerator: int | None,
    *,
    level: str = "cpp",
    indicator: str = "i1",
    symbol: str | None = None,
) -> tuple[Any, ...]:
    """A row of `estimates`; a mean has no numerator."""
    share = 0.5 if numerator is None or not base else numerator / base
    return (indicator, level, place, share, base, numerator, base, symbol, "a note")


ROWS: dict[str, list[tuple[Any, ...]]] = {
    "estimates": [
        estimate("all", 900, 450, level="programme"),
        estimate("A", 100, 50),
        estimate("B", 29, 10),
        estimate("C", 100, 4),
        estimate("D", 100, 96),
        estimate("E", 100, 0),
        estimate("F", 100, None),
        estimate("G", 12, None),
        estimate("school 1", 60, 30, level="school"),
    ],
    "response": [
        ("A", 200, 150, 0.75, None),
        ("B", 9, 9, 1.0, None),
        ("C", 40, 3, 0.075, None),
        ("D", None, None, None, "x"),
    ],
    "spend": [
        ("A", 5, 3, 1000.0, None, True, None),
        ("B", 1, 2, 50.0, None, False, None),
        ("C", 2, None, 7.0, None, None, None),
    ],
    "internal": [(1, "secret")],
}


def write_warehouse(path: Path, rows: dict[str, list[tuple[Any, ...]]] | None = None) -> Path:
    """A `warehouse.duckdb` with the tables of the small product."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        for table, columns in COLUMNS.items():
            connection.execute(f"create or replace table {table} ({columns})")
            content = {**ROWS, **(rows or {})}[table]
            if content:
                marks = ", ".join("?" * len(content[0]))
                connection.executemany(f"insert into {table} values ({marks})", content)
    return path


def protected(folder: Path, audience: str, table: str) -> list[dict[str, Any]]:
    """The rows of a protected file, as an audience reads them."""
    file = folder / "protected" / audience / f"{table}.parquet"
    with duckdb.connect() as connection:
        cursor = connection.execute("select * from read_parquet(?)", [str(file)])
        names = [item[0] for item in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
