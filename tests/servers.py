"""A PostgreSQL server of the tests' own, in a temporary folder, on a socket and no port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = "postgres"


def programs() -> Path | None:
    """Where the newest installed server has its programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def server() -> Iterator[str]:
    """Start a server and yield what follows `postgresql:///DATABASE?` in its addresses.

    PostgreSQL refuses to run as root, so root starts it as the account that Debian made for it.
    """
    where = programs()
    assert where is not None
    as_account = ["runuser", "-u", ACCOUNT, "--"] if os.getuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="rcs-pg-"))  # short: a socket's path has 107 bytes at most
    if as_account:
        shutil.chown(folder, ACCOUNT)
    folder.chmod(0o755)
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_account, str(where / program), *arguments], cwd=folder, check=True, capture_output=True,
            timeout=120,
        )  # fmt: skip

    try:
        run("initdb", "-D", str(data), "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"host={folder}&user={ACCOUNT}"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
