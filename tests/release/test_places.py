"""A release for each place: one version, folders and pointers of its own, and nobody else's rows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.ledger.paths import FEW
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import filling
from rcs_pipeline.release.differ import differences
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.pointer import current, release_folder, verify
from rcs_pipeline.release.publish import publish
from rcs_pipeline.release.rebuild import rebuild
from rcs_pipeline.release.rollback import rollback, withdraw_release
from rcs_pipeline.release.verify import verified
from rcs_pipeline.site.index import write_pages
from tests.places import world
from tests.places.world import CPPS, SCHOOLS

ROOT = Path(__file__).parents[2]
LATER = "2026-05-05T10:00:00+00:00"
OF_SCHOOL = {school: cpp for cpp, schools in SCHOOLS.items() for school in schools}
PLACES = (*(f"partnership/{cpp}" for cpp in CPPS), *(f"school/{school}" for school in OF_SCHOOL))
Cells = Iterator[list[str]]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the first release of every place."""
    workspace = world.home(tmp_path_factory.mktemp("places") / "home")
    world.candidate(workspace)
    world.released(workspace)
    workspace.ledger.close()
    return workspace.paths.home


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same without workbooks and databases, and the contracts that say so."""
    folder = tmp_path_factory.mktemp("plain")
    contracts = world.plain_contracts(folder)
    workspace = world.home(folder / "home", contracts)
    world.candidate(workspace)
    world.released(workspace)
    workspace.ledger.close()
    return workspace.paths.home, contracts


@pytest.fixture
def workspace(plain: tuple[Path, Path], tmp_path: Path) -> Workspace:
    """A copy of it, to go on from."""
    home, contracts = plain
    return world.home(Path(shutil.copytree(home, tmp_path / "home")), contracts)


def versions(workspace: Workspace, names: tuple[str, ...] = ("open", *PLACES)) -> set[str | None]:
    pointers = [current(workspace, "many", name) for name in names]
    return {pointer and pointer.version for pointer in pointers}


def table(file: Path) -> Cells:
    """Every row of a data file as text, whatever its format."""
    if file.suffix == ".xlsx":
        for sheet in openpyxl.load_workbook(file, read_only=True):
            yield from ([str(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
        return
    with duckdb.connect() as connection:
        relations = [f"read_{file.suffix[1:]}('{file}', all_varchar = true)".replace(
            ", all_varchar = true" if file.suffix == ".parquet" else "\0", "")]  # fmt: skip
        if file.suffix == ".duckdb":
            connection.execute(f"attach '{file}' as held (read_only)")
            named = connection.execute("select table_name from duckdb_tables() where database_name = 'held'")
            relations = [f"held.{name}" for (name,) in named.fetchall()]
        for relation in relations:
            for row in connection.execute(f"from {relation}").fetchall():
                yield [str(cell) for cell in row]


def test_no_row_of_another_partnership_or_school_is_in_any_file_of_a_release(first: Path) -> None:
    read: set[str] = set()
    for name in PLACES:
        kind, code = name.split("/")
        mine = {code} if kind == "school" else set(SCHOOLS[code])
        others = OF_SCHOOL.keys() - mine
        foreign = {f"School {school}, " for school in others} | {f"only for {school}" for school in others}
        if kind == "school":  # a partnership reads the open table of all partnerships
            foreign |= set(CPPS) - {OF_SCHOOL[code]}
        for file in sorted((first / "releases" / "many" / name).rglob("*")):
            if file.suffix in (".csv", ".parquet", ".xlsx", ".duckdb"):
                rows = list(table(file))
                assert not [row for row in rows if others & set(row)], file
                text = "\n".join("\t".join(row) for row in rows)
                read.add(f"{kind} {file.suffix}")
            elif file.is_file():
                text = file.read_text(encoding="utf-8")
                read.add(f"{kind} {file.suffix}")
            assert file.is_dir() or not [item for item in foreign if item in text], file
            assert file.is_dir() or "secret" not in text, file
    assert {f"partnership {kind}" for kind in (".csv", ".parquet", ".xlsx", ".duckdb", ".html")} <= read
    assert {item for item in read if item in ("school .csv", "school .html")} == {
        "school .csv",
        "school .html",
    }


def test_the_workbook_of_a_partnership_holds_its_own_tables_and_says_where_the_others_are(
    first: Path,
) -> None:
    releases = first / "releases" / "many"
    sheets = {}
    for name in ("open", f"partnership/{CPPS[0]}"):
        book = openpyxl.load_workbook(releases / name / "1.0.0" / "rcs-tables.xlsx", read_only=True)
        sheets[name] = {sheet.title for sheet in book}
        cover = " ".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row)
        assert ("in the workbook of that release" in cover) == (name != "open")
    own, everybodys = sheets[f"partnership/{CPPS[0]}"], sheets["open"]
    assert "figures" in own - everybodys and "places" in everybodys - own


def test_every_place_has_a_folder_and_a_pointer_of_one_version_in_the_formats_of_its_kind(
    first: Path,
) -> None:
    workspace = world.home(first)
    assert versions(workspace) == {"1.0.0"}
    assert current(workspace, "many", "partnership") is None and current(workspace, "many", "school") is None
    school = release_folder(workspace, "many", "school/51", "1.0.0")
    assert {path.name for path in school.iterdir()} & {"parquet", "rcs.duckdb", "rcs-tables.xlsx"} == set()
    package = json.loads((school / "datapackage.json").read_text(encoding="utf-8"))
    assert package["audience"] == "school/51"
    assert not [item for item in package["resources"] if "parquet" in item or "parquetHash" in item]
    verdicts = json.loads((school / "verdicts.json").read_text(encoding="utf-8"))
    assert verdicts["audience"] == "school/51" and "disclosure.school.figures.places" in verdicts["required"]
    page = (school / "site" / "index.html").read_text(encoding="utf-8")
    assert "../csv/figures.csv" in page and "parquet" not in page
    assert "for <code>school/51</code>" in page
    catalogue = json.loads((school / "dataset.jsonld").read_text(encoding="utf-8"))
    assert {item["encodingFormat"] for item in catalogue["distribution"]} == {"text/csv"}
    assert not [item for item in verified(workspace) if item.problem]


def test_what_a_place_includes_is_the_open_file_byte_for_byte(first: Path) -> None:
    releases = first / "releases" / "many"
    for cpp in CPPS:
        for file in ("csv/places.csv", "parquet/places.parquet"):
            own = releases / "partnership" / cpp / "1.0.0" / file
            assert own.read_bytes() == (releases / "open" / "1.0.0" / file).read_bytes()
            assert own.stat().st_ino != (releases / "open" / "1.0.0" / file).stat().st_ino, (
                "a file of its own"
            )


def test_a_release_that_a_second_process_filled_is_the_same(
    plain: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "MANY", 2)
    monkeypatch.setattr(filling, "AT_ONCE", 1)
    home, contracts = plain
    workspace = world.home(tmp_path / "home", contracts)
    world.candidate(workspace)
    seconds = []
    fill = filling.fill
    monkeypatch.setattr(
        "rcs_pipeline.release.publish.fill", lambda *given: (seconds.append(given[3]), fill(*given))[1]
    )
    release = world.released(workspace)
    assert [second is not None for second in seconds] == [True]
    one, other = (folder / "releases" / "many" for folder in (home, workspace.paths.home))
    for name in release.audiences:
        for file in sorted((one / name / "1.0.0").rglob("*")):
            if file.suffix in (".csv", ".parquet"):
                assert (other / file.relative_to(one)).read_bytes() == file.read_bytes(), file
        verify(other / name / "1.0.0", release.hashes[name])


def test_a_plan_speaks_of_a_kind_once_and_a_place_reads_of_its_own_changes(workspace: Workspace) -> None:
    world.candidate(workspace, more=1, built_at=LATER)
    plan = world.approved(workspace)
    assert [item["audience"] for item in plan.detail["audiences"]] == ["open", "partnership", "school"]
    figures = plan.detail["audiences"][1]["tables"][0]
    assert (plan.version, figures["rows_before"], figures["rows_after"]) == ("1.0.1", 27, 27)
    assert [item["id"] for item in plan.detail["consumers"]] == ["planners"]
    publish(workspace, plan.id, pages=write_pages)
    assert versions(workspace) == {"1.0.1"}
    changed = 0
    for cpp in CPPS:
        folder = release_folder(workspace, "many", f"partnership/{cpp}", "1.0.1")
        changes = json.loads((folder / "changes.json").read_text(encoding="utf-8"))
        own = next(item for item in changes["tables"] if item["table"] == "figures")
        assert {item["school_code"] for item in own["changed_keys"]} <= set(SCHOOLS[cpp])
        changed += own["rows_changed"]
    assert changed == figures["rows_changed"] > 0
    feed = (folder.parent / "feed.xml").read_text(encoding="utf-8")
    assert f"{own['rows_changed']} rows" in feed


def test_withdrawing_moves_every_pointer_back_and_every_status(workspace: Workspace) -> None:
    world.candidate(workspace, more=1, built_at=LATER)
    world.released(workspace)
    withdraw_release(workspace, "many", "1.0.1", "A wrong number")
    assert versions(workspace) == {"1.0.0"}
    for name in PLACES:
        folder = workspace.paths.releases / "many" / name
        said = json.loads((folder / "status.json").read_text(encoding="utf-8"))["versions"]
        assert {version: item["status"] for version, item in said.items()} == {
            "1.0.0": "released", "1.0.1": "withdrawn"
        }  # fmt: skip
        assert "A wrong number" in (folder / "feed.xml").read_text(encoding="utf-8")
    assert not [item for item in verified(workspace) if item.problem]


def test_places_that_go_and_come_are_named_and_keep_what_they_had(workspace: Workspace) -> None:
    world.candidate(workspace, cpps=CPPS[:2], built_at=LATER)
    plan = world.approved(workspace)
    assert (plan.version, plan.change) == ("2.0.0", "major")
    said = "There is no release any more for the audience `One partnership, S12000020`."
    assert {"change": "major", "sentence": said} in plan.detail["audiences"][1]["reasons"]
    assert said in plan.why
    assert "There is no release any more for the audience `One school, 201, 202, 203`." in plan.why
    publish(workspace, plan.id, pages=write_pages)
    left = tuple(name for name in PLACES if "S12000020" not in name and "school/20" not in name)
    gone = tuple(name for name in PLACES if name not in left)
    assert (versions(workspace, ("open", *left)), versions(workspace, gone)) == ({"2.0.0"}, {None})
    for name in gone:
        assert release_folder(workspace, "many", name, "1.0.0").is_dir()
        assert not release_folder(workspace, "many", name, "2.0.0").exists()
        feed = (workspace.paths.releases / "many" / name / "feed.xml").read_text(encoding="utf-8")
        assert f"many 2.0.0 holds nothing for {name}" in feed
    assert not [item for item in verified(workspace) if item.problem]

    world.candidate(workspace, more=1, built_at="2026-05-06T10:00:00+00:00")
    plan = world.approved(workspace)
    assert (plan.version, plan.change) == ("2.1.0", "minor")
    assert "The release is new for the audience `One partnership, S12000020`." in plan.why
    publish(workspace, plan.id, pages=write_pages)
    assert versions(workspace) == {"2.1.0"}
    changes = release_folder(workspace, "many", gone[0], "2.1.0") / "changes.json"
    assert json.loads(changes.read_text(encoding="utf-8"))["base_version"] is None

    rollback(workspace, "many", "2.0.0", "Not yet")
    assert (versions(workspace, ("open", *left)), versions(workspace, gone)) == ({"2.0.0"}, {None})
    assert rollback(workspace, "many", "1.0.0", "All of them").version == "1.0.0"
    assert versions(workspace) == {"1.0.0"}


def test_a_school_that_changes_its_partnership_leaves_the_one_and_comes_to_the_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world.SCHOOLS, CPPS[0], ("51", "52"))
    monkeypatch.setitem(world.SCHOOLS, CPPS[1], ("141", "142", "143", "53"))
    world.candidate(workspace, built_at=LATER)
    plan = world.approved(workspace)
    publish(workspace, plan.id, pages=write_pages)

    def moved(name: str) -> tuple[int, ...]:
        folder = release_folder(workspace, "many", name, plan.version)
        changes = json.loads((folder / "changes.json").read_text(encoding="utf-8"))
        own = next(item for item in changes["tables"] if item["table"] == "figures")
        return tuple(own[f"rows_{what}"] for what in ("added", "removed", "changed"))

    assert plan.change == "major"
    assert moved(f"partnership/{CPPS[0]}") == (0, 3, 0)
    assert moved(f"partnership/{CPPS[1]}") == (3, 0, 0)
    assert moved("school/53") == (0, 0, 3)
    both = plan.detail["audiences"][1]["tables"][0]
    assert (both["rows_added"], both["rows_removed"], both["rows_changed"]) == (3, 3, 0)


def test_an_audience_that_the_contract_drops_loses_its_pointers_and_is_named(
    workspace: Workspace, tmp_path: Path
) -> None:
    contracts = Path(shutil.copytree(workspace.catalogue.folders[0], tmp_path / "contracts"))
    folder = contracts / "products" / "many"
    (folder / "notes.odcs.yaml").unlink()
    lines = (folder / "product.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("  school:")).replace(", school: none", "")
    (folder / "product.yaml").write_text(text, encoding="utf-8")
    file = folder / "figures.odcs.yaml"
    text = file.read_text(encoding="utf-8").replace("[partnership, school]", "[partnership]")
    file.write_text(text.replace(", school: school_code", ""), encoding="utf-8")
    later = world.home(workspace.paths.home, contracts)
    world.candidate(later, built_at=LATER)
    plan = world.approved(later)
    assert (plan.version, plan.why) == ("2.0.0", ("There is no audience `school` any more.",))
    publish(later, plan.id, pages=write_pages)
    assert versions(later, ("open", *PLACES[:3])) == {"2.0.0"}
    assert versions(later, PLACES[3:]) == {None}
    found = list(verified(later))
    assert not [item for item in found if item.problem]
    assert "release many 1.0.0 school, 10 places" in [item.what for item in found]
    # What it was given can still be compared, and what it would be given is nothing.
    assert differences(later, "many", "school/51", "1.0.0", "1.0.0")["change"] == "nothing"
    with pytest.raises(RcsError, match="holds nothing for `school/51`"):
        differences(later, "many", "school/51", "1.0.0", None)


def test_an_undone_publication_gives_a_place_that_would_go_its_pointer_back(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rcs_pipeline.release import journal

    world.candidate(workspace, cpps=CPPS[:2], built_at=LATER)
    plan = world.approved(workspace)

    class Killed(BaseException):
        pass

    def stop(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(journal, "write_statuses", stop)
        publish(workspace, plan.id, pages=write_pages)
    assert versions(workspace, ("partnership/S12000020",)) == {None}
    (release_folder(workspace, "many", "school/51", "2.0.0") / "csv" / "figures.csv").unlink()
    finish_interrupted_moves(workspace)
    assert versions(workspace) == {"1.0.0"}
    assert not [item for item in verified(workspace) if item.problem]


def test_a_place_can_be_compared_and_a_kind_cannot(workspace: Workspace) -> None:
    world.candidate(workspace, more=1, built_at=LATER)
    for name in ("partnership/S12000005", "school/51"):
        found = differences(workspace, "many", name, None, None)
        figures = next(item for item in found["tables"] if item["table"] == "figures")
        assert (found["change"], figures["rows_before"], figures["rows_changed"] > 0) == (
            "patch", 9 if "partnership" in name else 3, True
        )  # fmt: skip
    with pytest.raises(RcsError, match="`partnership` is many") as refused:
        differences(workspace, "many", "partnership", None, None)
    assert "partnership/S12000005" in str(refused.value)
    with pytest.raises(RcsError, match="holds nothing for"):
        differences(workspace, "many", "partnership/S12000099", "1.0.0", None)
    with pytest.raises(RcsError, match="no audience `everybody`"):
        differences(workspace, "many", "everybody", None, None)


def test_a_release_of_places_can_be_made_again(workspace: Workspace) -> None:
    world.candidate(workspace, more=1, built_at=LATER)
    world.released(workspace)

    def make(space: Workspace, record: Any, folder: Path) -> Path:
        return space.paths.home / str(record.path) / "protected"

    found = rebuild(workspace, "many", "1.0.1", pages=write_pages, make=make)
    assert found.same and found.equal > len(PLACES) * 5


def test_there_are_more_places_than_are_flushed_one_by_one() -> None:
    assert len(PLACES) > FEW, "these tests take the way that hundreds of places take"


@pytest.mark.parametrize("stride", [37, pytest.param(1, marks=pytest.mark.long)])
def test_a_publication_of_many_places_that_the_system_kills_comes_out_whole(
    workspace: Workspace, stride: int
) -> None:
    world.candidate(workspace, cpps=CPPS[:2], more=1, built_at=LATER)
    home, contracts = workspace.paths.home, workspace.catalogue.product("many").path.parents[1]
    (home / "plan").write_text(world.approved(workspace).id, encoding="utf-8")
    workspace.ledger.close()
    before = dict.fromkeys(("open", *PLACES, "school/unplaced"), "1.0.0")
    gone = {name for name in PLACES if "S12000020" in name or "school/20" in name}
    after = {name: None if name in gone else "2.0.0" for name in before}
    states = killed(home, contracts, stride)
    for state in states:
        read = [version in (before[name], after[name]) for name, version in state["torn"].items()]
        assert all(read) and len(read) == len(before), state
        assert state["recovered"] in (before, after), state
        assert state["again"] == ("done" if state["recovered"] == before else "NothingToDoError"), state
        assert state["at_last"] == after, state
        assert (state["parts"], state["open_moves"]) == ([], 0), state
    assert [state["recovered"] for state in states[:2]] == [before, after], "the journal decides"
    torn = [state["torn"] for state in states if state["torn"] not in (before, after)]
    assert torn, "no step lay between the first pointer and the last"
    assert stride > 1 or len(states) > 60, "fewer operations than such a move has"


def killed(home: Path, contracts: Path, stride: int) -> list[dict[str, Any]]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.places.killed", str(home), str(contracts), str(stride)],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    states = [json.loads(line) for line in run.stdout.splitlines()]
    assert states and not [item for item in states if "problem" in item], states
    return states
