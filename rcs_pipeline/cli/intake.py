"""Verbs about deliveries: check, ingest, status, show.

Belongs here: their options and output. Does not belong here: judging files (see `intake`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rcs_pipeline.cli.output import deliveries, format_option, next_step, progress, result, table, workspace
from rcs_pipeline.cli.returns import json_of, lines_of, make_missing, returned
from rcs_pipeline.contracts.errors import ExitCode, RcsError

if TYPE_CHECKING:
    from rcs_pipeline.intake.delivery import Judgement
    from rcs_pipeline.intake.report import Problem
    from rcs_pipeline.ledger.records import Receipt
    from rcs_pipeline.ledger.workspace import Workspace
    from rcs_pipeline.returns.send import Sent

FILE = click.argument("file", type=click.Path(path_type=Path))
PROBLEMS_SHOWN = 20


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
    clean = judgement.receipt.reason is None and not judgement.receipt.rows_quarantined
    if judgement.receipt.reason is None:
        sender = f" --supplier {supplier}" if supplier else ""
        next_step(form, f"rcs ingest {file} --dataset {dataset} --collection {collection}{sender}")
    return ExitCode.OK if clean else ExitCode.FINDINGS


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--dataset", help="With FILE: the kind of delivery.")
@click.option("--collection", help="With FILE: the collection it belongs to.")
@click.option("--supplier", help="With FILE: who sent it.")
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
    supplier: str | None, settle: float, form: str,
) -> int:  # fmt: skip
    """Take in FILE, or, without one, every file that has settled in the inbox."""
    space = workspace(context)
    make_missing(space)
    if file is None:
        return _ingest_inbox(space, settle, form)
    if not dataset or not collection:
        raise RcsError("A file needs its identity", expected="--dataset and --collection", todo="Give both.")
    from rcs_pipeline.intake.delivery import take_in

    judgement = take_in(space, file, dataset, collection, supplier)
    _show_judgement(judgement, form, returned(space, judgement.receipt), stored=True)
    return _exit_code([judgement.receipt])


def _ingest_inbox(space: Workspace, settle: float, form: str) -> int:
    from rcs_pipeline.intake.inbox import strays, take_in_inbox
    from rcs_pipeline.ledger.records import ReceiptState

    receipts, errors, returns = [], [], []
    for taken in take_in_inbox(space, settle_seconds=settle):
        place = f"{taken.arrival.dataset}/{taken.arrival.collection}/{taken.arrival.path.name}"
        if taken.judgement is None:
            errors.append({"file": place, "error": str(taken.error)})
            progress(f"{place}: {taken.error}")
            continue
        receipts.append(taken.judgement.receipt)
        progress(f"{place}: {_sentence(taken.judgement.receipt)}")
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
        errors.append({"file": place, "error": str(error)})
        progress(str(error))
    if not receipts and not errors:
        result(form, f"Nothing waits in {space.paths.inbox}.", receipts=[], errors=[], returns=[])
        return ExitCode.NOTHING_TO_DO
    totals = [
        sum(getattr(item, name) for item in receipts)
        for name in ("rows_in", "rows_accepted", "rows_quarantined", "rows_refused")
    ]
    text = f"{deliveries(len(receipts))}: {totals[0]:,} rows in, {totals[1]:,} accepted, "
    text += f"{totals[2]:,} quarantined, {totals[3]:,} refused."
    states = [item.state for item in receipts]
    for count, what in (
        (states.count(ReceiptState.REFUSED), "refused as a whole"),
        (states.count(ReceiptState.DUPLICATE), "here before"),
        (len(errors), "not taken in"),
    ):
        text += f" {count:,} {'file was' if count == 1 else 'files were'} {what}." if count else ""
    result(form, text, receipts=receipts, errors=errors, returns=returns)
    if ReceiptState.ACCEPTED in states:
        next_step(form, "rcs build")
    return ExitCode.FINDINGS if errors else _exit_code(receipts)


@click.command()
@click.option("--dataset", help="Only this kind of delivery.")
@format_option
@click.pass_context
def status(context: click.Context, dataset: str | None, form: str) -> int:
    """Collections and datasets: due, received, accepted, quarantined."""
    space = workspace(context)
    rows, content = [], []
    for collection in space.catalogue.register.collections:
        for name, due in collection.datasets.items():
            if dataset and name != dataset:
                continue
            receipts = space.ledger.receipts(dataset=name, collection=collection.key)
            current = next(iter(space.ledger.current_receipts(name, collection.key)), None)
            state = _state(receipts, current)
            accepted, quarantined = (current.rows_accepted, current.rows_quarantined) if current else (0, 0)
            last = receipts[-1].id if receipts else None
            counts = [f"{accepted:,}", f"{quarantined:,}", len(receipts), last]
            rows.append([collection.key, name, due or "-", state, *counts])
            content.append(
                {"collection": collection.key, "dataset": name, "due": due, "state": state,
                 "rows_accepted": accepted, "rows_quarantined": quarantined,
                 "receipts": len(receipts), "last_receipt": last}
            )  # fmt: skip
    result(
        form,
        table(["collection", "dataset", "due", "state", "accepted", "quarantined", "receipts", "last"], rows),
        status=content,
    )
    return ExitCode.OK


@click.command()
@click.argument("delivery")
@format_option
@click.pass_context
def show(context: click.Context, delivery: str, form: str) -> int:
    """The whole life of DELIVERY: a receipt number, or the beginning of a sha256."""
    space = workspace(context)
    known = space.ledger.receipts()
    receipts = [item for item in known if str(item.id) == delivery] or [
        item for item in known if item.sha256.startswith(delivery)
    ]
    if not receipts:
        raise RcsError(
            f"No receipt has the number or sha256 `{delivery}`", todo="`rcs status` says what arrived."
        )
    numbers = {item.id for item in receipts}
    receipts += [item for item in known if item.supersedes in numbers and item.id not in numbers]
    lines = []
    for item in receipts:
        lines.append(f"{item.received_at}  {item.dataset}/{item.collection}  {_sentence(item)}")
        lines += [f"  {problem}" for problem in _shortened(_problems(space, item))]
        stored = {"findings": item.findings_path, "quarantine": item.quarantine_path, "rows": item.raw_path}
        lines += [f"  {name}: {space.paths.home / path}" for name, path in stored.items() if path]
        lines += [f"  {line}" for line in lines_of(returned(space, item))]
    result(
        form,
        "\n".join(lines),
        receipts=receipts,
        returns=[json_of(returned(space, item)) for item in receipts],
    )
    return ExitCode.OK


def _show_judgement(judgement: Judgement, form: str, sent: Sent | None, *, stored: bool) -> None:
    text = "\n".join([_sentence(judgement.receipt), *_shortened(judgement.problems), *lines_of(sent)])
    content = {"receipt": judgement.receipt, "problems": judgement.problems, "stored": stored}
    result(form, text, **content, returned=json_of(sent))


def _shortened(found: Sequence[Problem]) -> list[str]:
    shown = [str(item) for item in found[:PROBLEMS_SHOWN]]
    if len(found) > PROBLEMS_SHOWN:
        shown.append(f"... and {len(found) - PROBLEMS_SHOWN} more kinds of problem.")
    return shown


def _problems(space: Workspace, receipt: Receipt) -> tuple[Problem, ...]:
    """The stored findings of a delivery, folded as when it was taken in."""
    import duckdb

    from rcs_pipeline.intake.findings import TABLE
    from rcs_pipeline.intake.report import problems

    path = space.paths.home / (receipt.findings_path or "")
    if not path.is_file():
        return ()
    with duckdb.connect() as connection:
        connection.read_parquet(str(path)).create_view(TABLE)
        return tuple(problems(connection))


def _sentence(receipt: Receipt) -> str:
    counts = f"{receipt.rows_in:,} rows in, {receipt.rows_accepted:,} accepted, "
    counts += f"{receipt.rows_quarantined:,} quarantined"
    if receipt.rows_refused:
        counts += f", {receipt.rows_refused:,} refused"
    reason = f" {receipt.reason.strip()}" if receipt.reason else ""
    number = f"receipt {receipt.id}, " if receipt.id else ""
    return f"{number}{receipt.state.value}: {counts}.{reason}"


def _state(receipts: list[Receipt], current: Receipt | None) -> str:
    if current is not None:
        return "accepted"
    return receipts[-1].state.value if receipts else "missing"


def _exit_code(receipts: list[Receipt]) -> int:
    from rcs_pipeline.ledger.records import ReceiptState

    states = {item.state for item in receipts}
    if ReceiptState.REFUSED in states or any(item.rows_quarantined for item in receipts):
        return ExitCode.FINDINGS
    return ExitCode.NOTHING_TO_DO if states == {ReceiptState.DUPLICATE} else ExitCode.OK
