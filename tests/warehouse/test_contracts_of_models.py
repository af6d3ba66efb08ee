"""A model whose columns are not those of its contract is not built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.warehouse.dbt_run import FIXED, PROJECT, read_results, run_dbt

PROMISED = [{"name": "stage", "data_type": "varchar"}, {"name": "base", "data_type": "integer"}]
# Of each model what it selects, and what is said against it.
MODELS = {
    "as_promised": ("'P6' as stage, 1 as base", None),
    "of_another_type": ("'P6' as stage, 1.5 as base", "data type mismatch"),
    "lacking_one": ("'P6' as stage", "missing in definition"),
    "one_too_many": ("'P6' as stage, 1 as base, 2 as odd", "missing in contract"),
    "in_another_order": ("1 as base, 'P6' as stage", "contract that failed"),
}


def test_a_model_has_the_columns_of_its_contract_or_is_not_there(tmp_path: Path) -> None:
    for name in FIXED:
        shutil.copyfile(PROJECT / name, tmp_path / name)
    shutil.copytree(PROJECT / "macros", tmp_path / "macros")
    (tmp_path / "models").mkdir()
    models = {f"{kind}_{name}": of for kind in ("table", "view") for name, of in MODELS.items()}
    for name, (columns, _) in models.items():
        model = f"{{{{ config(materialized='{name.partition('_')[0]}') }}}}\nselect {columns}"
        (tmp_path / "models" / f"{name}.sql").write_text(model, encoding="utf-8")
    described = [
        {"name": name, "config": {"contract": {"enforced": True}}, "columns": PROMISED} for name in models
    ]
    properties = json.dumps({"version": 2, "models": described})
    (tmp_path / "models" / "models.yml").write_text(properties, encoding="utf-8")
    database = tmp_path / "warehouse.duckdb"
    with pytest.raises(RcsError, match="failed"):
        run_dbt(tmp_path, database, tmp_path / "kept")
    said = {item.name: item.message for item in read_results(tmp_path / "kept") if not item.passed}
    unsaid = [name for name, (_, text) in models.items() if text and text not in said.get(name, "")]
    assert not unsaid, said
    with duckdb.connect(str(database)) as connection:
        there = connection.execute(
            "select distinct table_name from duckdb_columns() where schema_name = 'main' and not internal"
        ).fetchall()
    assert sorted(there) == [("table_as_promised",), ("view_as_promised",)]
