"""The hide rules of a table contract, made ready to become SQL.

Belongs here: which columns a rule tests, which it hides, and refusing a rule that would do nothing.
Does not belong here: the audit's own reading of the contract (see `audit_leaks`).
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy
from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.hide_rules import HideRule, MadeOf
from rcs_pipeline.contracts.product import ProductTable
from rcs_pipeline.contracts.vocabulary import Symbol
from rcs_pipeline.disclosure.bands import Why
from rcs_pipeline.disclosure.engine import name, text

BASE, NUMERATOR = "base", "numerator"
# A symbol that says that there never was a number is no secret; it stays where a rule hides as well.
STRUCTURAL = (Symbol.NOT_AVAILABLE, Symbol.NOT_APPLICABLE)


@dataclass(frozen=True)
class HiddenTogether:
    """Everything that one symbol column speaks for.

    Rules that share a symbol column hide together: a symbol beside a number that stayed would leave the
    reader to guess which of the two is meant.
    """

    symbol_column: str
    hides: tuple[str, ...]
    reason: str

    def symbol(self, mark: str) -> str:
        """The symbol to write, as SQL; `mark` is the column in which the reason stands."""
        own = f"judged.{name(self.symbol_column)}"
        structural = ", ".join(text(item.value) for item in STRUCTURAL)
        hidden = f"{mark} is not null and ({own} is null or {own} not in ({structural}))"
        return f"case when {hidden} then {text(Symbol.CONFIDENTIAL.value)} else {own} end"


def hidden_together(table: ProductTable, policy: DisclosurePolicy) -> tuple[HiddenTogether, ...]:
    """The rules of a table, joined by symbol column, with the first reason that applies as SQL.

    Raises:
        ContractError: a rule hides nothing or tests nothing.
    """
    by_symbol: dict[str, list[HideRule]] = {}
    for rule in table.extension.hide:
        by_symbol.setdefault(rule.symbol_column, []).append(rule)
    result = []
    for symbol_column, rules in by_symbol.items():
        branches = [branch for rule in rules for branch in _branches(rule, table, policy)]
        result.append(
            HiddenTogether(
                symbol_column=symbol_column,
                hides=tuple(dict.fromkeys(column for rule in rules for column in rule.hides)),
                reason=f"(case {' '.join(branches)} end)",
            )
        )
    return tuple(result)


def estimate_tests(rule: HideRule, table: ProductTable) -> tuple[str, str]:
    """The columns that hold base and numerator of an `estimate` rule.

    Raises:
        ContractError: the contract names something else than two columns that the table has.
    """
    tests = rule.tests or (BASE, NUMERATOR)
    if not set(tests) <= {column.name for column in table.columns}:
        raise ContractError(
            f"The `estimate` rule tests {', '.join(tests)}", where=str(table.path),
            expected="two columns that the table has",
        )  # fmt: skip
    return tests[0], tests[1]


def _branches(rule: HideRule, table: ProductTable, policy: DisclosurePolicy) -> list[str]:
    if not rule.hides:
        raise ContractError(f"A `{rule.kind}` rule hides no column", where=str(table.path))
    if rule.kind == "derived":
        return [f"when {_unshown(cells)} then 'derived'" for cells in rule.made_of]
    if rule.kind == "banded" and table.extension.banded is not None:
        # What the row says by itself; the rest is chosen with its neighbours (see `school_bands`).
        least = min((size.base for size in policy.school_bands or ()), default=0)
        return [f"when coalesce({name(table.extension.banded.base)}, 0) < {least} then '{Why.FEW_ANSWERS}'"]
    if rule.kind == "estimate":
        base, numerator = (name(item) for item in estimate_tests(rule, table))
        small = policy.small_numerator
        # An absent base counts as none; a numerator is absent for a mean. `<> 0 and <=` rather than
        # `between 1 and`: a negative count can only be a mistake, and a mistake is not published.
        behind = table.extension.linked.schools if table.extension.linked else None
        few = f"when coalesce({name(behind)}, 0) < {policy.minimum_schools} then 'schools'" if behind else ""
        return [
            f"when coalesce({base}, 0) < {policy.minimum_base} then 'base'",
            *([few] if few else []),
            f"when {numerator} <> 0 and {numerator} <= {small} then 'numerator'",
            f"when {base} - {numerator} <> 0 and {base} - {numerator} <= {small} then 'complement'",
        ]
    if not rule.tests:
        raise ContractError(f"A `{rule.kind}` rule tests no column", where=str(table.path))
    least = policy.minimum_count if rule.kind == "count" else policy.minimum_providers
    below = " or ".join(f"coalesce({name(item)}, 0) < {least}" for item in rule.tests)
    return [f"when {below} then '{rule.kind}'"]


def together_of(table: ProductTable) -> frozenset[str]:
    """Every column that a symbol column of the table speaks for, and those symbol columns."""
    return frozenset(item for rule in table.extension.hide for item in (*rule.hides, rule.symbol_column))


def shown_view(table: str) -> str:
    """The name of the view over what the audience at hand was given of a table."""
    return f"shown {table}"


def _unshown(cells: MadeOf) -> str:
    """That a row is made of one which the audience does not see: hidden, or not there. The row is `told`."""
    same = [f"cell.{name(theirs)} = told.{name(ours)}" for theirs, ours in cells.same.items()]
    listed = [
        f"contains(', ' || told.{name(ours)} || ', ', ', ' || cell.{name(theirs)} || ', ')"
        for theirs, ours in cells.listed.items()
    ]
    return (
        f"not coalesce((select bool_and(cell.__seen) from {name(shown_view(cells.table))} as cell"
        f" where {' and '.join((*same, *listed))}), false)"
    )
