"""Scenarios as assets: one each, worked out from its file.

Belongs here: calling `planning.scenarios` and showing what it says.
Does not belong here: the appraisal. Its result is internal and lies among the reports.
"""

from pathlib import Path
from typing import Any

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.scenario import Scenario, read_scenario, scenario_files
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.home import WRITER_POOL, OpenWorkspace, writing
from rcs_pipeline.planning.appraise import Result
from rcs_pipeline.planning.scenario_text import pounds
from rcs_pipeline.planning.scenarios import run, store

GROUP = "planning"
MAP = "service_map"


def scenario_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """One asset for each scenario of the contracts."""
    found = scenario_files(catalogue.folders)
    return [_scenario_asset(catalogue, read_scenario(path), path) for path in found.values()]


def _scenario_asset(catalogue: Catalogue, scenario: Scenario, path: Path) -> dg.AssetsDefinition:
    reads_map = any(item.amount.of == "map" for item in scenario.moves)
    sent = catalogue.deliveries.get(MAP)

    @dg.asset(
        key=dg.AssetKey(["scenarios", scenario.id]),
        deps=[describe.delivery_key(MAP)] if reads_map else [],
        description=f"{scenario.title}. {scenario.question.strip()}",
        group_name=GROUP,
        owners=describe.delivery_owners(sent) if sent else [],
        metadata={"price year": scenario.price_year, "year 0": scenario.first_year},
        pool=WRITER_POOL,
    )
    def worked_out(
        context: dg.AssetExecutionContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> dg.MaterializeResult[Any]:
        with writing(context.run, open_workspace) as workspace:
            result = run(workspace, path)
            files = store(workspace, result)
            return dg.MaterializeResult(metadata=_facts(result, files))

    return worked_out


def _facts(result: Result, files: tuple[Path, ...]) -> dict[str, Any]:
    return {
        "horizons": describe.sheet(
            ["horizon", "cost", "released", "saved, cashable", "saved, not cashable", "net present value",
             "lower", "upper"],
            [
                [item.label, *(pounds(amount) for amount in (
                    item.cost, item.released, item.saved_cashable, item.saved_not_cashable,
                    item.net_present_value, item.interval.lower, item.interval.upper))]
                for item in result.horizons
            ],
        ),
        "hangs most on": describe.sheet(
            ["figure", "low", "high", "net at low", "net at high"],
            [
                [item.figure, f"{item.low:g}", f"{item.high:g}", pounds(item.net_at_low),
                 pounds(item.net_at_high)]
                for item in result.sensitivity[:5]
            ],
        ),
        "assumptions": describe.sheet(
            ["figure", "value", "low", "high", "grade", "ground"],
            [
                [item.name, f"{item.value:g}", f"{item.low:g}", f"{item.high:g}", item.grade, item.source]
                for item in result.figures
            ],
        ),
        **{f"report ({path.suffix[1:]})": dg.MetadataValue.path(str(path)) for path in files},
    }  # fmt: skip
