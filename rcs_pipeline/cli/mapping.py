"""The verb map: column names that wait for a decision, accepting, listing and dropping mappings.

Belongs here: its options and output. Does not belong here: proposing or deciding (see `intake.mapping`).
"""

from __future__ import annotations

import click

from rcs_pipeline.cli.life import DELIVERY, NAME, REASON, acting
from rcs_pipeline.cli.output import format_option, next_step, result, table, workspace
from rcs_pipeline.contracts.errors import ExitCode, RcsError


@click.group("map", invoke_without_command=True)
@format_option
@click.pass_context
def map(context: click.Context, form: str) -> int | None:
    """Proposed mappings that wait for a decision."""
    if context.invoked_subcommand is not None:
        return None
    from rcs_pipeline.intake.mapping import waiting

    found = waiting(workspace(context))
    lines = [
        f"receipt {item.receipt.id}, {item.receipt.dataset}/{item.receipt.collection}, from {item.sender}: "
        f"{item.proposal}."
        for item in found
    ]
    result(form, "\n".join(lines) or "No column names wait for a decision.", waiting=found)
    if not found:
        return ExitCode.NOTHING_TO_DO
    next_step(form, f"rcs map accept {found[0].receipt.id} --reason ... (or --column THEIRS=OURS)")
    return ExitCode.OK


@map.command("accept")
@DELIVERY
@click.option(
    "--column", "columns", multiple=True, metavar="THEIRS=OURS", help="Only this pair; may be repeated."
)
@click.option(
    "--ignore", "ignored", multiple=True, metavar="THEIRS", help="Leave this column out; may be repeated."
)
@REASON
@NAME
@format_option
@click.pass_context
def _accept(
    context: click.Context, delivery: str, columns: tuple[str, ...], ignored: tuple[str, ...], reason: str,
    name: str | None, form: str,
) -> int:  # fmt: skip
    """Accept the proposal for DELIVERY as a whole, or only the columns given, for its sender."""
    from rcs_pipeline.intake.mapping import accept
    from rcs_pipeline.intake.named import delivery_named

    space = acting(context, name)
    pairs = dict(_pair(item) for item in columns)
    receipt = delivery_named(space, delivery)
    done = accept(space, receipt, reason, columns=pairs, ignored=ignored)
    lines = [
        f"`{item.theirs}` of {done.sender} {f'is `{item.ours}`' if item.ours else 'is left out'} from now on."
        for item in done.mappings
    ]
    lines += [f"`{ours}` is still missing; without it the file stays refused." for ours in done.missing]
    result(form, "\n".join(lines), accepted=done)
    supplier = f" --supplier {receipt.supplier}" if receipt.supplier else ""
    where = f"--dataset {receipt.dataset} --collection {receipt.collection}{supplier}"
    next_step(form, f"rcs ingest {space.paths.originals / receipt.sha256} {where}")
    return ExitCode.FINDINGS if done.missing else ExitCode.OK


@map.command("drop")
@click.argument("number", type=int)
@REASON
@NAME
@format_option
@click.pass_context
def _drop(context: click.Context, number: int, reason: str, name: str | None, form: str) -> int:
    """Take mapping NUMBER back (`rcs map list`)."""
    from rcs_pipeline.intake.mapping import drop

    dropped = drop(acting(context, name), number, reason)
    result(form, f"`{dropped.theirs}` of {dropped.sender} is unknown again.", dropped=dropped)
    return ExitCode.OK


@map.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that were taken back too.")
@format_option
@click.pass_context
def _list(context: click.Context, everything: bool, form: str) -> int:
    """The mappings in force: who accepted them, when and why."""
    found = workspace(context).ledger.mappings()
    shown = [item for item in found if everything or item.dropped_at is None]
    rows = [
        [item.id, item.dataset, item.sender, item.theirs, item.ours or "(left out)", item.accepted_at[:10],
         f"{item.claimed_name} ({item.os_account})", item.reason,
         f"dropped {item.dropped_at[:10]} by {item.dropped_by}" if item.dropped_at else ""]
        for item in shown
    ]  # fmt: skip
    headers = ["no", "dataset", "sender", "theirs", "ours", "accepted", "by", "reason", ""]
    result(form, table(headers, rows) if rows else "No mapping was accepted.", mappings=shown)
    return ExitCode.OK


def _pair(given: str) -> tuple[str, str]:
    theirs, sign, ours = given.rpartition("=")
    if not sign or not theirs.strip() or not ours.strip():
        raise RcsError(f"`{given}` is no pair of columns", expected="THEIRS=OURS, such as school=school_code")
    return theirs.strip(), ours.strip()
