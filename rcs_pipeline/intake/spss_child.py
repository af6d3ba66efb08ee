"""Reading an SPSS file (.sav, .zsav) in the reading process.

Belongs here: pyreadstat, and turning its lists into Arrow, some thousands of rows at a time.
Does not belong here: what the columns mean (see `spss_reader`).

`user_missing=True` matters twice: without it pyreadstat turns declared missing codes into NaN, and
says nothing of which codes were declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rcs_pipeline.intake.reading_child import Table
from rcs_pipeline.intake.unreadable import UnreadableFileError

CHUNK_ROWS = 20_000
SECONDS_PER_DAY = 86_400
DAYS_TO_1970 = 141_428  # SPSS counts from 14 October 1582
LAST_DAY = 2_932_896  # 31 December 9999; what lies beyond is no day
# How SPSS shows a number of seconds that stands for a day.
DAY_FORMATS = ("DATE", "ADATE", "EDATE", "SDATE", "JDATE", "MOYR", "QYR", "WKYR", "YMDHMS")
# Files from before SPSS 21 may not say how their letters are coded; most of them come from Windows.
ENCODINGS = (None, "WINDOWS-1252")
BROKEN = "the SPSS file is damaged or incomplete"


def read(request: dict[str, Any]) -> Table:
    """The rows as columns c0, c1, ...: text, DOUBLE, or DATE.

    Raises:
        UnreadableFileError: the file is broken or has too many columns.
    """
    import pyreadstat

    broken = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError, ValueError)
    path, most = request["path"], request["limits"]["columns"]
    for encoding in ENCODINGS:
        try:
            meta = _read(path, encoding, metadataonly=True)[1]
            if len(meta.column_names) > most:
                raise UnreadableFileError(
                    f"it has {len(meta.column_names)} columns, more than {most}", "RCS-F22"
                )
            first = _read(path, encoding, row_limit=CHUNK_ROWS)
        except broken:
            continue
        table = _arrow(*first)
        return Table(_about(first[1]), _chunks(path, encoding, table), table.schema, list)
    raise UnreadableFileError(BROKEN)


def _chunks(path: str, encoding: str | None, first: Any) -> Iterator[Any]:
    offset, table = 0, first
    while True:
        yield from table.to_batches()
        if table.num_rows < CHUNK_ROWS:
            return
        offset += CHUNK_ROWS
        table = _arrow(*_read(path, encoding, row_offset=offset, row_limit=CHUNK_ROWS))


def _read(path: str, encoding: str | None, **how: Any) -> tuple[Any, Any]:
    import pyreadstat

    columns, meta = pyreadstat.read_sav(
        path,
        output_format="dict",
        user_missing=True,
        disable_datetime_conversion=True,
        encoding=encoding,
        **how,
    )
    return columns, meta


def _about(meta: Any) -> dict[str, Any]:
    """Headers, value labels, the codes declared missing, and questions with several answers."""
    labels = {
        name: {_code(code): str(label) for code, label in items.items()}
        for name, items in meta.variable_value_labels.items()
    }
    missing = {
        name: [[item["lo"], item["hi"]] for item in ranges]
        for name, ranges in (meta.missing_ranges or {}).items()
    }
    sets = [
        {"columns": list(item["variable_list"]), "counted": item.get("counted_value") or None}
        for item in (meta.mr_sets or {}).values()
    ]
    return {"headers": list(meta.column_names), "value_labels": labels, "missing": missing, "sets": sets}


def _arrow(columns: dict[str, Any], meta: Any) -> Any:
    import pyarrow as pa

    kinds, displays = meta.readstat_variable_types, meta.original_variable_types
    arrays = {
        f"c{index}": _array(columns[name], kinds[name], displays[name])
        for index, name in enumerate(meta.column_names)
    }
    return pa.table(arrays)


def _array(values: Any, kind: str, display: str) -> Any:
    """Text as text, numbers as DOUBLE with NaN as NULL, SPSS dates (seconds since 1582) as DATE."""
    import numpy as np
    import pyarrow as pa

    if kind == "string":
        return pa.array(values, pa.string())
    numbers = np.array(values, dtype="float64")  # None becomes NaN
    if display.startswith(DAY_FORMATS):
        days = np.floor(numbers / SECONDS_PER_DAY) - DAYS_TO_1970
        known = np.abs(days) <= LAST_DAY
        return pa.array(np.where(known, days, 0).astype("int32"), pa.int32(), mask=~known).cast(pa.date32())
    return pa.array(numbers, pa.float64(), mask=np.isnan(numbers))


def _code(code: Any) -> str:
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)
