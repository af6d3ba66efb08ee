"""Verbs about releases: plan, diff, approve, reject, publish, deprecate, rollback.

Belongs here: their options and output. Does not belong here: versions, pointers, folders (see `release`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rcs_pipeline.cli.build import CANDIDATE, PRODUCT
from rcs_pipeline.cli.output import format_option, next_step, result, table, workspace
from rcs_pipeline.contracts.errors import ExitCode, RcsError

if TYPE_CHECKING:
    from pathlib import Path

    from rcs_pipeline.ledger.workspace import Workspace

APPROVER = click.option(
    "--as", "name", required=True, metavar="NAME", help="Who decides; not the person who built."
)
PLAN = click.argument("plan_id", metavar="PLAN")
MARKS = {"error": "ERROR", "warning": "warn", "ok": "ok"}


@click.command()
@PRODUCT
@CANDIDATE
@click.option("--note", default="", help="A word to the consumers; a correction needs one.")
@click.option("--embargo", metavar="TIME", help="Not before this time, such as 2026-12-01T09:30.")
@click.option("--version", "at_least", metavar="VERSION", help="A higher version than the computed one.")
@format_option
@click.pass_context
def plan(
    context: click.Context, product: str, candidate: str | None, note: str, embargo: str | None,
    at_least: str | None, form: str,
) -> int:  # fmt: skip
    """What publishing a candidate would do: the version and why, rows, values, consumers, a checklist."""
    from rcs_pipeline.release.plan import Wishes, make_plan
    from rcs_pipeline.site.plan_page import write_plan_page

    space = workspace(context)
    made = make_plan(space, product, candidate, Wishes(embargo, note, at_least))
    page = write_plan_page(space.paths.reports / "plans", made.detail)
    errors = [item for item in made.detail["checklist"] if item["level"] == "error"]
    result(form, plan_text(made.detail, page), plan=made, page=page)
    next_step(form, "rcs verdicts" if errors else f"rcs approve {made.id} --as NAME")
    return ExitCode.FINDINGS if errors else ExitCode.OK


def plan_text(document: dict[str, Any], page: object) -> str:
    """A plan as lines."""
    since = f"after {document['base_version']}" if document["base_version"] else "the first release"
    product, version, change = document["product"], document["version"], document["change"]
    lines = [f"Plan {document['plan']}: {product} {version} ({change}, {since})"]
    lines += [f"- {reason}" for reason in document["why"]]
    if document["not_before"]:
        lines.append(f"Embargo until {document['not_before']}.")
    lines += ["", _tables(document["audiences"])]
    for item in document["consumers"]:
        how = "BREAKS" if item["breaking"] else "touches"
        lines.append(f"{how} {item['title']} ({item['owner']}): {', '.join(item['tables']) or 'everything'}")
    lines.append("")
    for item in document["checklist"]:
        lines.append(f"{MARKS[item['level']]:5}  {item['text']}".rstrip())
        if item["level"] != "ok" and item["guidance"]:
            lines.append(f"       {item['guidance']}")
    needed = document["approvals_needed"]
    lines += ["", f"Needs {needed} approval{'' if needed == 1 else 's'}. Its page: {page}"]
    return "\n".join(lines)


def _tables(audiences: list[dict[str, Any]]) -> str:
    headers = [
        "audience",
        "table",
        "rows",
        "added",
        "removed",
        "changed",
        "values",
        "beyond",
        "hidden",
        "shown",
    ]
    rows = [
        [
            audience["audience"], item["table"], f"{item['rows_after']:,}", *(
                f"{count:,}" if count else "" for count in (
                    item["rows_added"], item["rows_removed"], item["rows_changed"],
                    sum(item["values_changed"].values()), item["values_beyond_their_interval"],
                    item["values_no_longer_shown"], item["values_newly_shown"],
                )
            ),
        ]
        for audience in audiences for item in audience["tables"]
    ]  # fmt: skip
    return table(headers, rows)


@click.command()
@click.argument("before", required=False)
@click.argument("after", required=False)
@PRODUCT
@click.option(
    "--audience",
    default="open",
    show_default=True,
    help="Of one that is many a place: partnership/S12000005.",
)
@click.option("--table", "only", metavar="TABLE", help="Only this table, with the keys of its changed rows.")
@format_option
@click.pass_context
def diff(
    context: click.Context, before: str | None, after: str | None, product: str, audience: str,
    only: str | None, form: str,
) -> int:  # fmt: skip
    """What differs from release BEFORE to AFTER (a version, or the beginning of a candidate's hash).

    Without them: from the current release to the newest candidate. Keys are listed, values never.
    """
    from rcs_pipeline.release.differ import differences

    found = differences(workspace(context), product, audience, before, after)
    tables = [item for item in found["tables"] if only in (None, item["table"])]
    if only and not tables:
        raise RcsError(
            f"`{audience}` has no table `{only}` in either of them", where="--table",
            expected=f"one of {', '.join(item['table'] for item in found['tables'])}",
        )  # fmt: skip
    lines = [f"From {found['before']} to {found['after']}, {audience}: {found['change']}"]
    lines += [f"- {item['sentence']}" for item in found["reasons"]]
    lines.append(_tables([{"audience": audience, "tables": tables}]))
    if only:
        for item in tables:
            lines += [
                "  ".join(f"{name}={value}" for name, value in key.items()) for key in item["changed_keys"]
            ]
            if not item["changed_keys_complete"]:
                lines.append(f"... and {item['rows_changed'] - len(item['changed_keys']):,} more rows.")
    result(form, "\n".join(lines), **{**found, "tables": tables})
    return ExitCode.OK if found["change"] != "nothing" else ExitCode.NOTHING_TO_DO


@click.command()
@PLAN
@APPROVER
@click.option("--note", default="", help="A word to the consumers; it is released with the changelog.")
@format_option
@click.pass_context
def approve(context: click.Context, plan_id: str, name: str, note: str, form: str) -> int:
    """Approve PLAN as a named person. The operating-system account is recorded beside the name."""
    from rcs_pipeline.release.approve import approve as say_yes
    from rcs_pipeline.release.approve import still_needed

    space = workspace(context)
    approval = say_yes(space, plan_id, name, note)
    more = still_needed(space, plan_id)
    text = (
        f"{approval.approver} (account {approval.os_account}) approves {approval.product} {approval.version}."
    )
    text += f" It needs {more} more." if more else ""
    result(form, text, approval=approval, still_needed=more)
    embargo = space.ledger.plan(plan_id).not_before
    held = f" (not before {embargo})" if embargo else ""
    next_step(form, f"rcs approve {plan_id} --as NAME" if more else f"rcs publish {plan_id}{held}")
    return ExitCode.OK


@click.command()
@PLAN
@APPROVER
@click.option("--reason", required=True, help="Why; it is recorded.")
@click.option("--reopen", is_flag=True, help="Take an earlier no back; the plan is made and approved anew.")
@format_option
@click.pass_context
def reject(context: click.Context, plan_id: str, name: str, reason: str, reopen: bool, form: str) -> int:
    """Say no to PLAN: its candidate is not published."""
    from rcs_pipeline.release.approve import reject as say_no

    state = say_no(workspace(context), plan_id, name, reason, reopen=reopen)
    result(form, f"The candidate of plan {plan_id} is {state}.", plan=plan_id, state=state)
    next_step(form, "rcs plan" if reopen else "rcs build (after what was wrong is mended)")
    return ExitCode.OK


@click.command()
@PLAN
@format_option
@click.pass_context
def publish(context: click.Context, plan_id: str, form: str) -> int:
    """Publish an approved PLAN: complete folders first, pointers last."""
    from rcs_pipeline.release.pointer import release_folder
    from rcs_pipeline.release.publish import publish as put_out
    from rcs_pipeline.site.index import write_pages

    space = workspace(context)
    release = put_out(space, plan_id, pages=write_pages)
    folders = [
        release_folder(space, release.product, audience, release.version) for audience in release.audiences
    ]
    text = "\n".join([f"Released {release.product} {release.version}:", *_places(release.audiences, folders)])
    result(form, text, release=release, folders=folders)
    back = f"rcs withdraw --release {release.version} --product {release.product} --reason TEXT"
    next_step(form, f"{back} (if it must be taken back)")
    return ExitCode.OK


def _places(audiences: tuple[str, ...], folders: list[Path]) -> list[str]:
    """Where the releases lie: the folder of each audience, and of one that is many the first and how many."""
    from rcs_pipeline.contracts.audiences import by_kind

    where, lines = dict(zip(audiences, folders, strict=True)), []
    for names in by_kind(audiences).values():
        more = f" and {len(names) - 1:,} more places" if len(names) > 1 else ""
        lines.append(f"  {where[names[0]]}{more}")
    return lines


@click.command()
@click.argument("version")
@PRODUCT
@click.option("--until", required=True, metavar="DAY", help="By when it should be left, such as 2026-12-31.")
@click.option("--reason", required=True, help="Why, and for what; consumers read it.")
@format_option
@click.pass_context
def deprecate(context: click.Context, version: str, product: str, until: str, reason: str, form: str) -> int:
    """Say that release VERSION will have to be left, and by when. No pointer moves."""
    from rcs_pipeline.release.rollback import deprecate as say_so

    release = say_so(workspace(context), product, version, until, reason)
    result(form, f"{product} {version} is deprecated until {until}.", release=release, until=until)
    return ExitCode.OK


@click.command()
@click.argument("version")
@PRODUCT
@click.option("--reason", required=True, help="Why the current release is left; consumers read it.")
@click.option(
    "--leave", type=click.Choice(["withdrawn", "deprecated"]), default="withdrawn", show_default=True
)
@format_option
@click.pass_context
def rollback(context: click.Context, version: str, product: str, reason: str, leave: str, form: str) -> int:
    """Make VERSION the current release again."""
    from rcs_pipeline.ledger.records import ReleaseStatus
    from rcs_pipeline.release.rollback import rollback as go_back

    release = go_back(workspace(context), product, version, reason, leave=ReleaseStatus(leave))
    result(form, f"{product} {release.version} is the current release again.", release=release)
    return ExitCode.OK


def take_back(space: Workspace, product: str, version: str, reason: str, form: str) -> int:
    """What `rcs withdraw --release` does."""
    from rcs_pipeline.release.rollback import withdraw_release

    now = withdraw_release(space, product, version, reason)
    text = f"{product} {version} is withdrawn. "
    text += f"The current release is {now.version}." if now else "There is no current release now."
    result(form, text, withdrawn=version, current=now)
    return ExitCode.OK
