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


def school(folder: Path, *, schools: tuple[str, ...] = ("5600001",)) -> str:
    """The page of a release of bands: of one school, or of several."""
    release(folder)
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    described["audience"] = "school/5600001"
    labels = {
        "instrument": {"primary": "P5 to P7"},
        "domain": {"school": "School", "family": "Family", "area": "Area"},
        "group_by": {"all": "Everybody", "sex": "Sex", "stage": "Stage"},
    }
    fields = [
        {"name": name, "type": "string", "description": "A column.",
         "categories": [{"value": value, "label": label} for value, label in labels.get(name, {}).items()]}
        for name in COLUMNS
    ]  # fmt: skip
    path = "csv/school_figures.csv"
    described["resources"] = [
        {"name": "school_figures", "title": "Figures", "description": "Bands.", "path": path, "rows": 8,
         "schema": {"fields": fields}}
    ]  # fmt: skip
    (folder / "datapackage.json").write_text(json.dumps(described), encoding="utf-8")
    lines = [f"{code},{line}" for code in schools for line in FIGURES]
    (folder / path).write_text("\n".join([",".join(COLUMNS), *lines, ""]), encoding="utf-8")
    write_pages(folder)
    return (folder / "site" / "index.html").read_text(encoding="utf-8")


COLUMNS = (
    "school_code", "school_name", "indicator_id", "title", "domain", "instrument", "wave", "collected",
    "group_by", "group_value", "size_class", "share_from", "share_to", "symbol",
)  # fmt: skip
OLD, NEW = "primary,rcs-1,2015-16", "primary,rcs-2,2018-19"
FIGURES = (
    f"St <Ninian's>,p_happy,Happy at school,school,{NEW},stage,P6,,,,c",
    f"St <Ninian's>,p_happy,Happy at school,school,{NEW},all,all,25 to 49,40,60,",
    f"St <Ninian's>,p_happy,Happy at school,school,{NEW},sex,male,10 to 24,0,50,",
    f"St <Ninian's>,p_happy,Happy at school,school,{NEW},sex,female,10 to 24,50,100,",
    f"St <Ninian's>,p_meal,Eats together,family,{NEW},all,all,50 or more,70,80,",
    f"St <Ninian's>,p_happy,Happy at school,school,{OLD},all,all,25 to 49,20,40,",
)


def cells(page: str, title: str) -> list[str]:
    """The first row of an indicator, cell by cell."""
    row = re.findall(rf'<tr><th scope="row">{title}</th>(.*?)</tr>', page)[0]
    return [re.sub("<[^>]+>", " ", cell) for cell in re.findall("<td>(.*?)</td>", row)]


def test_the_page_of_a_school_says_each_figure_and_how_many_answered_in_words(tmp_path: Path) -> None:
    page = school(tmp_path)
    assert "<h1>St &lt;Ninian&#39;s&gt;</h1>" in page
    assert re.findall(r"<h2>Primary survey, (.*?)</h2>", page) == [
        "P5 to P7, school year 2018-19 (rcs-2)", "P5 to P7, school year 2015-16 (rcs-1)",
    ]  # fmt: skip
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["School", "Family", "School"]
    heads = re.findall(r'<th scope="col">(.*?)</th>', page)
    assert heads[:5] == ["Indicator", "All pupils", "Female", "Male", "P6"]
    assert cells(page, "Happy at school") == [
        "between 40 and 60 of a hundred 25 to 49 answered ",
        "between 50 and 100 of a hundred 10 to 24 answered ",
        "between 0 and 50 of a hundred 10 to 24 answered ",
        "withheld",
    ]
    assert cells(page, "Eats together")[1:] == ["no figure"] * 3


def test_the_page_of_a_school_says_once_what_is_withheld_and_why(tmp_path: Path) -> None:
    page = school(tmp_path)
    assert page.count("1 of 6 figures is withheld: each because so few pupils answered") == 1
    assert "SYNTHETIC" in page and "How to read it" in page and 'href="../csv/school_figures.csv"' in page


def test_the_page_of_a_school_is_as_accessible_as_every_page_and_asks_no_network(tmp_path: Path) -> None:
    page = school(tmp_path)
    test_the_page_is_well_formed_and_its_headings_do_not_skip(page)
    test_it_asks_nothing_of_the_network(page)
    assert page.count("<caption>") == page.count("<table>") == 3
    assert len(page.encode()) < 10_000


def test_a_release_of_several_schools_has_a_page_of_its_tables(tmp_path: Path) -> None:
    page = school(tmp_path, schools=("5600001", "5600002"))
    assert "Ninian" not in page and "Columns of school_figures" in page
