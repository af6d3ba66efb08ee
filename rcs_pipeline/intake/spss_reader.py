"""SPSS files: codes as codes, declared missing codes kept, labels as data.

Belongs here: reading in chunks into a Parquet-free Arrow stream for DuckDB.
Does not belong here: comparing labels with the contract (see `align`).

`user_missing=True` matters twice: without it pyreadstat turns declared missing codes into NaN, and
says nothing of which codes were declared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHUNK_ROWS = 20_000
TABLE = "spss_rows"


def open_spss(connection: DuckDBPyConnection, path: Path, work: Path) -> SourceTable:
    """Read an SPSS file chunk by chunk into a table of the connection.

    Raises:
        UnreadableFileError: the file is broken.
    """
    import pyreadstat

    try:
        _, meta = pyreadstat.read_sav(str(path), metadataonly=True, user_missing=True)
        headers = tuple(meta.column_names)
        for number, chunk in enumerate(_chunks(path)):
            connection.register("spss_chunk", chunk)
            verb = f"create or replace temp table {TABLE} as" if number == 0 else f"insert into {TABLE}"
            connection.execute(f"{verb} select * from spss_chunk")
            connection.unregister("spss_chunk")
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, OSError) as error:
        raise UnreadableFileError(f"the SPSS file is broken ({type(error).__name__})") from error
    kinds = [row[1] for row in connection.execute(f"describe {TABLE}").fetchall()]
    return SourceTable(
        relation=TABLE,
        headers=headers,
        first_row=1,
        numeric=frozenset(index for index, kind in enumerate(kinds) if kind == "DOUBLE"),
        dates=frozenset(index for index, kind in enumerate(kinds) if kind in ("DATE", "TIMESTAMP")),
        value_labels={
            name: {_code(code): str(label) for code, label in labels.items()}
            for name, labels in meta.variable_value_labels.items()
        },
    )


def _chunks(path: Path) -> Any:
    """Arrow tables with columns c0, c1, ...; at least one, empty where the file has no case."""
    import pyreadstat

    offset = 0
    while True:
        columns, meta = pyreadstat.read_sav(
            str(path), output_format="dict", user_missing=True, row_offset=offset, row_limit=CHUNK_ROWS,
            disable_datetime_conversion=True,
        )  # fmt: skip
        table = _arrow(columns, meta)
        if offset == 0 or table.num_rows:
            yield table
        offset += table.num_rows
        if table.num_rows < CHUNK_ROWS:
            return


def _arrow(columns: dict[str, Any], meta: Any) -> Any:
    import pyarrow as pa

    return pa.table(
        {
            f"c{index}": _spss_array(
                columns[name], meta.readstat_variable_types[name], meta.original_variable_types[name]
            )
            for index, name in enumerate(meta.column_names)
        }
    )


def _spss_array(values: Any, kind: str, display: str) -> Any:
    """Text as text, numbers as DOUBLE with NaN as NULL, SPSS dates (seconds since 1582) as DATE."""
    import numpy as np
    import pyarrow as pa

    if kind == "string":
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    numbers = np.asarray([np.nan if value is None else value for value in values], dtype="float64")
    if display.startswith(("DATE", "ADATE", "EDATE", "SDATE")):
        days = np.floor(numbers / 86_400) - 141_428
        known = ~np.isnan(days)
        return pa.array(np.where(known, days, 0).astype("int32"), pa.int32(), mask=~known).cast(pa.date32())
    return pa.array(numbers, pa.float64(), mask=np.isnan(numbers))


def _code(code: Any) -> str:
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)
