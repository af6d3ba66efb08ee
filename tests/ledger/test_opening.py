"""A new ledger may be opened by several processes at the same moment."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Everything slow comes before the wait, so that all of them open each ledger in the same instant.
OPENS = """
import sys, time
from pathlib import Path
from rcs_pipeline.ledger.ledger import Ledger

folder, start = Path(sys.argv[1]), float(sys.argv[2])
for number in range(10):
    time.sleep(max(0, start + number * 0.2 - time.time()))
    ledger = Ledger(f"sqlite:///{folder / str(number)}.db")
    assert ledger.receipts() == []
    ledger.close()
"""


def test_processes_that_open_a_new_ledger_at_once_all_get_it(tmp_path: Path) -> None:
    start = str(time.time() + 4)
    command = [sys.executable, "-c", OPENS, str(tmp_path), start]
    opening = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    told = [process.communicate(timeout=120)[1] for process in opening]
    assert told == [""] * len(opening)
    assert [process.returncode for process in opening] == [0] * len(opening)
