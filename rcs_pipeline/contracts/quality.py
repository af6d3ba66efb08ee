"""What is known about the quality of answers: batteries, links, completion times and the rules about them.

Belongs here: the typed entries that say where to look for careless answers, and when a pupil was asked.
Does not belong here: counting (see `warehouse`).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from rcs_pipeline.contracts.scales import IDENTIFIER
from rcs_pipeline.contracts.vocabulary import MissingKind
from rcs_pipeline.contracts.yaml_files import Strict

# An answer that is missing in one of these ways was asked for.
ASKED = (MissingKind.SKIPPED, MissingKind.REFUSED, MissingKind.DONT_KNOW)


class Battery(Strict):
    """Questions in a row with the same answers to choose from, some of them worded the other way.

    Whoever gives one and the same answer to all of them cannot have meant it. An instrument that names none
    has its scales with reversed items for batteries.
    """

    id: str = Field(pattern=IDENTIFIER)
    title: str
    instrument: str
    items: tuple[str, ...] = Field(min_length=2)


class Linkage(Strict):
    """The column that says whether the answers could be linked to other records, and its codes for yes."""

    column: str
    codes: tuple[str, ...] = Field(min_length=1)

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, codes: Any) -> Any:
        return [str(code) for code in codes] if isinstance(codes, (list, tuple)) else codes


class CompletionTime(Strict):
    """The column that says how long a pupil took, and the time that reading alone must take."""

    column: str
    unit: str
    speeders_below: float = Field(gt=0)


class QualityRules(Strict):
    """When a battery is long enough for one and the same answer to say something."""

    straight_line_items: int = Field(default=4, ge=2)
