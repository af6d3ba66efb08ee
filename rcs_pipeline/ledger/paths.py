"""The folders under `RCS_HOME`. Everything that is not code lives there.

Belongs here: names of places, and writing a file so that it is either whole or absent.
Does not belong here: what is inside the files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rcs_pipeline.contracts.errors import RcsError

TEMPORARY = ".part-"
# Beside the protected tables of a build: those of today, where some rows are shown as they were given before.
AFRESH = "afresh"
FEW = 8  # beyond that, one flush of everything costs less than one a file
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True)
class Paths:
    """Where things are."""

    home: Path

    @property
    def inbox(self) -> Path:
        """What suppliers dropped: `<dataset>/<collection>/<file>`. Holds identifiers."""
        return self.home / "inbox"

    @property
    def originals(self) -> Path:
        """Files as received, by sha256. Holds identifiers."""
        return self.home / "originals"

    @property
    def raw(self) -> Path:
        """The raw lake: accepted rows, pseudonymised."""
        return self.home / "raw"

    @property
    def quarantine(self) -> Path:
        """Rows kept out, with their reasons."""
        return self.home / "quarantine"

    @property
    def findings(self) -> Path:
        """Every broken rule of every delivery."""
        return self.home / "findings"

    @property
    def withdrawn(self) -> Path:
        """Lists of the pseudonyms of withdrawn pupils."""
        return self.home / "withdrawn"

    @property
    def reports(self) -> Path:
        """Internal reports: Data Docs and the like."""
        return self.home / "reports"

    @property
    def candidates(self) -> Path:
        """Complete builds, one folder a candidate."""
        return self.home / "candidates"

    @property
    def releases(self) -> Path:
        """What consumers read."""
        return self.home / "releases"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage."""
        return self.home / "dagster"

    @property
    def work(self) -> Path:
        """Half-made things; whatever is left here after a crash may be deleted."""
        return self.home / "work"

    @property
    def lock(self) -> Path:
        """The file that the one writer holds."""
        return self.home / "writer.lock"

    @property
    def demo_mark(self) -> Path:
        """Stands where every row is synthetic; holds the demo's seed and scale."""
        return self.home / "demo.json"

    @property
    def demo_key(self) -> Path:
        """The key that the demo made for itself."""
        return self.home / "demo.key"

    def make(self) -> None:
        """Create the folders; those with identifiers readable by the owner only.

        Raises:
            RcsError: the home cannot be written.
        """
        try:
            for folder in (
                self.home, self.raw, self.quarantine, self.findings, self.withdrawn, self.reports,
                self.candidates, self.releases, self.dagster, self.work,
            ):  # fmt: skip
                folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.inbox, self.originals):
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        except OSError as error:
            raise RcsError(
                f"The folder cannot be made: {error.strerror}", where=str(error.filename or self.home),
                todo="Give this account the right to write there, or set RCS_HOME.",
            ) from error  # fmt: skip

    def relative(self, path: Path) -> str:
        """`path` as it is stored in the ledger: from the home, with forward slashes."""
        return path.resolve().relative_to(self.home).as_posix()


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; rename it into place when the block succeeds."""
    temporary = _beside(target)
    try:
        yield temporary
        flush(temporary)
        os.replace(temporary, target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def whole_files(contents: Mapping[Path, bytes]) -> None:
    """Replace files in the order given, each whole or as it was; many are pushed to the disk in one go."""
    if len(contents) <= FEW:
        for target, content in contents.items():
            with whole_file(target) as part:
                part.write_bytes(content)
        return
    parts = {target: _beside(target) for target in contents}
    try:
        for target, content in contents.items():
            parts[target].write_bytes(content)
        flush_everything()
        for target, part in parts.items():
            os.replace(part, target)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    """A temporary name beside `target`, whose folder is there from then on."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f"{TEMPORARY}{uuid.uuid4().hex[:8]}-{target.name}")


def files_under(root: Path) -> list[str]:
    """Every file below `root`, as its path from there, in order; a folder that is a link is left alone.

    Raises:
        OSError: a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = []
    for folder, _, names in os.walk(root, onerror=refuse) if root.is_dir() else ():
        here = Path(folder)
        below = here.relative_to(root)
        found += [(below / name).as_posix() for name in names if (here / name).is_file()]
    return sorted(found)


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Push a finished file to the disk, so that a rename never precedes its content."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def flush_everything() -> None:
    """Push all that was written to the disk in one go: where files are many, far cheaper than one by one."""
    os.sync()


def sweep(folder: Path) -> int:
    """Delete what an interrupted write left behind in `folder`. Returns how many. Needs the writer lock."""
    count = 0
    for leftover in sorted(folder.rglob(f"{TEMPORARY}*")):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
        count += 1
    return count
