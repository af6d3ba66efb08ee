"""One writer at a time.

Belongs here: the lock that every changing command holds, and the short one around the opening of a ledger.
The operating system releases them when a process dies, so a crash never leaves one behind.
Does not belong here: waiting politics of schedulers (see `defs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rcs_pipeline.contracts.errors import LockedError, RcsError


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


@contextmanager
def opening_lock(database: Path) -> Iterator[None]:
    """Hold what keeps two processes from making the tables of one SQLite ledger at once.

    Raises:
        RcsError: the folder does not let us, or another process has been opening it for half a minute.
    """
    from filelock import FileLock, Timeout

    beside = database.with_name(f"{database.name}-lock")
    lock = FileLock(beside, is_singleton=True)
    try:
        lock.acquire(timeout=30)
    except Timeout as error:
        raise LockedError(
            "Another process is opening the ledger and does not finish", where=str(beside),
            todo="End that process if it hangs, and run the command again; nothing was changed.",
        ) from error  # fmt: skip
    except OSError as error:
        raise RcsError(
            f"The ledger cannot be opened: {error.strerror or error}", where=str(beside),
            todo="Check RCS_LEDGER_URL, the folder and the rights on it.",
        ) from error  # fmt: skip
    try:
        yield
    finally:
        lock.release()
