"""Asking the marts: read-only, one statement at a time, recorded, denied by role.

Belongs here: who may ask, and a connection that can reach nothing but the candidate's own file.
Does not belong here: building (see `build`). What is read here is unprotected: it never leaves the team.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.ledger.records import CandidateRecord
from rcs_pipeline.ledger.workspace import Workspace

ROWS_SHOWN = 1_000


@dataclass(frozen=True)
class Answer:
    """What a question brought back. `more` says that rows beyond the limit were left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool


def current_build(workspace: Workspace, product_id: str) -> CandidateRecord:
    """The newest candidate of a product.

    Raises:
        RcsError: nothing was built yet.
    """
    known = workspace.ledger.candidates(product_id)
    if not known:
        raise RcsError(f"Nothing was built for `{product_id}` yet", todo="`rcs build` makes a candidate.")
    return known[-1]


def permit(workspace: Workspace, candidate: CandidateRecord, action: str, **detail: Any) -> None:
    """Let a role look behind a release, and record who asked for what; a denial is recorded too.

    Raises:
        RefusedError: the role may not ask.
    """
    roles = workspace.catalogue.product(candidate.product).file.query_roles
    subject, role = candidate.hash[:16], workspace.settings.role
    if role not in roles:
        workspace.note(f"{action} denied", subject, role=role, **detail)
        raise RefusedError(
            f"The role `{role}` may not read unprotected tables", expected=" or ".join(roles),
            todo="Read a release instead.",
        )  # fmt: skip
    workspace.note(action, subject, role=role, **detail)


def warehouse_of(workspace: Workspace, candidate: CandidateRecord) -> Path:
    """The database of a candidate.

    Raises:
        RcsError: it was erased.
    """
    database = workspace.paths.home / candidate.path / "warehouse.duckdb"
    if not database.is_file():
        raise RcsError(
            "The candidate's pupil tables were erased", where=candidate.hash[:16],
            expected="a candidate built after the last withdrawal and the last new key",
            todo="Build one: `rcs build`.",
        )  # fmt: skip
    return database


def query(workspace: Workspace, candidate: CandidateRecord, sql: str, *, limit: int = ROWS_SHOWN) -> Answer:
    """Run one SELECT over a candidate's warehouse and record who asked what.

    Raises:
        RefusedError: the role may not ask.
        RcsError: the statement is not valid, or tries to change or reach something.
    """
    import duckdb

    permit(workspace, candidate, "query", sql=sql)
    database = warehouse_of(workspace, candidate)
    try:
        # The raw views inside point at files; with external access off they cannot be followed.
        with duckdb.connect(str(database), read_only=True) as connection:
            for setting in ("enable_progress_bar = false", "enable_external_access = false"):
                connection.execute(f"set {setting}")
            connection.execute("set lock_configuration = true")
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                count = len(statements)
                raise RcsError(
                    f"There are {count} statements", expected="exactly one", todo="Ask one at a time."
                )
            if statements[0].type != duckdb.StatementType.SELECT:
                kind = statements[0].type.name
                raise RcsError(
                    f"This is a statement of kind {kind}", expected="a SELECT", todo="Ask with SELECT."
                )
            cursor = connection.execute(statements[0])
            rows = cursor.fetchmany(limit + 1)
            columns = tuple(item[0] for item in cursor.description or ())
    except duckdb.Error as error:
        raise RcsError(
            str(error).split("\n\n")[0], where="the query", todo="Correct it and ask again."
        ) from None
    return Answer(columns=columns, rows=tuple(rows[:limit]), more=len(rows) > limit)
