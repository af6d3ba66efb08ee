"""Limits of intake: how large and how nested a delivered file may be.

Belongs here: the model of `data_contracts/limits/intake.yaml`.
Does not belong here: measuring a file against them (see `intake`).
"""

from __future__ import annotations

from pydantic import Field

from rcs_pipeline.contracts.yaml_files import Strict


class Limit(Strict):
    """A number, and why it is that one."""

    value: int = Field(ge=1)
    reason: str = Field(min_length=1)


class Words(Strict):
    """A list of words, and why it is that one."""

    words: tuple[str, ...]
    reason: str = Field(min_length=1)


class IntakeLimits(Strict):
    """What a delivered file may be at most, and by what words a row of totals is known."""

    columns: Limit
    file_bytes: Limit
    cell_characters: Limit
    workbook_cells: Limit
    workbook_expanded_bytes: Limit
    parquet_cells: Limit
    archive_entries: Limit
    archive_directory_bytes: Limit
    archive_expanded_bytes: Limit
    archive_ratio: Limit
    archive_ratio_from_bytes: Limit
    reading_seconds: Limit
    reading_memory_bytes: Limit
    header_search_rows: Limit
    totals_words: Words

    def numbers(self) -> dict[str, int]:
        """The bare numbers by name."""
        limits = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: limit.value for name, limit in limits.items() if isinstance(limit, Limit)}
