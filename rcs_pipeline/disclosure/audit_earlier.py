"""The audit beside every release that was given before: what somebody sees who kept the old copies.

Belongs here: reading the written files and those of earlier releases again, row by row, with SQL of its own,
and one verdict for each audience, `disclosure.<audience>.earlier`.
Does not belong here: anything that `protect` uses to decide; the attack on sums (see `audit_linked`).

The verdict counts rows, never which.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.audit_same_pupils import followed, follows_not, most_apart, weights_told
from rcs_pipeline.disclosure.earlier import Given, Laid, lay_out, seen_in
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, text
from rcs_pipeline.ledger.paths import AFRESH
from rcs_pipeline.ledger.records import Outcome

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def check_of(audience: str) -> str:
    """The id of an audience's verdict."""
    return f"disclosure.{audience}.earlier"


def is_check(check: str) -> bool:
    """Whether the id is one of these verdicts."""
    return check.startswith("disclosure.") and check.endswith(".earlier")


def tables_of(product: Product, audience: str) -> tuple[ProductTable, ...]:
    """The tables with something to hide that the audience sees, if the policy asks for a difference."""
    if product.file.disclosure.minimum_difference is None:
        return ()
    return tuple(table for table in product.tables if table.extension.hide and table.columns_for(audience))


def required(product: Product) -> tuple[str, ...]:
    """The ids of the verdicts, known from the contracts alone."""
    return tuple(check_of(audience) for audience in product.file.audiences if tables_of(product, audience))


def judge(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, earlier: Sequence[Given]
) -> tuple[Outcome, str]:
    """Put what an audience would be given of a candidate beside all that it was given."""
    import duckdb

    problems, rows, kept = list[str](), 0, 0
    few = int(product.file.disclosure.minimum_difference or 0)
    levels = [level.value for level in product.file.audiences[audience].geographies]
    for table in tables_of(product, audience):
        try:
            before = lay_out(connection, audience, table, earlier)
            final = folder / "protected" / audience / f"{table.name}.parquet"
            connection.execute(
                f"create or replace temp view given_now as select * from read_parquet({text(str(final))})"
            )
            found, stayed = _kept_rows(connection, folder, product, audience, table, before)
            for laid in before:
                more, compared = _compare(connection, product, audience, table, laid)
                rows, found = rows + compared, found + more
            found += _too_old(connection, product, audience, table) if before else []
            found += _came_or_went(connection, table, before)
            found += follows_not(connection, folder, product, audience, table, before)
            found += weights_told(connection, table, before, levels[0] if levels else "", few)
        except duckdb.Error as error:
            return Outcome.ERROR, f"{table.name} cannot be compared: {str(error).splitlines()[0]}"
        kept += stayed
        problems += [f"{table.name}: {item}" for item in dict.fromkeys(found)]
    if problems:
        return Outcome.FAIL, "; ".join(problems)
    given = f"{len(earlier)} earlier releases" if earlier else "no earlier release"
    return Outcome.PASS, f"{given}, {rows} rows compared, {kept} keep their figures"


def _kept_rows(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable,
    before: Sequence[Laid],
) -> tuple[list[str], int]:  # fmt: skip
    """Every row is the candidate's, or would be hidden and has the figures of an earlier release."""
    afresh = judged_file(folder, audience, table.name)
    if afresh.parent.parent.name != AFRESH:
        return [], 0
    held = [column.name for column in table.columns_for(audience)]
    spoken = {item for rule in table.extension.hide for item in (*rule.hides, rule.symbol_column)}
    linked = table.extension.linked
    compared = set(linked.compared) if linked else set[str]()
    same = _same(table, "given_now", "afresh")
    different = [name(item) for item in held if item in spoken | compared]
    fixed = [name(item) for item in held if item not in spoken | compared]
    other = " or ".join(f"given_now.{item} is distinct from afresh.{item}" for item in different) or "false"
    strange = " or ".join(f"given_now.{item} is distinct from afresh.{item}" for item in fixed) or "false"
    silent = " or ".join(
        [
            f"afresh.{name(rule.symbol_column)} = 'c'"
            for rule in table.extension.hide
            if rule.symbol_column in held
        ]
        + [f"afresh.{name(item)} is null" for item in compared & set(held)]
    )
    # Bands stay as they were first given, whatever they would be today.
    shown = "false" if table.extension.banded else f"not coalesce({silent or 'false'}, false)"
    # Nor does a row whose people are the same say anything but its old figures: the weights of others moved.
    if alike := [f"given_now.{name(item)} is not distinct from afresh.{name(item)}"
                 for pair in pairs_of(table) for item in pair if item in held]:  # fmt: skip
        shown = f"({shown} and not ({' and '.join(alike)}))"
    if table.extension.follows:
        shown = f"({shown} and not {followed(folder, product, audience, table, 'given_now')})"
    if any(rule.made_of for rule in table.extension.hide):
        shown = "false"
    earlier = " or ".join(_equal_row(table, laid, held, spoken | compared) for laid in before) or "false"
    here, there = (f"{rows}.{name(table.grain[0])} is not null" for rows in ("given_now", "afresh"))
    given = " or ".join(_was_given(table, laid, "afresh") for laid in before) or "false"
    tests = (
        (f"{here} and {there} and ({strange})",
         "that are not the candidate's in other columns than those that are hidden"),
        (f"{here} and {there} and ({other}) and {shown}",
         "that differ from the candidate's though nothing of them is hidden"),
        (f"{here} and (({other}) or not ({there})) and not ({earlier})",
         "that are neither the candidate's nor those of an earlier release"),
        (f"not ({here}) and ({given} or not coalesce({silent or 'false'}, false))",
         "left out that were given before, or that are not hidden"),
    )  # fmt: skip
    counts = ", ".join(f"count(*) filter (where {test})" for test, _ in tests)
    row = connection.execute(
        f"select count(*) filter (where {here} and ({other})), {counts}"
        f" from given_now full join read_parquet({text(str(afresh))}) as afresh on {same}"
    ).fetchone()
    kept, *found = (int(item) for item in row or (0, 0, 0, 0, 0))
    return [
        f"{count} rows {sentence}" for count, (_, sentence) in zip(found, tests, strict=True) if count
    ], kept


def _too_old(
    connection: DuckDBPyConnection, product: Product, audience: str, table: ProductTable
) -> list[str]:
    """Rows that keep figures of which more people are others today than the policy lets stay.

    Rows that follow those of another table stay with them.
    """
    policy, held = product.file.disclosure, {column.name for column in table.columns_for(audience)}
    pairs = [pair for pair in pairs_of(table) if pair[0] in held]
    if table.extension.follows or table.extension.banded or not pairs:
        return []
    base, numerator = pairs[0]
    apart = most_apart(base, numerator if numerator in held else None, "given_now", "truth")
    few, share = int(policy.minimum_difference or 0) - 1, policy.kept_share or 0
    most = f"greatest({few}, {share} * given_now.{name(base)})"
    row = connection.execute(
        f"select count(*) from given_now inner join {WAREHOUSE}.main.{name(table.name)} as truth"
        f" on {_same(table, 'given_now', 'truth')} where {apart} > {most}"
    ).fetchone()
    says = "keep figures of which too many pupils are others today"
    return [f"{row[0]} rows {says}"] if row and row[0] else []


def _was_given(table: ProductTable, laid: Laid, rows: str) -> str:
    if not set(table.grain) <= laid.columns:
        return "false"
    return f"exists (select 1 from {name(laid.view)} as was where {_same(table, rows, 'was')})"


def _equal_row(table: ProductTable, laid: Laid, held: Sequence[str], spoken: set[str]) -> str:
    if not set(table.grain) <= laid.columns:
        return "false"
    kept = [item for item in held if item in spoken & laid.columns]
    equal = [f"given_now.{name(item)} is not distinct from earlier_row.{name(item)}" for item in kept]
    only_compared = table.extension.linked.compared if table.extension.linked else ()
    rest = [f"given_now.{name(item)} is not distinct from afresh.{name(item)}"
            for item in kept if item not in only_compared]  # fmt: skip
    both = [f"given_now.{name(item)} is not distinct from earlier_row.{name(item)}"
            for item in kept if item in only_compared]  # fmt: skip
    whole = " and ".join(equal) or "true"
    part = " and ".join((*rest, *both)) if both else "false"
    return (
        f"exists (select 1 from {name(laid.view)} as earlier_row"
        f" where {_same(table, 'given_now', 'earlier_row')}"
        f" and (({whole}) or ({part})))"
    )


def _compare(
    connection: DuckDBPyConnection, product: Product, audience: str, table: ProductTable, laid: Laid
) -> tuple[list[str], int]:
    """Two releases say the same people of a row, or enough others; and nothing that was hidden."""
    if not set(table.grain) <= laid.columns:
        return [], 0
    held = {column.name for column in table.columns_for(audience)} & laid.columns
    few = int(product.file.disclosure.minimum_difference or 0)
    tests = [
        (
            f"differ by fewer than {few} pupils from the row of release {laid.version}",
            _few_apart(table, held, few),
        ),
        (f"show another band than release {laid.version}", _other_band(table, held)),
        (f"show what release {laid.version} hid", _shown_now(table, held, laid)),
    ]
    counts = ", ".join(f"count(*) filter (where {test})" for _, test in tests)
    row = connection.execute(
        f"select count(*), {counts} from given_now inner join {name(laid.view)} as before"
        f" on {_same(table, 'given_now', 'before')}"
    ).fetchone()
    rows, *broken = row or (0, 0, 0, 0)
    return [f"{count} rows {says}" for count, (says, _) in zip(broken, tests, strict=True) if count], int(
        rows
    )


def pairs_of(table: ProductTable) -> list[tuple[str, str | None]]:
    """The columns that count people, each base with its numerator."""
    if table.extension.linked:
        return [(table.extension.linked.base, table.extension.linked.numerator)]
    pairs: list[tuple[str, str | None]] = []
    for rule in table.extension.hide:
        if rule.kind == "estimate":
            first, second = rule.tests or ("base", "numerator")
            pairs.append((first, second))
        elif rule.kind == "count":
            pairs += [(test, None) for test in rule.tests]
    return pairs


def _came_or_went(connection: DuckDBPyConnection, table: ProductTable, before: Sequence[Laid]) -> list[str]:
    """Hidden groups of a place that the last release had and are gone, or had not and are there."""
    standing = [laid for laid in before if laid.stands]
    if not standing or table.extension.banded or not {"group_by", "group_value"} <= set(table.grain):
        return []
    if not set(table.grain) <= standing[-1].columns:
        return []
    last, symbol = name(standing[-1].view), name(table.extension.hide[0].symbol_column)
    about = [name(item) for item in table.grain if item not in ("group_by", "group_value")]
    same_place = " and ".join(f"other.{item} is not distinct from one.{item}" for item in about)
    problems = []
    for one, other, says in (
        (last, "given_now", "that stood hidden are gone"), ("given_now", last, "are new and hidden"),
    ):  # fmt: skip
        row = connection.execute(
            f"select count(*) from {one} as one where one.{symbol} = 'c'"
            f" and not exists (select 1 from {other} as other where {_same(table, 'one', 'other')})"
            f" and exists (select 1 from {other} as other where {same_place})"
        ).fetchone()
        if row and row[0]:
            problems.append(f"{row[0]} rows {says}")
    return problems


def _few_apart(table: ProductTable, held: set[str], few: int) -> str:
    """By the base, by those counted and those not counted: somebody, but never `few` people or more."""
    linked = table.extension.linked
    tests = []
    for base, numerator in pairs_of(table):
        if base not in held:
            continue
        most = most_apart(base, numerator if numerator in held else None, "given_now", "before")
        test = f"({most} > 0 and {most} < {few})"
        if linked and linked.mean and {linked.mean.value, linked.mean.weight} <= held:
            value, weight = name(linked.mean.value), name(linked.mean.weight)
            test += (
                f" or (given_now.{name(str(numerator))} is null and {most} = 0"
                f" and given_now.{weight} = before.{weight} and given_now.{value} <> before.{value})"
            )
        tests.append(f"coalesce({test}, false)")
    return " or ".join(tests) or "false"


def _other_band(table: ProductTable, held: set[str]) -> str:
    banded = table.extension.banded
    if banded is None:
        return "false"
    shows = [item for rule in table.extension.hide for item in rule.hides if item in held]
    return (
        " or ".join(f"given_now.{name(item)} is distinct from before.{name(item)}" for item in shows)
        or "false"
    )


def _shown_now(table: ProductTable, held: set[str], laid: Laid) -> str:
    """A number of a linked table that stood hidden: it was part of what hides others there.

    So was the figure of all the other places, where it alone was withheld: where there were others then.
    """
    linked = table.extension.linked
    if linked is None or linked.base not in held:
        return "false"
    seen = seen_in(table, laid, linked.base, "before")
    shown = f"given_now.{name(linked.base)} is not null and not ({seen})"
    others = linked.weighted.others if linked.weighted else None
    if others in held:
        rest = " and ".join(
            f"others_then.{name(key)} is not distinct from before.{name(key)}"
            for key in linked.keys
            if key != linked.place
        )
        shown += (
            f" or (({seen}) and before.{name(others)} is null and given_now.{name(others)} is not null"
            f" and (select count(distinct {name(linked.place)}) from {name(laid.view)} as others_then"
            f" where {rest}) > 1)"
        )
    return shown


def _same(table: ProductTable, one: str, other: str) -> str:
    return " and ".join(
        f"{one}.{name(item)} is not distinct from {other}.{name(item)}" for item in table.grain
    )
