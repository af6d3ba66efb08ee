"""The sensor that tells somebody what stands in the way.

Belongs here: asking the ledger every few minutes, and showing in the tick what stands.
Does not belong here: what a cause is, who is told, what was told before (see `release.alerts`).

No run is asked how it went: a failed run whose work the next one does is no cause, and work that was killed,
or begun on a command line, is one all the same.
"""

import dagster as dg

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.defs.home import OpenWorkspace
from rcs_pipeline.release.alerts import raise_alerts

ALERTS = "alert_sensor"
EVERY_SECONDS = 300


def alert_sensor() -> dg.SensorDefinition:
    """Hand each new cause to the hooks of the settings, once; it starts nothing."""

    @dg.sensor(
        name=ALERTS,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="One alert for each cause that the ledger knows, to the hooks that hear of releases.",
    )
    def alerts(
        context: dg.SensorEvaluationContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> dg.SkipReason:
        try:
            standing = raise_alerts(open_workspace())
        except RcsError as error:
            return dg.SkipReason(str(error))
        for item in standing:
            if not item.told:
                context.log.warning(f"{item.title}: {item.text} {item.guidance}")
        return dg.SkipReason(" ".join(item.text for item in standing) or "Nothing stands in the way.")

    return alerts
