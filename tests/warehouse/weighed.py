"""Weights without dbt: the generated models and the macros they call, run on a handful of pupils."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.warehouse import weighting

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"
DATASET = "wellbeing_primary"
COLLECTION, CPP = "c1", "S12000040"
# cpp_code, stage, sex, pupils, and the shares of the five quintiles (None where they are not known).
Roll = tuple[str, str, int, int, tuple[float, ...] | None]
# collection, stage, sex, quintile.
Pupil = tuple[str, str, int, int | None]


class _Adapter:
    """dbt's dispatch, for the engine of the tests."""

    def __init__(self) -> None:
        self.module: Any = None

    def dispatch(self, name: str, _package: str) -> Any:
        return getattr(self.module, f"duckdb__{name}")


def expand(text: str) -> str:
    """The SQL of a model: its macros written out, references by their bare names."""
    macros = "\n".join((MACROS / name).read_text(encoding="utf-8") for name in ("exact.sql", "weighting.sql"))
    macros = macros.replace("{% macro weight_places() -%} {{ return(26) }} {%- endmacro %}", "")
    adapter, environment = _Adapter(), Environment()
    given = {
        "adapter": adapter, "return": lambda value: value, "ref": lambda name: name,
        "config": lambda **_: "", "weight_places": lambda: 26,
    }  # fmt: skip
    adapter.module = environment.from_string(macros, globals=given).module
    names = {name: getattr(adapter.module, name) for name in dir(adapter.module) if not name.startswith("_")}
    return environment.from_string(text, globals={**names, **given}).render()


def contract_of(catalogue: Catalogue, *, use: bool = True, **raking: Any) -> DeliveryContract:
    """The survey of the primary schools, with other rules of raking."""
    contract = catalogue.delivery(DATASET)
    survey = contract.survey
    assert survey is not None and survey.weight.raking is not None
    changed = survey.weight.raking.model_copy(update={"use": use, **raking})
    weight = survey.weight.model_copy(update={"raking": changed})
    options = contract.options.model_copy(update={"survey": survey.model_copy(update={"weight": weight})})
    return replace(contract, options=options)


class Weigher:
    """The weights of one survey, in a database of its own."""

    def __init__(self, catalogue: Catalogue, contract: DeliveryContract | None = None) -> None:
        contract = contract or contract_of(catalogue)
        self.models = {
            f"weights_{DATASET}": expand(weighting.weights_model(catalogue, contract, "a test")),
            f"margins_{DATASET}": expand(weighting.margins_model(catalogue, contract, "a test")),
            f"raked_{DATASET}": expand(weighting.raked_model(contract, "a test")),
        }
        self.connection = duckdb.connect()
        shares = ", ".join(f"simd_q{number}_share double" for number in range(1, 6))
        self.connection.execute(
            f"create table stg_school_roll (collection varchar, cpp_code varchar, stage varchar, sex integer,"
            f" pupils integer, {shares})"
        )
        self.connection.execute(
            f"create table allocated_{DATASET} (collection varchar, cpp_code varchar, stage varchar,"
            " sex integer, simd_quintile integer)"
        )

    def __call__(
        self, roll: Iterable[Roll], pupils: Iterable[Pupil], threads: int = 2, *, rake: bool = False
    ) -> None:
        """Make the models of this roll and these pupils."""
        self.connection.execute(f"set threads = {threads}")
        self._fill(
            "stg_school_roll",
            [(place, CPP, stage, sex, count, *(shares or (None,) * 5))
             for place, stage, sex, count, shares in roll],
        )  # fmt: skip
        self._fill(
            f"allocated_{DATASET}",
            [(place, CPP, stage, sex, quintile) for place, stage, sex, quintile in pupils],
        )
        for name, text in self.models.items():
            if not rake and not name.startswith("weights_"):
                continue
            self.connection.execute(f"create or replace table {name} as {text}")

    def cells(self, columns: str) -> dict[tuple[str, int], Any]:
        """What the weights say of each cell of the first collection."""
        found = self.connection.execute(
            f"select stage, sex, {columns} from weights_{DATASET} where collection = '{COLLECTION}'"
        ).fetchall()
        return {(row[0], row[1]): row[2:] if len(row) > 3 else row[2] for row in found}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def _fill(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        self.connection.execute(f"delete from {table}")
        if rows:
            values = ", ".join("(" + ", ".join(_literal(item) for item in row) + ")" for row in rows)
            self.connection.execute(f"insert into {table} values {values}")


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return f"'{value}'" if isinstance(value, str) else repr(value)


def pupils_of(counts: dict[tuple[str, int], int], quintile: int = 3) -> list[Pupil]:
    """So many pupils in each cell of stage and sex."""
    return [
        (COLLECTION, stage, sex, quintile) for (stage, sex), count in counts.items() for _ in range(count)
    ]


def roll_of(counts: dict[tuple[str, int], int], shares: tuple[float, ...] | None = None) -> list[Roll]:
    """So many pupils on the roll of each cell."""
    return [(COLLECTION, stage, sex, count, shares) for (stage, sex), count in counts.items()]
