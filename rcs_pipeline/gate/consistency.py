"""Whether every estimate agrees with itself: base, numerator, estimate, interval and what they are made of.

Belongs here: `consistency.<table>` for every table of estimates: the candidate's own and what each audience
gets of it, row by row in one scan, and groups against everybody.
Does not belong here: making an estimate again from pupils (`rcs explain`), what may be seen (`disclosure`).

Only the formulas of docs/analysts.md are used, none of the SQL that makes the estimates.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.disclosure.display import reach_of, rounded_columns, step_of
from rcs_pipeline.disclosure.engine import WAREHOUSE, columns_of, judged_file, name, names, reading, text
from rcs_pipeline.gate import lent
from rcs_pipeline.gate.consistency_rules import (
    CORRECTED,
    FACTOR,
    RATIO_TOLERANCE,
    RULES,
    TOLERANCE,
    WHOLE,
    Rule,
    promised,
)
from rcs_pipeline.gate.contract import difference
from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict
from rcs_pipeline.warehouse.sql import TYPES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KIND = "consistency"
ESTIMATE = "estimate"
GUIDANCE = "`rcs explain` makes one of these estimates again by hand; mend the model, then build again."
NUMBERS = (ColumnType.INTEGER, ColumnType.NUMBER)
GROUPED = ("group_by", "group_value")
EVERYBODY = "all"
POINTS, OWN = "t_points", "own_rows"


def check_of(table: ProductTable) -> str:
    """The check id of a table."""
    return f"{KIND}.{table.name}"


def tables_of(product: Product) -> tuple[ProductTable, ...]:
    """The tables of estimates: those with an interval about one, or where a rule for estimates hides one."""
    return tuple(
        table
        for table in product.tables
        if (table.extension.interval and table.extension.interval.value == ESTIMATE)
        or any(rule.kind == "estimate" and ESTIMATE in rule.hides for rule in table.extension.hide)
    )


def required(product: Product) -> tuple[str, ...]:
    """The ids of the verdicts, known from the contracts alone."""
    return tuple(map(check_of, tables_of(product)))


Own = dict[str, tuple[int, list[str]]]
"""Of each table of estimates of a warehouse the number of rows, and what is wrong with how many of them."""


def look_at_own(database: Path, product: Product, catalogue: Catalogue) -> Own:
    """Hold every estimate of a warehouse against itself and its groups against everybody.

    A table that no audience is given is held against its contract too: neither dbt nor the suites look at it.
    Nothing of it depends on what is hidden, so it may be looked at while that is chosen: on one core. Where
    anything breaks off, the table is left out; `judge` looks again and says why.
    """
    found: Own = {}
    with suppress(Exception), reading(database, threads=1) as connection:
        for table in tables_of(product):
            with suppress(Exception):
                if columns_of(connection, table.name):
                    found[table.name] = _own(connection, product, catalogue, table)
    return found


def judge(folder: Path, product: Product, catalogue: Catalogue, own: Own | None = None) -> list[Verdict]:
    """Hold every estimate of a candidate folder against itself and its groups against everybody.

    Args:
        folder: the candidate's folder.
        product: the contracts of its tables.
        catalogue: says which groups leave nobody out.
        own: what `look_at_own` found in its warehouse; what is not there is looked at now.
    """
    try:
        with reading(folder / "warehouse.duckdb") as connection:
            return [
                _table(connection, folder, product, catalogue, table, (own or {}).get(table.name))
                for table in tables_of(product)
            ]
    except RcsError as error:
        return [_verdict(table, Outcome.ERROR, str(error)) for table in tables_of(product)]


def _own(
    connection: DuckDBPyConnection, product: Product, catalogue: Catalogue, table: ProductTable
) -> tuple[int, list[str]]:
    own = f"{WAREHOUSE}.main.{name(table.name)}"
    rules: tuple[Rule, ...] = RULES
    apart = not table.extension.audiences
    if apart:
        rules = (*RULES, *WHOLE, *promised(table))
    if _is_view(connection, table):
        connection.execute(f"create or replace temp table {OWN} as select * from {own}")
        own = OWN
    if apart and (other := _other_columns(connection, own, table)):
        return 0, [other]
    _t_points(connection, own, table)
    rows, problems = _rows(connection, own, table, tuple(item.name for item in table.columns), rules)
    problems += _groups(connection, own, table, _exhaustive(product, catalogue))
    problems += lent.problems_of(connection, own, product, table)
    if apart:
        problems += _doubled(connection, own, table)
    if apart and rows < table.extension.rows_at_least:
        problems.append(f"{rows} rows where there should be {table.extension.rows_at_least} or more")
    connection.execute(f"drop table if exists {OWN}")
    return rows, problems


def _is_view(connection: DuckDBPyConnection, table: ProductTable) -> bool:
    """Whether the table is made whenever it is read: then it is read once here."""
    row = connection.execute(
        "select count(*) from duckdb_views()"
        " where database_name = ? and schema_name = 'main' and view_name = ?",
        [WAREHOUSE, table.name],
    ).fetchone()
    return bool(row and row[0])


def _other_columns(connection: DuckDBPyConnection, relation: str, table: ProductTable) -> str | None:
    promised = [(item.name, TYPES[item.type]) for item in table.columns]
    described = connection.execute(f"describe {relation}").fetchall()
    found = [(str(row[0]), str(row[1]).lower()) for row in described]
    return None if found == promised else difference(found, promised)


def _doubled(connection: DuckDBPyConnection, relation: str, table: ProductTable) -> list[str]:
    keys = names(table.grain)
    row = connection.execute(
        f"select count(*) from (select {keys} from {relation} group by {keys} having count(*) > 1)"
    ).fetchone()
    return [f"{row[0]} key(s) that several rows have"] if row and row[0] else []


def _table(
    connection: DuckDBPyConnection, folder: Path, product: Product, catalogue: Catalogue, table: ProductTable,
    looked_at: tuple[int, list[str]] | None,
) -> Verdict:  # fmt: skip
    import duckdb

    own = f"{WAREHOUSE}.main.{name(table.name)}"
    try:
        if not columns_of(connection, table.name):
            return _verdict(table, Outcome.FAIL, "the build made no such table")
        rows, found = looked_at or _own(connection, product, catalogue, table)
        problems = [*found]
        audiences = [item for item in product.file.audiences if table.columns_for(item)]
        if audiences:
            _t_points(connection, own, table)
            for audience in audiences:
                held = tuple(item.name for item in table.columns_for(audience))
                file = judged_file(folder, audience, table.name)
                given = f"read_parquet({text(str(file))})"
                rounded = bool({*rounded_columns(table)} & {*held})
                rules = tuple(rule for rule in RULES if not (rule.exact and rounded))
                _, found = _rows(connection, given, table, held, rules)
                found += _rounded(connection, own, given, product, table, held)
                problems += [f"{audience}: {item}" for item in found]
    except duckdb.Error as error:
        return _verdict(table, Outcome.ERROR, f"cannot be read: {str(error).splitlines()[0]}")
    if problems:
        return _verdict(table, Outcome.FAIL, "; ".join(problems))
    return _verdict(table, Outcome.PASS, f"{rows} estimates agree with themselves and with their groups")


def _t_points(connection: DuckDBPyConnection, relation: str, table: ProductTable) -> None:
    """The 97.5 % points of t for the degrees of freedom there are, by another library than the build's."""
    from scipy.special import stdtrit

    degrees: list[int] = []
    if "degrees_of_freedom" in {item.name for item in table.columns}:
        query = f"select distinct degrees_of_freedom from {relation} where degrees_of_freedom >= 1"
        degrees = [int(row[0]) for row in connection.execute(query).fetchall()]
    points = ", ".join(f"({item}, {float(stdtrit(item, 0.975))!r}::double)" for item in (1, *degrees) if item)
    connection.execute(
        f"create or replace temp table {POINTS} as select distinct * from (values {points}) as p(t_df, t)"
    )


def _rows(
    connection: DuckDBPyConnection,
    relation: str,
    table: ProductTable,
    held: tuple[str, ...],
    rules_of: tuple[Rule, ...] = RULES,
) -> tuple[int, list[str]]:
    """The number of rows, and what is wrong with how many of them."""
    rules = [*_whole(table, held), *(rule for rule in rules_of if rule.needs <= set(held))]
    counts = "".join(f", count(*) filter (where {rule.broken})" for rule in rules)
    points = f" left join {POINTS} on t_df = degrees_of_freedom" if "degrees_of_freedom" in held else ""
    corrected = {"finite_population", "weighted_base", "base"} <= set(held)
    factor = f"case finite_population when 'standard' then {CORRECTED} else 1 end" if corrected else "1"
    rows_of = f"(select *, {factor} as {FACTOR} from {relation})"
    row = connection.execute(f"select count(*){counts} from {rows_of}{points}").fetchone()
    rows, *broken = (int(item) for item in row or (0,))
    return rows, [
        f"{count} row(s) where {rule.says}" for rule, count in zip(rules, broken, strict=True) if count
    ]


def _rounded(
    connection: DuckDBPyConnection,
    own: str,
    given: str,
    product: Product,
    table: ProductTable,
    held: tuple[str, ...],
) -> list[str]:
    """What is shown lies within the policy's step of the candidate's figure, and has no more digits.

    The candidate's own figures keep every rule; so what lies this near to them keeps it within a step.
    """
    policy, problems = product.file.rounding, []
    if policy is None:
        return []
    same = " and ".join(f"shown.{name(item)} is not distinct from truth.{name(item)}" for item in table.grain)
    for column, how in rounded_columns(table).items():
        if column not in held or how.to == "p_value":
            continue
        step, value = step_of(how, policy, "truth"), f"shown.{name(column)}"
        far = reach_of(table, how, policy, "truth")
        wrong = (
            f"abs({value} - truth.{name(column)}) > {far} * (1 + {RATIO_TOLERANCE})"
            if how.over is None and how.times is None else "false",
            f"abs({value} / {step} - round({value} / {step})) > {RATIO_TOLERANCE}",
        )  # fmt: skip
        row = connection.execute(
            f"select {', '.join(f'count(*) filter (where {item})' for item in wrong)}"
            f" from {given} as shown inner join {own} as truth on {same} where {value} is not null"
        ).fetchone()
        says = (f"`{column}` is not the candidate's, rounded", f"`{column}` has more digits than the policy")
        problems += [f"{n} row(s) where {item}" for item, n in zip(says, row or (), strict=True) if n]
    return problems


def _whole(table: ProductTable, held: tuple[str, ...]) -> Iterator[Rule]:
    """A hidden row has no number at all, one that is not hidden has its estimate (or its band)."""
    symbols = {rule.symbol_column for rule in table.extension.hide if rule.kind == "estimate"} & set(held)
    numbers = [item.name for item in table.columns if item.type in NUMBERS and item.name not in table.grain]
    for symbol in sorted(symbols):
        empty = " and ".join(f"{name(item)} is null" for item in numbers if item in held)
        yield Rule("a number stands beside a symbol", frozenset(), f"{name(symbol)} is not null", empty)
        if ESTIMATE in held:
            there = " or ".join(f"{item} is not null" for item in (ESTIMATE, "band") if item in held)
            yield Rule("neither a number nor a symbol stands", frozenset(), f"{name(symbol)} is null", there)


def _groups(
    connection: DuckDBPyConnection, relation: str, table: ProductTable, exhaustive: dict[str, tuple[str, ...]]
) -> list[str]:
    """Groups hold no more than everybody, and as much where they leave nobody out."""
    columns = {item.name for item in table.columns}
    added = [item for item in ("base", "numerator", "weighted_base") if item in columns]
    if not {*GROUPED, "base", "instrument"} <= columns or not set(GROUPED) <= set(table.grain):
        return []
    keys = names((*(item for item in table.grain if item not in GROUPED), "instrument"))
    pairs = [
        f"(instrument = {text(key)} and group_by = {text(by)})"
        for key, all_of in exhaustive.items()
        for by in all_of
    ]
    sums = ", ".join(f"sum({item}) as {item}" for item in added)
    more = " or ".join(f"parts.{item} > whole.{item} * (1 + {TOLERANCE})" for item in added)
    less = " or ".join(f"parts.{item} < whole.{item} * (1 - {TOLERANCE})" for item in added)
    row = connection.execute(
        f"with parts as (select {keys}, group_by, {' or '.join(pairs) or 'false'} as nobody_left_out, {sums}"
        f" from {relation} where group_by <> '{EVERYBODY}' group by all)"
        f" select count(*) filter (where {more}), count(*) filter (where nobody_left_out and ({less}))"
        f" from parts inner join (select * from {relation} where group_by = '{EVERYBODY}') as whole"
        f" using ({keys})"
    ).fetchone()
    says = ("groups hold more than everybody", "groups that leave nobody out hold less than everybody")
    return [
        f"{count} place(s) where {sentence}" for sentence, count in zip(says, row or (), strict=True) if count
    ]


def _exhaustive(product: Product, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Instrument -> the groups in which every pupil stands."""
    found: dict[str, tuple[str, ...]] = {}
    for tabulation in product.file.tabulations:
        contract = catalogue.instrument(tabulation.instrument)
        by_name = {column.group or column.name: column for column in contract.columns}
        whole = [
            group
            for group in tabulation.groups
            if group != EVERYBODY
            and all(
                part in by_name and _leaves_nobody_out(contract, by_name[part]) for part in group.split("+")
            )
        ]
        found[tabulation.instrument] = (*found.get(tabulation.instrument, ()), *whole)
    return found


def _leaves_nobody_out(contract: DeliveryContract, column: Column) -> bool:
    """Whether every pupil has a value (sent, or allocated where it was not), and every value a name."""
    survey = contract.survey
    allocated = survey is not None and column.name in survey.allocate
    codes = set(column.codes or {}) - set(column.missing)
    named = not column.group_values or codes <= set(column.group_values)
    return named and (allocated or (column.required and not column.missing))


def _verdict(table: ProductTable, outcome: Outcome, message: str) -> Verdict:
    return Verdict(
        check=check_of(table), kind=KIND, severity=CheckSeverity.CRITICAL, outcome=outcome, message=message,
        location=table.name, guidance="" if outcome is Outcome.PASS else GUIDANCE,
    )  # fmt: skip
