"""Which questions speak for which need is stated once for every need, and nothing else is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.needs import FILE, checked_needs


def test_the_projects_own_needs_hold() -> None:
    rules = checked_needs(load_catalogue())
    assert rules.ages["primary"].surveyed == (9, 11)
    assert "p_low_mood" in rules.needs["mental_health"]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("p_low_mood", "p_low_mod", "p_low_mod"),
        ("p_low_mood", "p_life_satisfaction_mean", "cannot speak for a need"),
        ("p_low_mood", "s_affluence_low", "cannot speak for a need"),
        ("not_asked: [early_learning, disability]", "not_asked: [early_learning]", "disability"),
        ("  justice: [", "  justise: [", "justise"),
        ("surveyed: [9, 11]", "surveyed: [4, 11]", "within"),
        ("surveyed:", "survyed:", "survyed"),
        ("  secondary: {", "  secondery: {", "secondery"),
    ],
)
def test_what_agrees_with_nothing_is_refused(tmp_path: Path, was: str, now: str, said: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "needs.yaml").write_text(text.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        checked_needs(load_catalogue(), tmp_path / "needs.yaml")
    assert said in str(caught.value)
