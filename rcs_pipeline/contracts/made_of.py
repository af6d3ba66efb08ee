"""Which tables of a product are made of which others, and the order that this puts them in.

Belongs here: the order, and refusing tables that are made of one another.
Does not belong here: what a table may be made of (see `product_files`), hiding (`disclosure`).
"""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.errors import ContractError

if TYPE_CHECKING:
    from rcs_pipeline.contracts.product import ProductTable


def tables_behind(table: ProductTable) -> frozenset[str]:
    """The tables that are protected before this one.

    It is computed of them, adds them up, follows them or has their counts for a ceiling.
    """
    extension = table.extension
    found = {cells.table for rule in extension.hide for cells in rule.made_of}
    found |= {extension.added_up.table} if extension.added_up else set()
    found |= {extension.counted_first} if extension.counted_first else set()
    return frozenset(found)


def in_order(tables: Iterable[ProductTable]) -> tuple[ProductTable, ...]:
    """Every table after those behind it; by name where that leaves open which is next.

    Raises:
        ContractError: tables are made of one another in a circle, so that none of them can be the first.
    """
    by_name = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    sorter = TopologicalSorter({name: tables_behind(of) & by_name.keys() for name, of in by_name.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        first, *others = (f"`{name}`" for name in reversed(error.args[1]))
        raise ContractError(
            f"Tables are made of one another: {first} of {', which is made of '.join(others)}",
            where=str(by_name[error.args[1][0]].path),
            expected="tables that follow, add up or are derived from others, and none of them from itself",
        ) from error
    found: list[ProductTable] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += [by_name[name] for name in ready]
        sorter.done(*ready)
    return tuple(found)
