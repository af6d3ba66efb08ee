"""Judging files of the inbox before their turn, while the ones before them are stored.

Belongs here: which files may be judged early, the threads that do it, and what was judged for nothing.
Does not belong here: judging (see `examine`); deciding and storing, one file at a time and in order (see
`delivery`).

Judging a file of a few thousand rows is mostly the engine planning its queries, which it does on one core
and without Python's lock: with two files at once a whole programme is taken in in two thirds of the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.intake.examine import Examined
from rcs_pipeline.intake.examining import examining
from rcs_pipeline.intake.originals import LARGE
from rcs_pipeline.intake.recognise import Recognised, recognise, state_of
from rcs_pipeline.ledger.workspace import Workspace

if TYPE_CHECKING:
    from rcs_pipeline.intake.inbox import Arrival

AT_ONCE = 2


@dataclass(frozen=True)
class Begun:
    """A file that was judged before its turn.

    `before` is the state of the file when it was opened; `ending` lets go of what the judging holds.
    """

    before: tuple[int, ...]
    recognised: Recognised
    examined: Examined
    ending: ExitStack


class Ahead:
    """Judges the next files of a list, as long as none of them can depend on one before it.

    Files of one dataset from different collections do not: what a rule asks of other datasets was taken in
    before, and of its own collection's earlier deliveries none is in between. Large files are left to their
    turn: two at once would take twice the memory. The writer lock must be held for the whole block.
    """

    def __init__(self, workspace: Workspace, waiting: Sequence[Arrival]) -> None:
        self._workspace, self._waiting = workspace, waiting
        self._sent: dict[int, Future[Begun | None]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Ahead:
        if len(self._waiting) > 1 and (os.cpu_count() or 1) > 1:
            self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="judge-ahead")
        return self

    @contextmanager
    def turn(self, number: int) -> Iterator[Begun | None]:
        """The file at its turn; None where it was not judged ahead, and all is still to do."""
        if self._pool is not None:
            for item in self._together(number):
                if item not in self._sent:
                    self._sent[item] = self._pool.submit(_begin, self._workspace, self._waiting[item])
        sent = self._sent.pop(number, None)
        begun = sent.result() if sent else None
        with begun.ending if begun else ExitStack():
            # A sender may have written it anew meanwhile.
            still = begun is not None and begun.before == state_of(begun.recognised.path)
            yield begun if still else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for sent in self._sent.values():
            begun = None if sent.cancelled() or sent.exception() else sent.result()
            if begun:
                begun.ending.close()

    def _together(self, number: int) -> list[int]:
        """The file itself and those after it that may be judged now: one more than there are threads."""
        first = self._waiting[number]
        contract = self._workspace.catalogue.deliveries.get(first.dataset)
        if contract is None or first.dataset in contract.datasets_asked:
            return []
        found, collections = list[int](), set[str]()
        for item in range(number, min(number + AT_ONCE + 1, len(self._waiting))):
            arrival = self._waiting[item]
            if arrival.dataset != first.dataset or arrival.collection in collections:
                break
            collections.add(arrival.collection)
            found.append(item)
        return found if len(found) > 1 else []


def _begin(workspace: Workspace, arrival: Arrival) -> Begun | None:
    """Judge a file, unless it is large or was here before; what goes wrong is met again at its turn."""
    with ExitStack() as stack:
        try:
            before, recognised = state_of(arrival.path), recognise(arrival.path)
            here = {"dataset": arrival.dataset, "collection": arrival.collection}
            if recognised.size_bytes >= LARGE or workspace.ledger.receipts(sha256=recognised.sha256, **here):
                return None
            examined = stack.enter_context(examining(workspace, recognised, **here))
        except RcsError:
            return None
        return Begun(before, recognised, examined, stack.pop_all())
