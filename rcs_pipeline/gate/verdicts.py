"""What dbt found, as verdicts.

Belongs here: one verdict for each dbt test and unit test, and one for the models together.
Does not belong here: running dbt (`warehouse`), the checks of our own (`contract`, `reconciliation`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict

KIND = "dbt"
MODELS_CHECK = "dbt.models"
TESTS = ("test", "unit_test")
BUILT = ("model", "seed", "snapshot")
_OUTCOMES = {"pass": Outcome.PASS, "success": Outcome.PASS, "warn": Outcome.FAIL, "fail": Outcome.FAIL}
_GUIDANCE = "Run the test alone with dbt, look at the rows it returns, mend the model or the delivery."
_WORST = (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)


class Node(Protocol):
    """A dbt node's result: as it came from the run, or as a candidate keeps it."""

    @property
    def name(self) -> str: ...
    @property
    def resource_type(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def message(self) -> str | None: ...
    @property
    def failures(self) -> int | None: ...
    @property
    def attached_to(self) -> str | None: ...


def check_of(name: str) -> str:
    """The check id of a dbt test or unit test."""
    return f"dbt.{name}"


def dbt_verdicts(results: Iterable[Node]) -> list[Verdict]:
    """One verdict for each dbt test and unit test, and `dbt.models` for what was built.

    A test that was skipped or broke off is an error: it has not passed. Where two tests share a name the
    worse one speaks.
    """
    results = list(results)
    verdicts: dict[str, Verdict] = {}
    for result in results:
        if result.resource_type in TESTS:
            verdict = _test(result)
            known = verdicts.get(verdict.check)
            if known is None or _WORST.index(verdict.outcome) > _WORST.index(known.outcome):
                verdicts[verdict.check] = verdict
    return [_models(results), *(verdicts[check] for check in sorted(verdicts))]


def _test(result: Node) -> Verdict:
    outcome = _OUTCOMES.get(str(result.status).lower(), Outcome.ERROR)
    message = "passed" if outcome is Outcome.PASS else f"{result.status}: {_line(result)}"
    return Verdict(
        check=check_of(result.name), kind=KIND, outcome=outcome, severity=CheckSeverity.CRITICAL,
        message=message, location=result.attached_to or "",
        guidance="" if outcome is Outcome.PASS else _GUIDANCE,
    )  # fmt: skip


def _line(result: Node) -> str:
    if result.failures:
        return f"{result.failures} row(s) break it"
    # Only the first line: dbt repeats the compiled query, and sometimes values, below it.
    return (result.message or "no result").strip().splitlines()[0]


def _models(results: list[Node]) -> Verdict:
    built = [item for item in results if item.resource_type in BUILT]
    bad = [f"{item.name} ({item.status})" for item in built if str(item.status).lower() != "success"]
    passed = bool(built) and not bad
    message = (
        f"{len(built)} built" if passed else f"not built: {', '.join(bad) or 'nothing was built at all'}"
    )
    return Verdict(
        check=MODELS_CHECK, kind=KIND, severity=CheckSeverity.CRITICAL,
        outcome=Outcome.PASS if passed else Outcome.FAIL, message=message,
        guidance="" if passed else "Read the message on the first of them, mend the model and build again.",
    )  # fmt: skip
