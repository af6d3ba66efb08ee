"""The names of the columns that staging and scoring add to the pupil table.

Belongs here: names, so that every room spells them alike.
Does not belong here: what stands in the columns.
"""

from __future__ import annotations


def code_column(item: str) -> str:
    """The column that holds the code of an answer as it was sent, those of missing answers included."""
    return f"{item}__code"


def score_column(scale_id: str) -> str:
    """The column that holds the score of a scale."""
    return f"{scale_id}__score"


def band_column(scale_id: str, scheme_id: str) -> str:
    """The column that holds the label of a score's band."""
    return f"{scale_id}__{scheme_id}"


def answer_column(indicator_id: str) -> str:
    """The column that holds an indicator's 0, 1 or NULL (parts of a point for a mean)."""
    return f"{indicator_id}__y"
