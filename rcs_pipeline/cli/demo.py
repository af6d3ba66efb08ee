"""Verbs of the demonstration: demo, run-demo.

Belongs here: their options, and the order in which run-demo calls the rooms.
Does not belong here: making data (see `demo`).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import click

from rcs_pipeline.cli.output import format_option, next_step, progress, result, workspace
from rcs_pipeline.contracts.errors import ExitCode, NothingToDoError, RefusedError

if TYPE_CHECKING:
    from rcs_pipeline.demo.programme import DemoSummary
    from rcs_pipeline.ledger.workspace import Workspace

BUILDER, APPROVER, PRODUCT = "demo-builder", "demo-approver", "rcs"
SEED = click.option("--seed", default=2015, show_default=True, help="The same seed gives the same bytes.")
SCALE = click.option("--scale", default=1.0, show_default=True, help="1 is the programme's real size.")
DEFECTS = click.option("--defects", is_flag=True, help="Plant known defects, and list them beside the inbox.")


@click.command()
@SEED
@SCALE
@DEFECTS
@format_option
@click.pass_context
def demo(context: click.Context, seed: int, scale: float, defects: bool, form: str) -> int:
    """Write the synthetic deliveries of all three tranches into the inbox."""
    summary = _write(workspace(context), seed, scale, defects)
    result(form, _sentence(summary), summary=summary)
    next_step(form, "rcs ingest")
    return ExitCode.OK


@click.command()
@SEED
@SCALE
@DEFECTS
@click.pass_context
def run_demo(context: click.Context, seed: int, scale: float, defects: bool) -> int:
    """Demo, ingest, build, plan, approve, publish; safe to run again at any time."""
    from rcs_pipeline.gate.candidate import make_candidate
    from rcs_pipeline.intake.inbox import take_in_inbox
    from rcs_pipeline.release.approve import approve
    from rcs_pipeline.release.plan import make_plan
    from rcs_pipeline.release.pointer import current, release_folder
    from rcs_pipeline.release.publish import publish
    from rcs_pipeline.site.index import write_pages
    from rcs_pipeline.warehouse.build import reading_ahead

    space = workspace(context).acting_as(BUILDER)
    _require_no_real_rows(space)
    with reading_ahead(space, PRODUCT):
        progress(_sentence(_write(space, seed, scale, defects)))
        receipts = []
        for taken in take_in_inbox(space, settle_seconds=0):
            if taken.judgement is None:
                raise taken.error or RefusedError(f"{taken.arrival.path} could not be taken in")
            receipts.append(taken.judgement.receipt)
    progress(f"{len(receipts)} deliveries, {sum(item.rows_accepted for item in receipts):,} rows accepted.")
    try:
        candidate = make_candidate(space, PRODUCT)
        progress(
            f"Candidate {candidate.hash[:16]} built and judged by {len(candidate.required_checks)} checks."
        )
    except NothingToDoError as error:
        progress(str(error))
    try:
        plan = make_plan(space, PRODUCT)
        try:
            approve(space, plan.id, APPROVER, "The demonstration approves itself, under a second name.")
        except NothingToDoError as error:
            progress(str(error))
        release = publish(space, plan.id, pages=write_pages)
        progress(f"Released {release.product} {release.version}, approved by {APPROVER}.")
    except NothingToDoError as error:
        progress(str(error))
    pointer = current(space, PRODUCT, "open")
    if pointer is None:
        raise RefusedError("The demonstration has no release", todo="`rcs verdicts` says why.")
    click.echo(f"Synthetic tables: {release_folder(space, PRODUCT, 'open', pointer.version)}")
    next_step("text", 'rcs query "select * from indicator_estimates limit 5"')
    return ExitCode.OK


def _write(space: Workspace, seed: int, scale: float, defects: bool) -> DemoSummary:
    """Mark the home as synthetic, make its key, and write the deliveries.

    Raises:
        RefusedError: the home holds deliveries that the demo did not write.
    """
    from rcs_pipeline.demo.programme import write_demo

    _require_no_real_rows(space)
    paths = space.paths
    with space.writing():
        paths.demo_mark.write_text(
            json.dumps({"synthetic": True, "seed": seed, "scale": scale}), encoding="utf-8"
        )
        # From the seed, so that the same seed gives the same pseudonyms and so the same candidate.
        # It hides nobody.
        paths.demo_key.touch(mode=0o600)
        paths.demo_key.write_text(hashlib.sha256(f"demo {seed}".encode()).hexdigest(), encoding="utf-8")
        return write_demo(paths.inbox, catalogue=space.catalogue, seed=seed, scale=scale, defects=defects)


def _require_no_real_rows(space: Workspace) -> None:
    """Synthetic rows never mix with real ones.

    Raises:
        RefusedError: the home holds deliveries that the demo did not write.
    """
    if not space.synthetic and space.ledger.receipts():
        raise RefusedError(
            "This home holds real deliveries", where=str(space.paths.home),
            expected="an empty home, for synthetic rows never mix with real ones",
            todo="Set RCS_HOME to another folder.",
        )  # fmt: skip


def _sentence(summary: DemoSummary) -> str:
    text = f"{len(summary.files)} synthetic deliveries of {summary.pupils:,} pupils "
    text += f"(of a roll of {summary.roll:,})"
    text += f", seed {summary.seed}, scale {summary.scale:g}."
    if summary.defects_list is not None:
        text += f" {len(summary.defects)} planted defects are listed in {summary.defects_list}."
    return text
