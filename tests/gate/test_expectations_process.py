"""Great Expectations runs beside the other checks; when it breaks off, the gate stays closed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.gate import evidence, expectations
from rcs_pipeline.gate.expectations_process import BrokenOffError, Judging
from tests.gate.small import estimate, small_product, write_warehouse


@pytest.fixture
def judging():
    process = Judging()
    yield process
    process.end()


def candidate(folder: Path, *bases: int) -> Path:
    folder.mkdir()
    rows = {"estimates": [estimate(f"Place {base}", base, 50) for base in bases]}
    product = small_product()
    protect(write_warehouse(folder / "warehouse.duckdb", rows), folder / "protected", product)
    evidence.keep_contracts(folder, product)
    return folder


def test_verdicts_are_those_of_a_run_in_this_process_and_a_forgotten_answer_is_nobody_elses(
    judging: Judging, tmp_path: Path
) -> None:
    first, second = candidate(tmp_path / "first", 100), candidate(tmp_path / "second", 100, 90)
    (first / "protected" / "open" / "spend.parquet").unlink()
    judging.begin(first, first / "docs")  # and nobody asks for the verdicts
    judging.begin(second, second / "docs")
    assert judging.verdicts() == expectations.judge(second, small_product())
    assert (second / "docs" / "index.html").is_file()


def test_a_process_that_dies_gives_no_verdicts_and_the_next_one_does(
    judging: Judging, tmp_path: Path
) -> None:
    folder = candidate(tmp_path / "candidate", 100)
    os.kill(judging.start().pid, signal.SIGKILL)
    judging.begin(folder, folder / "docs")
    with pytest.raises(BrokenOffError):
        judging.verdicts()
    (folder / "contracts").rename(folder / "mislaid")
    judging.begin(folder, folder / "docs")
    with pytest.raises(BrokenOffError, match="RcsError"):
        judging.verdicts()
