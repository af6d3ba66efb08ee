"""The home of the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.ledger.workspace import Workspace
from tests.release.helpers import home


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")
