"""Materialising a partition takes in what waits for it and says where the dataset stands."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from rcs_pipeline.defs import intake
from rcs_pipeline.defs.describe import ROW_COUNT
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.defs.homes import ROLL, definitions, drop, launch, roll, sentence

KEY = dg.AssetKey(["deliveries", "school_roll"])


def take_in(workspace: Workspace, *, collection: str | None = ROLL, **more: Any) -> dg.ExecuteInProcessResult:
    """The job on one asset, as the sensor asks for it."""
    return launch(
        definitions(workspace), "take_in_deliveries", partition_key=collection, asset_selection=[KEY], **more
    )


def shown(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node("deliveries__school_roll")
    return {name: value.value for name, value in event.metadata.items()}


def failing(result: dg.ExecuteInProcessResult) -> set[str]:
    return {item.check_name for item in result.get_asset_check_evaluations() if not item.passed}


def test_a_delivery_is_taken_in_once_and_reported_ever_after(workspace: Workspace) -> None:
    drop(workspace, roll(10, 20, 30))
    first = take_in(workspace)
    assert first.success
    assert shown(first) | {ROW_COUNT: 3, "state": "accepted", "rows in": 3, "file": "a.csv"} == shown(first)
    assert shown(first)["contract version"] == workspace.catalogue.delivery("school_roll").version
    assert shown(first)["findings"].startswith(str(workspace.paths.findings))
    assert not failing(first)
    again = take_in(workspace)
    assert shown(again)[ROW_COUNT] == 3
    assert shown(again)["standing"].startswith("Nothing waits in the inbox. `a.csv` of ")
    assert len(workspace.ledger.receipts()) == 1


def test_the_name_in_the_run_tag_signs_the_receipt(workspace: Workspace) -> None:
    drop(workspace, roll(10))
    take_in(workspace)
    drop(workspace, roll(11))
    take_in(workspace, tags={"rcs/name": ""})
    assert [item.claimed_name for item in workspace.ledger.receipts()] == [
        "demo-builder",
        "the-settings-name",
    ]


def test_a_corrected_file_takes_the_place_of_the_first(workspace: Workspace) -> None:
    drop(workspace, roll(10, 20))
    take_in(workspace)
    drop(workspace, roll(10, 20, 30), name="corrected.csv")
    assert shown(take_in(workspace))[ROW_COUNT] == 3
    states = [item.state for item in workspace.ledger.receipts()]
    assert states == [ReceiptState.SUPERSEDED, ReceiptState.ACCEPTED]


def test_what_never_came_is_said_and_shown_as_missing(workspace: Workspace) -> None:
    result = take_in(workspace)
    assert result.success
    assert shown(result) == {
        ROW_COUNT: 0,
        "standing": "Nothing waits in the inbox and nothing was ever received.",
    }
    assert failing(result) == {intake.ARRIVED}


def test_what_is_not_due_is_not_missing(workspace: Workspace) -> None:
    result = take_in(workspace, collection="scotland-2019")
    assert shown(result)["standing"] == "Nothing is due."
    assert not failing(result)


def test_a_refused_file_fails_its_check_and_leaves_the_lake_as_it_was(workspace: Workspace) -> None:
    drop(workspace, roll(10, 20))
    take_in(workspace)
    drop(workspace, roll("many", "few", "none"), name="bad.csv")
    result = take_in(workspace)
    assert result.success
    assert failing(result) == {intake.TOLERANCE}
    assert shown(result)[ROW_COUNT] == 2
    assert "`bad.csv` was refused" in shown(result)["standing"]
    assert not any(workspace.paths.inbox.rglob("*.csv"))


def test_a_file_that_cannot_be_judged_stays_and_the_run_says_why(workspace: Workspace) -> None:
    path = drop(workspace, "pupil_id\n1\n", dataset="wellbeing_primary")
    key = dg.AssetKey(["deliveries", "wellbeing_primary"])
    result = launch(definitions(workspace), "take_in_deliveries", partition_key=ROLL, asset_selection=[key])
    assert "There is no key for pseudonyms" in sentence(result)
    assert path.exists()
    assert not workspace.ledger.receipts()


def test_without_a_partition_every_collection_is_taken_in(workspace: Workspace) -> None:
    drop(workspace, roll(10))
    drop(workspace, roll(12).replace("S12000014", "S12000020"), collection="t3-moray-2018")
    result = take_in(workspace, collection=None)
    assert result.success
    assert len(workspace.ledger.current_receipts("school_roll")) == 2
    events = result.asset_materializations_for_node("deliveries__school_roll")
    assert {event.partition for event in events} == {ROLL, "t3-moray-2018", None}


def test_a_range_of_collections_is_one_run_with_facts_for_each(workspace: Workspace) -> None:
    drop(workspace, roll(10))
    keys = [item.key for item in workspace.catalogue.register.collections]
    tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
    result = take_in(workspace, collection=None, tags=tags)
    events = result.asset_materializations_for_node("deliveries__school_roll")
    assert {event.partition: event.metadata[ROW_COUNT].value for event in events} == {
        key: 1 if key == ROLL else 0 for key in keys
    }


def test_a_second_writer_is_waited_for_and_then_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess
    import sys

    from rcs_pipeline.defs import home

    hold = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(workspace.paths.lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        monkeypatch.setattr(home, "WAIT_SECONDS", 0.2)
        assert "Another process is writing" in sentence(take_in(workspace))
    finally:
        other.communicate("")
    assert take_in(workspace).success


def test_metadata_holds_no_row_of_a_delivery(workspace: Workspace) -> None:
    drop(workspace, roll(10, "a very odd value"))
    result = take_in(workspace)
    assert "a very odd value" not in " ".join(str(event) for event in result.all_events)
