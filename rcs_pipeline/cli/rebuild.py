"""The verb rebuild: does a release follow from its inputs?

Belongs here: its options and output. Does not belong here: making or comparing (see `release.rebuild`).
"""

from __future__ import annotations

import click

from rcs_pipeline.cli.build import PRODUCT
from rcs_pipeline.cli.output import format_option, progress, result, workspace
from rcs_pipeline.contracts.errors import ExitCode

SHOWN = 20


@click.command()
@click.argument("version")
@PRODUCT
@format_option
@click.pass_context
def rebuild(context: click.Context, version: str, product: str, form: str) -> int:
    """Make release VERSION again from the raw lake and compare its data files to the byte."""
    from rcs_pipeline.release.rebuild import rebuild as make_again
    from rcs_pipeline.site.index import write_pages

    progress(f"Making {product} {version} again from the deliveries that it was built from ...")
    found = make_again(workspace(context), product, version, pages=write_pages)
    lines = [
        f"{item.rows:,} of {item.of:,} rows of {item.dataset} of {item.collection} (receipt {item.receipt})"
        " were withdrawn or purged since."
        for item in found.gone
    ]
    lines += [str(item) for item in found.others]
    if not found.on_record:
        lines.append("Which code and measures made it is not on record: it is older than that record.")
    elif not found.others:
        lines.append("Code, contracts, measures and packages are those that made it.")
    lines += [f"differs: {name}" for name in found.different[:SHOWN]]
    if len(found.different) > SHOWN:
        lines.append(f"... and {len(found.different) - SHOWN:,} more.")
    lines.append(f"{found.equal:,} files are equal to the byte, {len(found.different):,} differ.")
    result(form, "\n".join(lines), same=found.same, rebuilt=found)
    return ExitCode.OK if found.same else ExitCode.FINDINGS
