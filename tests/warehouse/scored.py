"""Scoring without dbt: the generated models, run on a handful of pupils."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.columns import code_column
from rcs_pipeline.warehouse.scoring import norms_models, scored_model
from rcs_pipeline.warehouse.staging import has_code

Pupil = Mapping[str, Any]
REF = re.compile(r"\{\{ ref\('(\w+)'\) \}\}")
CONFIG = re.compile(r"^\{\{ config\(.*\) \}\}$", re.MULTILINE)


class Scorer:
    """One instrument in a database of its own. A pupil holds the answers that matter; the rest is NULL."""

    def __init__(self, catalogue: Catalogue, instrument: str) -> None:
        self.contract = catalogue.instrument(instrument)
        self.table = f"pupils_{self.contract.dataset}"
        self.norms = norms_models(catalogue, self.contract, "a test")
        self.model = scored_model(catalogue, self.contract, "a test")
        self.connection = duckdb.connect()
        columns = {item.name: sql.TYPES[item.type] for item in self.contract.stored_columns}
        self.codes = {
            code_column(item.name): item.name for item in self.contract.stored_columns if has_code(item)
        }
        self.columns = {
            **columns, **{name: columns[item] for name, item in self.codes.items()},
            "wave": "varchar", "design_weight": "double", "design_cluster": "varchar", "row": "integer",
        }  # fmt: skip
        listed = ", ".join(f"{sql.name(name)} {kind}" for name, kind in self.columns.items())
        self.connection.execute(f"create table {self.table} ({listed})")

    def __call__(self, pupils: Iterable[Pupil]) -> list[dict[str, Any]]:
        """Every column of the scored model, one row a pupil, in the order given."""
        self.connection.execute(f"delete from {self.table}")
        rows = [
            {
                **{name: pupil.get(item) for name, item in self.codes.items()},
                "wave": "w", "design_weight": 1.0, "design_cluster": "c", **pupil, "row": place,
            }
            for place, pupil in enumerate(pupils)
        ]  # fmt: skip
        values = ", ".join(
            "(" + ", ".join(_literal(row.get(name)) for name in self.columns) + ")" for row in rows
        )
        self.connection.execute(f"insert into {self.table} values {values}")
        for name, text in self.norms.items():
            self.connection.execute(f"create or replace table {name} as {_plain(text)}")
        found = self.connection.execute(f'select * from ({_plain(self.model)}) order by "row"')
        names = [item[0] for item in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return sql.text(value) if isinstance(value, str) else repr(value)


def _plain(text: str) -> str:
    return REF.sub(r"\1", CONFIG.sub("", text))
