"""A small programme gives today the estimates that it gave when they were written down."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.warehouse import frozen
from tests.warehouse.frozen import GRAIN, NUMBERS, Row

RENEW = (
    "If this is meant (another formula, another demonstration), say why in the change and renew the file:"
    " `python -m tests.warehouse.frozen`; otherwise the estimates broke."
)


def moved(written: list[Row], now: list[Row]) -> list[str]:
    """Every number that is not what it was, in words."""
    by_grain = {tuple(row[name] for name in GRAIN): row for row in now}
    found = []
    for row in written:
        key = tuple(row[name] for name in GRAIN)
        for name in NUMBERS:
            was, is_now = row[name], by_grain.get(key, {}).get(name)
            if not same(was, is_now):
                found.append(f"{' '.join(map(str, key))}: {name} was {was}, is {is_now}")
    return found


def same(was: object, is_now: object) -> bool:
    if isinstance(was, float) and isinstance(is_now, (int, float)):
        return math.isclose(was, is_now, rel_tol=1e-9, abs_tol=1e-9)
    return was is None and is_now is None


@pytest.mark.long
def test_the_estimates_of_a_frozen_programme_have_not_moved(tmp_path: Path) -> None:
    now = frozen.estimates(frozen.build(tmp_path / "home"), frozen.EVERY)
    found = moved(frozen.written(), now)
    assert not found, f"{len(found)} numbers moved, the first: {'; '.join(found[:5])}. {RENEW}"


def test_a_number_that_moved_or_went_away_is_named() -> None:
    written = frozen.written()
    assert len(written) > 400
    assert moved(written, written) == []
    estimate = written[0]["estimate"]
    assert isinstance(estimate, float)
    changed = [{**written[0], "estimate": estimate + 1e-8, "numerator": None}, *written[2:]]
    found = moved(written, changed)
    assert sum("estimate was" in item for item in found) == 2
    assert "numerator was" in found[0]
