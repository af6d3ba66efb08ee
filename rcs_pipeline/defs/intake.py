"""Intake as assets: one a dataset, one partition a collection.

Belongs here: taking in what waits for a partition, the facts of its receipt, the checks on them.
Does not belong here: judging a file or deciding about it (see `rcs_pipeline.intake`).

All datasets share one set of partitions, so that one run can take in a whole collection; a collection
from which a dataset is not due says so.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.register import Register
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.home import WRITER_POOL, OpenWorkspace, writing
from rcs_pipeline.intake.inbox import take_in_inbox
from rcs_pipeline.ledger.records import Receipt, ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.send import bring_up_to_date, send_back

GROUP = "intake"
ADDS_UP = "receipt_adds_up"
TOLERANCE = "quarantine_within_tolerance"
ARRIVED = "delivery_arrived"
SETTLE_SECONDS = 1.0
PRIORITY_TAG = "dagster/priority"


@dataclass(frozen=True)
class Standing:
    """Where a dataset stands in one collection after a run. `latest` was decided last, `current` counts."""

    collection: str
    due: bool
    taken: tuple[Receipt, ...]
    latest: Receipt | None
    current: Receipt | None

    @property
    def says(self) -> str:
        """The standing as a sentence."""
        if self.latest is None:
            return (
                "Nothing waits in the inbox and nothing was ever received." if self.due else "Nothing is due."
            )
        arrived = f"{len(self.taken)} file(s) taken in." if self.taken else "Nothing waits in the inbox."
        if self.latest.state is ReceiptState.REFUSED:
            return f"{arrived} `{self.latest.file_name}` was refused: {self.latest.reason}"
        if self.latest.state is ReceiptState.WAITING:
            return f"{arrived} `{self.latest.file_name}` waits for a yes: `rcs confirm {self.latest.id}`."
        if self.current is None:
            return f"{arrived} No delivery counts: the latest is {self.latest.state.value}."
        return f"{arrived} `{self.current.file_name}` of {self.current.received_at} counts."


def collections_partitions(register: Register) -> dg.StaticPartitionsDefinition:
    """The collections of the register, in its order."""
    return dg.StaticPartitionsDefinition([item.key for item in register.collections])


def delivery_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """One asset for each dataset of the contracts."""
    partitions = collections_partitions(catalogue.register)
    with warnings.catch_warnings():
        # Dagster calls backfill policies a beta; without one, "all collections" would be a run for each.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return [_asset(catalogue, contract, partitions) for contract in catalogue.deliveries.values()]


def _asset(
    catalogue: Catalogue, contract: DeliveryContract, partitions: dg.StaticPartitionsDefinition
) -> dg.AssetsDefinition:
    key = describe.delivery_key(contract.dataset)

    @dg.asset(
        key=key,
        partitions_def=partitions,
        # One run may take in several collections.
        backfill_policy=dg.BackfillPolicy.single_run(),
        description=f"{contract.title}. {contract.description}",
        group_name=GROUP,
        owners=describe.delivery_owners(contract),
        kinds={"parquet"},
        tags={"rcs/delivery_kind": contract.options.kind},
        metadata={
            describe.COLUMN_SCHEMA: describe.delivery_schema(contract),
            "contract": contract.id,
            "contract version": contract.version,
            "formats": ", ".join(item.value for item in contract.options.formats),
            "tolerance": contract.options.tolerance,
            "rules ask": ", ".join(describe.rules_between(catalogue, contract)) or "no other dataset",
        },
        check_specs=_checks(contract, key),
        pool=WRITER_POOL,
        # Rules ask other datasets, which must have been taken in before. A dependency would say so, but
        # Dagster runs partitioned assets that depend on each other only with a partition.
        op_tags={PRIORITY_TAG: str(-contract.options.order)},
    )
    def delivery(
        context: dg.AssetExecutionContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetMaterialization]:
        with writing(context.run, open_workspace) as workspace:
            standings = take_in_collections(workspace, contract, _asked_for(context, partitions))
            for item in standings:
                context.log.info(f"{contract.dataset}/{item.collection}: {item.says}")
                if _partitioned(context):
                    context.add_asset_metadata(facts(workspace, item), partition_key=item.collection)
                elif item.taken:
                    yield dg.AssetMaterialization(
                        key, metadata=facts(workspace, item), partition=item.collection
                    )
            yield dg.MaterializeResult(
                check_results=[*_results(contract, standings)], metadata=_totals(standings)
            )

    return delivery


def _asked_for(context: dg.AssetExecutionContext, partitions: dg.StaticPartitionsDefinition) -> Sequence[str]:
    """The collections of the run; all of them if it was started without one."""
    return context.partition_keys if _partitioned(context) else partitions.get_partition_keys()


def _partitioned(context: dg.AssetExecutionContext) -> bool:
    return context.has_partition_key or context.has_partition_key_range


def take_in_collections(
    workspace: Workspace, contract: DeliveryContract, collections: Sequence[str]
) -> list[Standing]:
    """Take in what waits for a dataset of these collections, and say where each stands then.

    Raises:
        RcsError: files that could not even be judged, after the others; they stay in the inbox.
    """
    errors = []
    bring_up_to_date(workspace)
    taken: dict[str, list[Receipt]] = {name: [] for name in collections}
    for item in take_in_inbox(
        workspace, settle_seconds=SETTLE_SECONDS,
        only=lambda arrival: arrival.dataset == contract.dataset and arrival.collection in taken,
    ):  # fmt: skip
        if item.judgement is not None:
            taken[item.arrival.collection].append(item.judgement.receipt)
            send_back(workspace, item.judgement.receipt)
        if item.error is not None:
            errors.append(item.error)
    if errors:
        raise errors[0] if len(errors) == 1 else RcsError(" ".join(str(error) for error in errors))
    return [_standing(workspace, contract, name, receipts) for name, receipts in taken.items()]


def _standing(
    workspace: Workspace, contract: DeliveryContract, collection: str, taken: Sequence[Receipt]
) -> Standing:
    receipts = workspace.ledger.receipts(dataset=contract.dataset, collection=collection)
    decided = [item for item in receipts if item.state is not ReceiptState.DUPLICATE]
    current = workspace.ledger.current_receipts(contract.dataset, collection)
    return Standing(
        collection=collection,
        due=contract.dataset in workspace.catalogue.register.collection(collection).datasets,
        taken=tuple(taken),
        latest=decided[-1] if decided else None,
        current=current[0] if current else None,
    )


def facts(workspace: Workspace, standing: Standing) -> dict[str, Any]:
    """What is shown on a partition."""
    receipt = standing.latest
    counted: dict[str, Any] = {
        describe.ROW_COUNT: standing.current.rows_accepted if standing.current else 0,
        "standing": standing.says,
    }
    if receipt is None:
        return counted
    return describe.present(
        counted
        | {
            "receipt": receipt.id,
            "state": receipt.state.value,
            "file": receipt.file_name,
            "sha256": receipt.sha256,
            "received": receipt.received_at,
            "contract version": receipt.contract_version,
            "rows in": receipt.rows_in,
            "rows accepted": receipt.rows_accepted,
            "rows quarantined": receipt.rows_quarantined,
            "rows refused": receipt.rows_refused,
            "rows withdrawn": receipt.rows_withdrawn,
            "rows waiting": receipt.rows_waiting,
            "finding count": receipt.findings,
            "findings": describe.place(workspace, receipt.findings_path),
            "quarantine": describe.place(workspace, receipt.quarantine_path),
            "return": _return(workspace, receipt),
        }
    )


def _return(workspace: Workspace, receipt: Receipt) -> dg.MetadataValue[Any] | str | None:
    """Where the files for the sender lie, or why there are none."""
    sent = send_back(workspace, receipt)
    if sent is None:
        return None
    if sent.problem:
        return sent.problem
    return describe.place(workspace, workspace.paths.relative(sent.folder))


def _totals(standings: Sequence[Standing]) -> dict[str, Any]:
    """What is shown on a run over several collections."""
    if len(standings) == 1:
        return {}
    rows = [
        [item.collection, item.current.rows_accepted if item.current else 0, item.says] for item in standings
    ]
    return {"collections": describe.sheet(["collection", "rows", "standing"], rows)}


def _checks(contract: DeliveryContract, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    share = f"{contract.options.tolerance:.0%}"
    return [
        # A receipt that does not add up is a broken ledger: nothing may be built on it.
        dg.AssetCheckSpec(
            ADDS_UP, asset=key, blocking=True,
            description="Rows in = accepted + quarantined + withdrawn + refused + waiting, on every receipt.",
        ),
        # A refused file changes nothing in the lake, so a build on what counts may go on.
        dg.AssetCheckSpec(
            TOLERANCE, asset=key,
            description=f"The latest delivery was not refused; at most {share} of its rows are quarantined.",
        ),
        dg.AssetCheckSpec(ARRIVED, asset=key, description="What the register says is due has arrived."),
    ]  # fmt: skip


def _results(contract: DeliveryContract, standings: Sequence[Standing]) -> Iterator[dg.AssetCheckResult]:
    key = describe.delivery_key(contract.dataset)
    latest = [item.latest for item in standings if item.latest is not None]
    wrong = [f"receipt {item.id}" for item in latest if not item.adds_up]
    yield _result(key, ADDS_UP, wrong, dg.AssetCheckSeverity.ERROR)
    wrong = [
        f"{item.collection}: {item.reason or f'{item.rows_quarantined} of {item.rows_in} rows quarantined'}"
        for item in latest
        if item.state is ReceiptState.REFUSED
        or item.rows_quarantined > contract.options.tolerance * item.rows_in
    ]
    yield _result(key, TOLERANCE, wrong, dg.AssetCheckSeverity.ERROR)
    missing = [item.collection for item in standings if item.due and item.latest is None]
    yield _result(key, ARRIVED, missing, dg.AssetCheckSeverity.WARN)


def _result(
    key: dg.AssetKey, name: str, wrong: Sequence[str], severity: dg.AssetCheckSeverity
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not wrong, asset_key=key, check_name=name, severity=severity,
        description="; ".join(wrong) or None, metadata={"broken": len(wrong)},
    )  # fmt: skip
