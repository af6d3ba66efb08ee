"""The estimates of a real survey against R's survey package."""

from __future__ import annotations

import duckdb

from rcs_pipeline.warehouse.build import Building
from tests.warehouse.conftest import REAL


def test_estimates_agree_with_the_survey_package_of_r(extract: Building) -> None:
    with duckdb.connect(str(extract.database), read_only=True) as connection:
        rows = connection.execute(
            f"""
            select
                reference.variable, abs(ours.estimate - reference.estimate),
                abs(ours.standard_error - reference.se),
                abs(ours.lower - reference.ci_low), abs(ours.upper - reference.ci_high),
                ours.degrees_of_freedom - reference.df, ours.base - reference.n,
                ours.numerator - reference.n_yes
            from '{REAL / "reference_estimates.csv"}' as reference
            inner join indicator_estimates as ours
                on ours.indicator_id = reference.variable
                and ours.group_by = replace(reference.group_by, 'overall', 'all')
                and ours.group_value = reference."group"
            """
        ).fetchall()
    assert len(rows) == 20
    for variable, *differences in rows:
        assert all(difference <= 1e-6 for difference in differences[:4]), (variable, differences)
        assert differences[4:] == [0, 0, 0], variable


def test_a_survey_without_places_has_only_the_programme(extract: Building) -> None:
    with duckdb.connect(str(extract.database), read_only=True) as connection:
        query = (
            "select distinct geography_level, geography_code, tranche, comparison from indicator_estimates"
        )
        assert connection.execute(query).fetchall() == [("programme", "extract2019", None, "cannot_compare")]


def test_nothing_failed_in_the_build(extract: Building) -> None:
    assert [item for item in extract.results if not item.passed and item.resource_type != "exposure"] == []


def test_a_product_that_names_a_comparison_has_it_without_sql(extract: Building) -> None:
    with duckdb.connect(str(extract.database), read_only=True) as connection:
        assert connection.execute("select count(*) from indicator_comparisons").fetchone() == (0,)
        query = """
            select count(*), count(distinct indicator_id),
                min(slope_index between slope_lower and slope_upper),
                max(abs(gap - (first.estimate - last.estimate)))
            from inequality
            inner join indicator_estimates as first using (indicator_id, group_by)
            inner join indicator_estimates as last using (indicator_id, group_by)
            where first.group_value = '1' and last.group_value = '4'
        """
        assert connection.execute(query).fetchone() == (6, 6, True, 0.0)
