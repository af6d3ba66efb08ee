"""The states of candidates and releases, and the transitions between them, as data.

Belongs here: the model of `data_contracts/lifecycle/release.yaml` and what holds inside that file.
Does not belong here: taking a step (see `ledger.lifecycle`).
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.yaml_files import Strict


class Need(StrEnum):
    """What the tool has to have looked at before it takes a step."""

    GATE_OPEN = "gate_open"
    PLAN_HOLDS = "plan_holds"
    APPROVALS = "approvals"
    EMBARGO_OVER = "embargo_over"


class Bar(StrEnum):
    """Who may not take a step, whatever the role."""

    BUILDER = "builder"
    EARLIER_APPROVER = "earlier_approver"


class State(Strict):
    """One state of a candidate or of a release."""

    id: str
    of: Literal["candidate", "release"]
    meaning: str


class Transition(Strict):
    """One step: from which states, to which, by whom, after what."""

    id: str
    from_: tuple[str, ...] = Field(alias="from")
    to: str
    roles: tuple[str, ...] = Field(min_length=1)
    not_: tuple[Bar, ...] = Field(default=(), alias="not")
    needs: tuple[Need, ...] = ()
    reason: bool = False
    meaning: str = ""


class Lifecycle(Strict):
    """The whole machine."""

    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    @model_validator(mode="after")
    def _closed(self) -> Lifecycle:
        states, steps = [item.id for item in self.states], [item.id for item in self.transitions]
        twice = {name for name in (*states, *steps) if states.count(name) > 1 or steps.count(name) > 1}
        named = {name for item in self.transitions for name in (*item.from_, item.to)}
        if twice or named - set(states):
            raise ValueError(
                f"declared twice or not at all: {', '.join(sorted(twice | (named - set(states))))}"
            )
        return self

    @cached_property
    def steps(self) -> dict[str, Transition]:
        """The transitions by name."""
        return {item.id: item for item in self.transitions}
