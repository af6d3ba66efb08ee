"""A small programme gives today the estimates that it gave when they were written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.warehouse import frozen

RENEW = (
    "If this is meant (another formula, another demonstration), say why in the change and renew the file:"
    " `python -m tests.warehouse.frozen`; otherwise the estimates broke."
)


@pytest.mark.long
def test_the_estimates_of_a_frozen_programme_have_not_moved(tmp_path: Path) -> None:
    written = frozen.written()
    assert len(written) > 400
    now = {
        tuple(row[name] for name in frozen.GRAIN): row
        for row in frozen.estimates(frozen.build(tmp_path / "home"), "select * from indicator_estimates")
    }
    moved = []
    for row in written:
        key = tuple(row[name] for name in frozen.GRAIN)
        found = now.get(key, {})
        moved += [
            f"{' '.join(map(str, key))}: {name} was {row[name]}, is {found.get(name)}"
            for name in frozen.NUMBERS
            if found.get(name) != pytest.approx(row[name], rel=1e-9, abs=1e-9)
        ]
    assert not moved, f"{len(moved)} numbers moved, the first: {'; '.join(moved[:5])}. {RENEW}"
