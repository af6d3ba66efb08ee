"""What the verbs about deliveries say of a return, and the verb `rule`.

Belongs here: where a return lies, as lines and as JSON; the rule book.
Does not belong here: making a return (see `returns`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rcs_pipeline.cli.output import format_option, next_step, progress, result, table, workspace
from rcs_pipeline.contracts.errors import ExitCode

if TYPE_CHECKING:
    from rcs_pipeline.ledger.records import Receipt
    from rcs_pipeline.ledger.workspace import Workspace
    from rcs_pipeline.returns.send import Sent


def returned(space: Workspace, receipt: Receipt) -> Sent | None:
    """The return of a delivery, made now if it is not there yet."""
    from rcs_pipeline.returns.send import send_back

    return send_back(space, receipt)


def make_missing(space: Workspace) -> None:
    """Make the returns that a killed run left out or that are out of date, and say so."""
    from rcs_pipeline.returns.send import bring_up_to_date

    for sent in bring_up_to_date(space):
        progress(sent.problem or f"A return that was missing or out of date lies in {sent.folder}.")


def lines_of(sent: Sent | None) -> list[str]:
    """Where the files of a return lie, for people."""
    if sent is None:
        return []
    if sent.problem:
        return [f"{sent.problem} `rcs show` tries again; the delivery itself is not affected."]
    return [f"Return: {path}" for path in sent.files]


def json_of(sent: Sent | None) -> dict[str, Any] | None:
    """The same for programs."""
    if sent is None:
        return None
    return {"folder": str(sent.folder), "files": [str(path) for path in sent.files], "problem": sent.problem}


@click.command()
@click.argument("rule_id", required=False)
@format_option
@click.pass_context
def rule(context: click.Context, rule_id: str | None, form: str) -> int:
    """Explain RULE_ID: what it checks, how bad it is, how to mend it. Without one, list them all."""
    from rcs_pipeline.contracts.rulebook import explain, rulebook

    catalogue = workspace(context).catalogue
    if rule_id is not None:
        explained = explain(catalogue, rule_id)
        result(form, str(explained), rule=explained)
        return ExitCode.OK
    rules = rulebook(catalogue)
    rows = [[item.id, item.severity.value, item.name, _where(item.applies)] for item in rules]
    result(form, table(["rule", "severity", "name", "applies to"], rows), rules=rules)
    next_step(form, f"rcs rule {rules[0].id}")
    return ExitCode.OK


def _where(applies: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    names = [dataset for dataset, _ in applies]
    return names[0] if len(names) == 1 else f"{len(names)} datasets"
