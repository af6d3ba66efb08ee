"""A scenario small enough to be worked out on paper; tests change one thing of it."""

from __future__ import annotations

from typing import Any

from rcs_pipeline.contracts.scenario import Scenario


def sure(value: float, grade: int = 1, **more: Any) -> dict[str, Any]:
    """A figure without a range, from a source that nobody doubts."""
    return {"value": value, "grade": grade, "source": "Made up for a calculation by hand.", **more}


def effect(**changed: Any) -> dict[str, Any]:
    """100 children of whom half need it, 0.8 engage, 0.5 stay, 0.5 succeed, a fifth of them anyway: 8."""
    return {
        "id": "better", "label": "Better", "move": "shift", "reach": sure(100), "need": sure(0.5),
        "engagement": sure(0.8), "retention": sure(0.5), "success": sure(0.5), "deadweight": sure(0.2),
        "lag": sure(1), "duration": sure(2), "drop_off": sure(0.25),
        "unit": {"cost": "thing", "quantity": sure(10)}, "cashable": sure(0.6),
        "accrues_to": {"nhs_board": 75, "families": 25}, **changed,
    }  # fmt: skip


def move(**changed: Any) -> dict[str, Any]:
    """100,000 pounds of new money in year 0."""
    return {
        "id": "shift", "to": {"label": "the new service"}, "amount": {"pounds": sure(100_000)},
        "years": {"last": 0}, "paid_by": {"council_education": 100}, **changed,
    }  # fmt: skip


def content(**changed: Any) -> dict[str, Any]:
    """A whole scenario, as it stands in YAML."""
    thing = {"id": "thing", "label": "A thing", "stated": sure(1000), "price_year": "2021-22"}
    return {
        "id": "small", "title": "Small", "question": "What if?", "price_year": "2021-22",
        "first_year": "2022-23", "moves": [move()], "unit_costs": [thing], "effects": [effect()], **changed,
    }  # fmt: skip


def scenario(**changed: Any) -> Scenario:
    """The same, checked."""
    return Scenario.model_validate(content(**changed))
