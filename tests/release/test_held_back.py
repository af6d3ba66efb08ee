"""What a plan says of rows that are held back beside an earlier release."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.contracts.product_files import read_product
from rcs_pipeline.release.held_back import HeldBack, held_back, in_short
from rcs_pipeline.site.plan_page import write_plan_page
from tests.disclosure.releases import given
from tests.disclosure.test_earlier import after, without
from tests.disclosure.test_linked_tables import CONTRACTS, candidate, pupils, rows

SIZES = {"A": 260, "B": 300, "C": 190, "D": 700, "E": 240}


@pytest.fixture(scope="module")
def product() -> Product:
    return read_product(CONTRACTS)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, product: Product) -> Path:
    folder = tmp_path_factory.mktemp("held")
    people = pupils(1, SIZES, (0.4, 0.15, 0.5))
    release = given(candidate(folder / "one", people, product), "1.0.0")
    return after(folder / "two", without(people, 2, "D"), product, release)


@pytest.fixture(scope="module")
def found(second: Path, product: Product) -> dict[str, HeldBack]:
    return {item.table: item for item in held_back(second, product)}


def test_every_row_that_keeps_its_figures_is_counted_and_named(
    found: dict[str, HeldBack], second: Path
) -> None:
    reached = found["reached"]
    ((kept,),) = rows(second / "masks/open/reached.parquet", "count(*)", "kept_from is not null")
    assert (reached.kept, reached.since, len(reached.keys), reached.complete) == (kept, "1.0.0", kept, True)
    there = {"geography_level": "cpp", "geography_code": "D", "group_by": "all", "group_value": "all"}
    assert there in reached.keys
    assert all(key["geography_code"] in ("D", "2", "rcs") for key in reached.keys)


def test_one_sentence_says_how_many_rows_have_no_new_figures(found: dict[str, HeldBack]) -> None:
    rows_of_all = sum(item.kept + item.hidden for item in found.values())
    assert in_short(tuple(found.values())).startswith(f"{rows_of_all} rows have no new figures")
    assert in_short(()) == ""


@pytest.mark.parametrize(
    "columns", ["* exclude (kept_from)", "* replace ('differencing' as reason, null::varchar as kept_from)"]
)
def test_what_no_earlier_release_has_to_do_with_is_not_held_back(
    second: Path, product: Product, tmp_path: Path, columns: str
) -> None:
    # A mask from before earlier releases were looked at, and groups too close within one release.
    folder = tmp_path / "other"
    for mask in (second / "masks/open").iterdir():
        (folder / "masks/open").mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            query = f"select {columns} from read_parquet('{mask}')"
            connection.execute(f"copy ({query}) to '{folder / 'masks/open' / mask.name}' (format parquet)")
    assert held_back(folder, product) == ()


def test_the_plans_page_names_the_rows(found: dict[str, HeldBack], tmp_path: Path) -> None:
    plan = {
        "plan": "abc",
        "product": "linked",
        "title": "Linked",
        "candidate": "0" * 64,
        "base_version": "1.0.0",
        "version": "1.0.1",
        "change": "patch",
        "why": [],
        "note": "",
        "not_before": None,
        "approvals_needed": 1,
        "synthetic": False,
        "made_at": "2026-05-04T10:00:00+00:00",
        "made_by": "somebody",
        "builder": "another",
        "audiences": [],
        "consumers": [],
        "held_back": [asdict(item) for item in found.values()],
        "checklist": [],
    }
    page = write_plan_page(tmp_path, plan).read_text(encoding="utf-8")
    assert "What is held back" in page
    assert "cpp, D, all, all" in page
