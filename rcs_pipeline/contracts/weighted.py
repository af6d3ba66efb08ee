"""Which published figures are weighted sums of counts that stand in the same table, and with which weights.

Belongs here: what the choice of hidden cells and the attack on them have to know of weighted figures.
Does not belong here: how figures are rounded (`rounding`), how weights are made (`delivery`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.yaml_files import Strict

if TYPE_CHECKING:
    from rcs_pipeline.contracts.product import ProductFile, ProductTable


class Cells(Strict):
    """Rows of the table whose pupils all have one weight: a level of places, and what they are grouped by."""

    level: str
    group_by: str


class Alike(Strict):
    """Where it stands how a place was weighted, and the ways in which a cell has one weight."""

    table: str
    column: str
    values: tuple[str, ...] = Field(min_length=1)


class Weighted(Strict):
    """A weighted share that is shown rounded, and so ties the counts behind it within a step.

    `figure`: the column of the share. `total`: the weighted base; over the base of one of the `cells` it is
    their weight, which everybody is taken to know. `others`: the column with the share of all the other
    places of the cells' level, where there is one. `alike`: without a roll or with raked weights a cell has
    no weight of its own, or more than one. `hidden_at_most`: of the cells of a system; where more are hidden
    figures are not reckoned with, since worlds in whole numbers that fit all of them are not found in hours.
    """

    figure: str
    total: str
    others: str | None = None
    cells: Cells
    alike: Alike
    hidden_at_most: float = Field(gt=0, le=1)

    def columns(self) -> tuple[str, ...]:
        """Every column of the table that is named."""
        return (self.figure, self.total, *([self.others] if self.others else []))


def check_weighted(table: ProductTable, tables: tuple[ProductTable, ...], file: ProductFile) -> None:
    """What is said of weighted figures fits the table, its rounding and what says how places were weighted.

    Raises:
        ContractError: it does not.
    """
    linked, where = table.extension.linked, str(table.path)
    weighted = linked.weighted if linked else None
    if linked is None or weighted is None:
        return
    columns = {column.name: column for column in table.columns}
    for item in (weighted.figure, weighted.others):
        how = columns[item].rounded if item else None
        if item and (
            how is None or how.to != "estimate" or how.base != linked.base or len(how.columns()) > 1
        ):
            raise ContractError(
                f"`{item}` is a weighted figure, and is not rounded as an estimate of the base",
                where=where, expected=f"`rounded: {{to: estimate, base: {linked.base}}}`",
            )  # fmt: skip
    if weighted.others and weighted.others not in linked.compared:
        raise ContractError(
            f"`{weighted.others}` is a figure of the other places, and does not go by itself",
            where=where, expected="the column among `compared`",
        )  # fmt: skip
    total = columns[weighted.total].rounded
    if total and total.to != "people":
        raise ContractError(
            f"`{weighted.total}` is a weighted base, and is rounded as {total.to}",
            where=where, expected="`rounded: {to: people}`",
        )  # fmt: skip
    levels = [str(level) for item in file.audiences.values() for level in item.geographies]
    if weighted.cells.level not in levels:
        raise ContractError(
            f"Weighting cells of the level `{weighted.cells.level}`, which no audience sees",
            where=where, expected=", ".join(levels),
        )  # fmt: skip
    alike = weighted.alike
    there = next((item for item in tables if item.name == alike.table), None)
    named = {column.name: column for column in there.columns} if there else {}
    wanted = (alike.column, *linked.system, linked.place)
    if not set(wanted) <= set(named):
        raise ContractError(
            f"Nothing says how a place was weighted: `{alike.table}.{alike.column}`",
            where=where, expected=f"a table of the product with {', '.join(wanted)}",
            todo="Add that table, or take `weighted` out where pupils of one cell have several weights.",
        )  # fmt: skip
    codes = named[alike.column].codes
    if unknown := sorted(set(alike.values) - set(codes or alike.values)):
        raise ContractError(
            f"`{alike.table}.{alike.column}` is never {', '.join(unknown)}",
            where=where, expected=", ".join(codes or ()),
        )  # fmt: skip
