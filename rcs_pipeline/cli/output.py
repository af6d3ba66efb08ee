"""How results look: text for people, JSON for programs.

Belongs here: opening the workspace from the global options, tables, JSON, the next command.
Does not belong here: any verb.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rcs_pipeline.ledger.workspace import Workspace

SCHEMA_VERSION = 1


def workspace(context: click.Context) -> Workspace:
    """The workspace that the global options name."""
    from rcs_pipeline.ledger.settings import load_settings
    from rcs_pipeline.ledger.workspace import Workspace

    return Workspace(load_settings(context.obj))


def format_option(command: Any) -> Any:
    """`--format text|json` on a verb."""
    return click.option(
        "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
    )(command)


def result(form: str, text: str, **content: Any) -> None:
    """Print the result to stdout, in the form that was asked for."""
    if form == "json":
        whole = _finite({"schema_version": SCHEMA_VERSION, **content})
        click.echo(json.dumps(whole, default=str, indent=2, allow_nan=False))
    elif text:
        click.echo(text)


def progress(text: str) -> None:
    """A line about what is going on, to stderr."""
    click.echo(text, err=True)


def next_step(form: str, command: str) -> None:
    """The last line of a text result: what to type next."""
    if form == "text":
        click.echo(f"Next: {command}")


def deliveries(number: int, kind: str = "") -> str:
    """`1 delivery`, `33 current deliveries`."""
    return f"{number:,} {kind}{'delivery' if number == 1 else 'deliveries'}"


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns lined up with blanks; NULL is an empty cell."""
    lines = [["" if cell is None else str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(headers))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _finite(value: Any) -> Any:
    """Records and sequences as JSON knows them, with null for NaN and infinity, which it does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(name): _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_finite(item) for item in value]
    return value
