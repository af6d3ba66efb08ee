"""Verbs about releases: plan, approve, publish, rollback.

Belongs here: their options and output. Does not belong here: versions, pointers, folders (see `release`).
"""

from __future__ import annotations

import click

from rcs_pipeline.cli.build import CANDIDATE, PRODUCT
from rcs_pipeline.cli.output import format_option, next_step, result, workspace
from rcs_pipeline.contracts.errors import ExitCode


@click.command()
@PRODUCT
@CANDIDATE
@format_option
@click.pass_context
def plan(context: click.Context, product: str, candidate: str | None, form: str) -> int:
    """What publishing a candidate would do: the plan's id, the version, and why."""
    from rcs_pipeline.release.plan import make_plan

    made = make_plan(workspace(context), product, candidate)
    since = f"after {made.base_version}" if made.base_version else "the first release"
    text = f"Plan {made.id}: {product} {made.version} ({made.change}, {since})\n"
    text += "\n".join(f"- {reason}" for reason in made.why)
    result(form, text, plan=made)
    next_step(form, f"rcs approve {made.id} --as NAME")
    return ExitCode.OK


@click.command()
@click.argument("plan_id", metavar="PLAN")
@click.option("--as", "name", required=True, metavar="NAME", help="Who approves; not the person who built.")
@click.option("--note", default="", help="What was looked at.")
@format_option
@click.pass_context
def approve(context: click.Context, plan_id: str, name: str, note: str, form: str) -> int:
    """Approve PLAN as a named person. The operating-system account is recorded beside the name."""
    from rcs_pipeline.release.approve import approve as say_yes

    approval = say_yes(workspace(context), plan_id, name, note)
    text = (
        f"{approval.approver} (account {approval.os_account}) approves {approval.product} {approval.version}."
    )
    result(form, text, approval=approval)
    next_step(form, f"rcs publish {plan_id}")
    return ExitCode.OK


@click.command()
@click.argument("plan_id", metavar="PLAN")
@format_option
@click.pass_context
def publish(context: click.Context, plan_id: str, form: str) -> int:
    """Publish an approved PLAN: complete folders first, pointers last."""
    from rcs_pipeline.release.pointer import release_folder
    from rcs_pipeline.release.publish import publish as put_out
    from rcs_pipeline.site.index import write_pages

    space = workspace(context)
    release = put_out(space, plan_id, pages=write_pages)
    folders = [
        release_folder(space, release.product, audience, release.version) for audience in release.audiences
    ]
    text = f"Released {release.product} {release.version}:\n" + "\n".join(f"  {folder}" for folder in folders)
    result(form, text, release=release, folders=folders)
    next_step(
        form, f"rcs rollback VERSION --product {release.product} --reason ... (if it must be taken back)"
    )
    return ExitCode.OK


@click.command()
@click.argument("version")
@PRODUCT
@click.option("--reason", required=True, help="Why the current release is left; consumers read it.")
@click.option(
    "--leave", type=click.Choice(["withdrawn", "deprecated"]), default="withdrawn", show_default=True
)
@format_option
@click.pass_context
def rollback(context: click.Context, version: str, product: str, reason: str, leave: str, form: str) -> int:
    """Make VERSION the current release again."""
    from rcs_pipeline.ledger.records import ReleaseStatus
    from rcs_pipeline.release.rollback import rollback as go_back

    release = go_back(workspace(context), product, version, reason, leave=ReleaseStatus(leave))
    result(form, f"{product} {release.version} is the current release again.", release=release)
    return ExitCode.OK
