"""The process that dbt runs in: started, asked, and ended.

Belongs here: the life of that process, and that one which has read a project's models builds them too.
Does not belong here: which commands it gets (see `dbt_run`; `dbt_child` takes them over there).

In this process dbt would keep the database locked until we exit, so it always gets its own.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import TracebackType

CHILD = Path(__file__).with_name("dbt_child.py")
DEFAULT_THREADS = 2
READ_BY_DBT = (".sql", ".yml", ".csv")


class Dbt:
    """A process that takes commands about one project and database; it ends with this one."""

    def __init__(self, project: Path, database: Path, threads: int | None) -> None:
        """Start it. dbt reads a project anew where the connection is another one: all commands get the same.

        Args:
            project: the folder of the dbt project.
            database: the DuckDB file that it builds.
            threads: those of the engine.
        """
        self._project = project
        # What dbt prints goes to a file: nobody empties a pipe while it is at work.
        self._printed = tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        environment = os.environ | {
            "RCS_DBT_DATABASE": str(database),
            "RCS_DBT_ENGINE_THREADS": str(threads or DEFAULT_THREADS),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
            "DO_NOT_TRACK": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            env=environment,
            cwd=project,
            text=True,
        )

    @property
    def alive(self) -> bool:
        """Whether the process is there to be asked."""
        return self._process.poll() is None

    def run(self, *command: str) -> tuple[bool, str]:
        """Whether the command came to a good end, and what dbt printed until then."""
        told = [
            "--quiet", *command,
            "--project-dir", str(self._project), "--profiles-dir", str(self._project),
            "--target-path", str(self._project / "target"),
            "--log-path", str(self._project / "logs"), "--log-level-file", "none",
        ]  # fmt: skip
        self._ask(json.dumps(told))
        # Nothing at all where the process is gone.
        answer = self._process.stdout.readline() if self._process.stdout else ""
        self._printed.seek(0)
        return bool(answer) and bool(json.loads(answer)["success"]), self._printed.read()

    def _ask(self, line: str) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()

    def __enter__(self) -> Dbt:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            # It closes the database on its way out.
            self._ask("null")
            self._process.wait()
        self.kill()

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()
        self._printed.close()


class Prepared:
    """The one process that has read a project's models and waits to build them."""

    def __init__(self) -> None:
        self._waiting: tuple[str, Dbt] | None = None

    def keep(self, dbt: Dbt, project: Path, database: Path, threads: int | None) -> None:
        """Have `dbt`, which has read the project as it is now, wait for whoever builds it."""
        self.forget()
        self._waiting = _state(project, database, threads), dbt

    def take(self, project: Path, database: Path, threads: int | None) -> Dbt:
        """A process for the project: the one that waits if it has read these very files, or a new one."""
        if self._waiting is not None:
            state, dbt = self._waiting
            if dbt.alive and state == _state(project, database, threads):
                self._waiting = None
                return dbt
        self.forget()
        return Dbt(project, database, threads)

    def forget(self) -> None:
        """End the process that waits, if one does."""
        if self._waiting is not None:
            self._waiting[1].kill()
        self._waiting = None


@cache
def prepared() -> Prepared:
    """That of this process, which ends the one that waits before it ends itself."""
    made = Prepared()
    atexit.register(made.forget)
    return made


def _state(project: Path, database: Path, threads: int | None) -> str:
    """What dbt's reading of a project depends on, as one text."""
    digest = sha256(f"{project}\0{database}\0{threads}".encode())
    for path in sorted(project.rglob("*")):
        inside = path.relative_to(project)
        if path.suffix in READ_BY_DBT and inside.parts[0] not in ("target", "logs"):
            digest.update(f"\0{inside}\0".encode() + path.read_bytes())
    return digest.hexdigest()
