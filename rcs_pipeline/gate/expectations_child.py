"""The process that runs Great Expectations, so that the other checks need not wait for it.

Run as a module, never imported. Belongs here: taking requests from stdin, one a line, and answering each
with one line of JSON. Does not belong here: what is checked (see `expectations`), the life of this process
(see `expectations_process`).

The library is imported before the first request: it takes seven seconds, in which dbt builds the tables.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import IO


def main() -> None:
    """Answer until the other side hangs up; then end at once, whatever is being checked."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # What a library prints is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    requests: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, requests), daemon=True).start()
    from rcs_pipeline.gate.expectations import import_library

    # What the library is made of stays for good: looking for what could go is a seventh of reading it in, and
    # a tenth of the time afterwards.
    gc.disable()
    import_library()
    gc.freeze()
    gc.enable()
    while True:
        print(json.dumps(_answer(json.loads(requests.get()))), file=answers, flush=True)


def _listen(source: IO[str], requests: SimpleQueue[str]) -> None:
    for line in source:
        requests.put(line)
    os._exit(0)


def _answer(request: dict[str, str | None]) -> dict[str, object]:
    from rcs_pipeline.gate import evidence, expectations

    folder, docs = Path(str(request["folder"])), request["docs"]
    try:
        verdicts = expectations.judge(folder, evidence.kept_product(folder), Path(docs) if docs else None)
    except Exception as error:  # the other side turns it into verdicts that close the gate
        return {"error": type(error).__name__}
    return {"verdicts": [asdict(item) for item in verdicts]}


if __name__ == "__main__":
    main()
