"""Fixtures of the warehouse's tests: builds are slow (dbt starts), so each is made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.disclosure.protect import protect
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.warehouse.build import Building, build_warehouse
from tests.warehouse import lakes

HERE = Path(__file__).parent
REAL = HERE.parent / "data" / "real"
CONTRACTS = HERE / "contracts"
VARIABLES = ("Q2", "Q3", "QN12", "QN23", "QN24", "QN25", "QN26", "QN29", "weight", "stratum", "psu")


@pytest.fixture(scope="session")
def programme_space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A small programme in the raw lake: eight partnerships, both instruments."""
    space = lakes.workspace(tmp_path_factory.mktemp("programme"))
    lakes.programme(space, pupils_per_school=200, schools={"wellbeing_primary": 4, "wellbeing_secondary": 3})
    lakes.frame(space)
    return space


@pytest.fixture(scope="session")
def programme(programme_space: Workspace) -> Building:
    """That programme, built."""
    return build_warehouse(programme_space, "rcs")


@pytest.fixture(scope="session")
def open_tables(programme: Building) -> Path:
    """What everybody gets of it."""
    protect(programme.database, programme.protected, lakes.for_everybody(programme.product))
    return programme.protected / "open"


@pytest.fixture(scope="session")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Building:
    """The real survey, built from contracts alone."""
    import pyreadstat

    folder = tmp_path_factory.mktemp("extract")
    space = lakes.workspace(folder, CONTRACTS)
    frame, _ = pyreadstat.read_sav(REAL / "yrbs2019.sav", user_missing=True, usecols=list(VARIABLES))
    frame.to_parquet(folder / "file.parquet")
    lakes.land(
        space, "extract2019", "extract-2019",
        f"select *, row_number() over () as source_row from '{folder / 'file.parquet'}'",
    )  # fmt: skip
    return build_warehouse(space, "extract2019")


@pytest.fixture
def marts(programme: Building) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built programme, for reading; `every_estimate` holds those of schools and communities as well."""
    with duckdb.connect(str(programme.database), read_only=True) as connection:
        connection.execute(
            "create temp view every_estimate as"
            " select * exclude (band, symbol, release_version) from indicator_estimates"
            " union all by name from local_estimates"
        )
        yield connection
