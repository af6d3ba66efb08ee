"""From a candidate's linked tables to what is hidden in them, for one audience.

Belongs here: reading cells set-wise into arrays, building the grid of each system, and giving the chosen
cells back as a table that `protect` joins.
Does not belong here: choosing (see `linked`), writing files (`protect`), judging them (`audit_linked`).

Everything is numbered in the order of its names, so that the order of rows in the warehouse changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy, LinkedTable
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.disclosure import figures
from rcs_pipeline.disclosure.beside import CELLS, TODAY, Columns, before_of, beside, means_of
from rcs_pipeline.disclosure.earlier import Laid
from rcs_pipeline.disclosure.engine import WAREHOUSE, name, text
from rcs_pipeline.disclosure.grid import EVERYBODY, JOINED, Grid, make_grid
from rcs_pipeline.disclosure.implied import implied_of, made_up_of, skipped_by_few
from rcs_pipeline.disclosure.linear import Bools, Floats, Ints
from rcs_pipeline.disclosure.linked import MEAN, Counts, Limits, Reason, protect_counts
from rcs_pipeline.disclosure.rules import hidden_together, shown_view

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A whole is worth more than its parts, everybody more than a group, and many more than few.
LEVEL_WORTH, EVERYBODY_WORTH, ONE_WAY_WORTH = 3.0, 3.0, 1.5
# So is what other lines make up.
WHOLE_WORTH = 3.0
CLASSES: dict[Reason, str] = {reason: reason.name.lower() for reason in Reason if reason is not Reason.SHOWN}


@dataclass(frozen=True)
class Marked:
    """The table of hidden cells that stands in the connection, and how to join it to the rows."""

    table: str
    keys: tuple[str, ...]

    def on(self, rows: str) -> str:
        """The join condition, as SQL."""
        same = (
            f"{rows}.{name(key)} is not distinct from marks.{name(f'__key_{number}')}"
            for number, key in enumerate(self.keys)
        )
        return " and ".join(same)


def mark(
    connection: DuckDBPyConnection, product: Product, audience: str, table: ProductTable, seen: str,
    before: Sequence[Laid] = (),
) -> Marked:  # fmt: skip
    """Choose what to hide of a linked table, and leave it in the temporary table `marks`.

    Its columns: the keys of a cell, `__linked` (the class of the reason, or nothing), `__compared` (whether a
    figure of a place above is hidden) and `__quiet` (whether new figures of the same people would say how
    many others left or joined). `before`: the table's rows in earlier releases.
    """
    import pyarrow as pa

    linked = _linked(table)
    keys = linked.keys
    cells = _read(connection, product, audience, table, seen, beside_others=bool(before))
    releases = beside(connection, table, before) if before else ()
    found: list[Columns] = []
    for rows in _systems(cells, linked):
        there = [{key: column[rows] for key, column in of.items()} for of in (cells, *releases)]
        found.append(_mark_system(there[0], there[1:], linked, product, audience))
    columns = {}
    for number, key in enumerate((*keys, "__linked", "__compared", "__quiet")):
        parts = [item[key] for item in found]
        values = np.concatenate(parts).tolist() if parts else []
        kind = pa.bool_() if key in ("__compared", "__quiet") else pa.string()
        columns[key if key.startswith("__") else f"__key_{number}"] = pa.array(values, kind)
    connection.register("marks_given", pa.table(columns))
    named = ", ".join(name(key) for key in columns if key.startswith("__key_"))
    connection.execute(
        f"create or replace temp table marks as select {named}, min(__linked) as __linked,"
        f" bool_or(__compared) as __compared, bool_or(__quiet) as __quiet from marks_given group by {named}"
    )
    connection.unregister("marks_given")
    return Marked("marks", keys)


def _linked(table: ProductTable) -> LinkedTable:
    if table.extension.linked is None:
        raise ContractError("The table is not linked", where=str(table.path))
    return table.extension.linked


def _read(
    connection: DuckDBPyConnection, product: Product, audience: str, table: ProductTable, seen: str, *,
    beside_others: bool,
) -> Columns:  # fmt: skip
    """The cells that the audience may see, with what else is known of each."""
    linked, policy = _linked(table), product.file.disclosure
    rules = [rule for rule in hidden_together(table, policy) if linked.base in rule.hides]
    own = " or ".join(f"{rule.reason} is not null" for rule in rules) or "false"
    keys = linked.keys
    picked = [f"{name(key)}" for key in keys]
    picked += [f"{name(column)} as {name(f'__in_{level}')}" for level, column in linked.belongs.items()]
    for column, given in (("__by", linked.group_by), ("__value", linked.group_value)):
        picked.append(f"{name(given)} as {column}" if given else f"{text(EVERYBODY)} as {column}")
    ceiling = f"cast({name(linked.ceiling)} as bigint)" if linked.ceiling else "null::bigint"
    picked.append(f"coalesce({ceiling}, -1) as __ceiling")
    picked.append(f"({own}) as __own")
    few = f"coalesce({name(linked.schools)}, 0) < {policy.minimum_schools}" if linked.schools else "false"
    picked.append(f"({few}) as __few_schools")
    picked += means_of(product, table) if beside_others else ()
    picked += figures.picked(product, table, linked.weighted, TODAY) if linked.weighted else ()
    counted = f"cast({name(linked.numerator)} as bigint)" if linked.numerator else "null::bigint"
    line = f"cast({name(linked.line)} as varchar)" if linked.line else "''"
    picked += [
        f"cast({name(linked.base)} as bigint) as __base", f"coalesce({counted}, {MEAN}) as __numerator",
        f"{line} as __line",
    ]  # fmt: skip
    # Beside earlier releases what they hid stays so, and who left is hidden by each table's own sums.
    picked.append(f"({'false' if beside_others else _untold(table, product, audience)}) as __untold")
    query = _with_whole(
        f"select {', '.join(picked)} from {WAREHOUSE}.main.{name(table.name)} as {TODAY}"
        f" where ({seen}) and {name(linked.base)} is not null",
        linked, product, audience,
    )  # fmt: skip
    if linked.sensitive and linked.line:
        there = f"{WAREHOUSE}.main.{name(linked.sensitive.table)}"
        line = name(linked.line)
        query = (
            f"select cells.*, coalesce(lines.{name(linked.sensitive.column)}, true) as __sensitive"
            f" from ({query}) as cells left join {there} as lines on cells.{line} = lines.{line}"
        )
    else:
        query = f"select *, false as __sensitive from ({query})"
    if beside_others:
        with_rows = f"select *, row_number() over () - 1 as __row from ({query})"
        connection.execute(f"create or replace temp table {CELLS} as {with_rows}")
        query = f"select * from {CELLS} order by __row"
    found = connection.execute(query).fetchnumpy()
    # Masked arrays hold what SQL has as null: a place that belongs nowhere.
    return {key: np.ma.filled(column, "") if column.dtype == object else np.ma.getdata(column)
            for key, column in found.items()}  # fmt: skip


def _untold(table: ProductTable, product: Product, audience: str) -> str:
    """That nobody is told how many the people of the row are where another table counts them, as SQL.

    What that table withholds a base here would tell.
    """
    linked, follows = _linked(table), table.extension.follows
    first = (item for item in product.tables if item.name == table.extension.counted_first)
    other = next(first, None)
    theirs = other.extension.linked if other else None
    if other is None or theirs is None or not other.columns_for(audience) or not other.extension.hide:
        return "false"
    there = other.name
    if follows:
        same = {**{their: f"{TODAY}.{name(our)}" for their, our in follows.same.items()},
                **{column: text(value) for column, value in follows.where.items()}}  # fmt: skip
    else:
        ours = (f"{TODAY}.{name(key)}" for key in linked.keys if key != linked.line)
        same = dict(zip(theirs.keys, ours, strict=True))
    alike = [f"told.{name(key)} is not distinct from truth.{name(key)}" for key in theirs.keys]
    alike += [f"told.{name(column)} = {value}" for column, value in same.items()]
    return (
        f"exists (select 1 from {name(shown_view(there))} as told"
        f" inner join {WAREHOUSE}.main.{name(there)} as truth on {' and '.join(alike)}"
        f" where told.{name(theirs.base)} is null and truth.{name(theirs.base)} is not null)"
    )


def _with_whole(query: str, linked: LinkedTable, product: Product, audience: str) -> str:
    """With the count of another linked table for a ceiling, where the audience sees it."""
    tables = {table.name: table for table in product.tables}
    there = tables.get(linked.whole.table) if linked.whole else None
    other = there.extension.linked if there else None
    if linked.whole is None or there is None or other is None or not there.columns_for(audience):
        return query
    theirs = other.keys
    ours = tuple(key for key in linked.keys if key != linked.line)
    same = " and ".join(
        f"cells.{name(here)} = there.{name(their)}" for here, their in zip(ours, theirs, strict=True)
    )
    return (
        "select cells.* replace (case when cells.__ceiling < 0"
        f" then coalesce(there.{name(linked.whole.column)}, -1) else cells.__ceiling end as __ceiling)"
        f" from ({query}) as cells"
        f" left join {WAREHOUSE}.main.{name(linked.whole.table)} as there on {same}"
    )


def _systems(cells: Columns, linked: LinkedTable) -> list[Ints]:
    """The rows of each system, in the order of its names."""
    size = len(cells["__base"])
    if not linked.system or not size:
        return [np.arange(size)] if size else []
    _, number = _numbered([cells[column] for column in linked.system])
    return [np.flatnonzero(number == one) for one in range(int(number.max()) + 1)]


def _numbered(columns: list[npt.NDArray[Any]]) -> tuple[list[tuple[str, ...]], Ints]:
    """The different combinations in alphabetical order, and the number of each row's."""
    combined = np.array(list(zip(*(column.tolist() for column in columns), strict=True)), dtype=object)
    number = np.zeros(len(combined), dtype=np.int64)
    for column in combined.T:
        _, own = np.unique(column.astype(str), return_inverse=True)
        number = number * (int(own.max()) + 1) + own
    _, first, number = np.unique(number, return_index=True, return_inverse=True)
    return [tuple(combined[index]) for index in first], np.asarray(number, dtype=np.int64)


def _mark_system(
    cells: Columns, releases: Sequence[Columns], linked: LinkedTable, product: Product, audience: str
) -> Columns:
    policy = product.file.disclosure
    lines, line = _numbered([cells["__line"]])
    places, place = _numbered([cells[linked.level], cells[linked.place]])
    groups, group = _numbered([cells["__by"], cells["__value"]])
    levels = tuple(level.value for level in product.file.audiences[audience].geographies)
    _, example = np.unique(place, return_index=True)
    parents = _parents(places, {key: cells[key][example] for key in cells if key.startswith("__in_")}, levels)
    grid = make_grid([level for level, _ in places], parents, [(by, value) for by, value in groups])
    slot, named = place * len(groups) + group, [line_name for (line_name,) in lines]

    def spread(values: npt.NDArray[Any], empty: float) -> npt.NDArray[Any]:
        whole = np.full((len(lines), grid.size), empty)
        whole[line, slot] = values
        return whole

    base, exists = spread(cells["__base"], 0), spread(np.ones(len(line), dtype=bool), False)
    also = spread(cells["__own" if linked.numerator is None else "__few_schools"], False)
    also |= spread(cells["__untold"], False)
    if linked.sensitive:
        also |= skipped_by_few(product.follow_ups, named, base, exists, policy.small_numerator)
    counts = Counts(
        grid=grid,
        exists=exists,
        base=base,
        numerator=spread(cells["__numerator"], MEAN),
        cost=_cost(grid, levels, base.max(axis=0)),
        ceiling=spread(cells["__ceiling"], -1),
        also=also,
        before=before_of(spread, cells, releases) if releases else None,
        weighed=figures.weighed_of(spread, cells, grid, linked.weighted) if linked.weighted else None,
        implied=(
            *(implied_of(product.implications, named) if linked.sensitive else ()),
            *made_up_of(linked.parts, linked.base, named),
        ),
        start=spread(cells["__own"], False) if linked.parts else None,
        worth=np.array([WHOLE_WORTH if name in linked.parts else 1.0 for name in named]),
    )
    sensitive = np.zeros(len(lines), dtype=bool)
    sensitive[line] = cells["__sensitive"].astype(bool)
    limits = limits_of(policy, linked, grid.size, sensitive)
    found = protect_counts(counts, limits)
    reasons = found.reasons
    while (alone := _without_their_whole(reasons, counts, linked, named)).any():
        # The share of a part would tell the whole.
        reasons = protect_counts(replace(counts, start=alone | (reasons != Reason.SHOWN)), limits).reasons
    above = _hidden_above(reasons, grid) | found.withheld
    reason, compared = reasons[line, slot], above[line, slot]
    quiet = np.zeros_like(compared)
    if counts.before is not None:
        quiet = counts.before.quiet(grid.parents, limits.minimum_difference)[line, slot]
    kept = (reason != Reason.SHOWN) | compared | quiet
    result: Columns = {key: cells[key][kept] for key in linked.keys}
    result["__linked"] = np.array([CLASSES.get(Reason(item)) for item in reason[kept]], dtype=object)
    result["__compared"], result["__quiet"] = compared[kept], quiet[kept]
    return result


def _without_their_whole(reasons: Ints, counts: Counts, linked: LinkedTable, named: list[str]) -> Bools:
    """Cells in sight of lines that are part of one which is hidden there."""
    hidden, found = reasons != Reason.SHOWN, np.zeros_like(counts.exists)
    for whole, parts in linked.parts.items():
        if whole in named:
            own = [named.index(part) for part in parts if part in named]
            found[own] |= hidden[named.index(whole)] & counts.exists[own] & ~hidden[own]
    return found


def limits_of(policy: DisclosurePolicy, linked: LinkedTable, slots: int, sensitive: Bools) -> Limits:
    """The policy's numbers for one linked table."""
    hidden = np.where(sensitive, bool(policy.hide_sensitive_zeros), bool(policy.hide_other_zeros))
    return Limits(
        minimum_base=np.full(slots, int(getattr(policy, linked.minimum))),
        small_numerator=policy.small_numerator,
        width=int(policy.interval_width or 0),
        minimum_difference=int(policy.minimum_difference or 0),
        zeros_hidden=np.asarray(hidden),
        # The count of another table may be withheld there: it is no roll that everybody knows.
        small_rolls_exempt=bool(policy.small_rolls_exempt and linked.ceiling and not linked.whole),
        seed=int(policy.seed or 0),
    )


def _parents(places: list[tuple[str, ...]], belongs: Columns, levels: tuple[str, ...]) -> Ints:
    """The number of the place that each place is a part of: the nearest level above that has one.

    A place that names no place of a level, or one that has no row, is a part of none there: not of the only
    other one either, but of the next level's.
    """
    number = {place: index for index, place in enumerate(places)}
    of_level = {level: [place for place in places if place[0] == level] for level in levels}
    parents = np.full(len(places), -1, dtype=np.int64)
    for index, (level, code) in enumerate(places):
        for above in reversed(levels[: levels.index(level)]):
            named = belongs.get(f"__in_{above}")
            if named is not None:
                parents[index] = number.get((above, named[index]), -1)
            elif len(of_level[above]) == 1:
                parents[index] = number[of_level[above][0]]
            elif of_level[above]:
                raise ContractError(
                    f"Nothing says to which {above} the {level} `{code}` belongs",
                    expected=f"`linked.belongs` with a column for `{above}`",
                )
            if parents[index] >= 0:
                break
    return parents


def _cost(grid: Grid, levels: tuple[str, ...], people: Ints) -> Floats:
    depth = {level: len(levels) - 1 - number for number, level in enumerate(levels)}
    place = np.array([LEVEL_WORTH ** depth[level] for level in grid.levels])
    group = np.array([
        EVERYBODY_WORTH if by == EVERYBODY else 1.0 if JOINED in by else ONE_WAY_WORTH
        for by, _ in grid.groups
    ])  # fmt: skip
    return np.asarray(np.outer(place, group).reshape(-1) * (1 + np.log2(1 + people) / 16))


def _hidden_above(reasons: Ints, grid: Grid) -> Bools:
    """Cells of a place of which a place above is hidden in the same group."""
    hidden = (reasons != Reason.SHOWN).reshape(len(reasons), len(grid.levels), len(grid.groups))
    above = np.zeros_like(hidden)
    place = np.arange(len(grid.levels))
    higher = grid.parents
    while (higher >= 0).any():
        own = place[higher >= 0]
        above[:, own] |= hidden[:, higher[own]]
        higher = np.where(higher >= 0, grid.parents[higher], -1)
    return np.asarray(above.reshape(reasons.shape))
