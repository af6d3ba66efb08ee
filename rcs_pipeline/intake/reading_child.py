"""The process that reads files in which a library has to be trusted with somebody else's bytes.

Belongs here: taking requests from stdin, one a line, and answering each with Arrow streams on stdout.
Does not belong here: any one format (see `spss_child`, `workbook_child`, `parquet_child`).

A process of its own, because a damaged file can make a library crash its process, go round in circles or ask
for more memory than there is. Here that is a finding there. The protocol: a stream of the rows, whose schema
carries `rcs`, a JSON object about the file; then a stream of notes about single cells. A file that is refused
gives one stream without columns, with the reason.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from rcs_pipeline.intake.unreadable import UnreadableFileError

READERS = {
    "sav": "spss_child", "xlsx": "workbook_child", "xls": "workbook_child", "ods": "workbook_child",
    "parquet": "parquet_child",
}  # fmt: skip
Note = tuple[
    int, str, str, str
]  # row as a person sees it, column of the contract, what about it, what it shows


@dataclass
class Table:
    """A file that is being read: what is known of it, its rows chunk by chunk, then the notes."""

    about: dict[str, Any]
    chunks: Iterator[Any]
    schema: Any
    notes: Callable[[], list[Note]]


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until there are no more."""
    import pyarrow as pa

    for line in source:
        request = json.loads(line)
        _allow(request["limits"]["reading_memory_bytes"])
        reader = import_module(f"rcs_pipeline.intake.{READERS[request['format']]}")
        try:
            table: Table = reader.read(request)
        except UnreadableFileError as error:
            _refuse(sink, {"rule_id": error.rule_id, "detail": error.detail})
        else:
            with pa.ipc.new_stream(sink, table.schema.with_metadata(_metadata(table.about))) as writer:
                for chunk in table.chunks:
                    writer.write(chunk)
            _write_notes(sink, table.notes())
        sink.flush()


def notes_schema() -> Any:
    """The columns of the second stream."""
    import pyarrow as pa

    return pa.schema(
        [("source_row", pa.int64()), *((name, pa.string()) for name in ("column_name", "kind", "value"))]
    )


def _write_notes(sink: BinaryIO, notes: list[Note]) -> None:
    import pyarrow as pa

    columns = list(zip(*notes, strict=True)) or [(), (), (), ()]
    schema = notes_schema()
    arrays = [pa.array(values, item.type) for values, item in zip(columns, schema, strict=True)]
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))


def _refuse(sink: BinaryIO, about: Mapping[str, Any]) -> None:
    import pyarrow as pa

    pa.ipc.new_stream(sink, pa.schema([], metadata=_metadata(about))).close()


def _metadata(about: Mapping[str, Any]) -> dict[bytes, bytes]:
    return {b"rcs": json.dumps(about).encode()}


def _allow(memory: int) -> None:
    """Bound the memory of this process: a request beyond it ends the process and not the machine."""
    with suppress(ImportError, ValueError, OSError):  # not every system has such a limit
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        wanted = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
