"""The sensor that shows in Dagster what was done elsewhere: on a command line, or under an earlier storage.

Belongs here: candidates with their verdicts, plans and releases that Dagster has not seen; every yes, no,
withdrawal and way back, as observations.
Does not belong here: doing any of it; deciding from what Dagster shows.

The ledger leads. Whatever is newest there and is not what Dagster saw last is reported as it stands, so that
the history of checks and the freshness of a release do not hang on who did the work.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from rcs_pipeline.contracts.errors import LockedError, RcsError
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.gate import CANDIDATE, Made, candidate_facts, verdict_results
from rcs_pipeline.defs.home import OpenWorkspace
from rcs_pipeline.defs.release import PLAN, RELEASE, approvals_sheet, plan_facts, release_facts
from rcs_pipeline.gate.decision import decide
from rcs_pipeline.ledger.lifecycle import ACTION, state_of
from rcs_pipeline.ledger.records import AuditEvent
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.standing import submitted_plan

ELSEWHERE = "ledger_sensor"
EVERY_SECONDS = 60
IN_THE_MAKING = ("built", "protected")
OF_PLANS = ("say_yes", "approve", "reject", "reopen", "void")
OF_RELEASES = ("deprecate", "restore", "withdraw")
DATA_VERSION = "dagster/data_version"
Shown = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation


def ledger_sensor(products: Sequence[str]) -> dg.SensorDefinition:
    """Report what the ledger has and Dagster has not; the cursor counts the steps that were reported."""

    @dg.sensor(
        name=ELSEWHERE,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows candidates, verdicts, plans, approvals and releases that came from elsewhere.",
    )
    def ledger(
        context: dg.SensorEvaluationContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> dg.SensorResult | dg.SkipReason:
        events: list[Shown] = []
        try:
            workspace = open_workspace()
            # Whoever is writing now may be a run that reports its work itself in a moment. The lock is let go
            # at once: nobody at a terminal is to be told that a sensor is writing.
            with workspace.writing():
                pass
            for product in products:
                events += _newest(workspace, context.instance, product)
            steps = workspace.ledger.events(action=ACTION)
            for product in products:
                events += _steps(workspace, product, steps[int(context.cursor or 0) :])
        except LockedError:
            return dg.SkipReason("Somebody is writing; looked at again when that is done.")
        except RcsError as error:
            return dg.SkipReason(str(error))
        reason = None if events else "Dagster shows all that the ledger has."
        return dg.SensorResult(asset_events=events, cursor=str(len(steps)), skip_reason=reason)

    return ledger


def _newest(workspace: Workspace, instance: dg.DagsterInstance, product_id: str) -> Iterator[Shown]:
    """The newest candidate, its plan, and the newest release, each where Dagster last saw another."""
    product = workspace.catalogue.product(product_id)
    candidates, releases = workspace.ledger.candidates(product_id), workspace.ledger.releases(product_id)
    candidate = describe.product_key(product_id, CANDIDATE)
    if candidates and state_of(workspace, candidates[-1].hash) not in IN_THE_MAKING:
        record = candidates[-1]
        if _seen(instance, candidate, CANDIDATE) != record.hash:
            decision = decide(workspace, record)
            facts = candidate_facts(workspace, Made(record, (), new=True), decision)
            yield _materialised(candidate, facts, record.hash)
            for item in verdict_results(workspace, product, record, decision):
                yield dg.AssetCheckEvaluation(
                    candidate, str(item.check_name), item.passed, item.metadata, severity=item.severity,
                    description=item.description,
                )  # fmt: skip
        key, plan_id = describe.product_key(product_id, PLAN), submitted_plan(workspace, record)
        if plan_id and _seen(instance, key, PLAN) != plan_id:
            plan = workspace.ledger.plan(plan_id)
            if plan.detail:  # a ledger from before plans kept their comparison has nothing to show
                yield _materialised(key, plan_facts(workspace, plan), plan_id)
    key = describe.product_key(product_id, RELEASE)
    if releases and _seen(instance, key, "version") != releases[-1].version:
        yield _materialised(key, release_facts(workspace, releases[-1]), releases[-1].version)


def _steps(workspace: Workspace, product_id: str, steps: Sequence[AuditEvent]) -> Iterator[Shown]:
    """What people decided since, on the asset that it is about."""
    mine = {item.hash for item in workspace.ledger.candidates(product_id)}
    for step in steps:
        name = str(step.detail.get("transition"))
        about = {
            "step": name.replace("_", " "),
            "by": step.claimed_name,
            "account": step.os_account,
            "at": step.at,
            "reason": str(step.detail.get("reason") or "none"),
            "state": str(step.detail["to"]),
        }
        if name in OF_PLANS and step.subject in mine:
            plan = str(step.detail.get("plan") or "none")
            about |= {PLAN: plan, CANDIDATE: step.subject}
            sheet = approvals_sheet(workspace, plan)
            key = describe.product_key(product_id, PLAN)
            yield dg.AssetObservation(key, metadata={**about, "approvals": sheet})
        if name in OF_RELEASES and step.subject.partition(" ")[0] == product_id:
            about["version"] = step.subject.partition(" ")[2]
            yield dg.AssetObservation(describe.product_key(product_id, RELEASE), metadata={**about})


def _seen(instance: dg.DagsterInstance, key: dg.AssetKey, name: str) -> object:
    """What the last materialisation of an asset that says so calls itself; None if there is none."""
    event = instance.get_latest_materialization_event(key)
    found = event.asset_materialization if event else None
    return found.metadata[name].value if found and name in found.metadata else None


def _materialised(key: dg.AssetKey, facts: dict[str, object], version: str) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(key, metadata=facts, tags={DATA_VERSION: version})  # type: ignore[arg-type]
