"""Great Expectations in a process of its own, beside the other checks.

Belongs here: the life of that process, and handing it a candidate.
Does not belong here: running the suites (see `expectations`; `expectations_child` calls it over there).
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from rcs_pipeline.ledger.records import CheckSeverity, Outcome, Verdict

MODULE = "rcs_pipeline.gate.expectations_child"
IMPORTS_FROM = Path(__file__).resolve().parents[2]


class BrokenOffError(Exception):
    """The process ended, or its check did, without verdicts."""


class Judging:
    """The process: started when first needed, and again after it died; it ends with this one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._asked = False

    def start(self) -> subprocess.Popen[str]:
        """Have the process ready; it imports the library while this one does something else."""
        # An answer that nobody fetched would be taken for that of the next candidate.
        if self._process is not None and self._process.poll() is None and not self._asked:
            return self._process
        self.end()
        # -P: the working folder is not a place to import from.
        paths = [str(IMPORTS_FROM), *filter(None, [os.environ.get("PYTHONPATH")])]
        # What a library prints is nobody's concern; a check that breaks off is told as an error.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        atexit.register(self._process.kill)
        return self._process

    def begin(self, folder: Path, docs: Path) -> None:
        """Ask for the verdicts on a candidate; `verdicts` waits for them."""
        process, self._asked = self.start(), True
        request = {"folder": str(folder.resolve()), "docs": str(docs.resolve())}
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # seen when its answer is waited for
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()

    def verdicts(self) -> list[Verdict]:
        """The verdicts that were asked for.

        Raises:
            BrokenOffError: there are none.
        """
        line = self._process.stdout.readline() if self._process and self._process.stdout else ""
        if not line:
            self.end()
            raise BrokenOffError
        self._asked, answer = False, json.loads(line)
        if "error" in answer:
            raise BrokenOffError(answer["error"])
        return [_verdict(item) for item in answer["verdicts"]]

    def end(self) -> None:
        """Stop the process."""
        if self._process is not None:
            atexit.unregister(self._process.kill)
            self._process.kill()
            self._process.communicate()
        self._process, self._asked = None, False


@cache
def judging() -> Judging:
    """The one process of its kind beside this one."""
    return Judging()


def _verdict(item: dict[str, str]) -> Verdict:
    severity, outcome = CheckSeverity(item.pop("severity")), Outcome(item.pop("outcome"))
    return Verdict(severity=severity, outcome=outcome, **item)
