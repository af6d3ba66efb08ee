"""Groups in few schools, or in such as hardly differ: their own error would say what each school answered."""

from __future__ import annotations

import duckdb
import pytest
from pydantic import ValidationError

from rcs_pipeline.contracts.product import ReliabilityPolicy
from rcs_pipeline.warehouse.build import Building

FEW, PUPILS = 10, 4.5


def test_a_group_in_few_schools_has_the_design_effect_of_the_programme(programme: Building) -> None:
    with duckdb.connect(str(programme.database), read_only=True) as connection:
        rows = connection.execute("""
            select ours.numerator, ours.base, ours.estimate, ours.standard_error, ours.degrees_of_freedom,
                whole.design_effect, whole.degrees_of_freedom
            from indicator_estimates as ours
            inner join indicator_estimates as whole using (indicator_id, wave, group_by, group_value)
            where whole.geography_level = 'programme' and whole.variance_method = 'cluster'
                and whole.standard_error > 0 and ours.variance_method = 'lent'
        """).fetchall()
    shares = [row for row in rows if row[0] is not None and 0 < row[0] < row[1]]
    assert len(shares) > 1000 and len(rows) > len(shares)
    for _, base, share, error, degrees, effect, lent in shares:
        assert error == pytest.approx((effect * share * (1 - share) / base) ** 0.5, rel=1e-9)
        assert degrees == lent


def test_no_error_is_made_of_few_schools_and_every_other_of_its_own(programme: Building) -> None:
    with duckdb.connect(str(programme.database), read_only=True) as connection:
        found = connection.execute(f"""
            select distinct
                schools >= {FEW}
                and not coalesce(schools_apart < {PUPILS} and numerator between 1 and base - 1, false),
                variance_method, geography_level
            from indicator_estimates
        """).fetchall()
    # Pupils are the units where the programme has no design effect to lend.
    assert {(own, method) for own, method, _ in found} <= {
        (True, "cluster"), (False, "lent"), (False, "pupil"),
    }  # fmt: skip
    assert {(False, "lent", "cpp"), (True, "cluster", "programme")} <= set(found)


def test_many_schools_that_hardly_differ_do_not_say_so(programme: Building) -> None:
    with duckdb.connect(str(programme.database), read_only=True) as connection:
        found = connection.execute(f"""
            select variance_method, standard_error * base, schools_apart from indicator_estimates
            where schools >= {FEW} and schools_apart < {PUPILS} and numerator between 1 and base - 1
        """).fetchall()
    assert len(found) > 100
    assert {method for method, _, _ in found} <= {"lent", "pupil"}
    assert all(given != pytest.approx(apart, rel=1e-6) for _, given, apart in found)


def test_an_error_worth_few_pupils_is_lent_only_where_that_of_few_schools_is() -> None:
    with pytest.raises(ValidationError, match="`pupils_for_error` goes with `schools_for_error`"):
        ReliabilityPolicy(pupils_for_error=PUPILS)
    assert ReliabilityPolicy(pupils_for_error=PUPILS, schools_for_error=FEW).pupils_for_error == PUPILS


def test_the_schools_of_a_row_are_those_with_pupils_in_its_base(programme: Building) -> None:
    with duckdb.connect(str(programme.database), read_only=True) as connection:
        pairs = connection.execute("""
            select schools, count(distinct design_school)
            from indicator_estimates
            inner join scored.scored_wellbeing_secondary on design_cpp = geography_code
            where indicator_id = 's_bullied' and group_by = 'all' and s_bullied__y is not null
            group by geography_code, schools
        """).fetchall()
    assert len(pairs) == 8
    assert all(ours == counted for ours, counted in pairs)
