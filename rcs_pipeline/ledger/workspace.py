"""The workspace: the one thing that commands and Dagster hand from room to room.

Belongs here: settings, paths, ledger, catalogue and clock, opened together.
Does not belong here: work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.ledger import Ledger
from rcs_pipeline.ledger.locks import writer_lock
from rcs_pipeline.ledger.paths import Paths
from rcs_pipeline.ledger.records import AuditEvent
from rcs_pipeline.ledger.settings import SECRET_KEY, Settings

Clock = Callable[[], datetime]
SHORTEST_KEY = 16


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Workspace:
    """One home, opened by one person."""

    settings: Settings
    clock: Clock = system_clock

    @cached_property
    def paths(self) -> Paths:
        """The folders of this home, made if they are not there."""
        paths = Paths(self.settings.home)
        paths.make()
        return paths

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of this home."""
        return Ledger(self.settings.ledger_url)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The project's contracts and the folders added with `--contracts`."""
        return load_catalogue(*self.settings.contracts)

    @property
    def synthetic(self) -> bool:
        """Whether every row in this home was made by the demo."""
        return self.paths.demo_mark.is_file()

    def now(self) -> str:
        """The time to write into the ledger: ISO 8601, UTC, to the second."""
        return self.clock().astimezone(UTC).isoformat(timespec="seconds")

    def acting_as(self, name: str) -> Workspace:
        """The same workspace with another claimed name."""
        return replace(self, settings=replace(self.settings, name=name))

    def note(self, action: str, subject: str, **detail: Any) -> None:
        """Append an audit event under the current name and account."""
        self.ledger.note(self.event(action, subject, **detail))

    @contextmanager
    def writing(self, *, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the writer lock for the block."""
        with writer_lock(self.paths.lock, wait_seconds=wait_seconds):
            yield

    def event(self, action: str, subject: str, **detail: Any) -> AuditEvent:
        """An audit event under the current name and account, for a transaction that enters it."""
        return AuditEvent(
            at=self.now(), action=action, subject=subject,
            claimed_name=self.settings.name, os_account=self.settings.os_account, detail=detail,
        )  # fmt: skip

    def pseudonym_keys(self) -> tuple[bytes, ...]:
        """The keys that turn identifiers into pseudonyms, first to last: one a line of the key's text.

        Raises:
            RcsError: there is none. Without one only the demo runs, with a key made for it.
        """
        path = self.settings.key_file or (self.paths.demo_key if self.synthetic else None)
        given, where = self.settings.key, SECRET_KEY
        if given is None and path is not None:
            where = str(path)
            try:
                given = path.read_bytes()
            except OSError as error:
                raise RcsError(f"The key cannot be read: {error.strerror}", where=where) from error
        if given is None:
            raise RcsError(
                "There is no key for pseudonyms",
                expected="RCS_KEY, or RCS_KEY_FILE naming a file that only this account can read",
                todo="Make a key once, keep it outside the repository, and set one of the two.",
            )
        keys = tuple(line.strip() for line in given.strip().splitlines() if line.strip())
        if not keys or min(len(key) for key in keys) < SHORTEST_KEY:
            expected = f"at least {SHORTEST_KEY} bytes of randomness, one key a line"
            raise RcsError("The key is too short", where=where, expected=expected)
        return keys
