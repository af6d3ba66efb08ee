"""What somebody is told of without asking: the model of `data_contracts/lifecycle/alerts.yaml`.

Belongs here: which kinds of cause there are, how each is worded, how long it may stand unsaid.
Does not belong here: finding causes (see `release.causes`), telling anybody (`release.alerts`).
"""

from __future__ import annotations

from functools import cached_property

from pydantic import Field, model_validator

from rcs_pipeline.contracts.yaml_files import Strict


class Alert(Strict):
    """One kind of cause: its heading, the sentence to fill in, and what to do."""

    id: str
    title: str
    found: str
    guidance: str
    after_hours: int = Field(default=0, ge=0)


class Alerts(Strict):
    """Every kind."""

    alerts: tuple[Alert, ...]

    @model_validator(mode="after")
    def _once(self) -> Alerts:
        if len(self.named) < len(self.alerts):
            raise ValueError("an alert is declared twice")
        return self

    @cached_property
    def named(self) -> dict[str, Alert]:
        """The kinds by name."""
        return {item.id: item for item in self.alerts}
