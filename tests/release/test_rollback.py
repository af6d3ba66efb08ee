"""Rollback moves the pointers of all audiences back, and says why."""

from __future__ import annotations

import json

import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError, RefusedError
from rcs_pipeline.ledger.records import ReleaseStatus
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import current, release_folder
from rcs_pipeline.release.rollback import deprecate, rollback, withdraw_release
from tests.release.helpers import candidate, corrected, released

LATER = "2026-05-05T10:00:00+00:00"


@pytest.fixture
def two_releases(workspace: Workspace) -> Workspace:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    released(workspace)
    return workspace


def versions(workspace: Workspace) -> set[str | None]:
    pointers = [current(workspace, "mini", audience) for audience in ("open", "partnership")]
    return {pointer.version if pointer else None for pointer in pointers}


def test_all_pointers_go_back_and_the_reason_is_told(two_releases: Workspace) -> None:
    assert versions(two_releases) == {"1.0.1"}
    release = rollback(two_releases, "mini", "1.0.0", " wrong weights ")
    assert release.version == "1.0.0" and versions(two_releases) == {"1.0.0"}
    for audience in ("open", "partnership"):
        path = two_releases.paths.releases / "mini" / audience / "status.json"
        told = json.loads(path.read_text(encoding="utf-8"))["versions"]
        assert {version: (item["status"], item["reason"]) for version, item in told.items()} == {
            "1.0.0": ("released", None),
            "1.0.1": ("withdrawn", "wrong weights"),
        }
    statuses = {item.version: (item.status, item.reason) for item in two_releases.ledger.releases("mini")}
    assert statuses["1.0.1"] == (ReleaseStatus.WITHDRAWN, "wrong weights")
    assert release_folder(two_releases, "mini", "open", "1.0.1").is_dir()
    assert two_releases.ledger.moves(unfinished=True) == []


def test_a_withdrawn_release_does_not_come_back_but_a_deprecated_one_may(two_releases: Workspace) -> None:
    rollback(two_releases, "mini", "1.0.0", "under discussion", leave=ReleaseStatus.DEPRECATED)
    rollback(two_releases, "mini", "1.0.1", "it was right", leave=ReleaseStatus.DEPRECATED)
    assert versions(two_releases) == {"1.0.1"}
    rollback(two_releases, "mini", "1.0.0", "it was wrong")
    with pytest.raises(RefusedError, match="withdrawn: it was wrong"):
        rollback(two_releases, "mini", "1.0.1", "again")


def test_a_damaged_release_is_not_gone_back_to(two_releases: Workspace) -> None:
    (release_folder(two_releases, "mini", "partnership", "1.0.0") / "csv" / "estimates.csv").unlink()
    with pytest.raises(RefusedError, match=r"lacks `csv/estimates\.csv`"):
        rollback(two_releases, "mini", "1.0.0", "wrong weights")
    assert versions(two_releases) == {"1.0.1"}


def test_a_rewritten_list_of_checksums_does_not_help(two_releases: Workspace) -> None:
    from rcs_pipeline.release.pointer import write_sums

    folder = release_folder(two_releases, "mini", "open", "1.0.0")
    for name in ("csv/estimates.csv", "SHA256SUMS"):
        (folder / name).chmod(0o644)
    (folder / "csv" / "estimates.csv").write_text("nothing", encoding="utf-8")
    write_sums(folder)
    with pytest.raises(RefusedError, match="another SHA256SUMS"):
        rollback(two_releases, "mini", "1.0.0", "wrong weights")


def test_going_nowhere_and_going_astray_get_a_sentence(two_releases: Workspace) -> None:
    with pytest.raises(NothingToDoError):
        rollback(two_releases, "mini", "1.0.1", "no reason")
    with pytest.raises(RcsError, match="no release 7"):
        rollback(two_releases, "mini", "7.0.0", "no reason")
    with pytest.raises(RcsError, match="No reason"):
        rollback(two_releases, "mini", "1.0.0", "  ")


def test_a_lost_pointer_is_written_again(two_releases: Workspace) -> None:
    pointer = two_releases.paths.releases / "mini" / "open" / "current.json"
    pointer.write_text("{broken", encoding="utf-8")
    with pytest.raises(RcsError, match="cannot be read"):
        current(two_releases, "mini", "open")
    pointer.unlink()
    rollback(two_releases, "mini", "1.0.1", "the pointer was lost")
    assert versions(two_releases) == {"1.0.1"}
    assert {item.status for item in two_releases.ledger.releases("mini")} == {ReleaseStatus.RELEASED}


def test_a_pointer_to_a_release_that_the_ledger_does_not_know_gets_a_sentence_and_a_way_out(
    two_releases: Workspace,
) -> None:
    # As after a ledger was restored from an older backup.
    for audience in ("open", "partnership"):
        file = two_releases.paths.releases / "mini" / audience / "current.json"
        file.write_text(file.read_text(encoding="utf-8").replace("1.0.1", "1.0.2"), encoding="utf-8")
    with pytest.raises(RefusedError, match=r"names 1\.0\.2, and the ledger knows no such release"):
        withdraw_release(two_releases, "mini", "1.0.1", "wrong weights")
    with pytest.raises(RefusedError, match="`rcs rollback`"):
        deprecate(two_releases, "mini", "1.0.0", "2026-12-31", "there is a better one")
    rollback(two_releases, "mini", "1.0.1", "1.0.2 is not on record")
    withdraw_release(two_releases, "mini", "1.0.1", "wrong weights")
    assert versions(two_releases) == {"1.0.0"}
