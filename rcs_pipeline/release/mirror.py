"""The database for releases (`RCS_PUBLISH_URL`): it follows the pointers.

Belongs here: what each audience is to read there by the product's policy; writing a publication into it
before anything moves; bringing it up to date after a move, or after a kill.
Does not belong here: SQL (see `postgres`), moving pointers (see `journal`).

The pointers lead. A publication is first written into an open transaction: a server that cannot take it
refuses it before anything moved. The transaction is committed when the pointers stand; a kill in between
takes it back, and the next command writes what the pointers say. Taking a release back never waits for a
server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcs_pipeline.contracts.errors import RcsError
from rcs_pipeline.contracts.product import InDatabase, Product
from rcs_pipeline.ledger.records import PointerMove
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import current, release_folder, verify
from rcs_pipeline.release.postgres_shape import Part, part

WRITTEN, FAILED = "database.written", "database.failed"
Places = Mapping[str, tuple[str, Path]]
"""Audience -> the hash and the folder of the release that it reads."""


@dataclass
class Staged:
    """A publication in an open transaction of the database; without a database there is nothing to commit."""

    workspace: Workspace
    connection: Any = None

    def commit(self, move: PointerMove) -> None:
        """Let readers of the database see it, now that the pointers stand.

        Raises:
            RcsError: the server went away; the release is out all the same.
        """
        from rcs_pipeline.release.postgres import sentences

        if self.connection is None:
            return
        address = self.workspace.settings.publish_url
        try:
            with sentences(address):
                self.connection.commit()
        except RcsError as error:
            raise _late(self.workspace, move.product, error) from error
        _note(self.workspace, move)


@contextmanager
def staged(workspace: Workspace, product_id: str, places: Places) -> Iterator[Staged]:
    """Write a publication into the database, unseen until its commit.

    Raises:
        RcsError: the database cannot be used, or does not take it; nothing moved.
    """
    if not workspace.settings.publish_url:
        yield Staged(workspace)
        return
    from rcs_pipeline.release import postgres

    parts = _parts(workspace, workspace.catalogue.product(product_id), places)
    with postgres.staged(workspace.settings.publish_url, parts) as connection:
        yield Staged(workspace, connection)


def behind(workspace: Workspace) -> tuple[PointerMove, ...]:
    """The last move of each product that the database has not followed yet. Costs no look at the database."""
    if not workspace.settings.publish_url:
        return ()
    last: dict[str, PointerMove] = {}
    for move in workspace.ledger.moves():
        if move.finished_at is not None:
            last[move.product] = move
    return tuple(
        move
        for name, move in last.items()
        if name in workspace.catalogue.products and _followed(workspace, name) != move.id
    )


def follow(workspace: Workspace, *, quietly: bool = False) -> None:
    """Write what the pointers say into the database, where it does not say so yet.

    Args:
        workspace: the home.
        quietly: enter a failure among the events and say nothing; a later command tries again.

    Raises:
        RcsError: the database cannot be used. The pointers stand.
    """
    for move in behind(workspace):
        from rcs_pipeline.release import postgres

        try:
            product = workspace.catalogue.product(move.product)
            parts = _parts(workspace, product, _pointed(workspace, product.id))
            with postgres.staged(workspace.settings.publish_url, parts) as connection:
                connection.commit()
        except RcsError as error:
            workspace.note(FAILED, move.product, problem=error.found)
            if not quietly:
                raise _late(workspace, move.product, error) from error
            continue
        _note(workspace, move)


def differing(workspace: Workspace) -> tuple[str, ...]:
    """The audiences whose release in the database is not the one that their pointer names.

    Raises:
        RcsError: the database cannot be used.
    """
    from rcs_pipeline.release import postgres

    found: list[str] = []
    for product in workspace.catalogue.products.values():
        parts = _parts(workspace, product, _pointed(workspace, product.id))
        shown = postgres.hashes(workspace.settings.publish_url, parts)
        found += [
            f"{product.id} {item.audience}"
            for item in parts
            if shown[item.schema, item.audience] != item.hash
        ]
    return tuple(found)


def _parts(workspace: Workspace, product: Product, places: Places) -> tuple[Part, ...]:
    """What the database is to hold: nothing where the policy does not give it an audience, or no longer."""
    policy = product.file.release.database
    released = (name for item in workspace.ledger.releases(product.id) for name in item.audiences)
    found: list[Part] = []
    for audience in dict.fromkeys([*places, *released]):
        kind, _, code = audience.partition("/")
        how = policy.get(kind, InDatabase.NONE)
        for rows in (False, True) if code else (False,):
            wanted = how is not InDatabase.NONE and (rows == (how is InDatabase.ROWS) or not code)
            digest, folder = places.get(audience, (None, None)) if wanted else (None, None)
            found.append(part(product.id, audience, rows=rows, hash_=digest, folder=folder))
    return tuple(found)


def _pointed(workspace: Workspace, product_id: str) -> dict[str, tuple[str, Path]]:
    """What the pointers name, each folder compared with its checksums before a row of it goes anywhere."""
    found = {}
    for audience in dict.fromkeys(
        name for item in workspace.ledger.releases(product_id) for name in item.audiences
    ):
        pointer = current(workspace, product_id, audience)
        if pointer is not None:
            folder = release_folder(workspace, product_id, audience, pointer.version)
            found[audience] = (verify(folder, pointer.hash), folder)
    return found


def _followed(workspace: Workspace, product_id: str) -> int | None:
    """The number of the move that the database of this address followed last."""
    events = workspace.ledger.events(action=WRITTEN, subject=f"{product_id} {_place(workspace)}")
    return int(events[-1].detail["move"]) if events else None


def _note(workspace: Workspace, move: PointerMove) -> None:
    subject = f"{move.product} {_place(workspace)}"
    workspace.note(WRITTEN, subject, move=move.id, version=move.to_version or None)


def _place(workspace: Workspace) -> str:
    from rcs_pipeline.release.postgres import place

    return place(workspace.settings.publish_url)


def _late(workspace: Workspace, product_id: str, error: RcsError) -> RcsError:
    return RcsError(
        f"The pointers of `{product_id}` have moved, and the database has not followed: {error.found}",
        where=_place(workspace), expected=error.expected,
        todo="Mend that; the next publishing command brings the database up to date.",
    )  # fmt: skip
