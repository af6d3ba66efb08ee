"""The table of contents that Dagster loads.

Belongs here: which assets, jobs, sensors and schedules there are.
Does not belong here: any of them (one module per room, in `defs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.defs.alerts import alert_sensor
from rcs_pipeline.defs.elsewhere import ledger_sensor
from rcs_pipeline.defs.gate import candidate_asset
from rcs_pipeline.defs.home import RESOURCE, OpenWorkspace, open_workspace
from rcs_pipeline.defs.intake import delivery_assets
from rcs_pipeline.defs.jobs import PUBLISH, TAKE_IN, jobs, schedules
from rcs_pipeline.defs.manifest import Model, committed_models
from rcs_pipeline.defs.planning import scenario_assets
from rcs_pipeline.defs.release import release_assets
from rcs_pipeline.defs.sensors import approval_sensor, inbox_sensor
from rcs_pipeline.warehouse.generate import COMMITTED_PRODUCT


def build_defs(
    catalogue: Catalogue | None = None,
    *,
    models: Mapping[str, Sequence[Model]] | None = None,
    opening: OpenWorkspace = open_workspace,
) -> dg.Definitions:
    """Everything Dagster knows of the programme.

    Args:
        catalogue: the contracts; those that the settings name unless given.
        models: product id -> its dbt models; those of the committed project unless given.
        opening: opens the home of a run.
    """
    catalogue = opening().catalogue if catalogue is None else catalogue
    models = {COMMITTED_PRODUCT: committed_models()} if models is None else models
    return dg.Definitions(
        assets=[
            *delivery_assets(catalogue),
            *(
                candidate_asset(catalogue, product, models.get(product.id))
                for product in catalogue.products.values()
            ),
            *(asset for product in catalogue.products.values() for asset in release_assets(product)),
            *scenario_assets(catalogue),
        ],
        jobs=jobs(catalogue),
        schedules=schedules(),
        sensors=[
            inbox_sensor(TAKE_IN),
            approval_sensor(PUBLISH, tuple(catalogue.products)),
            ledger_sensor(tuple(catalogue.products)),
            alert_sensor(),
        ],
        resources={RESOURCE: opening},
        # One process: DuckDB has one writer, and starting a process for each step costs about two seconds.
        executor=dg.in_process_executor,
    )


defs = build_defs()
