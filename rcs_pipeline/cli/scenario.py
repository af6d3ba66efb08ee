"""The verb scenario: list the scenarios, and work one out.

Belongs here: its options and output. Does not belong here: the appraisal (see `planning`).
"""

from __future__ import annotations

from pathlib import Path

import click

from rcs_pipeline.cli.output import format_option, next_step, result, table, workspace
from rcs_pipeline.contracts.errors import ExitCode, RcsError


@click.group()
def scenario() -> None:
    """What a change to the services would cost and save."""


@scenario.command("run")
@click.argument("file")
@click.option(
    "--draws", type=click.IntRange(100, 1_000_000), help="Draws for the interval (as the rules say)."
)
@click.option("--seed", type=click.IntRange(min=0), help="Another seed for the draws.")
@format_option
@click.pass_context
def _run(context: click.Context, file: str, draws: int | None, seed: int | None, form: str) -> int:
    """Work out the scenario in FILE, or the one of the contracts with that name. Nothing is stored."""
    from rcs_pipeline.planning.scenario_text import as_text
    from rcs_pipeline.planning.scenarios import as_data, run

    space = workspace(context)
    path = Path(file)
    if not path.is_file():
        path = _named(space.catalogue.folders, file)
    found = run(space, path, draws=draws, seed=seed)
    result(form, as_text(found), **as_data(found))
    next_step(form, f"change a figure in {path} and run it again")
    return ExitCode.OK


@scenario.command("list")
@format_option
@click.pass_context
def _list(context: click.Context, form: str) -> int:
    """The scenarios of the contracts."""
    from rcs_pipeline.contracts.scenario import scenario_files
    from rcs_pipeline.planning.scenarios import titles

    files = scenario_files(workspace(context).catalogue.folders)
    found = titles(files.values())
    rows = [[item.id, item.title, item.collection or ""] for item in found]
    text = table(["scenario", "title", "collection"], rows) if rows else "There are no scenarios."
    result(form, text, scenarios=[{"id": row[0], "title": row[1], "collection": row[2]} for row in rows])
    if not rows:
        return ExitCode.NOTHING_TO_DO
    next_step(form, f"rcs scenario run {rows[0][0]}")
    return ExitCode.OK


def _named(folders: tuple[Path, ...], name: str) -> Path:
    from rcs_pipeline.contracts.lookup import named
    from rcs_pipeline.contracts.scenario import scenario_files

    if "/" in name or name.endswith((".yaml", ".yml")):
        raise RcsError("There is no such file", where=name, todo="Correct the path.")
    return named(scenario_files(folders), name, "scenario")
