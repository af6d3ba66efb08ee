"""`make bench`: every measurement, its bound, and exit code 1 where a bound is broken.

    python -m benchmarks [--only intake,estimates,...] [--rows 1000000] [--repetitions 3]

Belongs here: the command line and the bounds. Does not belong here: measuring.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks import commands, disclosure, estimates, intake, maps, one_system, programme, returns, spss
from benchmarks.delivery import Fault
from benchmarks.survey import EVERY, FOUR, SCHOOLS, Tables

FULL_ROWS = 1_000_000


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    rows: int
    repetitions: int
    scale: float
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """A sentence for a person, and what is judged: a number and its bound, if it has one."""

    sentence: str
    number: float
    bound: float | None = None

    @property
    def broken(self) -> bool:
        """Whether the number lies above its bound."""
        return self.bound is not None and self.number > self.bound


def run_demo(options: Options) -> Outcome:
    """The demonstration, every phase; bound for its real size."""
    taken = commands.demonstration(options.folder / "demo", options.scale)
    return Outcome(str(taken), taken.seconds, 60.0 if options.scale == 1 else None)


def programme_of(options: Options) -> Outcome:
    """Choosing and attacking everything that the demonstration's candidate gives to anybody."""
    taken = _programme(options)
    return Outcome(str(taken), taken.choosing + taken.attacking, 120.0)


def hidden_of(options: Options) -> Outcome:
    """How much of it is hidden; the number is the share that comes nearest to its bound."""
    shares = _programme(options).shares
    sentence = f"hidden: {'; '.join(str(item) for item in shares)}"
    return Outcome(sentence, max(item.used for item in shares), 1.0 if options.scale == 1 else None)


@cache
def _programme(options: Options) -> programme.Programme:
    """Measured once for both, on the demonstration that `run` made or on one of its own."""
    home = options.folder / "demo"
    if not home.is_dir():
        commands.demonstration(home, options.scale)
    return programme.measure(home, options.folder / "programme")


def help_text(_: Options) -> Outcome:
    """What everybody types first."""
    seconds = commands.help_seconds()
    return Outcome(f"rcs --help: {seconds:.2f} s (median of 5)", seconds, 0.3)


def definitions(_: Options) -> Outcome:
    """Dagster's definitions."""
    seconds = commands.definitions_seconds()
    return Outcome(f"definitions load: {seconds:.1f} s (median of 3)", seconds, 6.0)


def intake_of(fault: Fault, bound: float | None = None) -> Callable[[Options], Outcome]:
    """Intake of a file with this fault."""

    def measured(options: Options) -> Outcome:
        ratio = intake.measure(options.folder / "intake", options.rows, options.repetitions, fault)
        return Outcome(str(ratio), ratio.median, bound if options.rows == FULL_ROWS else None)

    return measured


def spss_of(options: Options) -> Outcome:
    """Intake of a large SPSS file."""
    ratio = spss.measure(options.folder / "spss", options.repetitions)
    return Outcome(str(ratio), ratio.median)


def estimates_of(tables: Tables, bound: float) -> Callable[[Options], Outcome]:
    """Scoring, sums and estimates in dbt."""

    def measured(options: Options) -> Outcome:
        schools = min(SCHOOLS, max(1, options.rows // 20))
        ratio, beside = estimates.measure(
            options.folder / "estimates", options.rows, options.repetitions, schools, tables
        )
        return Outcome(f"{ratio}; {beside}", ratio.median, bound if options.rows == FULL_ROWS else None)

    return measured


def growth(options: Options) -> Outcome:
    """A tenth of the pupils, all of them, and ten times as many: seconds in the models and peak memory."""
    said, peak = [], 0.0
    for rows in (options.rows // 10, options.rows, options.rows * 10):
        schools = min(SCHOOLS, max(1, rows // 20))
        taken = estimates.build_only(options.folder / "growth", rows, schools, EVERY)
        said.append(f"{rows:,} pupils {taken.seconds:.1f} s and {taken.peak_mib:,.0f} MiB")
        peak = taken.peak_mib
    return Outcome(f"growth: {'; '.join(said)}", peak / 1024, 8.0 if options.rows == FULL_ROWS else None)


def return_of(options: Options) -> Outcome:
    """A workbook and its annotated return, bound by the minute that a sender is promised."""
    taken = returns.measure_workbook(options.folder / "return")
    return Outcome(str(taken), taken.taking_in + taken.returning.seconds, 60.0)


def return_of_cells(options: Options) -> Outcome:
    """The return of a delivery with a million findings."""
    taken = returns.measure_findings(options.folder / "return", options.rows)
    return Outcome(str(taken), taken.returning.seconds)


def maps_of(options: Options) -> Outcome:
    """The maps of all partnerships, from files to tables."""
    taken = maps.measure(options.folder / "maps")
    return Outcome(str(taken), taken.taken.seconds, 60.0)


def scenario_of(_: Options) -> Outcome:
    """A scenario with its interval and sensitivity."""
    seconds = maps.scenario_seconds()
    return Outcome(f"scenario: {maps.DRAWS:,} draws in {seconds:.1f} s", seconds, 5.0)


def disclosure_of(options: Options) -> Outcome:
    """Choosing and attacking the open tables of the whole programme."""
    taken = disclosure.measure(options.folder / "disclosure")
    return Outcome(str(taken), taken.choosing + taken.attacking, 120.0)


def disclosure_of_many(options: Options) -> Outcome:
    """A hundred thousand cells, as many indicators that each are a system."""
    taken = disclosure.measure(options.folder / "disclosure-many", times=3.2, beside_greedy=False)
    return Outcome(str(taken), taken.choosing + taken.attacking, 15.0)


def disclosure_of_one(options: Options) -> Outcome:
    """A hundred thousand cells that all hang together."""
    taken = one_system.measure(options.folder / "disclosure-one")
    return Outcome(str(taken), taken.taken.seconds, 900.0)


# The demonstration first: its peak memory is the highest of this process's children.
PARTS: dict[str, Callable[[Options], Outcome]] = {
    "run": run_demo,
    "programme": programme_of,
    "hidden": hidden_of,
    "help": help_text,
    "definitions": definitions,
    "intake": intake_of(Fault.NONE, 2.5),
    "intake-rows": intake_of(Fault.ROWS, 2.0),
    "intake-cells": intake_of(Fault.CELLS, 2.0),
    "spss": spss_of,
    "return": return_of,
    "return-cells": return_of_cells,
    "estimates": estimates_of(FOUR, 1.5),
    "estimates-every": estimates_of(EVERY, 1.3),
    "growth": growth,
    "disclosure": disclosure_of,
    "disclosure-many": disclosure_of_many,
    "disclosure-one": disclosure_of_one,
    "maps": maps_of,
    "scenario": scenario_of,
}


def main(arguments: list[str]) -> int:
    """Run what was asked for; ratios are judged at the full size only."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, with commas: {', '.join(PARTS)}")
    parser.add_argument("--rows", type=int, default=FULL_ROWS, help="pupils of the ratios")
    parser.add_argument("--repetitions", type=int, default=3, help="pairs of runs a ratio")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the demonstration")
    given = parser.parse_args(arguments)
    chosen = given.only.split(",")
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    broken = []
    with tempfile.TemporaryDirectory(prefix="rcs-bench-") as folder:
        options = Options(given.rows, given.repetitions, given.scale, Path(folder))
        for name in chosen:
            outcome = PARTS[name](options)
            limit = f" [bound {outcome.bound:g}]" if outcome.bound is not None else ""
            print(f"{outcome.sentence}{limit}", flush=True)
            if outcome.broken:
                broken.append(f"{name} took {outcome.number:.2f} where at most {outcome.bound:g} is promised")
    for sentence in broken:
        print(f"Bound broken: {sentence}.", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
