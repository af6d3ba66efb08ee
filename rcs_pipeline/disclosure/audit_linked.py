"""The attack on what was written: for every hidden number of linked tables, what follows from the rest.

Belongs here: reading the protected files again, the sums between their cells (found by joins, not by the grid
of `tables`), what an attacker knows of each hidden number, and one verdict for each audience.
Does not belong here: solving (see `attack`), anything that `protect` uses to decide.

The warehouse is asked for three things only: the truth of a hidden number (the attacker's sums follow from
it), whether it is a zero that the policy exempts by name, and which indicators share their bases. The verdict
counts cells; it never says an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from rcs_pipeline.contracts.disclosure_policy import LinkedTable
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.attack import Finding, judge
from rcs_pipeline.disclosure.audit_knowledge import Exempt, knowledge_of
from rcs_pipeline.disclosure.audit_linked_before import close_sums, lay_before, shape, told_by_sums
from rcs_pipeline.disclosure.audit_weighted import lay_figures
from rcs_pipeline.disclosure.earlier import Given, Laid, lay_out
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, text
from rcs_pipeline.ledger.records import Outcome

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Attacked:
    """What the attack on one table found, in counts."""

    table: str
    cells: int
    hidden: int
    numbers: int
    exempt: Exempt
    narrow: int
    known: int
    told: int = 0
    close: int = 0
    told_apart: int = 0
    figures: int = 0
    without_figures: int = 0

    @property
    def says(self) -> str:
        """The counts in words."""
        found = f"{self.table}: {self.hidden} of {self.cells} cells hidden, {self.numbers} numbers attacked"
        if self.figures:
            found += f" with {self.figures} rounded weighted figures"
        if self.without_figures:
            systems = "system" if self.without_figures == 1 else "systems"
            found += f", {self.without_figures} {systems} without rounded weighted figures"
            found += ", since too much is hidden"
        if self.exempt.zeros:
            found += f", {self.exempt.zeros} zeros exempt by name"
        if self.exempt.small_rolls:
            found += f", {self.exempt.small_rolls} under rolls of less than the width exempt by name"
        if self.told:
            found += f", {self.told} known from earlier releases"
        if self.close:
            found += f", {self.close} sums of which too few pupils are left between two releases"
        if self.told_apart:
            found += (
                f", {self.told_apart} sums that say how many pupils left or joined each of their kept parts"
            )
        if self.narrow:
            found += f", {self.narrow} narrower than the policy allows ({self.known} of them known exactly)"
        return found


def check_of(audience: str) -> str:
    """The id of an audience's verdict."""
    return f"disclosure.{audience}.linked"


def linked_tables(product: Product, audience: str) -> tuple[ProductTable, ...]:
    """The linked tables that the audience sees something of."""
    return tuple(table for table in product.tables if table.extension.linked and table.columns_for(audience))


def attack(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str,
    earlier: Sequence[Given] = (),
) -> tuple[Outcome, str]:  # fmt: skip
    """Attack every linked table of the audience; `folder` is the candidate's."""
    found = [
        _attack(connection, folder, product, audience, table, lay_out(connection, audience, table, earlier))
        for table in linked_tables(product, audience)
    ]
    width = product.file.disclosure.interval_width
    says = "; ".join(item.says for item in found)
    if any(item.narrow or item.close or item.told_apart for item in found):
        return Outcome.FAIL, says
    other = "other " if any(item.exempt.small_rolls for item in found) else ""
    return Outcome.PASS, f"{says}; every {other}one could be {(width or 0) + 1} values or more"


def _attack(
    connection: DuckDBPyConnection, folder: Path, product: Product, audience: str, table: ProductTable,
    before: Sequence[Laid],
) -> Attacked:  # fmt: skip
    linked = table.extension.linked
    assert linked is not None  # noqa: S101  (chosen by `linked_tables`)
    _cells(connection, folder, product, audience, table, linked)
    _sums(connection)
    without_figures = lay_figures(connection, folder, product, audience, table, linked)
    few = product.file.disclosure.minimum_difference or 1
    lay_before(connection, table, linked, before, few)
    counted = connection.execute("select count(*), count(*) filter (where hidden) from attacked").fetchone()
    cells, hidden = counted or (0, 0)
    minimum = int(getattr(product.file.disclosure, linked.minimum))
    width, exempt, finding = _judge(connection, product, minimum, "hidden and not told")
    narrow, known = finding.narrow.sum(), finding.known.sum()
    if before:
        # Who has the old copies may know more of what they hid: what is hidden for the first time has to be
        # as wide when all of that is known which has not changed. Few who came have to be when all that looks
        # unchanged is taken for known, kept figures as well.
        _, _, alone = _judge(
            connection, product, minimum, "hidden and not told and not unchanged", "was_hidden"
        )
        _, _, came = _judge(
            connection, product, minimum, "hidden and not told",
            f"not (newcomer and ({_few(product, minimum)}))",
            "base_taken, numerator_taken, rest_taken",
        )  # fmt: skip
        narrow = narrow + alone.narrow.sum() + came.narrow.sum()
        known = known + alone.known.sum() + came.known.sum()
    told = connection.execute("select count(*) from attacked_beside where hidden and told").fetchone()
    figures = connection.execute("select count(distinct figure) from attacked_figures").fetchone()
    return Attacked(
        table=table.name,
        cells=cells,
        hidden=hidden,
        numbers=int((width > 0).sum()),
        exempt=exempt,
        narrow=int(narrow),
        known=int(known),
        told=int(told[0]) if told else 0,
        close=close_sums(connection, few) if before else 0,
        told_apart=told_by_sums(connection, few, product.file.disclosure.interval_width or 0)
        if before
        else 0,
        figures=int(figures[0]) if figures else 0,
        without_figures=without_figures,
    )


def _judge(
    connection: DuckDBPyConnection, product: Product, minimum: int, which: str, unasked: str = "false",
    taken: str = "false as base_taken, false as numerator_taken, false as rest_taken",
) -> tuple[npt.NDArray[Any], Exempt, Finding]:  # fmt: skip
    """The widths asked for, how many numbers are exempt, and what was found of some of the hidden cells.

    Nothing is asked for those that are `unasked`; `taken` are the columns of what is taken for known.
    """
    cells = connection.execute(
        "select cell, base_key, base, numerator, known_base, ceiling, sensitive,"
        f" {unasked} as unasked, {taken} from attacked_beside where {which} order by cell"
    ).fetchnumpy()
    sums = connection.execute(
        f"select total, cell, sign from attacked_sums join attacked_beside using (cell) where {which}"
        " and total not in (select total from attacked_rests)"
        " order by all"
    ).fetchnumpy()
    figures = connection.execute(
        "select attacked_figures.* from attacked_figures inner join attacked_beside using (cell)"
        f" where {which} order by all"
    ).fetchnumpy()
    knowledge, width, exempt = knowledge_of(cells, sums, figures, product, minimum)
    return width, exempt, judge(knowledge, width)


def _few(product: Product, minimum: int) -> str:
    """That a cell is of few pupils, or tells of each of them, as SQL."""
    small = product.file.disclosure.small_numerator
    return (
        f"base < {minimum} or coalesce(numerator between 1 and {small}, false)"
        f" or coalesce(base - numerator between 1 and {small}, false)"
        " or sensitive and coalesce(numerator in (0, base), false)"
    )


def _cells(
    connection: DuckDBPyConnection,
    folder: Path,
    product: Product,
    audience: str,
    table: ProductTable,
    linked: LinkedTable,
) -> None:
    """`attacked`: one row a cell, numbered, with its place above and what is known of it."""
    file = text(str(judged_file(folder, audience, table.name)))
    keys = linked.keys
    joined = " and ".join(f"held.{name(key)} is not distinct from truth.{name(key)}" for key in keys)
    ceiling = f"truth.{name(linked.ceiling)}" if linked.ceiling else "null"
    belongs = "".join(
        f", truth.{name(column)} as {name('in ' + level)}" for level, column in linked.belongs.items()
    )
    sensitive = "false"
    if linked.sensitive and linked.line:
        lines = f"{WAREHOUSE}.main.{name(linked.sensitive.table)} as lines"
        sensitive = (
            f"coalesce((select any_value(lines.{name(linked.sensitive.column)}) from {lines}"
            f" where lines.{name(linked.line)} = truth.{name(linked.line)}), true)"
        )
    queries = [
        f"""
        select {shape(linked, number, "truth")}, cast(truth.{name(base)} as bigint) as base,
            cast({f"truth.{name(numerator)}" if numerator else "null"} as bigint) as numerator,
            cast({ceiling} as bigint) as ceiling, held.{name(base)} is null as hidden,
            {sensitive} as sensitive{belongs}
        from read_parquet({file}) as held
        inner join {WAREHOUSE}.main.{name(table.name)} as truth on {joined}
        where truth.{name(base)} is not null"""
        for number, (base, numerator) in enumerate(linked.counts)
    ]
    connection.execute(f"""
        create or replace temp table seen_cells as
        select *, row_number() over (order by system, line, level, place, ways, value) - 1 as cell
        from ({" union all ".join(queries)})
    """)
    levels = tuple(level.value for level in product.file.audiences[audience].geographies)
    elsewhere = _shown_elsewhere(folder, product, audience, linked)
    # Indicators asked of the same pupils: a base that one of them shows is known of all.
    connection.execute(f"""
        create or replace temp table attacked as
        with families as (
            select system, line,
                md5(string_agg(concat_ws('|', level, place, ways, value, base), ';'
                    order by level, place, ways, value)) as family
            from seen_cells group by system, line
        ),
        placed as (
            select seen_cells.*, family, {_above(linked, levels)} as above,
                concat_ws('|', system, family, level, place, ways, value) as base_key
            from seen_cells inner join families using (system, line)
        )
        select * replace (coalesce(ceiling, {elsewhere}) as ceiling),
            not bool_and(hidden) over (partition by base_key) as known_base
        from placed
    """)


def _above(linked: LinkedTable, levels: tuple[str, ...]) -> str:
    """The place above, as `level|place`, by the nearest level that names one."""
    branches = []
    for number, level in enumerate(levels):
        choices = []
        for above in reversed(levels[:number]):
            if above in linked.belongs:
                choices.append(f"{text(above + '|')} || {name('in ' + above)}")
            else:
                choices.append(
                    f"(select case when count(distinct other.place) = 1 then {text(above + '|')} ||"
                    f" min(other.place) end from seen_cells as other"
                    f" where other.level = {text(above)} and other.system = seen_cells.system)"
                )
        if choices:
            branches.append(f"when {text(level)} then coalesce({', '.join(choices)})")
    return f"case level {' '.join(branches)} end" if branches else "cast(null as varchar)"


def _shown_elsewhere(folder: Path, product: Product, audience: str, linked: LinkedTable) -> str:
    """What another published table says that the base cannot exceed, as a scalar query over `placed`."""
    file = judged_file(folder, audience, linked.whole.table) if linked.whole else None
    there = [table for table in product.tables if linked.whole and table.name == linked.whole.table]
    other = there[0].extension.linked if there else None
    if linked.whole is None or other is None or file is None or not file.is_file():
        return "cast(null as bigint)"
    system = " || '|' || ".join([*(f"held.{name(key)}" for key in other.system), "''"])
    ways = f"held.{name(other.group_by)}" if other.group_by else "'all'"
    value = f"held.{name(other.group_value)}" if other.group_value else "'all'"
    return (
        f"(select max(held.{name(linked.whole.column)}) from read_parquet({text(str(file))}) as held"
        f" where {system} = placed.system and held.{name(other.level)} = placed.level"
        f" and held.{name(other.place)} = placed.place and {ways} = placed.ways and {value} = placed.value)"
    )


def _sums(connection: DuckDBPyConnection) -> None:
    """`attacked_sums`: every published whole with its parts, over places and over every coarser grouping."""
    groups = connection.execute("select distinct ways, value from attacked order by all").fetchall()
    known = {(str(way), str(value)) for way, value in groups}
    pairs = []
    for way, value in sorted(known):
        named = dict(zip(way.split("+"), value.split("+"), strict=False)) if way != "all" else {}
        for coarse in {item for item, _ in known} - {way}:
            kept = [] if coarse == "all" else coarse.split("+")
            if set(kept) <= set(named):
                target = "+".join(named[item] for item in kept) or "all"
                if (coarse, target) in known:
                    pairs.append((way, value, coarse, target))
    connection.execute(
        "create or replace temp table coarser (ways varchar, value varchar, coarse varchar, target varchar)"
    )
    if pairs:
        connection.executemany("insert into coarser values (?, ?, ?, ?)", pairs)
    connection.execute("""
        create or replace temp table attacked_parts as
        select whole.cell || '|place' as total, whole.cell as whole, part.cell as part
        from attacked as part
        inner join attacked as whole
            on part.above = whole.level || '|' || whole.place and part.system = whole.system
            and part.line = whole.line and part.ways = whole.ways and part.value = whole.value
        union all
        select whole.cell || '|' || part.ways as total, whole.cell as whole, part.cell as part
        from attacked as part
        inner join coarser on part.ways = coarser.ways and part.value = coarser.value
        inner join attacked as whole
            on whole.ways = coarser.coarse and whole.value = coarser.target and part.system = whole.system
            and part.line = whole.line and part.level = whole.level and part.place = whole.place
    """)
    connection.execute("""
        create or replace temp table attacked_sums as
        select total, part as cell, 1 as sign from attacked_parts
        union all
        select distinct total, whole as cell, -1 as sign from attacked_parts
    """)
