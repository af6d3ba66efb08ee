"""The sensors on the inbox and on approvals.

Belongs here: noticing files that have finished arriving, and asking for one run a dataset and collection;
noticing a plan that has its approvals, and asking for its publication.
Does not belong here: taking in, publishing.

The cursor holds the state of every file that waits: a file is asked for once in each state, so one that
could not be judged waits for a person and is not tried again until somebody touches it.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.home import OpenWorkspace
from rcs_pipeline.defs.intake import PRIORITY_TAG
from rcs_pipeline.defs.release import RELEASE
from rcs_pipeline.intake.inbox import DONE, Arrival, arrivals
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.approve import ready

NAME = "inbox_sensor"
APPROVALS = "approval_sensor"
EVERY_SECONDS = 30


@dataclass(frozen=True)
class Seen:
    """A waiting file as it was at a tick, and whether a run was asked for it in that state."""

    state: str
    asked: bool


@dataclass(frozen=True)
class Look:
    """What one look into the inbox gives. `strangers`: files whose folders name nothing that we know."""

    requests: tuple[dg.RunRequest, ...]
    cursor: str
    strangers: tuple[str, ...]


def inbox_sensor(job: str) -> dg.SensorDefinition:
    """Look into the inbox; ask for a run for each dataset and collection whose files have settled."""

    @dg.sensor(
        name=NAME,
        job_name=job,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes in what arrives, once the files of a folder stopped growing or are marked done.",
    )
    def inbox(
        context: dg.SensorEvaluationContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> dg.SensorResult | dg.SkipReason:
        try:
            looked = look(open_workspace(), context.cursor)
        except RcsError as error:
            return dg.SkipReason(str(error))
        reason = None
        if not looked.requests:
            reason = "Nothing new has settled in the inbox."
        if looked.strangers:
            strangers = f"The register and the contracts do not know: {', '.join(looked.strangers)}."
            context.log.warning(strangers)
            reason = strangers if reason else None
        return dg.SensorResult(run_requests=list(looked.requests), skip_reason=reason, cursor=looked.cursor)

    return inbox


def approval_sensor(job: str, products: Sequence[str]) -> dg.SensorDefinition:
    """Ask for a publication when a plan has its approvals and its embargo is over: once for each last yes."""

    @dg.sensor(
        name=APPROVALS,
        job_name=job,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Publishes what a person approved (`rcs approve`), once its embargo is over.",
    )
    def approvals(
        context: dg.SensorEvaluationContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> dg.SensorResult:
        requests, reasons = publications(open_workspace(), products)
        return dg.SensorResult(run_requests=requests, skip_reason=None if requests else " ".join(reasons))

    return approvals


def publications(
    workspace: Workspace, products: Sequence[str]
) -> tuple[list[dg.RunRequest], tuple[str, ...]]:
    """A run for each product whose plan waits for its publication, and a sentence for each that has none."""
    requests, reasons = [], []
    for product in products:
        try:
            found = ready(workspace, product)
        except RcsError as error:
            reasons.append(str(error))
            continue
        if found is None:
            reasons.append(f"No plan of `{product}` waits for its publication.")
            continue
        plan, at = found
        key = describe.product_key(product, RELEASE)
        requests.append(
            dg.RunRequest(
                run_key=f"{plan.id} {at}",
                asset_selection=[key],
                run_config={"ops": {key.to_python_identifier(): {"config": {"plan": plan.id}}}},
            )
        )
    return requests, tuple(reasons)


def look(workspace: Workspace, cursor: str | None) -> Look:
    """Compare the inbox with the last look. A file has settled if it is marked done or has not changed."""
    before = _read(cursor)
    waiting: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in arrivals(workspace):
        waiting[arrival.dataset, arrival.collection].append(arrival)
    seen: dict[str, Seen] = {}
    requests: list[dg.RunRequest] = []
    strangers: list[str] = []
    for (dataset, collection), files in waiting.items():
        states = {_name(item): _state(item) for item in files}
        if not _known(workspace.catalogue, dataset, collection):
            strangers += states
            continue
        settled = all(_settled(item, before.get(_name(item)), states[_name(item)]) for item in files)
        new = any(not _asked(before.get(name), state) for name, state in states.items())
        if settled and new:
            requests.append(_request(workspace.catalogue, dataset, collection, states))
        for name, state in states.items():
            seen[name] = Seen(state, asked=(settled and new) or _asked(before.get(name), state))
    content = {name: [item.state, item.asked] for name, item in sorted(seen.items())}
    return Look(tuple(requests), json.dumps(content), tuple(sorted(strangers)))


def _request(catalogue: Catalogue, dataset: str, collection: str, states: dict[str, str]) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=hashlib.sha256(json.dumps(states, sort_keys=True).encode()).hexdigest(),
        partition_key=collection,
        asset_selection=[describe.delivery_key(dataset)],
        # Rules look into other datasets: those must have been taken in before.
        tags={PRIORITY_TAG: str(-catalogue.delivery(dataset).options.order)},
    )


def _known(catalogue: Catalogue, dataset: str, collection: str) -> bool:
    return dataset in catalogue.deliveries and collection in {
        item.key for item in catalogue.register.collections
    }


def _name(arrival: Arrival) -> str:
    return f"{arrival.dataset}/{arrival.collection}/{arrival.path.name}"


def _state(arrival: Arrival) -> str:
    # The change time too: the same bytes sent again, or rights put right, are a new occasion.
    status = arrival.path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


def _settled(arrival: Arrival, before: Seen | None, state: str) -> bool:
    marked = arrival.path.with_name(arrival.path.name + DONE).exists()
    return marked or (before is not None and before.state == state)


def _asked(before: Seen | None, state: str) -> bool:
    return before is not None and before.asked and before.state == state


def _read(cursor: str | None) -> dict[str, Seen]:
    """The last look; nothing where the cursor is none of ours."""
    try:
        return {
            name: Seen(str(state), bool(asked)) for name, (state, asked) in json.loads(cursor or "{}").items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}
