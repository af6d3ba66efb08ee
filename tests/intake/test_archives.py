"""A zip file is opened when it holds one data file and nothing that could do harm."""

from __future__ import annotations

import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from rcs_pipeline.intake.recognise import recognise
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import HEADERS, as_csv, as_workbook, found, home, rows, stored, take

GOOD = as_csv(rows(3))
LONG_ENOUGH = 20


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


def packed(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return path


def refused(space: Workspace, path: Path) -> tuple[str, str]:
    """The rule and the sentence by which a file is refused; nothing of it is kept but the original."""
    begun = time.monotonic()
    receipt = take(space, path).receipt
    assert time.monotonic() - begun < LONG_ENOUGH
    assert receipt.state is ReceiptState.REFUSED
    assert not list(space.paths.raw.rglob("*.parquet"))
    assert list(space.paths.work.iterdir()) == []
    ((rule, _, _),) = found(space, receipt)
    return rule, str(receipt.reason)


def test_the_file_in_an_archive_is_judged_by_its_content(space: Workspace, tmp_path: Path) -> None:
    table = [list(HEADERS), *([item[name] for name in HEADERS] for item in rows(3))]
    book = as_workbook(table, tmp_path / "a.xlsx").read_bytes()
    for name, content, form in (("sent.txt", GOOD, "csv"), ("folder/sent.csv", book, "xlsx")):
        path = packed(
            tmp_path / f"{form}.zip", (name, content), ("__MACOSX/._sent", b"x"), (".DS_Store", b"x")
        )
        receipt = take(space, path).receipt
        assert (receipt.format, receipt.rows_accepted) == (form, 3)
        assert receipt.sha256 == recognise(path).sha256
        assert receipt.size_bytes == path.stat().st_size
        assert (space.paths.originals / receipt.sha256).read_bytes() == path.read_bytes()
    assert list(space.paths.work.iterdir()) == []


def test_a_damaged_archive_is_refused(space: Workspace, tmp_path: Path) -> None:
    whole = packed(tmp_path / "a.zip", ("a.csv", GOOD)).read_bytes()
    for content in (whole[:-30], whole[:40] + b"\xff\xff" + whole[42:]):
        (tmp_path / "a.zip").write_bytes(content)
        assert refused(space, tmp_path / "a.zip")[0] == "RCS-F01"


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("a.csv")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    return entry


def named(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = entry.orig_filename = name
    return entry


UNSAFE = {
    "two files": ([("a.csv", GOOD), ("b.csv", GOOD)], "2 files where we expect exactly one"),
    "no file": ([("folder/", b"")], "no files where we expect exactly one"),
    "an archive in it": ([("b.zip", b"")], "a zip archive"),
    "a way out": ([("../../a.csv", GOOD)], "leads out of the folder"),
    "an absolute name": ([("/etc/cron.d/a", GOOD)], "leads out of the folder"),
    "a way out with backslashes": ([(named("..\\a.csv"), GOOD)], "leads out of the folder"),
    "a drive": ([(named("C:\\a.csv"), GOOD)], "leads out of the folder"),
    "a link": ([(link(), b"/etc/passwd")], "a link to another place"),
    "a picture": ([("a.png", b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(90))], "binary file"),
}


@pytest.mark.parametrize("case", sorted(UNSAFE))
def test_an_archive_that_is_not_one_plain_data_file_is_refused(
    space: Workspace, tmp_path: Path, case: str
) -> None:
    entries, says = UNSAFE[case]
    inner = packed(tmp_path / "inner.zip", ("a.csv", GOOD)).read_bytes()
    filled = [(name, inner if name == "b.zip" else content) for name, content in entries]
    before = sorted(tmp_path.iterdir())
    rule, reason = refused(space, packed(tmp_path / "sent.zip", *filled))
    assert (rule, says in reason) == ("RCS-F21", True), reason
    assert {path.name for path in tmp_path.iterdir()} - {path.name for path in before} <= {"sent.zip", "home"}


def test_an_archive_with_a_password_is_refused_in_those_words(space: Workspace, tmp_path: Path) -> None:
    content = bytearray(packed(tmp_path / "a.zip", ("a.csv", GOOD)).read_bytes())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + place] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    rule, reason = refused(space, tmp_path / "a.zip")
    assert rule == "RCS-F20"
    assert "protected by a password" in reason


def test_an_archive_that_grows_a_thousandfold_is_refused(space: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as entry:
        for _ in range(300):
            entry.write(bytes(1 << 20))
    assert refused(space, path)[0] == "RCS-F22"


def test_an_archive_that_lies_about_its_size_is_refused_or_cut(space: Workspace, tmp_path: Path) -> None:
    """The directory says 1,000 bytes; what is packed goes on for 200 MiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(200)), packer.flush()])
    crc = zlib.crc32(bytes(1000))
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x21, crc, len(data), 1000, 5, 0)
    local = b"PK\x03\x04" + fields + b"a.csv" + data
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"a.csv"
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    (tmp_path / "a.zip").write_bytes(local + entry + end)
    refused(space, tmp_path / "a.zip")


def test_an_archive_that_says_it_is_larger_than_we_unpack_is_refused(
    space: Workspace, tmp_path: Path
) -> None:
    content = bytearray(packed(tmp_path / "a.zip", ("a.csv", GOOD)).read_bytes())
    for magic, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(magic) + place
        content[at : at + 4] = struct.pack("<I", 0xFFFFFFF0)
    (tmp_path / "a.zip").write_bytes(content)
    rule, _ = refused(space, tmp_path / "a.zip")
    assert rule in ("RCS-F22", "RCS-F01")


@pytest.mark.parametrize("count", [5_000, 70_000])
def test_an_archive_of_very_many_files_is_refused(space: Workspace, tmp_path: Path, count: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.csv", b"")
    assert refused(space, tmp_path / "a.zip")[0] == "RCS-F22"


def test_an_empty_file_in_an_archive_has_no_rows(space: Workspace, tmp_path: Path) -> None:
    assert refused(space, packed(tmp_path / "a.zip", ("a.csv", b"")))[0] == "RCS-F03"


def test_the_same_rows_arrive_packed_and_unpacked(space: Workspace, tmp_path: Path) -> None:
    plain = stored(space, take(space, GOOD).receipt)
    again = stored(space, take(space, packed(tmp_path / "a.zip", ("a.csv", GOOD))).receipt)
    assert plain == again
