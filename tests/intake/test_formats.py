"""Every file, however broken, ends in a verdict or a sentence; what can be read is read."""

from __future__ import annotations

import io
import random
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.intake.delivery import check
from rcs_pipeline.intake.recognise import recognise
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import HEADERS, as_csv, as_workbook, found, home, row, rows, stored, take

GOOD = as_csv([row(1, note="Ààß"), row(2, note='a\nb, "q"'), row(3)])
PLAIN = as_csv([row(1, note="£5"), row(2, note='a\nb, "q"'), row(3)])
MUTATIONS = 60
DOUBLED = 4  # of each five mutations the last
MADE = Path(__file__).resolve().parents[1] / "data" / "made"
FORMS = ["csv", "ods", "parquet", "sav", "xls", "xlsx", "zip"]
LONG_ENOUGH = 30  # seconds that no mutation may take, on a slow and busy machine too


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return home(tmp_path / "home")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (GOOD, "Ààß"),
        (b"\xef\xbb\xbf" + GOOD, "Ààß"),
        (GOOD.decode().encode("utf-16"), "Ààß"),
        (b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), "Ààß"),
        (PLAIN.decode().encode("cp1252"), "£5"),
        (GOOD.replace(b"\n", b"\r\n"), "Ààß"),
        (as_csv([row(1, note="a;b"), row(2), row(3)], delimiter=";"), "a;b"),
        (as_csv([row(1, note="a,b"), row(2), row(3)], delimiter="\t"), "a,b"),
        (as_csv([row(1, note="a,b"), row(2), row(3)], delimiter="|"), "a,b"),
        (as_csv([row(1, note="x"), row(2), row(3)]).replace(b"\n", b"\r"), "x"),
        (GOOD.rstrip(b"\n"), "Ààß"),
    ],
    ids=[
        "utf-8",
        "bom",
        "utf-16",
        "utf-16-be",
        "cp1252",
        "crlf",
        "semicolon",
        "tab",
        "bar",
        "cr",
        "no-last-newline",
    ],
)
def test_text_is_read_in_the_encodings_and_delimiters_that_suppliers_use(
    space: Workspace, content: bytes, note: str
) -> None:
    receipt = take(space, content).receipt
    assert (receipt.reason, receipt.rows_in, receipt.rows_accepted) == (None, 3, 3)
    assert stored(space, receipt)[0]["note"] == note


def test_a_line_break_inside_quotes_does_not_end_the_row(space: Workspace) -> None:
    receipt = take(space, as_csv([row(1, note="one\ntwo"), row(2, sex="7"), row(3)])).receipt
    assert found(space, receipt) == {("RCS-C03", 3, "sex")}
    assert stored(space, receipt)[0]["note"] == "one\ntwo"


BROKEN = {
    "empty": (b"", "RCS-F03", "no rows"),
    "header only": (as_csv([]), "RCS-F03", "no rows"),
    "no header": (GOOD.split(b"\n", 1)[1], "RCS-F01", "none of its column names"),
    "open quote": (GOOD + b'1,"2,3\n', "RCS-F01", "quotation mark that is not closed"),
    "zeros": (bytes(500), "RCS-F01", "binary file"),
    "pdf": (b"%PDF-1.7\n\x00\x01" + bytes(range(256)), "RCS-F01", "a PDF"),
    "broken zip": (b"PK\x03\x04" + b"x" * 500, "RCS-F01", "zip"),
    "old Office file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "RCS-F01", "holds no workbook"),
    "spss by its first bytes only": (b"$FL2" + b"x" * 400, "RCS-F01", "SPSS"),
    "not text in any encoding": (GOOD + b"\x81\x8d\n", "RCS-F01", "neither UTF-8 nor"),
    "20,000 columns": (
        b",".join(b"a_rather_long_name_%d" % number for number in range(20_000)) + b"\n",
        "RCS-F01", "20000 columns",
    ),
    "20,000 columns of which some are known": (
        as_csv([]).rstrip() + b",x" * 20_000 + b"\n", "RCS-F01", "20009 columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_a_broken_file_is_refused_in_a_sentence_and_stores_no_row(space: Workspace, case: str) -> None:
    content, rule, says = BROKEN[case]
    receipt = take(space, content).receipt
    assert receipt.state is ReceiptState.REFUSED
    assert says in str(receipt.reason)
    assert {item[0] for item in found(space, receipt)} == {rule}
    assert not list(space.paths.raw.rglob("*.parquet"))
    assert list(space.paths.work.iterdir()) == []


def test_a_file_name_may_hold_what_means_something_elsewhere(space: Workspace, tmp_path: Path) -> None:
    for name in ("sent [1] *?.csv", "it's.csv", 'a "b".csv', "--flag.csv", "%s{x}.csv"):
        path = tmp_path / name
        path.write_bytes(as_csv(rows(3)))
        assert check(space, path, "answers", "here").receipt.rows_accepted == 3, name


@pytest.mark.parametrize("name", ["it's a home", "100% [odd] *", "a?b#c", "a b"])
def test_a_home_may_have_an_odd_name(tmp_path: Path, name: str) -> None:
    space = home(tmp_path / name)
    assert take(space, as_csv(rows(3))).receipt.rows_accepted == 3
    assert len(space.ledger.current_receipts()) == 1
    assert (space.paths.home / "ledger.db").is_file()


def test_a_folder_or_nothing_gets_a_sentence(space: Workspace, tmp_path: Path) -> None:
    for path, says in ((tmp_path, "folder"), (tmp_path / "nothing", "nothing")):
        with pytest.raises(RcsError, match=says):
            take(space, path)


def test_a_workbook_that_holds_no_table_is_refused_in_a_sentence(space: Workspace, tmp_path: Path) -> None:
    assert "no column names" in str(take(space, as_workbook([], tmp_path / "a.xlsx")).receipt.reason)
    assert "rows" in str(take(space, as_workbook([list(HEADERS)], tmp_path / "b.xlsx")).receipt.reason)
    two = openpyxl.Workbook()
    two.create_sheet("another")
    two.save(tmp_path / "c.xlsx")
    assert "2 sheets" in str(take(space, tmp_path / "c.xlsx").receipt.reason)
    broken = (tmp_path / "b.xlsx").read_bytes()
    (tmp_path / "d.xlsx").write_bytes(broken[: len(broken) // 2])
    assert take(space, tmp_path / "d.xlsx").receipt.reason is not None


def good_files(folder: Path) -> dict[str, bytes]:
    """The same small table in each format."""
    table = [list(HEADERS), *([item[name] for name in HEADERS] for item in rows(20))]
    frame = pd.DataFrame(rows(20)).astype({"sex": float, "count": float, "share": float})
    pyreadstat.write_sav(
        frame, str(folder / "a.sav"), variable_value_labels={"sex": {1: "Female", 2: "Male"}},
        missing_ranges={"sex": [-9]},
    )  # fmt: skip
    pq.write_table(
        pa.table({name: [item[name] for item in rows(20)] for name in HEADERS}), folder / "a.parquet"
    )
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", as_csv(rows(20)))
    return {
        "csv": as_csv(rows(20)),
        "xlsx": as_workbook(table, folder / "a.xlsx").read_bytes(),
        "xls": (MADE / "answers.xls").read_bytes(),
        "ods": (MADE / "answers.ods").read_bytes(),
        "sav": (folder / "a.sav").read_bytes(),
        "parquet": (folder / "a.parquet").read_bytes(),
        "zip": (folder / "a.zip").read_bytes(),
    }


def mutated(content: bytes, seed: int) -> bytes:
    """The content with some bytes changed, a part of it doubled, or its end lost."""
    chance, broken = random.Random(seed), bytearray(content)  # noqa: S311
    if seed % 5 == DOUBLED:
        start = chance.randrange(len(broken))
        end = min(len(broken), start + chance.randrange(1, 2_000))
        return bytes(broken[:end] + broken[start:])
    for _ in range(chance.choice((1, 3, 20))):
        broken[chance.randrange(len(broken))] = chance.randrange(256)
    return bytes(broken[: chance.randrange(len(broken))]) if chance.random() < 0.2 else bytes(broken)


@pytest.mark.parametrize("form", FORMS)
def test_whatever_happens_to_a_good_file_there_is_a_verdict(
    space: Workspace, tmp_path: Path, form: str
) -> None:
    good = good_files(tmp_path)[form]
    path = tmp_path / f"sent.{form}"
    path.write_bytes(good)
    assert check(space, path, "answers", "here").receipt.rows_accepted >= 3
    # 226 and 390 made the C library that reads SPSS files crash.
    for seed in (*range(MUTATIONS), 226, 390):
        judge(space, path, mutated(good, seed), seed)
    assert list(space.paths.work.iterdir()) == []


def judge(space: Workspace, path: Path, content: bytes, seed: int) -> None:
    """A mutated file gets a verdict, in time, with no more rows than it can hold."""
    path.write_bytes(content)
    begun = time.monotonic()
    receipt = check(space, path, "answers", "here").receipt
    assert time.monotonic() - begun < LONG_ENOUGH, seed
    assert receipt.adds_up, seed
    assert receipt.rows_in <= 60, seed


@pytest.mark.long
@pytest.mark.parametrize("form", FORMS)
def test_four_hundred_mutations_of_each_format_end_in_a_verdict(
    space: Workspace, tmp_path: Path, form: str
) -> None:
    good, path = good_files(tmp_path)[form], tmp_path / f"sent.{form}"
    for seed in range(400):
        judge(space, path, mutated(good, seed), seed)


@pytest.mark.long
@pytest.mark.parametrize("form", ["ods", "xlsx"])
def test_mutations_inside_the_parts_of_a_workbook_end_in_a_verdict(
    space: Workspace, tmp_path: Path, form: str
) -> None:
    """A changed byte of a packed workbook mostly breaks its checksum; these are packed again."""
    path = tmp_path / f"sent.{form}"
    with zipfile.ZipFile(io.BytesIO(good_files(tmp_path)[form])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    chosen = [name for name in parts if name.endswith((".xml", ".rels"))]
    for seed in range(200):
        name, sink = chosen[seed % len(chosen)], io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for part, content in parts.items():
                archive.writestr(part, mutated(content, seed) if part == name else content)
        judge(space, path, sink.getvalue(), seed)


def test_a_format_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    for form, content in good_files(tmp_path).items():
        if form == "zip":  # a wrapper and no format
            continue
        path = tmp_path / "sent.txt"
        path.write_bytes(content)
        assert recognise(path).format == form
