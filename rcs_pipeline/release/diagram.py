"""The page docs/release-states.md, drawn from the states as data.

Belongs here: the text of that page, and writing or checking it.
Does not belong here: the states (`data_contracts/lifecycle`).

    python -m rcs_pipeline.release.diagram [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.lifecycle import Lifecycle, Transition

PAGE = Path(__file__).resolve().parents[2] / "docs" / "release-states.md"
NEEDS = {
    "gate_open": "the gate is open",
    "plan_holds": "the plan still holds",
    "approvals": "all approvals are there",
    "embargo_over": "the embargo is over",
}
BARS = {"builder": "not who built it", "earlier_approver": "not who said yes before"}


def page(lifecycle: Lifecycle) -> str:
    """The whole page."""
    lines = [
        "# States of a candidate and a release",
        "",
        "Drawn from `data_contracts/lifecycle/release.yaml` by `make generate`. Do not edit this page.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *(f"    {before or '[*]'} --> {step.to}: {_words(step.id)}" for step in lifecycle.transitions
          for before in step.from_ or ("",)),
        "```",
        "",
        "| state | of | meaning |",
        "| --- | --- | --- |",
        *(f"| {item.id} | {item.of} | {item.meaning} |" for item in lifecycle.states),
        "",
        "| step | from | to | who, by role | what has to hold | |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(step) for step in lifecycle.transitions),
        "",
        "Every step is an audit event in the ledger: who, in which role, when, on which content, and why.",
        "A candidate that was released goes on as its release; a release that is withdrawn stays so.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _row(step: Transition) -> str:
    who = ", ".join([*step.roles, *(BARS[item] for item in step.not_)])
    needs = "; ".join(
        [*(NEEDS[item] for item in step.needs), *(["a reason is given"] if step.reason else [])]
    )
    cells = (_words(step.id), ", ".join(step.from_) or "(beginning)", step.to, who, needs, step.meaning)
    return f"| {' | '.join(cells)} |"


def _words(name: str) -> str:
    return name.replace("_", " ")


def main(arguments: list[str]) -> int:
    """The command line of this module."""
    wanted = page(load_catalogue().lifecycle)
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    if "--check" in arguments:
        sys.stdout.write("stale: docs/release-states.md\n")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    sys.stdout.write("written: docs/release-states.md\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
