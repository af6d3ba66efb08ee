"""Which amounts of a product's tables add up, so that one that is withheld might be worked out.

Belongs here: what the attack on money has to know of a table, and whose corrected maps are given anew.
Does not belong here: attacking (`disclosure.audit_money`), when an amount is of too few
(`disclosure_policy`).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from rcs_pipeline.contracts.stated import Stated
from rcs_pipeline.contracts.yaml_files import Strict


class CorrectedMap(Stated):
    """A map whose money is given anew beside releases that showed other amounts: a named decision, with its
    reason and owner.

    `collection`: the map. `up_to`: the last release whose amounts readers may hold against the new ones. A
    correction that comes after a later release is another decision.
    """

    collection: str
    up_to: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")

    def covers(self, version: str) -> bool:
        """Whether a release of this version is one of those."""
        given, last = (tuple(map(int, item.split("."))) for item in (version, self.up_to))
        return given <= last


class Side(Strict):
    """A part of every line that is some lines of one breakdown, as prevention is two levels of support.

    `flag`: the column of the services that says whether one is on it. `of`: the breakdown whose lines it is.
    """

    flag: str
    of: str


class Together(Strict):
    """How the breakdowns of a map hang together, so that they can be attacked as one.

    `services`: the warehouse's table of services, with its schema; it has `collection`, `provider`, a column
    for each breakdown, and for each side its flag. `amount`: the columns whose product is spent. `measure`:
    the measure that is the spend. `sides`: the measures that are parts of it.
    """

    services: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    amount: tuple[str, ...] = Field(min_length=1)
    measure: str
    sides: dict[str, Side] = Field(min_length=1)


class MoneyLines(Strict):
    """Lines of money that add up to a whole which a reader is taken to know.

    `parts`: the warehouse's table, with its schema, of what each provider earns in each line. Its columns are
    `collection`, `breakdown_by` (how the whole is cut), `breakdown_value` (the line), `measure`, `margin`
    (lines add up to it), `provider` and `amount`. `cut`: the column of the published table that says how it
    is cut; where there is none, `cut_by` is the one cut of all its rows. `line`: the column that names the
    line. `shown_by`: measure -> the column whose number tells it. `together`: what several breakdowns of one
    map say of one another.
    """

    parts: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    cut: str | None = None
    cut_by: str | None = None
    line: str
    shown_by: dict[str, str] = Field(min_length=1)
    together: Together | None = None

    @model_validator(mode="after")
    def _told_by_a_column(self) -> MoneyLines:
        if self.together and self.cut is None:
            raise ValueError("`together` speaks of several breakdowns: name the column `cut` that says which")
        for measure in (self.together.measure, *self.together.sides) if self.together else ():
            if measure not in self.shown_by:
                raise ValueError(
                    f"`together` names the measure `{measure}`, of which `shown_by` says nothing"
                )
        return self

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
