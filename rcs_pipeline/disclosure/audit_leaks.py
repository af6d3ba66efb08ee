"""In which ways a row that was written can say too much, or too little, each a sentence and a predicate.

Belongs here: the audit's own reading of the hide rules, over `shown` (the written row) and `truth` (the
warehouse's).
Does not belong here: reading files and verdicts (see `audit`), anything that `protect` uses to decide.
"""

from __future__ import annotations

from dataclasses import dataclass

from rcs_pipeline.contracts.disclosure_policy import DisclosurePolicy
from rcs_pipeline.contracts.hide_rules import HideRule, MadeOf
from rcs_pipeline.contracts.product import Product, ProductTable
from rcs_pipeline.contracts.vocabulary import ColumnType
from rcs_pipeline.disclosure import audit_places
from rcs_pipeline.disclosure.engine import name, text

NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)


@dataclass(frozen=True)
class Leak:
    """One way in which a row can say too much (or too little): a sentence and its predicate."""

    says: str
    where: str


def leaks_of(table: ProductTable, product: Product, audience: str, held: tuple[str, ...]) -> list[Leak]:
    """Every way in which a row of a table can leak to an audience that holds the columns `held`."""
    leaks = [Leak("that the warehouse does not have", "truth.__row is null")]
    allowed = "true"
    if place := table.extension.geography_column:
        levels = _levels(product, audience)
        allowed = f"coalesce(truth.{name(place)} in ({levels}), false)"
        finer = f"truth.__row is not null and not {allowed}"
        if place in held:
            finer = f"({finer}) or not coalesce(shown.{name(place)} in ({levels}), false)"
        leaks.append(Leak("below the geographies of the audience", f"shown.__row is not null and ({finer})"))
    if somebodys := audit_places.whose(table, audience, "truth"):
        allowed = f"{allowed} and {somebodys}"
        leaks.append(Leak("of no place", f"truth.__row is not null and not {somebodys}"))
    leaks = [Leak(item.says, f"shown.__row is not null and ({item.where})") for item in leaks]
    leaks.append(Leak("of the warehouse left out without a reason", f"shown.__row is null and {allowed}"))
    for rule in table.extension.hide:
        leaks += _symbols(rule, table, held)
        leaks += _small(rule, table, product.file.disclosure, audience, held)
    return leaks


def rows_asked(table: ProductTable, product: Product, audience: str, held: tuple[str, ...]) -> str:
    """Which rows of the warehouse are held against those written, as SQL.

    A row that says its level is found by that where it lies below the audience's; so nothing need be known of
    the many rows there.
    """
    place = table.extension.geography_column
    return f"{name(place)} in ({_levels(product, audience)})" if place and place in held else "true"


def _levels(product: Product, audience: str) -> str:
    return ", ".join(text(item.value) for item in product.file.audiences[audience].geographies) or "null"


def _symbols(rule: HideRule, table: ProductTable, held: tuple[str, ...]) -> list[Leak]:
    """Symbol and number: always one of the two, never both, and only symbols that the contract knows."""
    symbol = f"shown.{name(rule.symbol_column)}"
    if rule.symbol_column not in held:
        return []
    by_name = {item.name: item for item in table.columns}
    speakers = [by_name[item] for item in (rule.symbol_column, *rule.hides)]
    known = {item.value for column in speakers for item in column.symbols} | set(
        by_name[rule.symbol_column].codes or {}
    )
    listed = ", ".join(text(item) for item in sorted(known)) or "null"
    leaks = [Leak(f"with a symbol in `{rule.symbol_column}` that its contract does not allow",
                  f"{symbol} is not null and not coalesce({symbol} in ({listed}), false)")]  # fmt: skip
    silent = set(rule.hides)
    if rule.kind != "money":
        # Withheld people are withheld whole: whatever number stands beside the symbol may give the hidden
        # one away (a roll times a rate, an effective base). Money leaves its counts in sight.
        silent |= {
            item.name for item in table.columns if item.type in NUMERIC and item.name not in table.grain
        }
    beside = [f"shown.{name(item)} is not null" for item in held if item in silent]
    if beside:
        leaks.append(Leak(f"with a number beside the symbol in `{rule.symbol_column}`",
                          f"{symbol} is not null and ({' or '.join(beside)})"))  # fmt: skip
    main = "estimate" if "estimate" in rule.hides else rule.hides[0]
    if main in held:
        # Where two rules hide a number, the symbol of either says why it is not there.
        others = [f"shown.{name(item)} is null" for item in table.symbols_of(main) if item in held]
        mute = f"shown.__row is not null and shown.{name(main)} is null and {' and '.join(others)}"
        leaks.append(Leak(f"with neither a number in `{main}` nor a symbol", mute))
    return leaks


def _small(
    rule: HideRule, table: ProductTable, policy: DisclosurePolicy, audience: str, held: tuple[str, ...]
) -> list[Leak]:
    """What a visible row says about too few, by the warehouse's figures and by the file's own."""
    visible = " or ".join(f"shown.{name(item)} is not null" for item in rule.hides if item in held) or "false"
    if rule.kind == "derived":
        return [
            Leak(
                f"made of rows of `{cells.table}` that are not shown",
                f"({visible}) and {_unseen(cells, audience)}",
            )
            for cells in rule.made_of
        ]
    if rule.kind != "estimate":
        least = policy.minimum_count if rule.kind == "count" else policy.minimum_providers
        what = "a count" if rule.kind == "count" else "money of providers"
        leaks = []
        for item in rule.tests:
            too_few = [f"(({visible}) and (truth.{name(item)} is null or truth.{name(item)} < {least}))"]
            if item in held and rule.kind == "count":
                too_few.append(f"shown.{name(item)} < {least}")
            leaks.append(Leak(f"with {what} (`{item}`) below {least} in sight", " or ".join(too_few)))
        return leaks
    base, numerator = _base_and_numerator(rule)
    true = _few(policy, f"truth.{name(base)}", f"truth.{name(numerator)}")
    own = _few(policy, f"shown.{name(base)}", f"shown.{name(numerator)}")
    readable = (base in held, numerator in held, {base, numerator} <= set(held))
    unknown = f"truth.{name(base)} is null"
    behind = table.extension.linked.schools if table.extension.linked else None
    few, lonely = policy.minimum_schools, []
    if behind:
        where = f"({visible}) and coalesce(truth.{name(behind)}, 0) < {few}"
        lonely = [Leak(f"of fewer than {few} schools in sight", where)]
    return lonely + [
        Leak(says, f"(({visible}) and ({where} or {unknown}))" + (f" or {own[says]}" if can_read else ""))
        for (says, where), can_read in zip(true.items(), readable, strict=True)
    ]


def of_too_few(rule: HideRule, policy: DisclosurePolicy, rows: str) -> str:
    """That a rule about people hides a row for its own sake, as SQL over the alias `rows`."""
    if rule.kind == "count":
        return " or ".join(f"{rows}.{name(item)} < {policy.minimum_count}" for item in rule.tests)
    base, numerator = (f"{rows}.{name(item)}" for item in _base_and_numerator(rule))
    return " or ".join(_few(policy, base, numerator).values())


def _few(policy: DisclosurePolicy, base: str, numerator: str) -> dict[str, str]:
    """What is too few, in words and as predicates over a base and a numerator."""
    small = policy.small_numerator
    return {
        f"with a base below {policy.minimum_base} in sight": f"{base} < {policy.minimum_base}",
        f"with a numerator of 1 to {small} in sight": f"{numerator} between 0.5 and {small}.5",
        f"with a complement of 1 to {small} in sight": f"{base} - {numerator} between 0.5 and {small}.5",
    }


def _base_and_numerator(rule: HideRule) -> tuple[str, str]:
    """The base first, as the contract says; where it names none, the columns are called so."""
    base, numerator = rule.tests or ("base", "numerator")
    return base, numerator


def _unseen(cells: MadeOf, audience: str) -> str:
    same = [f"unseen.{name(theirs)} = truth.{name(ours)}" for theirs, ours in cells.same.items()]
    same += [
        f"list_contains(string_split(truth.{name(ours)}, ', '), unseen.{name(theirs)})"
        for theirs, ours in cells.listed.items()
    ]
    unseen = name(unseen_of(cells.table, audience))
    return f"exists (select 1 from {unseen} as unseen where {' and '.join(same)})"


def unseen_of(table: str, audience: str) -> str:
    """The temporary table of the rows of a table that an audience has no number of."""
    return f"unseen {audience} {table}"
