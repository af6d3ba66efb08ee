"""Plan and release as assets.

Belongs here: calling `release.make_plan` and `release.publish` and showing what they say.
Does not belong here: approving. A person does that under their name: `rcs approve PLAN --as NAME`.

The publishing asset asks the ledger first, every time: whatever a run of Dagster did or left out, a
candidate with a failed or missing verdict, or without an approval, is not published.
"""

from datetime import timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from rcs_pipeline.contracts.audiences import by_kind
from rcs_pipeline.contracts.errors import NothingToDoError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.defs import describe
from rcs_pipeline.defs.gate import CANDIDATE
from rcs_pipeline.defs.home import WRITER_POOL, OpenWorkspace, writing
from rcs_pipeline.gate.decision import require_open
from rcs_pipeline.ledger.records import Plan, ReleaseRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.candidate import choose
from rcs_pipeline.release.plan import make_plan
from rcs_pipeline.release.pointer import CURRENT, audience_folder, release_folder
from rcs_pipeline.release.publish import publish
from rcs_pipeline.release.standing import SUBMITTED, standing
from rcs_pipeline.release.versions import Change
from rcs_pipeline.site.index import write_pages
from rcs_pipeline.site.plan_page import write_plan_page

GROUP = "release"
PLAN = "plan"
RELEASE = "release"


class PublishConfig(dg.Config):
    """What to publish."""

    plan: str = Field(
        default="", description="The id of an approved plan; empty: the plan of the newest candidate."
    )


def release_assets(product: Product) -> list[dg.AssetsDefinition]:
    """The plan and the release of a product."""
    return [_plan_asset(product), _release_asset(product)]


def _plan_asset(product: Product) -> dg.AssetsDefinition:
    @dg.asset(
        key=describe.product_key(product.id, PLAN),
        deps=[describe.product_key(product.id, CANDIDATE)],
        description=f"What publishing the newest candidate of `{product.id}` would change, and why.",
        group_name=GROUP,
        owners=describe.product_owners(product),
        pool=WRITER_POOL,
    )
    def plan(
        context: dg.AssetExecutionContext, open_workspace: dg.ResourceParam[OpenWorkspace]
    ) -> dg.MaterializeResult[Any]:
        with writing(context.run, open_workspace) as workspace:
            try:
                made = make_plan(workspace, product.id)
            except NothingToDoError as nothing:
                return dg.MaterializeResult(metadata={"standing": str(nothing)})
            return dg.MaterializeResult(
                metadata=plan_facts(workspace, made), data_version=dg.DataVersion(made.id)
            )

    return plan


def _release_asset(product: Product) -> dg.AssetsDefinition:
    @dg.asset(
        key=describe.product_key(product.id, RELEASE),
        deps=[describe.product_key(product.id, PLAN)],
        description=f"The current release of `{product.id}` for each audience. "
        "Refuses without passing verdicts and an approval.",
        group_name=GROUP,
        owners=describe.product_owners(product),
        kinds={"parquet", "csv"},
        freshness_policy=_freshness(product),
        metadata={
            "licence": product.file.licence_title,
            "next release expected": str(product.file.release.next_release or "not said"),
            "approvals by kind of change": ", ".join(
                f"{kind} {product.file.release.approvers_for(kind)}" for kind in Change
            ),
            "consumers": describe.sheet(
                ["consumer", "owner", "kind", "uses"],
                [
                    [item.title, item.owner, item.kind, ", ".join(item.uses)]
                    for item in product.file.consumers
                ],
            ),
            "audiences": ", ".join(product.file.audiences),
            "tables": describe.sheet(
                ["table", "columns", "grain"],
                [[table.name, len(table.columns), ", ".join(table.grain)] for table in product.tables],
            ),
        },
        pool=WRITER_POOL,
    )
    def release(
        context: dg.AssetExecutionContext,
        config: PublishConfig,
        open_workspace: dg.ResourceParam[OpenWorkspace],
    ) -> dg.MaterializeResult[Any]:
        with writing(context.run, open_workspace) as workspace:
            try:
                published = publish_newest(workspace, product, config.plan.strip())
            except NothingToDoError as nothing:
                context.log.info(str(nothing))
                return dg.MaterializeResult(
                    metadata={"standing": str(nothing), **_current(workspace, product)}
                )
            version = dg.DataVersion(published.version)
            return dg.MaterializeResult(metadata=release_facts(workspace, published), data_version=version)

    return release


def _freshness(product: Product) -> dg.FreshnessPolicy | None:
    days = product.file.release.fresh_days
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(days=days)) if days else None


def publish_newest(workspace: Workspace, product: Product, plan_id: str = "") -> ReleaseRecord:
    """Publish an approved plan, or the one that publishing the newest candidate means.

    Raises:
        RefusedError: the gate is closed; asked before anything else, even where there is nothing to publish.
        WaitingError: nobody has approved the plan.
        NothingToDoError: this is published already.
    """
    if plan_id:
        candidate = workspace.ledger.candidate(workspace.ledger.plan(plan_id).candidate)
    else:
        candidate = choose(workspace, product, None)
    require_open(workspace, candidate)
    plan = plan_id or make_plan(workspace, product.id, candidate.hash).id
    return publish(workspace, plan, pages=write_pages)


def plan_facts(workspace: Workspace, plan: Plan) -> dict[str, Any]:
    """What a plan says and how far it is, with its page for those who sign it off."""
    document = plan.detail
    state = standing(workspace, workspace.ledger.candidate(plan.candidate))
    lines = [item for item in document["checklist"] if item["level"] != "ok"]
    return {
        "plan": plan.id,
        "candidate": plan.candidate,
        "state": state,
        "version": plan.version,
        "instead of": plan.base_version or "no release",
        "change": plan.change,
        "why": describe.bullets(plan.why),
        "tables that change": describe.sheet(
            ["audience", "table", "rows", "added", "removed", "changed", "newly withheld", "newly shown"],
            [
                [
                    audience["audience"], item["table"], item["rows_after"], item["rows_added"],
                    item["rows_removed"], item["rows_changed"], item["values_no_longer_shown"],
                    item["values_newly_shown"],
                ]
                for audience in document["audiences"] for item in audience["tables"]
                if item["rows_added"] or item["rows_removed"] or item["rows_changed"]
            ],
        ),
        "checklist": describe.sheet(
            ["level", "found", "to do"], [[item["level"], item["text"], item["guidance"]] for item in lines]
        )
        if lines
        else "every item is in order",
        "consumers": describe.sheet(
            ["consumer", "owner", "breaks", "tables"],
            [
                [item["title"], item["owner"], "yes" if item["breaking"] else "", ", ".join(item["tables"])]
                for item in document["consumers"]
            ],
        ),
        "note": plan.note or "none",
        "embargo": plan.not_before or "none",
        "approvals needed": document["approvals_needed"],
        "approvals": approvals_sheet(workspace, plan.id),
        "page": dg.MetadataValue.path(
            str(write_plan_page(workspace.paths.reports / "plans", plan.detail))
        ),
        **({"next": f"rcs approve {plan.id} --as NAME"} if state == SUBMITTED else {}),
    }  # fmt: skip


def approvals_sheet(workspace: Workspace, plan_id: str) -> dg.MetadataValue:
    """Who said yes to a plan, under which account, when and with what words; void ones too."""
    return describe.sheet(
        ["name", "account", "at", "note", "void since"],
        [
            [item.approver, item.os_account, item.approved_at, item.note, item.voided_at]
            for item in workspace.ledger.approvals(plan_id)
        ],
    )


def release_facts(workspace: Workspace, release: ReleaseRecord) -> dict[str, Any]:
    """What was released, why it has its number, on whose word, and the hash of each kind of folder."""
    # Of an audience that is many its first place stands for all: one version, hundreds of folders.
    kinds = by_kind(release.audiences)
    firsts = {kind: names[0] for kind, names in kinds.items()}
    folders = {
        name: release_folder(workspace, release.product, name, release.version) for name in firsts.values()
    }
    record, plan = workspace.ledger.candidate(release.candidate), workspace.ledger.plan(release.plan)
    return {
        "version": release.version,
        "change": plan.change,
        "why": describe.bullets(plan.why),
        "candidate": release.candidate,
        "plan": release.plan,
        "released at": release.released_at,
        "approvals": approvals_sheet(workspace, release.plan),
        "note": plan.note or "none",
        "verdicts": len(workspace.ledger.verdicts(release.candidate)),
        describe.ROW_COUNT: sum(int(table.get("rows") or 0) for table in record.tables.values()),
        **{f"places ({kind})": len(names) for kind, names in kinds.items() if names != (kind,)},
        **{f"hash ({name})": release.hashes[name] for name in firsts.values()},
        **{f"folder ({name})": dg.MetadataValue.path(str(folder)) for name, folder in folders.items()},
        **{
            f"page ({name})": dg.MetadataValue.path(str(folder / "site" / "index.html"))
            for name, folder in folders.items()
        },
    }


def _current(workspace: Workspace, product: Product) -> dict[str, Any]:
    pointers = {
        name: audience_folder(workspace, product.id, name) / CURRENT for name in product.file.audiences
    }
    return {
        f"pointer ({name})": dg.MetadataValue.path(str(path))
        for name, path in pointers.items()
        if path.is_file()
    }
