"""The page of a return: opens from a folder, tells nobody, holds what the workbook holds."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

from tests.intake.small import as_csv, home, row, rows, take
from tests.returns.back import bad_rows, sent_back


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page_of(folder: Path, table: list[dict[str, str]]) -> str:
    space = home(folder / "home")
    return sent_back(space, take(space, as_csv(table)).receipt).files[1].read_text(encoding="utf-8")


def test_the_page_says_what_became_of_the_file_and_what_is_next(tmp_path: Path) -> None:
    text = Elements(page_of(tmp_path, [*rows(4), *bad_rows()])).text
    for words in ("4 of 8 rows were kept out", "all rows, not only the mended ones",
                  "4 May 2026 at 12:00 UTC", "test.delivery.answers, version 1.0.0",
                  "Did you mean `1 (Female)`?", "row 6"):  # fmt: skip
        assert words in text


def test_a_clean_file_is_told_so(tmp_path: Path) -> None:
    text = Elements(page_of(tmp_path, rows(12))).text
    assert "The file was taken in, every row of it. We found nothing to mend." in text
    assert "Questions that were not answered" in text


def test_an_entry_cannot_become_part_of_the_page(tmp_path: Path) -> None:
    harm = '<script>alert("x")</script><img src=x onerror=y>'
    page = page_of(tmp_path, [*rows(4), row(8, note=harm), row(9, sex="<b>1</b>\x07")])
    elements = Elements(page)
    assert not elements.all("script") and not elements.all("img") and not elements.all("b")
    assert harm in elements.text
    assert "\x07" not in page


def test_the_page_asks_nobody_and_runs_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path, [*rows(4), *bad_rows()])
    assert "//" not in page.replace("'none'", "")
    elements = Elements(page)
    for attributes in elements.all("a"):
        assert re.fullmatch(r"#\w+|sent\.checked\.\w+", attributes["href"] or "")
    (policy,) = [item for item in elements.all("meta") if item.get("http-equiv") == "Content-Security-Policy"]
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy["content"] is not None
    assert policy["content"].startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert not [item for _, item in elements.found if "style" in item or any(key[:2] == "on" for key in item)]


def test_the_page_can_be_read_by_everybody(tmp_path: Path) -> None:
    elements = Elements(page_of(tmp_path, [*rows(12), *bad_rows()]))
    assert elements.all("html")[0]["lang"] == "en-GB"
    assert len(elements.all("title")) == len(elements.all("h1")) == len(elements.all("main")) == 1
    assert len(elements.all("table")) == len(elements.all("caption")) >= 4
    assert all(item.get("scope") in ("col", "row") for item in elements.all("th"))
    identities = [item["id"] for _, item in elements.found if "id" in item]
    assert len(identities) == len(set(identities))
    labelled = [item["aria-labelledby"] for _, item in elements.found if "aria-labelledby" in item]
    assert set(labelled) <= set(identities)
