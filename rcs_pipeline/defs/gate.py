"""The candidate as an asset, made in one step with the warehouse, and the gate's verdicts as its checks.

Belongs here: calling `gate.make_candidate` and showing what it recorded.
Does not belong here: deciding. A blocking check stops its own run only; the ledger stops every run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.errors import NothingToDoError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.home import WRITER_POOL, OpenWorkspace, writing
from rcs_pipeline.defs.manifest import Model
from rcs_pipeline.defs.warehouse import built, row_counts, wiring
from rcs_pipeline.gate import evidence, required
from rcs_pipeline.gate.candidate import docs_folder, make_candidate
from rcs_pipeline.gate.decision import Decision, decide
from rcs_pipeline.gate.verdicts import MODELS_CHECK, Node
from rcs_pipeline.ledger.lifecycle import state_of
from rcs_pipeline.ledger.records import CandidateRecord, Outcome
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import DATABASE, Building, build_warehouse, seal

GROUP = "gate"
CANDIDATE = "candidate"
OPEN = "gate_open"


@dataclass(frozen=True)
class Made:
    """A candidate with what dbt said about it; `new` is false where the world had not changed."""

    record: CandidateRecord
    results: tuple[Node, ...]
    new: bool


def candidate_asset(
    catalogue: Catalogue, product: Product, models: Iterable[Model] | None
) -> dg.AssetsDefinition:
    """The models of a product and its candidate: one step, so that dbt runs once and under one lock."""
    wired = wiring(catalogue, product, models)
    key = describe.product_key(product.id, CANDIDATE)
    spec = dg.AssetSpec(
        key,
        deps=wired.last,
        description=f"One complete build of `{product.id}`, protected, audited, named by its content. "
        f"{product.file.title}.",
        group_name=GROUP,
        owners=describe.product_owners(product),
        kinds={"duckdb", "parquet"},
        metadata={
            "audiences": ", ".join(product.file.audiences),
            "required by contract": len(required.from_contracts(product)),
        },
    )

    @dg.multi_asset(
        name=f"build_{product.id}",
        specs=[*wired.specs, spec],
        check_specs=[*wired.checks, *_checks(product, key)],
        description=f"The warehouse of `{product.id}` in one dbt build, and the candidate made from it.",
        pool=WRITER_POOL,
    )
    def build(
        context: dg.AssetExecutionContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> Iterator[Any]:
        with writing(context.run, open_workspace) as workspace:
            made = make(workspace, product.id)
            decision = decide(workspace, made.record)
            folder = workspace.paths.home / made.record.path
            yield from built(wired, made.results, row_counts(folder / DATABASE), made.record.hash[:16])
            yield dg.MaterializeResult(
                asset_key=key,
                metadata=candidate_facts(workspace, made, decision),
                data_version=dg.DataVersion(made.record.hash),
            )
            yield from verdict_results(workspace, product, made.record, decision)

    return build


def make(workspace: Workspace, product_id: str) -> Made:
    """Make a candidate and keep what dbt said; where nothing changed, the candidate that stands.

    Raises:
        RcsError: what `make_candidate` raises, but for "nothing to do".
    """
    results: list[Node] = []
    files: dict[str, str] = {}

    def build(space: Workspace, name: str) -> Building:
        building = build_warehouse(space, name)
        results.extend(building.results)
        return building

    def name_it(space: Workspace, building: Building, checks: tuple[str, ...]) -> CandidateRecord:
        files.update(evidence.protected_hashes(building.folder))
        return seal(space, building, checks)

    known = {item.hash for item in workspace.ledger.candidates(product_id)}
    try:
        record = make_candidate(workspace, product_id, build=build, seal=name_it)
    except NothingToDoError:
        standing = _standing(workspace, product_id, files)
        if standing is None:
            raise
        record = standing
    return Made(record, tuple(results), new=record.hash not in known)


def _standing(workspace: Workspace, product_id: str, files: dict[str, str]) -> CandidateRecord | None:
    for record in reversed(workspace.ledger.candidates(product_id)):
        if evidence.protected_hashes(workspace.paths.home / record.path) == files:
            return record
    return None


def verdict_kinds(product: Product) -> tuple[str, ...]:
    """The kinds of verdict that a candidate of the product needs, as its check ids begin."""
    checks = (*required.from_contracts(product), MODELS_CHECK)
    return tuple(sorted({check.split(".")[0] for check in checks}))


def check_name(kind: str) -> str:
    """The check on the candidate that shows the verdicts of a kind."""
    return f"{kind}_verdicts"


def _checks(product: Product, key: dg.AssetKey) -> Iterator[dg.AssetCheckSpec]:
    for kind in verdict_kinds(product):
        yield dg.AssetCheckSpec(
            check_name(kind), asset=key, blocking=True,
            description=f"Every required verdict of the kind `{kind}` is in the ledger and passes.",
        )  # fmt: skip
    yield dg.AssetCheckSpec(
        OPEN, asset=key, blocking=True,
        description="The gate is open: no verdict is missing or failing, no file was touched since sealing.",
    )  # fmt: skip


def verdict_results(
    workspace: Workspace, product: Product, record: CandidateRecord, decision: Decision
) -> Iterator[dg.AssetCheckResult]:
    """The verdicts on a candidate and the gate's decision, as results of the checks of its asset."""
    key = describe.product_key(product.id, CANDIDATE)
    recorded = workspace.ledger.verdicts(record.hash)
    for kind in verdict_kinds(product):
        mine = [item for item in recorded if item.check.split(".")[0] == kind]
        # The decision's sentences begin with the check that they are about.
        closing = [text for text in decision.reasons if text.startswith(f"`{kind}.")]
        warnings = [text for text in decision.warnings if text.startswith(f"`{kind}.")]
        yield dg.AssetCheckResult(
            asset_key=key, check_name=check_name(kind), passed=not closing and not warnings,
            severity=dg.AssetCheckSeverity.ERROR if closing else dg.AssetCheckSeverity.WARN,
            description="; ".join([*closing, *warnings][:5]) or None,
            metadata={
                "verdicts": len(mine),
                "passed": sum(item.outcome is Outcome.PASS for item in mine),
                "not passed": describe.sheet(
                    ["check", "outcome", "message", "guidance"],
                    [
                        [item.check, item.outcome, item.message, item.guidance]
                        for item in mine
                        if item.outcome is not Outcome.PASS
                    ],
                ),
            },
        )  # fmt: skip
    yield dg.AssetCheckResult(
        asset_key=key, check_name=OPEN, passed=decision.open, severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(decision.reasons[:5]) or None,
        metadata={"reasons": describe.bullets(decision.reasons)},
    )  # fmt: skip


def candidate_facts(workspace: Workspace, made: Made, decision: Decision) -> dict[str, Any]:
    """What the ledger says of a candidate."""
    record = made.record
    columns = ("dataset", "collection", "rows", "sha256")
    return {
        "candidate": record.hash,
        "standing": "new" if made.new else "nothing has changed: this very candidate was there already",
        "built at": record.built_at,
        "builder": record.builder,
        "synthetic": record.synthetic,
        "state": state_of(workspace, record.hash) or "audited",
        "gate": "open" if decision.open else "closed",
        "verdicts": len(workspace.ledger.verdicts(record.hash)),
        "warnings": describe.bullets(decision.warnings),
        "deliveries": describe.sheet(
            columns, [[item.get(name) for name in columns] for item in record.inputs]
        ),
        "protected tables": describe.sheet(
            ["table", "rows"], [[name, table.get("rows")] for name, table in sorted(record.tables.items())]
        ),
        "folder": describe.place(workspace, record.path),
        "data docs": dg.MetadataValue.path(str(docs_folder(workspace, record))),
        describe.ROW_COUNT: sum(int(table.get("rows") or 0) for table in record.tables.values()),
    }
