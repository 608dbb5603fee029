"""The pages of docs: the code of the chapters runs as it stands, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import torch

from tests.conftest import ROOT

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
CHAPTERS = sorted((ROOT / "docs").glob("0*.md"))
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)|\b(?:src|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
NAMED = re.compile(r"^\(([\w-]+)\)=$|\b(?:id|name)=\"([^\"]+)\"", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z]+:")  # https:, mailto:


@pytest.fixture
def in_the_root(monkeypatch):
    """Chapters are run from the repository's root; seeds and settings are afterwards as they were."""
    monkeypatch.chdir(ROOT)
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)


def test_there_are_chapters_with_code():
    assert any(PYTHON.search(page.read_text(encoding="utf-8")) for page in CHAPTERS)


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_the_code_of_a_chapter_runs(page, in_the_root):
    run(page)


def run(page: Path) -> dict:
    """A page's blocks in turn, in one namespace; a traceback names the page's own lines."""
    text = page.read_text(encoding="utf-8")
    names = {"__name__": "chapter"}
    for block in PYTHON.finditer(text):
        above = "\n" * text[: block.start(1)].count("\n")
        exec(compile(above + block[1], str(page), "exec"), names)
    return names


def test_a_block_sees_those_before_it_and_says_where_it_fails(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n```python\nx = 1\n```\n\n```sh\nno python\n```\n\n```python\ny = 1 / (x - 1)\n```\n")
    with pytest.raises(ZeroDivisionError) as raised:
        run(page)
    assert raised.traceback[-1].lineno + 1 == 12


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    assert broken(page) == []


def broken(page: Path) -> list[str]:
    """The links and images of a page whose file isn't there, or whose #anchor is none of that page's headings."""
    prose = CODE.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
    targets = [unquote(one or other) for one, other in LINK.findall(prose)]
    return [target for target in targets if not ELSEWHERE.match(target) and not _leads(page, target)]


def _leads(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    goal = page.parent / name if name else page
    return goal.exists() and (not anchor or (goal.suffix == ".md" and anchor in anchors(goal)))


def anchors(page: Path) -> set[str]:
    """What a link to a place on this page may end in: its headings as a code host writes them, and explicit names."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    found = {one or other for one, other in NAMED.findall(text)}
    for heading in HEADING.findall(text):
        words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        again = sum(bool(re.fullmatch(re.escape(name) + r"(-\d+)?", other)) for other in found)
        found.add(f"{name}-{again}" if again else name)
    return found


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# Other\n\n## What `f(x)` is, in short\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n")
    good = (
        "other.md",
        "other.md#what-fx-is-in-short",
        "other.md#twice-1",
        "#page",
        "https://example.org/none",
        "page.md",
    )
    bad = ("none.md", "other.md#no-heading", "other.md#twice-2", "#nowhere", "images/none.svg")
    page.write_text(
        "# Page\n\n" + "\n".join(f"[words]({target}) `[code](code.md)`" for target in good + bad[:-1])
        + f'\n\n![A picture]({bad[-1]})\n\n<img src="gone.png">\n\n```\n[fenced](fenced.md)\n```\n'
    )  # fmt: skip
    assert broken(page) == [*bad, "gone.png"]
