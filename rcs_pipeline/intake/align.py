"""Aligning a file's headers (and value labels) with the contract: frozen, never guessed.

Belongs here: which header is which contract column, and findings about those that are none.
Does not belong here: cells (see `load`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.intake.findings import Finding, file_finding
from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError

SIMILARITY = 0.6
LONG_NUMBER = re.compile(r"[0-9]{5,}")  # in a header it is a misplaced cell, perhaps an identifier


@dataclass(frozen=True)
class Alignment:
    """Which position in the file holds which contract column, and what did not fit."""

    positions: dict[str, int]
    findings: tuple[Finding, ...]


def align(source: SourceTable, contract: DeliveryContract, messages: dict[str, Message]) -> Alignment:
    """Match headers to contract columns by name or accepted alias, ignoring case and outer blanks.

    Raises:
        UnreadableFileError: not one header is known.
    """
    spoken = {
        label.strip().lower(): column.name
        for column in contract.columns
        for label in (column.name, *column.aliases)
    }
    if not any(header.strip().lower() in spoken for header in source.headers):
        # Naming them would print the first pupil's row.
        raise UnreadableFileError("none of its column names is one that we know; the header may be missing")
    positions: dict[str, int] = {}
    unknown: list[str] = []
    findings: list[Finding] = []
    for index, header in enumerate(source.headers):
        name = spoken.get(header.strip().lower())
        if name is None:
            unknown.append(LONG_NUMBER.sub("(a number)", header) or f"(column {index + 1} has no name)")
        elif name in positions:
            findings.append(
                file_finding(messages, "RCS-F06", column=header, expected=name, sheet=source.sheet)
            )
        else:
            positions[name] = index
    absent = [column.name for column in contract.columns if column.name not in positions]
    findings += [_missing(name, unknown, messages, source.sheet) for name in absent]
    if contract.options.unknown_columns == "block":
        findings += [_unknown(header, absent, messages, source.sheet) for header in unknown]
    findings += _labels(source, contract, positions, messages)
    return Alignment(positions=positions, findings=tuple(findings))


def _missing(name: str, unknown: list[str], messages: dict[str, Message], sheet: str | None) -> Finding:
    near = get_close_matches(name, unknown, n=1, cutoff=SIMILARITY)
    detail = f"The header `{near[0]}` in your file looks like it." if near else ""
    return file_finding(messages, "RCS-F04", column=name, detail=detail, sheet=sheet)


def _unknown(header: str, absent: list[str], messages: dict[str, Message], sheet: str | None) -> Finding:
    near = get_close_matches(header.lower(), absent, n=1, cutoff=SIMILARITY)
    detail = f"Did you mean `{near[0]}`?" if near else ""
    return file_finding(messages, "RCS-F05", column=header, detail=detail, sheet=sheet)


def _labels(
    source: SourceTable, contract: DeliveryContract, positions: dict[str, int], messages: dict[str, Message]
) -> list[Finding]:
    """A code whose label moved is the worst drift: the numbers still fit, and mean something else."""
    findings = []
    for column in contract.columns:
        if column.codes is None or column.name not in positions:
            continue
        labels = source.value_labels.get(source.headers[positions[column.name]], {})
        wrong = _disagreements(column, labels)
        if wrong:
            findings.append(
                file_finding(
                    messages, "RCS-F09", column=column.name, detail="; ".join(wrong), sheet=source.sheet
                )
            )
    return findings


def _disagreements(column: Column, labels: object) -> list[str]:
    wrong = []
    for code, label in dict(labels).items():  # type: ignore[call-overload]
        expected = (column.codes or {}).get(code)
        if expected is None:
            if code not in column.missing:
                wrong.append(f"{code} is `{label}` in the file and unknown to the contract")
        elif expected and expected.strip().casefold() != str(label).strip().casefold():
            wrong.append(f"{code} is `{label}` in the file and `{expected}` in the contract")
    return wrong
