"""What each audience sees of one row, and why a number is hidden from it.

Belongs here: reading one row of the protected files, and the reason in words.
Does not belong here: hiding (see `protect`), judging what was hidden (see `audit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import DisclosurePolicy, Product, ProductTable
from rcs_pipeline.contracts.vocabulary import GeographyLevel, Symbol
from rcs_pipeline.disclosure.display import rounded_columns
from rcs_pipeline.disclosure.engine import WAREHOUSE, mask_columns, name, reading, text
from rcs_pipeline.disclosure.protect import MASKS
from rcs_pipeline.disclosure.rules import hidden_together
from rcs_pipeline.disclosure.writing import MONEY_EARLIER

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ESTIMATE = "estimate"
LEVEL, PLACE = "geography_level", "geography_code"
LEFT_OUT = "left out"
BESIDE = "with it, a hidden number beside it could be worked out"


@dataclass(frozen=True)
class Shown:
    """A row as one audience gets it.

    `reasons`: why numbers of it are hidden; empty where none is. `rounded`: column -> what is shown of a
    figure that is rounded.
    """

    audience: str
    state: str
    symbol: str | None = None
    reasons: tuple[str, ...] = ()
    rounded: tuple[tuple[str, float], ...] = ()


def shown_to(
    folder: Path, product: Product, table: ProductTable, grain: Mapping[str, str]
) -> tuple[Shown, ...]:
    """The row of a candidate's table, as every audience of the product gets it.

    Args:
        folder: the candidate's folder.
        product: names the audiences and the policy.
        table: the table of the row.
        grain: the columns and values that name the row.
    """
    with reading(folder / "warehouse.duckdb") as connection:
        reasons = _reasons(connection, product, table, grain)
        return tuple(
            _shown(connection, folder, product, table, audience, grain, reasons)
            for audience in product.file.audiences
        )


def bands_shown_to(folder: Path, product: Product, grain: Mapping[str, str]) -> tuple[Shown, ...]:
    """The bands of an estimate of one school, as every audience that sees any gets them; of others none.

    Args:
        folder: the candidate's folder.
        product: names the audiences and the banded tables.
        grain: the columns and values that name the estimate.
    """
    found = list[Shown]()
    if grain.get(LEVEL) != GeographyLevel.SCHOOL:
        return ()
    for other in product.tables:
        banded = other.extension.banded
        if banded is None or banded.line not in grain:
            continue
        if grain.get(banded.group_by) in banded.groups:
            named = {**grain, banded.place: grain[PLACE]}
            row = {key: value for key, value in named.items() if key in banded.keys}
            found += [
                replace(item, audience=f"{item.audience}, {other.name}")
                for item in shown_to(folder, product, other, row)
                if other.columns_for(item.audience) and item.state != LEFT_OUT
            ]
    return tuple(found)


def in_words(reason: str, policy: DisclosurePolicy) -> str:
    """The class of a hidden cell as a sentence."""
    small, few = f"one of 1 to {policy.small_numerator}", policy.minimum_difference
    return {
        "base": f"fewer than {policy.minimum_base} pupils gave a usable answer",
        "schools": f"its pupils are of fewer than {policy.minimum_schools} schools",
        "numerator": f"the pupils counted are {small}",
        "complement": f"the pupils not counted are {small}",
        "count": f"it counts fewer than {policy.minimum_count}",
        "money": f"it is of fewer than {policy.minimum_providers} providers, or would tell what is",
        MONEY_EARLIER: "the amounts of this map were given before, and are other ones today",
        "primary": "everybody, nobody or one of few is counted, or few of those who were asked skipped it",
        "secondary": BESIDE,
        "few_answers": f"fewer than {_least(policy)} pupils of the school's group gave a usable answer",
        "small_school": f"fewer than {policy.minimum_school} pupils of the school gave a usable answer",
        "earlier": f"fewer than {few} pupils, of it or beside it, differ from an earlier release",
        "differencing": f"two shown groups would differ by fewer than {few} pupils",
    }.get(reason, reason)


def _least(policy: DisclosurePolicy) -> int:
    return min((size.base for size in policy.school_bands or ()), default=0)


def _reasons(
    connection: DuckDBPyConnection, product: Product, table: ProductTable, grain: Mapping[str, str]
) -> tuple[str, ...]:
    """What the primary rules say of the row."""
    groups = hidden_together(table, product.file.disclosure)
    if not groups:
        return ()
    row = connection.execute(
        f"select {', '.join(group.reason for group in groups)} from {WAREHOUSE}.main.{name(table.name)}"
        f" where {_is_row(grain)}"
    ).fetchone()
    found = dict.fromkeys(str(item) for item in row or () if item is not None)
    return tuple(in_words(item, product.file.disclosure) for item in found)


def _shown(
    connection: DuckDBPyConnection,
    folder: Path,
    product: Product,
    table: ProductTable,
    audience: str,
    grain: Mapping[str, str],
    reasons: tuple[str, ...],
) -> Shown:
    holder = product.held_by(table, audience) or audience
    file = folder / "protected" / holder / f"{table.name}.parquet"
    if not file.is_file():
        return Shown(audience, "not granted", reasons=("the table is not granted to this audience",))
    held = {column.name for column in table.columns_for(holder)}
    symbols = [
        item for item in dict.fromkeys(rule.symbol_column for rule in table.extension.hide) if item in held
    ]
    digits = [item for item in rounded_columns(table) if item in held]
    listed = ", ".join(name(item) for item in (*symbols, *digits)) or "null"
    row = connection.execute(
        f"select {listed} from read_parquet({text(str(file))}) where {_is_row(grain)}"
    ).fetchone()
    if row is None:
        return Shown(audience, LEFT_OUT, reasons=("places of this level are not for this audience",))
    symbol = next((str(item) for item in row[: len(symbols)] if item is not None), None)
    if symbol is None:
        pairs = zip(digits, row[len(symbols) :] if digits else (), strict=True)
        figures = tuple((column, float(value)) for column, value in pairs if value is not None)
        since = _masked(connection, folder, table, holder, grain, "kept_from")
        if since:
            because = _masked(connection, folder, table, holder, grain, "reason")
            said = MONEY_EARLIER if MONEY_EARLIER in because else "earlier"
            why = f"the figures of {since[0]}: {in_words(said, product.file.disclosure)}"
            return Shown(audience, "kept", reasons=(why,), rounded=figures)
        return Shown(audience, "shown", rounded=figures)
    if symbol == Symbol.CONFIDENTIAL and not reasons:
        classes = _masked(connection, folder, table, holder, grain, "reason")
        reasons = tuple(in_words(item, product.file.disclosure) for item in classes) or (BESIDE,)
    return Shown(audience, "hidden", symbol, reasons)


def _masked(
    connection: DuckDBPyConnection,
    folder: Path,
    table: ProductTable,
    audience: str,
    grain: Mapping[str, str],
    column: str,
) -> tuple[str, ...]:
    """What a column of the internal mask beside the protected tables says of the row."""
    file = folder / MASKS / audience / f"{table.name}.parquet"
    if not file.is_file() or column not in mask_columns(connection, file):
        return ()
    rows = connection.execute(
        f"select distinct {column} from read_parquet({text(str(file))})"
        f" where {_is_row(grain)} and {column} is not null order by 1"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def _is_row(grain: Mapping[str, str]) -> str:
    return " and ".join(f"{name(column)} = {text(value)}" for column, value in grain.items())
