"""Keeping what was sent, as it came.

Belongs here: the copy under its hash, readable by the owner only; a large one made while the file is judged.
Does not belong here: whether a file is kept (see `delivery`), how long (see `purge`).
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rcs_pipeline.intake.recognise import Recognised
from rcs_pipeline.ledger.paths import TEMPORARY, flush, whole_file
from rcs_pipeline.ledger.workspace import Workspace

PRIVATE_FILE = 0o600
# From this size on the disk takes long enough for a second thread to be worth it.
LARGE = 64 * 1024 * 1024

Copy = Future[Path]


def original(workspace: Workspace, recognised: Recognised) -> Path:
    """Where the file is kept."""
    return workspace.paths.originals / recognised.sha256


@contextmanager
def copying(workspace: Workspace, recognised: Recognised) -> Iterator[Copy | None]:
    """Begin to copy a large file; the block may keep the copy, and what it does not keep is deleted."""
    target = original(workspace, recognised)
    if recognised.size_bytes < LARGE or target.exists():
        yield None
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{target.name}")
    with ThreadPoolExecutor(1, thread_name_prefix="copy-original") as pool:
        try:
            yield pool.submit(_copy, recognised.path, temporary)
        finally:
            pool.shutdown(wait=True)
            temporary.unlink(missing_ok=True)


def keep_original(workspace: Workspace, recognised: Recognised, copied: Copy | None = None) -> Path:
    """Keep the file as it came, under its hash; `copied` is the copy that was begun.

    Raises:
        OSError: it could not be copied.
    """
    target = original(workspace, recognised)
    if not target.exists():
        if copied is not None:
            copied.result().replace(target)
        else:
            with whole_file(target) as temporary:
                _copy(recognised.path, temporary)
    return target


def _copy(source: Path, temporary: Path) -> Path:
    temporary.touch(PRIVATE_FILE)
    shutil.copyfile(source, temporary)
    flush(temporary)
    return temporary
