"""The sensor asks once for what has finished arriving, and never again for what could not be judged."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from rcs_pipeline.defs.sensors import NAME, Look, look
from rcs_pipeline.ledger.workspace import Workspace
from tests.defs.homes import ROLL, definitions, drop, launch, roll


def asked(looked: Look) -> list[tuple[str, str | None]]:
    return [
        (key.path[-1], request.partition_key)
        for request in looked.requests
        for key in request.asset_selection or ()
    ]


def done(path: Path) -> None:
    path.with_name(f"{path.name}.done").touch()


def test_a_file_is_asked_for_once_when_it_has_stopped_growing(workspace: Workspace) -> None:
    path = drop(workspace, roll(10))
    first = look(workspace, None)
    assert asked(first) == []
    path.write_text(roll(10, 20))
    growing = look(workspace, first.cursor)
    assert asked(growing) == []
    still = look(workspace, growing.cursor)
    assert asked(still) == [("school_roll", ROLL)]
    cursor = still.cursor
    for _ in range(3):
        later = look(workspace, cursor)
        assert asked(later) == []
        cursor = later.cursor


def test_a_marked_file_is_asked_for_at_once(workspace: Workspace) -> None:
    done(drop(workspace, roll(10)))
    assert asked(look(workspace, None)) == [("school_roll", ROLL)]


def test_files_of_one_folder_are_one_run_and_wait_for_each_other(workspace: Workspace) -> None:
    done(drop(workspace, roll(10), name="a.csv"))
    drop(workspace, roll(11), name="b.csv")
    first = look(workspace, None)
    assert asked(first) == []
    assert asked(look(workspace, first.cursor)) == [("school_roll", ROLL)]


def test_what_could_not_be_judged_waits_until_somebody_touches_it(workspace: Workspace) -> None:
    path = drop(workspace, "pupil_id\n1\n", dataset="wellbeing_primary")
    done(path)
    first = look(workspace, None)
    assert asked(first) == [("wellbeing_primary", ROLL)]
    again = look(workspace, first.cursor)
    assert asked(again) == []
    path.write_text("pupil_id\n2\n")
    mended = look(workspace, again.cursor)
    assert asked(mended) == [("wellbeing_primary", ROLL)]
    assert {request.run_key for request in first.requests}.isdisjoint(
        {request.run_key for request in mended.requests}
    )


def test_a_file_that_left_and_came_again_is_asked_for_again(workspace: Workspace) -> None:
    path = drop(workspace, roll(10))
    done(path)
    first = look(workspace, None)
    path.unlink()
    empty = look(workspace, first.cursor)
    assert asked(empty) == []
    path = drop(workspace, roll(10))
    os.utime(path, (1, 1))
    assert asked(look(workspace, empty.cursor)) == [("school_roll", ROLL)]


def test_rolls_go_before_the_surveys_whose_rules_ask_them(workspace: Workspace) -> None:
    for dataset in ("wellbeing_primary", "school_roll", "service_map"):
        done(drop(workspace, "x", dataset=dataset))
    requests = look(workspace, None).requests
    by_priority = sorted(requests, key=lambda item: -int(item.tags["dagster/priority"]))
    orders = workspace.catalogue.deliveries
    names = [item.asset_selection[0].path[-1] for item in by_priority if item.asset_selection]
    assert names == sorted(names, key=lambda name: orders[name].options.order)
    assert names.index("school_roll") < names.index("wellbeing_primary")


def test_a_folder_that_names_nothing_we_know_is_said_not_guessed(workspace: Workspace) -> None:
    drop(workspace, roll(10), dataset="school_rolls")
    drop(workspace, roll(10), collection="t9-nowhere-2030")
    looked = look(workspace, None)
    assert looked.strangers == ("school_roll/t9-nowhere-2030/a.csv", "school_rolls/t2-falkirk-2016/a.csv")
    assert asked(look(workspace, looked.cursor)) == []


@pytest.mark.parametrize("cursor", ["", "nonsense", "[1, 2]", '{"a": 3}'])
def test_a_cursor_that_is_none_of_ours_is_no_more_than_a_first_look(
    workspace: Workspace, cursor: str
) -> None:
    drop(workspace, roll(10))
    assert asked(look(workspace, cursor)) == []


def test_what_the_sensor_asks_for_runs_and_empties_the_inbox(workspace: Workspace) -> None:
    path = drop(workspace, roll(10))
    done(path)
    defs = definitions(workspace)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, definitions=defs, resources={"open_workspace": lambda: workspace}
        )
        result = defs.resolve_sensor_def(NAME)(context)
        assert isinstance(result, dg.SensorResult)
        (request,) = result.run_requests or ()
        run = launch(
            defs,
            "take_in_deliveries",
            partition_key=request.partition_key,
            asset_selection=request.asset_selection,
        )
        assert run.success
        assert not any(item.is_file() for item in workspace.paths.inbox.rglob("*"))
        quiet = defs.resolve_sensor_def(NAME)(context)
        assert isinstance(quiet, dg.SensorResult)
        assert not quiet.run_requests
