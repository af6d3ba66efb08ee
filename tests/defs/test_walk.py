"""The whole programme through Dagster: from the inbox to a release, with dbt run once for each build."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.definitions import build_defs
from rcs_pipeline.defs import gate, intake
from rcs_pipeline.demo.programme import write_demo
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.approve import approve
from rcs_pipeline.warehouse.build import Building, build_warehouse
from tests.defs.homes import launch, programme, sentence

SCALE = 0.1


@pytest.fixture
def started(tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A home whose inbox holds the demonstration programme."""
    monkeypatch.setattr(intake, "SETTLE_SECONDS", 0.0)
    workspace = programme(tmp_path / "home", catalogue)
    workspace.paths.demo_mark.write_text("{}", encoding="utf-8")
    workspace.paths.demo_key.write_bytes(b"not a secret, " * 3)
    write_demo(workspace.paths.inbox, catalogue=catalogue, seed=2015, scale=SCALE)
    return workspace


@pytest.mark.long
def test_deliveries_go_in_and_an_approved_release_comes_out(
    started: Workspace, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[Building] = []

    def counted(workspace: Workspace, product: str) -> Building:
        builds.append(build_warehouse(workspace, product))
        return builds[-1]

    monkeypatch.setattr(gate, "build_warehouse", counted)
    defs = build_defs(catalogue, opening=lambda: started)
    graph = defs.resolve_asset_graph()

    first = launch(defs, "everything")
    says = sentence(first)
    assert "waits for an approval" in says
    assert len(builds) == 1
    reported = {event.asset_key for event in first.get_asset_materialization_events()}
    # Scenarios are worked out when somebody asks, not with every delivery.
    asked_for = {key for key in graph.get_all_asset_keys() if key.path[0] == "scenarios"}
    assert asked_for
    assert graph.get_all_asset_keys() - reported == {dg.AssetKey(["rcs", "release"]), *asked_for}
    checked = {(item.asset_key, item.check_name) for item in first.get_asset_check_evaluations()}
    assert checked == {(key.asset_key, key.name) for key in graph.asset_check_keys}
    failed = [item.check_name for item in first.get_asset_check_evaluations() if not item.passed]
    assert not failed

    shown = {
        event.asset_key.path[-1]: event.materialization.metadata
        for event in first.get_asset_materialization_events()
    }
    assert shown["indicator_estimates"]["dagster/row_count"].value > 1000
    assert shown["candidate"]["gate"].value == "open"
    approve(started, str(shown["plan"]["plan"].value), "demo-approver")

    # The same world again: one more build, the same candidate, and now the plan is approved.
    second = launch(defs, "everything")
    assert second.success
    shown = {
        event.asset_key.path[-1]: event.materialization.metadata
        for event in second.get_asset_materialization_events()
    }
    assert str(shown["candidate"]["standing"].value).startswith("nothing has changed")
    assert shown["release"]["version"].value == "1.0.0"
    assert (started.paths.releases / "rcs" / "open" / "current.json").is_file()
