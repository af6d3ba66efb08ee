"""Version numbers: computed from what changed, never typed.

Belongs here: the kinds of change and the arithmetic of versions.
Does not belong here: finding out what changed (see `diff` and `meaning`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

FIRST_VERSION = "1.0.0"
SYNTHETIC_MARK = "+synthetic"


class Change(StrEnum):
    """What a consumer has to do about a release."""

    FIRST = "first"
    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


_WEIGHT = {Change.PATCH: 1, Change.MINOR: 2, Change.MAJOR: 3, Change.FIRST: 4}


@dataclass(frozen=True)
class Reason:
    """One difference, how much it weighs, and a sentence that says it.

    `table` and `column` say what it is about; without them it is about everything.
    """

    change: Change
    sentence: str
    table: str | None = None
    column: str | None = None


def largest(reasons: Iterable[Reason]) -> Change:
    """The heaviest change among the reasons; a patch where there is none."""
    return max((item.change for item in reasons), key=_WEIGHT.__getitem__, default=Change.PATCH)


def numbers(version: str) -> tuple[int, int, int]:
    """`1.2.3` as numbers, so that 1.10.0 comes after 1.9.0."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def next_version(change: Change, used: Iterable[str]) -> str:
    """The version that a change makes, counted from the highest that was ever given.

    A withdrawn version keeps its number: consumers may hold a copy, so it is never given twice.
    """
    highest = max((numbers(version) for version in used), default=None)
    if highest is None:
        return FIRST_VERSION
    major, minor, patch = highest
    if change is Change.PATCH:
        return f"{major}.{minor}.{patch + 1}"
    if change is Change.MINOR:
        return f"{major}.{minor + 1}.0"
    return f"{major + 1}.0.0"


def stamped(version: str, *, synthetic: bool) -> str:
    """The version as it stands in the rows: a demonstration's carries the build mark `+synthetic`.

    The mark travels with every row into whatever a consumer copies it to, which a file name or a
    comment does not. By the rules of semantic versions it does not change the order of versions.
    """
    return f"{version}{SYNTHETIC_MARK}" if synthetic else version
