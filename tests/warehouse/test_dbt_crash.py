"""A dbt that cannot work at all leaves a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rcs_pipeline.warehouse.dbt_run import CHILD, _last_words

# A build that starts a dbt which never ends; both write to the same pipe.
PARENT = """
import os, subprocess, sys
watched, held = os.pipe()
place = os.environ | {"PYTHONPATH": sys.argv[2]}
subprocess.run([sys.executable, "-P", sys.argv[1], "parse"], stdin=watched, env=place)
"""
ENDLESS = "import time\n\n\ndef cli():\n    print('at work', flush=True)\n    time.sleep(600)\n"

CRASH = """\
Running with dbt
Traceback (most recent call last):
  File "somewhere/base.py", line 36, in write
    write_json(path, content)
    ^^^^^^^^^^^^^^^^^^^^^^^^^
OSError: [Errno 28] No space left on device
"""


def test_a_crash_of_dbt_is_told_by_its_error_alone() -> None:
    assert _last_words(CRASH) == "OSError: [Errno 28] No space left on device"


def test_what_dbt_says_itself_is_told_as_it_is() -> None:
    assert _last_words("Compilation Error\n  in model x\n  no such macro\n") == (
        "Compilation Error in model x no such macro"
    )
    assert _last_words("") == "it said nothing"


def test_dbt_ends_with_the_build_that_started_it(tmp_path: Path) -> None:
    """Else a killed build leaves a dbt that holds the database, and the next build is refused."""
    package = tmp_path / "dbt" / "cli"
    package.mkdir(parents=True)
    (tmp_path / "dbt" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "main.py").write_text(ENDLESS, encoding="utf-8")
    command = [sys.executable, "-c", PARENT, str(CHILD), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "at work\n"
        parent.kill()
        # The pipe closes when the last of the two has ended.
        assert parent.communicate(timeout=20) == ("", None)
