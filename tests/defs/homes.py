"""Homes for the tests of this room, and launching jobs over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.definitions import build_defs
from rcs_pipeline.defs.home import NAME_TAG
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace

ROLL = "t2-falkirk-2016"
SHARES = ",".join(f"simd_q{number}_share" for number in range(1, 6))
HEADER = f"cpp_code,school_code,school_name,stage,sex,pupils,{SHARES}\n"


def programme(folder: Path, catalogue: Catalogue) -> Workspace:
    """An empty home under the project's own contracts."""
    settings = load_settings(
        {"home": str(folder), "name": "the-settings-name"}, environment={}, folder=folder.parent
    )
    workspace = Workspace(settings)
    workspace.__dict__["catalogue"] = catalogue
    return workspace


def definitions(workspace: Workspace) -> dg.Definitions:
    """The definitions over one home, without a dbt manifest."""
    return build_defs(workspace.catalogue, models={}, opening=lambda: workspace)


def launch(
    defs: dg.Definitions,
    job: str,
    *,
    instance: dg.DagsterInstance | None = None,
    tags: Mapping[str, str] | None = None,
    **more: Any,
) -> dg.ExecuteInProcessResult:
    """Run a job in this process, in an instance that leaves nothing behind."""
    # Not the default instance: that one would be the developer's own.
    with instance or dg.DagsterInstance.ephemeral() as used:
        return defs.resolve_job_def(job).execute_in_process(
            instance=used, raise_on_error=False, tags={NAME_TAG: "demo-builder", **(tags or {})}, **more
        )


def sentence(result: dg.ExecuteInProcessResult) -> str:
    """What the first failed step says to a person."""
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            assert data.user_failure_data, f"a traceback instead of a sentence: {data.error}"
            return str(data.user_failure_data.description)
    raise AssertionError("no step failed")


def drop(
    workspace: Workspace,
    text: str,
    *,
    dataset: str = "school_roll",
    collection: str = ROLL,
    name: str = "a.csv",
) -> Path:
    """A file in the inbox."""
    path = workspace.paths.inbox / dataset / collection / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def roll(*pupils: object) -> str:
    """A roll of one school, one row a number."""
    stages = ("P5", "P6", "P7", "S1", "S2", "S3")
    rows = [
        f"S12000014,5701234,A school,{stages[index]},1,{count},0.2,0.2,0.2,0.2,0.2\n"
        for index, count in enumerate(pupils)
    ]
    return HEADER + "".join(rows)
