"""SQL texts: names and literals.

Belongs here: what stands between a value of ours and a statement of the engine.
Does not belong here: statements.
"""

from __future__ import annotations


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: object) -> str:
    """An SQL text literal; a NUL, which none can hold, is left out."""
    return "'" + str(value).replace("\x00", "").replace("'", "''") + "'"


def text_or_null(value: object | None) -> str:
    """The same, and NULL for None."""
    return "null" if value is None else text(value)
