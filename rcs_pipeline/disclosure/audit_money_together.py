"""The attack on all breakdowns of a map together: how much may a withheld amount at most be?

Belongs here: what the lines of every breakdown and the shares of their sides say of one another, as one
linear programme a map.
Does not belong here: one margin alone (`audit_money`), anything by which the warehouse decides what is
withheld.

A side is a set of lines of one breakdown (prevention: two levels of support). Its share is told of the lines
of other breakdowns too, so two breakdowns with sides cross. Unknown are the amounts of every crossing of
theirs, and of every line of any other breakdown by all sides; that is all that the published files speak of.
A reader knows the amounts in sight, and that none is less than nothing. Who knows an amount to be `most` at
most, and earns a part of it, knows the others' within a tenth if the largest (`minimum_providers` - 1) have
more than `dominant_share` of `most`: the p % rule, applied to the upper bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product as combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy
from rcs_pipeline.contracts.money import MoneyLines, Together
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.disclosure.engine import WAREHOUSE, judged_file, name, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Floats = npt.NDArray[np.float64]
# What the solver may be out by, and what no amount is above, as parts of the whole map.
TOLERANCE, FAR = 1e-9, 1e3
# How a programme ends by itself, as scipy numbers it.
OPTIMAL = 0
# How the table calls the whole map: a line of no breakdown.
WHOLE = ("all", "all")
# (breakdown, line, what is told of it: the spend or a side).
Told = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Part:
    """Spend that has something in common: lines of breakdowns, and on which sides it is."""

    lines: dict[str, str] = field(default_factory=dict)
    sides: dict[str, bool] = field(default_factory=dict)

    def holds(self, other: Part) -> bool:
        """Whether all of the other part is of this one."""
        return self.lines.items() <= other.lines.items() and self.sides.items() <= other.sides.items()


@dataclass(frozen=True)
class Map:
    """One map, as parts that differ in a line or a side; who earned each of them, and how much."""

    parts: tuple[Part, ...]
    providers: tuple[str, ...]
    amounts: tuple[float, ...]

    def values(self, cut: str) -> list[str]:
        """The lines of a breakdown."""
        return sorted({part.lines[cut] for part in self.parts})


@dataclass(frozen=True)
class Unknowns:
    """What a reader does not know of a map: in blocks, each of which is the whole map.

    `earned`: providers by unknowns, of all blocks one after the other.
    """

    blocks: tuple[tuple[Part, ...], ...]
    earned: Floats

    def vector(self, block: int, asked: Part) -> Floats:
        """A part as the sum of the unknowns of one block."""
        return np.array([float(number == block and asked.holds(cell))
                         for number, cells in enumerate(self.blocks) for cell in cells])  # fmt: skip

    def block_of(self, asked: Part) -> int:
        """The first block that tells the lines of a part apart."""
        return next(number for number, cells in enumerate(self.blocks)
                    if asked.lines.keys() <= cells[0].lines.keys())  # fmt: skip


def attack_together(
    connection: DuckDBPyConnection, folder: Path, audience: str, table: ProductTable, policy: DisclosurePolicy
) -> tuple[int, dict[str, int]]:
    """Attack the money of each map in a table's file of a candidate, all breakdowns at once.

    Returns:
        how many withheld amounts are of too few providers; by collection, of how many too much is known. Of a
        map in sight that the warehouse has no services of, nothing is proved: it counts as one.
    """
    money = table.extension.money
    seen = {column.name for column in table.columns_for(audience)}
    if money is None or money.together is None or money.shown_by[money.together.measure] not in seen:
        return 0, {}
    together = money.together
    told = _told(connection, text(str(judged_file(folder, audience, table.name))), money, together, seen)
    cuts = sorted(
        {side.of for side in together.sides.values()}
        | {cut for lines in told.values() for cut, line, _ in lines if (cut, line) != WHOLE}
    )
    maps = _maps(connection, together, cuts)
    attacked, narrow = 0, dict.fromkeys(sorted(told.keys() - maps.keys()), 1)
    for collection, one in maps.items():
        asked, known = _attack(one, told.get(collection, frozenset()), cuts, together, policy)
        attacked += asked
        if known:
            narrow[collection] = known
    return attacked, narrow


def _told(
    connection: DuckDBPyConnection, file: str, money: MoneyLines, together: Together, seen: set[str]
) -> dict[str, Told]:
    """By collection, what the file tells: of a line whose spend is withheld, nothing."""
    assert money.cut is not None  # noqa: S101  (the loader sees to it)
    spend = name(money.shown_by[together.measure])
    told = [(together.measure, f"{spend} is not null")]
    told += [
        (side, f"{spend} is not null and {name(money.shown_by[side])} is not null")
        for side in together.sides if money.shown_by[side] in seen
    ]  # fmt: skip
    cases = ", ".join(f"case when {test} then {text(measure)} end" for measure, test in told)
    rows = connection.execute(
        f"select * from (select collection, {name(money.cut)}, {name(money.line)}, unnest([{cases}]) as told"
        f" from read_parquet({file})) where told is not null"
    ).fetchall()
    return {collection: frozenset(row[1:] for row in rows if row[0] == collection)
            for collection in {row[0] for row in rows}}  # fmt: skip


def _maps(connection: DuckDBPyConnection, together: Together, cuts: Sequence[str]) -> dict[str, Map]:
    """Each map of the warehouse."""
    schema, services = together.services.split(".")
    lines = ", ".join(f"coalesce({name(cut)}, '')" for cut in cuts)
    sides = ", ".join(f"coalesce({name(side.flag)}, false)" for side in together.sides.values())
    amount = " * ".join(f"cast({name(item)} as double)" for item in together.amount)
    rows = connection.execute(
        f"select collection, coalesce(provider, ''), sum({amount}), [{lines}] as lines, [{sides}] as sides"
        f" from {WAREHOUSE}.{name(schema)}.{name(services)} group by all order by all"
    ).fetchall()
    maps = {}
    for collection in sorted({row[0] for row in rows}):
        _, providers, amounts, of_lines, of_sides = zip(
            *(row for row in rows if row[0] == collection), strict=True
        )
        parts = (
            Part(dict(zip(cuts, line, strict=True)), dict(zip(together.sides, side, strict=True)))
            for line, side in zip(of_lines, of_sides, strict=True)
        )
        maps[collection] = Map(tuple(parts), providers, amounts)
    return maps


def _unknowns(one: Map, cuts: Sequence[str], together: Together) -> Unknowns:
    """The crossings of the breakdowns with sides first, then each other breakdown by all sides."""
    crossed = [side.of for side in together.sides.values()]
    side_of = {
        (side, part.lines[rule.of]): part.sides[side]
        for part in one.parts
        for side, rule in together.sides.items()
    }
    crossings = (
        Part(dict(zip(crossed, lines, strict=True)),
             {side: side_of[side, line] for side, line in zip(together.sides, lines, strict=True)})
        for lines in _crossings(one, together)
    )  # fmt: skip
    others = [cut for cut in cuts if cut not in crossed]
    blocks = (
        tuple(crossings),
        *(tuple(Part({cut: line}, sides) for line in one.values(cut) for sides in _sides(together))
          for cut in others),
    )  # fmt: skip
    # Every amount is in one unknown of each block.
    place = dict[tuple[object, ...], int]()
    for cell in (cell for block in blocks for cell in block):
        place[_key(cell.lines, cell.sides)] = len(place)
    providers = sorted(set(one.providers))
    earned = np.zeros((len(providers), len(place)))
    for part, provider, amount in zip(one.parts, one.providers, one.amounts, strict=True):
        for own in (crossed, *([cut] for cut in others)):
            column = place[_key({cut: part.lines[cut] for cut in own}, part.sides)]
            earned[providers.index(provider), column] += amount
    return Unknowns(blocks, earned / (sum(one.amounts) or 1.0))


def _key(lines: dict[str, str], sides: dict[str, bool]) -> tuple[object, ...]:
    return (*lines.items(), *sides.items())


def _crossings(one: Map, together: Together) -> Iterator[tuple[str, ...]]:
    return combinations(*(one.values(side.of) for side in together.sides.values()))


def _sides(together: Together, values: Sequence[bool | None] = (True, False)) -> list[dict[str, bool]]:
    """Every combination of sides; `None` where it does not matter on which."""
    return [
        {side: value for side, value in zip(together.sides, chosen, strict=True) if value is not None}
        for chosen in combinations(values, repeat=len(together.sides))
    ]


def _asked(one: Map, cuts: Sequence[str], together: Together) -> Iterator[Part]:
    """The amounts that a reader may be after: lines by sides, and the crossings."""
    for line in ({}, *({cut: value} for cut in cuts for value in one.values(cut))):
        for sides in _sides(together, (None, True, False)):
            yield Part(line, sides)
    for values in _crossings(one, together):
        yield Part({side.of: value for side, value in zip(together.sides.values(), values, strict=True)})


def _attack(
    one: Map, told: Told, cuts: Sequence[str], together: Together, policy: DisclosurePolicy
) -> tuple[int, int]:
    """How many withheld amounts of a map are of too few providers, and of how many too much is known."""
    unknowns = _unknowns(one, cuts, together)
    few = (policy.minimum_providers or 1) - 1
    share = policy.dominant_share or 1.0
    rows, values, sought = [], [], []
    for sides in _sides(together):
        first, *others = (unknowns.vector(number, Part({}, sides)) for number in range(len(unknowns.blocks)))
        rows += [first - other for other in others]
        values += [0.0] * len(others)
    for part in _asked(one, cuts, together):
        vector = unknowns.vector(unknowns.block_of(part), part)
        earned = np.sort(unknowns.earned @ vector)[::-1]
        largest, many = earned[:few].sum(), np.count_nonzero(earned)
        if _is_told(part, told, together):
            rows.append(vector)
            values.append(earned.sum())
        elif many and (many <= few or largest > share * earned.sum()):
            sought.append((vector, largest))
    matrix = np.array(rows).reshape(len(rows), unknowns.earned.shape[1])
    return len(sought), _narrow(matrix, np.array(values), sought, share)


def _is_told(part: Part, told: Told, together: Together) -> bool:
    if len(part.lines) > 1 or len(part.sides) > 1:
        return False
    (pair,) = part.lines.items() or (WHOLE,)
    (measure,) = part.sides or {together.measure}
    return (*pair, measure) in told


def _narrow(rows: Floats, values: Floats, sought: list[tuple[Floats, float]], share: float) -> int:
    """Of how many amounts the most that they may be is too near to what the largest providers earn.

    Every world that is found is tried on all amounts that are still without proof.
    """
    from scipy import optimize, sparse

    known = 0
    system = sparse.csr_array(rows)
    pending = list(sought)
    while pending:
        vector, largest = pending.pop()
        answer = optimize.linprog(
            -vector, A_eq=system, b_eq=values, bounds=(0, FAR), method="highs",
            options={"primal_feasibility_tolerance": TOLERANCE},
        )  # fmt: skip
        # Anything but a proved most closes the gate: the file and the warehouse may contradict one another.
        world = answer.x if answer.status == OPTIMAL else None
        if world is None or largest > share * float(vector @ world):
            known += 1
        if world is not None:
            pending = [item for item in pending if item[1] > share * float(item[0] @ world)]
    return known
