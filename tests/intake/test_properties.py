"""For every table: each row is counted once, each fault is found, nothing else is."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcs_pipeline.intake.pseudonymise import pseudonym, use_keys
from rcs_pipeline.ledger.workspace import Workspace
from tests.intake.small import KEY, as_csv, found, home, row, stored, take

FAULTS = {
    "sex": ("7", "RCS-C03"),
    "count": ("many", "RCS-C02"),
    "share": ("nan", "RCS-C02"),
    "seen": ("soon", "RCS-C02"),
    "agreed": ("who knows", "RCS-C02"),
    "note": ("a very long story", "RCS-C07"),
    "council": ("", "RCS-C01"),
    "pupil_id": ("12", "RCS-C05"),
}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return home(tmp_path_factory.mktemp("properties") / "home")


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


# Most rows are good, or nearly every file would be refused whole and the split never seen.
ROW = st.one_of(*[st.just([])] * 3, st.lists(st.sampled_from(sorted(FAULTS)), max_size=3, unique=True))


@settings(max_examples=25)
@given(st.lists(ROW, min_size=1, max_size=12))
def test_every_fault_is_found_where_it_is_and_the_receipt_adds_up(
    space: Workspace, faults: list[list[str]]
) -> None:
    unique = next(_numbers) * 100
    # The number goes with the fault of an identifier: two equal ones would be a fault of another kind.
    table = [
        row(
            unique + number,
            **{name: FAULTS[name][0] + (str(number) if name == "pupil_id" else "") for name in names},
        )
        for number, names in enumerate(faults)
    ]
    receipt = take(space, as_csv(table)).receipt
    expected = {
        (FAULTS[name][1], place, name) for place, names in enumerate(faults, start=2) for name in names
    }
    bad = sum(1 for names in faults if names)
    assert receipt.rows_in == len(faults)
    assert receipt.adds_up
    if bad > len(faults) / 2 or all("council" in names for names in faults):
        assert receipt.rows_refused == len(faults)
        assert receipt.raw_path is None
    else:
        assert {item for item in found(space, receipt) if item[1]} == expected
        assert (receipt.rows_accepted, receipt.rows_quarantined) == (len(faults) - bad, bad)
        lake = [item["source_row"] for item in stored(space, receipt)]
        assert lake == [place for place, names in enumerate(faults, start=2) if not names]


@settings(max_examples=200)
@given(
    value=st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    keys=st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=3),
)
def test_the_pseudonym_is_the_chain_of_hmacs_of_the_standard_library(
    engine: duckdb.DuckDBPyConnection, value: str, keys: list[bytes]
) -> None:
    use_keys(engine, keys)
    got = engine.execute(f"select {pseudonym('v')} from (select $v as v)", {"v": value}).fetchone()
    for key in keys:
        value = hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
    assert got == (value,)


def test_the_stored_pseudonym_is_that_of_the_trimmed_identifier(space: Workspace, tmp_path: Path) -> None:
    own = home(tmp_path / "home")
    receipt = take(own, as_csv([row(1, pupil_id=" 100000001 ")])).receipt
    expected = hmac.new(KEY.encode(), b"100000001", hashlib.sha256).hexdigest()
    assert [item["pupil_id"] for item in stored(own, receipt)] == [expected]
