"""Finding a named entry, and saying which one was probably meant.

Belongs here: the one function.
Does not belong here: what is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from rcs_pipeline.contracts.errors import ContractError

Item = TypeVar("Item")


def named(items: Mapping[str, Item], name: str, noun: str, where: str = "") -> Item:
    """The entry called `name`.

    Raises:
        ContractError: there is none; says the nearest name, or all of them.
    """
    from difflib import get_close_matches

    if name in items:
        return items[name]
    near = get_close_matches(name, items, n=1)
    raise ContractError(
        f"There is no {noun} `{name}`",
        where=where,
        expected=f"`{near[0]}`?" if near else f"one of {', '.join(sorted(items)) or 'none yet'}",
    )
