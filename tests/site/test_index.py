"""The front page says what a release is, in a page that needs no server and no network."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rcs_pipeline.site.index import write_pages

SUMMARY = (
    "collection,cpp_name,reporting_year,breakdown_by,breakdown_value,gross_actual,prevention_share,symbol\n"
    "t1-here-2016,Here & <there>,2015-16,all,all,1200.4,0.25,\nt1-far-2016,Far,2015-16,all,all,,,c\n"
)


def release(folder: Path, *, synthetic: bool = True) -> Path:
    """A release folder with what the page reads."""
    fields = [{"name": "collection", "type": "string", "description": "The <collection>."}]
    resource = {
        "name": "service_map_summary",
        "title": "Summary",
        "description": "One row a collection.",
        "path": "csv/service_map_summary.csv",
        "parquet": "parquet/service_map_summary.parquet",
        "rows": 2,
        "schema": {"fields": fields},
    }
    documents: dict[str, dict[str, Any]] = {
        "datapackage": {
            "title": "A product",
            "description": "What it is.",
            "version": "1.2.0",
            "created": "2026-05-04T12:00:00+00:00",
            "audience": "open",
            "synthetic": synthetic,
            "licenses": [{"name": "OGL-UK-3.0", "title": "Open Government Licence v3.0"}],
            "attribution": ["Contains public sector information."],
            "contributors": [{"title": "The programme", "contact": "Its data team"}],
            "resources": [resource],
        },
        "changes": {"base_version": "1.1.0", "reasons": [{"sentence": "`a` gains 4 rows."}]},
        "verdicts": {"verdicts": [{}, {}]},
        "approval": {
            "approvals": [
                {"approver": {"name": "Ann <Approver>"}, "approved_at": "2026-05-04T11:00:00+00:00"}
            ]
        },
    }
    for name, content in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    for kind in ("csv", "parquet"):
        (folder / kind).mkdir()
        (folder / kind / f"service_map_summary.{kind}").write_text(SUMMARY, encoding="utf-8")
    return folder


@pytest.fixture
def page(tmp_path: Path) -> str:
    write_pages(release(tmp_path))
    return (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


class _Outline(HTMLParser):
    """Headings in order, ids, and tags that were opened and not closed."""

    void = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"


def test_the_page_is_well_formed_and_its_headings_do_not_skip(page: str) -> None:
    outline = _Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.headings[0] == 1 and outline.headings.count(1) == 1
    assert all(
        after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False)
    )
    assert len(outline.ids) == len(set(outline.ids))
    assert '<html lang="en-GB">' in page and 'href="#main"' in page and 'id="main"' in page


def test_it_asks_nothing_of_the_network(page: str) -> None:
    assert not re.search(r"https?:|//[a-z]|<script|@import|url\(", page)


def test_it_says_version_changes_terms_and_downloads(page: str) -> None:
    for words in (
        "version 1.2.0",
        "gains 4 rows",
        "Since version 1.1.0",
        "Open Government Licence",
        "2 rows",
    ):
        assert words in page
    assert 'href="../csv/service_map_summary.csv"' in page
    assert 'href="../parquet/service_map_summary.parquet"' in page


def test_what_comes_from_data_is_escaped(page: str) -> None:
    assert (
        "Here &amp; &lt;there&gt;" in page
        and "Ann &lt;Approver&gt;" in page
        and "The &lt;collection&gt;." in page
    )


def test_a_withheld_share_is_a_word_and_never_zero(page: str) -> None:
    assert "£1,200" in page and "25%" in page
    (far,) = re.findall(r'<tr><th scope="row">Far</th>(.*?)</tr>', page)
    assert far.count("withheld") == 2


def test_only_a_demonstration_says_that_it_is_synthetic(tmp_path: Path, page: str) -> None:
    assert "SYNTHETIC" in page
    real = tmp_path / "real"
    real.mkdir()
    write_pages(release(real, synthetic=False))
    assert "SYNTHETIC" not in (real / "site" / "index.html").read_text(encoding="utf-8")
