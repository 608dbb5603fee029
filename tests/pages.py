"""Pages whose snippets are run. A ```text block holds what the ```python block before it prints, warns of and raises.

The first ```python block of a page is its beginning, and runs before each of the others. Under a heading, a block that
stands before **Fails** and **Mended** is given to both. `python -m tests.pages docs/debugging.md` writes the ```text blocks
anew, for whoever edits a page or takes another torch.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType

import pytest

__all__ = ["Section", "Snippet", "agree", "not_measured", "run", "sections_of", "slug"]

HEADING = re.compile(r"(#{1,6}) (.+)")
ROLE = re.compile(r"\*\*(Fails|Mended)\*\*")
FLOAT = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
NEAR = 0.05  # another processor rounds otherwise: numbers with a point may differ by this share


@dataclass
class Snippet:
    """A ```python block; `said` is the ```text block after it, and None where there is none."""

    code: str
    role: str
    said: str | None = None
    place: tuple[int, int] | None = None  # of the lines in the ```text block


@dataclass
class Section:
    """What stands under one heading."""

    title: str
    level: int
    text: list[str] = field(default_factory=list)
    snippets: list[Snippet] = field(default_factory=list)

    def given(self) -> list[str]:
        return [snippet.code for snippet in self.snippets if not snippet.role]

    def of_role(self, role: str) -> list[Snippet]:
        return [snippet for snippet in self.snippets if snippet.role == role]


def sections_of(page: Path) -> list[Section]:
    """The page, cut at its headings."""
    lines, found, role, number = page.read_text(encoding="utf-8").splitlines(), [Section("", 0)], "", 0
    while number < len(lines):
        line, number = lines[number], number + 1
        if line.startswith("```"):
            end = lines.index("```", number)
            _take(found[-1].snippets, line[3:], lines[number:end], role, (number, end))
            number = end + 1
        elif heading := HEADING.fullmatch(line):
            found.append(Section(heading[2], len(heading[1])))
            role = ""
        elif label := ROLE.fullmatch(line):
            role = label[1]
        else:
            found[-1].text.append(line)
    return found


def _take(snippets: list[Snippet], language: str, lines: list[str], role: str, place: tuple[int, int]) -> None:
    if language == "python":
        snippets.append(Snippet("\n".join(lines), role))
    elif language == "text" and snippets:
        snippets[-1].said, snippets[-1].place = "\n".join(lines), place


def run(*blocks: str | CodeType, namespace: dict | None = None) -> str:
    """What the blocks print, warn of and raise, one after another in one namespace, a new one unless it is given."""
    output, namespace = io.StringIO(), {} if namespace is None else namespace
    namespace["__name__"] = "page"
    with contextlib.redirect_stdout(output), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, category, *_: print(f"{category.__name__}: {_words(message)}")
        try:
            for block in blocks:
                exec(block, namespace)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    return "\n".join(line.rstrip() for line in output.getvalue().strip().splitlines())


def _words(message: Warning) -> str:
    """Without the place in torch's own source, which ends warnings that come from C++."""
    return re.sub(r" \(Triggered internally at .*\)$", "", str(message))


def agree(said: str, printed: str) -> bool:
    """Whether two texts have the same words, and numbers that are the same up to rounding."""
    if FLOAT.split(said) != FLOAT.split(printed):
        return False
    wanted, got = ([float(number) for number in FLOAT.findall(text)] for text in (said, printed))
    return got == pytest.approx(wanted, rel=NEAR)


def not_measured(page: Path, figures: dict[str, tuple]) -> list[str]:
    """Figures that don't stand on the page, or aren't the medians in `benchmarks/results`.

    Each leads to the name of the results, the place in their rows, and the factor between the median and what is written.
    """
    text, missed = " ".join(page.read_text(encoding="utf-8").split()), []
    for figure, (name, *place, factor) in figures.items():
        found = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))["rows"]
        for key in place:
            found = found[key]
        number = figure.split()[0].rstrip(",")
        digits = len(number.partition(".")[2])
        if figure not in text or f"{factor * found['median']:.{digits}f}" != number:
            missed.append(f"{figure}: {found['median']}")
    return missed


def slug(title: str) -> str:
    """The anchor that code hosts and MyST give to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def write_anew(page: Path) -> None:
    """Put into each ```text block what is printed now."""
    lines, sections = page.read_text(encoding="utf-8").splitlines(), sections_of(page)
    beginning = next(snippet.code for section in sections for snippet in section.snippets)
    for section in reversed(sections):
        for snippet in reversed(section.snippets):
            if snippet.said is not None:
                given = section.given() if snippet.role else []
                lines[slice(*snippet.place)] = run(beginning, *given, snippet.code).splitlines()
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_anew(Path(name))
