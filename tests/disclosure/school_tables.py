"""Small programmes of schools for the proofs, and an attacker who solves for every number by itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.protect import protect

CONTRACTS = Path(__file__).parent / "contracts" / "products" / "banded"
SEX, STAGE = ("female", "male"), ("S1", "S2", "S3")
WIDTH = 4
Row = tuple[Any, ...]


class Cell(NamedTuple):
    """Pupils of one sex and stage of a school: how many answered, and how many of them are counted."""

    line: str
    cpp: str
    school: str
    sex: str
    stage: str
    base: int
    count: int


def banded_product() -> Product:
    return read_product(CONTRACTS)


def programme(
    seed: int, sizes: dict[str, Sequence[int]], shares: Sequence[float] = (0.3, 0.04, 0.9)
) -> list[Cell]:
    """Schools of about so many pupils in each partnership, and one question for each share."""
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    cells = []
    for cpp, pupils in sizes.items():
        for number, size in enumerate(pupils):
            for sex in SEX:
                for stage in STAGE:
                    base = round(size / 6 * draw.uniform(0.6, 1.4))
                    for line, share in enumerate(shares):
                        answered = max(0, base - draw.choice((0, 0, 1)))
                        count = sum(draw.random() < share for _ in range(answered))
                        cells.append(Cell(f"i{line}", cpp, f"{cpp}{number}", sex, stage, answered, count))
    return cells


def tabulated(cells: Sequence[Cell]) -> tuple[list[Row], list[Row]]:
    """The rows of `answers` (finest cells of the schools) and of `figures`."""
    finest = [("w", cell.line, "school", cell.school, "sex+stage", f"{cell.sex}+{cell.stage}", cell.base,
               cell.count) for cell in cells]  # fmt: skip
    sums: dict[Row, list[int]] = {}
    for cell in cells:
        for group in (("all", "all"), ("sex", cell.sex), ("stage", cell.stage)):
            total = sums.setdefault(("w", cell.line, cell.school, *group, cell.cpp), [0, 0])
            total[0] += cell.base
            total[1] += cell.count
    return finest, [(*key, *total) for key, total in sums.items()]


def candidate(folder: Path, cells: Sequence[Cell], product: Product, *, turned: bool = False) -> Path:
    """A candidate's folder with the warehouse of these cells, protected."""
    folder.mkdir(parents=True, exist_ok=True)
    finest, rows = (item[::-1] if turned else item for item in tabulated(cells))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            "create table answers (wave varchar, indicator_id varchar, geography_level varchar,"
            " geography_code varchar, group_by varchar, group_value varchar, base integer,"
            " numerator integer, symbol varchar)"
        )
        connection.execute(
            "create table figures (wave varchar, indicator_id varchar, school_code varchar, group_by varchar,"
            " group_value varchar, cpp_code varchar, base integer, numerator integer, size_class varchar,"
            " share_from integer, share_to integer, symbol varchar)"
        )
        for table, width, given in (("answers", 8, finest), ("figures", 8, rows)):
            nothing = ", null" * (1 if table == "answers" else 4)
            marks = ", ".join("?" * width)
            connection.executemany(f"insert into {table} values ({marks}{nothing})", given)
    protect(folder / "warehouse.duckdb", folder / "protected", product, threads=2 if turned else 1)
    return folder


def given(folder: Path) -> list[dict[str, Any]]:
    """What the partnerships are given, with the true counts beside it."""
    file = folder / "protected" / "partnership" / "figures.parquet"
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return (
            connection.execute(
                f"select held.*, truth.base, truth.numerator from read_parquet('{file}') as held"
                " join figures as truth using (indicator_id, school_code, group_by, group_value)"
            )
            .to_arrow_table()
            .to_pylist()
        )


class Attack(NamedTuple):
    """A row, how wide it is for the attacker, and how wide it would be without any band."""

    row: dict[str, Any]
    width: int
    free: int


def attack(cells: Sequence[Cell], rows: Sequence[dict[str, Any]], *, sums: bool) -> list[Attack]:
    """Solve for the least and the greatest number of every row, in whole numbers.

    `sums`: whether the attacker knows what each partnership counts of each sex and stage.
    """
    found = []
    for line in sorted({cell.line for cell in cells}):
        for cpp in sorted({cell.cpp for cell in cells}):
            own = [cell for cell in cells if cell.line == line and cell.cpp == cpp]
            about = [row for row in rows if row["indicator_id"] == line and row["cpp_code"] == cpp]
            found += _attack(own, about, sums=sums)
    return found


def _attack(cells: Sequence[Cell], rows: Sequence[dict[str, Any]], *, sums: bool) -> list[Attack]:
    def counted(row: dict[str, Any]) -> np.ndarray:
        return np.array([
            cell.school == row["school_code"]
            and (row["group_by"] == "all" or row["group_value"] in (cell.sex, cell.stage))
            for cell in cells
        ], dtype=float)  # fmt: skip

    count = np.array([cell.count for cell in cells], dtype=float)
    box = Bounds(0, np.array([cell.base for cell in cells], dtype=float))
    known = []
    if sums:
        kinds = sorted({(cell.sex, cell.stage) for cell in cells})
        which = np.array([[(cell.sex, cell.stage) == kind for cell in cells] for kind in kinds], dtype=float)
        known.append(LinearConstraint(csr_array(which), which @ count, which @ count))
    shown = [row for row in rows if row["share_from"] is not None]
    bands = list(known)
    if shown:
        low = np.array([row["share_from"] * row["base"] / 100 for row in shown])
        # Below the upper edge; at a hundred it may be reached.
        high = np.array([
            row["base"] if row["share_to"] == 100 else (row["share_to"] * row["base"] - 1) / 100
            for row in shown
        ])  # fmt: skip
        bands.append(LinearConstraint(vstack([csr_array(counted(row)[None]) for row in shown]), low, high))

    def width(row: dict[str, Any], constraints: list[LinearConstraint]) -> int:
        own, ends = counted(row), []
        if not constraints:
            return int(own @ box.ub)
        for sign in (1, -1):
            solved = milp(sign * own, integrality=np.ones(len(own)), bounds=box, constraints=constraints)
            assert solved.success
            ends.append(round(solved.fun))
        return -ends[1] - ends[0]

    return [Attack(row, width(row, bands), width(row, known)) for row in rows]
