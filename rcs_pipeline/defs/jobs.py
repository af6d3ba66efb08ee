"""One job an everyday task, and the nightly schedule.

Belongs here: which assets a task materialises, when. Does not belong here: what they do.

The name under which a run acts is its tag `rcs/name`; without it, the name in the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.gate import CANDIDATE
from rcs_pipeline.defs.release import PLAN, RELEASE

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

TAKE_IN = "take_in_deliveries"
BUILD = "build_candidate"
PUBLISH = "publish"
EVERYTHING = "everything"
NIGHTLY = "nightly"
AT_NIGHT = "0 2 * * *"
TIMEZONE = "Europe/London"


def jobs(catalogue: Catalogue) -> list[UnresolvedAssetJobDefinition]:
    """The jobs. `take_in_deliveries` and `everything` without a partition mean every collection."""
    deliveries = dg.AssetSelection.assets(*(describe.delivery_key(name) for name in catalogue.deliveries))
    candidates, plans, releases = (_of_products(catalogue, name) for name in (CANDIDATE, PLAN, RELEASE))
    # A candidate and the models it is made from are one step: selecting one selects all.
    built = candidates.required_multi_asset_neighbors()
    return [
        dg.define_asset_job(
            TAKE_IN, deliveries,
            description="Take in what waits in the inbox, of one collection or of all."
        ),
        dg.define_asset_job(
            BUILD, built | plans,
            description="Build, protect and audit a candidate, and say what publishing it would change.",
        ),
        dg.define_asset_job(
            PUBLISH, releases,
            description="Publish the newest candidate, if the gate is open and its plan is approved.",
        ),
        dg.define_asset_job(
            EVERYTHING, deliveries | built | plans | releases,
            description="From the inbox to a release. It ends with a sentence where an approval is missing.",
        ),
    ]  # fmt: skip


def schedules() -> list[dg.ScheduleDefinition]:
    """Every night a candidate from what was taken in; people plan and approve by day."""
    return [
        dg.ScheduleDefinition(
            name=NIGHTLY, job_name=BUILD, cron_schedule=AT_NIGHT, execution_timezone=TIMEZONE,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="A candidate from what was taken in. Where nothing changed, nothing is made.",
        )
    ]  # fmt: skip


def _of_products(catalogue: Catalogue, name: str) -> dg.AssetSelection:
    return dg.AssetSelection.assets(*(describe.product_key(product, name) for product in catalogue.products))
