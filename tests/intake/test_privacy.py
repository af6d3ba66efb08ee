"""No identifier reaches anything but `inbox/` and `originals/`, whatever is wrong with the file."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import duckdb
import pyreadstat
import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.intake.inbox import take_in_inbox
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.returns.send import send_back
from tests.intake.small import HEADERS, as_csv, as_workbook, found, home, row, rows, take

CANARIES = tuple(str(number) for number in range(731_000_001, 731_000_013))


def leaks(space: Workspace) -> list[str]:
    """The files under the home, but for the two places of identifiers, in which a canary is found."""
    hits = []
    for path in sorted(space.paths.home.rglob("*")):
        if not path.is_file() or space.paths.inbox in path.parents or space.paths.originals in path.parents:
            continue
        content = path.read_bytes().decode("latin-1")
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                content += "".join(book.read(name).decode("latin-1") for name in book.namelist())
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                content += str(connection.execute(f"select * from read_parquet('{path}')").fetchall())
        if any(canary in content for canary in CANARIES) or "Canaryname" in content:
            hits.append(path.relative_to(space.paths.home).as_posix())
    return hits


def canaries(pupils: int = 6, **changed: str) -> list[dict[str, str]]:
    return [row(pupil_id=CANARIES[number], surname="Canaryname", **changed) for number in range(pupils)]


def broken_files() -> dict[str, bytes]:
    """Files that are wrong in the ways that could make a message repeat a cell."""
    good = as_csv(canaries())
    unclosed = as_csv(canaries(2)).rstrip(b"\n")
    swapped = good.replace(b"pupil_id,surname", b"surname,pupil_id", 1)
    return {
        "good": good,
        "a row too long": good + CANARIES[7].encode() + b"," * 30 + b"\n",
        "a row too short": good + CANARIES[7].encode() + b"\n",
        "a quotation mark that is not closed": unclosed + b"\n" + CANARIES[7].encode() + b',"Canaryname',
        "no header": b"\n".join(good.splitlines()[1:]),
        "a cell among the headers": good.replace(b"note", CANARIES[8].encode(), 1),
        "bytes that are not text": good + CANARIES[7].encode() + b",\x81\x81\n",
        "one pupil twice": as_csv([*canaries(), *canaries(1, count="5")]),
        "wrong length": as_csv([*canaries(), row(pupil_id=CANARIES[9] + "1")]),
        "faults elsewhere": as_csv([*canaries(3), *canaries(6, sex="9", count="x", seen="y")[3:]]),
        "in a number": as_csv([*canaries(), row(99, count=CANARIES[9]), row(98, sex=CANARIES[10])]),
        "as a text": as_csv([*canaries(), row(99, note=CANARIES[9])]),
        "inside a text": as_csv([*canaries(), row(99, note=f"a {CANARIES[9]}")]),
        "inside a text that is too long": as_csv([*canaries(), row(99, note=f"to ask: {CANARIES[9]}, he")]),
        "inside a word for a number": as_csv([*canaries(), row(99, count=f"see {CANARIES[9]}", sex="x")]),
        "names and identifiers exchanged": swapped,
    }  # fmt: skip


@pytest.mark.parametrize("case", sorted(broken_files()))
def test_no_identifier_leaves_the_two_places_made_for_it(
    tmp_path: Path, case: str, capfd: pytest.CaptureFixture[str]
) -> None:
    space = home(tmp_path / "home")
    path = space.paths.inbox / "answers" / "here" / "sent.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(broken_files()[case])
    (taken,) = list(take_in_inbox(space, settle_seconds=0))
    assert taken.judgement is not None
    said = str(taken.judgement) + "".join(capfd.readouterr())
    assert not [canary for canary in CANARIES if canary in said]
    assert "Canaryname" not in said
    space.ledger.close()
    assert leaks(space) == []


def test_a_text_that_holds_an_identifier_keeps_its_row_out_and_other_numbers_do_not(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    table = [row(1, note=f"a {CANARIES[0]}"), row(2, note=f"1{CANARIES[1]}"), row(3, note="12345678")]
    receipt = take(space, as_csv(table)).receipt
    assert found(space, receipt) == {("RCS-C14", 2, "note")}
    assert receipt.rows_accepted == 2


def test_identifiers_of_workbooks_and_spss_files_stay_too(tmp_path: Path) -> None:
    import pandas as pd

    space = home(tmp_path / "home")
    table = [list(HEADERS), *([item[name] for name in HEADERS] for item in canaries())]
    take(space, as_workbook(table, tmp_path / "sent.xlsx"))
    frame = pd.DataFrame(canaries()).astype({"pupil_id": float, "sex": float, "count": float, "share": float})
    pyreadstat.write_sav(frame, str(tmp_path / "sent.sav"))
    receipt = take(space, tmp_path / "sent.sav").receipt
    assert receipt.rows_accepted == 6
    space.ledger.close()
    assert leaks(space) == []


def test_a_refusal_repeats_no_identifier_from_the_column_it_names(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    shifted = [{**item, "council": item["pupil_id"]} for item in canaries()]
    reason = take(space, as_csv(shifted)).receipt.reason
    assert reason is not None
    assert "withheld" in reason
    assert CANARIES[0] not in reason
    space.ledger.close()
    assert leaks(space) == []


def test_labels_names_and_codes_of_an_spss_file_may_be_identifiers(tmp_path: Path) -> None:
    import pandas as pd

    space = home(tmp_path / "home")
    frame = pd.DataFrame(rows(3)).astype({"sex": float, "count": float, "share": float})
    for number, said in enumerate(
        (
            {"variable_value_labels": {"sex": {1: "Female", 2: CANARIES[0]}}},
            {"variable_value_labels": {"sex": {1: "Female", int(CANARIES[1]): "Male"}}},
            {"missing_ranges": {"count": [int(CANARIES[2])]}},
        )
    ):
        pyreadstat.write_sav(frame, str(tmp_path / f"{number}.sav"), **said)
        take(space, tmp_path / f"{number}.sav")
    space.ledger.close()
    assert leaks(space) == []


def test_names_of_files_and_sheets_may_be_identifiers(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    space = home(tmp_path / "home")
    table = [list(HEADERS), *(list(item.values()) for item in [*rows(3), row(4, sex="7")])]
    path = as_workbook(table, tmp_path / f"pupil {CANARIES[0]}.xlsx", sheet=f"P{CANARIES[1]}")
    for _ in ("new", "duplicate"):
        receipt = take(space, path).receipt
        assert CANARIES[0] not in str(receipt)
        assert send_back(space, receipt) is not None
    space.ledger.close()
    assert leaks(space) == []
    assert [path.name for path in space.paths.reports.rglob("*") if CANARIES[0] in path.name] == []


def test_an_identifier_glued_to_letters_is_one(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    glued = [row(7, sex=f"SCN{CANARIES[0]}"), row(8, note=f"S{CANARIES[1]}"), row(9, count=f"{CANARIES[2]}x")]
    assert take(space, as_csv([*rows(4), *glued])).receipt.rows_quarantined == 3
    space.ledger.close()
    assert leaks(space) == []


def test_the_search_finds_an_identifier_where_there_is_one(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select '{CANARIES[0]}' as a) to '{space.paths.raw}/x.parquet' (compression zstd)"
        )
    (space.paths.findings / "x.txt").write_text(CANARIES[1])
    assert leaks(space) == ["findings/x.txt", "raw/x.parquet"]


def test_originals_are_kept_as_they_came_for_the_owner_alone(tmp_path: Path) -> None:
    space = home(tmp_path / "home")
    content = as_csv(rows(3))
    receipt = take(space, content).receipt
    original = space.paths.originals / receipt.sha256
    assert original.read_bytes() == content
    assert stat.S_IMODE(original.stat().st_mode) == 0o600
    for folder in (space.paths.originals, space.paths.inbox):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_a_key_nothing_is_taken_in_and_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    space = home(tmp_path / "home", RCS_KEY="")
    with pytest.raises(RcsError, match="RCS_KEY_FILE"):
        take(space, as_csv(rows(3)))
    assert list(space.paths.originals.iterdir()) == []
    assert space.ledger.receipts() == []


def test_the_key_made_for_the_demo_works_in_a_synthetic_home_only(tmp_path: Path) -> None:
    space = home(tmp_path / "home", RCS_KEY="")
    space.paths.demo_key.write_text("a key made for the demo")
    with pytest.raises(RcsError, match="no key"):
        take(space, as_csv(rows(3)))
    space.paths.demo_mark.write_text("{}")
    assert take(space, as_csv(rows(3))).receipt.rows_accepted == 3


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read"), ("short", "too short")])
def test_a_bad_key_file_gets_a_sentence(tmp_path: Path, content: str | None, says: str) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    space = home(tmp_path / "home", RCS_KEY="", RCS_KEY_FILE=str(file))
    with pytest.raises(RcsError, match=says):
        take(space, as_csv(rows(3)))
