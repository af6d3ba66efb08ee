"""One name under several spellings: its normal form, and saying so to whoever spelled it.

Belongs here: the normal form as SQL, for whoever counts names (the staging models and the sender's summary
use it too), and the finding.
Does not belong here: which words say nothing (see the column's `one_name` in its contract).

The form is a key and nothing to read: all that is no letter or digit goes, so that no blank, hyphen or dot,
put anywhere, makes two of one. A name that begins or ends like a word on the lists loses that part too
("Theatre" its "the"): every spelling of it does, so it stays one. What is counted wrongly is counted too low.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rcs_pipeline.contracts.delivery import Column
from rcs_pipeline.contracts.one_name import OneName
from rcs_pipeline.intake.findings import TABLE as FINDINGS
from rcs_pipeline.intake.findings import WITHHELD, add_cells_of_kinds
from rcs_pipeline.intake.load import TABLE, row_number
from rcs_pipeline.intake.screen import Screening
from rcs_pipeline.intake.sql import quoted, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RULE = "RCS-C15"
SPELLED = "spelled_names"


def one_name(value: str, form: OneName) -> str:
    """SQL for the normal form of the text expression `value`; NULL stays NULL.

    The first or last word stays, whatever it is: "The" is a name.
    """
    # Up and down again: small letters that have a second form (ſ, ς) become the usual one.
    plain = f"lower(upper(strip_accents({value})))"
    for sign, word in form.instead.items():
        plain = f"replace({plain}, {text(sign)}, {text(_glued(word))})"
    plain = f"regexp_replace({plain}, '[^\\p{{L}}\\p{{N}}]+', '', 'g')"
    if form.before:
        plain = f"regexp_replace({plain}, '^(?:{_either(form.before)})+(.+)$', '\\1')"
    if form.after:
        plain = f"regexp_replace({plain}, '^(.+?)(?:{_either(form.after)})+$', '\\1')"
    return plain


def one_name_column(name: str) -> str:
    """What the normal form is called where it stands beside the names as they were sent."""
    return f"{name}__one_name"


def tell_spellings(connection: DuckDBPyConnection, screening: Screening) -> None:
    """Enter a finding for every row that spells a name otherwise than most rows with it.

    Rows that something keeps out are not looked at: their names may be what must not be repeated.
    """
    for column in screening.contract.stored_columns:
        if column.one_name is not None:
            _tell(connection, screening, column, column.one_name)


def _tell(connection: DuckDBPyConnection, screening: Screening, column: Column, form: OneName) -> None:
    name, row = quoted(column.name), row_number(screening.first_row)
    out = f"select source_row from {FINDINGS} where severity = 'reject_row' and source_row is not null"
    connection.execute(
        f"create or replace temp table {SPELLED} as "
        f"with spelled as (select {row} as source_row, {name} as value, {one_name(name, form)} as same "
        f"from {TABLE} where {name} is not null and {row} not in ({out})), "
        "counted as (select same, value, count(*) as often, min(source_row) as place "
        "from spelled group by same, value), "
        "usual as (select same, arg_max(value, (often, -place)) as usual from counted "
        "group by same having count(*) > 1) "
        "select source_row, value, same as kind, usual from spelled join usual using (same) "
        "where value <> usual"
    )
    usual = connection.execute(f"select distinct kind, usual from {SPELLED} order by kind").fetchall()
    entry = screening.messages[RULE]
    wordings = {
        kind: screening.wording(
            entry.id, entry.severity, column.name, entry.message, entry.fix,
            screening.contract.without_identifiers(spelling, WITHHELD),
        )
        for kind, spelling in usual
    }  # fmt: skip
    add_cells_of_kinds(connection, SPELLED, wordings)


def _either(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(_glued(word)) for word in words)


def _glued(word: str) -> str:
    return word.replace(" ", "")
