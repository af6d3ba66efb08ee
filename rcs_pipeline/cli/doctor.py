"""The verb doctor: is it me or the data?

Belongs here: looking at versions, rights, contracts, the lock and unfinished work.
Does not belong here: mending anything.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rcs_pipeline.cli.output import format_option, result, table, workspace
from rcs_pipeline.contracts.errors import ExitCode, LockedError, RcsError

if TYPE_CHECKING:
    from rcs_pipeline.ledger.workspace import Workspace

PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "pandas")
LOW_DISK = 2 << 30


@click.command()
@click.option("--verify", is_flag=True, help="Also read every release and compare it with its checksums.")
@format_option
@click.pass_context
def doctor(context: click.Context, verify: bool, form: str) -> int:
    """Versions, settings and their origin, contracts, key, lock, disk, unfinished work."""
    space = workspace(context)
    checks = list(_checks(space)) + (list(_releases(space)) if verify else [])
    text = table(
        ["", "what", "found"], [["ok" if good else "LOOK", what, found] for good, what, found in checks]
    )
    result(form, text, checks=[{"ok": good, "what": what, "found": found} for good, what, found in checks])
    return ExitCode.OK if all(good for good, _, _ in checks) else ExitCode.FINDINGS


def _checks(space: Workspace) -> Iterator[tuple[bool, str, str]]:
    yield (3, 11) <= sys.version_info[:2] < (3, 14), "Python", platform.python_version()
    for name in PACKAGES:
        yield True, name, metadata.version(name)
    for setting in space.settings.origins:
        yield True, f"setting {setting.name}", f"{_masked(setting.value) or '-'} ({setting.origin})"
    for what, look in {
        "contracts": _contracts,
        "key": _key,
        "lock": _lock,
        "ledger": _ledger,
        "rights": _private,
        "database for releases": _database,
    }.items():
        try:
            yield True, what, look(space)
        except RcsError as error:
            yield False, what, str(error)
    free = shutil.disk_usage(space.paths.home).free
    yield free > LOW_DISK, "disk", f"{free >> 30} GiB free"


def _releases(space: Workspace) -> Iterator[tuple[bool, str, str]]:
    """Every release of every audience against the hash that the ledger remembers, and every pointer."""
    from rcs_pipeline.release.verify import verified

    for item in verified(space):
        yield not item.problem, item.what, item.problem or "as it was published"


def _masked(value: str) -> str:
    """A database's address without its password."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", value)


def _contracts(space: Workspace) -> str:
    found = space.catalogue
    counts = (len(found.deliveries), len(found.products), len(found.indicators))
    return "{} deliveries, {} products, {} indicators".format(*counts)


def _key(space: Workspace) -> str:
    from rcs_pipeline.ledger.keys import keys_in_use

    keys = keys_in_use(space)
    many = f"there are {len(keys)}" if len(keys) > 1 else "there is one"
    return many + (" (made for the demo)" if space.synthetic else "")


def _lock(space: Workspace) -> str:
    try:
        with space.writing():
            return "free"
    except LockedError:
        return "held by another process that is writing now"


def _ledger(space: Workspace) -> str:
    moves = space.ledger.moves(unfinished=True)
    if moves:
        raise RcsError(
            f"{len(moves)} pointer move(s) are unfinished", todo="Any publishing command completes them."
        )
    undertakings = space.ledger.unfinished()
    if undertakings:
        kinds = ", ".join(item.kind for item in undertakings)
        raise RcsError(f"Interrupted work: {kinds}", todo="Run that command again, or `rcs build`.")
    from rcs_pipeline.release.notices import untold

    if untold(space):
        raise RcsError(
            f"{untold(space)} notice(s) of a release were not taken",
            todo="The next publishing command tries again.",
        )
    return f"{len(space.ledger.receipts())} receipts, no unfinished pointer move or other work"


def _database(space: Workspace) -> str:
    if not space.settings.publish_url:
        return "none is set"
    from rcs_pipeline.release.mirror import differing

    other = differing(space)
    if other:
        raise RcsError(
            f"The database does not show the current release of {', '.join(other[:5])}",
            todo="The next publishing command brings it up to date.",
        )
    return "shows what the pointers name"


def _private(space: Workspace) -> str:
    wrong = [path for path in _identifying(space) if path.stat().st_mode & 0o077]
    if wrong:
        raise RcsError(
            f"{len(wrong)} place(s) with identifiers can be read by others", where=str(wrong[0]),
            todo="Take the rights away: `chmod -R go= originals inbox` in the home.",
        )  # fmt: skip
    return "inbox and originals are readable by the owner only"


def _identifying(space: Workspace) -> list[Path]:
    paths = space.paths
    return [paths.inbox, paths.originals, *(path for path in paths.originals.iterdir() if path.is_file())]
