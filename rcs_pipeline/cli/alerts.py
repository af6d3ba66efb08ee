"""The verb alerts: what somebody should see to.

Belongs here: its option and output. Does not belong here: finding causes and telling them (see `release`).
"""

from __future__ import annotations

import click

from rcs_pipeline.cli.output import format_option, next_step, result, workspace
from rcs_pipeline.contracts.errors import ExitCode


@click.command()
@click.option("--send", is_flag=True, help="Hand what nobody was told of to the hooks; each cause once.")
@format_option
@click.pass_context
def alerts(context: click.Context, send: bool, form: str) -> int:
    """What stands in the way of deliveries and releases, by the ledger. Without --send nobody is told."""
    from rcs_pipeline.release.alerts import raise_alerts, standing_alerts

    space = workspace(context)
    standing = raise_alerts(space) if send else standing_alerts(space)
    lines = []
    for item in standing:
        lines += [
            f"{'told' if item.told else 'NEW ':5} {item.title}, since {item.since}",
            f"      {item.text}",
        ]
        lines += [f"      {item.guidance}"]
    result(form, "\n".join(lines) or "Nothing stands in the way.", alerts=standing)
    if any(not item.told for item in standing) and not send:
        next_step(form, "rcs alerts --send")
    return ExitCode.FINDINGS if standing else ExitCode.OK
