"""Verbs about what becomes of deliveries: status, show, confirm, withdraw, purge, key.

Belongs here: their options and output.
Does not belong here: deciding anything (see `intake`), column names (see `mapping`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rcs_pipeline.cli.build import PRODUCT
from rcs_pipeline.cli.output import format_option, next_step, result, table, workspace
from rcs_pipeline.cli.release import take_back
from rcs_pipeline.cli.returns import json_of, lines_of, make_missing, returned
from rcs_pipeline.cli.told import sentence, shortened, stored_problems
from rcs_pipeline.contracts.errors import ExitCode, RcsError

if TYPE_CHECKING:
    from rcs_pipeline.ledger.workspace import Workspace

NAME = click.option(
    "--as", "name", metavar="NAME", help="Who decides; the account is recorded beside the name."
)
REASON = click.option("--reason", required=True, help="Why; it is recorded.")
DELIVERY = click.argument("delivery")


@click.command()
@click.option("--dataset", help="Only this kind of delivery.")
@format_option
@click.pass_context
def status(context: click.Context, dataset: str | None, form: str) -> int:
    """Collections and datasets: due, late or missing, received, accepted, quarantined, waiting."""
    from rcs_pipeline.intake.due import standings

    found = standings(workspace(context), dataset)
    rows = [
        [
            item.collection, item.dataset, item.due or "-",
            item.state + (f", {item.waiting} waits" if item.waiting and item.state != "waiting" else ""),
            f"{item.days_late:,}" if item.days_late else "", f"{item.rows_accepted:,}",
            f"{item.rows_quarantined:,}", f"{item.rows_waiting:,}" if item.rows_waiting else "",
            item.receipts, item.last_receipt,
        ]
        for item in found
    ]  # fmt: skip
    headers = ["collection", "dataset", "due", "state", "days late", "accepted", "quarantined", "waiting"]
    result(form, table([*headers, "receipts", "last"], rows), status=found)
    waits = [item.waiting for item in found if item.waiting]
    if waits:
        next_step(form, f"rcs show {waits[0]}")
    return ExitCode.OK


@click.command()
@DELIVERY
@format_option
@click.pass_context
def show(context: click.Context, delivery: str, form: str) -> int:
    """The whole life of DELIVERY: a receipt number, or the beginning of a sha256."""
    from rcs_pipeline.intake.life import life_of
    from rcs_pipeline.intake.named import deliveries_named

    space = workspace(context)
    lives = [life_of(space, item) for item in deliveries_named(space, delivery)]
    lines = []
    for life in lives:
        item = life.receipt
        lines.append(f"{item.dataset}/{item.collection}  {sentence(item)}")
        lines += [f"  {step}" for step in life.steps]
        lines += [f"  {problem}" for problem in shortened(stored_problems(space, item))]
        lines += [f"  in candidate {name[:16]}" for name in life.candidates]
        lines += [f"  in release {name}" for name in life.releases]
        stored = {"findings": item.findings_path, "quarantine": item.quarantine_path, "rows": item.raw_path}
        lines += [f"  {name}: {space.paths.home / path}" for name, path in stored.items() if path]
        lines += [f"  {line}" for line in lines_of(returned(space, item))]
    returns = [json_of(returned(space, life.receipt)) for life in lives]
    receipts = [life.receipt for life in lives]
    result(form, "\n".join(lines), receipts=receipts, lives=lives, returns=returns)
    return ExitCode.OK


@click.command()
@DELIVERY
@REASON
@click.option("--reject", "refuse", is_flag=True, help="Say no: the delivery is refused.")
@NAME
@format_option
@click.pass_context
def confirm(
    context: click.Context, delivery: str, reason: str, refuse: bool, name: str | None, form: str
) -> int:
    """Say that what is unusual about DELIVERY is right; its rows count from now on."""
    from rcs_pipeline.intake.confirm import confirm as say_yes
    from rcs_pipeline.intake.confirm import reject
    from rcs_pipeline.intake.named import delivery_named

    space = acting(context, name)
    decide = reject if refuse else say_yes
    receipt = decide(space, delivery_named(space, delivery), reason)
    result(form, sentence(receipt), receipt=receipt)
    if not refuse:
        next_step(form, "rcs build")
    return ExitCode.OK


@click.command()
@click.option("--pupils", type=click.Path(path_type=Path), metavar="FILE", help="A list of identifiers.")
@click.option("--dataset", help="With --pupils: only from this kind of delivery.")
@click.option("--delivery", help="A whole delivery: its receipt number or the beginning of its sha256.")
@click.option("--release", "version", metavar="VERSION", help="A release: nobody is to use it any more.")
@PRODUCT
@REASON
@NAME
@format_option
@click.pass_context
def withdraw(
    context: click.Context, pupils: Path | None, dataset: str | None, delivery: str | None,
    version: str | None, product: str, reason: str, name: str | None, form: str,
) -> int:  # fmt: skip
    """Erase the rows of the listed pupils, here and in later deliveries, or those of a whole delivery.

    With --release: take a release back. Its folder stays; if it was the current one, the pointers of all
    audiences move to the newest release that may be used.
    """
    from rcs_pipeline.intake.named import delivery_named
    from rcs_pipeline.intake.withdraw import withdraw_delivery, withdraw_pupils

    space = acting(context, name)
    given = [item for item in (pupils, delivery, version) if item is not None]
    if len(given) != 1 or (dataset and pupils is None):
        raise RcsError(
            "It is not said what to withdraw",
            expected="one of --pupils FILE, --delivery ID, --release VERSION",
        )
    if version is not None:
        return take_back(space, product, version, reason, form)
    if pupils is not None:
        done = withdraw_pupils(space, pupils, reason, dataset)
    else:
        done = withdraw_delivery(space, delivery_named(space, str(delivery)), reason)
    entry = done.withdrawal
    lines = []
    if entry.kind == "pupils":
        lines.append(
            f"{entry.pupils:,} pupil(s) withdrawn; {entry.found:,} had rows here. Later files lose them too."
        )
    lines += [f"receipt {number}: {rows:,} row(s) erased." for number, rows in entry.deliveries.items()]
    lines += [f"candidate {item[:16]} held them; its pupil tables are erased." for item in done.candidates]
    lines += [f"Release {item} held them, and is still out as it was." for item in entry.releases]
    result(form, "\n".join(lines), withdrawal=entry, candidates=done.candidates)
    next_step(form, "rcs build")
    return ExitCode.OK


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@NAME
@format_option
@click.pass_context
def purge(context: click.Context, dry_run: bool, name: str | None, form: str) -> int:
    """Erase originals, quarantined rows and findings that were kept as long as the register says."""
    from rcs_pipeline.intake import purge as retention

    space = acting(context, name)
    items = retention.due(space) if dry_run else retention.purge(space)
    if items and not dry_run:
        # What was made from the erased files goes with them.
        make_missing(space)
    rows = [[item.of, item.place, item.received[:10], f"{item.days} days", item.reason] for item in items]
    said = "would be erased" if dry_run else "erased"
    text = table(["of", "file", "received", "kept", "rule"], rows) + f"\n{len(items):,} file(s) {said}."
    result(form, text if items else "Nothing was kept too long.", purged=items, dry_run=dry_run)
    if dry_run and items:
        next_step(form, "rcs purge")
    return ExitCode.OK if items else ExitCode.NOTHING_TO_DO


@click.group()
def key() -> None:
    """The keys that pseudonyms are made with, by their fingerprints."""


@key.command("list")
@format_option
@click.pass_context
def _keys(context: click.Context, form: str) -> int:
    """The chain of keys: first to last, since when, by whom and why."""
    chain = workspace(context).ledger.key_chain()
    rows = [
        [item.id, item.fingerprint, item.since[:10], f"{item.claimed_name} ({item.os_account})", item.reason]
        for item in chain
    ]
    text = table(["no", "fingerprint", "since", "by", "reason"], rows)
    result(form, text if rows else "No pseudonym was made yet.", chain=chain)
    return ExitCode.OK


@key.command("rotate")
@REASON
@NAME
@format_option
@click.pass_context
def _rotate(context: click.Context, reason: str, name: str | None, form: str) -> int:
    """Lay the key that was added last over every stored pseudonym. Originals are not needed."""
    from rcs_pipeline.intake.rotate import rotate

    done = rotate(acting(context, name), reason)
    text = f"{done.deliveries:,} deliveries and {done.lists:,} list(s) have new pseudonyms.\n"
    text += f"Keep all {len(done.chain)} keys, in their order: later files need each of them."
    result(form, text, rotated=done)
    next_step(form, "rcs build")
    return ExitCode.OK


def acting(context: click.Context, name: str | None) -> Workspace:
    """The workspace under the name given with the verb, or else the one given before it."""
    space = workspace(context)
    return space.acting_as(name) if name else space
