"""The figures of the book: each is what its function draws, and each stands on a page with a text for who doesn't see it."""

from __future__ import annotations

import re

import pytest

from docs.figures.chapters import FIGURES, IMAGES, drawn
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"!\[([^\]]*)\]\((?:docs/)?images/([\w-]+)\.svg\)")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_what_is_drawn_now(name):
    kept = (IMAGES / f"{name}.svg").read_bytes()
    assert kept == drawn(name), f"docs/images/{name}.svg is not what is drawn: python -m docs.figures {name}"


def test_every_figure_stands_on_a_page_and_has_a_text():
    shown = [match for page in PAGES for match in SHOWN.findall(page.read_text(encoding="utf-8"))]
    assert {name for _, name in shown} == set(FIGURES) == {path.stem for path in IMAGES.glob("*.svg")}
    assert [name for text, name in shown if len(text) < 20] == []
