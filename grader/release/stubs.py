"""What stands in the place of a region that was taken out: a TODO, and an error that says which task is to do."""

from __future__ import annotations

import io
import json
import re
import tokenize

from grader.release.regions import Region
from grader.tasks import Task

__all__ = ["cell_stub", "module_stub", "to_do"]

WIDTH = 110
DIRECTIVE = re.compile(r"#\s*(noqa|type:|fmt:|ruff:|isort:|pyright:|mypy:|pylint:|pragma)")


def to_do(task: Task) -> str:
    """The sentence of an unsolved task."""
    return f"Task {task.id}: {task.title} is still to do."


def module_stub(source: str, region: Region) -> list[str]:
    """The lines for a module, indented as the region was."""
    title = f"TODO {region.task.id} ({region.part})" if region.part else f"TODO {region.task.id}"
    lines = [f"# {title}: {region.task.title}", *hints_in(source, region), *_raise(region)]
    return [region.indent + line for line in lines]


def cell_stub(region: Region) -> list[str]:
    """The lines for a notebook cell, without indentation: nbgrader adds it. Hints stand in the text around the cell."""
    return ["# TODO: replace the next line with your code.", *_raise(region)]


def hints_in(source: str, region: Region) -> list[str]:
    """The region's own comment lines, with one empty comment where blank lines stood between two of them."""
    hints: list[str] = []
    last = region.begin
    lines = source.split("\n")
    for number, comment in _comment_lines(source):
        if not region.begin < number < region.end or DIRECTIVE.match(comment):
            continue
        apart = any(not line.strip() for line in lines[last : number - 1])
        if (apart or comment == "#") and hints and hints[-1] != "#":
            hints.append("#")
        if comment != "#":
            hints.append(comment)
        last = number
    return hints[:-1] if hints[-1:] == ["#"] else hints


def _comment_lines(source: str) -> list[tuple[int, str]]:
    """(line number, text) of the comments that have a line to themselves; a `#` inside a string is none."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [
        (token.start[0], token.string.rstrip())
        for token in tokens
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    ]


def _raise(region: Region) -> list[str]:
    text = json.dumps(to_do(region.task), ensure_ascii=False)
    line = f"raise NotImplementedError({text})"
    if len(region.indent + line) <= WIDTH:
        return [line]
    return ["raise NotImplementedError(", f"    {text}", ")"]
