"""Scenarios in Dagster: one asset each, whose reports are the same every time."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.defs.planning import scenario_assets
from tests.defs.homes import programme


def test_a_scenario_materialises_into_a_report(catalogue: Catalogue, tmp_path: Path) -> None:
    space = programme(tmp_path / "home", catalogue)
    assets = {asset.key.to_user_string(): asset for asset in scenario_assets(catalogue)}
    assert {"scenarios/earlier_family_support", "scenarios/two_per_cent_earlier"} <= set(assets)
    seen = []
    for _ in range(2):
        result = dg.materialize(
            [assets["scenarios/earlier_family_support"]], resources={"open_workspace": lambda: space}
        )
        (made,) = result.asset_materializations_for_node("scenarios__earlier_family_support")
        assert "net present value" in str(made.metadata["horizons"].value)
        seen.append(Path(str(made.metadata["report (json)"].value)).read_bytes())
    assert seen[0] == seen[1]


def test_a_scenario_of_a_map_waits_for_the_map(catalogue: Catalogue) -> None:
    assets = {asset.key.to_user_string(): asset for asset in scenario_assets(catalogue)}
    found = assets["scenarios/two_per_cent_earlier"].asset_deps
    assert {key.to_user_string() for keys in found.values() for key in keys} == {"deliveries/service_map"}
