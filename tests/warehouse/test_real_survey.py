"""The estimates of a real survey against R's survey package."""

from __future__ import annotations

import duckdb
import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.warehouse.build import Building
from rcs_pipeline.warehouse.explain.asked import find
from rcs_pipeline.warehouse.explain.by_hand import calculate
from rcs_pipeline.warehouse.explain.pupils import Pupils
from tests.warehouse.conftest import CONTRACTS, REAL

REFERENCE = REAL / "reference_estimates.csv"


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
            from '{REFERENCE}' as reference
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


def test_explanations_by_hand_agree_with_the_survey_package_of_r(extract: Building) -> None:
    catalogue = load_catalogue(CONTRACTS)
    wanted = f"select variable, group_by, \"group\", estimate, se, ci_low, ci_high, df, n from '{REFERENCE}'"
    with duckdb.connect(str(extract.database), read_only=True) as connection:
        found = connection.execute(wanted).fetchall()
        rows = [row for row in found if row[0] in catalogue.indicators]
        for variable, by, value, *expected in rows:
            group = "all" if by == "overall" else f"{by}={value}"
            asked = find(connection, catalogue, extract.product, variable, "programme", group)
            pupils = Pupils(connection, catalogue, asked)
            made = calculate(pupils.clusters(), pupils.designed(), is_mean=pupils.is_mean)
            assert made is not None
            limits = (made.estimate, made.standard_error, made.lower, made.upper)
            by_hand = (*limits, made.degrees_of_freedom, made.base)
            assert by_hand == pytest.approx(expected, rel=0, abs=1e-6), (variable, group)
    assert len(rows) == 20


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
