"""Errors of groups in few schools, or in such as hardly differ, are held against the programme."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from rcs_pipeline.contracts.catalogue import Catalogue, load_catalogue
from rcs_pipeline.gate import lent

# Place, schools, method, design effect, degrees of freedom, standard error, how far the schools lie apart.
ROWS = {
    "rcs": "'programme', 40, 'cluster', 1.8, 37, 0.01, 40.0",
    "S12000005": "'cpp', 3, 'lent', 1.8, 37, 0.03, 9.0",
    "S12000006": "'cpp', 14, 'lent', 1.8, 37, 0.03, 2.5",
    "S12000014": "'cpp', 12, 'cluster', 2.4, 11, 0.02, 8.0",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        values = ", ".join(f"('{place}', {row})" for place, row in ROWS.items())
        opened.execute(f"""
            create table estimates as
            select *, 'i' as indicator_id, 'secondary' as instrument, 'rcs-1' as wave, 'all' as group_by,
                'all' as group_value, 0.2 as estimate
            from (values {values}) as given (geography_code, geography_level, schools, variance_method,
                design_effect, degrees_of_freedom, standard_error, schools_apart)
        """)
        yield opened


FEW, ALIKE = "S12000005", "S12000006"


@pytest.mark.parametrize(
    ("place", "change", "says"),
    [
        (FEW, "schools = schools", None),
        (FEW, "variance_method = 'cluster'", "the error is that of few schools"),
        (FEW, "schools = 12", "stands in for that of many schools"),
        (FEW, "design_effect = 1.9", "the design effect is not that of the whole"),
        (FEW, "degrees_of_freedom = 2", "the design effect is not that of the whole"),
        (FEW, "variance_method = 'pupil'", "the whole has a design effect that was not taken"),
        # Where nobody or everybody is counted, no design effect is to be seen.
        (FEW, "standard_error = 0, design_effect = 1", None),
        (ALIKE, "variance_method = 'cluster'", "the error is that of schools that hardly differ"),
        (ALIKE, "schools_apart = 4.5", "stands in for that of many schools"),
        (ALIKE, "variance_method = 'pupil'", "the whole has a design effect that was not taken"),
    ],
)
def test_few_schools_and_such_as_hardly_differ_borrow_the_design_effect_or_the_gate_says_so(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, place: str, change: str, says: str | None
) -> None:
    connection.execute(f"update estimates set {change} where geography_code = '{place}'")
    product = catalogue.product("rcs")
    found = lent.problems_of(connection, "estimates", product, product.table("indicator_estimates"))
    assert [says in item for item in found] == ([True] if says else [])


def test_a_programme_whose_schools_hardly_differ_has_nothing_to_lend(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    connection.execute("update estimates set schools_apart = 1 where geography_code = 'rcs'")
    connection.execute("update estimates set variance_method = 'pupil' where variance_method = 'lent'")
    product = catalogue.product("rcs")
    found = lent.problems_of(connection, "estimates", product, product.table("indicator_estimates"))
    # Its own error is one too many, and nobody is missed who did not take it.
    assert found == ["1 row(s) where the error is that of schools that hardly differ"]


def test_a_programme_without_a_design_effect_has_none_to_lend(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    connection.execute("update estimates set variance_method = 'pupil' where geography_code <> 'S12000014'")
    product = catalogue.product("rcs")
    assert lent.problems_of(connection, "estimates", product, product.table("indicator_estimates")) == []
