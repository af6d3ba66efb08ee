"""What one question says of another: whoever is counted by one is counted, or is not, by the other.

Belongs here: which indicators of an instrument contain or exclude one another, found by trying every
combination of answers that their conditions tell apart.
Does not belong here: numbers of pupils, and what follows for them (`disclosure`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise, permutations, product
from pathlib import Path

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.contracts.measure_checks import is_whole, score_bounds
from rcs_pipeline.contracts.measures import Indicator, When
from rcs_pipeline.contracts.scales import Scale
from rcs_pipeline.contracts.yaml_files import Strict, parse, read_yaml

# The item or scale of a condition, and its scheme where that one's bands depend on everybody.
Source = tuple[str, str]
# None where no answer tells.
Truth = bool | None


@dataclass(frozen=True, order=True)
class Side:
    """Those who are counted by an indicator, or those who answered and are not."""

    indicator: str
    counted: bool


@dataclass(frozen=True, order=True)
class Implication:
    """Whoever is of a part is of the whole, and of no other part.

    With `also`, of the whole or of that one, and whoever is of both is of the only part: of those who drink
    and those who smoke, whoever does either is the part, and what the two have more than it do both.
    """

    whole: Side
    parts: tuple[Side, ...]
    also: Side | None = None

    @property
    def sides(self) -> tuple[tuple[Side, int], ...]:
        """Those of the whole and of no part (with `also`: of both), as sides with their signs."""
        more = ((self.also, 1),) if self.also else ()
        return (self.whole, 1), *more, *((part, -1) for part in self.parts)


@dataclass(frozen=True, order=True)
class FollowUp:
    """Whoever answered the filter and not the follow-up is on one side of the filter.

    So the base of the filter less that of the follow-up is of those alone.
    """

    filter: str
    follow_up: str


class ImplicationsFile(Strict):
    """What a candidate keeps of them, since measures may be others one day."""

    implications: tuple[Implication, ...]
    follow_ups: tuple[FollowUp, ...] = ()


def write_implications(
    path: Path, implications: Iterable[Implication], follow_ups: Iterable[FollowUp]
) -> None:
    """Keep them in a file."""
    kept = {
        "implications": [asdict(item) for item in implications],
        "follow_ups": [asdict(item) for item in follow_ups],
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def read_implications(path: Path) -> ImplicationsFile:
    """Those that a file keeps; none where there is no file, as in candidates from before they were kept.

    Raises:
        ContractError: it holds something else.
    """
    if not path.is_file():
        return ImplicationsFile(implications=())
    return parse(ImplicationsFile, read_yaml(path), str(path))


def implications_of(
    indicators: Iterable[Indicator], scales: Mapping[str, Scale], contract: DeliveryContract
) -> tuple[Implication, ...]:
    """Every implication between the shares of one instrument, each difference of counts once.

    Indicators that stand on no common item or scale say nothing of one another. Where one needs an answer
    that the other does without, there may be an implication one way alone.
    """
    shares = [item for item in indicators if item.when is not None]
    sources = {item.id: _sources(item, scales) for item in shares}
    within: dict[Side, list[Side]] = {}
    apart: set[tuple[Side, Side]] = set()
    alike = {item.id: item.id for item in shares}
    for one, other in permutations(shares, 2):
        if not sources[one.id] & sources[other.id]:
            continue
        together = _together((one, other), scales, contract)
        for own, its in product((True, False), repeat=2):
            if (own, its) not in together:
                apart.add((Side(one.id, own), Side(other.id, its)))
            if _asked_within(one, other) and not {(own, not its), (own, None)} & together:
                within.setdefault(Side(other.id, its), []).append(Side(one.id, own))
        if _asked_alike(one, other) and all((own is None) == (its is None) for own, its in together):
            alike[other.id] = alike[one.id]
    found: dict[frozenset[tuple[str, int]], Implication] = {}
    for whole, sides in sorted(within.items()):
        for parts in _apart_from_each_other(sorted(sides), apart):
            item = Implication(whole, parts)
            found.setdefault(_difference(item, alike), item)
    contained = {(part, whole) for whole, sides in within.items() for part in sides}
    for part in shares:
        near = [
            item for item in shares
            if item is not part and sources[item.id] & sources[part.id] and _asked_alike(item, part)
        ]  # fmt: skip
        for one, other in combinations(near, 2):
            for item in _of_two(one, other, part, _together((one, other, part), scales, contract)):
                wholes = {(item.parts[0], item.whole), (item.parts[0], item.also)}
                if not wholes & contained and (item.whole, item.also) not in apart:
                    found.setdefault(_difference(item, alike), item)
    return tuple(sorted(found.values(), key=lambda item: [(side, sign) for side, sign in item.sides]))


def follow_ups_of(
    indicators: Iterable[Indicator], scales: Mapping[str, Scale], contract: DeliveryContract
) -> tuple[FollowUp, ...]:
    """Every filter with a follow-up among the shares of one instrument that are asked of the same pupils.

    The share of a filter stands on the filter alone; that of a follow-up on both, and who skipped it is on
    one side of the filter.
    """
    routed_by = {column.name: column.routed_by for column in contract.columns if column.routed_by}
    shares = [item for item in indicators if item.when is not None]
    items = {item.id: {name for name, _ in _sources(item, scales)} for item in shares}
    found = []
    for one, other in permutations(shares, 2):
        own, its = items[one.id], items[other.id]
        if its < own and its == {routed_by.get(name) for name in own - its} and _asked_alike(one, other):
            together = _together((one, other), scales, contract)
            skipped = {truth for answered, truth in together if answered is None} - {None}
            if len(skipped) == 1:
                found.append(FollowUp(other.id, one.id))
    return tuple(sorted(found))


def _of_two(
    one: Indicator, other: Indicator, part: Indicator, together: set[tuple[Truth, ...]]
) -> Iterator[Implication]:
    """Sides of two questions that have no more in common than a third leaves of their sum."""
    for sides in product((True, False), repeat=3):
        held = {tuple(truth is side for truth, side in zip(of, sides, strict=True)) for of in together}
        if {first + second - third for first, second, third in held} == {0, 1}:
            whole, also, of_both = map(Side, (one.id, other.id, part.id), sides)
            yield Implication(whole, (of_both,), also)


def _apart_from_each_other(
    sides: Sequence[Side], apart: set[tuple[Side, Side]], chosen: tuple[Side, ...] = ()
) -> Iterator[tuple[Side, ...]]:
    """Every choice of sides of which nobody is of two."""
    for number, side in enumerate(sides):
        if all((side, other) in apart for other in chosen):
            yield (*chosen, side)
            yield from _apart_from_each_other(sides[number + 1 :], apart, (*chosen, side))


def _difference(item: Implication, alike: Mapping[str, str]) -> frozenset[tuple[str, int]]:
    """Those of the whole who are of no part, as numerators and bases with their signs."""
    found: dict[str, int] = {}
    for side, sign in item.sides:
        found[side.indicator] = found.get(side.indicator, 0) + (sign if side.counted else -sign)
        if not side.counted:
            base = f"base of {alike[side.indicator]}"
            found[base] = found.get(base, 0) + sign
    return frozenset((name, number) for name, number in found.items() if number)


def _asked_within(one: Indicator, other: Indicator) -> bool:
    """Whether the other is asked of everybody of whom the one is."""
    pairs = ((one.stages, other.stages), (one.versions, other.versions))
    return all(not its or (bool(own) and set(own) <= set(its)) for own, its in pairs)


def _asked_alike(one: Indicator, other: Indicator) -> bool:
    return _asked_within(one, other) and _asked_within(other, one)


def _sources(indicator: Indicator, scales: Mapping[str, Scale]) -> set[Source]:
    return {_source(leaf, scales) for leaf in indicator.when.leaves()} if indicator.when else set()


def _source(leaf: When, scales: Mapping[str, Scale]) -> Source:
    if leaf.scale and leaf.scheme and scales[leaf.scale].bands(leaf.scheme).relative:
        return leaf.scale, leaf.scheme
    return leaf.scale or leaf.item or "", ""


def _together(
    indicators: Sequence[Indicator], scales: Mapping[str, Scale], contract: DeliveryContract
) -> set[tuple[Truth, ...]]:
    """What several can say of one pupil.

    Answers on which several of their leaves stand are tried one combination after the other; all others are
    free of each other, so a condition on many items takes no longer than its leaves.
    """
    whens = [item.when for item in indicators if item.when is not None]
    conditions: dict[Source, list[When]] = {}
    for leaf in (leaf for when in whens for leaf in when.leaves()):
        conditions.setdefault(_source(leaf, scales), []).append(leaf)
    free: dict[When, set[Truth]] = {}
    tried = []
    for source, leaves in conditions.items():
        values = _values(source, leaves, scales, contract)
        truths: set[tuple[Truth, ...]] = {
            tuple(_holds(leaf, value, scales) for leaf in leaves) for value in values
        }
        truths.add((None,) * len(leaves))
        if len(leaves) == 1:
            free[leaves[0]] = {truth for (truth,) in truths}
        else:
            tried.append([dict(zip(leaves, answer, strict=True)) for answer in truths])
    found = set[tuple[Truth, ...]]()
    for answers in product(*tried):
        told = {leaf: {truth} for of in answers for leaf, truth in of.items()}
        found |= set(product(*(_says(when, free | told) for when in whens)))
    return found


def _says(when: When, truths: Mapping[When, set[Truth]]) -> set[Truth]:
    """What a condition can say where its leaves can say these, each whatever the others do."""
    if not when.parts:
        return truths[when]
    parts = [_says(part, truths) for part in when.parts]
    if when.negated is not None:
        return {None if truth is None else not truth for truth in parts[0]}
    decides = bool(when.any_of)
    # Whether a part has no answer, and whether one decides.
    states = {(False, False)}
    for part in parts:
        states = {(open_ or truth is None, decided or truth is decides)
                  for open_, decided in states for truth in part}  # fmt: skip
    return {
        None if open_ and not (decided and when.answered == "enough") else decides == decided
        for open_, decided in states
    }


def _values(
    source: Source, leaves: Sequence[When], scales: Mapping[str, Scale], contract: DeliveryContract
) -> Sequence[str | float]:
    """Answers, scores or bands: at least one for each that the conditions tell apart."""
    name, scheme = source
    if scheme:
        return [band.label for band in scales[name].bands(scheme).bands]
    if leaves[0].item:
        column = contract.column(name)
        if valid := [code for code in column.codes or {} if code not in column.missing]:
            return valid
        if not column.numeric:
            return ["", *(code for leaf in leaves for code in leaf.codes)]
        cuts = {float(code) for leaf in leaves for code in leaf.codes}
    elif is_whole(scales[name], scales):
        low, high = score_bounds(scales[name], scales)
        return [float(score) for score in range(int(low), int(high) + 1)]
    else:
        cuts = {cut for leaf in leaves for ends in _ends(leaf, scales) for cut in ends}
    cuts |= {leaf.at_least for leaf in leaves if leaf.at_least is not None}
    between = ((low + high) / 2 for low, high in pairwise(sorted(cuts)))
    return [min(cuts) - 1, *cuts, *between, max(cuts) + 1]


def _holds(leaf: When, value: str | float, scales: Mapping[str, Scale]) -> bool:
    """Whether a condition on one item or scale holds for an answer, a score or a band."""
    if leaf.at_least is not None:
        return float(value) >= leaf.at_least
    if leaf.item:
        return value in (leaf.codes if isinstance(value, str) else [float(code) for code in leaf.codes])
    if isinstance(value, str):
        return value in leaf.bands
    return any(low <= value <= high for low, high in _ends(leaf, scales))


def _ends(leaf: When, scales: Mapping[str, Scale]) -> list[tuple[float, float]]:
    """The lowest and the highest score of the bands that a condition names."""
    if not (leaf.scale and leaf.scheme):
        return []
    bands = scales[leaf.scale].bands(leaf.scheme).bands
    return [(band.low or 0, band.high or 0) for band in bands if band.label in leaf.bands]
