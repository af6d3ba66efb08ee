"""The hide rules of a published table: what is hidden together, and which rows of other tables say so.

Belongs here: the typed entries, and what a rule must say.
Does not belong here: the policy's numbers and tables whose rows add up (`disclosure_policy`), hiding
(`disclosure`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from rcs_pipeline.contracts.yaml_files import Strict


class MadeOf(Strict):
    """Rows of another table of the product that a row is computed from.

    `same`: the other table's column -> the column here that holds the same value. `listed`: -> the column
    here that lists its values, joined by a comma and a space.
    """

    table: str
    same: dict[str, str] = Field(min_length=1)
    listed: dict[str, str] = Field(default_factory=dict)


class Follows(Strict):
    """A row of another table that counts the same people.

    Where that row is withheld, or keeps the figures of other people, those here keep theirs: they would say
    what it does not. `same`: the other table's column -> the column here that holds the same value. `where`:
    what else its row has in which columns.
    """

    table: str
    same: dict[str, str] = Field(min_length=1)
    where: dict[str, str] = Field(default_factory=dict)


class HideRule(Strict):
    """Which columns a policy number hides together, and the symbol column that says so.

    `estimate`: base below `minimum_base`, or numerator or complement from 1 to `small_numerator`; `tests`
    names the column of the base and then that of the numerator, where they are not called so.
    `count`: any of `tests` below `minimum_count`. `money`: any of `tests` below `minimum_providers`.
    `derived`: a row of another table that this one is made of (`made_of`) is hidden, or not shown at all.
    `banded`: the band of a row is not among those that were chosen to be shown.
    """

    kind: Literal["estimate", "count", "money", "derived", "banded"]
    hides: tuple[str, ...]
    tests: tuple[str, ...] = ()
    symbol_column: str
    made_of: tuple[MadeOf, ...] = ()

    @model_validator(mode="after")
    def _only_the_derived_is_made_of_something(self) -> HideRule:
        if (self.kind == "derived") != bool(self.made_of) or (self.made_of and self.tests):
            raise ValueError("`derived` has `made_of` and no `tests`; no other kind has `made_of`")
        return self

    @model_validator(mode="after")
    def _estimates_test_a_base_and_its_numerator(self) -> HideRule:
        if self.kind != "estimate" or not self.tests:
            return self
        turned = self.tests[0] == "numerator" or self.tests[-1] == "base"
        if turned or len(self.tests) != 2 or len(set(self.tests)) != 2:
            raise ValueError(
                f"the `estimate` rule tests {', '.join(self.tests)};"
                " name the column of the base, then that of the numerator"
            )
        return self
