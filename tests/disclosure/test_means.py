"""Means beside those of an earlier release: nobody's corrected score is what is left of a whole."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import numpy as np
import pytest

from rcs_pipeline.contracts.product import Product
from rcs_pipeline.disclosure import differencing
from rcs_pipeline.disclosure.differencing import close_sums
from rcs_pipeline.disclosure.earlier import Given
from rcs_pipeline.disclosure.protect import protect
from tests.disclosure.releases import given
from tests.disclosure.test_earlier import failed
from tests.disclosure.test_linked_tables import PLACES, SEX, STAGE, Row, rows
from tests.disclosure.test_weighted import contracts

SIZES = {"A": 400, "B": 500, "C": 300, "D": 700, "E": 350}
SAYS = "\n            mean: {value: estimate, weight: weighted_base}"
CHECK = "disclosure.open.linked"
MOST = 40


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return contracts(tmp_path_factory.mktemp("contracts") / "means", says=SAYS)


def pupils(seed: int) -> list[Row]:
    """Place, tranche, sex, stage and a score of 0 to 40."""
    draw = random.Random(seed)  # noqa: S311  (a test's own tables)
    return [
        (place, PLACES[place], draw.choice(SEX), draw.choice(STAGE), draw.randint(0, MOST))
        for place, many in SIZES.items()
        for _ in range(many)
    ]


def after(folder: Path, people: list[Row], product: Product, *earlier: Given) -> Path:
    """The candidate of these pupils' mean score, protected beside earlier releases.

    A pupil without a score left, and those who stay stand for them.
    """
    folder.mkdir()
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            "create table pupils (place varchar, tranche varchar, sex varchar, stage varchar, score integer)"
        )
        connection.executemany("insert into pupils values ($1, $2, $3, $4, $5)", people)
        connection.execute("""
            create table groups as
            select case when place is not null then 'cpp' when tranche is not null then 'tranche'
                    else 'programme' end as geography_level,
                coalesce(place, tranche, 'rcs') as geography_code, tranche,
                concat_ws('+', case when sex is not null then 'sex' end,
                    case when stage is not null then 'stage' end) as ways,
                concat_ws('+', sex, stage) as value, count(score) as base, count(*) as weight,
                avg(score) as mean
            from pupils
            group by grouping sets (
                (), (sex), (stage), (sex, stage), (tranche), (tranche, sex), (tranche, stage),
                (tranche, sex, stage), (tranche, place), (tranche, place, sex), (tranche, place, stage),
                (tranche, place, sex, stage)
            )
        """)
        shared = (
            "geography_level, geography_code, tranche, coalesce(nullif(ways, ''), 'all') as group_by,"
            " coalesce(nullif(value, ''), 'all') as group_value"
        )
        connection.execute(
            f"create table answers as select 'i0' as indicator_id, {shared}, base, null::integer as"
            " numerator, mean as estimate, weight::double as weighted_base, 20.0 as comparator,"
            " null::varchar as symbol from groups"
        )
        connection.execute(
            f"create table reached as select {shared}, base as respondents, base + 40 as roll,"
            " null::varchar as symbol, 'roll' as method from groups"
        )
        connection.execute("create table lines as select 'i0' as indicator_id, false as sensitive")
        connection.execute(
            "create table quality as select 'cpp' as geography_level, 'A' as geography_code, 'skipped' as"
            " kind, '1' as tranche, 400 as asked, 400 as share_of, 60 as pupils, null::varchar as symbol"
        )
    protect(folder / "warehouse.duckdb", folder / "protected", product, earlier=earlier)
    return folder


def corrected(people: list[Row]) -> list[Row]:
    """The same with another score of one girl of C, from none to the most."""
    number = next(at for at, row in enumerate(people) if row[:1] + row[2:4] == ("C", "female", "S1"))
    return [*people[:number], (*people[number][:4], MOST), *people[number + 1 :]]


@pytest.fixture(scope="module")
def people() -> list[Row]:
    found = pupils(1)
    number = next(at for at, row in enumerate(found) if row[:1] + row[2:4] == ("C", "female", "S1"))
    return [*found[:number], (*found[number][:4], 0), *found[number + 1 :]]


@pytest.fixture
def release(tmp_path: Path, people: list[Row], product: Product) -> Given:
    """What was given before E came."""
    return given(after(tmp_path / "one", [row for row in people if row[0] != "E"], product), "1.0.0")


def test_a_corrected_score_is_not_what_is_left_of_a_tranche_that_is_shown_anew(
    tmp_path: Path, people: list[Row], release: Given, product: Product
) -> None:
    folder = after(tmp_path / "two", corrected(people), product, release)
    assert failed(folder, product, release) == {}
    new = rows(folder / "protected/open/answers.parquet", "geography_code", "base is not null")
    assert ("E",) in new


def test_it_is_noticed_where_it_is(
    tmp_path: Path, people: list[Row], release: Given, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        differencing, "close_sums", lambda *given: close_sums(*given[:-1], np.zeros_like(given[-1]))
    )
    folder = after(tmp_path / "two", corrected(people), product, release)
    assert "sums whose means tell another score of the same few" in failed(folder, product, release)[CHECK]
    # The same people with the same scores say nothing.
    folder = after(tmp_path / "three", people, product, release)
    assert failed(folder, product, release) == {}


def test_of_whom_those_who_left_and_those_who_stay_show_the_same_mean_nothing_is_told(
    tmp_path: Path, people: list[Row], product: Product
) -> None:
    """Weights are made for the roll, so a place whose rounded mean stays weighs what it weighed."""
    others = [row for row in people if row[0] != "D"]
    of_d = [(*row[:2], "female", "S1", 20) for row in people if row[0] == "D"]
    of_d[-1] = (*of_d[-1][:4], 22)
    of_d[:5] = [(*row[:4], 19) for row in of_d[:5]]
    then = [row for row in others if row[0] != "E"] + of_d
    release = given(after(tmp_path / "one", then, product), "1.0.0")
    left = [(*row[:4], None) if number < 12 else row for number, row in enumerate(of_d)]
    folder = after(tmp_path / "two", others + left, product, release)
    everybody = "geography_code = 'D' and group_by = 'all'"
    one, two = (
        rows(candidate / "protected/open/answers.parquet", "base, estimate, weighted_base", everybody)
        for candidate in (tmp_path / "one", folder)
    )
    assert [row[1:] for row in one] == [row[1:] for row in two] and one[0][0] == two[0][0] + 12
    assert failed(folder, product, release) == {}
