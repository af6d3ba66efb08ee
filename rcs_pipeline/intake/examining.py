"""Where a file is examined: a folder of its own and an engine, both gone when it is decided.

Belongs here: making them, giving them back, and whether a folder is still somebody's.
Does not belong here: the steps and the decision (see `examine`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rcs_pipeline.intake import findings
from rcs_pipeline.intake.examine import Examination, Examined, needs_key
from rcs_pipeline.intake.recognise import Recognised
from rcs_pipeline.intake.sender import supplier_of
from rcs_pipeline.ledger.keys import keys_in_use
from rcs_pipeline.ledger.paths import TEMPORARY
from rcs_pipeline.ledger.workspace import Workspace

# The working folders of this process: it may judge several files at once.
_open: set[Path] = set()


@contextmanager
def examining(
    workspace: Workspace, recognised: Recognised, dataset: str, collection: str, supplier: str | None = None
) -> Iterator[Examined]:
    """Read, align, load, screen and split a file in memory; everything is gone when the block ends.

    Raises:
        RcsError: the dataset or collection is unknown, or there is no key for the pseudonyms.
    """
    import duckdb

    contract = workspace.catalogue.delivery(dataset)
    entry = workspace.catalogue.register.collection(collection)
    supplier = supplier_of(entry, dataset, supplier)
    keys = keys_in_use(workspace) if needs_key(contract) else ()
    workspace.paths.make()
    work = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-", dir=workspace.paths.work))
    _open.add(work)
    connection = duckdb.connect(config={"temp_directory": str(work / "spill")})
    connection.execute("set enable_progress_bar = false")
    try:
        if workspace.settings.threads:
            connection.execute(f"set threads = {workspace.settings.threads}")
        findings.create_table(connection)
        yield Examination(workspace, connection, recognised, contract, entry, supplier, keys, work).decided()
    finally:
        connection.close()
        shutil.rmtree(work, ignore_errors=True)
        _open.discard(work)


def in_use(work: Path) -> bool:
    """Whether somebody judges a file in this folder: this process, or another that still lives."""
    owner = work.name.removeprefix(TEMPORARY).split("-")[0]
    if not owner.isdecimal():
        return False
    if int(owner) == os.getpid():
        # Any other was left by a process that had the same number before.
        return work in _open
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
