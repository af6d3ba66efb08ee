"""A map's return says how it stands beside the others and the register, and draws what its tables hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from rcs_pipeline.contracts.matching import care_register
from rcs_pipeline.contracts.returns import SummaryFigure, SummaryTable, return_rules
from rcs_pipeline.intake.delivery import take_in
from rcs_pipeline.ledger.decisions import YES
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.planning.register import decide
from rcs_pipeline.returns.beside import with_others
from rcs_pipeline.returns.charts import charts_of
from rcs_pipeline.returns.send import bring_up_to_date, send_back
from rcs_pipeline.returns.summary import SummaryPart, summarise
from tests.returns import filled
from tests.returns.test_summary import service, stored
from tests.warehouse.lakes import workspace

HERE = "t1-clackmannanshire-2015"
_, REGISTER = care_register()
ENTRIES = [item for item in REGISTER if item.council == "Clackmannanshire"]
NURSERY = next(item for item in ENTRIES if item.kind == "Day Care of Children" and (item.places or 0) > 20)


def lines() -> list[dict[str, Any]]:
    """A nursery with other places, one that is not registered, and a service that no register has."""
    young = {"need_type": "early_learning", "reporting_year": "2015-16"}
    mapped = {"service_id": "N1", "service_name": NURSERY.name, "provider": NURSERY.provider}
    unknown = {"service_id": "N2", "service_name": "Nowhere Nursery", "provider": "Nobody", "town": "Wick"}
    numbered = {"town": NURSERY.town, "register_number": NURSERY.number, "capacity": 1}
    court = {"service_id": "J", "service_name": "Court team", "contract_end_date": "2017-04-01"}
    return [
        {**service("universal", 600), **young, **mapped, **numbered},
        {**service("intensive", 300), **young, **unknown, "contract_end_date": "2017-03-31"},
        {**service("statutory", 100), **court},
    ]


def whole_summary(space: Workspace, folder: Path) -> dict[str, SummaryPart]:
    contract = space.catalogue.delivery("service_map")
    rules, collection = return_rules(), space.catalogue.register.collection(HERE)
    accepted = stored(contract, folder / "accepted.parquet", lines())
    with duckdb.connect() as connection:
        own = summarise(connection, contract, rules, accepted)
        found = with_others(space, connection, contract, rules, collection, accepted, own)
    assert [part for part in found if part in own] == list(own)
    return {part.title: part for part in found}


def release(space: Workspace, rows: str) -> None:
    folder = space.paths.releases / "rcs" / "open"
    (folder / "1.2.0" / "parquet").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * from (values {rows}) as t(breakdown_by, cpp_code, cpp_name, prevention_share,"
            f" prevention_symbol)) to '{folder / '1.2.0' / 'parquet' / 'service_map_summary.parquet'}'"
        )
    (folder / "current.json").write_text(json.dumps({"version": "1.2.0", "path": "1.2.0"}), encoding="utf-8")


def test_a_return_says_what_the_map_lacks_and_what_the_register_does(tmp_path: Path) -> None:
    found = whole_summary(workspace(tmp_path / "home"), tmp_path)
    figures = dict(found["Your map beside the register of care services"].rows)
    assert figures["Registered in your area"] == len(ENTRIES)
    assert (figures["In both"], figures["Places that differ"]) == (1, 1)
    assert figures["Registered, not in the map"] == len(ENTRIES) - 1
    assert NURSERY.number not in {row[0] for row in found["Registered, not in the map"].rows}
    assert [row[0] for row in found["In the map, not registered"].rows] == ["N2"], (
        "no register has a court team"
    )
    assert found["Places that differ"].rows[0][:3] == ("N1", NURSERY.name, NURSERY.number)
    assert found["Contracts and grants by the financial year in which they end"].rows[:2] == (
        ("2016-17", 1, 300, 0.3, None), ("2017-18", 1, 100, 0.1, None),
    )  # fmt: skip


def test_the_share_on_prevention_stands_beside_the_others_once_they_are_published(tmp_path: Path) -> None:
    space = workspace(tmp_path / "home")
    title = "Share of spend on prevention beside the other partnerships"
    assert title not in whole_summary(space, tmp_path)
    own = space.catalogue.register.collection(HERE).cpp
    release(
        space,
        f"('all', '{own}', 'Own', 0.9, null), ('all', 'A', 'Angus', 0.5, null)"
        ", ('all', 'D', 'Dun', 0.75, null), ('need_type', 'B', 'Bute', 0.7, null)"
        ", ('all', 'C', 'Coll', null, 'c')",
    )
    found = whole_summary(space, tmp_path)[title]
    assert found.rows == (
        ("Your map, as sent now", 0.6), ("Dun", 0.75), ("Angus", 0.5), ("Coll", "withheld"),
    )  # fmt: skip
    assert "1.2.0" in found.note


def test_every_chart_is_of_the_table_below_it_and_asks_nobody(tmp_path: Path) -> None:
    parts = whole_summary(workspace(tmp_path / "home"), tmp_path).values()
    charts = [chart for part in parts for chart in charts_of(part)]
    assert len(charts) >= 7
    (cut,) = [chart for chart in charts if len(chart.series) == 4]
    nursery = next(bar for bar in cut.bars if bar.label == "Early learning and childcare")
    assert [(piece.series, piece.says) for piece in nursery.pieces] == [
        (0, "Universal: £600"), (2, "Intensive: £300"),
    ]  # fmt: skip
    assert nursery.pieces[0].width == pytest.approx(2 * nursery.pieces[1].width, abs=0.2)
    assert (nursery.says, nursery.pieces[1].left) == (
        "£900",
        nursery.pieces[0].left + nursery.pieces[0].width,
    )


def test_the_page_of_a_map_draws_its_charts_and_a_decision_about_a_match_makes_it_anew(
    tmp_path: Path,
) -> None:
    space = filled.home(tmp_path / "home")
    plan = filled.planned(space, "service_map", HERE)
    rows = [{**filled.good_row(plan), "service_id": key, "register_number": None} for key in "AB"]
    path = filled.fill(filled.written(plan, tmp_path / "empty.xlsx"), plan, rows, tmp_path / "map.xlsx")
    receipt = take_in(space, path, "service_map", HERE).receipt
    first = send_back(space, receipt)
    assert first is not None and first.problem is None
    page = first.files[1].read_text(encoding="utf-8")
    assert page.count("<svg") == page.count("</figure>") >= 6
    drawn = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert not [item for item in drawn if "href" in item or "style=" in item or "//" in item]
    assert "Registered, not in the map" in page
    assert NURSERY.number in page
    decide(space, HERE, "A", NURSERY.number, YES, "We asked")
    assert bring_up_to_date(space)
    assert not bring_up_to_date(space)
    made = re.findall(r"<tr>.*?</tr>", first.files[1].read_text(encoding="utf-8"))
    assert not [item for item in made if NURSERY.number in item and ">A<" not in item]


def test_nothing_is_drawn_where_there_is_no_number_and_long_tables_are_cut() -> None:
    heads: tuple[Any, ...] = (("Line", "text"), ("Spent", "pounds"))
    empty = SummaryPart("Empty", "", heads, (("a", None), ("b", 0)), charts=((1,),))
    assert charts_of(empty) == ()
    long = SummaryPart("Long", "", heads, tuple((f"{n}" * 60, n) for n in range(40)), charts=((1,),))
    (chart,) = charts_of(long)
    assert (len(chart.bars), chart.left_out, chart.title) == (30, 10, "Long")
    assert all(len(bar.label) <= 42 and bar.right <= chart.width for bar in chart.bars)


def test_a_chart_of_what_the_table_does_not_have_is_refused() -> None:
    figures = (SummaryFigure(label="a", value="1"), SummaryFigure(label="b", value="1", unit="share"))
    for charts in ((("c",),), (("a", "b"),), ((),)):
        with pytest.raises(ValueError, match="one unit"):
            SummaryTable(title="x", by="y", figures=figures, charts=charts)
    with pytest.raises(ValueError, match="of a table with"):
        SummaryTable(title="x", figures=figures, charts=(("a",),))
