"""SPSS files: codes as codes, declared missing codes kept, labels as data.

Belongs here: starting the reading process and landing its Arrow stream in DuckDB.
Does not belong here: reading itself (see `spss_child`), comparing labels with the contract (see `align`).
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "spss_rows"
SCRIPT = Path(__file__).with_name("spss_child.py")
LIMIT_SECONDS = 1_800  # a damaged file may also make the reader go round in circles


class _Child:
    """The reading process, started when first needed and again after it died; it ends with this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, path: Path) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        """Ask for a file; its stream comes out of the returned pipe."""
        try:
            return self._ask(path)
        except BrokenPipeError:  # it died since the last file
            return self._ask(path)

    def _ask(self, path: Path) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        if self._process is None or self._process.poll() is not None:
            self.end()
            # -P: the folder of the script is not a place to import from.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            atexit.register(self._process.kill)
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise OSError("the reading process has no pipes")
        process.stdin.write(json.dumps(str(path.resolve())).encode() + b"\n")
        process.stdin.flush()
        return process, process.stdout

    def end(self) -> None:
        """Stop the process: after an error nobody knows what it would write next."""
        if self._process is not None:
            atexit.unregister(self._process.kill)
            self._process.kill()
            self._process.communicate()
            self._process = None


@cache
def _child() -> _Child:
    return _Child()


def open_spss(connection: DuckDBPyConnection, path: Path, work: Path) -> SourceTable:
    """Read an SPSS file chunk by chunk into a table of the connection.

    Raises:
        UnreadableFileError: the file is broken.
    """
    about = _about(connection, path)
    if about is None:
        raise UnreadableFileError("the SPSS file is damaged or incomplete")
    kinds = [row[1] for row in connection.execute(f"describe {TABLE}").fetchall()]
    return SourceTable(
        relation=TABLE,
        headers=tuple(about["headers"]),
        first_row=1,
        numeric=frozenset(index for index, kind in enumerate(kinds) if kind == "DOUBLE"),
        dates=frozenset(index for index, kind in enumerate(kinds) if kind in ("DATE", "TIMESTAMP")),
        value_labels=about["value_labels"],
    )


def _about(connection: DuckDBPyConnection, path: Path) -> dict[str, Any] | None:
    """Land the rows of the file; return its headers and labels, or None where it is broken."""
    import pyarrow as pa

    child = _child()
    with child.lock:
        process, pipe = child.ask(path)
        clock = threading.Timer(LIMIT_SECONDS, process.kill)
        clock.start()
        try:
            stream = pa.ipc.open_stream(pipe)
            if stream.schema.names:
                return _land(connection, stream)
            stream.read_all()
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            child.end()
        finally:
            clock.cancel()
    return None


def _land(connection: DuckDBPyConnection, stream: Any) -> dict[str, Any]:
    """Put every chunk into the table; return what the file says about its columns."""
    import pyarrow as pa

    connection.register("spss_chunk", pa.Table.from_batches([], schema=stream.schema))
    connection.execute(f"create or replace temp table {TABLE} as select * from spss_chunk")
    connection.unregister("spss_chunk")
    for batch in stream:
        connection.register("spss_chunk", pa.Table.from_batches([batch]))
        connection.execute(f"insert into {TABLE} select * from spss_chunk")
        connection.unregister("spss_chunk")
    about: dict[str, Any] = json.loads(stream.schema.metadata[b"rcs"])
    return about
