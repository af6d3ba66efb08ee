"""Starting the reading process, and landing what it reads in DuckDB.

Belongs here: the life of the process, its time limit, the table of rows and the table of notes.
Does not belong here: reading itself (see `reading_child`), what the columns mean (see `align`).
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.intake.unreadable import UnreadableFileError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "source_rows"
NOTES = "source_notes"
MODULE = "rcs_pipeline.intake.reading_child"
IMPORTS_FROM = Path(__file__).resolve().parents[2]
CHUNK = "source_chunk"


class _Child:
    """The reading process, started when first needed and again after it died; it ends with this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Mapping[str, Any]) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        """Ask for a file; its streams come out of the returned pipe."""
        try:
            return self._ask(request)
        except BrokenPipeError:  # it died since the last file
            return self._ask(request)

    def _ask(self, request: Mapping[str, Any]) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
        if self._process is None or self._process.poll() is not None:
            self.end()
            # -P: the working folder is not a place to import from.
            paths = [str(IMPORTS_FROM), *filter(None, [os.environ.get("PYTHONPATH")])]
            # What reads somebody else's bytes need not know the key of the pseudonyms.
            known = {name: value for name, value in os.environ.items() if not name.startswith("RCS_")}
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**known, "PYTHONPATH": os.pathsep.join(paths)},
            )
            atexit.register(self._process.kill)
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise OSError("the reading process has no pipes")
        process.stdin.write(json.dumps(request).encode() + b"\n")
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


def read(
    connection: DuckDBPyConnection, path: Path, form: Format, limits: Mapping[str, int], **more: Any
) -> dict[str, Any]:
    """Land the rows of the file in the table `source_rows`, notes in `source_notes`; return what it says.

    Raises:
        UnreadableFileError: the file is broken, or refused by a rule.
    """
    import pyarrow as pa

    request = {"path": str(path.resolve()), "format": form.value, "limits": dict(limits), **more}
    child = _child()
    with child.lock:
        process, pipe = child.ask(request)
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(limits["reading_seconds"], stop)
        clock.start()
        done = False
        try:
            about = _land(connection, pa.ipc.open_stream(pipe), TABLE)
            if "rule_id" not in about:
                _land(connection, pa.ipc.open_stream(pipe), NOTES)
            done = True
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if late.is_set():
                seconds = limits["reading_seconds"]
                raise UnreadableFileError(f"reading it took longer than {seconds} s", "RCS-F22") from error
            raise UnreadableFileError(
                "it is damaged or incomplete, or it takes more memory than we give to one file"
            ) from error
        finally:
            clock.cancel()
            if not done:
                child.end()
    if "rule_id" in about:
        raise UnreadableFileError(about["detail"], about["rule_id"])
    return about


def _land(connection: DuckDBPyConnection, stream: Any, table: str) -> dict[str, Any]:
    """Put every chunk into the table; return what the stream says about itself."""
    import pyarrow as pa

    about: dict[str, Any] = json.loads((stream.schema.metadata or {}).get(b"rcs", b"{}"))
    if not stream.schema.names:
        stream.read_all()
        return about
    connection.register(CHUNK, pa.Table.from_batches([], schema=stream.schema))
    connection.execute(f"create or replace temp table {table} as select * from {CHUNK}")
    connection.unregister(CHUNK)
    for batch in stream:
        connection.register(CHUNK, pa.Table.from_batches([batch]))
        connection.execute(f"insert into {table} select * from {CHUNK}")
        connection.unregister(CHUNK)
    return about
