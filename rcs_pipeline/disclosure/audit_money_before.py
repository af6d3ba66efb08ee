"""The attack on money beside earlier releases: the amount of a map today less the one that a reader kept.

Belongs here: reading the written files and those of all earlier releases again, number by number, with SQL
of its own, and a sentence about what is new.
Does not belong here: anything by which `protect` decides (`money_before`); one release alone (`audit_money`).

An amount of a map that was given before may be shown if some release showed that very amount in the same
row. Any other less the old one is what changed, and that may be one provider's. Where `corrected_maps` names
the map and a release, nothing up to that release is held against it. Amounts of all maps together
may be new only if no map's are other ones than the warehouse's, that is, if all of them are in sight as they
are today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.earlier import Given, Laid, lay_out
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLLECTION = "collection"


def new_amounts(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str,
    earlier: Sequence[Given],
) -> str:  # fmt: skip
    """What is wrong with the money of maps that were given before, as a sentence; empty if nothing is."""
    if product.file.disclosure.minimum_difference is None or not earlier:
        return ""
    problems = []
    for table in product.tables:
        numbers = _numbers(table, audience)
        if not numbers or not _protected(folder, audience, table).is_file():
            continue
        before = [_undecided(connection, product, item)
                  for item in lay_out(connection, audience, table, earlier)
                  if set(table.grain) <= item.columns]  # fmt: skip
        if before and not _all_maps_as_today(connection, folder, product, audience, table):
            problems += _new_in(connection, folder, audience, table, numbers, before)
    if not problems:
        return ""
    return (
        f"{'; '.join(problems)}. The new amount less the old one is what changed, perhaps one provider's. Run"
        " `rcs build` again: beside all earlier releases the rows keep their figures or are withheld"
    )


def by_decision(product: Product, earlier: Sequence[Given]) -> str:
    """Which maps may have other amounts than earlier releases showed, for a verdict; empty where none may."""
    maps = [
        f"{item.collection} (up to {item.up_to})"
        for item in product.file.corrected_maps
        if any(item.covers(given.version) for given in earlier)
    ]
    return f"; given anew by decision (`corrected_maps`): {', '.join(maps)}" if maps else ""


def _undecided(connection: DuckDBPyConnection, product: Product, item: Laid) -> Laid:
    """The rows of an earlier release without the maps of which it was decided that it does not bind them."""
    decided = {each.collection for each in product.file.corrected_maps if each.covers(item.version)}
    if not decided or COLLECTION not in item.columns:
        return item
    listed = ", ".join(f"({text(which)})" for which in sorted(decided))
    rows = f"{item.view} undecided"
    connection.execute(
        f"create or replace temp table {name(rows)} as select was.* from {name(item.view)} as was"
        f" anti join (values {listed}) as decided (which) on was.{name(COLLECTION)} = decided.which"
    )
    return replace(item, view=rows)


def _numbers(table: ProductTable, audience: str) -> list[str]:
    """The columns of money that the audience sees, without those over numbers of people, which move."""
    seen = {column.name for column in table.columns_for(audience) if column.rounded is None}
    money = [rule.hides for rule in table.extension.hide if rule.kind == "money"]
    return sorted({item for hides in money for item in hides} & seen)


def _protected(folder: Path, audience: str, table: ProductTable) -> Path:
    return folder / "protected" / audience / f"{table.name}.parquet"


def _rows(folder: Path, audience: str, table: ProductTable) -> str:
    return f"read_parquet({text(str(_protected(folder, audience, table)))})"


def _new_in(
    connection: DuckDBPyConnection, folder: Path, audience: str, table: ProductTable, numbers: list[str],
    before: Sequence[Laid],
) -> list[str]:  # fmt: skip
    of_maps = COLLECTION in {column.name for column in table.columns}
    where = f"given.{name(COLLECTION)}" if of_maps else "'all maps together'"
    known = " or ".join(
        f"{where} in (select {name(COLLECTION)} from {name(item.view)})" if of_maps else "true"
        for item in before if not of_maps or COLLECTION in item.columns
    )  # fmt: skip
    if not of_maps and table.extension.added_up is None:
        known = " or ".join(f"exists (select 1 from {name(item.view)} as was where {_same(table)})"
                            for item in before)  # fmt: skip
    had = frozenset[str]().union(*(item.columns for item in before))
    told, untold = ([item for item in numbers if (item in had) is so] for so in (True, False))
    new = " or ".join(f"({_nowhere(table, item, before)})" for item in told) or "false"
    if untold:
        # What no release had nothing is taken from. But of a map whose amounts were other ones then, readers
        # hold it against those, and whether they are in sight today makes no difference.
        some = " or ".join(f"given.{name(item)} is not null" for item in untold)
        truth = f"{WAREHOUSE}.main.{name(table.name)} as given where {_once_another(table, told, before)}"
        new += f" or (({some}) and {where} in (select {where} from {truth}))"
    rows = connection.execute(
        f"select {where}, count(*) from {_rows(folder, audience, table)} as given"
        f" where ({known or 'false'}) and ({new}) group by 1 order by 1"
    ).fetchall()
    versions = ", ".join(item.version for item in before)
    return [
        f"{table.name}, {which}: {count} rows with amounts that no release of {versions} showed, though it"
        " was given there"
        for which, count in rows
    ]


def _nowhere(table: ProductTable, column: str, before: Sequence[Laid]) -> str:
    """That a number is in sight which no earlier release showed in the same row."""
    tests = [
        f"not exists (select 1 from {name(item.view)} as was"
        f" where {_same(table)} and was.{name(column)} = given.{name(column)})"
        for item in before
        if column in item.columns
    ]
    return " and ".join([f"given.{name(column)} is not null", *tests])


def _once_another(table: ProductTable, numbers: Sequence[str], before: Sequence[Laid]) -> str:
    """That an earlier release showed another number for a row of the warehouse, `given`."""
    tests = [
        f"exists (select 1 from {name(item.view)} as was where {_same(table)} and ({other}))"
        for item in before
        if (other := " or ".join(f"was.{name(column)} <> given.{name(column)}"
                                 for column in numbers if column in item.columns))
    ]  # fmt: skip
    return " or ".join(tests) or "false"


def _same(table: ProductTable) -> str:
    """That two rows speak of the same amount: of the same line of the same map, or else the same row."""
    lines = table.extension.money
    keys = set(table.grain)
    if lines and COLLECTION in {column.name for column in table.columns}:
        keys = {COLLECTION, *lines.columns()} - set(lines.shown_by.values())
    return " and ".join(f"was.{name(item)} is not distinct from given.{name(item)}" for item in sorted(keys))


def _all_maps_as_today(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable
) -> bool:
    """Whether a table that adds up maps adds up none that keeps old figures or is newly withheld."""
    added = table.extension.added_up
    if added is None:
        return False
    source = product.table(added.table)
    same = " and ".join(
        f"given.{name(item)} is not distinct from truth.{name(item)}" for item in source.grain
    )
    shown = [name(item) for item in _numbers(source, audience)]
    other = " or ".join(f"given.{item} <> truth.{item}" for item in shown) or "false"
    withheld = " and ".join(f"given.{item} is null" for item in shown) or "false"
    enough = product.file.disclosure.minimum_providers
    # A rule that hides some of them says nothing of a row that shows none.
    tests = {
        item for rule in source.extension.hide
        if rule.kind == "money" and set(_numbers(source, audience)) <= set(rule.hides)
        for item in rule.tests
    }  # fmt: skip
    sound = " and ".join(f"truth.{name(item)} >= {enough}" for item in sorted(tests)) or "true"
    row = connection.execute(
        f"select count(*) from {_rows(folder, audience, source)} as given"
        f" inner join {WAREHOUSE}.main.{name(source.name)} as truth on {same}"
        f" where ({other}) or (({withheld}) and {sound})"
    ).fetchone()
    return not (row and row[0])
