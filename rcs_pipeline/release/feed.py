"""The Atom feed beside the pointers: what was released, deprecated and withdrawn, for feed readers.

Belongs here: entries from the ledger and the releases' own `changes.json`, and the XML.
Does not belong here: pages (see `site`), sending anything (see `notices`).

It is made anew with each move, from the same records each time: the same history gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from rcs_pipeline.ledger.lifecycle import ACTION
from rcs_pipeline.ledger.paths import whole_files
from rcs_pipeline.ledger.records import AuditEvent, ReleaseRecord
from rcs_pipeline.ledger.workspace import Workspace
from rcs_pipeline.release.pointer import STATUS, audience_folder, release_folder

FEED = "feed.xml"
ATOM = "http://www.w3.org/2005/Atom"
History = Sequence[tuple[ReleaseRecord, Sequence[AuditEvent]]]
"""The releases of a product with the steps that were taken with each."""
WORDS = {"released": "released", "deprecated": "deprecated", "withdrawn": "withdrawn: do not use it"}


@dataclass(frozen=True)
class Entry:
    """One thing that happened to one release."""

    id: str
    title: str
    at: str
    summary: str
    link: str


def write_feeds(workspace: Workspace, product_id: str, audiences: Iterable[str], *, synthetic: bool) -> None:
    """Replace the feeds of audiences, each in one step."""
    product = workspace.catalogue.products.get(product_id)
    title = product.file.title if product else product_id
    author = product.file.publisher if product else product_id
    mark = "SYNTHETIC: " if synthetic else ""
    # The ledger is asked once, however many audiences there are.
    history = [
        (release, workspace.ledger.events(action=ACTION, subject=f"{product_id} {release.version}"))
        for release in workspace.ledger.releases(product_id)
    ]
    files = {}
    for audience in audiences:
        found = _entries(workspace, product_id, audience, history)
        entries = sorted(found, key=lambda item: (item.at, item.id))
        feed = _xml(f"urn:rcs:{product_id}:{audience}", f"{mark}{title}", author, entries)
        files[audience_folder(workspace, product_id, audience) / FEED] = feed
    whole_files(files)


def _entries(workspace: Workspace, product_id: str, audience: str, history: History) -> Iterator[Entry]:
    had = False
    for release, steps in history:
        name = f"{product_id} {release.version}"
        if audience not in release.hashes:
            if had:
                yield Entry(
                    f"urn:rcs:{product_id}:{audience}:{release.version}",
                    f"{name} holds nothing for {audience}",
                    release.released_at,
                    "Earlier releases stay where they are.",
                    STATUS,
                )
            continue
        had = True
        folder = release_folder(workspace, product_id, audience, release.version)
        yield Entry(
            f"urn:rcs:{product_id}:{audience}:{release.version}", f"{name} released", release.released_at,
            _changes(folder), f"{release.version}/site/index.html",
        )  # fmt: skip
        for number, item in enumerate(steps):
            if item.detail["transition"] != "release":
                yield Entry(
                    f"urn:rcs:{product_id}:{audience}:{release.version}:{number}",
                    f"{name} {WORDS[item.detail['to']]}", item.at, _reason(item.detail),
                    f"{release.version}/site/index.html",
                )  # fmt: skip


def _changes(folder: Path) -> str:
    try:
        changes = json.loads((folder / "changes.json").read_text(encoding="utf-8"))
        sentences = [*changes.get("notes", ()), *(item["sentence"] for item in changes["reasons"])]
    except (OSError, ValueError, KeyError):
        return ""
    return " ".join(sentences) or "The first release."


def _reason(detail: dict[str, object]) -> str:
    until = detail.get("until")
    return f"{detail['reason']}" + (f" To be left by {until}." if until else "")


def _xml(feed_id: str, title: str, author: str, entries: list[Entry]) -> bytes:
    feed = Element("feed", {"xmlns": ATOM})
    SubElement(feed, "id").text = feed_id
    SubElement(feed, "title").text = title
    SubElement(feed, "updated").text = entries[-1].at if entries else "1970-01-01T00:00:00+00:00"
    SubElement(SubElement(feed, "author"), "name").text = author
    SubElement(feed, "link", {"rel": "self", "href": FEED})
    for item in reversed(entries):
        entry = SubElement(feed, "entry")
        for name, value in (("id", item.id), ("title", item.title), ("updated", item.at)):
            SubElement(entry, name).text = value
        SubElement(entry, "link", {"href": item.link})
        SubElement(entry, "summary").text = item.summary
    indent(feed)
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written + b"\n"
