"""The catalogue of messages promises only what intake says."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue

INTAKE = Path(__file__).resolve().parents[2] / "rcs_pipeline" / "intake"


@pytest.mark.parametrize("rule_id", sorted(load_catalogue().messages))
def test_every_message_is_one_that_intake_gives(rule_id: str) -> None:
    assert any(f'"{rule_id}"' in path.read_text(encoding="utf-8") for path in INTAKE.glob("*.py"))
