"""Reading a Parquet file in the reading process.

Belongs here: pyarrow, and bringing its many types to the few that intake judges.
Does not belong here: what the columns mean (see `parquet_reader`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rcs_pipeline.intake.reading_child import Table
from rcs_pipeline.intake.unreadable import UnreadableFileError

CHUNK_ROWS = 20_000
BROKEN = "the Parquet file is damaged or incomplete"


def read(request: dict[str, Any]) -> Table:
    """The rows as columns c0, c1, ...: whole numbers, DOUBLE, DATE, TIMESTAMP, else text.

    Raises:
        UnreadableFileError: the file is broken or has too many columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    limits = request["limits"]
    try:
        # The schema that pandas or R left inside says nothing that the columns do not.
        file = pq.ParquetFile(
            request["path"], pre_buffer=False, memory_map=False,
            thrift_string_size_limit=limits["archive_directory_bytes"],
        )  # fmt: skip
        schema = file.schema_arrow
        if len(schema) > limits["columns"]:
            raise UnreadableFileError(
                f"it has {len(schema)} columns, more than {limits['columns']}", "RCS-F22"
            )
        longest = max(map(len, schema.names), default=0)
        if longest > limits["cell_characters"]:
            raise UnreadableFileError(f"a column name has {longest:,} characters", "RCS-F22")
        rows = file.metadata.num_rows
        if len(schema) * rows > limits["parquet_cells"]:
            raise UnreadableFileError(
                f"it has {rows:,} rows of {len(schema)} columns, more than {limits['parquet_cells']:,} cells",
                "RCS-F22",
            )
        kinds = [_kind(item.type) for item in schema]
        target = pa.schema([(f"c{index}", kind or pa.string()) for index, kind in enumerate(kinds)])
        unsupported = {
            item.name: str(item.type) for item, kind in zip(schema, kinds, strict=True) if not kind
        }
        first = next(iter(_chunks(file, target, kinds)), None)
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise UnreadableFileError(BROKEN) from error
    about = {"headers": list(schema.names), "unsupported": unsupported}
    return Table(about, iter(()) if first is None else _chunks(file, target, kinds), target, list)


def _kind(kind: Any) -> Any:
    """The type that intake judges a column by; None for what is no single value."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_integer(kind):
        return pa.string() if kind == pa.uint64() else pa.int64()
    if types.is_floating(kind):
        return pa.float64()
    if types.is_date(kind):
        return pa.date32()
    if types.is_timestamp(kind):
        return pa.timestamp("us")
    plain = (
        types.is_string, types.is_large_string, types.is_boolean, types.is_decimal, types.is_null,
        types.is_time,
    )  # fmt: skip
    if any(check(kind) for check in plain) or "string_view" in str(kind):
        return pa.string()
    # Older programs write text without saying that it is text.
    return pa.string() if types.is_binary(kind) or types.is_large_binary(kind) else None


def _chunks(file: Any, schema: Any, kinds: list[Any]) -> Iterator[Any]:
    import pyarrow as pa

    for batch in file.iter_batches(batch_size=CHUNK_ROWS, use_threads=False):
        columns = [
            _cast(array, item.type) if kind else pa.nulls(len(array), pa.string())
            for array, item, kind in zip(batch.columns, schema, kinds, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)


def _cast(array: Any, kind: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_timestamp(array.type) and array.type.tz:
        array = pc.local_timestamp(array)
    if pa.types.is_floating(array.type):
        wide = array.cast(kind)
        # No number in pandas is no number here; infinity stays, for the rules to find.
        return pc.if_else(pc.is_nan(wide), pa.scalar(None, kind), wide)
    return array.cast(kind, safe=not pa.types.is_timestamp(kind))
