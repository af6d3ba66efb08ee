"""What a candidate keeps, read again by a later version of the program."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.contracts.product import Product
from rcs_pipeline.gate.evidence import CONTRACTS, IMPLICATIONS, keep_contracts, kept_product


def test_contracts_of_another_version_are_refused_and_not_to_be_mended(tmp_path: Path) -> None:
    product = load_catalogue().product("rcs")
    keep_contracts(tmp_path, product)
    assert kept_product(tmp_path).file == product.file
    path = tmp_path / CONTRACTS / "product.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "of_another_version: true\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="of_another_version") as raised:
        kept_product(tmp_path)
    assert "rcs build" in str(raised.value) and "Mend" not in str(raised.value)


def without_paths(product: Product) -> dict[str, object]:
    """All that a product says, wherever its contracts lie."""
    found = {field.name: getattr(product, field.name) for field in fields(product) if field.name != "path"}
    return found | {"tables": [replace(table, path=Path(table.path.name)) for table in product.tables]}


def test_who_judges_a_candidate_knows_all_that_the_choice_knew(tmp_path: Path) -> None:
    product = load_catalogue().product("rcs")
    assert product.implications
    assert product.follow_ups
    keep_contracts(tmp_path, product)
    assert without_paths(kept_product(tmp_path)) == without_paths(product)


def test_a_candidate_from_before_questions_were_tied_is_judged_as_it_was_made(tmp_path: Path) -> None:
    keep_contracts(tmp_path, load_catalogue().product("rcs"))
    (tmp_path / CONTRACTS / IMPLICATIONS).unlink()
    assert kept_product(tmp_path).implications == ()


def test_implications_that_are_none_are_refused(tmp_path: Path) -> None:
    keep_contracts(tmp_path, load_catalogue().product("rcs"))
    (tmp_path / CONTRACTS / IMPLICATIONS).write_text("implications: [{whole: everybody}]\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="implications"):
        kept_product(tmp_path)
