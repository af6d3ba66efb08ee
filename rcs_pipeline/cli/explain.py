"""The verb explain.

Belongs here: its options, and the one object of its JSON.
Does not belong here: the sentences (see `explained`), the work (see `warehouse.explain`).
"""

from __future__ import annotations

import click

from rcs_pipeline.cli.build import CANDIDATE, PRODUCT, candidate_of
from rcs_pipeline.cli.output import format_option, next_step, result, workspace
from rcs_pipeline.contracts.errors import ExitCode


@click.command()
@click.argument("indicator")
@click.argument("place")
@click.argument("group", default="all")
@click.option("--wave", help="Of a place with several; the newest without it.")
@click.option(
    "--clusters",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help="Schools to list.",
)
@PRODUCT
@CANDIDATE
@format_option
@click.pass_context
def explain(
    context: click.Context,
    indicator: str,
    place: str,
    group: str,
    wave: str | None,
    clusters: int,
    product: str,
    candidate: str | None,
    form: str,
) -> int:
    """Follow one number back: INDICATOR at a PLACE, for everybody or a GROUP.

    PLACE is a collection, a partnership's code or name, `tranche-1`, `programme` or a school's code; GROUP is
    `sex=female` or `sex+stage=female+S4`. What it shows is not protected; who asked for what is recorded.
    """
    from rcs_pipeline.cli.explained import as_json, as_text
    from rcs_pipeline.disclosure.shown import bands_shown_to, shown_to
    from rcs_pipeline.warehouse.explain.explanation import explain as follow
    from rcs_pipeline.warehouse.tabulation import ESTIMATES

    space = workspace(context)
    record = candidate_of(space, product, candidate)
    told = follow(space, record, indicator, place, group, wave)
    contracts = space.catalogue.product(record.product)
    table = contracts.table(ESTIMATES)
    folder, grain = space.paths.home / record.path, told.asked.grain
    shown = (*shown_to(folder, contracts, table, grain), *bands_shown_to(folder, contracts, grain))
    few = contracts.file.disclosure.minimum_count
    text = as_text(record, told, shown, listed=clusters, few=few)
    result(form, text, **as_json(record, told, shown, listed=clusters, few=few))
    same = " and ".join(
        f"{column}='{value}'" for column, value in told.asked.grain.items() if "group" not in column
    )
    next_step(
        form,
        f'rcs query --candidate {record.hash[:16]} "select * from {told.asked.table} where {same}"'
        if told.agrees
        else f"rcs verdicts --candidate {record.hash[:16]}",
    )
    return ExitCode.OK if told.agrees else ExitCode.FINDINGS
