"""Reading whole numbers as such, which is faster, gives what reading them as text gives, cell for cell."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rcs_pipeline.intake import load as loading
from rcs_pipeline.intake.csv_reader import ALONE, BUFFER, LONGEST_BUFFER, PARALLEL, _share, open_csv
from rcs_pipeline.intake.load import TABLE, load
from rcs_pipeline.intake.text_file import look
from tests.intake.small import HEADERS, as_csv, catalogue, row

DISGUISED = ("1.5", "1.0", "1.", ".5", "1e0", "15e-1", "1E+1", "0x1", "0X1F", "0b1", "1_0", "1.5e1", "-1.0")
PLAIN = ("1", "2", "-9", "", "007", "+7", " 1 ", "300", "99999999999", "1_", "1-", "--1", "x", "nan", "e1")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def loaded(
    engine: duckdb.DuckDBPyConnection, folder: Path, content: bytes, *, trusting: bool
) -> tuple[list[Any], bool]:
    """The table as loaded, and whether any column was read as whole numbers."""
    path = folder / f"{next(_numbers)}.csv"
    path.write_bytes(content)
    source = open_csv(engine, path, folder, catalogue().limits, catalogue().messages)
    offered = source.reading is not None
    if not trusting:
        source = replace(source, reading=None)
    positions = {name: place for place, name in enumerate(HEADERS)}
    load(engine, source, catalogue().delivery("answers"), positions, (b"k" * 32,))
    named = engine.execute(f"select column_name from (describe {TABLE}) order by all").fetchall()
    columns = ", ".join(f'"{name}"' for (name,) in named)
    return engine.execute(f"select {columns} from {TABLE} order by rowid").fetchall(), offered


CELLS = st.one_of(
    st.sampled_from(PLAIN), st.sampled_from(DISGUISED), st.text("0123456789+-._eExXbB ", max_size=6)
)


@settings(max_examples=80)
@example([("1e0", "1")])
@example([("-9", "300"), ("", "+7")])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_both_ways_of_reading_give_the_same_table(
    engine: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    table = [row(place, sex=sex, count=count, share="1") for place, (sex, count) in enumerate(cells, start=1)]
    as_text, _ = loaded(engine, folder, as_csv(table), trusting=False)
    trusted, _ = loaded(engine, folder, as_csv(table), trusting=True)
    assert trusted == as_text


def test_plain_numbers_are_trusted_and_read_the_fast_way(
    engine: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = []
    scan = loading._scan

    def seen(*arguments: Any) -> int:
        scans.append(arguments[-1])
        return scan(*arguments)

    monkeypatch.setattr(loading, "_scan", seen)
    _, offered = loaded(engine, tmp_path, as_csv([row(1, share="1")]), trusting=True)
    assert offered
    assert scans == [frozenset({"sex", "count"})]


def test_a_word_beyond_the_sample_is_found_all_the_same(
    engine: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "SAMPLE", 2)
    table = [row(number, share="1") for number in range(1, 50)] + [row(50, share="1", sex="often", count="x")]
    as_text, _ = loaded(engine, tmp_path, as_csv(table), trusting=False)
    trusted, offered = loaded(engine, tmp_path, as_csv(table), trusting=True)
    assert offered
    assert trusted == as_text
    assert "often" in str(trusted[-1])


@pytest.mark.parametrize("cell", DISGUISED)
@pytest.mark.parametrize("place", [0, 1 << 20])
def test_no_number_in_disguise_is_trusted(tmp_path: Path, cell: str, place: int) -> None:
    file = tmp_path / "file.csv"
    for shift in range(-4, 4):
        before = b"a" * max(0, place + shift - 3)
        file.write_bytes(b"h\n" + before + b"\n" + cell.encode() + b"\n")
        assert not look(file).plain_numbers, (cell, shift)


@pytest.mark.parametrize("cell", ["S12000005", "FK5 4EX", "ends.", "one e2", "2016-01-31", "a_1"])
def test_words_and_codes_are_no_disguise(tmp_path: Path, cell: str) -> None:
    file = tmp_path / "file.csv"
    file.write_text(f"h,i\n{cell},1\n")
    assert look(file).plain_numbers


class _Disagreeing:
    """The engine, but that it gives up the first parallel scan, as it does once in many runs of its own."""

    def __init__(self, engine: duckdb.DuckDBPyConnection) -> None:
        self.engine = engine
        self.scans: list[str] = []

    def execute(self, statement: str) -> duckdb.DuckDBPyConnection:
        if statement.startswith(f"create or replace temp table {TABLE}"):
            self.scans.append(statement)
            if PARALLEL in statement:
                raise duckdb.NotImplementedException("The Parallel CSV Reader does not support a full read")
        return self.engine.execute(statement)


def test_a_file_that_the_cores_disagree_about_is_read_by_one(
    engine: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    content = as_csv([row(1), row(2, sex="1")])
    expected, _ = loaded(engine, tmp_path, content, trusting=True)
    disagreeing = _Disagreeing(engine)
    found, _ = loaded(disagreeing, tmp_path, content, trusting=True)  # type: ignore[arg-type]
    assert found == expected
    assert [ALONE in scan for scan in disagreeing.scans] == [False, True]


@pytest.mark.parametrize(("cores", "mebibytes"), [(1, 1), (2, 63), (2, 278), (8, 278), (2, 5_000), (1, 900)])
def test_a_buffer_is_whole_and_every_core_has_work(tmp_path: Path, cores: int, mebibytes: int) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as handle:
        handle.truncate(mebibytes << 20)  # a file of holes: it takes no room
    with duckdb.connect(config={"threads": cores}) as connection:
        share = _share(connection, path)
    # Of other sizes DuckDB refuses files that are in order.
    assert share % BUFFER == 0
    assert BUFFER <= share <= LONGEST_BUFFER
    assert share == LONGEST_BUFFER or share * cores >= mebibytes << 20
    assert (share - BUFFER) * cores <= mebibytes << 20
