"""Reads a notebook's source, jupytext's `py:percent` format, and remembers on which line each cell stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

import jupytext

from grader.release.regions import fault

__all__ = ["SourceCell", "read_cells"]

MARKER = re.compile(r"\s*#\s*(%%+(\s|$)|(<codecell>|In\[[0-9 ]*\]:?)\s*$)")  # what jupytext takes for one
DELIMITER = "# ---"
QUOTES = re.compile(r"""[rR]?("{3}|'{3})\s*""")
MAGIC = ("%", "!")
BOOKKEEPING = {"lines_to_next_cell", "cell_marker"}  # what jupytext notes for itself
KNOWN = {"task", "tags"}


@dataclass(frozen=True)
class SourceCell:
    """A cell; `header` and `line` are the line numbers of its marker and of the first line of its text."""

    kind: str
    source: str
    header: int
    line: int
    task: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def in_place(self) -> str:
        """The cell's text with as many blank lines before it as the file has lines, so that line numbers agree."""
        return "\n" * (self.line - 1) + self.source


def read_cells(source: str, file: str) -> list[SourceCell]:
    """The cells of a text in `py:percent` format. What can't be released as it stands is a ReleaseError."""
    lines = source.split("\n")
    start = _first_cell(lines, file)
    try:
        cells = jupytext.reads("\n".join(lines[start:]), fmt="py:percent").cells
    except Exception as problem:  # whatever jupytext and the notebook's schema say
        reason = str(problem).split("\n", maxsplit=1)[0]
        raise fault(file, start + 1, f"jupytext can't read the notebook: {reason}; write cells as `# %%`") from problem
    located = []
    for cell in cells:
        marker = next(number for number in range(start, len(lines)) if MARKER.match(lines[number]))
        located.append(_cell(cell, marker, lines, file))
        start = marker + 1 + len(cell.source.split("\n"))
    return located


def _first_cell(lines: list[str], file: str) -> int:
    """The index of the first marker. Only blank lines and jupytext's own header may stand before it."""
    start = 0
    if lines[0].rstrip() == DELIMITER:
        closing = [number for number, line in enumerate(lines) if number and line.rstrip() == DELIMITER]
        start = closing[0] + 1 if closing else 0
    for number in range(start, len(lines)):
        if MARKER.match(lines[number]):
            return number
        if lines[number].strip():
            raise fault(file, number + 1, "the line belongs to no cell; write `# %%` above it, or `# %% [markdown]`")
    raise fault(file, len(lines), "the notebook has no cells; begin each with `# %%` or `# %% [markdown]`")


def _cell(cell, marker: int, lines: list[str], file: str) -> SourceCell:
    metadata = {key: value for key, value in cell.metadata.items() if key not in BOOKKEEPING}
    if cell.cell_type not in ("code", "markdown") or not metadata.keys() <= KNOWN:
        raise _bad_header(lines, marker, file)
    task, tags = metadata.get("task"), metadata.get("tags", [])
    if not (task is None or isinstance(task, str)) or not _are_words(tags):
        raise _bad_header(lines, marker, file)
    first = marker + 1
    if cell.cell_type == "markdown" and QUOTES.fullmatch(lines[first] if first < len(lines) else ""):
        first += 1
    if cell.cell_type == "code":
        _check_comments(cell.source, first, lines, file)
    text = cell.source.lstrip("\n")  # the blank lines that a formatter wants before a function
    blank = len(cell.source) - len(text)
    return SourceCell(cell.cell_type, text, marker + 1, first + 1 + blank, task, tuple(tags))


def _are_words(tags: object) -> bool:
    return isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)


def _bad_header(lines: list[str], marker: int, file: str) -> Exception:
    return fault(
        file,
        marker + 1,
        f"the cell's header is {lines[marker].strip()!r}, expected `# %%` or `# %% [markdown]` "
        'with nothing behind it but task="1.6" or tags=["experiment"]',
    )


def _check_comments(source: str, first: int, lines: list[str], file: str) -> None:
    """jupytext turns a commented magic into a magic, and with it comments that read like a shell command."""
    for number, line in enumerate(source.split("\n"), start=first):
        before = lines[number] if number < len(lines) else ""
        if before != line and not line.lstrip().startswith(MAGIC):
            raise fault(
                file,
                number + 1,
                f"jupytext takes the comment {before.strip()!r} for a command and would "
                "release it as code; word it differently",
            )
