"""A large SPSS file taken in, against the reader's own library reading it whole.

Belongs here: the file, the two runs, and that ours took in every row.
Does not belong here: CSV (see `intake`).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.delivery import COLLECTION, DATASET, write_yaml
from benchmarks.intake import land
from benchmarks.measure import Ratio, Timed, pairs, run

ROWS, ITEMS, SEED = 100_000, 300, 20190
CODES = {code: f"Answer {code}" for code in range(1, 6)}
SKIPPED = -9


def measure(folder: Path, repetitions: int, rows: int = ROWS) -> Ratio:
    """Both runs in turns over one file."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts, file = write_contracts(folder / "contracts"), folder / "delivery.sav"
    run(write, str(file), rows)
    ratio = pairs(
        f"SPSS, {rows:,} x {ITEMS}", repetitions,
        ours=lambda number: run(land, str(file), str(contracts), str(folder / f"home{number}")),
        bare=lambda _: run(read, str(file)),
    )  # fmt: skip
    for taken in ratio.ours:
        if taken.value["accepted"] != rows or taken.value["findings"]:
            raise RuntimeError(f"Expected {rows} rows accepted and nothing found: {taken.value}")
    shutil.rmtree(folder)
    return ratio


def read(file: str) -> tuple[float, float, None]:
    """The library's way: the whole file as a table in memory, nothing judged."""
    import pyreadstat

    with Timed() as clock:
        pyreadstat.read_sav(file, user_missing=True)
    return clock.seconds, clock.processor, None


def write(file: str, rows: int) -> tuple[float, float, None]:
    """Answers with labels and a declared missing code; the same answers for the same number of rows."""
    import numpy
    import pandas
    import pyreadstat

    draw = numpy.random.default_rng(SEED)
    answers = draw.integers(1, 6, size=(rows, ITEMS)).astype("float64")
    answers[draw.random((rows, ITEMS)) < 0.02] = SKIPPED
    table = pandas.DataFrame(answers, columns=items())
    table.insert(0, "pupil_id", [f"{100_000_000 + row}" for row in range(rows)])
    labels = {
        item: {**{float(code): label for code, label in CODES.items()}, SKIPPED: "Skipped"}
        for item in items()
    }
    with Timed() as clock:
        pyreadstat.write_sav(
            table, file, variable_value_labels=labels,
            missing_ranges={item: [{"lo": SKIPPED, "hi": SKIPPED}] for item in items()},
        )  # fmt: skip
    return clock.seconds, clock.processor, None


def write_contracts(folder: Path) -> Path:
    """A folder of contracts with the one dataset."""
    codes = [{"property": "rcs", "value": {"codes": CODES}}]
    identifier: list[dict[str, Any]] = [{"property": "rcs", "value": {"identifier": "pseudonymise"}}]
    properties = [
        {"name": "pupil_id", "logicalType": "string", "required": True, "unique": True, "primaryKey": True,
         "logicalTypeOptions": {"pattern": "^[0-9]{9}$"}, "customProperties": identifier},
        *({"name": item, "logicalType": "integer", "customProperties": codes} for item in items()),
    ]  # fmt: skip
    options = {"kind": "survey", "formats": ["sav"], "suppliers": [], "missing": {SKIPPED: "skipped"}}
    table = {
        "name": DATASET, "logicalType": "object", "properties": properties,
        "customProperties": [{"property": "rcs", "value": options}],
    }  # fmt: skip
    contract = {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "bench.spss", "name": "Benchmark",
        "version": "1.0.0", "status": "active", "schema": [table],
    }  # fmt: skip
    collection = {
        "key": COLLECTION,
        "title": "Benchmark",
        "wave": "bench",
        "collected": "2016",
        "datasets": {DATASET: None},
    }
    write_yaml(folder / "deliveries" / "bench.odcs.yaml", contract)
    write_yaml(
        folder / "register" / "bench.yaml",
        {"waves": [{"id": "bench", "title": "Benchmark"}], "collections": [collection]},
    )
    return folder


def items() -> list[str]:
    """The names of the coded items."""
    return [f"item_{number:03d}" for number in range(ITEMS)]
