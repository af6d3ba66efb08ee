"""Deliveries of the test's dataset `visits`: small files whose whole life is followed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from rcs_pipeline.intake.delivery import take_in
from rcs_pipeline.ledger.records import CandidateRecord, Receipt, ReleaseRecord, ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace

FIRST = 600_000_001
HEADER = "pupil_id,visits,remark"


def pupil(number: int) -> str:
    """The identifier of the n-th pupil."""
    return str(FIRST + number)


def visits(pupils: Iterable[int], header: str = HEADER, **changed: str) -> bytes:
    """A file with one row a pupil; `changed` replaces cells: `p3="250,often"` for the third pupil."""
    lines = [f"{pupil(number)},{changed.get(f'p{number}', f'{number % 200},ok')}" for number in pupils]
    return "\n".join([header, *lines, ""]).encode()


def send(space: Workspace, content: bytes, collection: str = "visited", **more: Any) -> Receipt:
    """Take in a file from outside the home."""
    path = space.paths.home.parent / "visits.csv"
    path.write_bytes(content)
    return take_in(space, path, "visits", collection, **more).receipt


def listed(space: Workspace, *numbers: int) -> Path:
    """A list of pupils, outside the home."""
    path = space.paths.home.parent / "withdraw.txt"
    path.write_text("\n".join(pupil(number) for number in numbers) + "\n")
    return path


def lake(space: Workspace) -> set[str]:
    """The pseudonyms of the rows that count."""
    found: set[str] = set()
    for receipt in space.ledger.current_receipts("visits"):
        path = space.paths.home / str(receipt.raw_path)
        with duckdb.connect() as connection:
            rows = connection.execute(f"select pupil_id from read_parquet('{path}')").fetchall()
        found |= {row[0] for row in rows}
    return found


def everything(space: Workspace) -> dict[str, list[Any]]:
    """Every Parquet file of the home with its rows, by its place; findings and lists among them."""
    found = {}
    for folder in (space.paths.raw, space.paths.quarantine, space.paths.findings, space.paths.withdrawn):
        for path in sorted(folder.rglob("*.parquet")):
            with duckdb.connect() as connection:
                rows = connection.execute(
                    f"select * from read_parquet('{path}', hive_partitioning = false)"
                ).fetchall()
            found[path.relative_to(space.paths.home).as_posix()] = rows
    return found


def released(space: Workspace, *receipts: Receipt, version: str = "1.0.0") -> CandidateRecord:
    """Enter a candidate built from these deliveries, with pupil tables, and a release of it."""
    name = version.replace(".", "")
    folder = space.paths.candidates / name
    folder.mkdir(parents=True)
    (folder / "warehouse.duckdb").write_text("one row a pupil")
    inputs = tuple(
        {
            "dataset": item.dataset,
            "collection": item.collection,
            "receipt": item.id,
            "rows": item.rows_accepted,
        }
        for item in receipts
    )
    record = CandidateRecord(
        hash=name * 10, product="rcs", built_at=space.now(), builder="tester", os_account="tester",
        path=f"candidates/{name}", synthetic=False, inputs=inputs, contracts={}, tables={},
        required_checks=(),
    )  # fmt: skip
    space.ledger.add_candidate(record)
    space.ledger.add_release(
        ReleaseRecord(
            product="rcs", version=version, candidate=record.hash, plan="p", status=ReleaseStatus.RELEASED,
            audiences=("open",), hashes={}, released_at=space.now(),
        )
    )  # fmt: skip
    return record


def at(space: Workspace, day: str) -> Workspace:
    """The same home on another day."""
    later = Workspace(space.settings, clock=lambda: datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    later.__dict__["catalogue"] = space.catalogue
    return later
