"""The contracts are read once for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.defs import intake
from rcs_pipeline.ledger.workspace import Workspace
from tests.defs.homes import programme


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def workspace(tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(intake, "SETTLE_SECONDS", 0.0)
    return programme(tmp_path / "home", catalogue)
