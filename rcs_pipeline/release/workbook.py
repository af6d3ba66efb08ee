"""`rcs-tables.xlsx`: the headline tables of a release for people, by the guidance on government spreadsheets.

Belongs here: cover, contents, notes, one table a sheet, and a symbol where a number is missing. A table
that is long and names no headline rows stays out, and so does one without rows, or one that is here because
another audience sees it: that audience's workbook has it.
Does not belong here: every row (Parquet and CSV hold those), the layout (gptables').
"""

from __future__ import annotations

import warnings
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import Symbol
from rcs_pipeline.release.describe import SYMBOL_LABELS, VERSION_COLUMN, published_tables
from rcs_pipeline.release.diff import quote, text

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

WORKBOOK = "rcs-tables.xlsx"
SHEET_NAME = 31  # Excel's limit
MOST_ROWS = 5_000  # beyond that nobody reads a sheet, and gptables takes seconds for it
ELSEWHERE = "The CSV and Parquet files beside this workbook hold every row."


def write_workbook(folder: Path, product: Product, audience: str, package: dict[str, Any]) -> None:
    """Write the workbook into a release folder that has its `parquet/`.

    Args:
        folder: the release folder.
        product: whose contracts say which rows are headlines.
        audience: who it is for.
        package: the folder's `datapackage.json`.
    """
    import duckdb
    import gptables
    import pandas as pd

    described = {item["name"]: item for item in package["resources"]}
    with duckdb.connect(config={"threads": 1}) as connection:
        tables = [
            table
            for table in published_tables(product, audience)
            if product.held_by(table, audience) == audience
            and 0 < _count(connection, folder, table) <= MOST_ROWS
        ]
        frames = {table.name: _frame(connection, folder, table) for table in tables}
    sheets = {
        table.name[:SHEET_NAME]: _sheet(table, frames[table.name], described[table.name]) for table in tables
    }
    notes = pd.DataFrame(
        [(_reference(table), f"{table.description} {ELSEWHERE}") for table in tables],
        columns=["Note number", "Note text"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gptables' own use of pandas; nobody here can mend it
        book = gptables.produce_workbook(
            filename=str(folder / WORKBOOK),
            sheets=sheets,
            cover=_cover(
                package, [product.audience(name).title for name in product.audience(audience).includes]
            ),
            # Of no tables at all there is nothing to list.
            contentsheet_label="Contents" if tables else None,
            notes_table=notes if tables else None,
            auto_width=True,
        )
    created = datetime.fromisoformat(package["created"]).replace(tzinfo=None)
    book.set_properties({"title": package["title"], "author": _publisher(package), "created": created})
    book.close()


def headline_rows(table: ProductTable, source: Path) -> str:
    """The query for the rows that the workbook holds."""
    chosen = table.extension.headline or {}
    tests = [
        f"{quote(column)}::varchar in ({', '.join(text(value) for value in values)})"
        for column, values in chosen.items()
    ]
    where = f" where {' and '.join(tests)}" if tests else ""
    return f"from read_parquet({text(source)}){where}"


def _count(connection: DuckDBPyConnection, folder: Path, table: ProductTable) -> int:
    rows = headline_rows(table, folder / "parquet" / f"{table.name}.parquet")
    found = connection.execute(f"select count(*) {rows}").fetchone()
    return int(found[0]) if found else 0


def _frame(connection: DuckDBPyConnection, folder: Path, table: ProductTable) -> pd.DataFrame:
    """The headline rows as they are shown: `[c]` where a symbol says why there is no number."""
    import pandas as pd

    source = folder / "parquet" / f"{table.name}.parquet"
    found = connection.execute(headline_rows(table, source))
    names = [item[0] for item in found.description or []]
    rows = found.fetchall()
    symbols = {name: [item for item in table.symbols_of(name) if item in names] for name in names}
    unseen = {VERSION_COLUMN, *(rule.symbol_column for rule in table.extension.hide)}
    shown = [name for name in names if name not in unseen]
    cells = [_cells(dict(zip(names, row, strict=True)), shown, symbols) for row in rows]
    frame = pd.DataFrame(cells, columns=shown, dtype=object)
    # An empty cell reads as an oversight; one that nothing was put into says so.
    return frame.where(frame.notna(), "[x]")


def _cells(row: dict[str, Any], shown: list[str], symbols: dict[str, list[str]]) -> list[Any]:
    return [_cell(row[name], [row[item] for item in symbols[name] if row[item]]) for name in shown]


def _cell(value: Any, said: list[str]) -> Any:
    """A value, or why there is none: that it is confidential, if any rule says so, before anything else."""
    if value is None and said:
        return f"[{Symbol.CONFIDENTIAL if Symbol.CONFIDENTIAL in said else said[0]}]"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _sheet(table: ProductTable, frame: pd.DataFrame, described: dict[str, Any]) -> Any:
    import gptables

    fields = {item["name"]: item for item in described["schema"]["fields"]}
    units = {name: fields[name]["unit"] for name in frame.columns if fields[name].get("unit")}
    used = sorted({str(cell)[1:-1] for cell in frame.to_numpy().ravel() if _is_symbol(cell)})
    return gptables.GPTable(
        table=frame,
        table_name=table.name,
        title=f"{described['title']} $${_reference(table)}$$",
        subtitles=[f"{len(frame):,} rows. {ELSEWHERE}"],
        instructions="This worksheet contains one table. Notes are on the notes worksheet.",
        scope="Headline rows of the table." if table.extension.headline else None,
        source=None,
        units=units or None,
        legend=[f"[{name}] {SYMBOL_LABELS[name].lower()}" for name in used],
        index_columns={},
    )


def _is_symbol(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith("[") and cell[1:-1] in SYMBOL_LABELS


def _cover(package: dict[str, Any], included: list[str]) -> Any:
    import gptables

    others = [
        f'Tables of the release "{title}" are in the workbook of that release. {ELSEWHERE}'
        for title in included
    ]
    symbols = [f"[{name}] {label}" for name, label in SYMBOL_LABELS.items()]
    return gptables.Cover(
        title=package["title"],
        intro=[
            f"Version {package['version']}, released on {package['created'][:10]}.",
            package["description"],
            *others,
        ],
        about=[
            "A symbol stands where there is no number. It is never to be read as zero.",
            *symbols,
            package["licenses"][0]["title"],
            *package.get("attribution", ()),
        ],
        contact=[package["contributors"][0]["contact"], _publisher(package)],
    )


def _publisher(package: dict[str, Any]) -> str:
    return str(package["contributors"][0]["title"])


def _reference(table: ProductTable) -> str:
    return f"note_{table.name}"
