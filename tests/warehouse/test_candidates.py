"""How builds get their names, and what happens to the lake beneath them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.ledger.records import ReceiptState
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import Building, build_warehouse, reading_ahead, seal
from rcs_pipeline.warehouse.lake import create_sources
from tests.warehouse import lakes


def made(space: Workspace, value: int) -> Building:
    """A build with one protected table, without the half minute that dbt takes."""
    folder = space.paths.work / f"building-rcs-{value}"
    (folder / "protected" / "open").mkdir(parents=True)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        path = folder / "protected" / "open" / "response_rates.parquet"
        connection.execute(f"copy (select {value} // 10 as roll) to '{path}' (format parquet)")
    product = space.catalogue.product("rcs")
    return Building(product, folder, folder / "warehouse.duckdb", (), (), space.now())


def test_a_candidate_is_named_after_its_content(tmp_path: Path) -> None:
    space = lakes.workspace(tmp_path)
    record = seal(space, made(space, 10), ["contract.response_rates"])
    folder = space.paths.candidates / record.hash[:16]
    assert (folder / "candidate.json").is_file()
    assert record.tables["open/response_rates"]["rows"] == 1
    assert space.ledger.candidate(record.hash).required_checks == ("contract.response_rates",)


def test_the_same_content_again_is_nothing_to_do_and_leaves_no_folder(tmp_path: Path) -> None:
    space = lakes.workspace(tmp_path)
    seal(space, made(space, 10), [])
    again = made(space, 11)
    with pytest.raises(NothingToDoError):
        seal(space, again, [])
    assert not again.folder.exists()
    assert seal(space, made(space, 20), []).path != space.ledger.candidates("rcs")[0].path


def test_where_figures_stay_other_deliveries_are_another_candidate(tmp_path: Path) -> None:
    space = lakes.workspace(tmp_path)

    def kept(value: int, rows: int, *, some: bool = True) -> Building:
        building = made(space, value)
        if some:
            (building.folder / "afresh").mkdir()
        delivery = {
            "dataset": "school_roll",
            "collection": "x",
            "sha256": "0",
            "receipt": value,
            "rows": rows,
        }
        return replace(building, inputs=(delivery,))

    first = seal(space, kept(10, 5, some=False), [])
    with pytest.raises(NothingToDoError):
        seal(space, kept(11, 5), [])
    second = seal(space, kept(12, 6), [])
    assert first.tables == second.tables
    assert first.hash != second.hash
    with pytest.raises(NothingToDoError):
        seal(space, kept(13, 6), [])


def test_a_crash_between_the_folder_and_the_ledger_is_mended_by_building_again(tmp_path: Path) -> None:
    space = lakes.workspace(tmp_path)
    record = seal(space, made(space, 10), [])
    other = lakes.workspace(tmp_path / "other")
    (other.paths.candidates / record.hash[:16]).mkdir()
    assert seal(other, made(other, 10), []).hash == record.hash
    assert (other.paths.candidates / record.hash[:16] / "candidate.json").is_file()


def test_an_unprotected_build_gets_no_name(tmp_path: Path) -> None:
    space = lakes.workspace(tmp_path)
    building = made(space, 10)
    (building.protected / "open" / "response_rates.parquet").unlink()
    with pytest.raises(RcsError, match="no protected tables"):
        seal(space, building, [])


def test_a_home_without_deliveries_cannot_be_built(tmp_path: Path) -> None:
    with pytest.raises(RcsError, match="Nothing has been accepted yet"):
        build_warehouse(lakes.workspace(tmp_path), "rcs")


def test_sources_show_the_current_files_and_no_others(tmp_path: Path) -> None:
    space = lakes.workspace(tmp_path)
    roll = space.catalogue.delivery("school_roll")
    for rows in (2, 3):
        lakes.land(
            space, "school_roll", "t1-west-lothian-2015",
            f"select {lakes.answers(roll, 1, {})} from range({rows}) as numbers(i)",
        )  # fmt: skip
    with duckdb.connect() as connection:
        create_sources(connection, space, ["school_roll", "service_map"])
        assert connection.execute("select count(*), min(collection) from raw.school_roll").fetchone() == (
            5,
            "t1-west-lothian-2015",
        )
        assert connection.execute("select count(*) from raw.service_map").fetchone() == (0,)
    first = space.ledger.receipts(state=ReceiptState.ACCEPTED.value)[0]
    (space.paths.home / str(first.raw_path)).unlink()
    with duckdb.connect() as connection, pytest.raises(RcsError, match="cannot be read"):
        create_sources(connection, space, ["school_roll"])


@pytest.mark.long
def test_what_dbt_has_read_ahead_is_not_read_again(tmp_path: Path) -> None:
    space = lakes.workspace(tmp_path)
    parsed = []
    for _ in range(2):
        with reading_ahead(space, "rcs"):
            pass
        told = json.loads((space.paths.work / "dbt/rcs/target/perf_info.json").read_text(encoding="utf-8"))
        parsed.append(told["parsed_path_count"])
    assert parsed[0] > 0
    assert parsed[1] == 0
