"""A second wave of three partnerships, built whole: breaks, changes, a programme that is another one."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome
from rcs_pipeline.warehouse.build import build_warehouse
from tests.warehouse import lakes

AGAIN = {"S12000005": "clackmannanshire", "S12000040": "west-lothian", "S12000029": "south-lanarkshire"}


@pytest.mark.long
def test_a_second_wave_is_compared_with_the_first(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts" / "register"
    contracts.mkdir(parents=True)
    datasets = dict.fromkeys(("school_roll", "wellbeing_primary", "wellbeing_secondary", "service_map"))
    collections = [
        {"key": f"t1-{name}-2019", "title": name, "tranche": 1, "cpp": code, "wave": "rcs-2",
         "collected": "2019-20", "datasets": datasets}
        for code, name in AGAIN.items()
    ]  # fmt: skip
    register = {"waves": [{"id": "rcs-2", "title": "Second survey"}], "collections": collections}
    (contracts / "second.yaml").write_text(yaml.safe_dump(register), encoding="utf-8")
    space = lakes.workspace(tmp_path, contracts.parent)
    lakes.programme(space, pupils_per_school=200, schools={"wellbeing_primary": 4, "wellbeing_secondary": 3})
    lakes.frame(space)
    building = build_warehouse(space, "rcs")
    assert [item.name for item in building.results if item.status not in ("success", "pass", "no-op")] == []
    with duckdb.connect(str(building.database), read_only=True) as connection:
        indicator = _comparable(connection)
        changes = f"""
            select geography_level, break_flag, break_reason like 'other partnerships%' as other_whole,
                count(distinct geography_code), count(z) > 0,
                count(*) filter (where comparison <> 'cannot_compare') > 0
            from indicator_comparisons
            where compared_with = 'earlier_wave' and indicator_id = '{indicator}'
                and group_by in ('all', 'sex')
            group by all order by all
        """
        relative = """
            select distinct break_flag, comparison, difference is null, break_reason like '%relative%'
            from indicator_comparisons where compared_with = 'earlier_wave' and indicator_id = 'p_low_mood'
        """
        runs = f"""
            select wave, break_flag, waves_in_run, waves from indicator_trends
            where indicator_id = '{indicator}' and geography_code = 'S12000005' and group_by = 'all'
            order by wave
        """
        found = connection.execute(changes).fetchall()
        assert found == [
            ("cpp", False, None, 3, True, True),
            ("programme", True, True, 1, False, False),
            ("tranche", False, None, 1, True, True),
        ]
        assert connection.execute(relative).fetchall() == [(True, "cannot_compare", True, True)]
        assert connection.execute(runs).fetchall() == [
            ("rcs-1", False, 1, "rcs-1"), ("rcs-2", False, 2, "rcs-1, rcs-2"),
        ]  # fmt: skip
        lone = "select distinct wave from indicator_comparisons where compared_with = 'other_tranches'"
        assert connection.execute(lone).fetchall() == [("rcs-1",)]
        places = "select wave, max(places) from cpp_ranks group by wave order by wave"
        assert connection.execute(places).fetchall() == [("rcs-1", 8), ("rcs-2", 3)]
    protect(building.database, building.protected, building.product)
    assert [
        item for item in audit(building.folder, building.product) if item.outcome is not Outcome.PASS
    ] == []


def _comparable(connection: duckdb.DuckDBPyConnection) -> str:
    """An indicator of the primary questionnaire that declares no break, the same at every call."""
    query = """
        select min(indicator_id) from indicators
        where instrument = 'primary' and breaks is null and kind = 'proportion'
    """
    return str(connection.execute(query).fetchall()[0][0])
