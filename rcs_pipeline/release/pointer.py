"""The pointers: the small files that say which release is the current one, and what may be done with each.

Belongs here: reading and replacing `current.json` and `status.json`, and checking a release folder
against its own checksums. These two files are all that ever changes under `releases/`.
Does not belong here: deciding when a pointer moves (see `journal`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from rcs_pipeline.contracts.errors import RcsError, RefusedError
from rcs_pipeline.disclosure.earlier import SUMS, listed_in
from rcs_pipeline.ledger.paths import file_hash, files_under, whole_files
from rcs_pipeline.ledger.workspace import Workspace

CURRENT = "current.json"
STATUS = "status.json"
SCHEMA_VERSION = "1.0"


@dataclass(frozen=True)
class Pointer:
    """What `current.json` says.

    `hash` is the sha256 of the release's SHA256SUMS; `path` starts beside the pointer.
    """

    product: str
    audience: str
    version: str
    hash: str
    path: str
    released_at: str
    synthetic: bool


def audience_folder(workspace: Workspace, product_id: str, audience: str) -> Path:
    """Where the releases of a product for one audience lie."""
    return workspace.paths.releases / product_id / audience


def release_folder(workspace: Workspace, product_id: str, audience: str, version: str) -> Path:
    """Where one release lies."""
    return audience_folder(workspace, product_id, audience) / version


def current(workspace: Workspace, product_id: str, audience: str) -> Pointer | None:
    """What consumers of this audience read now; None before the first release.

    Raises:
        RcsError: the pointer is there but cannot be read.
    """
    path = audience_folder(workspace, product_id, audience) / CURRENT
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Pointer(**{name: content[name] for name in Pointer.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RcsError(
            "The pointer to the current release cannot be read",
            where=str(path),
            expected="the JSON that publishing writes",
            todo="`rcs rollback` to the version that should be current writes it again.",
        ) from error


def write_pointers(workspace: Workspace, pointers: Iterable[Pointer]) -> None:
    """Replace pointers in the order given, each in one step."""
    whole_files(
        {
            audience_folder(workspace, item.product, item.audience) / CURRENT: as_json(
                {"schema_version": SCHEMA_VERSION, **asdict(item)}
            ).encode()
            for item in pointers
        }
    )


def write_statuses(
    workspace: Workspace, product_id: str, audiences: Iterable[str], versions: dict[str, dict[str, Any]], *,
    synthetic: bool,
) -> None:  # fmt: skip
    """Replace the lists of versions with their status, beside the pointers, each in one step."""
    about = {"schema_version": SCHEMA_VERSION, "product": product_id}
    rest = {"synthetic": synthetic, "versions": versions}
    whole_files(
        {
            audience_folder(workspace, product_id, audience) / STATUS: as_json(
                {**about, "audience": audience, **rest}
            ).encode()
            for audience in audiences
        }
    )


def as_json(content: Any) -> str:
    """JSON as every file of a release has it: the same content gives the same bytes."""
    # Python's own encoder is written in C only where it may put everything on one line.
    return to_json(content, indent=2).decode() + "\n"


def write_sums(folder: Path) -> str:
    """Write the checksums of everything in a folder; returns the sha256 of that list."""
    lines = [f"{file_hash(folder / name)}  {name}\n" for name in files_under(folder) if name != SUMS]
    target = folder / SUMS
    target.write_text("".join(lines), encoding="utf-8")
    return file_hash(target)


def verify(folder: Path, expected: str | None = None) -> str:
    """Check a release folder against its checksums; returns the sha256 of the list.

    Args:
        folder: the folder of one release.
        expected: what the ledger or a pointer remembers as the hash of the list.

    Raises:
        RefusedError: something is missing, changed or was put in.
    """
    sums = folder / SUMS
    if not sums.is_file():
        raise _broken(folder, "has no SHA256SUMS")
    found = file_hash(sums)
    if expected is not None and found != expected:
        raise _broken(folder, "has another SHA256SUMS than the one that was released")
    listed = listed_in(folder)
    present = {*files_under(folder)} - {SUMS}
    for name in sorted(listed.keys() - present):
        raise _broken(folder, f"lacks `{name}`")
    for name in sorted(present - listed.keys()):
        raise _broken(folder, f"holds `{name}`, which was not released")
    for name, digest in listed.items():
        if file_hash(folder / name) != digest:
            raise _broken(folder, f"holds a changed `{name}`")
    return found


def _broken(folder: Path, problem: str) -> RefusedError:
    return RefusedError(
        f"The release {problem}",
        where=str(folder),
        expected="exactly what was published",
        todo="Restore the folder from a backup; releases are never edited.",
    )
