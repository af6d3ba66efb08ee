"""dbt in a process of its own that ends with the process that started it.

Run as a script, never imported. Belongs here: noticing that the parent has gone, and handing dbt one command
after the other. A killed build would else leave a dbt behind that goes on writing, and the next build would
find the database locked.
Does not belong here: which commands dbt gets (see `dbt_run`), the life of this process (see `dbt_process`).

The protocol: a line of JSON on stdin is a command, and one on stdout says that it has ended; `null` is the
last line. What dbt prints goes to stderr. The models that one command has read the next ones need not read.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from queue import SimpleQueue


def _listen(commands: SimpleQueue[list[str] | None]) -> None:
    """Pass on what the parent asks for. It holds the other end of the pipe, which closes when it has died."""
    for line in sys.stdin:
        commands.put(json.loads(line))
    os._exit(1)


def main() -> None:
    """Run dbt with each command."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    commands: SimpleQueue[list[str] | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(commands,), daemon=True).start()
    # It lives for seconds and keeps nearly all it makes: looking for what could be freed is time lost.
    gc.disable()
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    models: Manifest | None = None
    while (command := commands.get()) is not None:
        ended = dbtRunner(manifest=models).invoke(command)
        if isinstance(ended.result, Manifest):
            models = ended.result
        if ended.exception is not None:
            sys.stderr.write(f"{type(ended.exception).__name__}: {ended.exception}\n")
        sys.stdout.flush()
        sys.stderr.flush()
        print(json.dumps({"success": ended.success}), file=answers, flush=True)
    # On the way out Python would look through all of it once more: half a second.
    gc.freeze()


if __name__ == "__main__":
    main()
