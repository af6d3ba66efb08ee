"""There is one way to read which columns a hide rule tests."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rcs_pipeline.contracts.hide_rules import HideRule


@pytest.mark.parametrize(
    "tests", [("base",), ("base", "base"), ("numerator", "base"), ("counted", "base"),
              ("numerator", "counted"), ("base", "numerator", "counted")],
)  # fmt: skip
def test_an_estimate_is_tested_by_its_base_and_then_its_numerator(tests: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="the column of the base, then that of the numerator"):
        HideRule(kind="estimate", hides=("estimate",), tests=tests, symbol_column="symbol")


@pytest.mark.parametrize("tests", [(), ("base", "numerator"), ("asked", "missing"), ("base", "counted")])
def test_columns_may_be_called_otherwise(tests: tuple[str, ...]) -> None:
    rule = HideRule(kind="estimate", hides=("estimate",), tests=tests, symbol_column="symbol")
    assert rule.tests == tests
