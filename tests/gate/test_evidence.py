"""What a candidate keeps, read again by a later version of the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import RefusedError
from rcs_pipeline.gate.evidence import CONTRACTS, keep_contracts, kept_product


def test_contracts_of_another_version_are_refused_and_not_to_be_mended(tmp_path: Path) -> None:
    product = load_catalogue().product("rcs")
    keep_contracts(tmp_path, product)
    assert kept_product(tmp_path).file == product.file
    path = tmp_path / CONTRACTS / "product.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "of_another_version: true\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="of_another_version") as raised:
        kept_product(tmp_path)
    assert "rcs build" in str(raised.value) and "Mend" not in str(raised.value)
