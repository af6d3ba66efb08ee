"""What a person waits for: the demonstration at its real size, the help of `rcs`, Dagster's definitions.

Belongs here: the commands as a person gives them, by the clock. Does not belong here: ratios.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Timed

ROOT = Path(__file__).resolve().parents[1]
RCS = (sys.executable, "-m", "rcs_pipeline.cli.main")
DEFINITIONS = (sys.executable, "-W", "ignore", "-c", "import rcs_pipeline.definitions")
# The demonstration says when a phase is over; these words stand in that sentence.
PHASES = (
    ("deliveries written", r"(?i)\bpupils\b|written"),
    ("ingested", r"rows accepted"),
    ("built and judged", r"(?i)candidate"),
    ("released", r"^Released"),
)


@dataclass(frozen=True)
class Demonstration:
    """Seconds until each phase was over, in all, and the highest memory of its processes."""

    phases: tuple[tuple[str, float], ...]
    seconds: float
    peak_mib: float

    def __str__(self) -> str:
        ends = [0.0, *(seconds for _, seconds in self.phases)]
        steps = ", ".join(
            f"{name} {end - start:.1f}" for (name, end), start in zip(self.phases, ends, strict=False)
        )
        return f"make run: {self.seconds:.1f} s ({steps}); peak memory {self.peak_mib:,.0f} MiB"


def demonstration(home: Path, scale: float = 1.0) -> Demonstration:
    """`rcs run-demo` into a fresh home.

    Raises:
        RuntimeError: it failed.
    """
    command = [*RCS, "--home", str(home), "run-demo", "--scale", str(scale)]
    phases: list[tuple[str, float]] = []
    waiting = list(PHASES)
    said: list[str] = []
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=_environment()
    )
    with Timed() as clock, process:
        for line in process.stderr or ():
            said.append(line)
            if waiting and re.search(waiting[0][1], line):
                phases.append((waiting.pop(0)[0], clock.so_far))
    if process.returncode:
        raise RuntimeError(f"run-demo ended with {process.returncode}: {''.join(said[-5:])}")
    # The highest of all children so far, so the demonstration goes before anything larger in this process.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Demonstration(tuple(phases), clock.seconds, peak)


def help_seconds(repetitions: int = 5) -> float:
    """The median time of `rcs --help`."""
    return _median([*RCS, "--help"], repetitions)


def definitions_seconds(repetitions: int = 3) -> float:
    """The median time in which Dagster's definitions load, Python's start included."""
    return _median(list(DEFINITIONS), repetitions)


def _median(command: list[str], repetitions: int) -> float:
    return statistics.median(_seconds(command) for _ in range(repetitions))


def _seconds(command: list[str]) -> float:
    with Timed() as clock:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, env=_environment()
        )
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command[1:])}` ended with {done.returncode}: {done.stderr[-500:]}")
    return clock.seconds


def _environment() -> dict[str, str]:
    """The caller's environment without the caller's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RCS_")}
