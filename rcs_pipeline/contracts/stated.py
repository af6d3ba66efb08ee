"""Policies whose every parameter may say why it is what it is, and who answers for it.

Belongs here: the shape `{value: ..., reason: ..., owner: ...}`. Does not belong here: any one parameter.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from rcs_pipeline.contracts.yaml_files import Strict

STATED = {"value", "reason", "owner"}


class Stated(Strict):
    """Why a parameter is what it is, and who may change it."""

    reason: str = Field(min_length=10)
    owner: str = Field(min_length=2)


class StatedPolicy(Strict):
    """Parameters, each a bare value or a value with its reason and owner, which are kept in `stated`."""

    stated: dict[str, Stated] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        stated = dict(given.get("stated", {}))
        plain: dict[str, Any] = {}
        for key, item in given.items():
            if key == "stated":
                continue
            if isinstance(item, dict) and "value" in item:
                if strange := sorted(str(name) for name in set(item) - STATED):
                    raise ValueError(f"`{key}` has {', '.join(strange)}; it has value, reason, owner")
                stated[key] = {name: item[name] for name in ("reason", "owner") if name in item}
                plain[key] = item["value"]
            else:
                plain[key] = item
        return {**plain, "stated": stated}
