"""A column that is dropped at intake is stored nowhere, so nothing may be built on it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import DEFAULT_FOLDER, load_catalogue
from rcs_pipeline.contracts.errors import ContractError

PRIMARY = "deliveries/wellbeing_primary.odcs.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "data_contracts"))


def refused(folder: Path, file: str, old: str, new: str) -> str:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_catalogue(base=folder)
    return str(caught.value)


def test_a_key_that_is_dropped_is_refused_before_any_file_is_read(folder: Path) -> None:
    message = refused(folder, PRIMARY, "identifier: pseudonymise", "identifier: drop")
    assert "`pupil_id` is dropped" in message
    assert "pseudonymise" in message


def test_an_item_of_a_measure_that_is_dropped_is_refused(folder: Path) -> None:
    text = (folder / PRIMARY).read_text(encoding="utf-8")
    start = text.index("- name: fam_meals_together")
    column = text[start : text.index("- name:", start + 1)]
    assert "code_list: " in column
    dropped = column.replace("code_list: ", "identifier: drop, code_list: ", 1)
    assert "`fam_meals_together` is dropped" in refused(folder, PRIMARY, column, dropped)


def test_a_mean_of_something_that_is_no_scale_names_the_indicator(folder: Path) -> None:
    text = (folder / "measures/secondary_indicators.yaml").read_text(encoding="utf-8")
    scale = text.split("mean_of: ", 1)[1].split("\n", 1)[0].rstrip("}, ")
    message = refused(
        folder, "measures/secondary_indicators.yaml", f"mean_of: {scale}", f"mean_of: {scale}_x"
    )
    assert "indicator " in message
    assert f"There is no scale `{scale}_x`" in message
