"""Disclosure control at the programme's size: choosing, attacking, and what it costs in cells and in answers.

Belongs here: a synthetic open table of both questionnaires, protected and audited as in a build, and the
plain greedy way beside it.
Does not belong here: whether the result is safe (the tests, and the audit itself).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Timed
from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure import audit_linked
from rcs_pipeline.disclosure.counts import stacked
from rcs_pipeline.disclosure.engine import SQL_TYPES, name, reading, text
from rcs_pipeline.disclosure.grid import Grid, make_grid
from rcs_pipeline.disclosure.linear import System
from rcs_pipeline.disclosure.primary import small_base, small_part
from rcs_pipeline.disclosure.propagate import outer_bounds
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome

Ints = npt.NDArray[np.int64]
TABLES = ("indicator_estimates", "indicators", "response_rates")
# Of eight partnerships: the share of the programme's pupils, and of each fifth from the most deprived.
SIZES = (0.032, 0.135, 0.225, 0.252, 0.105, 0.098, 0.06, 0.093)
DEPRIVATION = (
    (29, 27, 17, 16, 11), (17, 26, 19, 18, 20), (21, 25, 18, 22, 14), (32, 26, 20, 13, 9),
    (15, 26, 19, 18, 22), (8, 23, 35, 27, 7), (2, 12, 34, 34, 18), (21, 22, 17, 18, 22),
)  # fmt: skip
TRANCHE = (1, 1, 1, 2, 2, 3, 3, 3)
SEXES, FIFTHS = ("female", "male"), ("1", "2", "3", "4", "5")
GREEDY_SECONDS = 60.0


@dataclass(frozen=True)
class Questionnaire:
    """How many pupils answered how many questions."""

    instrument: str
    stages: tuple[str, ...]
    indicators: int
    respondents: int


SECONDARY = Questionnaire("secondary", ("S1", "S2", "S3", "S4"), 60, 42_726)
PRIMARY = Questionnaire("primary", ("P5", "P6", "P7"), 30, 34_738)


@dataclass(frozen=True)
class Measured:
    """Times, and what is hidden: shares of the cells and of the answers in them."""

    cells: int
    choosing: float
    attacking: float
    primary: float
    hidden: float
    answers: float
    greedy: float | None
    passed: bool

    def __str__(self) -> str:
        return (
            f"disclosure, open, {self.cells:,} cells: chosen and written in {self.choosing:.1f} s,"
            f" attacked in {self.attacking:.1f} s ({'nothing too narrow' if self.passed else 'NOT PASSED'});"
            f" hidden {self.primary:.1%} first, {self.hidden:.1%} in all, {self.answers:.2%} of the answers"
            + ("" if self.greedy is None else f"; greedily {self.greedy:.1%}")
        )


@dataclass(frozen=True)
class Tabulated:
    """Bases and numerators, indicators by slots, with the names of the slots."""

    of: Questionnaire
    grid: Grid
    places: tuple[tuple[str, str, str | None], ...]
    base: Ints
    numerator: Ints


def measure(folder: Path, seed: int = 2015, *, times: float = 1.0, beside_greedy: bool = True) -> Measured:
    """Protect and attack both questionnaires of a synthetic programme.

    `times`: so many times as many questions, each a system of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    product = load_catalogue().product("rcs")
    tables = tuple(unweighted(table) for table in product.tables if table.name in TABLES)
    product = replace(product, tables=tables)
    given = [
        tabulate(replace(one, indicators=round(one.indicators * times)), np.random.default_rng(seed + number))
        for number, one in enumerate((SECONDARY, PRIMARY))
    ]
    write(folder / "warehouse.duckdb", product, given)
    choosing, attacking, outcome, _ = chosen_and_attacked(folder, product)
    with reading(folder / "warehouse.duckdb") as connection:
        estimates = text(str(folder / "protected" / "open" / "indicator_estimates.parquet"))
        mask = text(str(folder / "masks" / "open" / "indicator_estimates.parquet"))
        row = connection.execute(f"""
            select count(*), count(*) filter (where held.symbol = 'c') / count(*),
                sum(truth.base) filter (where held.symbol = 'c') / sum(truth.base),
                (select count(*) from read_parquet({mask}) where class = 'primary') / count(*)
            from read_parquet({estimates}) as held
            inner join warehouse.main.indicator_estimates as truth
                using (indicator_id, wave, geography_level, geography_code, group_by, group_value)
        """).fetchone()
    cells, hidden, answers, first = row or (0, 0.0, 0.0, 0.0)
    greedy = sum(greedily(one, product) for one in given) / cells if beside_greedy else None
    return Measured(cells, choosing, attacking, first, hidden, answers, greedy, outcome is Outcome.PASS)


def chosen_and_attacked(folder: Path, product: Product) -> tuple[float, float, Outcome, str]:
    """Protect the warehouse in the folder and attack what was written: seconds of both, and the verdict."""
    with Timed() as choosing:
        protect(folder / "warehouse.duckdb", folder / "protected", product)
    with Timed() as attacking, reading(folder / "warehouse.duckdb") as connection:
        outcome, says = audit_linked.attack(connection, folder, product, "open")
    return choosing.seconds, attacking.seconds, outcome, says


def unweighted(table: ProductTable) -> ProductTable:
    """The table without what its contract says of weights and schools: the counts made up here have none."""
    linked = table.extension.linked
    if linked is None:
        return table
    linked = linked.model_copy(update={"weighted": None, "schools": None})
    return replace(table, extension=table.extension.model_copy(update={"linked": linked}))


def tabulate(of: Questionnaire, random: np.random.Generator) -> Tabulated:
    """Everybody, one way and two ways, in every place; marginals are those of the programme, roughly."""
    groups = groups_of(of)
    places: list[tuple[str, str, str | None]] = [("programme", "rcs", None)]
    places += [("tranche", str(number), str(number)) for number in (1, 2, 3)]
    places += [("cpp", f"S{number}", str(tranche)) for number, tranche in enumerate(TRANCHE)]
    parents = np.array([-1, 0, 0, 0, *TRANCHE])
    grid = make_grid([place[0] for place in places], parents, groups)
    shares = np.exp(random.uniform(np.log(0.02), np.log(0.7), of.indicators))
    base = np.zeros((of.indicators, len(places), len(groups)), dtype=np.int64)
    numerator = np.zeros_like(base)
    for place, (size, fifths) in enumerate(zip(SIZES, DEPRIVATION, strict=True), start=4):
        likely = np.multiply.outer(
            np.ones((2, len(of.stages))) / (2 * len(of.stages)), np.array(fifths) / 100
        )
        people = random.multinomial(int(size * of.respondents), likely.ravel() / likely.sum())
        people = people.reshape(likely.shape)
        answered = random.binomial(people, 0.96, (of.indicators, *people.shape))
        yes = random.binomial(answered, shares[:, None, None, None])
        base[:, place], numerator[:, place] = added(answered), added(yes)
    for place in range(len(places) - 1, 0, -1):
        for table in (base, numerator):
            table[:, parents[place]] += table[:, place]
    flat = (of.indicators, -1)
    return Tabulated(of, grid, tuple(places), base.reshape(flat), numerator.reshape(flat))


def groups_of(of: Questionnaire) -> list[tuple[str, str]]:
    """Everybody, one way and two ways."""
    groups = [("all", "all"), *(("sex", one) for one in SEXES), *(("stage", one) for one in of.stages)]
    groups += [("simd_quintile", one) for one in FIFTHS]
    groups += [("sex+stage", f"{sex}+{stage}") for sex in SEXES for stage in of.stages]
    return groups + [("sex+simd_quintile", f"{sex}+{fifth}") for sex in SEXES for fifth in FIFTHS]


def added(cells: Ints) -> Ints:
    """All groups from sex by stage by fifth, in the order of `groups_of`."""
    lines = len(cells)
    parts = [
        cells.sum(axis=(1, 2, 3)), cells.sum(axis=(2, 3)), cells.sum(axis=(1, 3)), cells.sum(axis=(1, 2)),
        cells.sum(axis=3), cells.sum(axis=2),
    ]  # fmt: skip
    return np.concatenate([part.reshape(lines, -1) for part in parts], axis=1)


def write(database: Path, product: Product, given: list[Tabulated]) -> None:
    """A warehouse with the product's tables."""
    import duckdb

    with duckdb.connect(str(database)) as connection:
        rows: dict[str, list[Any]] = {key: [] for key in ("line", "instrument", "slot", "base", "numerator")}
        slots: dict[str, list[Any]] = {
            key: [] for key in ("instrument", "slot", "level", "code", "tranche", "by", "value")
        }
        for one in given:
            for slot in range(one.grid.size):
                at, group = divmod(slot, len(one.grid.groups))
                named = (one.of.instrument, slot, *one.places[at], *one.grid.groups[group])
                for key, item in zip(slots, named, strict=True):
                    slots[key].append(item)
            line, slot_of = np.nonzero(one.base)
            rows["line"] += [f"{one.of.instrument}_{number:02}" for number in line]
            rows["instrument"] += [one.of.instrument] * len(line)
            rows["slot"] += slot_of.tolist()
            rows["base"] += one.base[line, slot_of].tolist()
            rows["numerator"] += one.numerator[line, slot_of].tolist()
        import pyarrow as pa

        connection.register("rows_given", pa.table(rows))
        connection.register("slots_given", pa.table(slots))
        place = {
            "instrument": "slots.instrument", "wave": "'rcs-1'", "geography_level": "slots.level",
            "geography_code": "slots.code", "geography_name": "slots.code", "tranche": "slots.tranche",
            "group_by": 'slots."by"', "group_value": "slots.value", "collected": "'2015-16'",
        }  # fmt: skip
        joined = "rows_given as cells inner join slots_given as slots using (instrument, slot)"
        estimates = {
            **place, "indicator_id": "cells.line", "base": "cells.base", "numerator": "cells.numerator",
            "estimate": "cells.numerator / cells.base",
        }  # fmt: skip
        _table(connection, product.table("indicator_estimates"), estimates, joined)
        if "response_rates" in {table.name for table in product.tables}:
            reached = {**place, "respondents": "max(cells.base) + 40", "roll": "max(cells.base) + 90"}
            grouped = f"{joined} where slots.\"by\" in ('all', 'sex', 'stage') group by all"
            _table(connection, product.table("response_rates"), reached, grouped)
        known = {"indicator_id": "cells.line", "sensitive": "true", "instrument": "cells.instrument"}
        _table(
            connection,
            product.table("indicators"),
            known,
            "(select distinct line, instrument from rows_given) as cells",
        )


def _table(connection: Any, table: ProductTable, given: dict[str, str], source: str) -> None:
    """A product table with the columns given; the others are empty."""
    columns = ", ".join(
        f"cast({given.get(column.name, 'null')} as {SQL_TYPES[column.type]}) as {name(column.name)}"
        for column in table.columns
    )
    connection.execute(f"create table {name(table.name)} as select {columns} from {source}")


def greedily(one: Tabulated, product: Product) -> int:
    """How many cells are hidden by hiding, in each sum that gives one away, the smallest that is left."""
    policy = product.file.disclosure
    exists = one.base > 0
    numbers = np.where(exists, np.cumsum(exists).reshape(exists.shape) - 1, -1)
    frame = stacked(one.grid, exists, numbers)
    base, numerator = one.base[exists].astype(float), one.numerator[exists].astype(float)
    small = small_part(one.base, one.numerator, policy.small_numerator)
    hidden = (small_base(one.base, policy.minimum_base) | small)[exists]
    need = np.where((numerator > 0) & (numerator < base), float(policy.interval_width or 0), 0.0)
    members = frame.rows.tocoo()
    end = time.perf_counter() + GREEDY_SECONDS
    while time.perf_counter() < end:
        columns = np.flatnonzero(hidden)
        system = System(frame.rows, frame.row_lower, frame.row_upper, -numerator, base - numerator, need)
        least, most = outer_bounds(system.part(columns))
        narrow = np.zeros(len(hidden), dtype=bool)
        narrow[columns[most - least < need[columns]]] = True
        if not narrow.any():
            break
        failing = np.unique(members.row[narrow[members.col]])
        can = np.isin(members.row, failing) & ~hidden[members.col] & (numerator[members.col] > 0)
        order = np.lexsort((base[members.col[can]], members.row[can]))
        _, first = np.unique(members.row[can][order], return_index=True)
        chosen = members.col[can][order][first]
        if not chosen.size:
            break
        hidden[chosen] = True
    return int(hidden.sum())
