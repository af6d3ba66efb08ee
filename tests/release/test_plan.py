"""A plan says what publishing would change, which version that makes, and why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.plan import make_plan
from rcs_pipeline.release.rollback import rollback
from tests.release import helpers
from tests.release.helpers import ESTIMATES, INDICATORS, candidate, corrected, home, released

LATER = "2026-05-05T10:00:00+00:00"


def test_the_first_release_is_1_0_0(workspace: Workspace) -> None:
    candidate(workspace)
    plan = make_plan(workspace, "mini")
    assert (plan.version, plan.change, plan.base_version) == ("1.0.0", "first", None)
    assert make_plan(workspace, "mini") == plan


def test_without_a_candidate_there_is_nothing_to_plan(workspace: Workspace) -> None:
    with pytest.raises(RcsError, match="rcs build"):
        make_plan(workspace, "mini")


def test_a_candidate_of_another_product_is_not_planned(workspace: Workspace) -> None:
    record = candidate(workspace)
    with pytest.raises(RcsError, match="No candidate"):
        make_plan(workspace, "mini", "ffff")
    assert make_plan(workspace, "mini", record.hash[:10]).candidate == record.hash


@pytest.mark.parametrize(
    ("estimates", "indicators", "change", "version", "sentence"),
    [
        (corrected(), INDICATORS, "patch", "1.0.1", "1 value corrected"),
        (ESTIMATES.replace("range(1, 6)", "range(1, 7)"), INDICATORS, "minor", "1.1.0", "gains 4 rows"),
        (ESTIMATES.replace("range(1, 6)", "range(1, 5)"), INDICATORS, "major", "2.0.0", "loses 4 rows"),
        (
            ESTIMATES,
            INDICATORS.replace("'up'", "'down'"),
            "major",
            "2.0.0",
            "defines what other tables count",
        ),
        (ESTIMATES, INDICATORS.replace("Title,", "Name,"), "minor", "1.1.0", "other labels in title"),
        (
            ESTIMATES.replace("i = 3 and a = 2", "i = 3"),
            INDICATORS,
            "patch",
            "1.0.1",
            "9 values no longer shown",
        ),
    ],
    ids=["corrected", "added", "removed", "redefined", "relabelled", "withheld"],
)
def test_the_version_follows_from_what_changed(
    workspace: Workspace, estimates: str, indicators: str, change: str, version: str, sentence: str
) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, estimates, indicators, built_at=LATER)
    plan = make_plan(workspace, "mini")
    assert (plan.change, plan.version, plan.base_version) == (change, version, "1.0.0")
    assert any(sentence in why for why in plan.why), plan.why


def test_nothing_changed_is_nothing_to_do(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    with pytest.raises(NothingToDoError):
        make_plan(workspace, "mini")


def test_rows_in_another_order_and_wider_types_are_no_change(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    record = candidate(
        workspace,
        f"select * replace (base::hugeint as base) from ({ESTIMATES}) order by area desc",
        built_at=LATER,
    )
    with pytest.raises(NothingToDoError):
        make_plan(workspace, "mini", record.hash)


@pytest.mark.parametrize(
    ("old", "new", "change", "sentence"),
    [
        ("unit: fraction of 1", "unit: percent", "major", "its unit was"),
        ("symbols: [c, x]", "symbols: [c, x, u]", "minor", "gains the code `u`"),
        ("symbols: [c, x]", "symbols: [c]", "major", "loses the code `x`"),
        ("Share of the pupils.", "Share of all pupils.", "patch", "other words"),
        ("maximum: 1}", "maximum: 2}", "minor", "other values than before"),
        ("version: 1.0.0", "version: 1.1.0", "minor", "from version 1.0.0 to 1.1.0"),
        ("version: 1.0.0", "version: 2.0.0", "major", "from version 1.0.0 to 2.0.0"),
    ],
)
def test_a_contract_that_says_something_else_weighs_as_much(
    tmp_path: Path, old: str, new: str, change: str, sentence: str
) -> None:
    workspace = home(tmp_path / "home")
    candidate(workspace)
    released(workspace)
    contracts = tmp_path / "contracts"
    shutil.copytree(helpers.CONTRACTS, contracts)
    file = contracts / "products" / "mini" / "estimates.odcs.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    workspace = home(tmp_path / "home", contracts=contracts)
    candidate(workspace, built_at=LATER)
    plan = make_plan(workspace, "mini")
    assert plan.change == change
    assert any(sentence in why for why in plan.why), plan.why


REASONS = """
import json
from rcs_pipeline.release.meaning import reasons_of_description

def package(*names):
    return {"resources": [{"name": name, "schema": {"fields": []}} for name in names]}

found = reasons_of_description(package(*"fedcba"), package(*"zyxwvu"))
print(json.dumps([item.sentence for item in found]))
"""


@pytest.mark.parametrize("seed", ["0", "1"])
def test_tables_that_go_and_come_are_named_in_one_order_in_every_process(seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REASONS], env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [
        *(f"The table `{name}` is no longer released." for name in "abcdef"),
        *(f"The table `{name}` is new." for name in "uvwxyz"),
    ]


def test_a_contract_edited_since_the_build_needs_a_new_build(tmp_path: Path) -> None:
    candidate(home(tmp_path / "home"))
    contracts = tmp_path / "contracts"
    shutil.copytree(helpers.CONTRACTS, contracts)
    file = contracts / "products" / "mini" / "estimates.odcs.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("Share of the", "Part of the"), encoding="utf-8")
    with pytest.raises(RefusedError, match="edited since the candidate"):
        make_plan(home(tmp_path / "home", contracts=contracts), "mini")


def test_a_candidate_whose_file_was_touched_is_refused(workspace: Workspace) -> None:
    record = candidate(workspace)
    file = workspace.paths.home / record.path / "protected" / "open" / "estimates.parquet"
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(RefusedError, match="not the file that was built"):
        make_plan(workspace, "mini")


def test_an_audience_with_a_release_is_not_left_behind(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), audiences=("open",), built_at=LATER)
    with pytest.raises(RefusedError, match="partnership"):
        make_plan(workspace, "mini")


def test_a_number_is_never_given_twice_and_a_withdrawn_candidate_not_planned_again(
    workspace: Workspace,
) -> None:
    candidate(workspace)
    released(workspace)
    wrong = candidate(workspace, corrected("0.9"), built_at=LATER)
    assert released(workspace).version == "1.0.1"
    rollback(workspace, "mini", "1.0.0", "wrong weight")
    with pytest.raises(RefusedError, match="withdrawn: wrong weight"):
        make_plan(workspace, "mini", wrong.hash)
    candidate(workspace, corrected("0.8"), built_at="2026-05-06T10:00:00+00:00")
    plan = make_plan(workspace, "mini")
    assert (plan.base_version, plan.version) == ("1.0.0", "1.0.2")
