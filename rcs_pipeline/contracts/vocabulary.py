"""The closed lists that contracts and code share.

Belongs here: enums whose members are words of the glossary.
Does not belong here: anything that reads or decides.
"""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """What a finding does to the row or file it is about."""

    BLOCK = "block"
    REJECT_ROW = "reject_row"
    CONFIRM = "confirm"
    ADVISE = "advise"


class MissingKind(StrEnum):
    """Why an answer is not there. The kinds never collapse into one."""

    SKIPPED = "skipped"
    NOT_ASKED = "not_asked"
    ROUTED_OUT = "routed_out"
    REFUSED = "refused"
    DONT_KNOW = "dont_know"


class ColumnType(StrEnum):
    """The logical types of ODCS that a delivered or published column may have."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"


class Identifier(StrEnum):
    """What intake does with a column that identifies a person."""

    PSEUDONYMISE = "pseudonymise"
    DROP = "drop"


class Prefill(StrEnum):
    """What a template's column starts with, where the partnership sent rows in an earlier wave."""

    CARRY = "carry"
    COLLECTED = "collected"
    EMPTY = "empty"


class Symbol(StrEnum):
    """Why a published cell has no number."""

    CONFIDENTIAL = "c"
    LOW = "low"
    NOT_AVAILABLE = "x"
    NOT_APPLICABLE = "z"
    UNRELIABLE = "u"


class Weighting(StrEnum):
    """Whether the estimates of an instrument count pupils by their weights or each once."""

    WEIGHTED = "weighted"
    UNWEIGHTED = "unweighted"


class Polarity(StrEnum):
    """Which direction of a measure is the better one."""

    HIGHER_IS_BETTER = "higher_is_better"
    LOWER_IS_BETTER = "lower_is_better"
    NEITHER = "neither"


class Shanarri(StrEnum):
    """The eight wellbeing indicators of the national approach to children."""

    SAFE = "safe"
    HEALTHY = "healthy"
    ACHIEVING = "achieving"
    NURTURED = "nurtured"
    ACTIVE = "active"
    RESPECTED = "respected"
    RESPONSIBLE = "responsible"
    INCLUDED = "included"


class GeographyLevel(StrEnum):
    """The ladder from one school to the whole programme."""

    PROGRAMME = "programme"
    TRANCHE = "tranche"
    CPP = "cpp"
    LEARNING_COMMUNITY = "learning_community"
    SCHOOL = "school"


class Format(StrEnum):
    """The file formats that intake reads."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    SAV = "sav"
    PARQUET = "parquet"


WORKBOOKS = (Format.XLSX, Format.XLS, Format.ODS)
