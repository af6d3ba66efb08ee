"""Rules that a contract writes out: across the columns of a row, and against other datasets.

Belongs here: running them set-based over the file in memory.
Does not belong here: what the rules are (see `data_contracts/deliveries`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import CountRule, MatchRule, PeerRule, RowRule, Rule, VolumeRule
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.vocabulary import Severity
from rcs_pipeline.intake.findings import TABLE as FINDINGS
from rcs_pipeline.intake.findings import Finding, add, add_cells, file_finding, fill
from rcs_pipeline.intake.load import TABLE, row_number
from rcs_pipeline.intake.screen import Screening
from rcs_pipeline.intake.sql import quoted, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

CELL_RULES = "RCS-C"


def run_rules(
    connection: DuckDBPyConnection,
    screening: Screening,
    lake: Callable[[str], list[Path]],
    last: int | None = None,
) -> None:
    """Enter a finding for every row that breaks a written rule, and for the file where it breaks one.

    Args:
        lake: gives the Parquet files that hold a dataset's current rows; empty where none arrived.
        last: the rows of the delivery that counts now; None where there is none.
    """
    kept = _kept_by_all(connection, screening.contract.rules)
    # Counting comes last: a row that something else keeps out does not crowd the others.
    for rule in sorted(screening.contract.rules, key=lambda item: isinstance(item.check, CountRule)):
        match rule.check:
            case VolumeRule() as check:
                _volume_rule(connection, screening, rule, check, last)
            case RowRule() as check if rule not in kept:
                _row_rule(connection, screening, rule, check)
            case PeerRule() as check:
                _peer_rule(connection, screening, rule, check)
            case MatchRule() | CountRule() as check:
                files = lake(check.dataset)
                if not files:
                    finding = file_finding(
                        screening.messages, "RCS-F11", detail=rule.name, expected=check.dataset,
                        severity=Severity.ADVISE,
                    )  # fmt: skip
                    add(connection, [finding])
                elif isinstance(check, MatchRule):
                    _match_rule(connection, screening, rule, check, files)
                else:
                    _count_rule(connection, screening, rule, check, files)


def _volume_rule(
    connection: DuckDBPyConnection, screening: Screening, rule: Rule, check: VolumeRule, last: int | None
) -> None:
    row = connection.execute(f"select count(*) from {TABLE}").fetchone()
    now = int(row[0]) if row else 0
    if last is None or abs(now - last) <= max(check.change * last, check.at_least):
        return
    words = {"value": f"{now:,}", "expected": f"{last:,}", "column": "", "detail": ""}
    message, fix = fill(rule.message, words), fill(rule.fix, words)
    add(connection, [Finding(rule.id, rule.severity, message, fix, screening.sheet)])


def _kept_by_all(connection: DuckDBPyConnection, rules: Sequence[Rule]) -> list[Rule]:
    """The conditions that no row breaks, from one scan: most files break few, and statements add up."""
    import duckdb

    conditions = [(rule, rule.check.holds) for rule in rules if isinstance(rule.check, RowRule)]
    if not conditions:
        return []
    broken = ", ".join(f"count_if(({holds}) is false)" for _, holds in conditions)
    try:
        counts = connection.execute(f"select {broken} from {TABLE}").fetchone()
    except duckdb.Error:
        return []  # One of them is not valid; by itself each says which.
    return [rule for (rule, _), count in zip(conditions, counts or (), strict=True) if not count]


def _row_rule(connection: DuckDBPyConnection, screening: Screening, rule: Rule, check: RowRule) -> None:
    import duckdb

    try:
        _enter(connection, screening, rule, check.columns[0], f"from {TABLE} where ({check.holds}) is false")
    except duckdb.Error as error:
        raise ContractError(
            f"The condition of rule {rule.id} is not valid SQL: {str(error).splitlines()[0]}",
            where=str(screening.contract.path), todo="Mend `holds`.",
        ) from None  # fmt: skip


def _peer_rule(connection: DuckDBPyConnection, screening: Screening, rule: Rule, check: PeerRule) -> None:
    import duckdb

    by = ", ".join(quoted(name) for name in check.by)
    value, row = f"cast(({check.value}) as double)", row_number(screening.first_row, TABLE)
    middle = f"median(figure) over (partition by {by})"
    select = (
        f"with figures as (select {row} as source_row, {value} as figure, {by} from {TABLE}), "
        f"beside as (select source_row, figure, {middle} as middle, "
        f"count(figure) over (partition by {by}) as peers from figures) "
        "select source_row, format('{:,.0f} (the middle of its like: {:,.0f})', figure, middle) as value "
        f"from beside where peers >= {check.at_least} and middle > 0 "
        f"and (figure > middle * {check.times} or figure < middle / {check.times})"
    )
    try:
        wording = screening.wording(rule.id, rule.severity, check.columns[0], rule.message, rule.fix)
        add_cells(connection, select, wording)
    except duckdb.Error as error:
        raise ContractError(
            f"The figure of rule {rule.id} is not valid SQL: {str(error).splitlines()[0]}",
            where=str(screening.contract.path), todo="Mend `value`.",
        ) from None  # fmt: skip


def _match_rule(
    connection: DuckDBPyConnection, screening: Screening, rule: Rule, check: MatchRule, files: list[Path]
) -> None:
    theirs = ", ".join(dict.fromkeys(quoted(name) for name in (*check.keys.values(), *check.agree.values())))
    keys = " and ".join(f"other.{quoted(their)} = {TABLE}.{quoted(our)}" for our, their in check.keys.items())
    known = f"exists (select 1 from other where {keys})"
    agree = " and ".join(
        f"other.{quoted(their)} = {TABLE}.{quoted(our)}" for our, their in check.agree.items()
    )
    conditions = [f"not {known}"] if check.must_exist else []
    if agree:
        conditions.append(f"({known} and not exists (select 1 from other where {keys} and {agree}))")
    filled = " and ".join(f"{TABLE}.{quoted(our)} is not null" for our in (*check.keys, *check.agree))
    # A key that is no valid cell has its finding already and would only be blamed twice.
    names = ", ".join(text(our) for our in (*check.keys, *check.agree))
    cells = f"rule_id like '{CELL_RULES}%' and source_row is not null"
    blamed = f"select source_row from {FINDINGS} where column_name in ({names}) and {cells}"
    filled += f" and {row_number(screening.first_row, TABLE)} not in ({blamed})"
    other = f"with other as (select distinct {theirs} from {_scan(files)})"
    _enter(
        connection, screening, rule, next(iter(check.keys)),
        f"from {TABLE} where {filled} and ({' or '.join(conditions)})", before=other,
    )  # fmt: skip


def _count_rule(
    connection: DuckDBPyConnection, screening: Screening, rule: Rule, check: CountRule, files: list[Path]
) -> None:
    ours = ", ".join(quoted(name) for name in check.per)
    theirs = ", ".join(f"{quoted(their)} as {quoted(our)}" for our, their in check.per.items())
    by = ", ".join(quoted(their) for their in check.per.values())
    same = " and ".join(f"crowded.{quoted(our)} = {TABLE}.{quoted(our)}" for our in check.per)
    out = f"select source_row from {FINDINGS} where severity = 'reject_row' and source_row is not null"
    kept = f"{row_number(screening.first_row, TABLE)} not in ({out})"
    crowded = (
        f"with here as (select {ours}, count(*) as present from {TABLE} where {kept} group by {ours}), "
        f"there as (select {theirs}, sum({quoted(check.count)}) as allowed from {_scan(files)} "
        f"group by {by}), "
        f"crowded as (select here.* from here join there using ({ours}) "
        f"where present > allowed * {check.allowance})"
    )
    first = next(iter(check.per))
    _enter(
        connection, screening, rule, first,
        f"from {TABLE} where {kept} and exists (select 1 from crowded where {same})", before=crowded,
    )  # fmt: skip


def _enter(
    connection: DuckDBPyConnection,
    screening: Screening,
    rule: Rule,
    column: str,
    where: str,
    before: str = "",
) -> None:
    hidden = screening.contract.column(column).identifier is not None
    value = "null" if hidden else f"cast({TABLE}.{quoted(column)} as varchar)"
    select = (
        f"{before} select {row_number(screening.first_row, TABLE)} as source_row, {value} as value {where}"
    )
    wording = screening.wording(rule.id, rule.severity, column, rule.message, rule.fix)
    add_cells(connection, select, wording)


def _scan(files: list[Path]) -> str:
    names = ", ".join(text(path) for path in files)
    return f"read_parquet([{names}], union_by_name = true)"
