"""A small programme whose estimates were written down once: the demonstration at a fiftieth of its size.

`python -m tests.warehouse.frozen` writes them down anew.
"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import duckdb

from rcs_pipeline.cli.main import main
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import build_warehouse

FILE = Path(__file__).with_name("frozen_estimates.csv")
SEED, SCALE = "2015", "0.02"
GRAIN = ("indicator_id", "wave", "geography_level", "geography_code", "group_by", "group_value")
NUMBERS = (
    "base", "numerator", "weighted_base", "estimate", "standard_error", "lower", "upper", "effective_base",
    "design_effect", "degrees_of_freedom", "comparator",
)  # fmt: skip
# The whole programme for every indicator, and more of every level, the same rows every time.
EVERY = f"""
    select {", ".join((*GRAIN, *NUMBERS))} from indicator_estimates
    union all
    select {", ".join((*GRAIN, *NUMBERS))} from local_estimates
"""
CHOSEN = f"""
    from ({EVERY})
    qualify geography_level = 'programme' and group_by = 'all'
        or row_number() over (
            partition by geography_level, group_by
            order by md5(indicator_id || wave || geography_code || group_value)
        ) <= 20
    order by all
"""
Row = dict[str, str | float | None]


def build(home: Path) -> Path:
    """Make the deliveries, take them in, build the tables; the database they are in."""
    for arguments in (["demo", "--seed", SEED, "--scale", SCALE], ["ingest"]):
        try:
            main(["--home", str(home), *arguments])
        except SystemExit as left:
            assert left.code == 0, arguments
    settings = load_settings({"home": str(home), "name": "builder"}, environment={}, folder=home.parent)
    return build_warehouse(Workspace(settings), "rcs").database


def estimates(database: Path, query: str = CHOSEN) -> list[Row]:
    """The estimates of a built programme, one mapping a row."""
    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(query)
        names = [item[0] for item in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def written() -> list[Row]:
    """What was written down."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return [
            {
                name: value if name in GRAIN else (float(value) if value else None)
                for name, value in row.items()
            }
            for row in csv.DictReader(lines)
        ]


def write(rows: list[Row]) -> None:
    """Write them down, every digit."""
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, (*GRAIN, *NUMBERS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: repr(value) if isinstance(value, float) else value for name, value in row.items()}
            for row in rows
        )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        write(estimates(build(Path(folder) / "home")))
