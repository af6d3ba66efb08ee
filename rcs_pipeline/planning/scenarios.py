"""Running a scenario: from its file to its result, and the result as plain data.

Belongs here: reading, appraising and storing what came out.
Does not belong here: the arithmetic (see `appraise`), the words (see `scenario_text`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.appraisal import appraisal_rules
from rcs_pipeline.contracts.reference import load_reference
from rcs_pipeline.contracts.scenario import Scenario, read_scenario
from rcs_pipeline.ledger.paths import whole_file
from rcs_pipeline.planning.appraise import Result, appraise
from rcs_pipeline.planning.figures import figures_of
from rcs_pipeline.planning.map_spend import spends_of
from rcs_pipeline.planning.scenario_text import as_text

if TYPE_CHECKING:
    from rcs_pipeline.ledger.workspace import Workspace

FOLDER = "scenarios"


def run(
    workspace: Workspace | None, path: Path, *, draws: int | None = None, seed: int | None = None
) -> Result:
    """The result of the scenario in a file. Without a workspace no spend can be read from a map.

    Raises:
        ContractError: the file is not complete.
        RcsError: it needs a map that is not there.
    """
    return worked_out(read_scenario(path), workspace, draws=draws, seed=seed)


def worked_out(
    scenario: Scenario,
    workspace: Workspace | None = None,
    *,
    draws: int | None = None,
    seed: int | None = None,
) -> Result:
    """The result of a scenario."""
    rules, reference = appraisal_rules(), load_reference()
    spends = {} if workspace is None else spends_of(workspace, scenario, rules, reference)
    return appraise(scenario, rules, figures_of(scenario, reference, spends), draws=draws, seed=seed)


def as_data(result: Result) -> dict[str, Any]:
    """Everything in the result, for programs: results, assumptions and the scenario as it was given."""
    scenario, rules = result.scenario, result.rules
    return {
        "scenario": scenario.id,
        "title": scenario.title,
        "question": scenario.question,
        "price_year": scenario.price_year,
        "first_year": scenario.first_year,
        "discounting": rules.schedule(scenario.discounting).model_dump(mode="json"),
        "grades": {str(grade): item.model_dump(mode="json") for grade, item in rules.grades.items()},
        "simulation": {"draws": result.draws, "seed": result.seed, "interval": rules.simulation.interval},
        "horizons": [asdict(item) for item in result.horizons],
        "payback_year": result.payback_year,
        "payback_cashable_year": result.payback_cashable_year,
        "years": [asdict(item) for item in result.years],
        "flows": [
            {
                "name": flow.name, "label": flow.label, "kind": flow.kind.value, "cashable": flow.cashable,
                "value": flow.value, "correction": flow.correction, "shares": flow.shares,
                "amounts": [float(amount) for amount in flow.amounts[0]],
            }
            for flow in result.flows
        ],
        "organisations": [asdict(item) for item in result.organisations],
        "sensitivity": [asdict(item) for item in result.sensitivity],
        "assumptions": [asdict(item) for item in result.figures],
        "notes": list(scenario.notes),
        "given": scenario.model_dump(mode="json", by_alias=True, exclude_none=True),
    }  # fmt: skip


def store(workspace: Workspace, result: Result) -> tuple[Path, ...]:
    """Write the result among the internal reports, as text and as JSON. The same result, the same bytes."""
    folder = workspace.paths.reports / FOLDER
    texts = {
        "txt": as_text(result) + "\n",
        "json": json.dumps(as_data(result), indent=2, sort_keys=True, ensure_ascii=False) + "\n",
    }
    return tuple(_write(folder / f"{result.scenario.id}.{kind}", text) for kind, text in texts.items())


def _write(path: Path, text: str) -> Path:
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def titles(paths: Iterable[Path]) -> list[Scenario]:
    """The scenarios of some files, read."""
    return [read_scenario(path) for path in paths]
