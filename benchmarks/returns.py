"""A workbook of 20,000 rows and what goes back to its sender; the return of a million findings.

Belongs here: the two runs, and that the return holds what was found.
Does not belong here: the large delivery (see `delivery`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.delivery import COLLECTION, DATASET, Fault, write_contracts, write_csv
from benchmarks.intake import KEY
from benchmarks.measure import Run, Timed, run

ROWS = 20_000
EVERY = 20  # one row in so many is kept out
MAP, MAP_COLLECTION, CPP = "service_map", "t1-clackmannanshire-2015", "S12000005"


@dataclass(frozen=True)
class Returned:
    """One delivery: taken in, and returned."""

    name: str
    taking_in: float
    returning: Run

    def __str__(self) -> str:
        value = self.returning.value
        return (
            f"{self.name}: {value['rows']:,} rows, {value['findings']:,} findings: taken in in "
            f"{value['taking_in']:.1f} s, returned in {self.returning.seconds:.1f} s; peak memory of both "
            f"{self.returning.peak_mib:,.0f} MiB; {value['bytes'] / 1e6:,.1f} MB of files"
        )


def measure_workbook(folder: Path, rows: int = ROWS) -> Returned:
    """A map of services with one row in twenty bad, as a workbook."""
    folder.mkdir(parents=True, exist_ok=True)
    file = write_map(folder / "map.xlsx", rows)
    taken = run(send, str(file), "", str(folder / "home"), MAP, MAP_COLLECTION)
    bad = len(range(0, rows, EVERY))
    value = taken.value
    if (value["rows"], value["kept_out"], value["counted"]) != (rows, bad, value["findings"]):
        raise RuntimeError(f"Expected {bad} of {rows} rows kept out, and all findings counted: {value}")
    shutil.rmtree(folder)
    return Returned("return of a workbook", taken.value["taking_in"], taken)


def measure_findings(folder: Path, rows: int) -> Returned:
    """The large CSV file with 1 % of all cells bad."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts = write_contracts(folder / "contracts", Fault.CELLS)
    file = write_csv(folder / "delivery.csv", rows, Fault.CELLS)
    taken = run(send, str(file), str(contracts), str(folder / "home"), DATASET, COLLECTION)
    if taken.value["counted"] != taken.value["findings"]:
        raise RuntimeError(f"The return counts other findings than the receipt: {taken.value}")
    shutil.rmtree(folder)
    return Returned("return of 1 % bad cells", taken.value["taking_in"], taken)


def send(file: str, contracts: str, home: str, dataset: str, collection: str) -> tuple[float, float, Any]:
    """Take the file in, then make its return; the seconds are those of the return."""
    import duckdb  # noqa: F401  (loaded before the clock starts)

    from rcs_pipeline.intake.delivery import take_in
    from rcs_pipeline.ledger.settings import load_settings
    from rcs_pipeline.ledger.workspace import Workspace
    from rcs_pipeline.returns.send import send_back

    given = {"home": home, **({"contracts": contracts} if contracts else {})}
    space = Workspace(load_settings(given, environment={"RCS_KEY": KEY}))
    space.catalogue  # noqa: B018  (contracts are read once a process)
    with Timed() as before:
        receipt = take_in(space, Path(file), dataset, collection).receipt
    with Timed() as clock:
        sent = send_back(space, receipt)
    if sent is None or sent.problem:
        raise RuntimeError(f"There is no return: {sent}")
    said = json.loads(sent.files[-1].read_text(encoding="utf-8"))
    value = {
        "taking_in": before.seconds, "rows": receipt.rows_in, "kept_out": receipt.rows_quarantined,
        "findings": receipt.findings, "listed": len(said["listed"]), "counted": said["findings"],
        "bytes": sum(path.stat().st_size for path in sent.files),
    }  # fmt: skip
    space.ledger.close()
    shutil.rmtree(home)
    return clock.seconds, clock.processor, value


def write_map(path: Path, rows: int, given: Callable[[str, int], str | int | None] | None = None) -> Path:
    """Services of the project's own contract; one in twenty has a level of support that is none.

    `given`: what a row holds in the column of this name instead, where it says something; then none is bad.
    """
    import xlsxwriter

    from rcs_pipeline.contracts.catalogue import load_catalogue
    from rcs_pipeline.contracts.vocabulary import ColumnType

    contract = load_catalogue().delivery(MAP)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Services")
        sheet.write_row(0, 0, [column.name for column in contract.columns])
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for row in range(rows):
            for place, column in enumerate(contract.columns):
                bad = given is None and column.name == "level_of_support" and row % EVERY == 0
                if given is not None and (own := given(column.name, row)) is not None:
                    sheet.write(row + 1, place, own)
                elif column.type is ColumnType.DATE:
                    sheet.write_datetime(row + 1, place, date(2017, 3, 31), day)
                else:
                    sheet.write(row + 1, place, "intesive" if bad else _cell(column, row))
    return path


def _cell(column: Any, row: int) -> str | int | None:
    """What a service has in a column: one need, one level, one source of money, and nothing optional."""
    if column.name.endswith(("_2", "_3")):
        return None
    if column.codes:
        return list(column.codes)[row % len(column.codes)]
    given: dict[str, str | int] = {
        "service_id": f"S-{row}", "service_name": f"Service {row}", "provider": f"Provider {row % 300}",
        "age_from": 3, "age_to": 12, "capacity": 40, "reach_year": 40 + row % 400, "staff_fte": 10,
        "gross_budget": 100_000 + row, "gross_actual": 100_000 + row, "income": row % 1000,
        "programme_name": "A programme", "place": "Alloa", "cpp_code": CPP, "reporting_year": "2015-16",
    }  # fmt: skip
    return given.get(column.name)
