"""Recognising a file by its content, never by its name.

Belongs here: format by leading bytes, sha256, size; of a text, what its bytes tell.
Does not belong here: reading rows (see `readers`).
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.vocabulary import Format
from rcs_pipeline.intake.text_file import TextFacts, look, may_be_text
from rcs_pipeline.ledger.paths import file_hash

CHUNK = 1 << 20
HEAD = 4096
SPSS_MAGIC = (b"$FL2", b"$FL3")
PARQUET_MAGIC = b"PAR1"
# A file of Microsoft's compound format: a small file system, whose entries of 128 bytes begin with a name.
COMPOUND_MAGIC = b"\xd0\xcf\x11\xe0"
COMPOUND_ENTRY = 128
COMPOUND_TYPE_AT, COMPOUND_STREAM = 66, 2
ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
PROTECTED_WORKBOOK = "an Excel workbook that is protected by a password"
ARCHIVE = "a zip archive"
BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError, KeyError, zlib.error)
END_OF_DIRECTORY, END_OF_LARGE_DIRECTORY = b"PK\x05\x06", b"PK\x06\x06"
LONGEST_END = (1 << 16) + 200  # a comment of 64 KiB may follow the directory
UNKNOWN_LENGTH = 0xFFFFFFFF
MOST_DIRECTORY = 2 << 20
OTHER_ARCHIVES = {
    b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive",
    b"%PDF": "a PDF",
}  # fmt: skip


@dataclass(frozen=True)
class Recognised:
    """What a file is, before a row of it is read. `format` is None where it is none that we read.

    `archive` says that it is a zip file which may hold one that we read (see `archive`); `text` is what is
    known of a text.
    """

    path: Path
    sha256: str
    size_bytes: int
    format: Format | None
    described: str
    archive: bool = False
    protected: bool = False
    text: TextFacts | None = None


def recognise(path: Path) -> Recognised:
    """Hash the file and tell its format.

    Raises:
        RcsError: it is not a file, or cannot be read.
    """
    kind = _kind_of_entry(path)
    if kind != "a file":
        raise RcsError(
            f"There is {kind} at this path", where=str(path), expected="a file", todo="Correct the path."
        )
    try:
        with path.open("rb") as handle:
            head = handle.read(HEAD)
        form, described = format_of(path, head)
        # Both take a while over a large text, and neither waits for the other.
        with ThreadPoolExecutor(max_workers=1) as beside:
            hashing = beside.submit(file_hash, path)
            text = look(path) if form is Format.CSV else None
            sha256, size = hashing.result(), path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    return Recognised(
        path=path, sha256=sha256, size_bytes=size, format=form, described=described,
        archive=described == ARCHIVE, protected=described == PROTECTED_WORKBOOK, text=text,
    )  # fmt: skip


def state_of(path: Path) -> tuple[int, ...]:
    """What changes when a file does; empty where there is none (`recognise` says so)."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def format_of(path: Path, head: bytes) -> tuple[Format | None, str]:
    """The format of a file by its content (`head` is its beginning), and what to call it."""
    if not head:
        return None, "an empty file"
    if head[:4] in SPSS_MAGIC:
        return Format.SAV, "an SPSS file"
    if head[:4] == PARQUET_MAGIC:
        return Format.PARQUET, "a Parquet file"
    if head[:4] == COMPOUND_MAGIC:
        return _compound(path)
    if head[:2] == b"PK":
        return _zipped(path)
    for magic, described in OTHER_ARCHIVES.items():
        if head.startswith(magic):
            return None, described
    if not may_be_text(head):
        return None, "a binary file of a kind that is not known"
    return Format.CSV, "a text file"


def _kind_of_entry(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "nothing"
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if stat.S_ISREG(mode):
        return "a file"
    return "a folder" if stat.S_ISDIR(mode) else "something that is neither a file nor a folder"


def _unreadable(path: Path, error: Exception) -> RcsError:
    why = getattr(error, "strerror", None) or str(error)
    return RcsError(
        f"The file cannot be read: {why}", where=str(path), todo="Give this account the right to read it."
    )


def _compound(path: Path) -> tuple[Format | None, str]:
    """An old workbook, or the envelope that Excel puts around a new one with a password."""
    names = _streams(path)
    if "EncryptedPackage" in names:
        return None, PROTECTED_WORKBOOK
    if names & {"Workbook", "Book"}:
        return Format.XLS, "an old Excel workbook (.xls)"
    if "WordDocument" in names:
        return None, "an old Word document"
    return None, "an old Office file that holds no workbook, or is damaged"


def _streams(path: Path) -> set[str]:
    """Which of the names that matter the compound file has, wherever its directory lies."""
    wanted = {
        name: name.encode("utf-16-le") for name in ("EncryptedPackage", "Workbook", "Book", "WordDocument")
    }
    found: set[str] = set()
    with path.open("rb") as handle:
        # Entries never straddle two reads: both begin at multiples of 128.
        while chunk := handle.read(CHUNK):
            for name, coded in wanted.items():
                at = chunk.find(coded)
                while at >= 0 and name not in found:
                    whole = chunk[at + len(coded) : at + len(coded) + 2] == b"\x00\x00"
                    stream = chunk[at + COMPOUND_TYPE_AT : at + COMPOUND_TYPE_AT + 1] == bytes(
                        [COMPOUND_STREAM]
                    )
                    if at % COMPOUND_ENTRY == 0 and whole and stream:
                        found.add(name)
                    at = chunk.find(coded, at + 1)
    return found


def _zipped(path: Path) -> tuple[Format | None, str]:
    """A workbook of today is a zip archive; what is inside says which program's."""
    names, kind = zip_names(path)
    if names is None:
        return None, "a zip archive that is damaged"
    if "xl/workbook.xml" in names:
        return Format.XLSX, "an Excel workbook"
    if kind.startswith(ODS_TYPE):
        return Format.ODS, "an OpenDocument spreadsheet"
    if "xl/workbook.bin" in names:
        return None, "a binary Excel workbook (.xlsb)"
    if "word/document.xml" in names:
        return None, "a Word document"
    if kind.startswith(b"application/vnd.oasis.opendocument"):
        return None, "an OpenDocument file that is no spreadsheet"
    return None, ARCHIVE


def zip_names(path: Path) -> tuple[set[str] | None, bytes]:
    """The names inside a zip archive and its `mimetype`; None where it is damaged or its list is too long."""
    try:
        if directory_bytes(path) > MOST_DIRECTORY:
            return set(), b""
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "mimetype" not in names or archive.getinfo("mimetype").flag_bits & 1:
                return names, b""
            with archive.open("mimetype") as member:
                return names, member.read(len(ODS_TYPE) * 2)
    except BROKEN_ZIP:
        return None, b""


def directory_bytes(path: Path) -> int:
    """How long the list of entries of a zip archive says it is; zipfile would read all of it at once.

    Raises:
        zipfile.BadZipFile: there is none.
    """
    with path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - LONGEST_END))
        tail = handle.read()
        at = tail.rfind(END_OF_DIRECTORY)
        if at < 0 or len(tail) < at + 22:
            raise zipfile.BadZipFile("no end of directory")
        length = int.from_bytes(tail[at + 12 : at + 16], "little")
        large = tail.rfind(END_OF_LARGE_DIRECTORY, 0, at)
        if large >= 0 and len(tail) >= large + 48:
            length = max(
                length if length != UNKNOWN_LENGTH else 0,
                int.from_bytes(tail[large + 40 : large + 48], "little"),
            )
        return length
