"""Aligning a file's headers (and value labels) with the contract: frozen, never guessed.

Belongs here: which header is which contract column, the accepted mappings of the sender, and findings
about headers that are none.
Does not belong here: cells (see `load`), proposing a mapping (see `proposal`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.messages import Message
from rcs_pipeline.intake.findings import Finding, file_finding
from rcs_pipeline.intake.proposal import PROPOSED, SIMILARITY, normal, propose
from rcs_pipeline.intake.readers import SourceTable, UnreadableFileError
from rcs_pipeline.ledger.decisions import Mapping

LONG_NUMBER = re.compile(r"[0-9]{5,}")  # in a header it is a misplaced cell, perhaps an identifier


@dataclass(frozen=True)
class Alignment:
    """Which position in the file holds which contract column, and what did not fit."""

    positions: dict[str, int]
    findings: tuple[Finding, ...]


def align(
    source: SourceTable,
    contract: DeliveryContract,
    messages: dict[str, Message],
    agreed: dict[str, Mapping] | None = None,
) -> Alignment:
    """Match headers to contract columns by name, accepted alias or the sender's mappings.

    Case and outer blanks do not matter. The contract's own words come before any mapping.

    Args:
        source: the opened file.
        contract: what its columns should be.
        messages: the words of findings.
        agreed: the mappings in force for the sender, by normal header.

    Raises:
        UnreadableFileError: not one header is known.
    """
    agreed = agreed or {}
    spoken = {
        label.strip().lower(): column.name
        for column in contract.columns
        for label in (column.name, *column.aliases)
    }
    if not any(normal(header) in spoken or normal(header) in agreed for header in source.headers):
        # Naming them would print the first pupil's row.
        raise UnreadableFileError("none of its column names is one that we know; the header may be missing")
    columns = {column.name for column in contract.columns}
    positions: dict[str, int] = {}
    unknown: list[str] = []
    findings: list[Finding] = []
    for index, header in enumerate(source.headers):
        mapping = agreed.get(normal(header)) if normal(header) not in spoken else None
        name = mapping.ours if mapping else spoken.get(normal(header))
        shown = LONG_NUMBER.sub("(a number)", header) or f"(column {index + 1} has no name)"
        if mapping is not None and (name is None or name in columns):
            findings.append(_applied(mapping, header, messages, source.sheet))
        if mapping is not None and name is None:
            continue
        if name is None or name not in columns:
            unknown.append(shown)
        elif name in positions:
            findings.append(
                file_finding(messages, "RCS-F06", column=header, expected=name, sheet=source.sheet)
            )
        else:
            positions[name] = index
    absent = [column.name for column in contract.columns if column.name not in positions]
    findings += _drift(contract, absent, unknown, messages, source.sheet)
    findings += _labels(source, contract, positions, messages)
    return Alignment(positions=positions, findings=tuple(findings))


def _applied(mapping: Mapping, header: str, messages: dict[str, Message], sheet: str | None) -> Finding:
    """Says that a decision was used, whose it was, and when it was made."""
    rule_id = "RCS-F60" if mapping.ours else "RCS-F61"
    who = f"{mapping.claimed_name} on {mapping.accepted_at[:10]} (mapping {mapping.id})"
    return file_finding(
        messages, rule_id, column=header, expected=mapping.ours or "", detail=who, sheet=sheet
    )


def _drift(
    contract: DeliveryContract, absent: list[str], unknown: list[str], messages: dict[str, Message],
    sheet: str | None,
) -> list[Finding]:  # fmt: skip
    """What stops the file, and the mapping that would let it pass, as a whole."""
    stray = unknown if contract.options.unknown_columns == "block" else []
    findings = [_missing(name, unknown, messages, sheet) for name in absent]
    findings += [_unknown(header, absent, messages, sheet) for header in stray]
    if findings:
        proposal = propose(stray, absent, contract)
        if not proposal.empty:
            findings.append(file_finding(messages, PROPOSED, detail=str(proposal), sheet=sheet))
    return findings


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
