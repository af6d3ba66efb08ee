"""Delivery contracts: what a supplier or a partnership sends us, column by column.

Belongs here: the typed extensions of a delivery contract and the records made from it.
Does not belong here: how a file is read or screened (see `intake`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from rcs_pipeline.contracts.errors import ContractError
from rcs_pipeline.contracts.one_name import OneName
from rcs_pipeline.contracts.returns import SummaryTable
from rcs_pipeline.contracts.survey import Survey
from rcs_pipeline.contracts.vocabulary import ColumnType, Format, Identifier, MissingKind, Prefill, Severity
from rcs_pipeline.contracts.yaml_files import Strict

ONLY_DIGITS = re.compile(r"(?:\[0-9\]|\\d|[0-9]|\{[0-9,]+\})+")


class CodeList(Strict):
    """Codes with their labels; an empty label means that the contract does not name it."""

    codes: dict[str, str]

    @field_validator("codes", mode="before")
    @classmethod
    def _codes_as_text(cls, codes: Any) -> Any:
        return {str(code): label for code, label in codes.items()} if isinstance(codes, dict) else codes


class ColumnExtension(Strict):
    """What ODCS has no field for, on one delivered column."""

    aliases: tuple[str, ...] = ()
    code_list: str | None = None
    codes: dict[str, str] | None = None
    missing: dict[str, MissingKind] | None = None
    blank: MissingKind = MissingKind.SKIPPED
    symbols: dict[str, str] = Field(default_factory=dict)
    recode: dict[str, str] = Field(default_factory=dict)
    identifier: Identifier | None = None
    severity: Severity = Severity.REJECT_ROW
    group: str | None = None
    group_values: dict[str, str] = Field(default_factory=dict)
    routed_by: str | None = Field(
        default=None, description="the column whose answer says who is asked this one"
    )
    prefill: Prefill = Prefill.CARRY
    one_name: OneName | None = Field(
        default=None, description="names are counted, and these spellings of one count as one"
    )

    @field_validator("codes", "missing", "symbols", "recode", "group_values", mode="before")
    @classmethod
    def _keys_as_text(cls, mapping: Any) -> Any:
        return {str(key): value for key, value in mapping.items()} if isinstance(mapping, dict) else mapping


class Sheet(Strict):
    """Where the table stands in a workbook."""

    name: str
    header_rows: int = Field(default=1, ge=1, le=3)
    first_row: int = Field(default=1, ge=1)
    note_cells: int = Field(
        default=0, ge=0, description="rows at the end with at most so many cells are notes"
    )


class TemplateTexts(Strict):
    """What a template's start page says to the people who fill it in; every sentence of it is theirs."""

    purpose: str
    used_for: str
    comes_back: str
    deadline: str = Field(default="", description="may hold `{deadline}`, the date from the register")
    ask: str = Field(default="", description="whom to ask")
    totals: tuple[str, ...] = Field(default=(), description="columns whose sum is shown while rows are typed")

    @field_validator("purpose", "used_for", "comes_back", "deadline", "ask", mode="after")
    @classmethod
    def _one_line(cls, text: str) -> str:
        return " ".join(text.split())


class DeliveryOptions(Strict):
    """What ODCS has no field for, on a delivered dataset as a whole."""

    kind: Literal["survey", "map", "roll", "frame"]
    formats: tuple[Format, ...]
    suppliers: tuple[str, ...]
    cpp: str | None = None
    tolerance: float = Field(default=0.1, ge=0, le=1)
    unknown_columns: Literal["block", "ignore"] = "block"
    sheet: Sheet | None = None
    code_lists: dict[str, CodeList] = Field(default_factory=dict)
    missing: dict[str, MissingKind] = Field(default_factory=dict)
    survey: Survey | None = None
    template: TemplateTexts | None = None
    summary: tuple[SummaryTable, ...] = ()
    order: int = Field(default=50, description="datasets with a lower number are taken in first")

    @field_validator("code_lists", mode="before")
    @classmethod
    def _short_lists(cls, lists: Any) -> Any:
        return {name: {"codes": codes} for name, codes in lists.items()} if isinstance(lists, dict) else lists

    @field_validator("missing", mode="before")
    @classmethod
    def _codes_as_text(cls, missing: Any) -> Any:
        return {str(code): kind for code, kind in missing.items()} if isinstance(missing, dict) else missing


class RowRule(Strict):
    """A condition on one row. A row for which it is false (not NULL) breaks it."""

    kind: Literal["row"] = "row"
    holds: str
    columns: tuple[str, ...]
    example: str = ""


class MatchRule(Strict):
    """Where the other dataset knows this key, the two must agree on the compared columns."""

    kind: Literal["match"]
    dataset: str
    keys: dict[str, str]
    agree: dict[str, str] = Field(default_factory=dict)
    must_exist: bool = False
    example: str = ""


class CountRule(Strict):
    """Rows of a group may not outnumber the other dataset's count by more than the allowance."""

    kind: Literal["count"]
    dataset: str
    per: dict[str, str]
    count: str
    allowance: float = Field(default=1.0, ge=1)
    example: str = ""


class VolumeRule(Strict):
    """The number of rows may not differ by more than this share from the delivery that counts now.

    A difference of up to `at_least` rows is never unusual.
    """

    kind: Literal["volume"]
    change: float = Field(gt=0)
    at_least: int = Field(default=0, ge=0)
    example: str = ""


class PeerRule(Strict):
    """A figure of a row may not lie more than so many times above or below the middle of its like.

    Rows are alike that agree in `by`; where fewer than `at_least` have the figure, nothing is said. `{value}`
    in the message is the figure with the middle one beside it.
    """

    kind: Literal["peers"]
    value: str
    by: tuple[str, ...] = Field(min_length=1)
    times: float = Field(gt=1)
    at_least: int = Field(default=5, ge=2)
    columns: tuple[str, ...] = Field(min_length=1)
    example: str = ""


Implementation = RowRule | MatchRule | CountRule | VolumeRule | PeerRule


@dataclass(frozen=True)
class Rule:
    """One declared rule of a delivery contract, with the sentence a person reads."""

    id: str
    name: str
    severity: Severity
    message: str
    fix: str
    check: Implementation


@dataclass(frozen=True)
class Column:
    """One column of a delivery: what may stand in it and what it means."""

    name: str
    type: ColumnType
    description: str
    required: bool = False
    unique: bool = False
    aliases: tuple[str, ...] = ()
    codes: dict[str, str] | None = None
    missing: dict[str, MissingKind] = field(default_factory=dict)
    blank: MissingKind = MissingKind.SKIPPED
    symbols: dict[str, str] = field(default_factory=dict)
    recode: dict[str, str] = field(default_factory=dict)
    identifier: Identifier | None = None
    severity: Severity = Severity.REJECT_ROW
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    max_length: int | None = None
    group: str | None = None
    group_values: dict[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    prefill: Prefill = Prefill.CARRY
    routed_by: str | None = None
    one_name: OneName | None = None

    @property
    def numeric(self) -> bool:
        """Whether values are compared as numbers."""
        return self.type in (ColumnType.INTEGER, ColumnType.NUMBER)


@dataclass(frozen=True)
class DeliveryContract:
    """One dataset as it is sent to us. `purpose` and `usage` are those of the contract as a whole."""

    id: str
    dataset: str
    title: str
    version: str
    description: str
    purpose: str
    usage: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    options: DeliveryOptions
    path: Path

    @property
    def survey(self) -> Survey | None:
        """The survey design, where the dataset is a survey."""
        return self.options.survey

    @property
    def datasets_asked(self) -> frozenset[str]:
        """The datasets that its rules look at, perhaps its own."""
        between = (rule.check for rule in self.rules if isinstance(rule.check, MatchRule | CountRule))
        return frozenset(check.dataset for check in between)

    def column(self, name: str) -> Column:
        """The column called `name`.

        Raises:
            ContractError: the contract has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise ContractError(
            f"There is no column `{name}`", where=str(self.path), expected="one of its columns"
        )

    def stored_column(self, name: str) -> Column:
        """The column called `name`, which must reach the raw lake.

        Raises:
            ContractError: the contract has no such column, or drops it.
        """
        column = self.column(name)
        if column.identifier is Identifier.DROP:
            raise ContractError(
                f"The column `{name}` is dropped at intake, so nothing can be built on it",
                where=str(self.path),
                expected="a column that is stored",
                todo="Take `identifier: drop` away, or write `identifier: pseudonymise`.",
            )
        return column

    @property
    def identifier_inside(self) -> str | None:
        """What a text that holds an identifier as a word of it looks like; nobody repeats or keeps it."""
        either = [
            f"(?:^|[^{edge}])(?:{pattern})(?:$|[^{edge}])" for pattern, edge in self.identifier_patterns
        ]
        return "|".join(either) or None

    @property
    def identifier_patterns(self) -> tuple[tuple[str, str], ...]:
        """What identifiers look like, each with the characters that may not stand beside one.

        A number is one whatever letters it is glued to; a longer number is another.
        """
        given = [item.pattern for item in self.columns if item.identifier and item.pattern]
        bare = [pattern.removeprefix("^").removesuffix("$") for pattern in given]
        return tuple((item, "0-9" if ONLY_DIGITS.fullmatch(item) else "0-9A-Za-z") for item in bare)

    def without_identifiers(self, said: str, instead: str) -> str:
        """`said` with `instead` wherever it holds what looks like an identifier."""
        found = self._identifier_words
        return found.sub(lambda _: instead, said) if found else said

    @cached_property
    def _identifier_words(self) -> re.Pattern[str] | None:
        either = [f"(?<![{edge}])(?:{pattern})(?![{edge}])" for pattern, edge in self.identifier_patterns]
        return re.compile("|".join(either)) if either else None

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """The columns that reach the raw lake: all but the dropped identifiers."""
        return tuple(column for column in self.columns if column.identifier is not Identifier.DROP)
