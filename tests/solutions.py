"""The lines of the solution that nothing for students may hold."""

from __future__ import annotations

import re

from tests.conftest import ROOT

__all__ = ["bare", "code_of", "regions", "tells"]

REGION = re.compile(r"### BEGIN SOLUTION ([^\n]*)\n(.*?)### END SOLUTION", re.DOTALL)


def bare(line: str) -> str:
    return re.sub(r"\s+", " ", line.strip())


def code_of(text: str) -> list[str]:
    return [bare(line) for line in text.split("\n") if line.strip() and not line.strip().startswith("#")]


def tells(line: str) -> bool:
    """Whether a line is long enough, and does enough, to be nobody else's."""
    return len(line) >= 40 and bool(re.search(r"[(=]", line))


def regions() -> list[tuple[str, list[str]]]:
    """(task, lines of code) of every solution region, in the modules and in the notebooks."""
    sources = [*(ROOT / "solution").glob("*.py"), *(ROOT / "solution" / "notebooks").glob("*.py")]
    found = [region for source in sources for region in REGION.findall(source.read_text(encoding="utf-8"))]
    return [(task, code_of(text)) for task, text in found]
