"""Which service of a map is which entry of the register of care services.

Belongs here: normal forms, similarities, and who goes with whom, for one partnership at a time.
Does not belong here: decisions of people (they come in, see `register`), reading maps, printing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.matching import Matching, RegisteredService

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Texts = Sequence[str]

SIGNS = re.compile(r"[^a-z0-9 ]+")
LEGAL_DOTS = re.compile(r"(?<=\w)['’.](?=\w|$|\s)")


@dataclass(frozen=True)
class MappedService:
    """What of a map's row is looked at."""

    service_id: str
    name: str
    provider: str
    town: str
    need_type: str
    register_number: str | None
    capacity: int | None


class How(StrEnum):
    """Why two are taken, or may be taken, for the same."""

    DECIDED = "decided"
    NUMBER = "number"
    SURE = "sure"
    REVIEW = "review"


@dataclass(frozen=True)
class Pair:
    """A service and an entry. Similarities from 0 to 100; None where a side does not say."""

    service: MappedService
    entry: RegisteredService
    how: How
    score: float
    name: float
    provider: float | None
    town: float | None


def matched(
    services: Sequence[MappedService], entries: Sequence[RegisteredService], rules: Matching, *,
    accepted: Iterable[tuple[str, str]] = (), rejected: Iterable[tuple[str, str]] = (),
) -> tuple[Pair, ...]:  # fmt: skip
    """Every pair, the certain ones first; a service or an entry that is certain is in no other pair.

    Args:
        accepted: (service id, register number) that a person said are the same; one entry may have several.
        rejected: those that a person said are not.
    """
    if not services or not entries:
        return ()
    scores = _Scores(services, entries, rules)
    place = {item.service_id: row for row, item in enumerate(services)}
    column = {item.number: number for number, item in enumerate(entries)}
    said = [(place[one], column[two], How.DECIDED) for one, two in accepted if one in place and two in column]
    no = {(place[one], column[two]) for one, two in rejected if one in place and two in column}
    numbered = [
        (row, column[item.register_number], How.NUMBER)
        for row, item in enumerate(services)
        if item.register_number in column and (row, column[item.register_number]) not in no
    ]
    decided = {row for row, _, _ in said}
    certain = [*said, *(item for item in numbered if item[0] not in decided)]
    for row, entry, _ in certain:
        scores.take(row, entry)
    scores.strike(no)
    found = [*certain, *scores.assigned(rules)]
    return tuple(scores.pair(row, entry, how) for row, entry, how in found)


class _Scores:
    """All services against all entries, as matrices."""

    def __init__(
        self, services: Sequence[MappedService], entries: Sequence[RegisteredService], rules: Matching
    ) -> None:
        import numpy as np

        self.services, self.entries = services, entries
        self.name = _names(
            [normal(item.name, rules) for item in services], [normal(item.name, rules) for item in entries]
        )
        self.provider, provider_known = _known(
            [normal(item.provider, rules) for item in services],
            [normal(item.provider, rules) for item in entries],
        )
        self.town, town_known = _known(
            [normal(item.town, rules) for item in services], [normal(item.town, rules) for item in entries]
        )
        self.provider_known, self.town_known = provider_known, town_known
        kind = np.array(
            [[100.0 * (one.need_type in rules.kinds.get(kind, ())) for kind in sorted(_kinds(entries))]
             for one in services], dtype=np.float32,
        )  # fmt: skip
        order = {name: number for number, name in enumerate(sorted(_kinds(entries)))}
        kind = kind[:, [order[item.kind] for item in entries]]
        weights = rules.weights
        total = weights.name * self.name + weights.kind * kind
        known = np.full(total.shape, weights.name + weights.kind, dtype=np.float32)
        for weight, part, there in (
            (weights.provider, self.provider, provider_known),
            (weights.town, self.town, town_known),
        ):
            total += weight * part * there
            known += weight * there
        self.score = np.round(total / known, 3)
        self.open = self.score.copy()

    def take(self, row: int, entry: int) -> None:
        """The two are certain: neither is free any more."""
        self.open[row, :] = 0
        self.open[:, entry] = 0

    def strike(self, pairs: Iterable[tuple[int, int]]) -> None:
        """These are not the same."""
        for row, entry in pairs:
            self.open[row, entry] = 0

    def assigned(self, rules: Matching) -> list[tuple[int, int, How]]:
        """The best pairs among the free ones, each side once; equal scores by their place."""
        import numpy as np

        rows, columns = np.nonzero(self.open >= rules.review)
        order = np.lexsort((columns, rows, -self.open[rows, columns]))
        free_rows, free_columns = np.ones(len(self.services), bool), np.ones(len(self.entries), bool)
        found = []
        for number in order:
            row, column = int(rows[number]), int(columns[number])
            if free_rows[row] and free_columns[column]:
                free_rows[row] = free_columns[column] = False
                sure = self._sure(row, column, rules)
                found.append((row, column, How.SURE if sure else How.REVIEW))
        return found

    def _sure(self, row: int, column: int, rules: Matching) -> bool:
        """High, borne out by provider or town, contradicted by neither, and clearly ahead of the next."""
        import numpy as np

        score = float(self.open[row, column])
        parts = [
            float(part[row, column])
            for part, known in ((self.provider, self.provider_known), (self.town, self.town_known))
            if known[row, column]
        ]
        next_entry = float(np.partition(self.open[row], -2)[-2]) if self.open.shape[1] > 1 else 0.0
        next_service = float(np.partition(self.open[:, column], -2)[-2]) if self.open.shape[0] > 1 else 0.0
        return (
            score >= rules.sure
            and any(part >= rules.agrees for part in parts)
            and score - max(next_entry, next_service) >= rules.ahead
        )

    def pair(self, row: int, column: int, how: How) -> Pair:
        """The pair with its similarities."""
        there = {
            "provider": (self.provider, self.provider_known),
            "town": (self.town, self.town_known),
        }
        parts = {
            name: round(float(part[row, column]), 1) if known[row, column] else None
            for name, (part, known) in there.items()
        }
        return Pair(
            self.services[row], self.entries[column], how, round(float(self.score[row, column]), 1),
            round(float(self.name[row, column]), 1), parts["provider"], parts["town"],
        )  # fmt: skip


def normal(text: str, rules: Matching) -> str:
    """A name as it is compared: lower case, words only, without those that say nothing."""
    plain = LEGAL_DOTS.sub("", text.lower())
    for theirs, ours in rules.said_differently.items():
        plain = plain.replace(theirs, f" {ours} ")
    words = SIGNS.sub(" ", plain).split()
    return " ".join(word for word in words if word not in rules.left_out) or " ".join(words)


def _kinds(entries: Sequence[RegisteredService]) -> set[str]:
    return {item.kind for item in entries}


def _names(ours: Texts, theirs: Texts) -> Numbers:
    """How alike two names are: in any order of words, and where one says less than the other."""
    import numpy as np
    from rapidfuzz import fuzz

    ordered = _crossed(ours, theirs, fuzz.token_sort_ratio)
    return (ordered + _crossed(ours, theirs, fuzz.token_set_ratio)) / np.float32(2)


def _known(ours: Texts, theirs: Texts) -> tuple[Numbers, NDArray[np.bool_]]:
    import numpy as np
    from rapidfuzz import fuzz

    known = np.array([bool(item) for item in ours])[:, None] & np.array([bool(item) for item in theirs])
    return _crossed(ours, theirs, fuzz.token_sort_ratio), known


def _crossed(ours: Texts, theirs: Texts, scorer: Callable[..., float]) -> Numbers:
    """Every text against every other; each different text is compared once."""
    import numpy as np
    from rapidfuzz.process import cdist

    mine, my_place = np.unique(np.array(ours), return_inverse=True)
    yours, your_place = np.unique(np.array(theirs), return_inverse=True)
    small: Numbers = cdist(mine.tolist(), yours.tolist(), scorer=scorer, dtype=np.float32, workers=-1)
    return small[my_place][:, your_place]
