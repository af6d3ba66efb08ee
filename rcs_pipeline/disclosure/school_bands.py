"""From a candidate's table of single schools to the bands that everybody sees of it.

Belongs here: going through one partnership after another, and giving the chosen bands and the worlds that
prove them back as tables.
Does not belong here: reading counts (see `school_cells`), choosing (`bands`), judging what was written
(`audit_bands`).

The bands are the same for every audience: whoever sees one school may know somebody who sees another.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.banding import BandedTable
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.implications import Implication
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure.band_ends import Related
from rcs_pipeline.disclosure.bands import Chosen, Why, choose
from rcs_pipeline.disclosure.engine import name, names, text
from rcs_pipeline.disclosure.implied import implied_of
from rcs_pipeline.disclosure.linear import Ints
from rcs_pipeline.disclosure.school_cells import (
    EVERYBODY,
    Columns,
    Shape,
    cells_of,
    fetch,
    lines_of,
    number_cells,
    number_rows,
    rows_of,
    shape_of,
)
from rcs_pipeline.disclosure.sizes import BandRules, Rows, size_words
from rcs_pipeline.disclosure.worlds import Schools
from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.ledger.second_process import SideBySide

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The folder beside the protected tables with the worlds that prove the bands. No release holds it.
WORLDS = "worlds"
MANY = 50_000  # rows from which a second process has chosen some before this one is done


class ChoosingBands:
    """The bands of a candidate's banded tables, chosen by a second process while others are protected.

    Use as a context manager around the work beside it. What the second process has not begun when the bands
    are asked for is chosen here.
    """

    def __init__(self, connection: DuckDBPyConnection, product: Product) -> None:
        """Name what is read, and for which product."""
        self._connection, self._product = connection, product
        self._open = ExitStack()
        self._begun: dict[str, _Begun] = {}
        self._chosen: set[str] = set()

    def __enter__(self) -> ChoosingBands:
        with ExitStack() as opened:
            for table in self._product.tables:
                if table.extension.banded and any(map(table.columns_for, self._product.file.audiences)):
                    self._begun[table.name] = begun = _begin(self._connection, self._product, table)
                    opened.enter_context(begun.beside)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _wait(self, table: ProductTable) -> None:
        """Have the bands of a table, and the worlds that prove them, as tables of the connection."""
        if table.name not in self._chosen:
            _finish(self._connection, self._product, table, self._begun[table.name])
            self._chosen.add(table.name)

    def beside(self, table: ProductTable, rows: str) -> str:
        """The rows of a banded table with their bands, as `told`; `rows` is the SQL of those that are seen.

        A column `__banded` says why a row has none.
        """
        self._wait(table)
        banded = _banded(table)
        same = " and ".join(f"rows_seen.{name(key)} = bands.{name(key)}" for key in banded.keys)
        shows = banded.shows
        given = ", ".join(
            f"bands.{name(item)} as {name(item)}" for item in (shows.size, shows.lower, shows.upper)
        )
        return (
            f"(select rows_seen.* replace ({given}), bands.__banded from {rows} as rows_seen"
            f" left join {name(_bands(table))} as bands on {same}) as told"
        )

    def keep_worlds(self, folder: Path) -> None:
        """Write the worlds that prove the bands into `folder`, for the audit; nobody outside gets them."""
        for table in self._product.tables:
            if table.name in self._begun:
                self._wait(table)
                with whole_file(folder / f"{table.name}.parquet") as path:
                    self._connection.execute(
                        f"copy (select * from {name(_worlds(table))} order by all) to {text(str(path))}"
                        " (format parquet, compression zstd)"
                    )


def _banded(table: ProductTable) -> BandedTable:
    if table.extension.banded is None:
        raise ContractError("The table is not banded", where=str(table.path))
    return table.extension.banded


def _bands(table: ProductTable) -> str:
    return f"bands of {table.name}"


def _worlds(table: ProductTable) -> str:
    return f"worlds of {table.name}"


@dataclass(frozen=True)
class _Begun:
    """Bands that are being chosen: the block of each row, and one piece of work a block."""

    blocks: Ints
    beside: SideBySide[_Partnership, tuple[Ints, Columns]]


def _begin(connection: DuckDBPyConnection, product: Product, table: ProductTable) -> _Begun:
    banded, rules = _banded(table), BandRules.of(product.file.disclosure)
    number_rows(connection, table, banded)
    number_cells(connection, table, banded)
    shape = shape_of(connection, table, banded)
    given = fetch(connection, "select __number, __block, __place, __line, __row, __base, __count"
                              f" from {rows_of(table)} order by __number")  # fmt: skip
    finest = fetch(connection, "select __block, __place, __line, __cell, __base, __count"
                               f" from {cells_of(table)} order by all")  # fmt: skip
    blocks = range(int(given["__block"].max(initial=-1)) + 1)
    titles = lines_of(connection, table, banded)
    partnerships = [
        _Partnership(_of(given, block), _of(finest, block), shape, rules, titles, product.implications)
        for block in blocks
    ]
    worth = len(given["__block"]) > MANY
    return _Begun(given["__block"], SideBySide(_partnership, partnerships, worth=worth))


def _finish(connection: DuckDBPyConnection, product: Product, table: ProductTable, begun: _Begun) -> None:
    banded, rules = _banded(table), BandRules.of(product.file.disclosure)
    parts, proofs = np.zeros(len(begun.blocks), dtype=np.int64), list[Columns]()
    for block, (own, proof) in enumerate(begun.beside.results()):
        parts[begun.blocks == block] = own
        proofs.append({"__block": np.full(len(proof["__world"]), block), **proof})
    _give_bands(connection, table, banded, rules, parts)
    _give_worlds(connection, table, banded, proofs)


@dataclass(frozen=True)
class _Partnership:
    """The rows and the finest cells of one partnership: nothing else is needed to choose its bands.

    `titles`: what the lines of all partnerships are called, by number.
    """

    given: Columns
    finest: Columns
    shape: Shape
    rules: BandRules
    titles: tuple[str, ...]
    implications: tuple[Implication, ...]


def _of(columns: Columns, block: int) -> Columns:
    own = columns["__block"] == block
    return {key: column[own] for key, column in columns.items()}


def _partnership(of: _Partnership) -> tuple[Ints, Columns]:
    """The parts of each row given, and the worlds that prove them, by numbers of school, line and cell."""
    given, finest, shape, rules = of.given, of.finest, of.shape, of.rules
    places, place = np.unique(given["__place"], return_inverse=True)
    lines, line = np.unique(given["__line"], return_inverse=True)
    kinds, row = np.unique(given["__row"], return_inverse=True)
    used, cell = np.unique(finest["__cell"], return_inverse=True)
    shape = shape.only(kinds, used)
    at = (place, line, row)
    at_cell = (
        np.searchsorted(places, finest["__place"]), np.searchsorted(lines, finest["__line"]), cell
    )  # fmt: skip

    def spread(values: npt.NDArray[Any], where: tuple[Ints, ...], many: int) -> Ints:
        whole = np.zeros((len(places), len(lines), many), dtype=np.int64)
        whole[where] = values
        return whole

    rows, cells = shape.members.shape
    schools = Schools(
        base=spread(finest["__base"], at_cell, cells), count=spread(finest["__count"], at_cell, cells),
        row_base=spread(given["__base"], at, rows), row_count=spread(given["__count"], at, rows),
        members=shape.members,
    )  # fmt: skip
    exists = spread(np.ones(len(place)), at, rows) > 0
    ways = tuple(sorted({*shape.ways}).index(way) for way in shape.ways)
    related = Related(implied_of(of.implications, [of.titles[number] for number in lines]))
    chosen = choose(schools, Rows(ways, shape.everybody, exists), rules, related)
    return chosen.parts[at], _proof(chosen, places, lines, used)


def _proof(chosen: Chosen, places: Ints, lines: Ints, cells: Ints) -> Columns:
    """What every world moves, one row a cell."""
    parts = []
    for number, world in enumerate(chosen.worlds):
        school, line, cell = world.moved.nonzero()
        parts.append((
            np.full(len(school), number), np.full(len(school), world.kind.value, dtype=object),
            places[school], lines[world.lines[line]], cells[cell], world.moved[school, line, cell],
        ))  # fmt: skip
    titles = ("__world", "__kind", "__place", "__line", "__cell", "__moved")
    if not parts:
        return {title: np.zeros(0, dtype=object if title == "__kind" else np.int64) for title in titles}
    return {
        title: np.concatenate(column) for title, column in zip(titles, zip(*parts, strict=True), strict=True)
    }


def _give_bands(
    connection: DuckDBPyConnection, table: ProductTable, banded: BandedTable, rules: BandRules, parts: Ints
) -> None:
    """`bands of <table>`: what is shown of each row, or why nothing is."""
    import pyarrow as pa

    connection.register("parts_given", pa.table({"number": np.arange(len(parts)), "parts": parts}))
    band = "least(__count * parts // __base, parts - 1)"
    words = " ".join(f"when {many} then {text(says)}" for many, says in size_words(rules.sizes).items())
    school = names((*banded.system, banded.line, banded.place))
    everybody = f"max(case when {name(banded.group_by)} = {text(EVERYBODY)} then __base end)"
    shows = banded.shows
    connection.execute(f"""
        create temp table {name(_bands(table))} as
        with judged as (
            select numbered.*, parts_given.parts,
                coalesce({everybody} over (partition by {school}), 0) as __answers
            from {rows_of(table)} as numbered inner join parts_given on numbered.__number = parts_given.number
        )
        select {names(banded.keys)},
            case parts {words} end as {name(shows.size)},
            case when parts > 0 then {band} * 100 // parts end as {name(shows.lower)},
            case when parts > 0 then ({band} + 1) * 100 // parts end as {name(shows.upper)},
            case
                when parts > 0 then null
                when __base < {rules.sizes[0].base} then {text(Why.FEW_ANSWERS)}
                when __answers < {rules.minimum_school} then {text(Why.SMALL_SCHOOL)}
                else {text(Why.SECONDARY)}
            end as __banded
        from judged
    """)
    connection.unregister("parts_given")


def _give_worlds(
    connection: DuckDBPyConnection, table: ProductTable, banded: BandedTable, proofs: list[Columns]
) -> None:
    """`worlds of <table>`: each world by the cells that it moves, under their names."""
    import pyarrow as pa

    kinds = {"__kind": pa.string()}
    titles = ("__block", "__world", "__kind", "__place", "__line", "__cell", "__moved")
    given = {
        title: pa.array(
            [item for proof in proofs for item in proof[title].tolist()] if title in kinds
            else np.concatenate([proof[title] for proof in proofs]) if proofs else [],
            kinds.get(title, pa.int64()),
        )
        for title in titles
    }  # fmt: skip
    connection.register("worlds_given", pa.table(given))
    place, line = names((*banded.system, banded.place)), name(banded.line)
    connection.execute(f"""
        create temp table {name(_worlds(table))} as
        select {place}, {line}, cells.__value as cell, worlds.__kind as kind, worlds.__world as world,
            worlds.__moved as moved
        from worlds_given as worlds
        inner join (select distinct __block, __place, {place} from {rows_of(table)}) as schools
            on worlds.__block = schools.__block and worlds.__place = schools.__place
        inner join (select distinct __line, {line} from {rows_of(table)}) as lines
            on worlds.__line = lines.__line
        inner join (select distinct __cell, __value from {cells_of(table)}) as cells
            on worlds.__cell = cells.__cell
    """)
    connection.unregister("worlds_given")
