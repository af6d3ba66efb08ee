"""Screening and landing a large CSV file, against DuckDB's own copy of it to Parquet.

Belongs here: the two runs, and that ours found what the file holds.
Does not belong here: the file (see `delivery`).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.delivery import COLLECTION, DATASET, Fault, write_contracts, write_csv
from benchmarks.measure import Ratio, Timed, pairs, run

KEY = "k" * 32  # a key for made-up pupils
NAMES = {
    Fault.NONE: "intake",
    Fault.ROWS: "intake, 1 % of rows bad and rejected",
    Fault.CELLS: "intake, 1 % of cells bad and advised on",
}


def measure(folder: Path, rows: int, repetitions: int, fault: Fault = Fault.NONE) -> Ratio:
    """Both runs in turns over one file."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts = write_contracts(folder / "contracts", fault)
    file = write_csv(folder / "delivery.csv", rows, fault)
    ratio = pairs(
        NAMES[fault], repetitions,
        ours=lambda number: run(land, str(file), str(contracts), str(folder / f"home{number}")),
        bare=lambda number: run(copy, str(file), str(folder / "bare.parquet")),
    )  # fmt: skip
    for taken in ratio.ours:
        check(taken.value, rows, fault)
    shutil.rmtree(folder)
    return ratio


def land(file: str, contracts: str, home: str) -> tuple[float, float, dict[str, Any]]:
    """The pipeline's way: judge, pseudonymise, keep the original, land the rows, enter the receipt."""
    import duckdb  # noqa: F401  (loaded before the clock starts, as for the bare copy)

    from rcs_pipeline.intake.delivery import take_in
    from rcs_pipeline.ledger.settings import load_settings
    from rcs_pipeline.ledger.workspace import Workspace

    settings = load_settings({"home": home, "contracts": contracts}, environment={"RCS_KEY": KEY})
    space = Workspace(settings)
    space.catalogue  # noqa: B018  (contracts are read once a process, whatever is taken in)
    with Timed() as clock:
        receipt = take_in(space, Path(file), DATASET, COLLECTION).receipt
    shutil.rmtree(home)
    return clock.seconds, clock.processor, {
        "state": receipt.state.value, "reason": receipt.reason, "in": receipt.rows_in,
        "accepted": receipt.rows_accepted, "quarantined": receipt.rows_quarantined,
        "findings": receipt.findings,
    }  # fmt: skip


def copy(file: str, target: str) -> tuple[float, float, None]:
    """The engine's way: types by sniffing, nothing judged."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        with Timed() as clock:
            connection.execute(f"copy (select * from read_csv('{file}')) to '{target}' (format parquet)")
    return clock.seconds, clock.processor, None


def check(value: dict[str, Any], rows: int, fault: Fault) -> None:
    """A fast wrong answer is no answer.

    Raises:
        RuntimeError: the receipt does not say what the file holds.
    """
    from benchmarks.delivery import EVERY, ITEMS

    bad_rows = -(-rows // EVERY) if fault is Fault.ROWS else 0
    if value["accepted"] != rows - bad_rows or value["quarantined"] != bad_rows:
        raise RuntimeError(f"Expected {rows - bad_rows} rows accepted and {bad_rows} quarantined: {value}")
    if fault is not Fault.CELLS and value["findings"] != bad_rows:
        raise RuntimeError(f"Expected {bad_rows} findings: {value}")
    expected = rows * ITEMS / EVERY
    if fault is Fault.CELLS and abs(value["findings"] - expected) > 5 * expected**0.5 + 1:
        raise RuntimeError(f"Expected about {expected:.0f} findings: {value}")
