"""What a file is comes from its folder and is checked against its content, never guessed from its name."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from rcs_pipeline.demo.programme import write_demo
from rcs_pipeline.intake.delivery import check
from rcs_pipeline.intake.inbox import take_in_inbox
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.settings import load_settings
from rcs_pipeline.ledger.workspace import Workspace

OURS, THEIRS = "t2-falkirk-2016", "t3-moray-2018"
DATASETS = ("school_roll", "wellbeing_primary", "wellbeing_secondary", "service_map")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Workspace]:
    """The demo's own files, and a home that they have not been sent to."""
    folder = tmp_path_factory.mktemp("demo")
    home = folder / "home"
    workspace = Workspace(load_settings({"home": str(home)}, environment={}, folder=folder))
    workspace.paths.make()
    workspace.paths.demo_mark.write_text("{}", encoding="utf-8")
    workspace.paths.demo_key.write_text("a key that only this test knows", encoding="utf-8")
    write_demo(folder / "sent", catalogue=workspace.catalogue, seed=5, scale=0.05)
    return folder / "sent", workspace


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "in a zip file"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_moray_file_in_falkirks_folder_is_refused_whatever_its_name(
    made: tuple[Path, Workspace], dataset: str, packed: bool
) -> None:
    sent, workspace = made
    (path,) = (sent / dataset / THEIRS).iterdir()
    folder = workspace.paths.inbox / dataset / OURS
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"falkirk_{dataset}_S12000014{'.zip' if packed else path.suffix}"
    if packed:
        with zipfile.ZipFile(target, "w") as archive:
            archive.write(path, f"falkirk{path.suffix}")
    else:
        shutil.copyfile(path, target)
    (outcome,) = take_in_inbox(workspace, settle_seconds=0)
    assert outcome.judgement is not None
    receipt = outcome.judgement.receipt
    assert receipt.state is ReceiptState.REFUSED
    says = "The content belongs to Moray (S12000020), but you sent it for Falkirk (S12000014)."
    assert receipt.reason == says
    assert not list(workspace.paths.raw.rglob("*.parquet"))


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_same_file_in_its_own_folder_is_taken_under_any_name(
    made: tuple[Path, Workspace], dataset: str, tmp_path: Path
) -> None:
    sent, workspace = made
    (path,) = (sent / dataset / THEIRS).iterdir()
    target = tmp_path / "falkirk.csv"
    shutil.copyfile(path, target)
    assert check(workspace, target, dataset, THEIRS).receipt.reason is None
