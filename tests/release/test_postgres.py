"""Releases in PostgreSQL follow the pointers, and nobody sees a mixture or another's rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.contracts.product import InDatabase, ReleasePolicy
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release import mirror, postgres, publish
from rcs_pipeline.release.journal import finish_interrupted_moves
from rcs_pipeline.release.pointer import current
from rcs_pipeline.release.postgres_shape import part
from rcs_pipeline.release.rollback import rollback, withdraw_release
from rcs_pipeline.site.index import write_pages
from tests.places import world
from tests.release.helpers import ESTIMATES, INDICATORS, approved, candidate, corrected, home, released
from tests.servers import programs, server

pytestmark = [
    pytest.mark.needs_postgres,
    pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed"),
]
LATER = "2026-05-05T10:00:00+00:00"
NUMBERS = count()
WORD = "hush"


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    with server() as found:
        yield found


@pytest.fixture
def address(running: str) -> str:
    """An empty database; what the server shares between databases, its roles, stays."""
    name = f"releases{next(NUMBERS)}"
    with connected(f"postgresql:///postgres?{running}", autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    return f"postgresql:///{name}?{running}"


@pytest.fixture
def workspace(tmp_path: Path, address: str) -> Workspace:
    """The small product, everything of it for the database."""
    return publishing(home(tmp_path / "home"), address, open="schema", partnership="schema")


def publishing(workspace: Workspace, address: str, **policy: str) -> Workspace:
    settings = replace(workspace.settings, publish_url=address)
    made = replace(workspace, settings=settings)
    product = workspace.catalogue.product("mini")
    release = ReleasePolicy(
        **{
            **product.file.release.model_dump(),
            "database": {name: InDatabase(how) for name, how in policy.items()},
        }
    )
    changed = replace(product, file=product.file.model_copy(update={"release": release}))
    made.__dict__["catalogue"] = replace(workspace.catalogue, products={"mini": changed})
    return made


def connected(address: str, **options: Any) -> Any:
    import psycopg

    return psycopg.connect(address, **options)


def ask(address: str, query: str, role: str | None = None) -> list[tuple[Any, ...]]:
    with connected(address) as connection:
        if role:
            connection.execute(f'set role "{role}"'.encode())
        return list(connection.execute(query.encode()).fetchall())


def versions(address: str, schema: str = "mini_open") -> list[str]:
    return [row[0] for row in ask(address, f"select version from {schema}.release")]


def test_the_tables_hold_what_the_files_hold(workspace: Workspace, address: str) -> None:
    import duckdb

    candidate(workspace)
    released(workspace)
    for audience in ("open", "partnership"):
        for file in (workspace.paths.releases / "mini" / audience / "1.0.0/parquet").glob("*.parquet"):
            files = duckdb.sql(f"from '{file}' order by all")
            columns = ", ".join(files.columns)
            rows = ask(address, f"select {columns} from mini_{audience}.{file.stem}")
            assert sorted(map(repr, rows)) == sorted(map(repr, files.fetchall()))
    assert versions(address) == versions(address, "mini_partnership") == ["1.0.0"]
    ((said,),) = ask(address, "select obj_description('mini_open.estimates'::regclass)")
    assert said
    explained = ask(address, "select description from mini_open.dictionary where column_name = 'estimate'")
    assert explained[0][0]


def test_a_role_reads_its_own_schema_and_no_other(workspace: Workspace, address: str) -> None:
    from psycopg.errors import InsufficientPrivilege

    candidate(workspace)
    released(workspace)
    assert ask(address, "select count(*) from mini_open.estimates", "mini_open") == [(20,)]
    with pytest.raises(InsufficientPrivilege):
        ask(address, "select count(*) from mini_partnership.estimates", "mini_open")
    with pytest.raises(InsufficientPrivilege):
        ask(address, "delete from mini_open.estimates", "mini_open")


def test_what_the_policy_does_not_name_is_left_out_and_taken_away_again(tmp_path: Path, address: str) -> None:
    both = publishing(home(tmp_path / "home"), address, open="schema", partnership="schema")
    candidate(both)
    released(both)
    assert ask(address, "select count(*) from mini_partnership.estimates") == [(20,)]
    one = publishing(both, address, open="schema")
    candidate(one, corrected(), built_at=LATER)
    released(one)
    assert ask(address, "select count(*) from mini_partnership.estimates") == [(0,)]
    assert (versions(address), versions(address, "mini_partnership")) == (["1.0.1"], [])


def test_the_ways_back_take_the_database_with_them(workspace: Workspace, address: str) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    released(workspace)
    rows = "select distinct release_version from mini_open.estimates"
    assert ask(address, rows) == [("1.0.1+synthetic",)]
    rollback(workspace, "mini", "1.0.0", "wrong weights")
    assert (ask(address, rows), versions(address)) == ([("1.0.0+synthetic",)], ["1.0.0"])
    withdraw_release(workspace, "mini", "1.0.0", "wrong too")
    assert (ask(address, rows), versions(address)) == ([], [])
    assert mirror.differing(workspace) == ()


def test_the_rows_of_a_school_are_seen_by_its_own_role_alone(tmp_path: Path, address: str) -> None:
    schools = ("5701234", "5709999")
    folders = [release_of(tmp_path / code, code) for code in schools]
    parts = [
        part("mini", f"school/{code}", rows=True, hash_=code, folder=folder)
        for code, folder in zip(schools, folders, strict=True)
    ]
    with postgres.staged(address, parts) as connection:
        connection.commit()
    everything = "select distinct release_audience, release_version from mini_school.estimates"
    assert len(ask(address, everything)) == 2
    for code in schools:
        role = f"mini_school_{code}"
        assert ask(address, everything, role) == [(code, f"of {code}")]
        assert ask(address, "select hash from mini_school.release", role) == [(code,)]
        assert ask(address, "select count(*) from mini_school.dictionary", role)[0][0] > 0
    gone = [replace(parts[0], hash=None, folder=None), parts[1]]
    with postgres.staged(address, gone) as connection:
        connection.commit()
    assert ask(address, everything) == [("5709999", "of 5709999")]


def test_each_place_has_a_schema_and_a_role_and_what_the_policy_leaves_out_has_none(
    tmp_path: Path, address: str
) -> None:
    from psycopg.errors import InsufficientPrivilege

    made = world.home(tmp_path / "home", world.plain_contracts(tmp_path))
    workspace = replace(made, settings=replace(made.settings, publish_url=address))
    workspace.__dict__["catalogue"] = made.catalogue
    world.candidate(workspace)
    world.released(workspace)
    made_schemas = ask(address, "select nspname from pg_namespace where nspname like 'many%'")
    own = {f"many_partnership_{cpp.lower()}" for cpp in world.CPPS}
    assert {name for (name,) in made_schemas} == {"many_open", *own}
    for cpp in world.CPPS:
        schema = f"many_partnership_{cpp.lower()}"
        rows = ask(address, f"select distinct cpp_code, count(*) from {schema}.figures group by 1", schema)
        assert rows == [(cpp, 9)]
        assert ask(address, f"select count(*) from {schema}.places", schema) == [(len(world.CPPS),)]
    with pytest.raises(InsufficientPrivilege):
        ask(address, "select * from many_partnership_s12000014.figures", "many_partnership_s12000005")
    world.candidate(workspace, cpps=world.CPPS[:2], built_at=LATER)
    world.released(workspace)
    assert versions(address, "many_partnership_s12000005") == ["2.0.0"]
    assert versions(address, "many_partnership_s12000020") == []


def release_of(folder: Path, code: str) -> Path:
    """A made-up release folder for one school, as far as the database reads it."""
    import json

    fields = [{"name": name, "type": "string", "description": name} for name in ("area", "release_version")]
    table = {
        "name": "estimates", "title": "T", "description": "D", "path": "csv/estimates.csv",
        "schema": {"fields": fields},
    }  # fmt: skip
    package = {
        "name": "mini", "title": "Mini", "description": "D", "audience": f"school/{code}", "version": "1.0.0",
        "created": "today", "licenses": [{"title": "L"}], "synthetic": True, "resources": [table],
    }  # fmt: skip
    (folder / "csv").mkdir(parents=True)
    (folder / "csv/estimates.csv").write_text(f'area,release_version\n"",of {code}\n', encoding="utf-8")
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    return folder


def test_readers_see_one_version_and_never_wait_or_fail(workspace: Workspace, address: str) -> None:
    candidate(workspace)
    released(workspace)
    mixture = """
        select release_version from mini_open.estimates union
        select release_version from mini_open.indicators
    """
    stop, problems, reads = threading.Event(), [], []

    def read(order: str) -> None:
        with connected(address, autocommit=True) as connection:
            connection.execute("set lock_timeout = '1ms'")
            while not stop.is_set():
                try:
                    found = connection.execute(f"{mixture} order by 1 {order}".encode()).fetchall()
                    if len(found) != 1:
                        problems.append(str(found))
                    reads.append(found[0])
                except Exception as error:
                    problems.append(f"{type(error).__name__}: {error}")

    readers = [threading.Thread(target=read, args=(order,)) for order in ("asc", "desc")]
    for reader in readers:
        reader.start()
    try:
        for number in range(3):
            candidate(workspace, corrected(f"0.{number + 201}"), built_at=f"2026-05-05T10:00:0{number}")
            released(workspace)
        rollback(workspace, "mini", "1.0.0", "to and fro")
    finally:
        stop.set()
        for reader in readers:
            reader.join(timeout=30)
    assert problems == []
    assert len(set(reads)) >= 3


class Killed(BaseException):
    """A stand-in for the end of the process: nothing catches it."""


def stop(*_: object, **__: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    "step", ["before the journal", "before the pointers", "before the commit", "after it"]
)
def test_a_kill_leaves_the_database_to_the_next_command(
    workspace: Workspace, address: str, step: str
) -> None:
    from rcs_pipeline.release import journal

    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    plan = approved(workspace)
    place = {
        "before the journal": (publish, "_enter"),
        "before the pointers": (journal, "write_pointers"),
        "before the commit": (mirror.Staged, "commit"),
        "after it": (mirror, "_note"),
    }[step]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(*place, stop)
        publish.publish(workspace, plan.id, pages=write_pages)
    torn = versions(address)
    assert torn == (["1.0.1"] if step == "after it" else ["1.0.0"])
    finish_interrupted_moves(workspace)
    pointer = current(workspace, "mini", "open")
    assert pointer is not None
    assert versions(address) == [pointer.version] == ["1.0.0" if step == "before the journal" else "1.0.1"]
    assert mirror.behind(workspace) == ()


def test_a_server_that_is_away_refuses_a_publication_and_never_a_withdrawal(
    workspace: Workspace, address: str
) -> None:
    candidate(workspace)
    released(workspace)
    candidate(workspace, corrected(), built_at=LATER)
    plan = approved(workspace)
    away = replace(
        workspace, settings=replace(workspace.settings, publish_url="postgresql:///x?host=/nowhere")
    )
    away.__dict__["catalogue"] = workspace.catalogue
    with pytest.raises(RcsError, match="cannot be used") as refused:
        publish.publish(away, plan.id, pages=write_pages)
    assert "/nowhere:5432/x" in str(refused.value)
    pointer = current(workspace, "mini", "open")
    assert pointer is not None and pointer.version == "1.0.0"
    assert publish.publish(workspace, plan.id, pages=write_pages).version == "1.0.1"
    with pytest.raises(RcsError, match="have moved, and the database has not followed"):
        withdraw_release(away, "mini", "1.0.1", "wrong")
    pointer = current(workspace, "mini", "open")
    assert pointer is not None and pointer.version == "1.0.0"
    assert versions(address) == ["1.0.1"]
    finish_interrupted_moves(workspace)
    assert versions(address) == ["1.0.0"]


def test_other_columns_change_the_table_when_no_reader_is_in_it(tmp_path: Path, address: str) -> None:
    folder = release_of(tmp_path / "one", "x")
    first = part("mini", "open", rows=False, hash_="1", folder=folder)
    with postgres.staged(address, [first]) as connection:
        connection.commit()
    description = (folder / "datapackage.json").read_text(encoding="utf-8")
    renamed = release_of(tmp_path / "two", "y")
    (renamed / "datapackage.json").write_text(description.replace('"area"', '"place"'), encoding="utf-8")
    second = replace(first, hash="2", folder=renamed)
    with ExitStack() as held:
        reader = held.enter_context(connected(address))
        reader.execute("select count(*) from mini_open.estimates")
        with (
            pytest.raises(RefusedError, match="somebody has been reading there"),
            postgres.staged(address, [second], patience=0.1),
        ):
            pass
        assert reader.execute("select area from mini_open.estimates").fetchall() == [("",)]
    with postgres.staged(address, [second]) as connection:
        connection.commit()
    assert ask(address, "select place, release_version from mini_open.estimates", "mini_open") == [
        ("", "of y")
    ]


def test_what_rcs_did_not_make_is_not_touched(workspace: Workspace, address: str) -> None:
    with connected(address) as connection:
        connection.execute("create schema mini_open")
        connection.execute("create table mini_open.precious as select 1 as one")
    candidate(workspace)
    plan = approved(workspace)
    with pytest.raises(RefusedError, match="holds tables that no release made: precious"):
        publish.publish(workspace, plan.id, pages=write_pages)
    assert ask(address, "select one from mini_open.precious") == [(1,)]
    assert not list(workspace.paths.releases.rglob("current.json"))


def test_a_demonstration_never_replaces_a_real_release(tmp_path: Path, address: str) -> None:
    real = publishing(home(tmp_path / "real", synthetic=False), address, open="schema")
    candidate(real)
    released(real)
    shown = publishing(home(tmp_path / "shown"), address, open="schema")
    candidate(shown, ESTIMATES, INDICATORS)
    plan = approved(shown)
    with pytest.raises(RefusedError, match="holds a real release"):
        publish.publish(shown, plan.id, pages=write_pages)


def test_an_account_without_the_right_is_told_so(workspace: Workspace, address: str) -> None:
    with connected(address, autocommit=True) as connection:
        connection.execute("drop role if exists weak")
        connection.execute("create role weak login")
    weak = replace(
        workspace,
        settings=replace(workspace.settings, publish_url=address.replace("user=postgres", "user=weak")),
    )
    weak.__dict__["catalogue"] = workspace.catalogue
    candidate(weak)
    plan = approved(weak)
    with pytest.raises(RefusedError, match="may not write releases"):
        publish.publish(weak, plan.id, pages=write_pages)


def test_an_address_that_is_none_is_told_without_repeating_it(workspace: Workspace) -> None:
    for wrong in (f"mysql://ada:{WORD}@here/x", WORD, f"postgresql://ada:{WORD}@[here/x"):
        with pytest.raises(RcsError, match="not one of PostgreSQL") as told:
            postgres.place(wrong)
        assert WORD not in str(told.value)
    assert postgres.place(f"postgresql+psycopg://ada:{WORD}@here:99/x") == "here:99/x"
