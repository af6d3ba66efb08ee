"""The checklist of a plan: the model of `data_contracts/lifecycle/checklist.yaml`.

Belongs here: which items there are, how much each weighs, and how it is worded.
Does not belong here: looking at a plan (see `release.checklist`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from rcs_pipeline.contracts.yaml_files import Strict


class Item(Strict):
    """One thing to look for: how it reads when nothing was found, and when something was."""

    id: str
    level: Literal["error", "warning"]
    ok: str
    found: str
    guidance: str = ""


class Checklist(Strict):
    """Every item, in the order of the page."""

    items: tuple[Item, ...]

    @cached_property
    def named(self) -> dict[str, Item]:
        """The items by name."""
        return {item.id: item for item in self.items}
