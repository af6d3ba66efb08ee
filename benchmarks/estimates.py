"""Scoring and estimates in the dbt models, against one hand-written query for the same sums.

Belongs here: the two runs, and that their sums agree. Does not belong here: the query (see `by_hand`).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks import by_hand, survey
from benchmarks.measure import Ratio, Run, Timed, pairs, run
from benchmarks.survey import FOUR, Tables

NAME = "estimates"
SUMS = "sums_by_hand.parquet"
# A weighted sum of scores is held in whole parts of this size, of hundredths of a point.
PARTS = 67_108_864 * 100


def measure(
    folder: Path, rows: int, repetitions: int, schools: int = survey.SCHOOLS, tables: Tables = FOUR
) -> tuple[Ratio, float]:
    """Both in turns. Returns the ratio, and the seconds of dbt outside the models."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts, home = survey.write_contracts(folder / "contracts", tables), folder / "home"
    lake = survey.land(workspace(home, contracts), rows, schools)
    ratio = pairs(
        NAME if tables is FOUR else f"{NAME}-{tables.name}", repetitions,
        ours=lambda _: run(build, str(home), str(contracts), str(folder / SUMS)),
        bare=lambda _: run(query, str(lake), str(folder / SUMS), tables),
    )  # fmt: skip
    outside = sorted(taken.value["outside"] for taken in ratio.ours)[len(ratio.ours) // 2]
    shutil.rmtree(folder)
    return ratio, outside


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
        compiled = next((Path(home) / "work" / "dbt").rglob(f"compiled/**/sums_{survey.DATASET}.sql"))
        compared = agree(building.database, compiled.read_text(encoding="utf-8"), Path(theirs))
    seconds = building.model_seconds
    shutil.rmtree(building.folder)
    each = {item.name: item.seconds for item in building.results}
    return seconds, None, {"outside": clock.seconds - seconds, "compared": compared, "each": each}


def query(lake: str, target: str, tables: Tables = FOUR) -> tuple[float, float, None]:
    """The engine's way: the sums alone, in memory."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        with Timed() as clock:
            connection.execute("create table sums as " + by_hand.query(f"read_parquet('{lake}')", tables))
        connection.execute(f"copy sums to '{target}' (format parquet)")
    return clock.seconds, clock.processor, None


def agree(database: Path, sums: str, theirs: Path) -> int:
    """How many sums were compared. The model of sums is kept nowhere, so its query is run once more.

    Raises:
        RuntimeError: a sum differs, or a row is missing on one side.
    """
    import duckdb

    parts = [(item, part) for item in by_hand.indicators() for part in by_hand.SUMS if _has(item, part)]
    differ = [_differs(item, part) for item, part in parts]
    differ += [f"ours.{name} is distinct from hand.{name}" for name in by_hand.EVERYBODY]
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        connection.execute(f"create table sums as {sums}")
        counts = connection.execute(
            f"""select count(*), count_if(ours.cluster is null or hand.school_code is null),
                       {", ".join(f"count_if({condition})" for condition in differ)}
                from sums as ours
                full join '{theirs}' as hand
                on ours.stratum = hand.cpp_code and ours.cluster = hand.school_code
                   and ours.group_by = hand.group_by and ours.group_value = hand.group_value"""
        ).fetchone()
    assert counts is not None
    rows, lost, *broken = counts
    if lost or any(broken):
        raise RuntimeError(
            f"{lost} of {rows} rows and {sum(broken)} sums differ from those of the hand-written query"
        )
    return int(rows) * len(differ)


def _has(item: str, part: str) -> bool:
    """A mean has no positives, a share no squares."""
    return part != ("x" if item in by_hand.means() else "wyy")


def _differs(item: str, part: str) -> str:
    ours, hand = f"ours.{item}__{part}", f"hand.{item}__{part}"
    if item in by_hand.means():
        if part in ("wy", "wyy"):
            parts = PARTS if part == "wy" else PARTS * 100
            return (
                f"coalesce(abs({ours} / {parts}.0 - {hand}) > 1e-9 * abs({hand}), "
                f"({ours} is null) <> ({hand} is null))"
            )
    elif part in ("n", "x"):
        both = f"ours.{item}__nx"
        positives = f"floor({both} / {by_hand.PACK})"
        ours = positives if part == "x" else f"{both} - {positives} * {by_hand.PACK}"
    # Weights are whole multiples of 2^-10: their sums are exact, whoever adds them up in whatever order.
    return f"{ours} is distinct from {hand}"
