"""Values of a delivery that are written where a spreadsheet or a browser opens them.

Belongs here: that no value becomes a formula, and none that looks like an identifier is repeated.
Does not belong here: the files themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from rcs_pipeline.contracts.delivery import DeliveryContract
from rcs_pipeline.intake.findings import WITHHELD
from rcs_pipeline.intake.sql import text as literal

# Also the wide forms that some spreadsheets take for the same; blanks before them do not help.
FORMULA = re.compile(r"^[\s\x00-\x1f]*[=+\-@＝＋－＠\t\r]")
FORMULA_SQL = r"^[\s\x00-\x1f]*[=+\-@＝＋－＠]|^[\t\r]"
LONGEST_CELL = 32_000  # Excel holds 32,767 characters in a cell
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
GROUP = re.compile(r"(?<!\\)\((?!\?)")


def risky(value: str) -> bool:
    """Whether a spreadsheet could take the text for a formula."""
    # Most values begin with a letter or a digit.
    return not value[:1].isalnum() and FORMULA.match(value) is not None


def defused(value: str) -> str:
    """The text with the apostrophe that makes a spreadsheet show it as text, where it needs one."""
    return f"'{value}" if risky(value) else value


def defused_sql(value: str) -> str:
    """SQL for the same."""
    return f"case when regexp_matches({value}, {literal(FORMULA_SQL)}) then '''' || {value} else {value} end"


def printable(value: str) -> str:
    """The text without what no workbook and no page can hold, and no longer than a cell may be."""
    kept = value if value.isprintable() else CONTROL.sub("\ufffd", value)
    return kept[:LONGEST_CELL]


@dataclass(frozen=True)
class Withholding:
    """What of a dataset may not be repeated: anything in it that looks like one of its identifiers."""

    contract: DeliveryContract

    @property
    def active(self) -> bool:
        """Whether the dataset has identifiers at all."""
        return any(column.identifier for column in self.contract.columns)

    @cached_property
    def _patterns(self) -> tuple[tuple[str, str], ...]:
        # Groups of the pattern's own would shift the numbers of ours.
        return tuple((GROUP.sub("(?:", item), edge) for item, edge in self.contract.identifier_patterns)

    def text(self, value: str) -> str:
        """`value` with everything withheld that looks like an identifier, alone or among other words."""
        return self.contract.without_identifiers(value, WITHHELD)

    def sql(self, value: str) -> str:
        """SQL for the same."""
        kept = literal("\\1" + WITHHELD + "\\2")
        for pattern, edge in self._patterns:
            found = literal(f"(^|[^{edge}])(?:{pattern})($|[^{edge}])")
            # Twice: the character between two neighbours belongs to the first of them.
            for _ in range(2):
                value = f"regexp_replace({value}, {found}, {kept}, 'g')"
        return value
