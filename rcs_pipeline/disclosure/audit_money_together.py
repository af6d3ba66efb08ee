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
    """What there is to know of one map: its spend part by part, and who earned it."""

    parts: tuple[Part, ...]
    providers: tuple[str, ...]
    amounts: Floats
    crossed: tuple[str, ...]
    cuts: tuple[str, ...]

    def values(self, cut: str) -> list[str]:
        """The lines of a breakdown."""
        return sorted({part.lines[cut] for part in self.parts})

    def earned(self, asked: Part) -> Floats:
        """What each provider earns of a part, the largest first."""
        found = np.zeros(len(set(self.providers)))
        number = {provider: index for index, provider in enumerate(sorted(set(self.providers)))}
        for part, provider, amount in zip(self.parts, self.providers, self.amounts, strict=True):
            if asked.holds(part):
                found[number[provider]] += amount
        return np.sort(found)[::-1]


def attack_together(
    connection: DuckDBPyConnection, folder: Path, audience: str, table: ProductTable, policy: DisclosurePolicy
) -> tuple[int, dict[str, int]]:
    """Attack the money of each map in a table's file of a candidate, all breakdowns at once.

    Returns:
        how many withheld amounts are of too few providers; by collection, of how many too much is known.
    """
    money = table.extension.money
    seen = {column.name for column in table.columns_for(audience)}
    if money is None or money.together is None or money.shown_by[money.together.measure] not in seen:
        return 0, {}
    file = text(str(judged_file(folder, audience, table.name)))
    told = _told(connection, file, money, money.together, seen)
    cuts = sorted(
        {side.of for side in money.together.sides.values()}
        | {cut for lines in told.values() for cut, line, _ in lines if (cut, line) != WHOLE}
    )
    attacked, narrow = 0, {}
    for collection, one in _maps(connection, money.together, cuts):
        asked, known = _attack(one, told.get(collection, frozenset()), money.together, policy)
        attacked += asked
        if known:
            narrow[collection] = known
    return attacked, narrow


def _told(
    connection: DuckDBPyConnection, file: str, money: MoneyLines, together: Together, seen: set[str]
) -> dict[str, Told]:
    """By collection, what the file tells: of a line whose spend is withheld, nothing."""
    spend = name(money.shown_by[together.measure])
    told = [(together.measure, f"{spend} is not null")]
    told += [
        (side, f"{spend} is not null and {name(money.shown_by[side])} is not null")
        for side in together.sides if money.shown_by[side] in seen
    ]  # fmt: skip
    cases = ", ".join(f"case when {test} then {text(measure)} end" for measure, test in told)
    rows = connection.execute(
        f"select collection, {name(money.cut or '')}, {name(money.line)}, unnest([{cases}])"
        f" from read_parquet({file})"
    ).fetchall()
    found: dict[str, set[tuple[str, str, str]]] = {}
    for collection, cut, line, measure in rows:
        found.setdefault(collection, set()).add((cut, line, measure or ""))
    return {collection: frozenset(lines) for collection, lines in found.items()}


def _maps(
    connection: DuckDBPyConnection, together: Together, cuts: Sequence[str]
) -> Iterator[tuple[str, Map]]:
    """Each map of the warehouse, as parts that differ in a line or a side."""
    schema, services = together.services.split(".")
    lines = ", ".join(f"coalesce({name(cut)}, '')" for cut in cuts)
    sides = ", ".join(f"coalesce({name(side.flag)}, false)" for side in together.sides.values())
    amount = " * ".join(f"cast({name(item)} as double)" for item in together.amount)
    rows = connection.execute(
        f"select collection, provider, sum({amount}), [{lines}] as lines, [{sides}] as sides"
        f" from {WAREHOUSE}.{name(schema)}.{name(services)} group by all order by all"
    ).fetchall()
    for collection in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == collection]
        yield (
            collection,
            Map(
                parts=tuple(
                    Part(dict(zip(cuts, row[3], strict=True)), dict(zip(together.sides, row[4], strict=True)))
                    for row in mine
                ),
                providers=tuple(row[1] for row in mine),
                amounts=np.array([row[2] for row in mine], dtype=np.float64),
                crossed=tuple(side.of for side in together.sides.values()),
                cuts=tuple(cuts),
            ),
        )


def _unknowns(one: Map, together: Together) -> list[list[Part]]:
    """What a reader does not know, block by block: the crossings first, then each other breakdown."""
    side_of = {
        (side, part.lines[rule.of]): part.sides[side]
        for part in one.parts
        for side, rule in together.sides.items()
    }
    blocks = [[
        Part(
            dict(zip(one.crossed, lines, strict=True)),
            {side: side_of[side, line] for side, line in zip(together.sides, lines, strict=True)},
        )
        for lines in combinations(*(one.values(cut) for cut in one.crossed))
    ]]  # fmt: skip
    for cut in one.cuts:
        if cut not in one.crossed:
            blocks.append(
                [Part({cut: line}, sides) for line in one.values(cut) for sides in _sides(together)]
            )
    return blocks


def _sides(together: Together, known: Sequence[bool | None] = (True, False)) -> list[dict[str, bool]]:
    """Every combination of sides; `None` where it does not matter on which."""
    return [
        {side: value for side, value in zip(together.sides, values, strict=True) if value is not None}
        for values in combinations(known, repeat=len(together.sides))
    ]


def _asked(one: Map, together: Together) -> list[Part]:
    """The amounts that a reader may be after: lines by sides, and the crossings."""
    some = _sides(together, (None, True, False))
    lines = [{}, *({cut: line} for cut in one.cuts for line in one.values(cut))]
    crossings = combinations(*(one.values(cut) for cut in one.crossed))
    return [Part(line, sides) for line in lines for sides in some] + [
        Part(dict(zip(one.crossed, values, strict=True))) for values in crossings
    ]


def _attack(one: Map, told: Told, together: Together, policy: DisclosurePolicy) -> tuple[int, int]:
    """How many withheld amounts of a map are of too few providers, and of how many too much is known."""
    blocks = _unknowns(one, together)
    scale = float(one.amounts.sum()) or 1.0
    few = (policy.minimum_providers or 1) - 1
    share = policy.dominant_share or 1.0
    rows, values, sought = [], [], []
    for sides in _sides(together):
        first, *others = (_vector(blocks, number, Part({}, sides)) for number in range(len(blocks)))
        rows += [first - other for other in others]
        values += [0.0] * len(others)
    for part in _asked(one, together):
        block = next(
            number for number, cells in enumerate(blocks) if part.lines.keys() <= cells[0].lines.keys()
        )
        vector, earned = _vector(blocks, block, part), one.earned(part) / scale
        if _is_told(part, told, together):
            rows.append(vector)
            values.append(earned.sum())
        elif np.count_nonzero(earned) and (
            np.count_nonzero(earned) <= few or earned[:few].sum() > share * earned.sum()
        ):
            sought.append((vector, earned[:few].sum()))
    matrix = np.array(rows).reshape(len(rows), sum(map(len, blocks)))
    return len(sought), _narrow(matrix, np.array(values), sought, share)


def _vector(blocks: Sequence[Sequence[Part]], block: int, asked: Part) -> Floats:
    """A part as the sum of the unknowns of one block."""
    return np.array([float(number == block and asked.holds(cell))
                     for number, cells in enumerate(blocks) for cell in cells])  # fmt: skip


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
