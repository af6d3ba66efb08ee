"""Reading an SPSS file in a process of its own, as an Arrow stream on stdout.

Belongs here: pyreadstat, and turning its lists into Arrow. Run as a script; imports nothing of ours.
Does not belong here: what the columns mean (see `spss_reader`, which starts this).

A process of its own, because a damaged file can make the C library underneath crash its process (seen
with two of four hundred random mutations of a small file). A crash here is a finding there.

`user_missing=True` matters twice: without it pyreadstat turns declared missing codes into NaN, and
says nothing of which codes were declared.
"""

from __future__ import annotations

import json
import sys
from typing import Any, BinaryIO

CHUNK_ROWS = 20_000
SECONDS_PER_DAY = 86_400
DAYS_TO_1970 = 141_428  # SPSS counts from 14 October 1582


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """For each path, one a line as JSON, write a stream; a broken file gives one without columns."""
    import pyarrow as pa
    import pyreadstat

    broken = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, ValueError)
    for line in source:
        path = json.loads(line)
        try:
            first = _read(path, 0)
        except broken:
            pa.ipc.new_stream(sink, pa.schema([])).close()
        else:
            _stream(path, first, sink)
        sink.flush()


def _stream(path: str, first: tuple[Any, Any], sink: BinaryIO) -> None:
    """Write the rows chunk by chunk, with columns c0, c1, ...; headers and labels in the metadata `rcs`."""
    import pyarrow as pa

    (columns, meta), offset = first, 0
    table = _arrow(columns, meta)
    with pa.ipc.new_stream(sink, table.schema.with_metadata({b"rcs": _about(meta)})) as writer:
        writer.write_table(table)
        while table.num_rows == CHUNK_ROWS:
            offset += CHUNK_ROWS
            table = _arrow(*_read(path, offset))
            writer.write_table(table)


def _read(path: str, offset: int) -> tuple[Any, Any]:
    import pyreadstat

    columns, meta = pyreadstat.read_sav(
        path, output_format="dict", user_missing=True, row_offset=offset, row_limit=CHUNK_ROWS,
        disable_datetime_conversion=True,
    )  # fmt: skip
    return columns, meta


def _about(meta: Any) -> bytes:
    labels = {
        name: {_code(code): str(label) for code, label in items.items()}
        for name, items in meta.variable_value_labels.items()
    }
    return json.dumps({"headers": list(meta.column_names), "value_labels": labels}).encode()


def _arrow(columns: dict[str, Any], meta: Any) -> Any:
    import pyarrow as pa

    kinds, displays = meta.readstat_variable_types, meta.original_variable_types
    arrays = {
        f"c{index}": _array(columns[name], kinds[name], displays[name])
        for index, name in enumerate(meta.column_names)
    }
    return pa.table(arrays)


def _array(values: Any, kind: str, display: str) -> Any:
    """Text as text, numbers as DOUBLE with NaN as NULL, SPSS dates (seconds since 1582) as DATE."""
    import numpy as np
    import pyarrow as pa

    if kind == "string":
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    numbers = np.asarray([np.nan if value is None else value for value in values], dtype="float64")
    if display.startswith(("DATE", "ADATE", "EDATE", "SDATE")):
        days = np.floor(numbers / SECONDS_PER_DAY) - DAYS_TO_1970
        known = ~np.isnan(days)
        return pa.array(np.where(known, days, 0).astype("int32"), pa.int32(), mask=~known).cast(pa.date32())
    return pa.array(numbers, pa.float64(), mask=np.isnan(numbers))


def _code(code: Any) -> str:
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
