"""Work is shared with a second process that never outlives the first, and comes back in order."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path

import pytest

from rcs_pipeline.ledger.paths import whole_files
from rcs_pipeline.ledger.second_process import SideBySide, second_process

ROOT = Path(__file__).parents[2]


def slowly(number: int) -> tuple[int, int]:
    time.sleep(0.02)
    return number, os.getpid()


def getting_ready() -> None:
    """Nothing to import."""


def dying(first: int) -> None:
    """Ends the second process in the middle of a piece; the first takes its time meanwhile."""
    time.sleep(0.5 if os.getpid() == first else 1)
    if os.getpid() != first:
        os._exit(1)


def dead() -> None:
    os._exit(1)


def refusing(number: int) -> int:
    if number == 1:
        raise ValueError("not this one")
    return number


def stepping(folder: str) -> None:
    """Steps without end; the file holds the process, and its time is that of the last step."""
    while True:
        whole_files({Path(folder, "step"): str(os.getpid()).encode()})
        time.sleep(0.01)


def test_both_processes_work_and_the_results_come_in_order() -> None:
    with SideBySide(slowly, list(range(60))) as beside:
        while not any(item.done() for item in beside._sent):
            time.sleep(0.01)
        found = beside.results()
    assert [number for number, _ in found] == list(range(60))
    assert len({process for _, process in found}) == 2


def test_what_does_not_pay_is_done_here() -> None:
    with SideBySide(slowly, [1, 2, 3], worth=False) as beside:
        found = beside.results()
    assert found == [(number, os.getpid()) for number in (1, 2, 3)]


def test_a_second_process_that_was_started_before_serves_several_times() -> None:
    with second_process(getting_ready) as second:
        assert second is not None
        processes = set()
        for _ in range(2):
            with SideBySide(slowly, list(range(20)), second=second) as beside:
                while not any(item.done() for item in beside._sent):
                    time.sleep(0.01)
                found = beside.results()
            assert [number for number, _ in found] == list(range(20))
            processes |= {process for _, process in found}
    assert len(processes) == 2
    with second_process(getting_ready, worth=False) as second:
        assert second is None


# The pool's own thread stumbles over a piece that was taken back; what waits must not.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("ahead", [True, False])
def test_a_second_process_that_dies_while_parts_are_taken_back_is_an_error_and_no_wait(ahead: bool) -> None:
    with second_process(getting_ready, worth=ahead) as second:
        beside = SideBySide(dying, [os.getpid()] * 30, second=second)
        with pytest.raises(BrokenProcessPool), beside:
            beside.results()


def test_where_the_second_process_died_while_it_waited_everything_is_done_here() -> None:
    with second_process(dead) as second:
        assert second is not None
        with suppress(BrokenProcessPool):
            second.submit(dead).result(timeout=60)
        with SideBySide(slowly, [1, 2, 3], second=second) as beside:
            assert beside.results() == [(number, os.getpid()) for number in (1, 2, 3)]


def test_an_error_over_there_is_raised_here() -> None:
    with pytest.raises(ValueError, match="not this one"), SideBySide(refusing, [0, 1, 2, 3]) as beside:
        while not beside._sent[1].done():
            time.sleep(0.01)
        beside.results()


def test_the_second_process_stops_when_the_first_is_killed(tmp_path: Path) -> None:
    program = (
        "import time\nfrom rcs_pipeline.ledger.second_process import SideBySide\n"
        "from tests.ledger.test_second_process import stepping\n"
        f"with SideBySide(stepping, [{str(tmp_path)!r}] * 2): time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as first:  # fmt: skip
        step = tmp_path / "step"
        deadline = time.monotonic() + 30
        while not step.is_file() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert step.is_file()
        first.kill()
    time.sleep(0.3)
    before = step.stat().st_mtime_ns
    time.sleep(0.2)
    assert step.stat().st_mtime_ns == before
