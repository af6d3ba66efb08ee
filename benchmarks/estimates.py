"""Scoring and estimates in the dbt models, against one hand-written query for the same sums.

Belongs here: the two runs, and that their sums agree. Does not belong here: the query (see `by_hand`).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import by_hand, survey
from benchmarks.measure import Ratio, Run, Timed, pairs, run
from benchmarks.survey import EVERY, FOUR, Tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "estimates"
SUMS, LOCAL = "sums_by_hand.parquet", "local_estimates"
FIRST_STEP = "full_design as ("
BESIDE = ("outside", "reading", "one")
# The tables above the schools: our level, its place, and where the products of each stratum are.
LEVELS = {
    "communities": ("learning_community", "cpp_code || '/' || community", "communities"),
    "partnerships": ("cpp", "cpp_code", "partnerships"),
    "programme": ("programme", f"'{survey.PRODUCT}'", "partnerships"),
}
# A weighted sum of scores is held in whole parts of this size, of hundredths of a point.
PARTS = 67_108_864 * 100
# Above the schools it is held in hundredths, and its deviations in parts of a number above every score.
HUNDREDTHS, ABOVE_SCORES = 100, 4_096


@dataclass(frozen=True)
class Beside:
    """Seconds that are printed and not counted: of dbt outside the models, and of whoever reads afterwards.

    `reading`: all estimates of schools and communities, where they are made when they are read; `one`: those
    of one school.
    """

    outside: float
    reading: float | None = None
    one: float | None = None

    def __str__(self) -> str:
        said = f"dbt's start and tests, not counted: {self.outside:.1f} s"
        if self.reading is None or self.one is None:
            return said
        return (
            f"{said}; estimates of schools and communities, made when they are read: "
            f"{self.reading:.1f} s for all, {self.one:.1f} s for one school"
        )


def measure(
    folder: Path, rows: int, repetitions: int, schools: int = survey.SCHOOLS, tables: Tables = FOUR
) -> tuple[Ratio, Beside]:
    """Both in turns. Returns the ratio, and what is told beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts, home = survey.write_contracts(folder / "contracts", tables), folder / "home"
    lake = survey.land(workspace(home, contracts), rows, schools)
    ratio = pairs(
        NAME if tables is FOUR else f"{NAME}-{tables.name}", repetitions,
        ours=lambda _: run(build, str(home), str(contracts), str(folder / SUMS)),
        bare=lambda _: run(query, str(lake), str(folder / SUMS), tables),
    )  # fmt: skip
    shutil.rmtree(folder)
    return ratio, Beside(*(_middle([taken.value[name] for taken in ratio.ours]) for name in BESIDE))


def _middle(values: list[float | None]) -> Any:
    told = sorted(value for value in values if value is not None)
    return told[len(told) // 2] if told else None


def build_only(folder: Path, rows: int, schools: int, tables: Tables) -> Run:
    """The pipeline's way alone: seconds in the models, and peak memory."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts, home = survey.write_contracts(folder / "contracts", tables), folder / "home"
    survey.land(workspace(home, contracts), rows, schools)
    taken = run(build, str(home), str(contracts), None)
    shutil.rmtree(folder)
    return taken


def workspace(home: Path, contracts: Path) -> Any:
    """A home of its own."""
    from rcs_pipeline.ledger.settings import load_settings
    from rcs_pipeline.ledger.workspace import Workspace

    return Workspace(load_settings({"home": str(home), "contracts": str(contracts)}, environment={}))


def build(home: str, contracts: str, theirs: str | None) -> tuple[float, None, dict[str, Any]]:
    """The pipeline's way: from the raw lake to the product tables. The seconds are those in the models."""
    from rcs_pipeline.warehouse.build import build_warehouse

    space = workspace(Path(home), Path(contracts))
    with Timed() as clock:
        building = build_warehouse(space, survey.PRODUCT)
    compared = 0
    if theirs is not None:
        compared = agree(building.database, Path(home) / "work" / "dbt", Path(theirs))
    seconds = building.model_seconds
    reading, one = _readings(building.database)
    shutil.rmtree(building.folder)
    each = {item.name: item.seconds for item in building.results}
    beside = {"outside": clock.seconds - seconds, "reading": reading, "one": one}
    return seconds, None, {**beside, "compared": compared, "each": each}


def _readings(database: Path) -> tuple[float | None, float | None]:
    """Seconds to make and look at every column of the estimates that are no table: all, and one school's."""
    import duckdb

    seconds = []
    with duckdb.connect(str(database), read_only=True) as connection:
        if not connection.execute(f"select 1 from duckdb_views() where view_name = '{LOCAL}'").fetchone():
            return None, None
        for where in ("true", f"geography_code = '{survey.FIRST_SCHOOL}'"):
            with Timed() as clock:
                connection.execute(f"select count(hash({LOCAL})) from {LOCAL} where {where}").fetchone()
            seconds.append(clock.seconds)
    return seconds[0], seconds[1]


def query(lake: str, target: str, tables: Tables = FOUR) -> tuple[float, float, None]:
    """The engine's way: the sums alone, in memory; of every level, where ours are."""
    import duckdb

    levels = by_hand.levels() if tables == EVERY else {}
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        with Timed() as clock:
            connection.execute("create table sums as " + by_hand.query(f"read_parquet('{lake}')", tables))
            for name, level in levels.items():
                connection.execute(f"create table {name} as {level}")
        connection.execute(f"copy sums to '{target}' (format parquet)")
        for name in levels:
            connection.execute(f"copy {name} to '{Path(target).with_name(name)}.parquet' (format parquet)")
    return clock.seconds, clock.processor, None


def agree(database: Path, project: Path, theirs: Path) -> int:
    """How many sums were compared. Models that are kept nowhere have their queries run once more.

    Raises:
        RuntimeError: a sum differs, or a row is missing on one side.
    """
    import duckdb

    def compiled(model: str) -> str:
        found = next(project.rglob(f"compiled/**/{model}.sql"))
        return found.read_text(encoding="utf-8")

    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        connection.execute("attach ':memory:' as scratch")
        connection.execute("create schema scratch.estimates")
        sums = f"estimates.sums_{survey.DATASET}"
        kept = connection.execute(
            f"select 1 from duckdb_tables() where schema_name || '.' || table_name = '{sums}'"
        ).fetchone()
        if not kept:
            connection.execute(f"create table scratch.{sums} as {compiled(f'sums_{survey.DATASET}')}")
        compared = _schools_agree(connection, theirs, f"{'warehouse' if kept else 'scratch'}.{sums}")
        levels = {name: theirs.with_name(f"{name}.parquet") for name in by_hand.levels()}
        if all(file.is_file() for file in levels.values()):
            models = ("indicator_estimates", LOCAL)
            above, local = (_before(compiled(model), "listed_shares as (") for model in models)
            apart = "geography_level in ('school', 'learning_community')"
            for step in ("totals", "strata"):
                connection.execute(
                    f"create table {step} as ({above} select * from {step})"
                    f" union all ({local} select * from {step} where {apart})"
                )
            compared += sum(_level_agrees(connection, name, levels) for name in levels)
    return compared


def _before(query: str, step: str) -> str:
    """The steps of the estimates before this one, to select from."""
    steps, found, _ = query.partition(step)
    _, first, rest = steps.partition(FIRST_STEP)
    if not (found and first):
        raise RuntimeError(f"the models' query has no step `{FIRST_STEP}`, or none `{step}` any more")
    return "with " + first + rest.rstrip().removesuffix(",")


def _schools_agree(connection: DuckDBPyConnection, theirs: Path, sums: str) -> int:
    differ = [_differs(item, part) for item in by_hand.indicators() for part in by_hand.sums_of(item)]
    differ += [f"ours.{name} is distinct from hand.{name}" for name in by_hand.EVERYBODY]
    return _compare(
        connection, differ,
        f"""{sums} as ours
            full join '{theirs}' as hand
            on ours.stratum = hand.cpp_code and ours.cluster = hand.school_code
               and ours.group_by = hand.group_by and ours.group_value = hand.group_value""",
        "ours.cluster is null or hand.school_code is null",
    )  # fmt: skip


def _level_agrees(connection: DuckDBPyConnection, name: str, files: dict[str, Path]) -> int:
    """The totals of the places, and what their variances are made of."""
    level, place, strata = LEVELS[name]
    same = "ours.group_by = hand.group_by and ours.group_value = hand.group_value"
    compared = _compare(
        connection,
        [_total_differs(item, part) for item in by_hand.indicators() for part in by_hand.sums_of(item)],
        f"""(from totals where geography_level = '{level}') as ours
            full join (select *, {place} as place from '{files[name]}') as hand
            on ours.geography_code = hand.place and {same}""",
        "ours.geography_code is null or hand.place is null",
    )
    return compared + _compare(
        connection,
        [condition for item in by_hand.indicators() for condition in _deviations_differ(item)],
        f"""(from strata join totals using (geography_level, geography_code, group_by, group_value)
                where geography_level = '{level}') as ours
            full join (select *, {place} as place from '{files[strata]}') as hand
            on ours.geography_code = hand.place and ours.stratum = hand.cpp_code and {same}""",
        "ours.geography_code is null or hand.place is null",
    )


def _compare(connection: DuckDBPyConnection, differ: list[str], joined: str, lost_row: str) -> int:
    counts = connection.execute(
        f"""select count(*), count_if({lost_row}),
                   {", ".join(f"count_if({condition})" for condition in differ)}
            from {joined}"""
    ).fetchone()
    assert counts is not None
    rows, lost, *broken = counts
    if lost or any(broken):
        raise RuntimeError(
            f"{lost} of {rows} rows and {sum(broken)} sums differ from those of the hand-written query"
        )
    return int(rows) * len(differ)


def _differs(item: str, part: str) -> str:
    ours, hand = f"ours.{item}__{part}", f"hand.{item}__{part}"
    if item in by_hand.means():
        if part in ("wy", "wyy"):
            parts = PARTS if part == "wy" else PARTS * 100
            return _apart(f"{ours} / {parts}.0", hand)
    elif part in ("n", "x"):
        both = f"ours.{item}__nx"
        positives = f"floor({both} / {by_hand.PACK})"
        ours = positives if part == "x" else f"{both} - {positives} * {by_hand.PACK}"
    # Weights are whole multiples of 2^-10: their sums are exact, whoever adds them up in whatever order.
    return f"{ours} is distinct from {hand}"


def _apart(ours: str, hand: str) -> str:
    """Weighted sums of scores, which are rounded on the way."""
    return f"coalesce(abs({ours} - {hand}) > 1e-9 * abs({hand}), ({hand} is null) <> ({ours} is null))"


def _total_differs(item: str, part: str) -> str:
    """Above the schools every sum has a column of its own."""
    ours, hand = f"ours.{item}__{part}", f"hand.{item}__{part}"
    if item in by_hand.means() and part in ("wy", "wyy"):
        points = HUNDREDTHS if part == "wy" else HUNDREDTHS**2
        return _apart(f"{ours} / {points}.0", hand)
    return f"{ours} is distinct from {hand}"


def _deviations_differ(item: str) -> list[str]:
    """Schools with answers, and the sum and the squares of their deviations, from the products.

    Ours are rounded to 2^-60, theirs lose what is small beside the products.
    """
    unit, points = (ABOVE_SCORES, HUNDREDTHS) if item in by_hand.means() else (1, 1)
    ours, hand = f"ours.{item}__", f"hand.{item}__"
    w, ratio = f"{ours}w", f"({ours}wy / {points}.0 / {ours}w)"
    squares = f"{hand}yy - 2 * {ratio} * {hand}yw + {ratio} * {ratio} * {hand}v"
    compared = {
        "s": (f"({hand}wy - {ratio} * {hand}w) / {w}", f"{hand}wy / {w}", unit / points),
        "q": (f"({squares}) / {w} / {w}", f"{hand}yy / {w} / {w}", (unit / points) ** 2),
    }
    return [
        f"{ours}c is distinct from {hand}c",
        *(
            f"coalesce(abs({ours}{part} * {scale!r} - {theirs}) > 1e-12 * {large} + 1e-15 * {scale!r}, "
            f"{ours}c > 0)"
            for part, (theirs, large, scale) in compared.items()
        ),
    ]
