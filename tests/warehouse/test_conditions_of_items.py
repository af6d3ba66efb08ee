"""An indicator of one item: 1, 0 or nothing, whichever way the codes are parted."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.measures import When
from rcs_pipeline.warehouse.conditions import _of_item

ANSWERS = (None, -9, 0, 1, 2, 3, 4, 5, 6, 99)


@pytest.mark.parametrize(
    ("valid", "yes"),
    [((1, 2, 3, 4, 5), (4, 5)), ((1, 2, 3, 4, 5), (1,)), ((1, 2, 3, 4, 5), (2, 4)), ((1, 2, 5), (5,))],
    ids=["above a cut", "below a cut", "no cut", "a gap"],
)
def test_only_valid_codes_are_answers(valid: tuple[int, ...], yes: tuple[int, ...]) -> None:
    contract = load_catalogue().delivery("wellbeing_secondary")
    column = replace(contract.column("sch_happy"), codes={str(code): "" for code in valid}, missing={})
    expression = _of_item(column, When(item="sch_happy", codes=tuple(str(code) for code in yes)))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select sch_happy, {expression} from (select unnest({list(ANSWERS)!r}) as sch_happy)".replace(
                "None", "null"
            )
        ).fetchall()
    assert dict(rows) == {code: None if code not in valid else int(code in yes) for code in ANSWERS}


def test_the_code_that_was_sent_is_read_where_no_missing_one_can_count() -> None:
    column = load_catalogue().delivery("wellbeing_secondary").column("sch_happy")
    assert "sch_happy__code" in _of_item(column, When(item="sch_happy", codes=("4", "5")))
    # Every valid code: what is left is "there is an answer", which a missing code would meet.
    every = tuple(code for code in column.codes or {} if code not in column.missing)
    assert "sch_happy__code" not in _of_item(column, When(item="sch_happy", codes=every))
