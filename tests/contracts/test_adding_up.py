"""A table whose rows add up is given to one audience, and each of its rows has a name to be hidden by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.product_files import read_product

LINKED = Path(__file__).parents[1] / "disclosure" / "contracts" / "products" / "linked"
TRUSTED = "  trusted: {title: Trusted, geographies: [programme, tranche, cpp, school]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(LINKED, tmp_path / "linked"))
    file = folder / "product.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("\ndisclosure:", f"\n{TRUSTED}disclosure:"), encoding="utf-8")
    return folder


def changed(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("table", ["answers", "reached", "quality"])
def test_cells_that_add_up_are_refused_for_two_audiences(folder: Path, table: str) -> None:
    """Each would have a pattern of hidden cells of its own, and who has both files subtracts."""
    assert read_product(folder).table(table).extension.audiences == ("open",)
    changed(folder / f"{table}.odcs.yaml", "audiences: [open]", "audiences: [open, trusted]")
    with pytest.raises(ContractError, match="add up, and `open` and `trusted` would each have it"):
        read_product(folder)


def test_money_that_adds_up_is_refused_for_two_audiences(folder: Path) -> None:
    changed(folder / "lines.odcs.yaml", "audiences: [open]", "audiences: [open, trusted]")
    assert read_product(folder).table("lines").extension.audiences == ("open", "trusted")
    money = "money: {parts: main.parts, cut_by: line, line: indicator_id, shown_by: {spend: sensitive}}"
    changed(folder / "lines.odcs.yaml", "          order_by:", f"          {money}\n          order_by:")
    with pytest.raises(ContractError, match="add up, and `open` and `trusted` would each have it"):
        read_product(folder)


def test_who_includes_another_audience_has_the_very_same_file(folder: Path) -> None:
    changed(folder / "product.yaml", "school]}\n", "school], includes: [open]}\n")
    product = read_product(folder)
    assert product.held_by(product.table("answers"), "trusted") == "open"


@pytest.mark.parametrize("key", ["indicator_id", "geography_code", "group_value"])
def test_a_row_of_a_linked_table_always_has_a_name(folder: Path, key: str) -> None:
    """A cell is chosen by its keys; one without them would be chosen and shown all the same."""
    named = f"      - name: {key}\n        logicalType: string\n        description: Part of the grain.\n"
    changed(folder / "answers.odcs.yaml", f"{named}        required: true\n", named)
    with pytest.raises(ContractError, match=f"may have nothing in {key}, and so no name"):
        read_product(folder)
