"""Maps that nobody has looked at: what is withheld of them stands up to all breakdowns together."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.demo.programme import write_demo
from rcs_pipeline.disclosure.audit_money import attack_money
from rcs_pipeline.disclosure.engine import reading
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.intake.inbox import take_in_inbox
from rcs_pipeline.ledger.records import Outcome
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import build_warehouse


@pytest.mark.long
@pytest.mark.parametrize("seed", [1])
def test_maps_of_another_seed_are_withheld_far_enough(tmp_path: Path, seed: int) -> None:
    space = Workspace(load_settings({"home": str(tmp_path), "key": "a" * 64}, environment={}))
    write_demo(space.paths.inbox, catalogue=space.catalogue, seed=seed, scale=0.02)
    for folder in space.paths.inbox.iterdir():
        if folder.is_dir() and folder.name not in ("service_map", "school_statistics"):
            shutil.rmtree(folder)
    taken = [*take_in_inbox(space, settle_seconds=0)]
    assert len(taken) >= 8
    building = build_warehouse(space, "rcs")
    protect(building.database, building.protected, building.product)
    with duckdb.connect() as connection:
        untold = connection.execute(
            f"select count(*) from '{building.protected / 'open' / 'service_map_summary.parquet'}'"
            " where breakdown_by = 'all' and 'c' in (prevention_symbol, evidence_symbol)"
        ).fetchone()
    # Of a map whose share is withheld the lines of its two sides must not add up to them.
    assert untold is not None and untold[0] > 0
    with reading(building.database) as connection:
        outcome, says = attack_money(connection, building.folder, building.product, "open")
    assert outcome is Outcome.PASS, says
