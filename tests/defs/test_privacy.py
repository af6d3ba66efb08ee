"""What Dagster keeps of a run (its event log, its output) repeats no identifier."""

from __future__ import annotations

import csv
import io
import sqlite3
from pathlib import Path

import dagster as dg
import pytest

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from tests.defs.homes import definitions, launch

DATASET, COLLECTION = "wellbeing_primary", "t2-falkirk-2016"
CANARIES = tuple(str(number) for number in range(731_000_001, 731_000_009))


def keyed_home(folder: Path, catalogue: Catalogue) -> Workspace:
    settings = load_settings({"home": str(folder)}, environment={"RCS_KEY": "k" * 32}, folder=folder.parent)
    workspace = Workspace(settings)
    workspace.__dict__["catalogue"] = catalogue
    return workspace


def delivery(catalogue: Catalogue, *, astray: str) -> bytes:
    """Pupils of whom nothing but the identifier is known, and one whose identifier went astray."""
    names = [column.name for column in catalogue.delivery(DATASET).columns]
    sink = io.StringIO()
    writer = csv.DictWriter(sink, names, restval="")
    writer.writeheader()
    writer.writerows({"pupil_id": canary} for canary in CANARIES[:-1])
    writer.writerow({"pupil_id": "100000000", astray: CANARIES[-1]})
    return sink.getvalue().encode()


def kept(folder: Path) -> str:
    """Everything under a folder as text; databases also row by row."""
    parts = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            parts.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".db":
            with sqlite3.connect(path) as connection:
                parts.extend(connection.iterdump())
    return "\n".join(parts)


@pytest.mark.parametrize("astray", ["school_code", "sex", "stage"])
def test_no_identifier_reaches_what_dagster_keeps(tmp_path: Path, catalogue: Catalogue, astray: str) -> None:
    workspace = keyed_home(tmp_path / "home", catalogue)
    inbox = workspace.paths.inbox / DATASET / COLLECTION
    inbox.mkdir(parents=True)
    (inbox / f"{CANARIES[0]}.csv").write_bytes(delivery(catalogue, astray=astray))
    storage = tmp_path / "dagster"
    storage.mkdir()
    instance = dg.DagsterInstance.local_temp(str(storage))
    ran = launch(
        definitions(workspace), "take_in_deliveries", instance=instance, partition_key=COLLECTION,
        asset_selection=[dg.AssetKey(["deliveries", DATASET])],
    )  # fmt: skip
    assert ran.success
    (receipt,) = workspace.ledger.receipts(dataset=DATASET)
    assert receipt.findings
    log = kept(storage)
    assert receipt.sha256[:16] in log  # the search looks where the run is written
    assert not [canary for canary in CANARIES if canary in log]
