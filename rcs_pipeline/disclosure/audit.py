"""The audit: the written files read again, as somebody would who wants to find out what is hidden.

Belongs here: predicates of its own over what an audience holds, compared with the warehouse row by row.
Does not belong here: anything that `protect` uses to decide. A mistake there must show up here.

Verdicts name counts of rows, never values. One verdict for each audience and table,
`disclosure.<audience>.<table>`; for each audience one for its linked tables (see `audit_linked`) and one for
money that adds up (see `audit_money`); and `disclosure.files` for files that nobody was granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import HideRule, MadeOf, Product, ProductTable
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.disclosure import audit_bands, audit_money, audit_places
from rcs_pipeline.disclosure.audit_linked import attack, check_of, linked_tables
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, reading, text
from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KIND = "disclosure"
FILES_CHECK = "disclosure.files"
GUIDANCE = "Mend the hide rules or the audiences of the table's contract, then build again."
NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)


@dataclass(frozen=True)
class Leak:
    """One way in which a row can say too much (or too little): a sentence and its predicate."""

    says: str
    where: str


def required(product: Product) -> tuple[str, ...]:
    """The ids of the audit's verdicts, known from the contracts alone."""
    pairs = _granted(product)
    together = (check_of(audience) for audience in product.file.audiences if linked_tables(product, audience))
    money = (
        audit_money.check_of(audience)
        for audience in product.file.audiences
        if audit_money.money_tables(product, audience)
    )
    bands = audit_bands.required(product)
    each = (f"disclosure.{audience}.{table.name}" for audience, table in pairs)
    return (*each, *together, *money, *bands, FILES_CHECK, *audit_places.required(product))


def audit(folder: Path, product: Product, *, threads: int | None = None) -> list[Verdict]:
    """Re-read `protected/` of a candidate folder and compare it with its `warehouse.duckdb`.

    Args:
        folder: the candidate's folder.
        product: the contracts; who may see what is read from them afresh.
        threads: for the engine.
    """
    verdicts = [_strays(folder, product)]
    try:
        with reading(folder / "warehouse.duckdb", threads=threads) as connection:
            verdicts += [_table(connection, folder, product, *pair) for pair in _granted(product)]
            for audience in product.file.audiences:
                if linked_tables(product, audience):
                    verdicts.append(_linked(connection, folder, product, audience))
                if audit_money.money_tables(product, audience):
                    verdicts.append(_money(connection, folder, product, audience))
                if audit_bands.banded_tables(product, audience):
                    found = audit_bands.judge(connection, folder, product, audience)
                    verdicts.append(_verdict(audit_bands.check_of(audience), *found, audience))
            verdicts += [_verdict(*item) for item in audit_places.audit_places(connection, folder, product)]
    except RcsError as error:
        unread = {*required(product)} - {item.check for item in verdicts}
        verdicts += [_verdict(check, Outcome.ERROR, str(error)) for check in sorted(unread)]
    return verdicts


def _linked(connection: DuckDBPyConnection, folder: Path, product: Product, audience: str) -> Verdict:
    import duckdb

    try:
        outcome, says = attack(connection, folder, product, audience)
    except duckdb.Error as error:
        outcome = Outcome.ERROR
        says = f"The linked tables cannot be attacked: {str(error).splitlines()[0]}"
    return _verdict(check_of(audience), outcome, says, audience)


def _money(connection: DuckDBPyConnection, folder: Path, product: Product, audience: str) -> Verdict:
    import duckdb

    try:
        outcome, says = audit_money.attack_money(connection, folder, product, audience)
    except duckdb.Error as error:
        outcome, says = Outcome.ERROR, f"The money cannot be attacked: {str(error).splitlines()[0]}"
    return _verdict(audit_money.check_of(audience), outcome, says, audience)


def _granted(product: Product) -> list[tuple[str, ProductTable]]:
    pairs = ((audience, table) for audience in product.file.audiences for table in product.tables)
    return [(audience, table) for audience, table in pairs if table.columns_for(audience)]


def _strays(folder: Path, product: Product) -> Verdict:
    granted = {f"{audience}/{table.name}.parquet" for audience, table in _granted(product)}
    root = folder / "protected"
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    strays = sorted(path for path in found - granted if not audit_places.of_a_place(path, product))
    message = (
        f"Files that nobody was granted: {', '.join(strays)}"
        if strays
        else f"{len(found)} files, all granted"
    )
    return _verdict(FILES_CHECK, Outcome.FAIL if strays else Outcome.PASS, message)


def _table(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable
) -> Verdict:
    import duckdb

    check = f"disclosure.{audience}.{table.name}"
    file = folder / "protected" / audience / f"{table.name}.parquet"
    if not file.is_file():
        return _verdict(check, Outcome.FAIL, "The protected file is not there", audience)
    try:
        described = connection.execute(f"describe select * from read_parquet({text(str(file))})").fetchall()
        held = tuple(str(row[0]) for row in described)
        problems = _overall(table, audience, held)
        if not problems:
            _name_unseen(connection, folder, product, audience, table)
            problems = _count(connection, file, table, _leaks(table, product, audience, held))
        rows = connection.execute(f"select count(*) from read_parquet({text(str(file))})").fetchone()
    except duckdb.Error as error:
        return _verdict(
            check, Outcome.ERROR, f"The file cannot be audited: {str(error).splitlines()[0]}", audience
        )
    if problems:
        return _verdict(check, Outcome.FAIL, "; ".join(problems), audience)
    return _verdict(check, Outcome.PASS, f"{rows[0] if rows else 0} rows read again, no leak", audience)


def _overall(table: ProductTable, audience: str, held: tuple[str, ...]) -> list[str]:
    """What is wrong with the file as a whole; the rows cannot be judged before it is right."""
    granted = [item.name for item in table.columns if audience in item.audiences]
    problems = [f"the column `{item}` is not granted to `{audience}`" for item in held if item not in granted]
    problems += [f"the granted column `{item}` is missing" for item in granted if item not in held]
    for rule in table.extension.hide:
        mute = rule.symbol_column not in granted and any(item in granted for item in rule.hides)
        problems += [
            f"`{audience}` does not see `{rule.symbol_column}`, which says why a number is missing"
        ] * mute
    return problems


def _leaks(table: ProductTable, product: Product, audience: str, held: tuple[str, ...]) -> list[Leak]:
    leaks = [Leak("that the warehouse does not have", "truth.__row is null")]
    allowed = "true"
    if place := table.extension.geography_column:
        levels = (
            ", ".join(text(item.value) for item in product.file.audiences[audience].geographies) or "null"
        )
        allowed = f"coalesce(truth.{name(place)} in ({levels}), false)"
        finer = f"truth.__row is not null and not {allowed}"
        if place in held:
            finer = f"({finer}) or not coalesce(shown.{name(place)} in ({levels}), false)"
        leaks.append(Leak("below the geographies of the audience", f"shown.__row is not null and ({finer})"))
    if somebodys := audit_places.whose(table, audience, "truth"):
        allowed = f"{allowed} and {somebodys}"
        leaks.append(Leak("of no place", f"truth.__row is not null and not {somebodys}"))
    leaks = [Leak(item.says, f"shown.__row is not null and ({item.where})") for item in leaks]
    leaks.append(Leak("of the warehouse left out without a reason", f"shown.__row is null and {allowed}"))
    for rule in table.extension.hide:
        leaks += _symbols(rule, table, held)
        leaks += _small(rule, product.file.disclosure, audience, held)
    return leaks


def _symbols(rule: HideRule, table: ProductTable, held: tuple[str, ...]) -> list[Leak]:
    """Symbol and number: always one of the two, never both, and only symbols that the contract knows."""
    symbol = f"shown.{name(rule.symbol_column)}"
    if rule.symbol_column not in held:
        return []
    by_name = {item.name: item for item in table.columns}
    speakers = [by_name[item] for item in (rule.symbol_column, *rule.hides)]
    known = {item.value for column in speakers for item in column.symbols} | set(
        by_name[rule.symbol_column].codes or {}
    )
    listed = ", ".join(text(item) for item in sorted(known)) or "null"
    leaks = [Leak(f"with a symbol in `{rule.symbol_column}` that its contract does not allow",
                  f"{symbol} is not null and not coalesce({symbol} in ({listed}), false)")]  # fmt: skip
    silent = set(rule.hides)
    if rule.kind != "money":
        # Withheld people are withheld whole: whatever number stands beside the symbol may give the hidden
        # one away (a roll times a rate, an effective base). Money leaves its counts in sight.
        silent |= {
            item.name for item in table.columns if item.type in NUMERIC and item.name not in table.grain
        }
    beside = [f"shown.{name(item)} is not null" for item in held if item in silent]
    if beside:
        leaks.append(Leak(f"with a number beside the symbol in `{rule.symbol_column}`",
                          f"{symbol} is not null and ({' or '.join(beside)})"))  # fmt: skip
    main = "estimate" if "estimate" in rule.hides else rule.hides[0]
    if main in held:
        # Where two rules hide a number, the symbol of either says why it is not there.
        others = [f"shown.{name(item.symbol_column)} is null" for item in table.extension.hide
                  if main in item.hides and item.symbol_column in held]  # fmt: skip
        mute = f"shown.__row is not null and shown.{name(main)} is null and {' and '.join(others)}"
        leaks.append(Leak(f"with neither a number in `{main}` nor a symbol", mute))
    return leaks


def _small(rule: HideRule, policy: DisclosurePolicy, audience: str, held: tuple[str, ...]) -> list[Leak]:
    """What a visible row says about too few, by the warehouse's figures and by the file's own."""
    visible = " or ".join(f"shown.{name(item)} is not null" for item in rule.hides if item in held) or "false"
    if rule.kind == "derived":
        return [
            Leak(
                f"made of rows of `{cells.table}` that are not shown",
                f"({visible}) and {_unseen(cells, audience)}",
            )
            for cells in rule.made_of
        ]
    if rule.kind != "estimate":
        least = policy.minimum_count if rule.kind == "count" else policy.minimum_providers
        what = "a count" if rule.kind == "count" else "money of providers"
        leaks = []
        for item in rule.tests:
            too_few = [f"(({visible}) and (truth.{name(item)} is null or truth.{name(item)} < {least}))"]
            if item in held and rule.kind == "count":
                too_few.append(f"shown.{name(item)} < {least}")
            leaks.append(Leak(f"with {what} (`{item}`) below {least} in sight", " or ".join(too_few)))
        return leaks
    base, numerator = _base_and_numerator(rule)
    true = _few(policy, f"truth.{name(base)}", f"truth.{name(numerator)}")
    own = _few(policy, f"shown.{name(base)}", f"shown.{name(numerator)}")
    readable = (base in held, numerator in held, {base, numerator} <= set(held))
    unknown = f"truth.{name(base)} is null"
    return [
        Leak(says, f"(({visible}) and ({where} or {unknown}))" + (f" or {own[says]}" if can_read else ""))
        for (says, where), can_read in zip(true.items(), readable, strict=True)
    ]


def _name_unseen(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable
) -> None:
    """Of each table that this one is made of, the warehouse's rows that the audience has no number of."""
    for other in {cells.table for rule in table.extension.hide for cells in rule.made_of}:
        source = product.table(other)
        holder = product.held_by(source, audience) or audience
        file = folder / "protected" / holder / f"{other}.parquet"
        rows = f"{WAREHOUSE}.main.{name(other)}"
        if file.is_file():
            numbers = {rule.hides[0] for rule in source.extension.hide} & {
                item.name for item in source.columns_for(holder)
            }
            filled = " and ".join(f"held.{name(item)} is not null" for item in sorted(numbers)) or "false"
            same = " and ".join(f"held.{name(item)} = rows_made.{name(item)}" for item in source.grain)
            rows += (
                f" as rows_made where not exists (select 1 from read_parquet({text(str(file))}) as held"
                f" where {same} and {filled})"
            )
        # Several tables are made of the same one: it is compared once an audience.
        connection.execute(
            f"create temp table if not exists {name(_unseen_of(other, audience))} as select * from {rows}"
        )


def _unseen_of(table: str, audience: str) -> str:
    return f"unseen {audience} {table}"


def _unseen(cells: MadeOf, audience: str) -> str:
    same = [f"unseen.{name(theirs)} = truth.{name(ours)}" for theirs, ours in cells.same.items()]
    same += [
        f"list_contains(string_split(truth.{name(ours)}, ', '), unseen.{name(theirs)})"
        for theirs, ours in cells.listed.items()
    ]
    unseen = name(_unseen_of(cells.table, audience))
    return f"exists (select 1 from {unseen} as unseen where {' and '.join(same)})"


def _few(policy: DisclosurePolicy, base: str, numerator: str) -> dict[str, str]:
    """What is too few, in words and as predicates over a base and a numerator."""
    small = policy.small_numerator
    return {
        f"with a base below {policy.minimum_base} in sight": f"{base} < {policy.minimum_base}",
        f"with a numerator of 1 to {small} in sight": f"{numerator} between 0.5 and {small}.5",
        f"with a complement of 1 to {small} in sight": f"{base} - {numerator} between 0.5 and {small}.5",
    }


def _base_and_numerator(rule: HideRule) -> tuple[str, str]:
    if len(rule.tests) == 2 and "base" not in rule.tests:
        return rule.tests[0], rule.tests[1]
    return "base", "numerator"


def _count(connection: DuckDBPyConnection, file: Path, table: ProductTable, leaks: list[Leak]) -> list[str]:
    same = " and ".join(f"shown.{name(item)} is not distinct from truth.{name(item)}" for item in table.grain)
    counts = ", ".join(f"count(*) filter (where {item.where})" for item in leaks)
    row = connection.execute(
        f"select {counts} from (select *, 1 as __row from read_parquet({text(str(file))})) as shown"
        f" full join (select *, 1 as __row from {WAREHOUSE}.main.{name(table.name)}) as truth on {same}"
    ).fetchone()
    return [f"{count} row(s) {item.says}" for item, count in zip(leaks, row or (), strict=True) if count]


def _verdict(check: str, outcome: Outcome, message: str, location: str = "") -> Verdict:
    return Verdict(
        check=check, kind=KIND, severity=CheckSeverity.CRITICAL, outcome=outcome, message=message,
        location=location, guidance="" if outcome is Outcome.PASS else GUIDANCE,
    )  # fmt: skip
