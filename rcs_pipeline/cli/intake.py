"""Verbs about files: check, ingest.

Belongs here: their options and output.
Does not belong here: judging files (see `intake`), what became of them later (see `life`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rcs_pipeline.cli.output import deliveries, format_option, next_step, progress, result, workspace
from rcs_pipeline.cli.returns import json_of, lines_of, make_missing, returned
from rcs_pipeline.cli.told import exit_code, next_of, sentence, shortened
from rcs_pipeline.contracts.errors import ExitCode, RcsError

if TYPE_CHECKING:
    from rcs_pipeline.intake.delivery import Judgement
    from rcs_pipeline.ledger.workspace import Workspace
    from rcs_pipeline.returns.send import Sent

FILE = click.argument("file", type=click.Path(path_type=Path))


@click.command()
@FILE
@click.option("--dataset", required=True, help="The kind of delivery, such as wellbeing_primary.")
@click.option("--collection", required=True, help="The collection it belongs to, such as t2-falkirk-2016.")
@click.option("--supplier", help="Who sent it.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the return here.")
@format_option
@click.pass_context
def check(
    context: click.Context, file: Path, dataset: str, collection: str, supplier: str | None,
    out: Path | None, form: str,
) -> int:  # fmt: skip
    """Judge FILE against its contract and store nothing (but the return, with --out)."""
    from rcs_pipeline.intake.delivery import check as judge
    from rcs_pipeline.returns.send import check_and_return

    sent = None
    if out is None:
        judgement = judge(workspace(context), file, dataset, collection, supplier)
    else:
        judgement, sent = check_and_return(workspace(context), file, dataset, collection, supplier, out)
    _show_judgement(judgement, form, sent, stored=False)
    if judgement.receipt.rows_accepted or judgement.receipt.rows_waiting:
        sender = f" --supplier {supplier}" if supplier else ""
        next_step(form, f"rcs ingest {file} --dataset {dataset} --collection {collection}{sender}")
    return exit_code([judgement.receipt])


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--dataset", help="With FILE: the kind of delivery.")
@click.option("--collection", help="With FILE: the collection it belongs to.")
@click.option("--supplier", help="With FILE: who sent it.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="With FILE: the day it stands for; an earlier day than the current file's is out of order.",
)
@click.option("--again", is_flag=True, help="With FILE: take it in although it was superseded or withdrawn.")
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Seconds over which an inbox file may not change.",
)
@format_option
@click.pass_context
def ingest(
    context: click.Context, file: Path | None, dataset: str | None, collection: str | None,
    supplier: str | None, as_of: datetime | None, again: bool, settle: float, form: str,
) -> int:  # fmt: skip
    """Take in FILE, or, without one, every file that has settled in the inbox."""
    space = workspace(context)
    make_missing(space)
    if file is None:
        return _ingest_inbox(space, settle, form)
    if not dataset or not collection:
        raise RcsError("A file needs its identity", expected="--dataset and --collection", todo="Give both.")
    from rcs_pipeline.intake.delivery import take_in

    day = as_of.date() if as_of else None
    judgement = take_in(space, file, dataset, collection, supplier, as_of=day, again=again)
    _show_judgement(judgement, form, returned(space, judgement.receipt), stored=True)
    if following := next_of(judgement.receipt):
        next_step(form, following)
    return exit_code([judgement.receipt])


def _ingest_inbox(space: Workspace, settle: float, form: str) -> int:
    from rcs_pipeline.intake.inbox import not_a_file, strays, take_in_inbox
    from rcs_pipeline.ledger.records import ReceiptState

    receipts, errors, returns = [], [], []
    for taken in take_in_inbox(space, settle_seconds=settle):
        place = f"{taken.arrival.dataset}/{taken.arrival.collection}/{taken.arrival.path.name}"
        if taken.judgement is None:
            errors.append({"file": place, "error": str(taken.error)})
            progress(f"{place}: {taken.error}")
            continue
        receipts.append(taken.judgement.receipt)
        place = f"{taken.arrival.dataset}/{taken.arrival.collection}/{taken.judgement.receipt.file_name}"
        progress(f"{place}: {sentence(taken.judgement.receipt)}")
        sent = returned(space, taken.judgement.receipt)
        returns.append(json_of(sent))
        for line in lines_of(sent)[:1]:
            progress(f"  {line}")
        if taken.error is not None:
            errors.append({"file": place, "error": str(taken.error)})
            progress(str(taken.error))
    for path in strays(space):
        place = str(path.relative_to(space.paths.inbox))
        error = RcsError(
            "The file lies outside the folders we look into",
            where=place, expected="<dataset>/<collection>/<file>", todo="Move it there.",
        )  # fmt: skip
        if not_a_file(path):
            what = "a link, and links in the inbox are not followed" if path.is_symlink() else "no file"
            error = RcsError(
                f"This is {what}", where=place,
                expected="the file itself", todo="Put the file there, or name it: `rcs ingest FILE`.",
            )  # fmt: skip
        errors.append({"file": place, "error": str(error)})
        progress(str(error))
    if not receipts and not errors:
        result(form, f"Nothing waits in {space.paths.inbox}.", receipts=[], errors=[], returns=[])
        return ExitCode.NOTHING_TO_DO
    totals = [
        sum(getattr(item, name) for item in receipts)
        for name in ("rows_in", "rows_accepted", "rows_quarantined", "rows_refused")
    ]
    withdrawn = sum(item.rows_withdrawn for item in receipts)
    waiting = sum(item.rows_waiting for item in receipts)
    text = f"{deliveries(len(receipts))}: {totals[0]:,} rows in, {totals[1]:,} accepted, "
    text += f"{totals[2]:,} quarantined, {totals[3]:,} refused"
    text += f", {withdrawn:,} withdrawn" if withdrawn else ""
    text += f", {waiting:,} waiting." if waiting else "."
    states = [item.state for item in receipts]
    for count, what in (
        (states.count(ReceiptState.REFUSED), "refused as a whole"),
        (states.count(ReceiptState.DUPLICATE), "here before"),
        (states.count(ReceiptState.OUT_OF_ORDER), "out of order"),
        (states.count(ReceiptState.WAITING), "unusual and waits for a yes (`rcs status`)"),
        (len(errors), "not taken in"),
    ):
        text += f" {count:,} {'file was' if count == 1 else 'files were'} {what}." if count else ""
    result(form, text, receipts=receipts, errors=errors, returns=returns)
    if ReceiptState.ACCEPTED in states:
        next_step(form, "rcs build")
    return ExitCode.FINDINGS if errors else exit_code(receipts)


def _show_judgement(judgement: Judgement, form: str, sent: Sent | None, *, stored: bool) -> None:
    text = "\n".join([sentence(judgement.receipt), *shortened(judgement.problems), *lines_of(sent)])
    content = {"receipt": judgement.receipt, "problems": judgement.problems, "stored": stored}
    result(form, text, **content, returned=json_of(sent))
