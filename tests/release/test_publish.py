"""A release holds what was promised, says what it is, and can be made again byte by byte."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import duckdb
import jsonschema_rs
import openpyxl
import pyarrow.parquet as pq
import pytest
from frictionless import Package

from rcs_pipeline.contracts.errors import LockedError, NothingToDoError, RcsError, RefusedError
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import current, release_folder, verify
from rcs_pipeline.release.publish import publish
from rcs_pipeline.site.index import write_pages
from tests.release.helpers import NOON, approved, at, candidate, corrected, home, released

LATER = "2026-05-05T10:00:00+00:00"


def folder_of(workspace: Workspace, audience: str = "open", version: str = "1.0.0") -> Path:
    return release_folder(workspace, "mini", audience, version)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def read_json(path: Path) -> dict[str, object]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def test_every_audience_gets_its_folder_and_pointer(workspace: Workspace) -> None:
    candidate(workspace)
    release = released(workspace)
    assert (release.version, release.audiences) == ("1.0.0", ("open", "partnership"))
    assert sorted(files_of(folder_of(workspace))) == [
        "CHANGELOG.md",
        "README.md",
        "SHA256SUMS",
        "SYNTHETIC.txt",
        "approval.json",
        "changes.json",
        "contracts/estimates.odcs.yaml",
        "contracts/indicators.odcs.yaml",
        "csv/estimates.csv",
        "csv/indicators.csv",
        "datapackage.json",
        "dataset.jsonld",
        "parquet/estimates.parquet",
        "parquet/indicators.parquet",
        "rcs-tables.xlsx",
        "rcs.duckdb",
        "site/index.html",
        "verdicts.json",
    ]
    for audience in release.audiences:
        pointer = current(workspace, "mini", audience)
        assert pointer is not None
        assert (pointer.version, pointer.path, pointer.synthetic) == ("1.0.0", "1.0.0", True)
        assert verify(folder_of(workspace, audience), pointer.hash) == release.hashes[audience]
        status = read_json(workspace.paths.releases / "mini" / audience / "status.json")
        assert status["versions"] == {
            "1.0.0": {
                "status": "released",
                "reason": None,
                "released_at": release.released_at,
                "until": None,
            }
        }
    assert workspace.ledger.releases("mini") == [release]
    assert workspace.ledger.moves(unfinished=True) == []


def test_the_checksums_satisfy_the_ordinary_tool(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    check = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=folder_of(workspace), check=False
    )
    assert check.returncode == 0


@pytest.mark.parametrize("audience", ["open", "partnership"])
def test_frictionless_finds_the_package_valid(workspace: Workspace, audience: str) -> None:
    candidate(workspace)
    released(workspace)
    folder = folder_of(workspace, audience)
    report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.to_summary()
    for resource in json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]:
        assert resource["path"].startswith("csv/")
        assert (folder / resource["parquet"]).is_file()
        assert resource["schema"]["primaryKey"]


def test_frictionless_would_notice_a_changed_value(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    file = folder_of(workspace) / "csv" / "estimates.csv"
    file.chmod(0o644)
    file.write_text(file.read_text(encoding="utf-8").replace("0.1,", "7.1,", 1), encoding="utf-8")
    assert not Package(str(folder_of(workspace) / "datapackage.json")).validate().valid


def test_the_package_fits_the_official_profile_that_it_names(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    package = json.loads((folder_of(workspace) / "datapackage.json").read_text(encoding="utf-8"))
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    profile = files("dplib").joinpath("profiles/2.0/datapackage.json").read_text(encoding="utf-8")
    official = jsonschema_rs.validator_for(json.loads(profile))
    assert [error.message for error in official.iter_errors(package)] == []
    package["resources"][0]["schema"]["fields"][0]["constraints"] = {"required": "yes"}
    assert not official.is_valid(package)


def test_units_codes_and_kinds_of_missing_are_described(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    package = json.loads((folder_of(workspace) / "datapackage.json").read_text(encoding="utf-8"))
    estimates = package["resources"][0]
    fields = {field["name"]: field for field in estimates["schema"]["fields"]}
    assert fields["estimate"] == {
        "name": "estimate",
        "type": "number",
        "description": "Share of the pupils.",
        "unit": "fraction of 1",
        "constraints": {"minimum": 0, "maximum": 1},
    }
    assert [item["value"] for item in fields["symbol"]["categories"]] == ["c", "x"]
    assert estimates["schema"]["missingValues"][0]["value"] == ""
    assert package["sources"] == [
        {"title": "wellbeing_primary, t1-here-2016", "version": f"sha256:{'ab' * 32}"}
    ]
    assert package["licenses"] == [{"name": "OGL-UK-3.0", "title": "Open Government Licence v3.0"}]


def test_csv_and_parquet_hold_the_same_rows_and_the_release_version(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    folder = folder_of(workspace)
    with duckdb.connect() as connection:
        for table in ("estimates", "indicators"):
            parquet = connection.execute(f"select * from '{folder}/parquet/{table}.parquet'").fetchall()
            names = [item[0] for item in connection.description or []]
            csv = connection.execute(
                f"from read_csv('{folder}/csv/{table}.csv',"
                " auto_type_candidates=['bigint', 'double', 'date', 'boolean', 'varchar'])"
            )
            assert [item[0] for item in csv.description or []] == names
            assert csv.fetchall() == parquet
            assert names[-1] == "release_version"
            assert {row[-1] for row in parquet} == {"1.0.0+synthetic"}
    hidden = [
        line
        for line in (folder / "csv/estimates.csv").read_text(encoding="utf-8").splitlines()
        if ",c," in line
    ]
    assert hidden == ["i3,S12000002,,,,false,2016-03-03,c,1.0.0+synthetic"]


def test_an_audience_sees_only_the_columns_that_say_so(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    assert (
        "base" not in (folder_of(workspace) / "csv/estimates.csv").read_text(encoding="utf-8").splitlines()[0]
    )
    partnership = folder_of(workspace, "partnership")
    assert "base" in (partnership / "csv/estimates.csv").read_text(encoding="utf-8").splitlines()[0]
    assert not (partnership / "csv/indicators.csv").exists()


def test_every_file_of_a_demonstration_says_that_it_is_synthetic(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    released(workspace)
    for path in (workspace.paths.releases / "mini").rglob("*"):
        if path.suffix == ".parquet":
            metadata = pq.read_schema(path).metadata
            assert b"SYNTHETIC" in metadata[b"notice"]
        elif path.suffix == ".xlsx":
            assert "SYNTHETIC" in str(openpyxl.load_workbook(path)["Cover"]["A1"].value)
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as made:
                assert made.execute("from release where title like 'SYNTHETIC%'").fetchone()
        elif path.is_file():
            assert "synthetic" in path.read_text(encoding="utf-8").lower(), path
    for table in (folder_of(workspace) / "csv").glob("*.csv"):
        rows = table.read_text(encoding="utf-8").splitlines()[1:]
        assert rows and all("+synthetic" in row for row in rows)


def test_a_real_release_does_not_say_that_it_is_synthetic(tmp_path: Path) -> None:
    workspace = home(tmp_path / "home", synthetic=False)
    candidate(workspace)
    released(workspace)
    files = files_of(workspace.paths.releases / "mini")
    assert not any(b"SYNTHETIC" in content or b"+synthetic" in content for content in files.values())
    assert Package(str(folder_of(workspace) / "datapackage.json")).validate().valid


def test_the_same_candidate_gives_the_same_bytes(tmp_path: Path) -> None:
    homes = [home(tmp_path / "one"), home(tmp_path / "two", clock=NOON + timedelta(days=3))]
    for workspace in homes:
        candidate(workspace)
        released(workspace)
    first, second = (files_of(folder_of(workspace)) for workspace in homes)
    timed = {
        "approval.json", "datapackage.json", "dataset.jsonld", "CHANGELOG.md", "site/index.html",
        "SHA256SUMS", "rcs-tables.xlsx", "rcs.duckdb",
    }  # fmt: skip
    assert {name for name in first if first[name] != second[name]} == timed
    for name in ("approval.json", "datapackage.json"):
        one, two = (json.loads(side[name]) for side in (first, second))
        times = {"created"}
        for side in (one, two):
            for item in side.get("approvals", ()):
                del item["approved_at"]
        assert {key: value for key, value in one.items() if key not in times} == {
            key: value for key, value in two.items() if key not in times
        }


def test_the_changelog_grows_and_changes_name_keys_but_no_values(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected("0.987654"), built_at=LATER)
    released(workspace)
    folder = folder_of(workspace, version="1.0.1")
    text = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.index("## 1.0.1") < text.index("## 1.0.0")
    changes = json.loads((folder / "changes.json").read_text(encoding="utf-8"))
    assert (changes["schema_version"], changes["base_version"], changes["change"]) == (
        "1.0",
        "1.0.0",
        "patch",
    )
    estimates = changes["tables"][0]
    assert estimates["values_changed"] == {"estimate": 1}
    assert estimates["changed_keys"] == [{"indicator_id": "i1", "area": "S12000001"}]
    assert "0.987" not in json.dumps(changes)


def test_verdicts_are_listed_without_what_they_saw(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    text = (folder_of(workspace) / "verdicts.json").read_text(encoding="utf-8")
    assert {item["outcome"] for item in json.loads(text)["verdicts"]} == {"pass"}
    assert "secret" not in text and "row 7" not in text


def test_the_contracts_of_a_release_can_be_read_again(workspace: Workspace, tmp_path: Path) -> None:
    candidate(workspace)
    released(workspace)
    copy = tmp_path / "product"
    copy.mkdir()
    for path in (folder_of(workspace) / "contracts").iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "product.yaml").write_bytes(
        (workspace.catalogue.product("mini").path / "product.yaml").read_bytes()
    )
    assert [table.name for table in read_product(copy).tables] == ["estimates", "indicators"]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def test_the_page_links_to_files_of_the_release_and_nothing_else(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    page = folder_of(workspace) / "site" / "index.html"
    html = page.read_text(encoding="utf-8")
    links = _Links()
    links.feed(html)
    outside = [link for link in links.found if not link.startswith("#")]
    assert len(outside) >= 8
    assert all((page.parent / link).is_file() for link in outside)
    assert "http" not in html.replace("https://schema.org", ""), "a word of JSON-LD, not a place to load from"
    assert 'lang="en-GB"' in html and html.count("<h1>") == 1


def test_a_plan_is_refused_when_a_newer_release_came_out(workspace: Workspace) -> None:
    candidate(workspace)
    old = approved(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    newer = approved(workspace)
    publish(workspace, newer.id, pages=write_pages)
    with pytest.raises(RefusedError, match="no longer holds"):
        publish(workspace, old.id, pages=write_pages)


def test_a_plan_is_refused_when_the_candidate_was_touched(workspace: Workspace) -> None:
    record = candidate(workspace)
    plan = approved(workspace)
    file = workspace.paths.home / record.path / "protected" / "open" / "estimates.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace (0.1 as estimate) from '{file}') to '{file}.new' (format parquet)"
        )
    Path(f"{file}.new").replace(file)
    with pytest.raises(RefusedError, match="gate is closed"):
        publish(workspace, plan.id, pages=write_pages)


def test_a_tampered_release_is_noticed_before_the_next_one_builds_on_it(workspace: Workspace) -> None:
    candidate(workspace)
    released(workspace)
    file = folder_of(workspace) / "csv" / "estimates.csv"
    file.chmod(0o644)
    file.write_text(file.read_text(encoding="utf-8").replace("0.1", "0.9", 1), encoding="utf-8")
    with pytest.raises(RefusedError, match=r"changed `csv/estimates\.csv`"):
        verify(folder_of(workspace))
    candidate(workspace, corrected(), built_at=LATER)
    with pytest.raises(RefusedError, match=r"changed `csv/estimates\.csv`"):
        approved(workspace)


def test_publishing_twice_is_nothing_to_do(workspace: Workspace) -> None:
    candidate(workspace)
    plan = approved(workspace)
    publish(workspace, plan.id, pages=write_pages)
    before = files_of(workspace.paths.releases)
    with pytest.raises(NothingToDoError, match=r"1\.0\.0"):
        publish(at(workspace, NOON + timedelta(days=1)), plan.id, pages=write_pages)
    assert files_of(workspace.paths.releases) == before


def test_an_unknown_plan_and_a_stranger_folder_get_a_sentence(workspace: Workspace) -> None:
    with pytest.raises(RcsError, match="no plan `nope`"):
        publish(workspace, "nope", pages=write_pages)
    candidate(workspace)
    plan = approved(workspace)
    folder_of(workspace).mkdir(parents=True)
    with pytest.raises(RefusedError, match="ledger knows nothing of"):
        publish(workspace, plan.id, pages=write_pages)


def test_two_do_not_publish_at_once(workspace: Workspace) -> None:
    candidate(workspace)
    plan = approved(workspace)
    holder = subprocess.Popen(
        ["flock", str(workspace.paths.lock), "sh", "-c", "echo held; read line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError):
            publish(workspace, plan.id, pages=write_pages)
    finally:
        holder.communicate(b"\n")
    assert publish(workspace, plan.id, pages=write_pages).version == "1.0.0"
