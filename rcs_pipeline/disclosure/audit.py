"""The audit: the written files read again, as somebody would who wants to find out what is hidden.

Belongs here: predicates of its own over what an audience holds, compared with the warehouse row by row.
Does not belong here: anything that `protect` uses to decide. A mistake there must show up here.

Verdicts name counts of rows, never values. One verdict for each audience and table,
`disclosure.<audience>.<table>`; for each audience one for its linked tables (see `audit_linked`), one for
money that adds up (see `audit_money`), one for bands (see `audit_bands`) and one beside all earlier releases
(see `audit_earlier`); and `disclosure.files` for files that nobody was granted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure import audit_bands, audit_earlier, audit_money, audit_places
from rcs_pipeline.disclosure.audit_leaks import Leak, leaks_of, rows_asked, unseen_of
from rcs_pipeline.disclosure.audit_linked import attack, check_of, linked_tables
from rcs_pipeline.disclosure.earlier import Given
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, names, reading, text
from rcs_pipeline.ledger.paths import AFRESH
from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KIND = "disclosure"
FILES_CHECK = "disclosure.files"
GUIDANCE = "Mend the hide rules or the audiences of the table's contract, then build again."


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
    earlier = audit_earlier.required(product)
    each = (f"disclosure.{audience}.{table.name}" for audience, table in pairs)
    return (*each, *together, *money, *bands, *earlier, FILES_CHECK, *audit_places.required(product))


def audit(
    folder: Path, product: Product, *, earlier: Sequence[Given] = (), threads: int | None = None
) -> list[Verdict]:
    """Re-read `protected/` of a candidate folder and compare it with its `warehouse.duckdb`.

    Args:
        folder: the candidate's folder.
        product: the contracts; who may see what is read from them afresh.
        earlier: every release that was given before, oldest first.
        threads: for the engine.
    """
    import duckdb

    verdicts = [_strays(folder, product)]
    try:
        with (
            ThreadPoolExecutor(1) as beside,
            reading(folder / "warehouse.duckdb", threads=threads) as connection,
        ):
            # The engine is at work on bands and places while the linked tables' programmes are solved.
            others = beside.submit(_bands_and_places, folder, product, threads)
            verdicts += [_table(connection, folder, product, *pair) for pair in _granted(product)]
            for audience in product.file.audiences:
                verdicts += _attacks(connection, folder, product, audience, earlier)
            verdicts += others.result()
    except (RcsError, duckdb.Error) as error:
        unread = {*required(product)} - {item.check for item in verdicts}
        says = _why("The candidate", error)
        verdicts += [_verdict(check, Outcome.ERROR, says) for check in sorted(unread)]
    return verdicts


def _attacks(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, earlier: Sequence[Given]
) -> Iterator[Verdict]:
    """What all that an audience sees says together: its linked tables, its money, its earlier releases."""
    given = (connection, folder, product, audience, earlier)
    if linked_tables(product, audience):
        yield _attacked(check_of(audience), audience, "The linked tables", lambda: attack(*given))
    if audit_money.money_tables(product, audience):
        check = audit_money.check_of(audience)
        yield _attacked(check, audience, "The money", lambda: audit_money.attack_money(*given))
    if audit_earlier.tables_of(product, audience):
        check = audit_earlier.check_of(audience)
        yield _attacked(check, audience, "Earlier releases", lambda: audit_earlier.judge(*given))


def _bands_and_places(folder: Path, product: Product, threads: int | None) -> list[Verdict]:
    """The attack on bands, and whether rows lie under their own places, with a connection of its own."""
    attacks = audit_bands.Attacks()
    with reading(folder / "warehouse.duckdb", threads=threads) as connection:

        def bands(audience: str) -> Verdict:
            given = (connection, folder, product, audience, attacks)
            check = audit_bands.check_of(audience)
            return _attacked(check, audience, "The bands", lambda: audit_bands.judge(*given))

        verdicts = [
            bands(item) for item in product.file.audiences if audit_bands.banded_tables(product, item)
        ]
        places = audit_places.audit_places(connection, folder, product)
        return [*verdicts, *(_verdict(*item) for item in places)]


def _attacked(check: str, audience: str, what: str, judge: Callable[[], tuple[Outcome, str]]) -> Verdict:
    """The verdict of one attack; an error where it breaks off, so that the others are told all the same."""
    import duckdb

    try:
        outcome, says = judge()
    except (RcsError, duckdb.Error) as error:
        outcome, says = Outcome.ERROR, _why(what, error)
    return _verdict(check, outcome, says, audience)


def _why(what: str, error: Exception) -> str:
    """Why an attack broke off. DuckDB's first line alone: it repeats the query below it."""
    return (
        str(error)
        if isinstance(error, RcsError)
        else f"{what} cannot be attacked: {str(error).splitlines()[0]}"
    )


def _granted(product: Product) -> list[tuple[str, ProductTable]]:
    pairs = ((audience, table) for audience in product.file.audiences for table in product.tables)
    return [(audience, table) for audience, table in pairs if table.columns_for(audience)]


def _strays(folder: Path, product: Product) -> Verdict:
    granted = {f"{audience}/{table.name}.parquet" for audience, table in _granted(product)}
    found = _files_under(folder / "protected")
    strays = sorted(path for path in found - granted if not audit_places.of_a_place(path, product))
    # What is judged instead of a protected file has to be one that is held against it.
    beside = {
        f"{audience}/{table.name}.parquet"
        for audience in product.file.audiences
        for table in audit_earlier.tables_of(product, audience)
    }
    strays += [f"{AFRESH}/{path}" for path in sorted(_files_under(folder / AFRESH) - beside)]
    message = (
        f"Files that nobody was granted: {', '.join(strays)}"
        if strays
        else f"{len(found)} files, all granted"
    )
    return _verdict(FILES_CHECK, Outcome.FAIL if strays else Outcome.PASS, message)


def _files_under(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


def _table(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable
) -> Verdict:
    import duckdb

    check = f"disclosure.{audience}.{table.name}"
    file = judged_file(folder, audience, table.name)
    if not file.is_file():
        return _verdict(check, Outcome.FAIL, "The protected file is not there", audience)
    try:
        described = connection.execute(f"describe select * from read_parquet({text(str(file))})").fetchall()
        held = tuple(str(row[0]) for row in described)
        problems = _overall(table, audience, held)
        if not problems:
            _name_unseen(connection, folder, product, audience, table)
            leaks = leaks_of(table, product, audience, held)
            problems = _count(connection, file, table, leaks, rows_asked(table, product, audience, held))
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


def _name_unseen(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable
) -> None:
    """Of each table that this one is made of, the warehouse's rows that the audience has no number of."""
    for other in {cells.table for rule in table.extension.hide for cells in rule.made_of}:
        source = product.table(other)
        holder = product.held_by(source, audience) or audience
        file = judged_file(folder, holder, other)
        rows = f"{WAREHOUSE}.main.{name(other)} as rows_made where {_of_levels_asked(product, source)}"
        if file.is_file():
            numbers = {rule.hides[0] for rule in source.extension.hide} & {
                item.name for item in source.columns_for(holder)
            }
            filled = " and ".join(f"held.{name(item)} is not null" for item in sorted(numbers)) or "false"
            same = " and ".join(f"held.{name(item)} = rows_made.{name(item)}" for item in source.grain)
            rows += (
                f" and not exists (select 1 from read_parquet({text(str(file))}) as held"
                f" where {same} and {filled})"
            )
        # Several tables are made of the same one: it is compared once an audience.
        connection.execute(
            f"create temp table if not exists {name(unseen_of(other, audience))} as"
            f" select {names(source.grain)} from {rows}"
        )


def _of_levels_asked(product: Product, source: ProductTable) -> str:
    """Only rows of a table that some row made of it can name: of levels below none is made."""
    place = source.extension.geography_column
    asked = [
        (table.name, cells.same.get(str(place)))
        for table in product.tables
        for rule in table.extension.hide
        for cells in rule.made_of
        if cells.table == source.name
    ]
    if place is None or not all(ours for _, ours in asked):
        return "true"
    levels = " union ".join(
        f"select {name(str(ours))} from {WAREHOUSE}.main.{name(table)}"
        for table, ours in dict.fromkeys(asked)
    )
    return f"rows_made.{name(place)} in ({levels})"


def _count(
    connection: DuckDBPyConnection, file: Path, table: ProductTable, leaks: list[Leak], among: str
) -> list[str]:
    same = " and ".join(f"shown.{name(item)} is not distinct from truth.{name(item)}" for item in table.grain)
    counts = ", ".join(f"count(*) filter (where {item.where})" for item in leaks)
    row = connection.execute(
        f"select {counts} from (select *, 1 as __row from read_parquet({text(str(file))})) as shown"
        f" full join (select *, 1 as __row from {WAREHOUSE}.main.{name(table.name)} where {among}) as truth"
        f" on {same}"
    ).fetchone()
    return [f"{count} row(s) {item.says}" for item, count in zip(leaks, row or (), strict=True) if count]


def _verdict(check: str, outcome: Outcome, message: str, location: str = "") -> Verdict:
    return Verdict(
        check=check, kind=KIND, severity=CheckSeverity.CRITICAL, outcome=outcome, message=message,
        location=location, guidance="" if outcome is Outcome.PASS else GUIDANCE,
    )  # fmt: skip
