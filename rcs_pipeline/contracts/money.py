"""Which amounts of a product's tables add up, so that one that is withheld might be worked out.

Belongs here: what the attack on money has to know of a table.
Does not belong here: attacking (`disclosure.audit_money`), when an amount is of too few
(`disclosure_policy`).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from rcs_pipeline.contracts.yaml_files import Strict


class MoneyLines(Strict):
    """Lines of money that add up to a whole which a reader is taken to know.

    `parts`: the warehouse's table, with its schema, of what each provider earns in each line. Its columns are
    `collection`, `breakdown_by` (how the whole is cut), `breakdown_value` (the line), `measure`, `margin`
    (lines add up to it), `provider` and `amount`. `cut`: the column of the published table that says how it
    is cut; where there is none, `cut_by` is the one cut of all its rows. `line`: the column that names the
    line. `shown_by`: measure -> the column whose number tells it.
    """

    parts: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    cut: str | None = None
    cut_by: str | None = None
    line: str
    shown_by: dict[str, str] = Field(min_length=1)

    @model_validator(mode="after")
    def _cut_in_one_way(self) -> MoneyLines:
        if (self.cut is None) == (self.cut_by is None):
            raise ValueError("`money` has either `cut` (a column) or `cut_by` (a word)")
        return self

    def columns(self) -> tuple[str, ...]:
        """Every column of the table that is named."""
        return (*([self.cut] if self.cut else []), self.line, *self.shown_by.values())


class AddedUp(Strict):
    """Money of all collections together: a number stands in a row only where every row behind it has one.

    `table`: the product's table with a row a collection. `same`: columns that both have. `shown_by`: the
    column here -> the column there.
    """

    table: str
    same: tuple[str, ...] = Field(min_length=1)
    shown_by: dict[str, str] = Field(min_length=1)

    def columns(self) -> tuple[str, ...]:
        """Every column of the summed table that is named."""
        return (*self.same, *self.shown_by)
