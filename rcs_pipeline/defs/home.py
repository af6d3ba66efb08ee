"""How a run opens its home: who acts, who may write, and what becomes of errors.

Belongs here: the resource that opens a workspace, the writer pool, errors as sentences.
Does not belong here: any asset.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Protocol

import dagster as dg

from rcs_pipeline.contracts.errors import LockedError, RcsError
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace

OpenWorkspace = Callable[[], Workspace]
RESOURCE = "open_workspace"
NAME_TAG = "rcs/name"
WRITER_POOL = "duckdb_writer"
WAIT_SECONDS = 600.0
ASK_AGAIN_SECONDS = 1.0


class Run(Protocol):
    """What is asked of a run: its tags."""

    @property
    def tags(self) -> Mapping[str, str]: ...


def open_workspace() -> Workspace:
    """The home that the settings of this process name."""
    return Workspace(load_settings())


@contextmanager
def reading(run: Run, opening: OpenWorkspace) -> Iterator[Workspace]:
    """The workspace of a run, under the name in its tag; what a person can mend fails with a sentence."""
    with _sentences():
        workspace = opening()
        name = run.tags.get(NAME_TAG, "").strip()
        yield workspace if name in ("", workspace.settings.name) else workspace.acting_as(name)


@contextmanager
def writing(run: Run, opening: OpenWorkspace, *, wait_seconds: float | None = None) -> Iterator[Workspace]:
    """The same, holding the writer lock. The pool knows Dagster's runs only; the lock knows everybody.

    A person at a terminal is told at once that somebody else is writing; a run waits for its turn.
    """
    with reading(run, opening) as workspace, ExitStack() as held:
        patience = WAIT_SECONDS if wait_seconds is None else wait_seconds
        deadline = time.monotonic() + patience
        while True:
            try:
                held.enter_context(workspace.writing())
                break
            except LockedError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(min(ASK_AGAIN_SECONDS, patience))
        yield workspace


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except RcsError as error:
        parts = {"found": error.found, "where": error.where, "expected": error.expected, "to do": error.todo}
        raise dg.Failure(
            description=str(error),
            metadata={name: text for name, text in parts.items() if text},
            allow_retries=False,
        ) from None
