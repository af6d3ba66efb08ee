"""Recognising a file by its content, never by its name.

Belongs here: format by leading bytes, sha256, size.
Does not belong here: reading rows (see `readers`).
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.vocabulary import Format

CHUNK = 1 << 20
SPSS_MAGIC = (b"$FL2", b"$FL3")
OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Recognised:
    """What a file is, before a row of it is read. `format` is None where it is none that we read."""

    path: Path
    sha256: str
    size_bytes: int
    format: Format | None
    described: str


def recognise(path: Path) -> Recognised:
    """Hash the file and tell its format.

    Raises:
        RcsError: it is not a file, or cannot be read.
    """
    if not path.is_file():
        raise RcsError(
            f"There is {'a folder' if path.is_dir() else 'nothing'} at this path", where=str(path),
            expected="a file", todo="Correct the path.",
        )  # fmt: skip
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with path.open("rb") as handle:
            while chunk := handle.read(CHUNK):
                head = head or chunk[:4096]
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise RcsError(
            f"The file cannot be read: {error.strerror}",
            where=str(path),
            todo="Give this account the right to read it.",
        ) from error
    kind, described = _format(path, head)
    return Recognised(path=path, sha256=digest.hexdigest(), size_bytes=size, format=kind, described=described)


def _format(path: Path, head: bytes) -> tuple[Format | None, str]:
    if not head:
        return None, "an empty file"
    if head[:4] in SPSS_MAGIC:
        return Format.SAV, "an SPSS file"
    if head[:4] == OLD_EXCEL_MAGIC:
        return None, "an old or password-protected Excel file"
    if head[:2] == b"PK":
        return (Format.XLSX, "an Excel workbook") if _is_workbook(path) else (None, "a zip archive")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, "a binary file of a kind that is not known"
    return Format.CSV, "a text file"


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        return False
