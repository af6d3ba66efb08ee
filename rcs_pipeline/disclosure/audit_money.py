"""The attack on withheld money: what a reader works out from the written files, and how many earn it.

Belongs here: reading the protected files again, the shown lines and what is left of each margin beside them,
provider by provider, and one verdict for each audience.
Does not belong here: anything by which the warehouse decides what is withheld (`providers_behind`).

The warehouse is asked what each provider earns in each line, and which lines add up to one sum that a reader
knows (the side of a share that is told, or the whole; `audit_money_together` takes that from the file). A
line in sight tells its own amount; the lines that are withheld of a margin of which others are in sight tell
theirs together. Each must be of `minimum_providers` or more, not counting those who share the last tenth
(`dominant_share`), or of nobody. What two releases of the same map give away together is
`audit_money_before`, what its breakdowns say of one another `audit_money_together`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy
from rcs_pipeline.contracts.money import AddedUp, MoneyLines
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import Symbol
from rcs_pipeline.disclosure import audit_money_before, audit_money_together
from rcs_pipeline.disclosure.earlier import Given
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, text
from rcs_pipeline.ledger.records import Outcome

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def check_of(audience: str) -> str:
    """The id of an audience's verdict."""
    return f"disclosure.{audience}.money"


def money_tables(product: Product, audience: str) -> tuple[ProductTable, ...]:
    """The tables with money that adds up which the audience sees something of."""
    return tuple(
        table for table in product.tables
        if (table.extension.money or table.extension.added_up) and table.columns_for(audience)
    )  # fmt: skip


def attack_money(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str,
    earlier: Sequence[Given] = (),
) -> tuple[Outcome, str]:  # fmt: skip
    """Attack the money in every table of the audience, also beside all that it was given before.

    `folder` is the candidate's.
    """
    if other := audit_money_before.new_amounts(connection, folder, product, audience, earlier):
        return Outcome.FAIL, other
    told = few = 0
    for table in money_tables(product, audience):
        for query in _attacks(folder, product, audience, table):
            ((worked_out, of_too_few),) = connection.execute(query).fetchall()
            told, few = told + int(worked_out), few + int(of_too_few)
    least = product.file.disclosure.minimum_providers
    if few:
        return Outcome.FAIL, f"{few} of {told} amounts that can be worked out are of fewer than {least}"
    sought, narrow = 0, Counter[str]()
    for table in money_tables(product, audience):
        asked, found = audit_money_together.attack_together(
            connection, folder, audience, table, product.file.disclosure
        )
        sought += asked
        narrow.update(found)
    if narrow:
        maps = ", ".join(f"{count} of {collection}" for collection, count in narrow.items())
        return Outcome.FAIL, (
            f"Of {sought} withheld amounts too much is known from all breakdowns of a map together: {maps}."
            " Publish fewer breakdowns, or fewer shares of them"
        )
    beside = f"; none of {sought} withheld ones closely from all breakdowns together" if sought else ""
    decided = audit_money_before.by_decision(product, earlier)
    return Outcome.PASS, (
        f"{told} amounts can be worked out, each of {least} providers or more{beside}{decided}"
    )


def _attacks(folder: Path, product: Product, audience: str, table: ProductTable) -> Iterator[str]:
    """SQL for each attack on a table: how many amounts it works out, and how many of them are of too few."""
    seen = {column.name for column in table.columns_for(audience)}
    money, added = table.extension.money, table.extension.added_up
    file = _file(folder, audience, table)
    for measure, column in (money.shown_by if money else {}).items():
        if money and column in seen:
            yield _worked_out(money, measure, column, file, product.file.disclosure)
    for column, theirs in (added.shown_by if added else {}).items():
        if added and column in seen:
            source = product.table(added.table)
            yield _beyond(added, column, theirs, file, source, _file(folder, audience, source))


def _worked_out(money: MoneyLines, measure: str, column: str, file: str, policy: DisclosurePolicy) -> str:
    """The amounts of one measure that can be worked out from the lines of a table."""
    cut = name(money.cut) if money.cut else text(str(money.cut_by))
    schema, parts = money.parts.split(".")
    line = "collection, breakdown_by, margin"
    return f"""
with shown as (
    select distinct collection, {cut} as breakdown_by, {name(money.line)} as breakdown_value
    from read_parquet({file}) where {name(column)} is not null
),
cuts as (select distinct {cut} as breakdown_by from read_parquet({file})),
earned as (
    select parts.*, shown.collection is not null as is_shown
    from {WAREHOUSE}.{name(schema)}.{name(parts)} as parts
    semi join cuts using (breakdown_by)
    left join shown using (collection, breakdown_by, breakdown_value)
    where parts.measure = {text(measure)} and parts.amount <> 0
),
told as (
    select {line}, breakdown_value as line, provider, sum(amount) as amount
    from earned where is_shown group by all
    union all
    select {line}, null, provider, sum(amount)
    from earned as beside where not is_shown and exists (
        select 1 from earned as seen where seen.is_shown and seen.collection = beside.collection
        and seen.breakdown_by = beside.breakdown_by and seen.margin = beside.margin)
    group by all
),
ordered as (
    select *, sum(amount) over (partition by {line}, line) as whole,
        sum(amount) over (
            partition by {line}, line order by amount desc, provider
            rows between unbounded preceding and 1 preceding
        ) as larger
    from told
),
counted as (
    select count(*) filter (where coalesce(larger, 0) <= {policy.dominant_share or 1.0} * whole) as most
    from ordered group by {line}, line
)
select count(*), count(*) filter (where most < {policy.minimum_providers}) from counted
"""


def _beyond(added: AddedUp, column: str, theirs: str, file: str, source: ProductTable, behind: str) -> str:
    """The sums over all collections in sight, too few where a line behind one is withheld."""
    same = " and ".join(f"behind.{name(item)} = whole.{name(item)}" for item in added.same)
    withheld = " or ".join(
        f"behind.{name(rule.symbol_column)} = {text(Symbol.CONFIDENTIAL)}"
        for rule in source.extension.hide if theirs in rule.hides
    )  # fmt: skip
    return f"""
select count(*), count(*) filter (where exists (
    select 1 from read_parquet({behind}) as behind where {same} and ({withheld})))
from read_parquet({file}) as whole where whole.{name(column)} is not null
"""


def _file(folder: Path, audience: str, table: ProductTable) -> str:
    return text(str(judged_file(folder, audience, table.name)))
