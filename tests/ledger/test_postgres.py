"""The ledger on a PostgreSQL server remembers what it does on SQLite."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rcs_pipeline.contracts.errors import NothingToDoError, RcsError
from rcs_pipeline.ledger.ledger import Ledger
from rcs_pipeline.ledger.lifecycle import state_of
from rcs_pipeline.release.approve import approve
from rcs_pipeline.release.plan import make_plan
from rcs_pipeline.release.publish import publish
from rcs_pipeline.release.rollback import withdraw_release
from rcs_pipeline.release.verify import verified
from rcs_pipeline.site.index import write_pages
from tests.release.helpers import candidate, corrected, home, released
from tests.servers import programs, server

pytestmark = [
    pytest.mark.needs_postgres,
    pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed"),
]
WORD = "hush"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server() as running:
        yield f"postgresql:///postgres?{running}"


def open_it(address: str) -> str:
    try:
        Ledger(address).close()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def test_several_processes_make_the_tables_at_once(address: str) -> None:
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(open_it, [address] * 3)) == ["", "", ""]


def test_releases_go_out_and_come_back(address: str, tmp_path: Path) -> None:
    small = home(tmp_path / "home")
    workspace = replace(small, settings=replace(small.settings, ledger_url=address))
    workspace.__dict__["catalogue"] = small.catalogue
    first = candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at="2026-05-05T10:00:00+00:00")
    plan = make_plan(workspace, "mini")
    approve(workspace, plan.id, "demo-approver", "one number was wrong")
    publish(workspace, plan.id, pages=write_pages)
    with pytest.raises(NothingToDoError):
        publish(workspace, plan.id, pages=write_pages)
    now = withdraw_release(workspace, "mini", "1.0.1", "Wrong weights")
    assert now is not None and now.version == "1.0.0"
    assert state_of(workspace, f"mini {now.version}") == "released"
    assert state_of(workspace, "mini 1.0.1") == "withdrawn"
    assert [item.problem for item in verified(workspace) if item.problem] == []
    again = Ledger(address)
    assert [item.status.value for item in again.releases("mini")] == ["released", "withdrawn"]
    assert again.candidate(first.hash) == first
    assert again.moves(unfinished=True) == []
    assert not (workspace.paths.home / "ledger.db").exists()


def test_a_server_that_is_away_is_a_sentence_without_the_password() -> None:
    with pytest.raises(RcsError, match="ledger cannot be opened") as told:
        Ledger(f"postgresql://ada:{WORD}@/x?host=/nowhere")
    assert WORD not in str(told.value)
