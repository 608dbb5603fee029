"""The students' site in headless Chromium, at a phone's and a desktop's width, in the light and in the dark.

What axe-core says of its accessibility is asked where that is there: `make docs-check` fetches it with npm.
"""

from __future__ import annotations

import json

import pytest

from docs.site import build, released
from tests.browsing import browser, in_a_browser
from tests.conftest import ROOT

AXE = ROOT / "docs" / "accessibility" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ("index", "03-vanishing-gradient-problem", "debugging", "notebooks/02_echo_memory")
WIDTHS = {"phone": 390, "desktop": 1300}
RULES = json.dumps({"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build("student", released(), tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


def shown(page, site, name: str, width: int, scheme: str) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open((site / f"{name}.html").as_uri())
    page.wait(f"document.readyState == 'complete' && location.pathname.endsWith('{name}.html')")


@in_a_browser
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(page, site, name):
    shown(page, site, name, WIDTHS["phone"], "light")
    assert page.js("document.documentElement.scrollWidth") <= WIDTHS["phone"]


@in_a_browser
def test_a_search_finds_what_a_chapter_tells(page, site):
    page.open((site / "search.html").as_uri() + "?q=orthogonal")
    page.wait("document.querySelectorAll('#search-results li a').length > 1")  # they come one after another


@in_a_browser
def test_it_is_dark_where_the_reader_s_system_is(page, site):
    grounds = []
    for scheme in ("light", "dark"):
        shown(page, site, "index", WIDTHS["desktop"], scheme)
        grounds.append(page.js("getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] == "rgb(255, 255, 255)" and grounds[1] != grounds[0]


@in_a_browser
@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here; `make docs-check` fetches it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(page, site, name, width, scheme):
    shown(page, site, name, WIDTHS[width], scheme)
    page.js(AXE.read_text(encoding="utf-8") + "; 0")
    page.js(f"axe.run(document, {RULES}).then(found => {{ window.found = found.violations }}); 0")
    page.wait("!!window.found")
    found = page.js("window.found.map(rule => [rule.id, rule.nodes.map(node => node.html.slice(0, 200))])")
    assert found == []
