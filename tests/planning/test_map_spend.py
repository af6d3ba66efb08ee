"""A per cent of what the map says: which rows count, in which prices, with which grade."""

from __future__ import annotations

from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.reference import load_reference
from rcs_pipeline.planning.scenarios import worked_out
from tests.planning.small import move, scenario, sure
from tests.warehouse.lakes import land, workspace

HERE = "t1-clackmannanshire-2015"
ROWS = """
    select 'S' || i as service_id, 'Service ' || i as service_name, 'council_education' as lead_partner,
        'Council' as provider, 'childrens_service' as service_class, level as level_of_support,
        need as need_type, 5 as age_from, 12 as age_to, 'cpp_wide' as geography, spent as gross_actual,
        'not_rated' as evidence_rating, grade as data_confidence, 'S12000005' as cpp_code,
        '2014-15' as reporting_year, i as source_row, {rest}
    from (values (1, 'intensive', 'protection', 100000.10, 'A'), (2, 'intensive', 'disability', 50000.0, 'B'),
        (3, 'universal', 'youth_work', 9000.0, 'D')) as given (i, level, need, spent, grade)
"""


def landed(folder: Path, collection: str = HERE):  # type: ignore[no-untyped-def]
    from rcs_pipeline.warehouse.lake import lake_columns

    space = workspace(folder)
    given = ROWS.partition("from")[0]
    rest = lake_columns(space.catalogue.delivery("service_map"))
    missing = ", ".join(
        f"cast(null as {item.type}) as {item.name}" for item in rest if f" as {item.name}" not in given
    )
    land(space, "service_map", collection, ROWS.format(rest=missing))
    return space


def a_per_cent(of: dict[str, object], collection: str = HERE):  # type: ignore[no-untyped-def]
    shifted = move(
        **{"from": {"label": "it", **of}},
        amount={"percent": sure(10), "of": "map"},
        released={"share": sure(1), "lag": sure(0)},
    )
    return scenario(moves=[shifted], effects=[], collection=collection)


@pytest.mark.parametrize(
    ("of", "spent", "grade"),
    [
        ({"level_of_support": "intensive"}, 150_000.10, 2),
        ({"level_of_support": "intensive", "need_type": "protection"}, 100_000.10, 1),
        ({"services": ("S2", "S3")}, 59_000, 4),
    ],
)
def test_the_map_says_how_much_there_is_and_how_sure_that_is(
    tmp_path: Path, of: dict[str, object], spent: float, grade: int
) -> None:
    result = worked_out(a_per_cent(of), landed(tmp_path))
    (spend,) = (item for item in result.figures if item.name == "moves.shift.of")
    assert spend.value == pytest.approx(load_reference().price(spent, "2014-15", "2021-22"))
    assert spend.grade == grade
    cost = result.years[0].cost / (1 + result.rules.correction(grade))
    assert cost == pytest.approx(spend.value / 10)


def test_a_map_without_such_services_and_a_word_that_no_map_has_are_said(tmp_path: Path) -> None:
    space = landed(tmp_path)
    with pytest.raises(RcsError, match="says nothing"):
        worked_out(a_per_cent({"level_of_support": "statutory"}), space)
    with pytest.raises(RcsError, match="says nothing"):
        worked_out(a_per_cent({"level_of_support": "intensive"}, "t2-falkirk-2016"), space)
    with pytest.raises(RcsError, match="universal, additional"):
        worked_out(a_per_cent({"level_of_support": "intense"}), space)
