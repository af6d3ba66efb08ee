"""Rows of the very pupils of the last release: other figures of theirs say how many others left or joined.

Belongs here: finding such rows, and those that count pupils whom another table withholds or tells as of
before, in the written files, with SQL of its own.
Does not belong here: rows whose pupils are others (see `audit_earlier`); anything that `protect` uses.

Weights are roll over respondents. Where a pupil leaves, those who stay weigh more, so that a row which that
pupil was never in has another weighted base, and with it another share. A few such rows give the number of
leavers of every weighting cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.earlier import Laid, same_row, seen_in
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, names, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def weights_told(
    connection: DuckDBPyConnection, table: ProductTable, before: Sequence[Laid], whole: str, few: int
) -> list[str]:
    """Rows of `given_now` with the counts of the last release and other figures for the sake of others.

    Of places that have moved: where today's counts of one of their rows, shown or not, are not those that the
    release showed. And, where some place has moved, of groups of which the row of the level `whole` did not,
    or by fewer than `few`. Where the release lacks a column that is hidden with the others, no row of it can
    be kept.
    """
    linked, last = table.extension.linked, next((laid for laid in reversed(before) if laid.stands), None)
    spoken = {item for rule in table.extension.hide for item in rule.hides}
    if linked is None or last is None or not {*table.grain, *spoken} <= last.columns:
        return []
    counts = [item for item in (linked.base, linked.numerator) if item in last.columns]
    figures = sorted({*spoken, *linked.compared} - set(counts))
    system, place = linked.system, (*linked.system, linked.level, linked.place)
    group = tuple(item for item in linked.keys if item not in (linked.level, linked.place))
    seen, then = seen_in(table, last, linked.base, "was"), name(last.view)
    of_whole = f"{name(linked.level)} = {text(whole)}"
    row = connection.execute(f"""
        with others as (
            select truth.*, {_apart(linked, last)} as __apart
            from {WAREHOUSE}.main.{name(table.name)} as truth
            inner join {then} as was on {same_row(table.grain, "truth", "was")}
            where ({seen}) and ({_differ("truth", counts)})
        ),
        moved as (select distinct {_listed(place)} true as __moved from others),
        systems as (select distinct {_listed(system)} true as __moved from others),
        stay as (
            select distinct {_listed(group)} true as __stay from {then} as was
            where {of_whole}
                and exists (select 1 from systems where {_alike(system, "was", "systems")})
                and not exists (
                    select 1 from others
                    where others.{of_whole} and {_alike(group, "others", "was")} and __apart >= {few}
                )
        )
        select count(*) from given_now
        inner join {then} as was on {same_row(table.grain, "given_now", "was")}
        left join moved on {same_row(place, "given_now", "moved")}
        left join stay on {_alike(group, "given_now", "stay")}
        where ({seen}) and given_now.{name(linked.base)} is not null
            and not ({_differ("given_now", counts)})
            and (moved.__moved or stay.__stay) and ({_differ("given_now", figures)})
    """).fetchone()
    found = int(row[0]) if row else 0
    says = "rows of the same pupils have figures that say how many others left or joined"
    return [f"{found} {says}"] * (found > 0)


def follows_not(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable,
    before: Sequence[Laid],
) -> list[str]:  # fmt: skip
    """Rows of `given_now` that tell today's pupils, where the table that it follows does not."""
    last = next((laid for laid in reversed(before) if laid.stands), None)
    linked = table.extension.linked
    spoken = {item for rule in table.extension.hide for item in rule.hides}
    if last is None or linked is None or table.extension.follows is None:
        return []
    if not {*table.grain, *spoken} <= last.columns:
        return []
    counts = [item for item in (linked.base, linked.numerator) if item]
    row = connection.execute(f"""
        select count(*) from given_now
        inner join {name(last.view)} as was on {same_row(table.grain, "given_now", "was")}
        where ({seen_in(table, last, linked.base, "was")}) and given_now.{name(linked.base)} is not null
            and ({_differ("given_now", counts)}) and {followed(folder, product, audience, table, "given_now")}
    """).fetchone()
    found = int(row[0]) if row else 0
    return [f"{found} rows tell pupils whom `{table.extension.follows.table}` does not"] * (found > 0)


def told_elsewhere(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable
) -> int:
    """Rows that count today's pupils in sight, where the table that counts them first withholds them."""
    linked, follows = table.extension.linked, table.extension.follows
    if linked is None:
        return 0
    named = follows.table if follows else linked.whole.table if linked.whole else None
    other = next((item for item in product.tables if item.name == named), None)
    first = other.extension.linked if other else None
    if other is None or first is None or not other.columns_for(audience):
        return 0
    if follows is not None:
        same = {their: f"held.{name(our)}" for their, our in follows.same.items()}
        same |= {column: text(value) for column, value in follows.where.items()}
    else:
        ours = (f"held.{name(key)}" for key in linked.keys if key != linked.line)
        same = dict(zip(first.keys, ours, strict=True))
    counted, base = name(first.base), name(linked.base)
    file, others = (
        text(str(folder / "protected" / audience / f"{item}.parquet")) for item in (table.name, other.name)
    )
    row = connection.execute(f"""
        select count(*) from read_parquet({file}) as held
        inner join {WAREHOUSE}.main.{name(table.name)} as today
            on {same_row(linked.keys, "held", "today")} and held.{base} = today.{base}
        inner join read_parquet({others}) as told
            on {" and ".join(f"told.{name(column)} = {value}" for column, value in same.items())}
        inner join {WAREHOUSE}.main.{name(other.name)} as truth on {same_row(other.grain, "told", "truth")}
        where told.{counted} is null and truth.{counted} is not null
    """).fetchone()
    return int(row[0]) if row else 0


def followed(folder: Path, product: Product, audience: str, table: ProductTable, rows: str) -> str:
    """That the followed table's row of the same pupils is withheld, or not of today, as SQL."""
    follows = table.extension.follows
    other = next((item for item in product.tables if follows and item.name == follows.table), None)
    if follows is None or other is None or other.extension.linked is None:
        return "false"
    base = other.extension.linked.base
    file = folder / "protected" / audience / f"{other.name}.parquet"
    same = [f"told.{name(theirs)} = {rows}.{name(ours)}" for theirs, ours in follows.same.items()]
    same += [f"told.{name(column)} = {text(value)}" for column, value in follows.where.items()]
    return (
        f"exists (select 1 from read_parquet({text(str(file))}) as told"
        f" inner join {WAREHOUSE}.main.{name(other.name)} as truth"
        f" on {same_row(other.grain, 'told', 'truth')}"
        f" where {' and '.join(same)} and told.{name(base)} is distinct from truth.{name(base)})"
    )


def _apart(linked: LinkedTable, last: Laid) -> str:
    numerator = linked.numerator if linked.numerator in last.columns else None
    return most_apart(linked.base, numerator, "truth", "was")


def most_apart(base: str, numerator: str | None, now: str, then: str) -> str:
    """How many people differ at least: by the base, by those counted and by those not counted, as SQL."""
    by = [f"{now}.{name(base)} - {then}.{name(base)}"]
    if numerator:
        by.append(f"{now}.{name(numerator)} - {then}.{name(numerator)}")
        by.append(f"({by[0]}) - ({by[1]})")
    return f"greatest({', '.join(f'abs({item})' for item in by)})"


def _listed(columns: tuple[str, ...]) -> str:
    return f"{names(columns)}," if columns else ""


def _alike(columns: tuple[str, ...], one: str, other: str) -> str:
    return same_row(columns, one, other) or "true"


def _differ(rows: str, columns: Sequence[str]) -> str:
    return (
        " or ".join(f"{rows}.{name(item)} is distinct from was.{name(item)}" for item in columns) or "false"
    )
