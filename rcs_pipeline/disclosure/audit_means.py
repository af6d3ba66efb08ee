"""What means that were given before, beside those of today, say of those who are left of a sum.

Belongs here: the score of those whom no part in sight counts, as a reader works it out twice, and how near
that can be known beside rounding.
Does not belong here: sums of counts (see `audit_linked_before`), anything that `protect` uses to decide.

Of the same people another score is somebody's other answer. The attacker knows the weights, and takes a part
that is shown as it was, its base too, for the same people. Only what was in sight is looked at: of people
whom an earlier release hid nobody knows that they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.rounding import RoundingPolicy
from rcs_pipeline.disclosure.audit_cells import SHAPE, shape
from rcs_pipeline.disclosure.audit_weighted import share_step
from rcs_pipeline.disclosure.earlier import Laid
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DUST = 1e-6


def told_by_means(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable,
    linked: LinkedTable, before: Sequence[Laid],
) -> int:  # fmt: skip
    """Sums whose means say that somebody of those who are left has another score, and the same people are.

    Reads `attacked`, `attacked_sums`, `attacked_then` and `attacked_new`.
    """
    rounding = product.file.rounding
    if linked.mean is None or rounding is None:
        return 0
    _lay_means(connection, folder, audience, table, linked, before)
    _lay_moved(connection, rounding)
    row = connection.execute(f"""
        with parts as (
            select total, release, sum(by_base) as by_base, sum(by_weight) as by_weight,
                sum(mean * weight - mean_then * (weight - by_weight)) as by_score,
                sum(case when same then 0
                    else weight * off_now + (weight - by_weight) * off_then + off_by_weight end) as off
            from means_moved where sign > 0 and in_sight group by total, release
        ),
        wholes as (
            select mean * weight - mean_then * (weight - coalesce(parts.by_weight, 0))
                    - coalesce(parts.by_score, 0) as by_score,
                weight * off_now + (weight - coalesce(parts.by_weight, 0)) * off_then + coalesce(off, 0)
                    as off
            from means_moved as whole left join parts using (total, release)
            where whole.sign < 0 and not same and whole.by_base = coalesce(parts.by_base, 0)
        )
        select count(*) from wholes where abs(by_score) > off + {DUST}
    """).fetchone()
    return int(row[0]) if row else 0


def _lay_moved(connection: DuckDBPyConnection, rounding: RoundingPolicy) -> None:
    """`means_moved`: the cells of each sum whose parts were all in sight, or are of nobody who was there.

    `same`: it is shown as it was, so of the same people, and off by the same. `by_weight`: by how much the
    weight moved, of a whole as far as it shows; `off_*`: how far what is shown may be from the truth.
    """
    steps = {side: share_step(rounding, f"cast({side}.base as double)") for side in ("now", "was")}
    connection.execute(f"""
        create or replace temp table means_moved as
        with moved as (
            select now.cell, now.release, now.base - coalesce(was.base, 0) as by_base,
                was.base = now.base and was.weight = now.weight as same_weight,
                was.mean is not distinct from now.mean and same_weight as same,
                now.mean, coalesce(was.mean, 0) as mean_then, now.truly as weight,
                case when was.cell is null then now.truly when same_weight then 0
                    else now.truly - was.weight end as by_weight,
                case when was.cell is null or same_weight then 0
                    else {float(rounding.people_step)} / 2 * abs(was.mean) end as off_by_weight,
                {steps["now"]} / 2 as off_now,
                case when was.cell is null then 0 else {steps["was"]} / 2 end as off_then
            from means_now as now
            left join means_then as was using (cell, release)
            left join attacked_new as newcomers using (cell, release)
            where was.cell is not null or newcomers.cell is not null
        )
        select total, release, sign, moved.cell is not null as in_sight, moved.* exclude (cell, release)
        from attacked_sums
        cross join (select distinct release from attacked_then)
        left join moved using (cell, release)
        left join means_then as kept using (cell, release)
        qualify bool_and(moved.cell is not null or sign > 0 and kept.cell is not null)
            over (partition by total, release)
    """)


def _lay_means(
    connection: DuckDBPyConnection, folder: Path, audience: str, table: ProductTable, linked: LinkedTable,
    before: Sequence[Laid],
) -> None:  # fmt: skip
    """`means_now` and `means_then`: the means in sight of each cell, beside each release.

    `truly`: the weight behind a mean of today.
    """
    assert linked.mean is not None  # noqa: S101  (asked by the only caller)
    value, weight = linked.mean.value, linked.mean.weight
    wanted = {*linked.keys, linked.base, value, weight}

    def means(rows: str) -> str:
        return (
            f"{shape(linked, rows)}, cast({rows}.{name(linked.base)} as bigint) as base,"
            f" cast({rows}.{name(value)} as double) as mean, cast({rows}.{name(weight)} as double) as weight"
        )

    keys = ", ".join(SHAPE)
    of_means = "attacked.numerator is null and mean is not null and weight is not null"
    given = text(str(judged_file(folder, audience, table.name)))
    same = " and ".join(f"held.{name(key)} is not distinct from truth.{name(key)}" for key in linked.keys)
    connection.execute(f"""
        create or replace temp table means_now as
        select attacked.cell, releases.release, given.base, mean, weight, truly
        from attacked
        inner join (
            select {means("held")}, cast(truth.{name(weight)} as double) as truly
            from read_parquet({given}) as held
            inner join {WAREHOUSE}.main.{name(table.name)} as truth on {same}
        ) as given using ({keys})
        cross join (select distinct release from attacked_then) as releases
        where {of_means}
    """)
    then = [
        f"select {release} as release, {means('rows_then')} from {name(laid.view)} as rows_then"
        for release, laid in enumerate(before)
        if wanted <= laid.columns
    ] or [f"select -1 as release, {means('held')} from read_parquet({given}) as held where false"]
    connection.execute(f"""
        create or replace temp table means_then as
        select attacked.cell, release, was.base, mean, weight
        from attacked inner join ({" union all ".join(then)}) as was using ({keys})
        where {of_means}
    """)
