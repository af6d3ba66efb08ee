"""The delivery of the intake benchmark: its contract and its CSV file.

Belongs here: one row a pupil, ten columns about the pupil, 110 coded items; bad rows or cells on request.
Does not belong here: reading it.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import duckdb
import yaml

DATASET = COLLECTION = "bench"
ITEMS = 110
SEED = 20190
EVERY = 100  # one row, or one cell, in so many is bad


class Fault(StrEnum):
    """What is wrong with the file."""

    NONE = "none"
    ROWS = "rows"
    CELLS = "cells"


def write_contracts(folder: Path, fault: Fault) -> Path:
    """A folder of contracts with the one dataset; bad cells are advice where cells are the fault."""
    severity = {"severity": "advise"} if fault is Fault.CELLS else {}
    codes = {"codes": {code: str(code) for code in range(1, 6)}, **severity}
    properties = [
        _column("pupil_id", "string", {"identifier": "pseudonymise"}, required=True, unique=True,
                primaryKey=True, logicalTypeOptions={"pattern": "^[0-9]{9}$"}),
        _column("cpp_code", "string", required=True),
        _column("school_code", "string", required=True),
        _column("stage", "string", {"codes": {f"S{number}": "" for number in range(1, 5)}}, required=True),
        _column("sex", "integer", {"codes": {1: "Female", 2: "Male"}}),
        _column("completed_on", "date"),
        _column("minutes_taken", "integer", logicalTypeOptions={"minimum": 0, "maximum": 500}),
        _column("simd_quintile", "integer", {"codes": dict.fromkeys(range(1, 6), "")}),
        _column("simd_version", "string", required=True),
        _column("urban_rural", "integer", {"codes": dict.fromkeys(range(1, 9), "")}),
        *(_column(item, "integer", codes) for item in items()),
    ]  # fmt: skip
    table = {
        "name": DATASET, "logicalType": "object", "properties": properties,
        "customProperties": [{"property": "rcs", "value": {
            "kind": "survey", "formats": ["csv"], "suppliers": [], "missing": {-9: "skipped"},
        }}],
    }  # fmt: skip
    contract = {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "bench.delivery", "name": "Benchmark",
        "version": "1.0.0", "status": "active", "schema": [table],
    }  # fmt: skip
    register = {
        "waves": [{"id": "bench", "title": "Benchmark"}],
        "collections": [{"key": COLLECTION, "title": "Benchmark", "wave": "bench", "collected": "2016",
                         "datasets": {DATASET: None}}],
    }  # fmt: skip
    write_yaml(folder / "deliveries" / "bench.odcs.yaml", contract)
    write_yaml(folder / "register" / "bench.yaml", register)
    return folder


def write_csv(path: Path, rows: int, fault: Fault) -> Path:
    """The file, made by the engine in one statement; the same bytes for the same rows and fault."""
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute("set threads = 1")
        cells = ", ".join(f"{_cell(number, fault)} as {item}" for number, item in enumerate(items()))
        connection.execute(
            f"""copy (
            select lpad((100000000 + i)::varchar, 9, '0') as pupil_id, 'S12000005' as cpp_code,
                   (5700000 + i % 2500)::varchar as school_code, 'S' || (1 + i % 4) as stage,
                   1 + i % 2 as sex, date '2016-01-01' + (i % 100)::integer as completed_on,
                   5 + i % 40 as minutes_taken, 1 + i % 5 as simd_quintile, '2016' as simd_version,
                   1 + i % 8 as urban_rural, {cells}
            from range({rows}) as numbers(i)) to '{path}' (header)"""
        )
    return path


def items() -> list[str]:
    """The names of the coded items."""
    return [f"item_{number:03d}" for number in range(ITEMS)]


def write_yaml(path: Path, content: object) -> None:
    """One file of a folder of contracts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _cell(number: int, fault: Fault) -> str:
    """An answer: 1 to 5, one in fifty skipped; a bad one is a code that is none, or a word."""
    draw = f"hash(i * 131 + {number + SEED})"
    good = f"case when {draw} % 50 = 0 then -9 else 1 + {draw} // 50 % 5 end"
    bad = f"case when {draw} // 1000 % 2 = 0 then '7' else 'often' end"
    if fault is Fault.CELLS:
        return f"case when {draw} // 2000 % {EVERY} = 0 then {bad} else ({good})::varchar end"
    if fault is Fault.ROWS and number == 0:
        return f"case when i % {EVERY} = 0 then {bad} else ({good})::varchar end"
    return good


def _column(name: str, kind: str, extension: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    custom = {"customProperties": [{"property": "rcs", "value": extension}]} if extension else {}
    return {"name": name, "logicalType": kind, **other, **custom}
