"""Disclosure control of one linked system of a hundred thousand cells: schools in partnerships in all.

Belongs here: one synthetic indicator by every school, protected and attacked as in a build.
Does not belong here: tables of many small systems (see `disclosure`), whether the result is safe (the tests,
and the audit itself).

No audience of the programme gets counts of schools; here the open one does, so that all hangs together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.disclosure import (
    DEPRIVATION,
    SECONDARY,
    SIZES,
    TRANCHE,
    Tabulated,
    added,
    chosen_and_attacked,
    groups_of,
    unweighted,
    write,
)
from benchmarks.measure import Run, run
from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure.engine import reading, text
from rcs_pipeline.disclosure.grid import make_grid
from rcs_pipeline.ledger.records import Outcome

TABLES = ("indicator_estimates", "indicators")
SCHOOLS = 3_330
PUPILS = 450  # of an average school who answered
SCHOOL_MINIMUM = 10


@dataclass(frozen=True)
class OneSystem:
    """What became of the system: cells and seconds of each step."""

    taken: Run

    def __str__(self) -> str:
        value = self.taken.value
        share = value["hidden"] / value["cells"]
        return (
            f"disclosure, one system of {value['cells']:,} cells: chosen and written in"
            f" {value['choosing']:.1f} s, attacked in {value['attacking']:.1f} s (nothing too narrow);"
            f" hidden {value['primary']:,} first, {value['hidden']:,} in all ({share:.1%});"
            f" peak memory {self.taken.peak_mib:,.0f} MiB"
        )


def measure(folder: Path, schools: int = SCHOOLS, pupils: int = PUPILS) -> OneSystem:
    """Protect and attack in a process of its own, so that the memory is its own as well."""
    folder.mkdir(parents=True, exist_ok=True)
    return OneSystem(run(choose_and_attack, str(folder), schools, pupils))


def choose_and_attack(folder: str, schools: int, pupils: int) -> tuple[float, None, dict[str, Any]]:
    """Protect and attack; the seconds are those of both.

    Raises:
        RuntimeError: the attack found a number that is too narrow.
    """
    home = Path(folder)
    product = with_schools(load_catalogue().product("rcs"))
    write(home / "warehouse.duckdb", product, [tabulate(schools, pupils, np.random.default_rng(2015))])
    choosing, attacking, outcome, says = chosen_and_attacked(home, product)
    with reading(home / "warehouse.duckdb") as connection:
        mask = text(str(home / "masks" / "open" / "indicator_estimates.parquet"))
        row = connection.execute(f"""
            select (select count(*) from warehouse.main.indicator_estimates), count(*),
                count(*) filter (where class = 'primary')
            from read_parquet({mask})
        """).fetchone()
    if outcome is not Outcome.PASS:
        raise RuntimeError(f"The attack on one system did not pass: {says}")
    cells, hidden, primary = row or (0, 0, 0)
    value = {
        "cells": cells, "hidden": hidden, "primary": primary,
        "choosing": choosing, "attacking": attacking,
    }  # fmt: skip
    return choosing + attacking, None, value


def with_schools(product: Product) -> Product:
    """The product with counts of schools for everybody, from `SCHOOL_MINIMUM` answers on."""
    estimates, lines = (unweighted(product.table(name)) for name in TABLES)
    linked = estimates.extension.linked
    if linked is None:
        raise RuntimeError("indicator_estimates is not linked")
    # The column `tranche` says of a partnership its tranche, and here of a school its partnership.
    linked = linked.model_copy(update={"belongs": {"tranche": "tranche", "cpp": "tranche"}})
    estimates = replace(estimates, extension=estimates.extension.model_copy(update={"linked": linked}))
    audience = product.file.audiences["open"]
    everybody = audience.model_copy(
        update={"geographies": (*audience.geographies, type(audience.geographies[0])("school"))}
    )
    policy = product.file.disclosure.model_copy(update={"minimum_base": SCHOOL_MINIMUM})
    file = product.file.model_copy(update={"audiences": {"open": everybody}, "disclosure": policy})
    return replace(product, file=file, tables=(estimates, lines))


def tabulate(schools: int, pupils: int, random: np.random.Generator) -> Tabulated:
    """One indicator by everybody, one way and two ways, in every school and whatever it is a part of."""
    of = replace(SECONDARY, indicators=1)
    groups = groups_of(of)
    cpp = random.choice(len(SIZES), schools, p=np.array(SIZES) / sum(SIZES))
    places: list[tuple[str, str, str | None]] = [("programme", "rcs", None)]
    places += [("tranche", str(number), str(number)) for number in (1, 2, 3)]
    places += [("cpp", f"S{number}", str(tranche)) for number, tranche in enumerate(TRANCHE)]
    above = len(places) - len(TRANCHE)
    places += [("school", f"school_{number}", f"S{one}") for number, one in enumerate(cpp)]
    parents = np.concatenate([[-1, 0, 0, 0], TRANCHE, cpp + above])
    base = np.zeros((1, len(places), len(groups)), dtype=np.int64)
    numerator = np.zeros_like(base)
    for place, one in enumerate(cpp, start=above + len(TRANCHE)):
        likely = np.multiply.outer(np.ones((2, len(of.stages))), np.array(DEPRIVATION[one]))
        people = random.multinomial(int(pupils * random.uniform(0.3, 1.7)), likely.ravel() / likely.sum())
        answered = people.reshape(1, *likely.shape)
        base[:, place] = added(answered)
        numerator[:, place] = added(random.binomial(answered, random.uniform(0.2, 0.4)))
    for place in range(len(places) - 1, 0, -1):
        for table in (base, numerator):
            table[:, parents[place]] += table[:, place]
    grid = make_grid([place[0] for place in places], parents, groups)
    return Tabulated(of, grid, tuple(places), base.reshape(1, -1), numerator.reshape(1, -1))
