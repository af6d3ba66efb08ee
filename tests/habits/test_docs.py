"""What the guides say is what the program does: commands, links, rooms, words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path

import click
import pytest

from rcs_pipeline.cli.main import VERBS, rcs
from rcs_pipeline.contracts import vocabulary
from rcs_pipeline.contracts.catalogue import load_catalogue
from rcs_pipeline.contracts.errors import ExitCode
from rcs_pipeline.ledger import records
from rcs_pipeline.ledger.settings import NAMES
from rcs_pipeline.release.versions import Change

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    ]
)
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GLOSSARY = {
    "Severity of a finding": vocabulary.Severity,
    "Kinds of missing answer": vocabulary.MissingKind,
    "States of a receipt": records.ReceiptState,
    "Outcomes of a verdict": records.Outcome,
    "Severity of a check": records.CheckSeverity,
    "Status of a release": records.ReleaseStatus,
    "Kinds of change": Change,
    "Symbols": vocabulary.Symbol,
    "Polarity of a measure": vocabulary.Polarity,
    "Wellbeing indicators (SHANARRI)": vocabulary.Shanarri,
    "Levels of geography": vocabulary.GeographyLevel,
    "Identifiers": vocabulary.Identifier,
    "Formats of a delivery": vocabulary.Format,
}


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def shown_commands(text: str) -> Iterator[list[str]]:
    """The lines of code blocks that a reader would type."""
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            typed = line.removeprefix("$ ")
            if typed.startswith("rcs "):
                yield shlex.split(typed, comments=True)[1:]


def named_commands(text: str) -> Iterator[list[str]]:
    """Commands within sentences: they may leave arguments out."""
    for code in INLINE.findall(FENCE.sub("", text)):
        if code.startswith("rcs "):
            yield shlex.split(code)[1:]


def verb_of(words: list[str]) -> tuple[click.Context, click.Command, list[str]]:
    """The verb of a command line and what follows it; fails on a global option that does not exist."""
    context = click.Context(rcs, info_name="rcs")
    _, rest, _ = rcs.make_parser(context).parse_args(list(words))
    assert rest, f"no verb in: rcs {shlex.join(words)}"
    assert rest[0] in VERBS, f"there is no verb `{rest[0]}`"
    command = rcs.get_command(context, rest[0])
    assert command is not None
    return context, command, rest[1:]


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_command_shown_can_be_typed(path: Path) -> None:
    for words in shown_commands(text_of(path)):
        if words != ["--help"]:
            context, command, rest = verb_of(words)
            command.make_context(command.name, list(rest), parent=context)


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_command_named_exists_with_its_options(path: Path) -> None:
    for words in named_commands(text_of(path)):
        if words != ["--help"]:
            context, command, rest = verb_of(words)
            command.make_parser(click.Context(command, parent=context)).parse_args(list(rest))


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_make_target_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))
    text = text_of(path)
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    named = {code.split()[1] for code in [*INLINE.findall(text), *lines] if re.match(r"make [a-z-]+", code)}
    assert named <= targets


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(FENCE.sub("", text_of(path))):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", text_of(target), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, link


def test_every_verb_is_explained_somewhere() -> None:
    everything = "\n".join(text_of(path) for path in PAGES)
    assert not [verb for verb in VERBS if f"rcs {verb}" not in everything]


def test_the_readme_lists_every_room_of_the_house() -> None:
    listed = re.findall(
        r"^\| `(\w+)` \|", text_of(ROOT / "README.md").partition("## The house")[2], re.MULTILINE
    )
    rooms = {path.parent.name for path in (ROOT / "rcs_pipeline").glob("*/__init__.py")}
    assert set(listed) == rooms
    assert len(listed) == len(rooms)


def test_the_readme_lists_the_exit_codes_and_the_settings() -> None:
    text = text_of(ROOT / "README.md")
    codes = re.findall(r"^\| (\d) \|", text, re.MULTILINE)
    assert [int(code) for code in codes] == [int(code) for code in ExitCode]
    table = text.partition("## Settings")[2].partition("**The key.**")[0]
    for name, (variable, _) in NAMES.items():
        assert re.search(rf"^\| `{name}`.*`{variable}`", table, re.MULTILINE), name


def test_the_readme_starts_with_the_two_commands() -> None:
    first = FENCE.search(text_of(ROOT / "README.md"))
    assert first is not None
    assert [line.split()[:2] for line in first.group(1).splitlines()] == [["make", "run"], ["make", "test"]]


@pytest.mark.parametrize("title", GLOSSARY)
def test_closed_lists_of_the_glossary_are_those_of_the_code(title: str) -> None:
    listed = text_of(ROOT / "docs/glossary.md").partition(f"**{title}.**")[2].partition("**")[0]
    words: type[StrEnum] = GLOSSARY[title]
    assert set(INLINE.findall(listed)) == {item.value for item in words}


def test_the_analysts_guide_names_every_published_column() -> None:
    text = text_of(ROOT / "docs/analysts.md")
    product = load_catalogue().product("rcs")
    named = set(INLINE.findall(text))
    for table in product.tables:
        assert table.name in named
    missing = {column.name for column in product.table("indicator_estimates").columns} - named
    assert not missing


def test_every_decision_is_in_the_list_and_says_what_was_rejected() -> None:
    folder = ROOT / "docs/decisions"
    records_found = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [path.name[:4] for path in records_found] == [f"{n:04}" for n in range(1, len(records_found) + 1)]
    index = text_of(folder / "README.md")
    for path in records_found:
        assert f"({path.name})" in index
        assert re.search(r"^\| .+ \| .+ \|$", text_of(path).partition("## Rejected")[2], re.MULTILINE), (
            path.name
        )
