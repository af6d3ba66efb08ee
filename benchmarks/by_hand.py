"""The hand-written query: the sums behind 60 indicators, wide, by school and at every level above.

Belongs here: what an analyst who knows the engine would write, as fast as it can be made.
Does not belong here: anything read from contracts; this must stay independent of the pipeline.

Where few columns are grouped by, the pupils are added up once, to school x stage x sex x quintile, and the
group sets run over that small table: twice as fast as the group sets over the pupils, and four times as fast
as one row an answer. With more columns there are as many combinations as pupils; then they are added up to
the group sets that no other holds (sex by stage, and not sex), and the others follow from those.
The pupils are sorted by school first, so that the sums of a school stay in the cache: 2.1 s instead of 3.0.

Above the schools each level is added up from the one below, never twice from the schools. What a variance
between schools is made of are three sums of products a stratum, which add up like all others and need no
second pass: with p = wy / w, the squares of the schools' deviations are (yy - 2 p yw + p p v) / (w w).
"""

from __future__ import annotations

from benchmarks.survey import FOUR, GROUP_COLUMNS, Tables, scales, singles

UNIT = ("cpp_code", "school_code", "community")
# Up to so many columns the pupils are added up to their combinations first.
FEW = 4
ALL = "'all'"
# Answers, positives (not of a mean), weights, weights of the positives, squared weights, and of a mean the
# weighted squares, which its variance follows from.
SUMS = ("n", "x", "w", "wy", "ww", "wyy")
# What deviations of schools are made of, and how many schools have answers: of the products of their sums.
PRODUCTS = {"c": "count({w})", "yy": "sum({wy} * {wy})", "yw": "sum({wy} * {w})", "v": "sum({w} * {w})"}
# Of everybody, answered or not.
EVERYBODY = ("all_weights", "all_weights_squared")
PACK = "67108864e0"  # 2^26, more than there are pupils


def query(relation: str, tables: Tables = FOUR) -> str:
    """SQL for one row a school and group, five sums an indicator, and two of everybody."""
    unit, grouped = ", ".join(UNIT), ", ".join(tables.columns)
    sets = [tuple(group.split("+")) if group != "all" else () for group in tables.groups]
    few = len(tables.columns) <= FEW
    finest = [tables.columns] if few else _finest(sets)
    return f"""
with answers as (
    select {unit}, {grouped}, weight, weight * weight as squared,
        {", ".join(_total(scale, items) for scale, items in scales().items())},
        {", ".join(_answered(scale, items) for scale, items in scales().items())},
        {", ".join(_single(item) for item in singles())}
    from (from {relation} order by school_code)
),
scored as (
    select *, {", ".join(_score(scale) for scale in scales())} from answers
),
pupils as (
    select *,
        {", ".join(_band(scale) for scale in scales())},
        {", ".join(f"{scale} as i_{scale}_mean" for scale in scales())}
    from scored
),
cells as (
    select {unit}, {grouped}, {"0" if few else f"grouping({grouped})"} as cell_of,
        {", ".join(_pupil_sums(item) for item in indicators())}, {_everybody(few=False)}
    from pupils group by {"all" if few else f"grouping sets ({_by(finest)})"}
),
sums as (
    {" union all ".join(_from_cells(tables, cell, finest, sets) for cell in finest)}
)
select {unit}, group_by, group_value, {", ".join(_final_sums(item) for item in indicators())},
    {", ".join(EVERYBODY)}
from sums
"""


def _finest(sets: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The group sets that no other holds: all others are added up from those."""
    return [item for item in sets if not any(set(item) < set(other) for other in sets)]


def _by(sets: list[tuple[str, ...]]) -> str:
    return ", ".join(f"({', '.join((*UNIT, *columns))})" for columns in sets)


def _from_cells(
    tables: Tables, cell: tuple[str, ...], finest: list[tuple[str, ...]], sets: list[tuple[str, ...]]
) -> str:
    """The groups that come of these cells: the cells themselves, where they are one, and all above them."""
    above = [
        item
        for item in sets
        if item != cell and next(fine for fine in finest if set(item) <= set(fine)) == cell
    ]
    left_out = sum(1 << place for place, name in enumerate(reversed(tables.columns)) if name not in cell)
    parts = ("n", "wyy", "w", "wy", "ww")
    columns = ", ".join(
        f"{item}__{part}"
        for item in indicators()
        for part in (parts if item in means() else ("nx", *parts[2:]))
    )
    selects = []
    if cell in sets:
        group, value = f"'{'+'.join(cell)}'", " || '+' || ".join(_value(name) for name in cell)
        selects.append(
            f"select {', '.join(UNIT)}, {group} as group_by, {value} as group_value, {columns}, "
            f"{', '.join(EVERYBODY)} from cells where cell_of = {left_out}"
        )
    if above:
        named = dict(zip(sets, tables.groups, strict=True))
        selects.append(
            f"select {', '.join(UNIT)}, case {_branches(named, above, values=False)} end as group_by, "
            f"case {_branches(named, above, values=True)} end as group_value, "
            f"{', '.join(_added_sums(item) for item in indicators())}, {_everybody(few=True)} "
            f"from cells where cell_of = {left_out} group by grouping sets ({_by(above)})"
        )
    return " union all ".join(selects)


def levels() -> dict[str, str]:
    """The sums above the schools, each a table made of the one before: communities, strata, the programme.

    A partnership is one stratum, so what the programme's variances are made of are the rows of partnerships.
    """
    keys, parts = "group_by, group_value", [(item, part) for item in indicators() for part in sums_of(item)]
    linear = ", ".join(f"sum({item}__{part}) as {item}__{part}" for item, part in parts)
    products = ", ".join(
        f"{made.format(w=f'{item}__w', wy=f'{item}__wy')} as {item}__{name}"
        for item in indicators()
        for name, made in PRODUCTS.items()
    )
    added = ", ".join(f"sum({item}__{name}) as {item}__{name}" for item in indicators() for name in PRODUCTS)
    return {
        "communities": f"select cpp_code, community, {keys}, {linear}, {products} from sums group by all",
        "partnerships": f"select cpp_code, {keys}, {linear}, {added} from communities group by all",
        "programme": f"select {keys}, {linear} from partnerships group by all",
    }


def sums_of(item: str) -> tuple[str, ...]:
    """The sums of an indicator: a mean has no positives, a share no squares."""
    return tuple(part for part in SUMS if part != ("x" if item in means() else "wyy"))


def _branches(named: dict[tuple[str, ...], str], sets: list[tuple[str, ...]], *, values: bool) -> str:
    """What a row is grouped by, or its value."""
    branches = []
    for columns in sorted(sets, key=len, reverse=True):
        value = " || '+' || ".join(_value(column) for column in columns) if values else f"'{named[columns]}'"
        grouped = " and ".join(f"grouping({column}) = 0" for column in columns) or "true"
        branches.append(f"when {grouped} then {value or ALL}")
    return " ".join(branches)


def _value(column: str) -> str:
    values = GROUP_COLUMNS[column]
    if all(str(code) == value for code, value in values.items()):
        return f"{column}::varchar"
    branches = " ".join(f"when {code!r} then '{value}'" for code, value in values.items())
    return f"case {column} {branches} end"


def indicators() -> list[str]:
    """Every indicator, shares first."""
    shares = [*(f"i_{item}" for item in singles()), *(f"i_{scale}" for scale in scales())]
    return [*shares, *means()]


def means() -> list[str]:
    """The indicators that are mean scores."""
    return [f"i_{scale}_mean" for scale in scales()]


def _single(item: str) -> str:
    return f"case when {item} >= 4 then 1 when {item} >= 1 then 0 end as i_{item}"


def _band(scale: str) -> str:
    return f"case when {scale} >= 18 then 1 when {scale} >= 5 then 0 end as i_{scale}"


def _total(scale: str, items: list[str]) -> str:
    return " + ".join(f"greatest({item}, 0)" for item in items) + f" as {scale}__total"


def _answered(scale: str, items: list[str]) -> str:
    return " + ".join(f"({item} > 0)::integer" for item in items) + f" as {scale}__answered"


def _score(scale: str) -> str:
    """Half of a point goes up: floor(0.5 + 5 * mean), in whole numbers."""
    answered, total = f"{scale}__answered", f"{scale}__total"
    return f"case when {answered} >= 3 then (10 * {total} + {answered}) // (2 * {answered}) end as {scale}"


def _pupil_sums(item: str) -> str:
    """Of a share, answers and positives travel in one number: a sixth of the scan less."""
    counts = f"sum({item} * {PACK} + 1) as {item}__nx"
    if item in means():
        counts = f"nullif(count({item}), 0) as {item}__n, sum({item} * {item} * weight) as {item}__wyy"
    return (
        f"{counts}, sum({item} * weight) as {item}__wy, "
        f"sum(case when {item} is not null then weight end) as {item}__w, "
        f"sum(case when {item} is not null then squared end) as {item}__ww"
    )


def _added_sums(item: str) -> str:
    parts = ("n", "wyy", "w", "wy", "ww") if item in means() else ("nx", "w", "wy", "ww")
    return ", ".join(f"sum({item}__{part}) as {item}__{part}" for part in parts)


def _everybody(*, few: bool) -> str:
    every, squared = ("all_weights", "all_weights_squared") if few else ("weight", "squared")
    return f"sum({every}) as all_weights, sum({squared}) as all_weights_squared"


def _final_sums(item: str) -> str:
    if item in means():
        counts = f"{item}__n, {item}__wyy"
    else:
        both = f"{item}__nx"
        counts = f"{both} - floor({both} / {PACK}) * {PACK} as {item}__n, floor({both} / {PACK}) as {item}__x"
    return ", ".join([counts, *(f"{item}__{part}" for part in ("w", "wy", "ww"))])
