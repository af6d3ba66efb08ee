"""Figures of schools, from the pupils of a built programme to the bands and their audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from rcs_pipeline.contracts.product import AudiencePolicy, Product
from rcs_pipeline.disclosure.audit import audit
from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.records import Outcome
from rcs_pipeline.warehouse.build import Building

TABLE, AUDIENCE = "school_figures", "partnership"
INTERNAL = ("base", "numerator")


def granted(product: Product) -> Product:
    """The product as if partnerships, all together, saw the figures of all schools, and nothing else."""
    table = product.table(TABLE)
    columns = tuple(
        column if column.name in INTERNAL else replace(column, audiences=(AUDIENCE,))
        for column in table.columns
    )
    seen = replace(
        table,
        columns=columns,
        extension=table.extension.model_copy(update={"audiences": (AUDIENCE,), "rows_of": {}}),
    )
    cells = product.table("school_cells")
    audiences = {AUDIENCE: AudiencePolicy(title="Partnerships", geographies=())}
    return replace(
        product, tables=(seen, cells), file=product.file.model_copy(update={"audiences": audiences})
    )


def count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_partnerships_and_schools_are_given_the_bands_and_nobody_the_counts(programme: Building) -> None:
    table = programme.product.table(TABLE)
    assert not table.columns_for("open")
    told = {column.name for column in table.columns if column.name not in INTERNAL}
    for audience, place in (("partnership", "cpp_code"), ("school", "school_code")):
        assert {column.name for column in table.columns_for(audience)} == told
        assert table.extension.rows_of[audience] == place
    seen = {column.name for column in granted(programme.product).table(TABLE).columns_for(AUDIENCE)}
    assert seen == told


def test_a_row_says_the_title_and_the_domain_of_its_indicator(marts: duckdb.DuckDBPyConnection) -> None:
    rows = "from school_figures inner join indicators using (indicator_id)"
    wrong = f"select count(*) {rows} where (school_figures.title, school_figures.domain)"
    assert count(marts, f"select count(*) {rows}") == count(marts, "select count(*) from school_figures")
    assert count(marts, f"{wrong} is distinct from (indicators.title, indicators.domain)") == 0


def test_every_share_of_every_school_is_there_by_sex_and_stage(marts: duckdb.DuckDBPyConnection) -> None:
    same = "indicator_id, wave, geography_code, group_by, group_value, base, numerator"
    wanted = (
        f"select {same} from local_estimates where geography_level = 'school' and numerator is not null"
        " and group_by in ('all', 'sex', 'stage')"
    )
    made = f"select {same.replace('geography_code', 'school_code')} from school_figures"
    assert count(marts, "select count(*) from school_figures") > 10_000
    assert count(marts, f"select count(*) from ({wanted} except all {made})") == 0
    assert count(marts, f"select count(*) from ({made} except all {wanted})") == 0


def test_the_cells_behind_the_bands_are_the_shares_by_sex_and_stage(marts: duckdb.DuckDBPyConnection) -> None:
    same = "indicator_id, wave, geography_code, group_by, group_value, base, numerator"
    wanted = (
        f"select {same} from local_estimates where geography_level = 'school' and numerator is not null"
        " and group_by = 'sex+stage'"
    )
    made = f"select {same.replace('geography_code', 'school_code')} from school_cells"
    assert count(marts, "select count(*) from school_cells") > 10_000
    assert count(marts, f"select count(*) from ({wanted} except all {made})") == 0
    assert count(marts, f"select count(*) from ({made} except all {wanted})") == 0


def test_the_schools_of_a_partnership_add_up_to_it(marts: duckdb.DuckDBPyConnection) -> None:
    query = """
        with schools as (
            select indicator_id, wave, cpp_code, group_by, group_value, sum(base) as base,
                sum(numerator) as numerator
            from school_figures group by all
        )
        select count(*) from schools
        left join indicator_estimates as cpps
            on schools.cpp_code = cpps.geography_code and cpps.geography_level = 'cpp'
            and schools.indicator_id = cpps.indicator_id and schools.wave = cpps.wave
            and schools.group_by = cpps.group_by and schools.group_value = cpps.group_value
        where (schools.base, schools.numerator) is distinct from (cpps.base, cpps.numerator)"""
    assert count(marts, query) == 0


def test_bands_of_a_built_programme_are_proved(
    marts: duckdb.DuckDBPyConnection, programme: Building, tmp_path: Path
) -> None:
    # Two partnerships will do: each is proved by itself.
    some = "select min(cpp_code) from school_figures union select max(cpp_code) from school_figures"
    figures = marts.execute(f"from school_figures where cpp_code in ({some})").to_arrow_table()
    cells = marts.execute("from school_cells").to_arrow_table()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create table school_figures as from figures")
        connection.execute("create table school_cells as from cells")
    assert len(figures) and len(cells)
    product = granted(programme.product)
    (report,) = protect(tmp_path / "warehouse.duckdb", tmp_path / "protected", product)
    found = {item.check: item for item in audit(tmp_path, product)}
    assert {item.outcome for item in found.values()} == {Outcome.PASS}, found
    assert f"disclosure.{AUDIENCE}.bands" in found
    assert report.rows == len(figures)
    assert set(report.hidden_by_reason) <= {"few_answers", "small_school", "secondary"}
