"""A second process for work that keeps Python itself busy, so that two cores have something to do.

Belongs here: handing out pieces of work, and taking back what has not begun over there.
Does not belong here: the work, and where its results go. It may write only what the next command would throw
away if this one broke off.

The other process ends with this one, however this one ends: nothing is written after the writer is gone.
"""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Generic, TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")


@contextmanager
def second_process(
    get_ready: Callable[[], None], *, worth: bool = True
) -> Iterator[ProcessPoolExecutor | None]:
    """A second process that gets ready before there is work for it; None where it would not pay.

    Args:
        get_ready: a function of a module, which imports what the work needs.
        worth: whether a second process pays.
    """
    if not worth or (os.cpu_count() or 1) < 2:
        yield None
        return
    with _started() as pool:
        # Without one everything is done here; that is no reason to break off.
        begun = True
        try:
            pool.submit(get_ready)
        except OSError:
            begun = False
        yield pool if begun else None


def _started() -> ProcessPoolExecutor:
    # Started afresh and not forked: a fork would copy locks that threads of the engine hold.
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_end_with_parent)


class SideBySide(Generic[Piece, Done]):
    """Pieces of work done by a second process and by this one.

    While the block lasts the second process works from the first piece on. `results` has this one work from
    the last piece on until they meet, and gives the results in the order of the pieces.
    """

    def __init__(
        self,
        work: Callable[[Piece], Done],
        pieces: Sequence[Piece],
        *,
        worth: bool = True,
        second: ProcessPoolExecutor | None = None,
    ) -> None:
        """Name the work.

        Args:
            work: a function of a module, so that the other process can import it.
            pieces: what it is called with. They are sent over as they are, and the results back.
            worth: whether a second process pays; if not, everything is done here.
            second: the second process, where it was started before (see `second_process`).
        """
        self._work, self._pieces = work, pieces
        self._worth = worth and len(pieces) > 1 and (os.cpu_count() or 1) > 1
        self._second = second
        self._pool: ProcessPoolExecutor | None = None
        self._sent: list[Future[Done]] = []

    def __enter__(self) -> SideBySide[Piece, Done]:
        if self._worth:
            self._pool = self._second or _started()
            # One that died while it waited takes nothing on: then everything is done here.
            with suppress(BrokenProcessPool):
                for piece in self._pieces:
                    self._sent.append(self._pool.submit(self._work, piece))
        return self

    def results(self) -> list[Done]:
        """Do what is left and wait for the rest; an error over there is raised here."""
        if len(self._sent) < len(self._pieces):
            return [self._work(piece) for piece in self._pieces]
        here: dict[int, Done] = {}
        for number in range(len(self._pieces) - 1, -1, -1):
            if not self._sent[number].cancel():
                break
            here[number] = self._work(self._pieces[number])
        return [
            here[number] if number in here else future.result() for number, future in enumerate(self._sent)
        ]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Only what could not be taken back is waited for: of what was, nobody is told if the process dies.
        wait([item for item in self._sent if not item.cancel()])
        if self._pool is not None and self._second is None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """Have this process end at once when the one that started it does."""

    def wait_for_parent() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()
    # On the way out Python looks through all that is left for what could be freed, while the other one waits.
    atexit.register(gc.freeze)
