"""Parquet files get the judgement that text gets, whatever types they hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import HEADERS, as_csv, found, home, row, rows, stored, take


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def parquet(folder: Path, size: int = 3, **changed: Any) -> Path:
    """A Parquet file of pupils without a fault, all text; `changed` replaces columns."""
    columns = {name: [item[name] for item in rows(size)] for name in HEADERS}
    path = folder / "sent.parquet"
    pq.write_table(pa.table({**columns, **changed}), path)
    return path


TYPED = {
    "whole numbers": {"sex": pa.array([1, 2, -9], pa.int8()), "count": pa.array([3, None, 5], pa.uint64()),
                      "pupil_id": pa.array([100000001, 100000002, 100000003], pa.int64())},
    "other numbers": {"sex": [1.0, 2.0, -9.0], "count": pa.array([Decimal("3.0"), None, Decimal("5.0")]),
                      "share": pa.array([0.5, 0.25, None], pa.float32())},
    "days": {"seen": [date(2016, 1, 31)] * 3},
    "moments": {"seen": pa.array([datetime(2016, 1, 31, tzinfo=UTC)] * 3, pa.timestamp("ns", "UTC"))},
    "categories": {"council": pa.array(["S12000014"] * 3).dictionary_encode(), "agreed": [True, False, None],
                   "sex": pa.array([1, 2, 1]).dictionary_encode()},
    "bytes": {"note": [b"ok", "é".encode(), None], "council": pa.array(["S12000014"] * 3, pa.large_string())},
    "nothing": {"note": pa.nulls(3)},
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(TYPED))
def test_every_type_is_brought_to_what_the_contract_asks_for(
    space: Workspace, tmp_path: Path, case: str
) -> None:
    receipt = take(space, parquet(tmp_path, **TYPED[case])).receipt
    assert (receipt.reason, receipt.format, receipt.rows_accepted) == (None, "parquet", 3)
    assert found(space, receipt) == set()


def test_the_rows_are_those_of_the_same_table_as_text(space: Workspace, tmp_path: Path) -> None:
    plain = stored(space, take(space, as_csv(rows(3))).receipt)
    typed = parquet(tmp_path, sex=[1, 1, 1], count=[3.0] * 3, share=[0.5] * 3, seen=[date(2016, 1, 31)] * 3)
    again = stored(space, take(space, typed).receipt)
    for here, there in zip(plain, again, strict=True):
        assert {**here, "source_row": 0} == {**there, "source_row": 0}


def test_values_are_judged_as_text_is(space: Workspace, tmp_path: Path) -> None:
    path = parquet(
        tmp_path, 8,
        sex=[1.5, 7, *[1] * 6], share=[0.5, float("nan"), float("inf"), *[0.5] * 5],
        count=[3, 3, 3, 2_000, None, *[3] * 3],
    )  # fmt: skip
    receipt = take(space, path).receipt
    assert found(space, receipt) == {
        ("RCS-C02", 1, "sex"), ("RCS-C03", 2, "sex"), ("RCS-C02", 3, "share"), ("RCS-C04", 4, "count"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "values", [[[1], [2], [3]], [{"a": 1}] * 3, [b"\xff\xfe", b"ok", None]], ids=["list", "struct", "bytes"]
)
def test_what_is_no_single_value_is_a_finding(space: Workspace, tmp_path: Path, values: list[Any]) -> None:
    receipt = take(space, parquet(tmp_path, note=values)).receipt
    assert receipt.rows_refused == receipt.rows_in
    assert {item[0] for item in found(space, receipt)} <= {"RCS-F32", "RCS-F01"}


def test_an_identifier_keeps_all_its_digits(space: Workspace, tmp_path: Path) -> None:
    path = parquet(tmp_path, pupil_id=pa.array([100000001, 2**53 + 1, 100000003]))
    receipt = take(space, path).receipt
    assert found(space, receipt) == {("RCS-C05", 2, "pupil_id")}


def test_a_small_file_that_claims_very_many_rows_is_refused(space: Workspace, tmp_path: Path) -> None:
    path, table = (
        tmp_path / "sent.parquet",
        pa.table({name: pa.array([row()[name]] * 1_000) for name in HEADERS}),
    )
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(pa.concat_tables([table] * 2_000))
    limits = space.catalogue.limits
    small = limits.parquet_cells.model_copy(update={"value": 1_000_000})
    changed = limits.model_copy(update={"parquet_cells": small})
    space.__dict__["catalogue"] = replace(space.catalogue, limits=changed)
    receipt = take(space, path).receipt
    assert {item[0] for item in found(space, receipt)} == {"RCS-F22"}
    assert path.stat().st_size < 1 << 20
