"""One writer at a time, whole files or none, and what of DuckDB's locks is relied on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from rcs_pipeline.contracts.errors import ExitCode, LockedError, RcsError
from rcs_pipeline.ledger.locks import writer_lock
from rcs_pipeline.ledger.paths import FEW, Paths, files_under, sweep, whole_file, whole_files

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from rcs_pipeline.ledger.locks import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """A process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_lock_of_a_process_that_dies_is_free(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with holder(path) as process:
        with pytest.raises(LockedError) as caught, writer_lock(path):
            pass
        assert caught.value.exit_code is ExitCode.LOCKED
        process.send_signal(signal.SIGKILL)
        process.wait()
        with writer_lock(path):
            pass


def test_a_process_may_take_its_own_lock_again(tmp_path: Path) -> None:
    with writer_lock(tmp_path / "lock"):
        with writer_lock(tmp_path / "lock"):
            pass
        process = subprocess.run(
            [sys.executable, "-c", HOLD, str(tmp_path / "lock")], check=False, capture_output=True, cwd=ROOT
        )
        assert b"Another process is writing" in process.stderr


def test_the_lock_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as process:
        began = time.monotonic()
        with pytest.raises(LockedError), writer_lock(tmp_path / "lock", wait_seconds=0.3):
            pass
        assert time.monotonic() - began >= 0.3
        process.kill()


def test_duckdb_lets_one_process_write_and_none_read_meanwhile(tmp_path: Path) -> None:
    """Why a candidate is built in a folder of its own and moved when complete."""
    path = tmp_path / "a.duckdb"
    ask = f"import duckdb; duckdb.connect({str(path)!r}, read_only=True).execute('select 1')"
    with duckdb.connect(str(path)) as writer:
        writer.execute("create table t (a int)")
        shut = subprocess.run([sys.executable, "-c", ask], check=False, capture_output=True)
        assert b"lock" in shut.stderr
    with duckdb.connect(str(path), read_only=True):
        assert subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b.txt"

    def write(then: Exception | None) -> None:
        with whole_file(target) as temporary:
            temporary.write_text("new")
            if then is not None:
                raise then

    with pytest.raises(ValueError, match="stop"):
        write(ValueError("stop"))
    assert list(target.parent.iterdir()) == []
    write(None)
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("count", [2, FEW + 2])
def test_many_files_are_replaced_in_order_and_each_is_whole_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    targets = [tmp_path / str(number) / "file" for number in range(count)]
    whole_files(dict.fromkeys(targets, b"old"))
    moved: list[Path] = []

    def replace(part: Path, target: Path) -> None:
        assert part.read_bytes() == b"new"
        if len(moved) == count - 1:
            raise OSError(28, "No space left on device")
        moved.append(target)
        part.rename(target)

    monkeypatch.setattr("os.replace", replace)
    with pytest.raises(OSError, match="No space"):
        whole_files(dict.fromkeys(targets, b"new"))
    assert moved == targets[:-1]
    assert [path.read_bytes() for path in targets] == [*[b"new"] * (count - 1), b"old"]
    assert not list(tmp_path.rglob(".part-*"))


def test_sweeping_removes_leftovers_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".part-1-x").touch()
    (tmp_path / ".part-2-y").mkdir()
    (tmp_path / "a" / "kept.part-1").touch()
    assert sweep(tmp_path) == 2
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept.part-1"]


def test_a_home_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RcsError, match="RCS_HOME"):
        Paths(tmp_path / "file" / "home").make()


def test_files_are_listed_in_order_and_folders_that_are_links_are_not_looked_into(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for file in (root / "b" / "one", root / "a", elsewhere / "secret"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (root / "link").symlink_to(elsewhere, target_is_directory=True)
    (root / "gone").symlink_to(tmp_path / "nothing")
    (root / "empty").mkdir()
    assert files_under(root) == ["a", "b/one"]
    assert files_under(tmp_path / "nowhere") == []
