"""Did you mean: the code or label of a closed list that lies nearest to what was entered.

Belongs here: finding the suggestion and putting it before the fix of the findings it is for.
Does not belong here: deciding that a value is wrong (see `screen`).

A column of a million bad cells holds few different bad values: only those are compared, the most frequent
first, and joined back in one statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.intake.findings import TABLE, WITHHELD
from rcs_pipeline.intake.sql import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RULES = ("RCS-C02", "RCS-C03")
# A thousand comparisons take about 0.2 s. A file with more kinds of mistake is not mended value by value.
MOST_VALUES = 1_000
LONGEST = 60
SIMILARITY = 0.7
SHORTEST_BEGINNING = 3
NUMBER = re.compile(r"\s*[-+]?[0-9]+(\.0*)?\s*")


def suggest(connection: DuckDBPyConnection, contract: DeliveryContract) -> None:
    """Begin the fix of every finding about a closed list with the entry that was probably meant."""
    listed = {column.name: column for column in contract.stored_columns if column.codes}
    if not listed:
        return
    names, rules = (", ".join(map(text, items)) for items in (listed, RULES))
    bad = connection.execute(
        f"select column_name, value from {TABLE} where rule_id in ({rules}) and column_name in ({names}) "
        f"and value <> '{WITHHELD}' and length(value) <= {LONGEST} "
        f"group by column_name, value order by count(*) desc, column_name, value limit {MOST_VALUES}"
    ).fetchall()
    hints = [
        (name, value, hint)
        for name, value in bad
        if value.isprintable() and (hint := nearest(value, listed[name]))
    ]
    if not hints:
        return
    rows = ", ".join(
        f"({text(name)}, {text(value)}, {text(f'Did you mean `{hint}`? ')})" for name, value, hint in hints
    )
    connection.execute(
        f"update {TABLE} set fix = hint || fix from (values {rows}) as hints(hinted, meant_for, hint) "
        f"where column_name = hinted and value = meant_for and rule_id in ({rules})"
    )


def nearest(value: str, column: Column) -> str | None:
    """The entry of the column's code list that `value` was probably meant to be, as `2 (Female)`; or None."""
    from difflib import get_close_matches

    codes = column.codes or {}
    spoken = {_plain(entry): code for code, label in codes.items() for entry in (label, code) if entry}
    wanted = _plain(value)
    found = spoken.get(wanted)
    if found is None and not _is_number(wanted):
        # A number that is no code is as far from 1 as from 2; only words resemble each other.
        words = [word for word in spoken if not _is_number(word)]
        begins = [word for word in words if len(wanted) >= SHORTEST_BEGINNING and word.startswith(wanted)]
        near = begins if len(begins) == 1 else get_close_matches(wanted, words, n=1, cutoff=SIMILARITY)
        found = spoken[near[0]] if near else None
    if found is None:
        return None
    label = codes[found]
    return f"{found} ({label})" if label and label != found else found


def _plain(word: str) -> str:
    """Without what people write differently: case, blanks, hyphens, underscores, the point of a number."""
    if _is_number(word):
        return word.strip().lstrip("+").split(".")[0]
    return " ".join(word.casefold().replace("_", " ").replace("-", " ").split())


def _is_number(word: str) -> bool:
    return NUMBER.fullmatch(word) is not None
