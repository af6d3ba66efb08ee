"""The comparison models on rows that a test gives: rendered as dbt would, without the time that dbt takes.

Belongs here: a product, its estimates, and one model's answer as rows.
Does not belong here: what the answers should be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import duckdb
from jinja2 import Environment

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.warehouse import comparisons
from rcs_pipeline.warehouse.generate import PROJECT

Row = dict[str, Any]
ESTIMATES = {
    "indicator_id": "varchar", "instrument": "varchar", "wave": "varchar", "geography_level": "varchar",
    "geography_code": "varchar", "geography_name": "varchar", "tranche": "varchar", "group_by": "varchar",
    "group_value": "varchar", "collected": "varchar", "estimate": "double", "standard_error": "double",
    "lower": "double", "upper": "double", "base": "integer", "weighted_base": "double",
    "numerator": "integer", "quality_flag": "varchar",
}  # fmt: skip
INDICATORS = ("indicator_id", "instrument", "polarity", "kind", "versions")
LIKED, DISLIKED, NEUTRAL, MEAN = "liked", "disliked", "neutral", "mean"


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


def estimate(value: float, error: float = 0.01, base: int = 1000, **given: Any) -> Row:
    """One row of estimates: a share of everybody in a CPP of wave `w1`, unless the test says otherwise."""
    row: Row = {
        "indicator_id": LIKED, "instrument": "primary", "wave": "w1", "geography_level": "cpp",
        "geography_code": "A", "tranche": "1", "group_by": "all", "group_value": "all",
        "collected": "2016-17", "estimate": value, "standard_error": error, "lower": value - 1.96 * error,
        "upper": value + 1.96 * error, "base": base, "weighted_base": float(base),
        "numerator": round(value * base), "quality_flag": None,
    }  # fmt: skip
    row |= given
    return {"geography_name": f"Place {row['geography_code']}"} | row


def answer(
    table: str,
    estimates: Iterable[Row],
    *,
    waves: tuple[str, ...] = ("w1", "w2", "w3", "w4"),
    breaks: Iterable[tuple[str, str, str, str]] = (),
    similar: Iterable[tuple[str, str, str]] = (),
    also: tuple[str, ...] = (),
) -> list[Row]:
    """The rows of one comparison table, `also` after the tables that it stands on.

    Args:
        table: which.
        estimates: see `estimate`.
        waves: in their order.
        breaks: indicator, wave, other wave, reasons.
        similar: wave, CPP, CPP like it.
        also: tables to make first.
    """
    with duckdb.connect() as connection:
        make(
            connection,
            "indicator_estimates",
            ESTIMATES,
            [tuple(row[name] for name in ESTIMATES) for row in estimates],
        )
        polarities = ((LIKED, "higher_is_better", "proportion"), (DISLIKED, "lower_is_better", "proportion"),
                      (NEUTRAL, "neither", "proportion"), (MEAN, "higher_is_better", "mean"))  # fmt: skip
        indicators = [(name, "primary", polarity, kind, None) for name, polarity, kind in polarities]
        make(connection, "registered_indicators", dict.fromkeys(INDICATORS, "varchar"), indicators)
        make(connection, "registered_waves", {"wave": "varchar", "title": "varchar", "position": "integer"},
              [(wave, wave, number) for number, wave in enumerate(waves, start=1)])  # fmt: skip
        pairs = dict.fromkeys(("indicator_id", "wave", "other_wave", "reasons"), "varchar")
        make(connection, "wave_breaks", pairs, list(breaks))
        texts = ("wave", "geography_level", "geography_code", "other_code")
        alike = dict.fromkeys(texts, "varchar") | {"is_similar": "boolean"}
        make(
            connection,
            "similar_cpps",
            alike,
            [(wave, "cpp", own, other, True) for wave, own, other in similar],
        )
        for name in also:
            connection.execute(f"create table {name} as {model(name)}")
        cursor = connection.execute(model(table))
        names = [item[0] for item in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@cache
def model(table: str) -> str:
    """A comparison table of the programme as plain SQL."""
    product = catalogue().product("rcs")
    return plain(comparisons.comparison_model(catalogue(), product, product.table(table), "the tests"))


def plain(text: str) -> str:
    """What dbt makes of a model's text, for the few functions that these models use."""
    macros = (PROJECT / "macros" / "comparisons.sql").read_text(encoding="utf-8")
    macros = re.sub(
        r"\{\{ return\(adapter.dispatch\('(\w+)', 'rcs'\)\((.*)\)\) \}\}", r"{{ duckdb__\1(\2) }}", macros
    )
    environment = Environment()
    environment.globals |= {"ref": str, "config": lambda **_: ""}
    return environment.from_string(macros + text).render()


def make(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[tuple[Any, ...]]
) -> None:
    """A table with these rows."""
    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create table {name} ({listed})")
    if rows:
        marks = ", ".join(f"({', '.join('?' * len(columns))})" for _ in rows)
        connection.execute(f"insert into {name} values {marks}", [value for row in rows for value in row])
