"""A release can be made again to the byte, and a flipped byte of one is found."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.ledger.records import CandidateRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import CURRENT
from rcs_pipeline.release.rebuild import rebuild
from rcs_pipeline.release.verify import verified
from rcs_pipeline.site.index import write_pages
from tests.release.helpers import ESTIMATES, INDICATORS, candidate, corrected, released

LATER = "2026-05-05T10:00:00+00:00"


def maker(estimates: str) -> object:
    def make(workspace: Workspace, record: CandidateRecord, folder: Path) -> Path:
        for audience, name, query in (
            ("open", "estimates", estimates), ("open", "indicators", INDICATORS),
            ("partnership", "estimates", estimates),
        ):  # fmt: skip
            path = folder / "protected" / audience / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            duckdb.execute(f"copy ({query}) to '{path}' (format parquet)")
        return folder / "protected"

    return make


@pytest.fixture
def two(workspace: Workspace) -> Workspace:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.9"), built_at=LATER)
    released(workspace)
    return workspace


def test_a_release_is_made_again_to_the_byte_also_after_later_ones(two: Workspace) -> None:
    for version, estimates in (("1.0.0", ESTIMATES), ("1.0.1", corrected("0.9"))):
        found = rebuild(two, "mini", version, pages=write_pages, make=maker(estimates))  # type: ignore[arg-type]
        assert found.same, found.different
        assert found.equal >= 15
    assert not list(two.paths.work.glob("rebuild-*"))


def test_other_inputs_show_in_the_files_that_they_change(two: Workspace) -> None:
    found = rebuild(two, "mini", "1.0.1", pages=write_pages, make=maker(corrected("0.8")))  # type: ignore[arg-type]
    assert not found.same
    assert {"open/csv/estimates.csv", "partnership/parquet/estimates.parquet"} <= set(found.different)
    assert "open/csv/indicators.csv" not in found.different


def test_code_that_is_not_what_made_the_release_is_named(
    two: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rebuild(two, "mini", "1.0.0", pages=write_pages, make=maker(ESTIMATES))  # type: ignore[arg-type]
    assert (found.others, found.on_record) == ((), True)
    monkeypatch.setattr("rcs_pipeline.__version__", "9.9.9")
    found = rebuild(two, "mini", "1.0.0", pages=write_pages, make=maker(ESTIMATES))  # type: ignore[arg-type]
    assert found.same
    (other,) = found.others
    assert other.what == "The code" and other.here is not None and other.here.startswith("9.9.9 (")
    assert str(other).startswith("The code was 0.")


def test_a_release_that_never_was_cannot_be_made_again(two: Workspace) -> None:
    with pytest.raises(RcsError, match=r"no release 9\.0\.0"):
        rebuild(two, "mini", "9.0.0", pages=write_pages)


def test_a_flipped_byte_and_a_moved_pointer_are_found(two: Workspace) -> None:
    assert [item.what for item in verified(two) if item.problem] == []
    file = two.paths.releases / "mini/partnership/1.0.0/csv/estimates.csv"
    file.chmod(0o644)
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    pointer = two.paths.releases / "mini/open" / CURRENT
    pointer.write_text(pointer.read_text(encoding="utf-8").replace("1.0.1", "1.0.0"), encoding="utf-8")
    problems = {item.what: item.problem for item in verified(two) if item.problem}
    assert set(problems) == {"release mini 1.0.0 partnership", "pointer mini open"}
    assert "changed `csv/estimates.csv`" in problems["release mini 1.0.0 partnership"]
    with pytest.raises(RefusedError):
        rebuild(two, "mini", "1.0.0", pages=write_pages, make=maker(ESTIMATES))  # type: ignore[arg-type]
