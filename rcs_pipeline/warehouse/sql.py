"""Small pieces of SQL: names, literals, types and lists.

Belongs here: quoting, and nothing that knows what a column means.
Does not belong here: whole statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rcs_pipeline.contracts.delivery import Column
from rcs_pipeline.contracts.vocabulary import ColumnType

TYPES = {
    ColumnType.STRING: "varchar",
    ColumnType.INTEGER: "integer",
    ColumnType.NUMBER: "double",
    ColumnType.DATE: "date",
    ColumnType.BOOLEAN: "boolean",
}
# Words that at least one of the engines refuses as a bare column name.
_WORDS = """
all analyse analyze and any array as asc between both by case cast check collate column constraint
create cross current database date default delete desc describe distinct do drop else end except
exists false fetch filter for foreign from full function group having in inner insert intersect
interval into is join key lambda lateral leading left like limit minus natural not null of offset on
only or order outer over partition pivot primary qualify range references returning right row rows
schema select set show some start summarize symmetric table then time to trailing true union unique
unpivot update user using values variadic when where window with
"""
RESERVED = frozenset(_WORDS.split())
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def plain(identifier: str) -> bool:
    """Whether `identifier` needs no quotes."""
    return bool(_PLAIN.fullmatch(identifier)) and identifier not in RESERVED


def name(identifier: str) -> str:
    """`identifier` as SQL, quoted only where it has to be."""
    if plain(identifier):
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def text_or_null(value: str | None) -> str:
    """A text literal, or a typed NULL."""
    return "cast(null as varchar)" if value is None else text(value)


def number(value: float) -> str:
    """A number literal without a needless `.0`."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def code(column: Column, value: str) -> str:
    """A code of `column` as a literal of the column's own type."""
    if column.numeric:
        return number(float(value))
    if column.type is ColumnType.BOOLEAN:
        return value.lower()
    return text(value)


def among(column: Column, codes: Iterable[str], prefix: str = "") -> str:
    """That `column` is one of `codes`, as ranges of whole numbers and equalities.

    Not as `in (...)`: DuckDB plans a join for every list of five or more, and a questionnaire has hundreds.
    """
    label, wanted = prefix + name(column.name), list(dict.fromkeys(codes))
    if column.type is ColumnType.INTEGER:
        parts = [
            f"{label} between {low} and {high}" if low < high else f"{label} = {low}"
            for low, high in _runs(sorted({int(float(item)) for item in wanted}))
        ]
    else:
        parts = [f"{label} = {code(column, item)}" for item in wanted]
    return f"({' or '.join(parts)})" if len(parts) > 1 else parts[0]


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Neighbouring whole numbers as (first, last)."""
    runs: list[tuple[int, int]] = []
    for item in numbers:
        if runs and runs[-1][1] == item - 1:
            runs[-1] = (runs[-1][0], item)
        else:
            runs.append((item, item))
    return runs


def lines(items: Iterable[str], indent: int = 4, separator: str = ",") -> str:
    """The items one to a line, joined by `separator` at the line ends."""
    return f"{separator}\n{' ' * indent}".join(items)
