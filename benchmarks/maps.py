"""Eight maps of 5,000 services each: taken in, matched, summarised; and a scenario of 10,000 draws.

Belongs here: the two runs, and that nothing of a map is lost.
Does not belong here: a workbook with faults and its return (see `returns`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import returns
from benchmarks.intake import KEY
from benchmarks.measure import Run, Timed, run

if TYPE_CHECKING:
    from rcs_pipeline.contracts.matching import RegisteredService

DATASET, PRODUCT = "service_map", "rcs"
SERVICES, DRAWS = 5_000, 10_000
SCENARIO = "earlier_family_support"
# The tables that are made of maps, and what these are made of.
MADE_OF_MAPS = ("service_map", "map_amounts", "spend_behind", "providers_behind", "need_spend_behind",
                "overlapping_services", "need_and_provision", "stg_service_map")  # fmt: skip


@dataclass(frozen=True)
class Mapped:
    """All maps: seconds of each step."""

    services: int
    taken: Run

    def __str__(self) -> str:
        value = self.taken.value
        return (
            f"maps: {value['maps']} of {self.services:,} services: taken in in {value['taking_in']:.1f} s, "
            f"returned with their matches in {value['returning']:.1f} s ({value['in_both']:,} registered), "
            f"tables of the product in {value['models']:.1f} s: {self.taken.seconds:.1f} s; peak memory "
            f"{self.taken.peak_mib:,.0f} MiB; dbt's start, tests and other models, not counted: "
            f"{value['outside']:.1f} s"
        )


def measure(folder: Path, services: int = SERVICES) -> Mapped:
    """A map of every partnership, from files to the product's tables."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = run(take_all, str(folder), services)
    shutil.rmtree(folder)
    return Mapped(services, taken)


def take_all(folder: str, services: int) -> tuple[float, None, dict[str, Any]]:
    """Take in, return and build; the seconds are those of all three, of dbt those in the maps' models.

    Raises:
        RuntimeError: a service was lost, or a return was not made.
    """
    import duckdb  # noqa: F401  (loaded before the clock starts)

    from rcs_pipeline.contracts.matching import care_register
    from rcs_pipeline.intake.delivery import take_in
    from rcs_pipeline.ledger.settings import load_settings
    from rcs_pipeline.ledger.workspace import Workspace
    from rcs_pipeline.planning.register import compare
    from rcs_pipeline.returns.send import send_back
    from rcs_pipeline.warehouse.build import build_warehouse

    space = Workspace(load_settings({"home": f"{folder}/home"}, environment={"RCS_KEY": KEY}))
    _, register = care_register()
    cpps = {cpp.code: cpp.name for cpp in space.catalogue.register.cpps}
    due = {entry.cpp: entry for entry in space.catalogue.register.collections if DATASET in entry.datasets}
    files = {
        due[code].key: write_map(Path(folder) / f"{code}.xlsx", code, services, _of(register, title))
        for code, title in cpps.items()
    }
    receipts = []
    with Timed() as taking_in:
        for key, file in files.items():
            receipts.append(take_in(space, file, DATASET, key).receipt)
    with Timed() as returning:
        sent = [send_back(space, receipt) for receipt in receipts]
    if any(item.rows_accepted != services for item in receipts):
        raise RuntimeError(f"Expected {services} services of each map: {receipts}")
    if any(item is None or item.problem for item in sent):
        raise RuntimeError(f"There is no return: {sent}")
    in_both = sum(len(compare(space, key).same) for key in files)
    with Timed() as building:
        built = build_warehouse(space, PRODUCT)
    models = sum(item.seconds for item in built.results if item.name.startswith(MADE_OF_MAPS))
    seconds = taking_in.seconds + returning.seconds + models
    value = {
        "maps": len(files), "taking_in": taking_in.seconds, "returning": returning.seconds, "models": models,
        "outside": building.seconds - models, "in_both": in_both,
    }  # fmt: skip
    space.ledger.close()
    return seconds, None, value


def scenario_seconds(draws: int = DRAWS) -> float:
    """Seconds of one scenario of the contracts whose amounts are stated, from its file to the result."""
    return run(work_out, draws).seconds


def work_out(draws: int) -> tuple[float, float, int]:
    """Read the scenario, draw, and say it as text."""
    from rcs_pipeline.contracts.scenario import scenario_files
    from rcs_pipeline.ledger.settings import load_settings
    from rcs_pipeline.ledger.workspace import Workspace
    from rcs_pipeline.planning.scenario_text import as_text
    from rcs_pipeline.planning.scenarios import run as work

    space = Workspace(load_settings({}, environment={}))
    with Timed() as clock:
        text = as_text(work(space, scenario_files(space.catalogue.folders)[SCENARIO], draws=draws))
    return clock.seconds, clock.processor, len(text)


def write_map(path: Path, cpp: str, services: int, entries: list[RegisteredService]) -> Path:
    """A map as a workbook: what is registered first, then services that no register has."""

    def given(column: str, row: int) -> str | int | None:
        if column == "cpp_code":
            return cpp
        if row >= len(entries):
            return None
        entry = entries[row]
        return {"service_name": entry.name, "provider": entry.provider or None, "town": entry.town,
                "need_type": "early_learning"}.get(column)  # fmt: skip

    return returns.write_map(path, services, given)


def _of(register: tuple[RegisteredService, ...], name: str) -> list[RegisteredService]:
    return [item for item in register if item.council.replace("&", "and") == name]
