"""A proposed mapping: which unknown header probably stands for which missing column, all of them together.

Belongs here: the proposal, its sentence, and reading it back from stored findings.
Does not belong here: accepting it (see `mapping`), headers that a contract knows (see `align`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rcs_pipeline.contracts.delivery import DeliveryContract

SIMILARITY = 0.6
MISSING, UNKNOWN, PROPOSED = "RCS-F04", "RCS-F05", "RCS-F62"
MASKED = ("(a number)", "(column ")


@dataclass(frozen=True)
class Proposal:
    """`renamed`: their header -> our column. `ignored`: headers to leave out. `missing`: nothing fits."""

    renamed: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing can be accepted."""
        return not self.renamed and not self.ignored

    def __str__(self) -> str:
        parts = [f"`{theirs}` is `{ours}`" for theirs, ours in self.renamed]
        parts += [f"`{theirs}` is left out" for theirs in self.ignored]
        parts += [f"nothing looks like `{ours}`" for ours in self.missing]
        return "; ".join(parts)


def normal(header: str) -> str:
    """A header as mappings know it."""
    return header.strip().lower()


def propose(unknown: Iterable[str], absent: Sequence[str], contract: DeliveryContract) -> Proposal:
    """Pair unknown headers with missing columns, the most alike first; each is used once.

    A header that is masked (a misplaced cell, perhaps an identifier) is not proposed for anything.
    """
    headers = [item for item in unknown if not _is_masked(item)]
    names = {item.name: (item.name, *item.aliases) for item in contract.columns if item.name in absent}
    scores = sorted(
        (-_alike(header, labels), header, name)
        for header in headers
        for name, labels in names.items()
        if _alike(header, labels) >= SIMILARITY
    )
    pairs: dict[str, str] = {}
    for _, header, name in scores:
        if header not in pairs and name not in pairs.values():
            pairs[header] = name
    return Proposal(
        renamed=tuple((header, pairs[header]) for header in headers if header in pairs),
        ignored=tuple(header for header in headers if header not in pairs),
        missing=tuple(name for name in absent if name not in pairs.values()),
    )


def from_findings(found: Iterable[tuple[str, str | None]], contract: DeliveryContract) -> Proposal | None:
    """The proposal that stored findings (rule id, column) imply; None where no header was in doubt."""
    listed = list(found)
    absent = [column for rule, column in listed if rule == MISSING and column]
    unknown = [column for rule, column in listed if rule == UNKNOWN and column]
    return propose(unknown, absent, contract) if absent or unknown else None


def _alike(header: str, labels: Iterable[str]) -> float:
    return max(SequenceMatcher(None, normal(header), label.lower()).ratio() for label in labels)


def _is_masked(header: str) -> bool:
    return any(part in header for part in MASKED)
