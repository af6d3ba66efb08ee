"""Where a table's people are counted as well is another linked table, named by columns that both have."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product_files import read_product

LINKED = Path(__file__).parents[1] / "disclosure" / "contracts" / "products" / "linked"


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("table: lines", "table: reached", "`follows` names `lines`"),
        ("table: quality", "table: reached", "`follows` names `quality`"),
        ("table: nothing", "table: reached", "`follows` names `nothing`"),
        ("where: {sex: all}", "where: {group_by: all}", "`follows` names sex"),
        ("geography_code: place}", "geography_code: geography_code}", "`follows` names place"),
    ],
)
def test_a_table_follows_only_what_counts_its_people(
    tmp_path: Path, wrong: str, right: str, says: str
) -> None:
    folder = tmp_path / "linked"
    shutil.copytree(LINKED, folder)
    file = folder / "quality.odcs.yaml"
    head, follows = file.read_text(encoding="utf-8").split("follows:")
    file.write_text(f"{head}follows:{follows.replace(right, wrong, 1)}", encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        read_product(folder)
    file.write_text(f"{head}follows:{follows}", encoding="utf-8")
    assert read_product(folder).table("quality").extension.follows is not None
