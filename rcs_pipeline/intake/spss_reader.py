"""SPSS files: codes as codes, declared missing codes kept, labels as data.

Belongs here: starting the reading process and landing its Arrow stream in DuckDB.
Does not belong here: reading itself (see `spss_child`), comparing labels with the contract (see `align`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "spss_rows"
CHILD = Path(__file__).with_name("spss_child.py")
LIMIT_SECONDS = 1_800  # a damaged file may also make the reader go round in circles


def open_spss(connection: DuckDBPyConnection, path: Path, work: Path) -> SourceTable:
    """Read an SPSS file chunk by chunk into a table of the connection.

    Raises:
        UnreadableFileError: the file is broken.
    """
    import pyarrow as pa

    # -P: the folder of the script is not a place to import from.
    arguments = [sys.executable, "-P", str(CHILD), str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        clock = threading.Timer(LIMIT_SECONDS, child.kill)
        clock.start()
        try:
            about = _land(connection, pa.ipc.open_stream(child.stdout))
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            child.kill()
            raise UnreadableFileError("the SPSS file is damaged or incomplete") from error
        finally:
            clock.cancel()
    if child.returncode:
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
