"""The pupils behind one number, counted and added up by school in plain SQL over the scored model.

Belongs here: who is of the place and group, who is in the base, sums by school, weighting cells, missing
answers by kind, what the number is compared with. Sums only: no row of a pupil leaves this module.
Does not belong here: formulas (see `by_hand`), the macros of dbt_project and what they made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.vocabulary import GeographyLevel, MissingKind
from rcs_pipeline.warehouse import sql
from rcs_pipeline.warehouse.columns import answer_column
from rcs_pipeline.warehouse.conditions import asked as is_asked
from rcs_pipeline.warehouse.conditions import score_parts
from rcs_pipeline.warehouse.design import survey_of
from rcs_pipeline.warehouse.explain.asked import EVERYBODY, Asked
from rcs_pipeline.warehouse.explain.by_hand import Cluster
from rcs_pipeline.warehouse.explain.definition import items_of
from rcs_pipeline.warehouse.staging import has_missing_kinds

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A pupil's place, as the scored model tells it.
OF_LEVEL = {
    GeographyLevel.PROGRAMME: "true",
    GeographyLevel.TRANCHE: "tranche = {code}",
    GeographyLevel.CPP: "design_cpp = {code}",
    GeographyLevel.LEARNING_COMMUNITY: "design_cpp || '/' || design_community = {code}",
    GeographyLevel.SCHOOL: "design_school = {code}",
}
BEHIND = "pupils_behind"
COUNTED = "design_weight > 0"
BELOW_CPP = (GeographyLevel.LEARNING_COMMUNITY, GeographyLevel.SCHOOL)


@dataclass(frozen=True)
class Base:
    """Who took part, who was asked, who answered. `missing`: item -> kind -> pupils who were asked."""

    taking_part: int
    without_weight: int
    not_asked: int
    asked: int
    answered: int
    missing: dict[str, dict[str, int]]
    collections: tuple[str, ...]


@dataclass(frozen=True)
class WeightingCells:
    """Pupils of the base by cell: roll over respondents, alone or put together with cells beside them."""

    variables: tuple[str, ...]
    joined: bool
    cells: int
    pupils: int
    lowest: float
    highest: float


class Pupils:
    """The pupils of the number that was asked for, in an open candidate."""

    def __init__(self, connection: DuckDBPyConnection, catalogue: Catalogue, asked: Asked) -> None:
        self.connection, self.catalogue, self.asked = connection, catalogue, asked
        self.contract: DeliveryContract = catalogue.instrument(asked.indicator.instrument)
        self.survey = survey_of(self.contract)
        self.items = items_of(catalogue, asked.indicator)
        indicator = asked.indicator
        self.is_mean = indicator.mean_of is not None
        parts = score_parts(catalogue, catalogue.scales[indicator.mean_of]) if indicator.mean_of else 1
        self.group = self._group()
        self.here = f"{self._level(asked.place.level, asked.place.code)} and {self.group}"
        self._copy(f"{sql.name(answer_column(indicator.id))} / {parts}.0")

    def base(self) -> Base:
        """Who is in the base, and why the others are not."""
        guard = is_asked(self.contract, self.asked.indicator.stages, self.asked.indicator.versions) or "true"
        columns = [item for item in map(self.contract.column, self.items) if has_missing_kinds(item)]
        kinds = [(column.name, kind) for column in columns for kind in MissingKind]
        counts = "".join(
            f", count(*) filter (where {guard} and {sql.name(f'{name}__missing')} = {sql.text(kind)})"
            for name, kind in kinds
        )
        row = self._one(
            f"select count(*), count(*) filter (where not coalesce({COUNTED}, false)),"
            f" count(*) filter (where not coalesce({guard}, false)),"
            f" count(*) filter (where {guard}), count(y) filter (where {COUNTED}){counts}"
            f" from {BEHIND} where {self.here}"
        )
        missing: dict[str, dict[str, int]] = {}
        for (name, kind), number in zip(kinds, row[5:], strict=True):
            if number:
                missing.setdefault(name, {})[kind.value] = int(number)
        collections = self.connection.execute(
            f"select distinct collection from {BEHIND} where {self.here} order by all"
        ).fetchall()
        everybody, weightless, not_asked, asked, answered = (int(item) for item in row[:5])
        places = tuple(str(item[0]) for item in collections)
        return Base(everybody, weightless, not_asked, asked, answered, missing, places)

    def clusters(self) -> tuple[Cluster, ...]:
        """The sums of every school with somebody in the base."""
        rows = self.connection.execute(
            "select collection, design_stratum, design_cluster, count(*), sum(y), sum(design_weight),"
            " sum(design_weight * y), sum(design_weight * y * y), sum(design_weight * design_weight)"
            f" from {BEHIND} where {COUNTED} and {self.here} and y is not null"
            " group by all order by all"
        ).fetchall()
        return tuple(Cluster(*row) for row in rows)

    def designed(self) -> dict[tuple[str | None, str | None], int]:
        """The schools of every stratum of the wave, whoever was counted in them."""
        rows = self.connection.execute(
            f"select collection, design_stratum, count(distinct design_cluster) from {BEHIND}"
            f" where {COUNTED} group by all"
        ).fetchall()
        return {(row[0], row[1]): int(row[2]) for row in rows}

    def weights(self) -> tuple[float, float]:
        """The lowest and the highest weight in the base."""
        row = self._one(
            f"select min(design_weight), max(design_weight) from {BEHIND}"
            f" where {COUNTED} and {self.here} and y is not null"
        )
        return float(row[0]), float(row[1])

    def weighting_cells(self) -> tuple[WeightingCells, ...]:
        """The weighting cells of the base, alone and joined; none where weights were delivered."""
        cells = self.survey.weight.cells
        table = f"weights_{self.contract.dataset}"
        held = _columns(self.connection, "scored", table)
        if not cells or not {"cell_parts", "collection", *cells} <= held:
            return ()
        keys = ", ".join(["collection", *map(sql.name, cells)])
        same = " and ".join(f"base.{key} is not distinct from cell.{key}" for key in keys.split(", "))
        rows = self.connection.execute(
            f"with base as (select {keys}, count(*) as pupils,"
            " min(design_weight) as low, max(design_weight) as high"
            f" from {BEHIND} where {COUNTED} and {self.here} and y is not null group by {keys})"
            f" select cell.cell_parts > 1 as joined, count(*), sum(base.pupils)::bigint, min(low), max(high)"
            f" from base inner join scored.{sql.name(table)} as cell on {same}"
            " group by all order by joined"
        ).fetchall()
        return tuple(
            WeightingCells(cells, bool(joined), int(number), int(pupils), low, high)
            for joined, number, pupils, low, high in rows
        )

    def rival(self) -> tuple[str, float | None]:
        """What the place is compared with, in words and as an estimate; nothing above a partnership."""
        level, code = GeographyLevel(self.asked.place.level), self.asked.place.code
        if level is GeographyLevel.CPP:
            words, where = "all other partnerships of the wave", f"design_cpp <> {sql.text(code)}"
        elif level in BELOW_CPP:
            own = f"select min(design_cpp) from {BEHIND} where {COUNTED} and {self._level(level, code)}"
            words, where = "its partnership", f"design_cpp = ({own})"
        else:
            return "", None
        row = self._one(
            f"select sum(design_weight * y) / nullif(sum(design_weight), 0) from {BEHIND}"
            f" where {COUNTED} and {where} and {self.group} and y is not null"
        )
        return words, row[0]

    def _copy(self, answer: str) -> None:
        """The columns that matter of everybody in the wave, so that the views below are gone through once."""
        relation = f"scored_{self.contract.dataset}"
        held = _columns(self.connection, "scored", relation)
        survey = self.survey
        wanted = dict.fromkeys((
            "collection", "tranche", "design_weight", "design_stratum", "design_cluster", "design_cpp",
            "design_school", "design_community", *survey.weight.cells,
            *filter(None, (survey.stage, survey.version)),
            *(column.name for column in self._group_columns()),
            *(f"{item}__missing" for item in self.items if has_missing_kinds(self.contract.column(item))),
        ))  # fmt: skip
        if lacking := sorted(set(wanted) - held):
            raise RcsError(
                f"The pupils of the candidate lack {', '.join(lacking)}", where=f"scored.{relation}",
                expected="a candidate built with the contracts of today",
                todo="Build a new one: `rcs build`.",
            )  # fmt: skip
        self.connection.execute(
            f"create or replace temp table {BEHIND} as"
            f" select {', '.join(map(sql.name, wanted))}, {answer} as y"
            f" from scored.{sql.name(relation)} where wave = {sql.text(self.asked.place.wave)}"
        )

    def _level(self, level: str, code: str) -> str:
        if level not in OF_LEVEL:
            raise RcsError(
                f"Estimates of the level `{level}` cannot be followed to pupils yet",
                expected=", ".join(OF_LEVEL),
            )
        return OF_LEVEL[GeographyLevel(level)].format(code=sql.text(code))

    def _group_columns(self) -> list[Column]:
        """The columns that the group is made of.

        Raises:
            RcsError: one of them is no column of the delivery contract.
        """
        if self.asked.group_by == EVERYBODY:
            return []
        by_name = {column.group or column.name: column for column in self.contract.columns}
        names = self.asked.group_by.split("+")
        if unknown := [name for name in names if name not in by_name]:
            raise RcsError(
                f"The group `{', '.join(unknown)}` cannot be followed to pupils", where=self.contract.dataset,
                expected="groups that are columns of the delivery contract",
            )  # fmt: skip
        return [by_name[name] for name in names]

    def _group(self) -> str:
        """The condition of the group, from the codes that the contract gives its values."""
        columns, values = self._group_columns(), self.asked.group_value.split("+")
        return (
            " and ".join(_is(column, value) for column, value in zip(columns, values, strict=False)) or "true"
        )

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self.connection.execute(query).fetchone()
        assert row is not None  # noqa: S101  (an aggregate without groups has one row)
        return tuple(row)


def _is(column: Column, value: str) -> str:
    """That a pupil's code of `column` is published as `value`."""
    labels = column.group_values or {code: code for code in column.codes or {}}
    codes = [code for code, label in labels.items() if label == value]
    return (
        f"({sql.among(column, codes)})"
        if codes
        else f"cast({sql.name(column.name)} as varchar) = {sql.text(value)}"
    )


def _columns(connection: DuckDBPyConnection, schema: str, relation: str) -> set[str]:
    rows = connection.execute(
        f"select column_name from duckdb_columns() where schema_name = {sql.text(schema)}"
        f" and table_name = {sql.text(relation)}"
    ).fetchall()
    return {str(row[0]) for row in rows}
