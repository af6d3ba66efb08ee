"""The rule book: what every rule checks, how bad it is, how to mend it, and where it applies.

Belongs here: joining the message catalogue with the rules that delivery contracts write out.
Does not belong here: checking anything (see `intake`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rcs_pipeline.contracts.catalogue import Catalogue
from rcs_pipeline.contracts.delivery import Column, DeliveryContract, Rule
from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.contracts.returns import return_rules
from rcs_pipeline.contracts.vocabulary import ColumnType, Identifier, Severity

# Which columns of a contract a rule of the catalogue can be about; a rule that is not named here may be
# about any file.
COLUMNS: dict[str, Callable[[DeliveryContract, Column], bool]] = {
    "RCS-C01": lambda _, column: column.required,
    "RCS-C02": lambda _, column: column.type is not ColumnType.STRING and column.identifier is None,
    "RCS-C03": lambda _, column: bool(column.codes),
    "RCS-C04": lambda _, column: not column.codes and not (column.minimum is column.maximum is None),
    "RCS-C05": lambda _, column: column.pattern is not None,
    "RCS-C06": lambda contract, column: column.unique or column.name in contract.key,
    "RCS-C07": lambda _, column: column.max_length is not None,
    "RCS-C08": lambda _, column: bool(column.recode),
    "RCS-C09": lambda _, column: bool(column.symbols),
    "RCS-C15": lambda _, column: column.one_name is not None,
    "RCS-F08": lambda contract, column: column.name == contract.options.cpp,
    "RCS-F09": lambda _, column: bool(column.codes),
}
PLACEHOLDERS = {
    "{column}": "<the column>", "{value}": "<what you entered>", "{expected}": "<what we expected>",
    "{detail}": "<the particulars>",
}  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """A rule in full. `applies` lists the columns of each dataset; without columns it is about files."""

    id: str
    name: str
    severity: Severity
    meaning: str
    message: str
    fix: str
    example: str
    applies: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        words = return_rules().severities[self.severity]
        lines = [
            f"{self.id}: {self.name}",
            f"Severity: {self.severity.value} ({words.label}). {self.meaning}",
            f"What you read: {self.message}",
            f"What to do: {self.fix}",
            f"Example: {self.example}" if self.example else "",
            "Applies to:",
            *(f"  {dataset}: {', '.join(columns) or 'the file'}" for dataset, columns in self.applies),
        ]
        return "\n".join(line for line in lines if line)


def explain(catalogue: Catalogue, rule_id: str) -> Explained:
    """The rule with this id, in capitals or not.

    Raises:
        RcsError: there is none; names the nearest.
    """
    from difflib import get_close_matches

    book = {item.id: item for item in rulebook(catalogue)}
    wanted = rule_id.upper()
    if wanted in book:
        return book[wanted]
    near = get_close_matches(wanted, book, n=1)
    raise RcsError(
        f"There is no rule `{rule_id}`",
        expected=f"`{near[0]}`?" if near else "an id such as RCS-C03",
        todo="Copy it from a finding; `rcs rule` without an id lists them all.",
    )


def rulebook(catalogue: Catalogue) -> tuple[Explained, ...]:
    """Every rule: those of the catalogue, then those of the contracts, in the order of their files."""
    common = [_common(catalogue, entry) for entry in catalogue.messages.values()]
    written = [_written(item, rule) for item in catalogue.deliveries.values() for rule in item.rules]
    return (*common, *written)


def _common(catalogue: Catalogue, entry: Message) -> Explained:
    about = COLUMNS.get(entry.id)
    applies = []
    for contract in catalogue.deliveries.values():
        columns = [column for column in contract.columns if about is not None and about(contract, column)]
        names = tuple(column.name for column in columns if column.identifier is not Identifier.DROP)
        if names or about is None:
            applies.append((contract.dataset, names))
    meaning = return_rules().severities[entry.severity].meaning
    if about is not None and entry.severity is Severity.REJECT_ROW:
        meaning += " A contract may set a milder or a harder one for a column of its own."
    message = entry.message
    for sign, words in PLACEHOLDERS.items():
        message = message.replace(sign, words)
    return Explained(
        id=entry.id, name=entry.name, severity=entry.severity, meaning=meaning, message=message.strip(),
        fix=entry.fix, example=entry.example, applies=tuple(applies),
    )  # fmt: skip


def _written(contract: DeliveryContract, rule: Rule) -> Explained:
    check = rule.check
    columns: tuple[str, ...] = ()
    for field in ("columns", "keys", "per"):
        columns += tuple(getattr(check, field, ()))
    return Explained(
        id=rule.id, name=rule.name, severity=rule.severity,
        meaning=return_rules().severities[rule.severity].meaning, message=rule.message, fix=rule.fix,
        example=getattr(check, "example", ""), applies=((contract.dataset, columns),),
    )  # fmt: skip
