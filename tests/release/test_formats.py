"""What consumers open: a DuckDB file for older clients, a workbook for people, JSON-LD for catalogues."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import duckdb
import openpyxl
import pytest

from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import workbook
from tests.release import helpers
from tests.release.helpers import candidate, home, released

STORAGE_OF_1_0 = 64
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    candidate(workspace)
    released(workspace)
    return workspace.paths.releases / "mini/open/1.0.0"


def test_the_duckdb_file_is_in_the_storage_version_of_the_first_stable_client(folder: Path) -> None:
    header = (folder / "rcs.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == STORAGE_OF_1_0


def test_the_duckdb_file_holds_the_rows_and_says_what_they_mean(folder: Path) -> None:
    with duckdb.connect(str(folder / "rcs.duckdb"), read_only=True) as made:
        for name in ("estimates", "indicators"):
            inside = made.execute(f"from {name}").fetchall()
            assert inside == made.execute(f"from '{folder}/parquet/{name}.parquet'").fetchall()
        unit = made.execute(
            "select unit, description from dictionary"
            " where table_name = 'estimates' and column_name = 'estimate'"
        ).fetchone()
        assert unit == ("fraction of 1", "Share of the pupils.")
        comment = made.execute(
            "select comment from duckdb_columns() where table_name = 'estimates' and column_name = 'estimate'"
        ).fetchone()
        assert comment == ("Share of the pupils. Unit: fraction of 1.",)
        assert made.execute("select version, audience from release").fetchone() == ("1.0.0", "open")


def test_the_workbook_has_a_cover_contents_notes_and_a_symbol_where_a_number_is_missing(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "rcs-tables.xlsx")
    assert book.sheetnames == ["Cover", "Contents", "Notes", "estimates", "indicators"]
    cells = {str(cell.value): cell.coordinate for row in book["estimates"] for cell in row}
    assert "[c]" in cells and "[c] confidential" in cells
    assert not [cell for row in book["estimates"].iter_rows(min_row=7) for cell in row if cell.value is None]
    cover = " ".join(str(cell.value) for row in book["Cover"] for cell in row)
    assert "Version 1.0.0, released on 2026-05-04." in cover and "SYNTHETIC" in cover
    assert book.properties.created is not None and book.properties.created.year == 2026


TWO_SYMBOLS = f"""
select * replace (if(indicator_id < 'i4', null, estimate) as estimate,
    case indicator_id when 'i1' then 'c' when 'i2' then 'x' end as symbol),
    case indicator_id when 'i2' then 'c' when 'i3' then 'z' end as own_symbol
from ({helpers.ESTIMATES})
"""


def test_where_two_rules_hide_a_number_the_workbook_says_that_it_is_confidential_if_either_does(
    tmp_path: Path,
) -> None:
    contracts = Path(shutil.copytree(helpers.CONTRACTS, tmp_path / "contracts"))
    file = contracts / "products/mini/estimates.odcs.yaml"
    text = file.read_text(encoding="utf-8")
    rule = "            - {kind: estimate, hides: [estimate], symbol_column: symbol}\n"
    column = text[text.index("      - name: symbol") : text.index("      - name: release_version")]
    for part in (rule, column):
        own = part.replace("column: symbol", "column: own_symbol").replace("name: symbol", "name: own_symbol")
        text = text.replace(part, part + own.replace("[c, x]", "[c, z]"))
    file.write_text(text, encoding="utf-8")
    workspace = home(tmp_path / "home", contracts=contracts)
    candidate(workspace, TWO_SYMBOLS)
    released(workspace)
    book = openpyxl.load_workbook(workspace.paths.releases / "mini/open/1.0.0/rcs-tables.xlsx")
    rows = [row for row in book["estimates"].iter_rows(values_only=True) if row[1] == "S12000001"]
    assert [row[2] for row in rows[:3]] == ["[c]", "[c]", "[z]"]
    assert "own_symbol" not in {cell for row in book["estimates"].iter_rows(values_only=True) for cell in row}


def test_a_workbook_of_tables_that_are_all_too_long_is_its_cover(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 0)
    candidate(workspace)
    released(workspace)
    book = openpyxl.load_workbook(workspace.paths.releases / "mini/open/1.0.0/rcs-tables.xlsx")
    assert book.sheetnames == ["Cover"]


def test_a_table_without_rows_is_left_out_of_the_workbook(workspace: Workspace) -> None:
    candidate(workspace, f"select * from ({helpers.ESTIMATES}) where false")
    released(workspace)
    folder = workspace.paths.releases / "mini/open/1.0.0"
    assert (folder / "parquet/estimates.parquet").exists()
    assert openpyxl.load_workbook(folder / "rcs-tables.xlsx").sheetnames == [
        "Cover", "Contents", "Notes", "indicators",
    ]  # fmt: skip


def test_headline_rows_are_those_of_the_contract(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    shutil.copytree(helpers.CONTRACTS, contracts)
    file = contracts / "products/mini/estimates.odcs.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("interval:", "headline: {area: [S12000001]}\n          interval:"), encoding="utf-8"
    )
    product = contracts / "products/mini/product.yaml"
    text = product.read_text(encoding="utf-8")
    product.write_text(
        text.replace(
            "partnership: {title: One partnership,", "partnership: {title: One partnership, formats: [],"
        ),
        encoding="utf-8",
    )
    workspace = home(tmp_path / "home", contracts=contracts)
    candidate(workspace)
    released(workspace)
    book = openpyxl.load_workbook(workspace.paths.releases / "mini/open/1.0.0/rcs-tables.xlsx")
    areas = {row[1] for row in book["estimates"].iter_rows(values_only=True) if row[0] in ("i1", "i2", "i3")}
    assert areas == {"S12000001"}
    other = workspace.paths.releases / "mini/partnership/1.0.0"
    assert not (other / "rcs-tables.xlsx").exists() and not (other / "rcs.duckdb").exists()


def test_the_workbook_and_the_database_are_the_same_for_the_same_release(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        workspace = home(tmp_path / name)
        candidate(workspace)
        released(workspace)
        made.append(workspace.paths.releases / "mini/open/1.0.0")
    books = [openpyxl.load_workbook(item / "rcs-tables.xlsx") for item in made]
    assert [[[cell.value for cell in row] for row in sheet] for sheet in books[0]] == [
        [[cell.value for cell in row] for row in sheet] for sheet in books[1]
    ]


def test_the_json_ld_names_every_file_with_its_hash(folder: Path) -> None:
    dataset = json.loads((folder / "dataset.jsonld").read_text(encoding="utf-8"))
    assert (dataset["@type"], dataset["version"]) == ("Dataset", "1.0.0")
    sums = dict(reversed(line.split("  ", 1)) for line in (folder / "SHA256SUMS").read_text().splitlines())
    for item in dataset["distribution"]:
        assert sums[item["contentUrl"]] == item["sha256"]
    page = (folder / "site/index.html").read_text(encoding="utf-8")
    assert '<script type="application/ld+json">' in page and "rcs.duckdb" in page


def test_libreoffice_reads_the_workbook(folder: Path, tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    done = subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
         "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,4", "--outdir",
         str(tmp_path / "out"), str(folder / "rcs-tables.xlsx")],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "out").glob("*.csv")
    assert "i3,S12000002,[c]" in made.read_text(encoding="utf-8")
