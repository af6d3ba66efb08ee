"""What is planted is what intake finds, and nothing else keeps a row out."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.demo.defects import FIELDS
from rcs_pipeline.demo.programme import DemoSummary, write_demo
from rcs_pipeline.intake.inbox import take_in_inbox
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace

# Of these a school code with a digit too few is a second sign.
FOLLOWS = {"RCS-P103"}
Found = set[tuple[str, str, str, str]]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoSummary, Workspace]:
    home = tmp_path_factory.mktemp("home")
    workspace = Workspace(load_settings({"home": str(home)}, environment={}, folder=home))
    workspace.paths.demo_mark.write_text("{}", encoding="utf-8")
    workspace.paths.demo_key.write_text("a key that only this test knows", encoding="utf-8")
    summary = write_demo(
        workspace.paths.inbox, catalogue=workspace.catalogue, seed=5, scale=0.1, defects=True
    )
    outcomes = list(take_in_inbox(workspace, settle_seconds=0))
    assert not [item.error for item in outcomes if item.error]
    return summary, workspace


def findings(workspace: Workspace, severity: str) -> Found:
    rows = duckdb.sql(
        f"""
        select split_part(replace(filename, chr(92), '/'), '/findings/', 2),
               coalesce(source_row::varchar, ''), column_name, rule_id
        from read_parquet('{workspace.paths.findings.as_posix()}/**/*.parquet', filename = true)
        where severity = '{severity}'
        """
    ).fetchall()
    return {
        (str(file).split("/", 1)[0], str(row), str(column), str(rule)) for file, row, column, rule in rows
    }


def planted(summary: DemoSummary) -> Found:
    return {(item.dataset, str(item.row or ""), item.column, item.rule_id) for item in summary.defects}


def test_every_planted_defect_is_found(judged: tuple[DemoSummary, Workspace]) -> None:
    summary, workspace = judged
    assert len(summary.defects) > 50
    assert len({item.rule_id for item in summary.defects}) >= 18
    found = set().union(*(findings(workspace, severity) for severity in ("block", "reject_row", "advise")))
    assert planted(summary) - found == set()


def test_nothing_but_planted_defects_keeps_rows_or_files_out(judged: tuple[DemoSummary, Workspace]) -> None:
    summary, workspace = judged
    found = findings(workspace, "block") | findings(workspace, "reject_row")
    assert {item for item in found - planted(summary) if item[3] not in FOLLOWS} == set()


def test_receipts_add_up_and_only_two_files_are_refused(judged: tuple[DemoSummary, Workspace]) -> None:
    _, workspace = judged
    receipts = workspace.ledger.receipts()
    states = Counter(receipt.state.value for receipt in receipts)
    assert states["refused"] == 2
    for receipt in receipts:
        parts = (
            receipt.rows_accepted,
            receipt.rows_quarantined,
            receipt.rows_withdrawn,
            receipt.rows_refused,
        )
        assert receipt.rows_in == sum(parts)


def test_the_list_stands_beside_the_inbox_and_names_no_pupil(judged: tuple[DemoSummary, Workspace]) -> None:
    summary, workspace = judged
    assert summary.defects_list == workspace.paths.inbox.parent / "planted_defects.csv"
    with Path(summary.defects_list).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(summary.defects)
    assert tuple(rows[0]) == FIELDS
    assert {row["value"] for row in rows if row["column"] == "pupil_id"} == {""}


def test_the_published_frame_is_taken_in_whole(judged: tuple[DemoSummary, Workspace]) -> None:
    _, workspace = judged
    receipt = workspace.ledger.receipts(dataset="school_statistics")[0]
    assert (receipt.rows_in, receipt.rows_accepted) == (2476, 2476)
