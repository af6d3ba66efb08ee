"""Every place of an audience that is many gets its own rows and no other; the audit finds what does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from rcs_pipeline.contracts.errors import ContractError, RcsError
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.disclosure.audit import audit, required
from rcs_pipeline.disclosure.places import names_of
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.disclosure.shown import shown_to
from rcs_pipeline.gate.required import required_checks
from rcs_pipeline.ledger.records import Outcome, Verdict
from tests.places.world import CPPS, PRODUCT, SCHOOLS, product, write_warehouse

LINKED = Path(__file__).parent / "contracts" / "products" / "linked"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    protect(write_warehouse(folder / "warehouse.duckdb"), folder / "protected", product())
    return folder


@pytest.fixture
def candidate(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "candidate"))


def rows(file: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(f"select distinct {columns} from read_parquet('{file}')").fetchall()


def failed(candidate: Path) -> dict[str, Verdict]:
    return {item.check: item for item in audit(candidate, product()) if item.outcome is not Outcome.PASS}


def test_every_place_has_the_tables_of_its_audience_with_its_own_rows(made: Path) -> None:
    for cpp in CPPS:
        folder = made / "protected" / "partnership" / cpp
        assert [path.name for path in folder.iterdir()] == ["figures.parquet"], (
            "what is included is not copied"
        )
        found = rows(folder / "figures.parquet", "cpp_code, school_code")
        assert sorted(found) == [(cpp, school) for school in SCHOOLS[cpp]]
    for school in (school for schools in SCHOOLS.values() for school in schools):
        folder = made / "protected" / "school" / school
        assert rows(folder / "figures.parquet", "school_code") == [(school,)]
        assert rows(folder / "notes.parquet", "school_code") in ([(school,)], [])


def test_a_row_without_a_place_is_nobodys(made: Path) -> None:
    everything = rows(made / "protected" / "partnership" / "figures.parquet", "school_code")
    assert ("unplaced",) not in everything
    assert (made / "protected" / "school" / "unplaced").is_dir(), "it is a school all the same"


def test_the_audit_passes_what_protection_wrote_and_says_so_once_a_kind(made: Path) -> None:
    found = audit(made, product())
    assert {item.check for item in found} == set(required(product())) <= set(required_checks(product(), {}))
    assert not failed(made), failed(made)
    assert len(found) < len(names_of(made / "protected", product())), "verdicts are of kinds, not of places"


def test_the_same_warehouse_gives_the_same_bytes_for_every_place(made: Path, tmp_path: Path) -> None:
    protect(made / "warehouse.duckdb", tmp_path / "protected", product(), threads=1)
    for path in sorted((made / "protected").rglob("*.parquet")):
        again = tmp_path / "protected" / path.relative_to(made / "protected")
        assert again.read_bytes() == path.read_bytes(), path


def test_what_a_kind_sees_of_a_row_is_known_where_it_only_includes_it(made: Path) -> None:
    grain = {"cpp_code": CPPS[0]}
    found = {
        item.audience: item.state for item in shown_to(made, product(), product().table("places"), grain)
    }
    assert found == {"open": "shown", "partnership": "shown", "school": "not granted"}


def foreign_row(place: Path) -> None:
    rewrite(place / "figures.parquet", "select * from held union all by name select * from other")


def moved_row(place: Path) -> None:
    """A row of its own goes, one of another place comes: as many rows as before."""
    query = "select * from held limit 2"
    rewrite(place / "figures.parquet", f"({query}) union all by name (select * from other limit 1)")


def lost_row(place: Path) -> None:
    rewrite(place / "figures.parquet", "select * from held limit 2")


def other_figure(place: Path) -> None:
    rewrite(place / "figures.parquet", "select * replace (coalesce(answers, 0) + 1 as answers) from held")


def further_column(place: Path) -> None:
    rewrite(place / "figures.parquet", "select *, 'secret' as internal from held")


def rewrite(file: Path, query: str) -> None:
    neighbour = next(item for item in sorted(file.parent.parent.iterdir()) if item.name != file.parent.name)
    with duckdb.connect() as connection:
        connection.execute(f"create table held as from read_parquet('{file}')")
        connection.execute(f"create table other as from read_parquet('{neighbour / file.name}')")
        connection.execute(f"copy ({query}) to '{file}' (format parquet)")


@pytest.mark.parametrize("kind, place", [("partnership", CPPS[1]), ("school", "142")])
@pytest.mark.parametrize(
    "spoil, says",
    [
        (foreign_row, "of another place"),
        (moved_row, "of another place"),
        (lost_row, "in no place's file"),
        (other_figure, "that the table of all places does not have"),
        (further_column, "other columns"),
    ],
)
def test_a_wrong_file_of_one_place_closes_the_gate(
    candidate: Path, kind: str, place: str, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(candidate / "protected" / kind / place)
    found = failed(candidate)
    assert set(found) == {f"disclosure.{kind}.figures.places"}
    assert says in found[f"disclosure.{kind}.figures.places"].message


def test_a_folder_too_many_too_few_or_with_a_stray_closes_the_gate(candidate: Path) -> None:
    kind = candidate / "protected" / "partnership"
    (kind / "S12000099").mkdir()
    assert "S12000099" in failed(candidate)["disclosure.files.partnership"].message
    (kind / "S12000099").rmdir()
    shutil.copyfile(candidate / "protected" / "open" / "places.parquet", kind / CPPS[0] / "places.parquet")
    assert "a file too many" in failed(candidate)["disclosure.files.partnership"].message
    (kind / CPPS[0] / "places.parquet").unlink()
    shutil.rmtree(kind / CPPS[0])
    found = failed(candidate)
    assert "without a folder" in found["disclosure.files.partnership"].message
    assert "in no place's file" in found["disclosure.partnership.figures.places"].message


def test_a_row_that_is_nobodys_is_found_in_the_table_of_all_places(candidate: Path) -> None:
    file = candidate / "protected" / "partnership" / "figures.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table held as from read_parquet('{file}')")
        connection.execute("insert into held select * replace ('unplaced' as school_code, null as cpp_code)"
                           " from held where question = 'q1' limit 1")  # fmt: skip
        connection.execute(f"copy held to '{file}' (format parquet)")
    assert "of no place" in failed(candidate)["disclosure.partnership.figures"].message


def test_a_code_that_cannot_name_a_folder_is_refused(tmp_path: Path) -> None:
    database = write_warehouse(tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(database)) as connection:
        connection.execute("update figures set school_code = '../open' where school_code = '51'")
    with pytest.raises(RcsError, match=r"codes that cannot name a folder: `\.\./open`"):
        protect(database, tmp_path / "protected", product())


def test_cells_that_add_up_are_refused_for_an_audience_that_includes_another(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LINKED, tmp_path / "linked"))
    for path in (folder / "product.yaml", folder / "answers.odcs.yaml"):
        text = path.read_text(encoding="utf-8").replace("audiences: [open]", "audiences: [partnership]")
        text = text.replace(
            "          linked:", "          rows_of: {partnership: geography_code}\n          linked:"
        )
        more = "  partnership: {title: One, geographies: [cpp], each: cpp, includes: [open]}\ndisclosure:"
        path.write_text(text.replace("\ndisclosure:", f"\n{more}"), encoding="utf-8")
    with pytest.raises(ContractError, match="add up, and `partnership` includes `open`"):
        read_product(folder)


@pytest.mark.parametrize(
    "file, before, after, says",
    [
        ("figures.odcs.yaml", "          rows_of: {partnership: cpp_code, school: school_code}\n", "",
         "nothing says whose a row is"),
        ("figures.odcs.yaml", "school: school_code}", "school: school_cod}", "Unknown column"),
        ("figures.odcs.yaml", "school: school_code}", "school: school_code, open: level}",
         "`rows_of` names open"),
        ("figures.odcs.yaml", "partnership: cpp_code", "partnership: internal", "may always see"),
        ("figures.odcs.yaml", "hides: [answers]", "hides: [answers, cpp_code]", "may always see"),
        ("places.odcs.yaml", "{audiences: [open]}\n    properties",
         "{audiences: [open, partnership], rows_of: {partnership: cpp_code}}\n    properties",
         "sees the table by itself and as part of"),
        ("product.yaml", "includes: [open]", "includes: [school]", "which is many"),
        ("product.yaml", "includes: [open]", "includes: [everybody]", "no other audience"),
        ("product.yaml", "each: school, formats: []", "each: school, formats: [xlsx]", "add `parquet`"),
        ("product.yaml", "each: cpp", "each: cp", "each"),
    ],
)  # fmt: skip
def test_a_contract_that_leaves_open_whose_a_row_is_is_refused(
    tmp_path: Path, file: str, before: str, after: str, says: str
) -> None:
    folder = Path(shutil.copytree(PRODUCT, tmp_path / "many"))
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    text = text.replace(before, after, 1)
    if file.startswith("places"):  # the grain has to be seen as well, before the two ways are looked at
        text = text.replace("{audiences: [open]}}", "{audiences: [open, partnership]}}")
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(ContractError, match=says):
        read_product(folder)
