"""Zip archives: the one data file inside, or a sentence why there is none that may be opened.

Belongs here: what makes an archive safe to open, for files that are sent in one and for workbooks, which are
archives too; unpacking.
Does not belong here: what the file inside means (see `readers`).

Nothing is unpacked under a name that the archive chooses, and no size is believed that was not counted.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import NoReturn

from rcs_pipeline.intake.recognise import BROKEN_ZIP, CHUNK, HEAD, Recognised, directory_bytes, format_of
from rcs_pipeline.intake.unreadable import UnreadableFileError

REFUSED, TOO_LARGE = "RCS-F21", "RCS-F22"
ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
# What programs put beside the file that a person packed.
LITTER = ("__MACOSX/", "._", ".DS_Store", "Thumbs.db", "desktop.ini")
UNPACKED = "unpacked"


def members(path: Path, limits: Mapping[str, int], expanded: str) -> list[zipfile.ZipInfo]:
    """The files inside an archive, after every check that needs no unpacking.

    Args:
        expanded: which limit holds for the sum of their sizes.

    Raises:
        UnreadableFileError: damaged, too large, encrypted, or with names that lead out of a folder.
    """
    try:
        if directory_bytes(path) > limits["archive_directory_bytes"]:
            _refuse(TOO_LARGE, "the list of what is in the archive is longer than we read")
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except BROKEN_ZIP as error:
        raise UnreadableFileError("the archive is damaged or incomplete") from error
    if len(entries) > limits["archive_entries"]:
        _refuse(TOO_LARGE, f"the archive holds {len(entries)} files, more than {limits['archive_entries']}")
    for entry in entries:
        _check_name(entry)
    files = [entry for entry in entries if not entry.is_dir()]
    total = sum(entry.file_size for entry in files)
    if total > limits[expanded]:
        _refuse(
            TOO_LARGE, f"it would take {total >> 20:,} MiB unpacked, more than {limits[expanded] >> 20:,}"
        )
    packed = max(1, path.stat().st_size)
    _check_ratio(total, packed, limits)
    return files


def unwrapped(recognised: Recognised, limits: Mapping[str, int], work: Path) -> Recognised:
    """The one data file inside an archive, unpacked into `work`; identity and size stay those of the archive.

    Raises:
        UnreadableFileError: see `members`; or not exactly one file, or it is an archive again.
    """
    inside = [
        entry for entry in members(recognised.path, limits, "archive_expanded_bytes") if not _is_litter(entry)
    ]
    if len(inside) != 1:
        _refuse(REFUSED, f"the archive holds {len(inside) or 'no'} files where we expect exactly one")
    target = work / UNPACKED
    head = _unpack(recognised.path, inside[0], target, limits)
    if not head:
        _refuse("RCS-F03", "")
    form, described = format_of(target, head)
    if form is None:
        _refuse(REFUSED, f"the file in the archive is {described}")
    return replace(recognised, path=target, format=form, described=described, archive=False)


def _unpack(path: Path, entry: zipfile.ZipInfo, target: Path, limits: Mapping[str, int]) -> bytes:
    """Write the entry to `target`, counting; return its beginning."""
    head, size = b"", 0
    with target.open("xb") as sink:
        for chunk in _content(path, entry):
            head = head or chunk[:HEAD]
            size += len(chunk)
            if size > limits["archive_expanded_bytes"]:
                _refuse(TOO_LARGE, f"it takes more than {limits['archive_expanded_bytes'] >> 20:,} MiB")
            _check_ratio(size, max(1, entry.compress_size), limits)
            sink.write(chunk)
    return head


def _content(path: Path, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    # Writing is not in here: a full disk says nothing about the file.
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entry) as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except (*BROKEN_ZIP, RuntimeError) as error:
        raise UnreadableFileError("the archive is damaged or incomplete") from error


def _check_name(entry: zipfile.ZipInfo) -> None:
    # `orig_filename`: zipfile has already replaced the backslashes and cut the NUL in `filename`.
    name = entry.orig_filename
    parts = PureWindowsPath(name)  # knows both kinds of slash, and drives
    if parts.drive or parts.root or ".." in parts.parts or "\x00" in name:
        _refuse(REFUSED, "a name in the archive leads out of the folder it would be unpacked to")
    if stat.S_ISLNK(entry.external_attr >> 16):
        _refuse(REFUSED, "the archive holds a link to another place instead of a file")
    if entry.flag_bits & ENCRYPTED_FLAGS:
        _refuse("RCS-F20", "the archive")


def _check_ratio(size: int, packed: int, limits: Mapping[str, int]) -> None:
    if size > limits["archive_ratio_from_bytes"] and size > packed * limits["archive_ratio"]:
        _refuse(
            TOO_LARGE, f"it grows to more than {limits['archive_ratio']} times its size, as no data file does"
        )


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    return name.startswith(LITTER) or name.rsplit("/", 1)[-1].startswith(LITTER)


def _refuse(rule_id: str, detail: str) -> NoReturn:
    raise UnreadableFileError(detail, rule_id)
