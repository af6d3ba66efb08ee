"""What people see for a code, and the way back: a workbook's cell may hold a code or its label.

Belongs here: the words a dropdown shows, and turning them into codes before the file is loaded.
Does not belong here: text that is neither (see `screen`), labels that an SPSS file brings (see `align`).
"""

from __future__ import annotations

from dataclasses import replace

from rcs_pipeline.contracts.delivery import Column, DeliveryContract
from rcs_pipeline.contracts.vocabulary import MissingKind
from rcs_pipeline.intake.readers import SourceTable
from rcs_pipeline.intake.sql import text

# A short code (1, A, P5) is what people know; a longer one (`council_education`) they need not see.
SHORT_CODE = 2
MISSING_WORDS = {
    MissingKind.SKIPPED: "Not answered",
    MissingKind.NOT_ASKED: "Not asked",
    MissingKind.ROUTED_OUT: "Led past the question",
    MissingKind.REFUSED: "Refused",
    MissingKind.DONT_KNOW: "Not known",
}


def shown(column: Column) -> dict[str, str]:
    """Code -> what a dropdown shows for it (codes for missing answers last); each reads back as its code."""
    back = _spoken(column)
    words = {code: _words(code, label, column) for code, label in _labels(column).items()}
    return {code: word if back.get(_folded(word)) == code else code for code, word in words.items()}


def with_codes(source: SourceTable, contract: DeliveryContract, positions: dict[str, int]) -> SourceTable:
    """The same workbook with every label of a closed list replaced by its code.

    Other formats are left alone: what stands in them was written by a program, which uses codes.
    """
    if source.sheet is None:
        return source
    cells = []
    for column in contract.stored_columns:
        back = _spoken(column) if column.codes and column.name in positions else {}
        if back:
            cell = f"c{positions[column.name]}"
            cases = " ".join(f"when {text(word)} then {text(code)}" for word, code in back.items())
            cells.append(f"case lower(trim({cell})) {cases} else {cell} end as {cell}")
    if not cells:
        return source
    return replace(source, relation=f"(select * replace ({', '.join(cells)}) from {source.relation})")


def _labels(column: Column) -> dict[str, str]:
    missing = {code: MISSING_WORDS[kind] for code, kind in column.missing.items()}
    return {**(column.codes or {}), **missing}


def _words(code: str, label: str, column: Column) -> str:
    if not label or label == code:
        return code
    if code in column.missing:
        return f"{label} ({code})"
    return f"{code} - {label}" if len(code) <= SHORT_CODE or label in column.recode else label


def _spoken(column: Column) -> dict[str, str]:
    """Words -> code, without those that two codes share or that are a code, an old code or a symbol."""
    taken = {_folded(word): word for word in (*_labels(column), *column.recode, *column.symbols)}
    found: dict[str, set[str]] = {}
    for code, label in _labels(column).items():
        for words in (label, f"{code} - {label}", f"{label} ({code})") if label not in ("", code) else ():
            found.setdefault(_folded(words), set()).add(code)
    alone = {words: min(codes) for words, codes in found.items() if len(codes) == 1}
    return {words: code for words, code in alone.items() if taken.get(words, code) == code}


def _folded(words: str) -> str:
    return words.strip().lower()
