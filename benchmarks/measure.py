"""Measuring: every run in a fresh process, two runs taken in turns, the median of their ratios.

Belongs here: time, peak memory and ratios. Does not belong here: what is run.

A machine that does other things as well makes seconds useless; two runs taken one after the other suffer
alike, so only their ratio is judged. Where even that jumps about, the ratio of processor time still says
something.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

Timing = Callable[..., tuple[float, float | None, Any]]


@dataclass(frozen=True)
class Run:
    """One run: seconds by the clock and of the processors, peak memory with its children, and the answer.

    `processor` is None where the seconds are not those of the process itself.
    """

    seconds: float
    processor: float | None
    peak_mib: float
    value: Any


@dataclass(frozen=True)
class Ratio:
    """Ours over bare, from pairs of runs taken in turns."""

    name: str
    ours: tuple[Run, ...]
    bare: tuple[Run, ...]

    @property
    def each(self) -> tuple[float, ...]:
        """The ratio of every pair."""
        return tuple(our.seconds / their.seconds for our, their in zip(self.ours, self.bare, strict=True))

    @property
    def median(self) -> float:
        """The ratio that is judged."""
        return statistics.median(self.each)

    def __str__(self) -> str:
        def middle(runs: tuple[Run, ...]) -> float:
            return statistics.median(run.seconds for run in runs)

        spent = [
            our.processor / their.processor
            for our, their in zip(self.ours, self.bare, strict=True)
            if our.processor and their.processor
        ]
        processor = f"{statistics.median(spent):.2f} times in processor time; " if spent else ""
        return (
            f"{self.name}: {self.median:.2f} times bare (from {min(self.each):.2f} to {max(self.each):.2f} "
            f"in {len(self.each)} pairs); {processor}ours {middle(self.ours):.1f} s, "
            f"bare {middle(self.bare):.1f} s; "
            f"peak memory ours {peak(self.ours):,.0f} MiB, bare {peak(self.bare):,.0f} MiB"
        )


class Timed(AbstractContextManager["Timed"]):
    """Seconds of a block, and what this process's threads worked: `with Timed() as clock: ...`."""

    seconds = 0.0
    processor = 0.0

    def __enter__(self) -> Timed:
        self._worked = time.process_time()
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = self.so_far
        self.processor = time.process_time() - self._worked

    @property
    def so_far(self) -> float:
        """Seconds since the block began."""
        return time.perf_counter() - self._start


def peak(runs: tuple[Run, ...]) -> float:
    """The highest peak among the runs."""
    return max(run.peak_mib for run in runs)


def run(function: Timing, *arguments: Any) -> Run:
    """Call `function` in a fresh process; it returns its own seconds, processor seconds and a value.

    Raises:
        RuntimeError: the process ended without an answer.
    """
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    try:
        answer: Run = mine.recv()
    except EOFError:
        raise RuntimeError(f"{function.__name__} ended without an answer") from None
    finally:
        process.join()
    return answer


def pairs(name: str, repetitions: int, ours: Callable[[int], Run], bare: Callable[[int], Run]) -> Ratio:
    """Ours and bare in turns, bare first in every pair; both get the number of the pair."""
    taken = [(bare(number), ours(number)) for number in range(repetitions)]
    return Ratio(name, ours=tuple(item[1] for item in taken), bare=tuple(item[0] for item in taken))


def _child(pipe: Connection, function: Timing, arguments: tuple[Any, ...]) -> None:
    seconds, processor, value = function(*arguments)
    # On Linux ru_maxrss is in KiB. The children are dbt and its like.
    used = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    pipe.send(Run(seconds, processor, max(used) / 1024, value))
    pipe.close()
