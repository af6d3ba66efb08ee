"""An attacker who knows the weights: the counts behind one weighted share, world by world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def worlds(
    weights: Sequence[float], counted: int, least: float, most: float, caps: Sequence[int] | None = None
) -> Iterator[tuple[int, ...]]:
    """Every way in which so many counted pupils fall into cells, their weights adding up to a sum between.

    Args:
        weights: of each cell, as roll over respondents gives them.
        counted: the published numerator.
        least: of the weighted numerator, by the published share.
        most: likewise.
        caps: the most that each cell can hold.
    """
    limits = list(caps or [counted] * len(weights))
    from_here = [(min(weights[cell:]), max(weights[cell:])) for cell in range(len(weights))]

    def place(world: tuple[int, ...], left: int, weighed: float) -> Iterator[tuple[int, ...]]:
        cell = len(world)
        if cell == len(weights):
            if left == 0 and least <= weighed <= most:
                yield world
            return
        low, high = from_here[cell]
        if weighed + left * high < least or weighed + left * low > most:
            return
        for number in range(min(left, limits[cell]) + 1):
            yield from place((*world, number), left - number, weighed + number * weights[cell])

    yield from place((), counted, 0.0)


def widths(found: Sequence[tuple[int, ...]]) -> list[int]:
    """How many values each cell may have, from its least to its greatest."""
    return [max(cell) - min(cell) + 1 for cell in zip(*found, strict=True)]
