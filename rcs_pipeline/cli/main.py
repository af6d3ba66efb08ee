"""The `rcs` command: the list of verbs, and what becomes of errors.

Belongs here: the group, its global options, and the mapping from errors to exit codes.
Does not belong here: any verb (see the module named beside it).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from rcs_pipeline import __version__
from rcs_pipeline.contracts.errors import ExitCode, RcsError

# verb -> module that holds it. The order is the order of the help page: the path of a delivery.
VERBS = {
    "demo": ("demo", "Write the synthetic deliveries of the whole programme."),
    "run-demo": ("demo", "Everything once: demo, ingest, build, plan, approve, publish."),
    "template": ("template", "Write a workbook for a sender to fill in."),
    "check": ("intake", "Judge a file and store nothing."),
    "ingest": ("intake", "Take in a file, or everything in the inbox."),
    "status": ("life", "What is due, what arrived, what was decided, what waits."),
    "show": ("life", "The whole life of one delivery."),
    "map": ("mapping", "Column names that wait for a decision; accept or drop a mapping."),
    "confirm": ("life", "Say yes (or no) to what is unusual about a delivery."),
    "withdraw": ("life", "Take out pupils or a whole delivery; take a release back."),
    "purge": ("life", "Erase what was kept as long as the rules allow."),
    "key": ("life", "The keys of pseudonyms: list them, rotate to a new one."),
    "rule": ("returns", "Explain a rule id, or list them all."),
    "build": ("build", "Make, protect and audit a candidate."),
    "verdicts": ("build", "The verdicts on a candidate, and whether the gate is open."),
    "query": ("build", "Ask the marts of a candidate, read-only and recorded."),
    "explain": ("explain", "Follow one number back to its pupils and deliveries, as if by hand."),
    "plan": ("release", "What publishing the newest candidate would do."),
    "diff": ("release", "What differs between two releases, or a release and a candidate."),
    "approve": ("release", "Say yes to a plan, under a name."),
    "reject": ("release", "Say no to a plan, under a name."),
    "publish": ("release", "Publish an approved plan."),
    "deprecate": ("release", "Say by when a release has to be left."),
    "rollback": ("release", "Move the pointers back to an earlier release."),
    "register": ("register", "The map of services beside the register of care services."),
    "scenario": ("scenario", "What a change to the services would cost and save."),
    "rebuild": ("rebuild", "Make a release again from the lake and compare every byte."),
    "alerts": ("alerts", "What somebody should see to; tell it to the hooks, once."),
    "doctor": ("doctor", "Is it me or the data?"),
}
DEBUG = "RCS_DEBUG"
GLOBAL = ("home", "contracts", "name", "role")


class _LazyGroup(click.Group):
    """Knows its verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"rcs_pipeline.cli.{VERBS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        if args and args[0] not in VERBS:
            near = get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            ctx.fail(f"There is no verb `{args[0]}`.{hint} `rcs --help` lists them.")
        return super().resolve_command(ctx, args)


# DuckDB's own errors about the machine; by name, so that the engine need not be loaded to know them.
ENGINE_NEEDS = {"IOException": "room on the disk, or of a right to it", "OutOfMemoryException": "memory"}


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", metavar="DIR", help="Where everything that is not code lives (RCS_HOME; ./rcs_home).")
@click.option(
    "--contracts", metavar="DIR", multiple=True, help="A further folder of contracts (RCS_CONTRACTS)."
)
@click.option("--as", "name", metavar="NAME", help="Who you say you are (RCS_NAME; the account's name).")
@click.option("--role", metavar="ROLE", help="The role you act in (RCS_ROLE; engineer).")
@click.version_option(__version__, prog_name="rcs")
@click.pass_context
def rcs(
    context: click.Context, home: str | None, contracts: tuple[str, ...], name: str | None, role: str | None
) -> None:
    """Deliveries in, a gated release out.

    Exit codes: 0 ok, 1 findings or a closed gate, 2 usage or unexpected error, 3 waiting for approval,
    4 nothing to do, 5 locked.
    """
    context.obj = {"home": home, "contracts": os.pathsep.join(contracts) or None, "name": name, "role": role}


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code; what a user can cause never shows a traceback."""
    _quieten_tools()
    # On the way out Python looks through all that is left for what could be freed: a third of a second.
    atexit.register(gc.freeze)
    try:
        result: Any = rcs.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Nothing was half-written; run the command again.", err=True)
        sys.exit(ExitCode.USAGE)
    except RcsError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.OK)
    except OSError as error:
        click.echo(
            f"{error.filename or 'The system'}: {error.strerror or error}. "
            "To do: make room or give this account the right; nothing was half-written.",
            err=True,
        )
        sys.exit(ExitCode.USAGE)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        click.echo(_unexpected(error), err=True)
        sys.exit(ExitCode.USAGE)
    sys.exit(result if isinstance(result, int) else ExitCode.OK)


def _unexpected(error: Exception) -> str:
    """A sentence about what we did not foresee; without the error's own text, which may quote a cell."""
    if type(error).__module__.startswith("sqlalchemy") or isinstance(error, ModuleNotFoundError):
        problem = str(getattr(error, "orig", error)).splitlines()[0]
        return (
            f"The ledger or a package cannot be used: {problem}. "
            "To do: Check RCS_LEDGER_URL, its driver and the rights on it; nothing was half-written."
        )
    if type(error).__name__ in ENGINE_NEEDS:
        return (
            f"The engine could not go on for want of {ENGINE_NEEDS[type(error).__name__]}. "
            "To do: Make room and run the command again; nothing was half-written."
        )
    steps = traceback.extract_tb(error.__traceback__)
    ours = [step for step in steps if "rcs_pipeline" in step.filename] or steps
    place = f"{Path(ours[-1].filename).name} line {ours[-1].lineno}"
    return (
        f"Unexpected {type(error).__name__} in {place}. "
        f"To do: Run it again with {DEBUG}=1 for the whole story, and report it; nothing was half-written."
    )


def _quieten_tools() -> None:
    """Telemetry of every tool is off unless somebody turned it on."""
    for name, value in {
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }.items():
        os.environ.setdefault(name, value)


if __name__ == "__main__":
    main()
