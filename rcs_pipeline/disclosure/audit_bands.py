"""The attack on bands: what was written is held against other worlds, counted in whole numbers.

Belongs here: reading the protected files and the kept worlds again with SQL of its own, and one verdict for
each audience that sees a banded table.
Does not belong here: finding worlds or choosing bands, and anything else that `protect` uses to decide.

The attacker knows every band, the base of every cell of every school, the sums of every partnership for the
finest groups, and the method. A kept world is believed only if it fits all of that exactly; a row passes if
the worlds that fit differ by as much as the policy says, or as they would if no school's figure were shown.
The verdict counts rows; it never says an interval.

Audiences that were given the same bands pass or fail alike: what the attack reads of a file is compared row
by row with what it read before, and only what differs is attacked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.banding import BandedTable
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.audit_band_ends import narrow_beside
from rcs_pipeline.disclosure.audit_cells import named_in
from rcs_pipeline.disclosure.audit_worlds import left_away_in_part, misfits, narrow_bases, narrow_rows
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, names, text
from rcs_pipeline.ledger.records import Outcome

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass
class Attacks:
    """What came of the last attack on each table: what is wrong and what was counted.

    Of one connection, where `bands_before` of a table are the rows that were attacked.
    """

    found: dict[str, tuple[list[str], str]] = field(default_factory=dict)


def check_of(audience: str) -> str:
    """The id of an audience's verdict."""
    return f"disclosure.{audience}.bands"


def banded_tables(product: Product, audience: str) -> tuple[ProductTable, ...]:
    """The banded tables that the audience sees something of."""
    return tuple(table for table in product.tables if table.extension.banded and table.columns_for(audience))


def required(product: Product) -> tuple[str, ...]:
    """The ids of the verdicts, known from the contracts alone."""
    return tuple(
        check_of(audience) for audience in product.file.audiences if banded_tables(product, audience)
    )


def judge(
    connection: DuckDBPyConnection,
    folder: Path,
    product: Product,
    audience: str,
    attacks: Attacks | None = None,
) -> tuple[Outcome, str]:
    """Attack every banded table of the audience; `folder` is the candidate's.

    `attacks`: those on the same connection so far, of the same candidate.
    """
    import duckdb

    said, failed = [], False
    for table in banded_tables(product, audience):
        file = judged_file(folder, audience, table.name)
        worlds = folder / "worlds" / f"{table.name}.parquet"
        try:
            problems, counts = attack_files(connection, (file,), worlds, product, table, attacks)
        except duckdb.Error as error:
            return Outcome.ERROR, f"{table.name} cannot be attacked: {str(error).splitlines()[0]}"
        failed = failed or bool(problems)
        said.append(f"{table.name}: {counts}" + "".join(f"; {item}" for item in problems))
    return (Outcome.FAIL if failed else Outcome.PASS), "; ".join(said)


def attack_files(
    connection: DuckDBPyConnection,
    files: Sequence[Path],
    worlds: Path,
    product: Product,
    table: ProductTable,
    attacks: Attacks | None = None,
) -> tuple[list[str], str]:
    """What is wrong with all that was given of a table, in whatever files, and what was counted.

    Args:
        connection: with the candidate's warehouse.
        files: every file in which somebody gets rows of the table; they are attacked together.
        worlds: the kept worlds.
        product: the policy.
        table: the contract of the table.
        attacks: those on the same connection, warehouse and worlds so far.
    """
    banded = table.extension.banded
    assert banded is not None  # noqa: S101  (chosen by `banded_tables`)
    if absent := [file.name for file in (*files, worlds) if not file.is_file()]:
        return [f"{', '.join(absent)} is not there"], "nothing to attack"
    _given(connection, files, product, table, banded)
    if attacks and table.name in attacks.found and _same(connection, table):
        return attacks.found[table.name]
    found = _attack(connection, worlds, product, table, banded)
    if attacks is not None:
        attacks.found[table.name] = found
        connection.execute(f"create or replace temp table {name(_before(table))} as from bands_given")
    return found


def _before(table: ProductTable) -> str:
    return f"bands_before of {table.name}"


def _same(connection: DuckDBPyConnection, table: ProductTable) -> bool:
    """Whether the given rows are those of the last attack on the table."""
    given, before = "bands_given", name(_before(table))
    counts = [_number(connection, f"select count(*) from {rows}") for rows in (given, before)]
    return counts[0] == counts[1] and not _number(
        connection, f"select count(*) from (from {given} except all from {before})"
    )


def _attack(
    connection: DuckDBPyConnection, worlds: Path, product: Product, table: ProductTable, banded: BandedTable
) -> tuple[list[str], str]:
    """The attack on `bands_given`."""
    _truth(connection, product, table, banded)
    _kept(connection, worlds, banded)
    _seen(connection)
    policy = product.file.disclosure
    _sizes(connection, policy.minimum_base)
    width = int(policy.interval_width or 0)
    wrongs = (*misfits(), *narrow_rows(width), narrow_bases(policy, width), left_away_in_part(policy))
    problems = [f"{found} {wrong.says}" for wrong in wrongs if (found := _number(connection, wrong.count))]
    if beside := narrow_beside(connection, product, width):
        problems.append(f"{beside} row(s) that bands of related questions tell too closely")
    rows, hidden = (
        _number(connection, f"select count(*) from bands_rows where base > 0{more}")
        for more in ("", " and not shown")
    )
    proofs = _number(connection, "select count(distinct (block, line, world)) from bands_moves")
    return problems, f"{hidden} of {rows} rows hidden, {rows} attacked with {proofs} worlds"


def _number(connection: DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _joined(rows: str, columns: Sequence[str]) -> str:
    """Several columns as one text that tells them apart."""
    return "concat_ws('|', " + ", ".join(f"{rows}.{name(item)}" for item in columns) + ")"


def _given(
    connection: DuckDBPyConnection,
    files: Sequence[Path],
    product: Product,
    table: ProductTable,
    banded: BandedTable,
) -> None:
    """`bands_given`: what the files say, and `bands_kinds`: which kinds of bands the policy knows."""
    shows = banded.shows
    symbol = next(rule.symbol_column for rule in table.extension.hide if rule.kind == "banded")
    listed = ", ".join(text(str(file)) for file in files)
    connection.execute(f"""
        create or replace temp table bands_given as
        select distinct {names(banded.keys)}, {name(shows.size)} as size, {name(shows.lower)} as edge_from,
            {name(shows.upper)} as edge_to, {name(symbol)} as symbol
        from read_parquet([{listed}])
    """)
    sizes = product.file.disclosure.school_bands or ()
    kinds = []
    for place, size in enumerate(sizes):
        following = sizes[place + 1].base - 1 if place + 1 < len(sizes) else None
        says = f"{size.base} or more" if following is None else f"{size.base} to {following}"
        kinds.append(f"({size.parts}, {size.base}, {'null' if following is None else following}, '{says}')")
    connection.execute(
        "create or replace temp table bands_kinds as select * from"
        f" (values {', '.join(kinds)}) as kinds (parts, fewest, most, size)"
    )


def _truth(
    connection: DuckDBPyConnection, product: Product, table: ProductTable, banded: BandedTable
) -> None:
    """`bands_rows`: every row with what is shown of it, `bands_cells`: the finest cells of the same schools,
    `bands_parts`: which cells a row counts.
    """
    finest = banded.finest
    only = {**finest.only, banded.group_by: finest.group}
    least = int(product.file.disclosure.minimum_school or 0)
    same = " and ".join(f"truth.{name(key)} is not distinct from given.{name(key)}" for key in banded.keys)
    school = (*banded.system, banded.place)
    connection.execute(f"""
        create or replace temp table bands_rows as
        select
            {_joined("truth", (*banded.system, banded.within))} as block,
            {_joined("truth", school)} as school,
            truth.{name(banded.line)} as line, truth.{name(banded.group_by)} as way,
            truth.{name(banded.group_value)} as value, coalesce(truth.{name(banded.base)}, 0) as base,
            coalesce(truth.{name(banded.numerator)}, 0) as numerator,
            given.edge_from, given.edge_to, given.size, kinds.fewest, kinds.most, kinds.parts,
            coalesce(given.edge_from, given.edge_to) is not null as shown,
            coalesce(max(case when way = 'all' then base end) over (partition by school, line), 0) >= {least}
                as enough
        from {WAREHOUSE}.main.{name(table.name)} as truth
        left join bands_given as given on {same}
        left join bands_kinds as kinds
            on given.size = kinds.size and given.edge_to - given.edge_from = 100 // kinds.parts
    """)
    connection.execute(f"""
        create or replace temp table bands_cells as
        select
            schools.block, schools.school, cells.{name(banded.line)} as line,
            cells.{name(banded.group_value)} as cell, cells.{name(banded.base)} as base,
            cells.{name(banded.numerator)} as numerator
        from {WAREHOUSE}.main.{name(finest.table)} as cells
        inner join (select distinct block, school from bands_rows) as schools
            on {_joined("cells", (*banded.system, finest.place))} = schools.school
        where
            {" and ".join(f"cells.{name(column)} = {text(value)}" for column, value in only.items())}
            and cells.{name(banded.base)} is not null and cells.{name(banded.numerator)} is not null
    """)
    found = connection.execute("select distinct way, value from bands_rows order by all").fetchall()
    cells = connection.execute("select distinct cell from bands_cells order by all").fetchall()
    pairs = [
        (way, value, cell)
        for way, value in found
        for (cell,) in cells
        if named_in(way, value).items() <= named_in(finest.group, cell).items()
    ]
    connection.execute("create or replace temp table bands_parts (way varchar, value varchar, cell varchar)")
    if pairs:
        connection.executemany("insert into bands_parts values (?, ?, ?)", pairs)


def _kept(connection: DuckDBPyConnection, worlds: Path, banded: BandedTable) -> None:
    """`bands_moves`: what each kept world moves, beside the cell it moves.

    A world alone is one of a single school; one together is of all schools of a partnership.
    """
    connection.execute(f"""
        create or replace temp table bands_moves as
        select
            cells.block, kept.school, kept.line, kept.cell, kept.kind, kept.moved, cells.base,
            cells.numerator,
            concat_ws(' ', kept.kind, kept.world, case when kept.kind = 'alone' then kept.school end) as world
        from (
            select *, {_joined("held", (*banded.system, banded.place))} as school,
                held.{name(banded.line)} as line
            from read_parquet({text(str(worlds))}) as held
        ) as kept
        left join bands_cells as cells
            on kept.school = cells.school and kept.line = cells.line and kept.cell = cells.cell
    """)


def _seen(connection: DuckDBPyConnection) -> None:
    """`bands_shifts`: by how much each world changes each row; `bands_widths`: how far the worlds differ.

    The truth is a world as well, and fits.
    """
    connection.execute("""
        create or replace temp table bands_shifts as
        select moves.school, moves.line, moves.kind, moves.world, parts.way, parts.value,
            sum(moves.moved) as shift
        from bands_moves as moves inner join bands_parts as parts on moves.cell = parts.cell
        group by all
    """)
    connection.execute("""
        create or replace temp table bands_widths as
        select
            school, line, way, value,
            greatest(max(shift), 0) - least(min(shift), 0) as any_width,
            greatest(coalesce(max(case when kind = 'together' then shift end), 0), 0)
            - least(coalesce(min(case when kind = 'together' then shift end), 0), 0) as together_width
        from bands_shifts
        group by all
    """)


def _sizes(connection: DuckDBPyConnection, minimum_base: int) -> None:
    """`bands_sizes`: the fewest and the most who can have answered, of every row.

    First what the kind of band says; then, until nothing becomes narrower, what follows because each grouping
    of a school adds up to everybody (pupils in no group are known), and the schools to their partnership
    (told where that is not too small).
    """
    connection.execute("""
        create or replace temp table bands_sizes as
        select block, school, line, way, value, base, shown, coalesce(fewest, 0) as low,
            coalesce(most, 1000000) as high
        from bands_rows
    """)
    before = None
    while (now := _number(connection, "select sum(high - low) from bands_sizes")) != before:
        before = now
        connection.execute(f"""
            create or replace temp table bands_sizes as
            with ways as (
                select school, line, way, sum(low) as low, sum(high) as high, sum(base) as base
                from bands_sizes group by all
            ),
            schools as (
                select ways.school, ways.line, any_value(everybody.base) as base,
                    max(ways.low + everybody.base - ways.base) as low,
                    min(ways.high + everybody.base - ways.base) as high
                from ways inner join ways as everybody using (school, line)
                where everybody.way = 'all'
                group by all
            ),
            sums as (
                select block, line, way, value, sum(low) as low, sum(high) as high, sum(base) as base
                from bands_sizes group by all
            )
            select
                rows.* replace (
                    greatest(
                        rows.low, schools.low - (schools.base - ways.base) - (ways.high - rows.high),
                        case when sums.base >= {minimum_base} then sums.base - (sums.high - rows.high) end
                    ) as low,
                    least(
                        rows.high, schools.high - (schools.base - ways.base) - (ways.low - rows.low),
                        case when sums.base >= {minimum_base} then sums.base - (sums.low - rows.low) end
                    ) as high
                )
            from bands_sizes as rows
            inner join ways using (school, line, way)
            inner join schools using (school, line)
            inner join sums using (block, line, way, value)
        """)
