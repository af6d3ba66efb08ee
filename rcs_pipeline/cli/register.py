"""The verb register: a map beside the register of care services, and decisions about matches.

Belongs here: its options and output. Does not belong here: matching or deciding (see `planning`).
"""

from __future__ import annotations

import click

from rcs_pipeline.cli.life import NAME, REASON, acting
from rcs_pipeline.cli.output import format_option, next_step, progress, result, table, workspace
from rcs_pipeline.contracts.errors import ExitCode

SHOWN = 20


@click.group()
def register() -> None:
    """Is the map complete? What is registered, mapped, both; accept or reject a match."""


@register.command("compare")
@click.argument("collection")
@click.option("--all", "everything", is_flag=True, help="Every row, and not the first of each table.")
@format_option
@click.pass_context
def _compare(context: click.Context, collection: str, everything: bool, form: str) -> int:
    """The map of COLLECTION beside the register; the tables are stored as CSV among the reports."""
    from rcs_pipeline.planning.register import compare, store

    space = workspace(context)
    found = compare(space, collection)
    tables = found.tables()
    text = [
        f"{collection}: {len(found.services):,} services in the map, {len(found.entries):,} registered on "
        f"{found.as_of:%d %B %Y}: {len(found.same):,} in both, {len(found.review):,} to look at, "
        f"{len(found.not_mapped):,} registered and not mapped, {len(found.not_registered):,} mapped and not "
        f"registered, {len(found.places_differ):,} with other places."
    ]
    for part in tables:
        rows = part.rows if everything else part.rows[:SHOWN]
        more = f" (the first {SHOWN} of {len(part.rows):,})" if len(rows) < len(part.rows) else ""
        text.append(f"\n{part.title}: {len(part.rows):,}{more}")
        if rows:
            text.append(table(part.columns, rows))
    result(
        form,
        "\n".join(text),
        collection=collection,
        register_of=found.as_of,
        tables={
            part.name: [dict(zip(part.columns, row, strict=True)) for row in part.rows] for part in tables
        },
    )
    for path in store(space, found):
        progress(str(path))
    if found.review:
        pair = found.review[0]
        next_step(
            form,
            f"rcs register accept {collection} {pair.service.service_id} {pair.entry.number} --reason ... "
            "(or reject)",
        )
    return ExitCode.OK


def _decision(answer: str) -> click.Command:
    word = {"yes": "accept", "no": "reject"}[answer]

    @click.argument("collection")
    @click.argument("service_id")
    @click.argument("number")
    @REASON
    @NAME
    @format_option
    @click.pass_context
    def command(
        context: click.Context, collection: str, service_id: str, number: str, reason: str, name: str | None,
        form: str,
    ) -> int:  # fmt: skip
        from rcs_pipeline.planning.register import decide

        made = decide(acting(context, name), collection, service_id, number, answer, reason)
        verb = "is" if answer == "yes" else "is not"
        result(form, f"`{service_id}` {verb} `{number}` from now on.", decision=made)
        next_step(form, f"rcs register compare {collection}")
        return ExitCode.OK

    command.__doc__ = (
        f"Say that SERVICE_ID of the map of COLLECTION is{'' if answer == 'yes' else ' not'} NUMBER."
    )
    return click.command(word)(command)


register.add_command(_decision("yes"))
register.add_command(_decision("no"))


@register.command("drop")
@click.argument("decision", type=int)
@REASON
@NAME
@format_option
@click.pass_context
def _drop(context: click.Context, decision: int, reason: str, name: str | None, form: str) -> int:
    """Take DECISION back (`rcs register list`)."""
    from rcs_pipeline.planning.register import drop

    dropped = drop(acting(context, name), decision, reason)
    result(form, f"Decision {decision} about `{dropped.service_id}` is taken back.", decision=dropped)
    return ExitCode.OK


@register.command("list")
@format_option
@click.pass_context
def _list(context: click.Context, form: str) -> int:
    """The decisions in force: who said what, when and why."""
    found = [item for item in workspace(context).ledger.match_decisions() if item.dropped_at is None]
    rows = [
        [item.id, item.cpp_code, item.service_id, item.register_number, item.answer, item.at[:10],
         f"{item.claimed_name} ({item.os_account})", item.reason]
        for item in found
    ]  # fmt: skip
    headers = ["no", "partnership", "service", "entry", "the same", "decided", "by", "reason"]
    result(form, table(headers, rows) if rows else "Nothing was decided.", decisions=found)
    return ExitCode.OK
