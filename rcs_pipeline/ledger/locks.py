"""One writer at a time.

Belongs here: the lock that every changing command holds. The operating system releases it when a
process dies, so a crash never leaves it behind.
Does not belong here: waiting politics of schedulers (see `defs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rcs_pipeline.contracts.errors import LockedError


@contextmanager
def writer_lock(path: Path, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the writer lock; re-entrant within a process.

    Raises:
        LockedError: another process holds it and did not let go within `wait_seconds`.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, is_singleton=True)
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout as error:
        raise LockedError(
            "Another process is writing", where=str(path),
            todo="Wait for it to finish and run the command again; nothing was changed.",
        ) from error  # fmt: skip
    try:
        yield
    finally:
        lock.release()
