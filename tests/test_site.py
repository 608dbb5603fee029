"""The site: every link leads somewhere, every figure has a text, nothing comes from elsewhere, and students get no solution."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.site import build, listed, pages, released
from tests.conftest import ROOT
from tests.solutions import bare, regions, tells

FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


class Seen(HTMLParser):
    """What a page links to, loads, can be linked at, and shows without a text."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.loaded, self.ids, self.without_text = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if found.get(FETCHED.get(tag)):
            self.loaded.append(found[FETCHED[tag]])
        if tag == "img" and len(found.get("alt") or "") < 20:
            self.without_text.append(found.get("src", "")[:80])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The students' site."""
    return build("student", released(), tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def seen(site) -> dict[Path, Seen]:
    return {path: Seen(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_it_has_every_page_and_notebook_and_a_search(site):
    names = [path.stem for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert len(names) == 5 and all((site / "notebooks" / f"{name}.html").is_file() for name in names)
    assert all((site / f"{name}.html").is_file() for name, _ in pages("student"))
    assert "vanishing" in (site / "searchindex.js").read_text(encoding="utf-8")


def test_every_link_leads_somewhere(site, seen):
    broken = []
    for path, page in seen.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or link == "#":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in seen[target].ids):
                broken.append((path.name, link))
    assert broken == []


def test_nothing_is_fetched_from_elsewhere_and_every_figure_has_a_text(seen):
    for path, page in seen.items():
        assert [link for link in page.loaded if urlsplit(link).scheme not in ("", "data")] == [], path
        assert page.without_text == [], path


def test_equations_are_mathml(site):
    page = (site / "03-vanishing-gradient-problem.html").read_text(encoding="utf-8")
    assert page.count("<math") > 20 and "\\frac" not in re.sub(r"<annotation.*?</annotation>", "", page)
    notebook = (site / "notebooks" / "01_sine_wave_rnn.html").read_text(encoding="utf-8")
    assert "<mtext>max_norm</mtext>" in notebook


def test_students_get_no_solution_and_no_page_for_instructors(site):
    lines = {bare(line) for path in site.rglob("*") if path.suffix in (".html", ".js", ".txt", ".ipynb", ".md")
             for line in html.unescape(re.sub("<[^>]+>", "", path.read_text(encoding="utf-8"))).split("\n")}  # fmt: skip
    assert "torch.set_num_threads(1) # small networks: a second thread would only wait for the first" in lines  # code is read
    for task, code in regions():
        told = [line for line in code if tells(line) and line in lines]
        assert told == [], task
    assert not (site / "instructor.html").exists() and not (site / "teaching.html").exists()


def test_the_instructors_site_has_all_pages_of_both(tmp_path):
    site = build("instructor", released(), tmp_path)  # whose notebooks are executed otherwise
    assert "instructor.html" in (site / "teaching.html").read_text(encoding="utf-8")
    both = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert {name for name, _ in pages("instructor")} == both
    own = both - {name for name, _ in pages("student")}
    assert own == {"teaching", *listed((ROOT / "docs" / "teaching.md").read_text(encoding="utf-8"))}


def test_links_out_of_the_book_are_names_there():
    texts = [text for _, text in pages("instructor")]
    assert [found for text in texts for found in re.findall(r"\]\(\.\./[^)]*\)", text)] == []
