"""Verbs about candidates: build, verdicts, query.

Belongs here: their options and output. Does not belong here: building or judging (see `gate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rcs_pipeline.cli.output import deliveries, format_option, next_step, progress, result, table, workspace
from rcs_pipeline.contracts.errors import ExitCode

if TYPE_CHECKING:
    from rcs_pipeline.ledger.records import CandidateRecord
    from rcs_pipeline.ledger.workspace import Workspace

PRODUCT = click.option("--product", default="rcs", show_default=True, help="The data product.")
CANDIDATE = click.option("--candidate", help="The beginning of a candidate's hash; the newest without it.")
SHOWN = 20


@click.command()
@PRODUCT
@format_option
@click.pass_context
def build(context: click.Context, product: str, form: str) -> int:
    """Build a candidate from the raw lake, protect it, and judge it."""
    from rcs_pipeline.gate.candidate import make_candidate
    from rcs_pipeline.gate.decision import decide

    space = workspace(context)
    progress(f"Building `{product}` from {deliveries(len(space.ledger.current_receipts()), 'current ')} ...")
    record = make_candidate(space, product, say=progress)
    decision = decide(space, record)
    rows = [[name, f"{about['rows']:,}"] for name, about in sorted(record.tables.items())]
    gate = "open" if decision.open else "closed"
    text = f"Candidate {record.hash[:16]}: {len(record.required_checks)} checks, the gate is {gate}.\n"
    text += table(["table", "rows"], rows)
    if not decision.open:
        text += "\n" + "\n".join(decision.reasons[:SHOWN])
    result(form, text, candidate=record, gate=gate, reasons=decision.reasons)
    next_step(
        form,
        f"rcs plan --product {product}" if decision.open else f"rcs verdicts --candidate {record.hash[:16]}",
    )
    return ExitCode.OK if decision.open else ExitCode.FINDINGS


@click.command()
@PRODUCT
@CANDIDATE
@click.option("--all", "everything", is_flag=True, help="Passing verdicts too.")
@format_option
@click.pass_context
def verdicts(context: click.Context, product: str, candidate: str | None, everything: bool, form: str) -> int:
    """The verdicts on a candidate, the failing ones first, and whether the gate is open."""
    from rcs_pipeline.gate.decision import decide
    from rcs_pipeline.ledger.records import Outcome

    space = workspace(context)
    record = candidate_of(space, product, candidate)
    decision = decide(space, record)
    known = sorted(
        space.ledger.verdicts(record.hash), key=lambda item: (item.outcome is Outcome.PASS, item.check)
    )
    shown = [item for item in known if everything or item.outcome is not Outcome.PASS]
    passed = sum(item.outcome is Outcome.PASS for item in known)
    lines = [
        f"{item.outcome.value:5} {item.check}: {item.message} {item.guidance}".rstrip() for item in shown
    ]
    told = tuple(f"`{item.check}` " for item in shown)
    lines += [f"closed {reason}" for reason in decision.reasons if not reason.startswith(told)]
    lines.append(
        f"{passed} of {len(known)} verdicts pass; the gate is {'open' if decision.open else 'closed'}."
    )
    result(
        form,
        "\n".join(lines),
        candidate=record.hash,
        open=decision.open,
        reasons=decision.reasons,
        verdicts=shown,
    )
    return ExitCode.OK if decision.open else ExitCode.FINDINGS


@click.command()
@click.argument("sql")
@PRODUCT
@CANDIDATE
@click.option(
    "--limit", type=click.IntRange(min=1), default=1_000, show_default=True, help="At most so many rows."
)
@format_option
@click.pass_context
def query(
    context: click.Context, sql: str, product: str, candidate: str | None, limit: int, form: str
) -> int:
    """Ask the marts of a candidate: SQL is one SELECT. Read-only; who asked what is recorded."""
    from rcs_pipeline.warehouse.query import query as ask

    space = workspace(context)
    answer = ask(space, candidate_of(space, product, candidate), sql, limit=limit)
    result(
        form, table(answer.columns, answer.rows), columns=answer.columns, rows=answer.rows, more=answer.more
    )
    if answer.more:
        progress(f"Only the first {limit} rows are shown; `--limit` shows more.")
    return ExitCode.OK


def candidate_of(space: Workspace, product: str, name: str | None) -> CandidateRecord:
    """The candidate that a name begins, or the newest of the product."""
    from rcs_pipeline.warehouse.query import current_build

    return space.ledger.candidate(name) if name else current_build(space, product)
