"""dbt in a process of its own that ends with the process that started it.

Run as a script, never imported. Belongs here: noticing that the parent has gone. A killed build would else
leave a dbt behind that goes on writing, and the next build would find the database locked.
Does not belong here: which command dbt gets (see `dbt_run`).
"""

from __future__ import annotations

import gc
import os
import sys
import threading


def _end_with_parent() -> None:
    # The parent holds the other end of the pipe and writes nothing: this returns when it has died.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def main() -> None:
    """Run dbt with this process's arguments."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # It lives for seconds and keeps nearly all it makes: looking for what could be freed is time lost.
    gc.disable()
    from dbt.cli.main import cli

    cli()


if __name__ == "__main__":
    main()
