"""What people are grouped by has values that can be told apart when they are joined."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER, load_catalogue
from rcs_pipeline.contracts.errors import ContractError


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "group_values: {1: female, 2: male}",
            "group_values: {1: female, 2: male+}",
            "values male+ of `sex`",
        ),
        ("codes: {S1: S1,", "codes: {S1+: S1,", "values S1+ of `stage`"),
        ("group_values: {1: '1', 2: '2',", "group_values: {1: '1', 2: '+2',", "values +2 of `simd_quintile`"),
    ],
)
def test_a_value_that_holds_what_joins_values_is_refused(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    """`female+85+` has three parts where sex and age have two, so nobody could say what adds up to what."""
    folder = Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "data_contracts"))
    file = folder / "deliveries" / "wellbeing_secondary.odcs.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_catalogue(base=folder)
    assert says in str(caught.value)
    assert "`group_values`" in str(caught.value)
