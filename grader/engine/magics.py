"""Reads a notebook's cell as Python. What is IPython's own in it does nothing, or is the code that it would have run.

It works on text alone, so that the judge reads in a cell what a worker runs.
"""

from __future__ import annotations

import ast
import re
import warnings

__all__ = ["COMPILED", "as_python", "without_cell_magic"]

COMPILED = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
BODY_RUNS = {"time", "timeit", "capture", "prun"}  # cell magics whose body is ordinary code
CELL_MAGIC = re.compile(r"[ \t]*%%(\w*)")
OWN_LINE = re.compile(r"(?P<indent>[ \t]*)(?:%(?:time|prun)[ \t]+(?P<code>.+)|%{1,2}\w.*|!.*|\?.*|.*\?[ \t]*)")
MAX_LINES = 30  # lines of IPython's own in a cell
LONGEST = 50_000  # characters of a cell in which they are looked for


def without_cell_magic(source: str) -> str:
    """The cell with `%%time` and its like taken off; nothing where it is for another language, or for a file."""
    lines = source.split("\n")
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    magic = CELL_MAGIC.match(lines[first])
    if magic is None:
        return source
    return "\n".join(["" if place == first else line for place, line in enumerate(lines)]
                     if magic[1] in BODY_RUNS else [])  # fmt: skip


def as_python(source: str) -> str | None:
    """The cell as Python, line by line where it was; None where it can't be read.

    Only a line at which Python itself stops is taken for IPython's own: text in a string stays as it is.
    """
    lines = without_cell_magic(source).split("\n")
    for _ in range(MAX_LINES if len(source) <= LONGEST else 1):
        text = "\n".join(lines)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(text, "cell", "exec", flags=COMPILED | ast.PyCF_ONLY_AST, dont_inherit=True)
            return text
        except SyntaxError as problem:
            place = (problem.lineno or 0) - 1
        except (ValueError, RecursionError, MemoryError):
            return None
        own = OWN_LINE.fullmatch(lines[place]) if 0 <= place < len(lines) else None
        if own is None:
            return None
        lines[place] = own["indent"] + (own["code"] or "pass")
    return None
