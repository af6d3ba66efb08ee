"""The verb template.

Belongs here: its options and output. Does not belong here: the workbook (see `returns`).
"""

from __future__ import annotations

from pathlib import Path

import click

from rcs_pipeline.cli.output import format_option, next_step, result, workspace
from rcs_pipeline.contracts.errors import ExitCode


@click.command()
@click.argument("dataset")
@click.option("--collection", required=True, help="The collection it is for, such as t2-falkirk-2016.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The workbook to write (.xlsx).")
@format_option
@click.pass_context
def template(context: click.Context, dataset: str, collection: str, out: Path, form: str) -> int:
    """Write a workbook in which a sender fills in DATASET, made from its contract."""
    from rcs_pipeline.returns.template import write_template

    summary = write_template(workspace(context), dataset, collection, out)
    text = f"{summary.path}: {summary.contract_id} {summary.contract_version}, {summary.columns} columns"
    text += f" on the sheet `{summary.sheet}`"
    if summary.prefilled:
        text += f", {summary.prefilled:,} rows filled in from {summary.prefilled_from}"
    result(form, f"{text}.", template=summary)
    next_step(form, f"rcs check {out} --dataset {dataset} --collection {collection}")
    return ExitCode.OK
