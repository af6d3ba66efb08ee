"""In CI a skipped test fails the session, with a sentence; anywhere else it is only reported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
INI = "[pytest]\nmarkers =\n    skip_ok: may be skipped\n"
SENTENCE = "CI runs every test, and 1 skipped"

PLAIN_SKIP = 'import pytest\ndef test_a(): pytest.skip("no browser here")\n'
MARKED_SKIP = 'import pytest\n@pytest.mark.skip_ok\ndef test_a(): pytest.skip("only on Windows")\n'
MODULE_SKIP = 'import pytest\npytest.importorskip("a_module_that_is_not_there")\ndef test_a(): pass\n'
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail\ndef test_a(): assert False\n"


def run(folder: Path, source: str, *, ci: str | None, workers: int = 0) -> subprocess.CompletedProcess[str]:
    """Run one test module under our conftest, in a session of its own."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "pytest.ini").write_text(INI)
    (folder / "test_one.py").write_text(source)
    (folder / "test_other.py").write_text("def test_passes(): pass\n")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))
    }
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if ci is not None:
        environment["CI"] = ci
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *(["-p", "xdist", "-n", str(workers)] if workers else []),
    ]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_a_skip_fails_the_session_in_ci_and_says_so(tmp_path: Path, workers: int) -> None:
    answer = run(tmp_path, PLAIN_SKIP, ci="true", workers=workers)
    assert answer.returncode == 1, answer.stdout
    assert SENTENCE in answer.stdout
    assert "no browser here" in answer.stdout


@pytest.mark.parametrize("workers", [0, 2])
def test_a_module_that_skips_itself_fails_the_session_too(tmp_path: Path, workers: int) -> None:
    answer = run(tmp_path, MODULE_SKIP, ci="true", workers=workers)
    assert answer.returncode == 1, answer.stdout
    assert SENTENCE in answer.stdout


@pytest.mark.parametrize(
    ("source", "ci"),
    [(PLAIN_SKIP, None), (PLAIN_SKIP, "false"), (MARKED_SKIP, "true"), (EXPECTED_FAILURE, "true")],
    ids=["not in CI", "CI switched off", "marked skip_ok", "expected failure"],
)
def test_other_sessions_pass(tmp_path: Path, source: str, ci: str | None) -> None:
    answer = run(tmp_path, source, ci=ci)
    assert answer.returncode == 0, answer.stdout
    assert "CI runs every test" not in answer.stdout


def test_a_test_that_fails_still_fails_as_a_test(tmp_path: Path) -> None:
    answer = run(tmp_path, "def test_a(): assert False\n", ci="true")
    assert answer.returncode == 1
    assert "CI runs every test" not in answer.stdout
