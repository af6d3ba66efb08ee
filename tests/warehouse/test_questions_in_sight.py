"""Two questions in the open files of a whole programme, taken from each other."""

from __future__ import annotations

from pathlib import Path

import duckdb

from rcs_pipeline.contracts.implications import Implication, Side
from rcs_pipeline.warehouse.build import Building

SAME = "wave, geography_level, geography_code, group_by, group_value"
SMALL = 4


def pupils(side: Side, rows: str) -> str:
    return f"{rows}.numerator" if side.counted else f"({rows}.base - {rows}.numerator)"


def alone(item: Implication, file: Path) -> str:
    """How many of a whole are of no part, wherever all of them are in sight, as SQL."""
    rows = [
        f"(select * from '{file}' where indicator_id = '{side.indicator}' and numerator is not null)"
        f" as side_{number}"
        for number, (side, _) in enumerate(item.sides)
    ]
    joined = f"{rows[0]} " + " ".join(f"join {row} using ({SAME})" for row in rows[1:])
    left = " ".join(
        f"{'+' if sign > 0 else '-'} {pupils(side, f'side_{number}')}"
        for number, (side, sign) in enumerate(item.sides)
    )
    return f"select {left} as pupils from {joined}"


def test_no_two_questions_in_sight_leave_one_to_four_pupils(programme: Building, open_tables: Path) -> None:
    file = open_tables / "indicator_estimates.parquet"
    everything = " union all ".join(alone(item, file) for item in programme.product.implications)
    with duckdb.connect() as connection:
        less, few, seen = connection.execute(
            f"select count(*) filter (where pupils < 0),"
            f" count(*) filter (where pupils between 1 and {SMALL}), count(*) from ({everything})"
        ).fetchone() or (0, 0, 0)
    assert seen > 1000
    assert (less, few) == (0, 0)
