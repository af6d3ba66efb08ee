"""A large file is copied while it is judged, and kept or not as a small one is."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.intake import delivery, originals
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import as_csv, home, rows, take


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A home to which every file is a large one."""
    monkeypatch.setattr(originals, "LARGE", 0)
    return home(tmp_path / "home")


def kept(space: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in space.paths.originals.iterdir()}


def test_the_copy_is_the_file_and_its_owner_s_alone(space: Workspace) -> None:
    content = as_csv(rows(3))
    receipt = take(space, content).receipt
    assert kept(space) == {receipt.sha256: content}
    assert (space.paths.originals / receipt.sha256).stat().st_mode & 0o777 == 0o600
    refused = take(space, b"nonsense", "there").receipt
    assert refused.state is ReceiptState.REFUSED
    assert kept(space)[refused.sha256] == b"nonsense"


def test_a_copy_that_fails_stores_nothing(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(OSError, match="No space left"):
            take(space, as_csv(rows(3)))
    assert kept(space) == {} and space.ledger.receipts() == []
    assert take(space, as_csv(rows(3))).receipt.rows_accepted == 3


def test_what_changed_while_it_was_judged_is_not_kept(
    space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sent.csv"
    path.write_bytes(as_csv(rows(3)))
    judged = delivery.examining

    def judged_and_written(*arguments: Any) -> Any:
        path.write_bytes(as_csv(rows(4)))
        return judged(*arguments)

    monkeypatch.setattr(delivery, "examining", judged_and_written)
    with pytest.raises(RcsError, match="changed while it was read"):
        take(space, path)
    assert kept(space) == {} and space.ledger.receipts() == []
