"""Equal arguments give equal bytes; the files are what suppliers send."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.demo.frame import WORKBOOK
from rcs_pipeline.demo.programme import write_demo

SCALE = 0.01


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def first(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    inbox = tmp_path_factory.mktemp("first") / "inbox"
    write_demo(inbox, catalogue=catalogue, seed=1, scale=SCALE)
    return inbox


def hashes(inbox: Path) -> dict[str, str]:
    files = sorted(path for path in inbox.rglob("*") if path.is_file())
    return {
        path.relative_to(inbox).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_the_same_seed_gives_the_same_bytes(catalogue: Catalogue, first: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "inbox", catalogue=catalogue, seed=1, scale=SCALE)
    assert hashes(tmp_path / "inbox") == hashes(first)


def test_another_seed_gives_another_programme(catalogue: Catalogue, first: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "inbox", catalogue=catalogue, seed=2, scale=SCALE)
    before, after = hashes(first), hashes(tmp_path / "inbox")
    assert set(before) == set(after)
    assert {name for name in before if before[name] == after[name]} == {
        f"school_statistics/scotland-2019/{WORKBOOK.name}"
    }


def test_every_collection_of_the_register_gets_what_is_due(catalogue: Catalogue, first: Path) -> None:
    due = {(dataset, item.key) for item in catalogue.register.collections for dataset in item.datasets}
    sent = {(path.parent.parent.name, path.parent.name) for path in first.rglob("*") if path.is_file()}
    assert sent == due


def test_files_come_in_the_formats_of_their_suppliers(first: Path) -> None:
    primary = sorted(path.suffix for path in (first / "wellbeing_primary").rglob("*.*"))
    assert primary == [".csv"] * 6 + [".xlsx"] * 2
    assert {path.suffix for path in (first / "wellbeing_secondary").rglob("*.*")} == {".sav"}
    assert {path.suffix for path in (first / "service_map").rglob("*.*")} == {".xlsx"}


def test_the_frame_is_the_published_workbook_byte_for_byte(first: Path) -> None:
    sent = next((first / "school_statistics").rglob("*.xlsx"))
    assert sent.read_bytes() == WORKBOOK.read_bytes()


def test_spss_files_carry_labels_missing_codes_and_no_clock(catalogue: Catalogue, first: Path) -> None:
    import pyreadstat

    contract = catalogue.instrument("secondary")
    path = next((first / "wellbeing_secondary" / "t3-moray-2018").glob("*.sav"))
    _, meta = pyreadstat.read_sav(str(path), metadataonly=True, user_missing=True)
    assert tuple(meta.column_names) == tuple(column.name for column in contract.columns)
    assert meta.missing_ranges["sdq_01"] == [{"lo": -9.0, "hi": -5.0}]
    labels = {str(int(code)): label for code, label in meta.variable_value_labels["sdq_01"].items()}
    assert labels == {**(contract.column("sdq_01").codes or {}),
        "-9": "Skipped", "-8": "Not asked", "-7": "Routed out", "-6": "Refused", "-5": "Dont know"
    }  # fmt: skip
    assert path.read_bytes()[92:109] == b"30 Apr 1912:00:00"


@pytest.mark.parametrize(("seed", "scale"), [(-1, 1.0), (1, 0.0), (1, 1e6)])
def test_an_impossible_size_is_refused_in_a_sentence(
    catalogue: Catalogue, tmp_path: Path, seed: int, scale: float
) -> None:
    with pytest.raises(RcsError, match="cannot be made"):
        write_demo(tmp_path / "inbox", catalogue=catalogue, seed=seed, scale=scale)
    assert not (tmp_path / "inbox").exists()
