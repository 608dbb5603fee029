"""Lays a student's work over a new release's text, three ways: what was released, what the student made of it, what is new."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["ANSWER", "Merged", "merge", "merge_code", "to_do"]

STUB = re.compile(r"\bTask (\d+\.\d+): .* is still to do\.")
DEFINITION = re.compile(r"([ \t]*)(?:async[ \t]+def|def|class)[ \t]+(\w+)")
COMMENT = re.compile(r"[ \t]*#")
ANSWER = re.compile(r"\*Write your answer here, in the place of this line\.\*")

Lines = tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """The joined text, and the student's lines that found no place in it."""

    text: str
    lost: Lines = ()


@dataclass(frozen=True)
class _Edit:
    """Lines [start, end) of the released text are replaced."""

    start: int
    end: int
    lines: Lines


@dataclass(frozen=True)
class _Place:
    """Lines [start, end) of a released text stand where a solution goes; `name` is that of the function around them."""

    name: str
    start: int
    end: int


def to_do(text: str) -> set[str]:
    """The tasks whose stub stands in a text."""
    return {found[1] for found in STUB.finditer(text)}


def merge_code(base: str, own: str, new: str) -> Merged:
    """Join two versions of a module or a cell. What can't be joined as a whole is joined function by function.

    Where even that gives text that Python can't read, though it could read the student's, the new text stands alone.
    """
    merged = merge(base, own, new)
    if merged.lost:
        merged = _judged(base, own, _by_function(base, own, merged.text))
    if _is_python(own) and _is_python(new) and not _is_python(merged.text):
        return _judged(base, own, new)
    return merged


def merge(base: str, own: str, new: str) -> Merged:
    """Join two versions of a text. Where both changed the same lines, the new text wins, but for the place of a solution."""
    released, mine, theirs = (tuple(text.split("\n")) for text in (base, own, new))
    places, given = _places(released), _given(released, theirs)
    solved = [edit for edit in _edits(released, mine) if edit not in given]
    lines, at = [], 0
    for start, end, from_own, from_new in _clusters(solved, given):
        stubs = all(any(place.start <= edit.start and edit.end <= place.end for place in places) for edit in from_new)
        lines += released[at:start]
        lines += _applied(released, start, end, from_own if from_own and stubs else from_new)
        at = end
    return _judged(base, own, "\n".join([*lines, *released[at:]]))


def _judged(base: str, own: str, text: str) -> Merged:
    """A joined text, with what is missing from it of the lines that the student wrote."""
    mine, released, there = (Counter(map(str.strip, part.split("\n"))) for part in (own, base, text))
    missing = (mine - released) - there
    return Merged(text, tuple(line for line in missing.elements() if line))


def _edits(base: Lines, text: Lines, offset: int = 0) -> list[_Edit]:
    codes = SequenceMatcher(None, base, text, autojunk=False).get_opcodes()
    return [_Edit(offset + i, offset + j, text[k:m]) for kind, i, j, k, m in codes if kind != "equal"]


def _given(base: Lines, new: Lines) -> list[_Edit]:
    """What the new release changed; no edit reaches over the edge of a place for a solution that both have."""
    edits, at, there = [], 0, 0
    for old, now in _same_places(_places(base), _places(new)):
        edits += _edits(base[at : old.start], new[there : now.start], at)
        if base[old.start : old.end] != new[now.start : now.end]:
            edits.append(_Edit(old.start, old.end, new[now.start : now.end]))
        at, there = old.end, now.end
    return edits + _edits(base[at:], new[there:], at)


def _same_places(base: list[_Place], new: list[_Place]) -> list[tuple[_Place, _Place]]:
    """The places of both texts that stand in the same order."""
    names = [[place.name for place in places] for places in (base, new)]
    blocks = SequenceMatcher(None, *names, autojunk=False).get_matching_blocks()
    return [(base[block.a + k], new[block.b + k]) for block in blocks for k in range(block.size)]


def _clusters(mine: list[_Edit], theirs: list[_Edit]) -> Iterator[tuple[int, int, list[_Edit], list[_Edit]]]:
    """(start, end, mine, theirs) of the edits, in order: apart where they only touch, together where they overlap.

    Where both insert at the same place, theirs comes first.
    """
    waiting = sorted([(edit.start, edit.end, 1, edit) for edit in mine] + [(edit.start, edit.end, 0, edit) for edit in theirs],
                     key=lambda entry: entry[:3])  # fmt: skip
    groups: list[list] = []
    for entry in waiting:
        last = max((each[1] for each in groups[-1]), default=0) if groups else 0
        if groups and entry[0] < last:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    for group in groups:
        sides = [[edit for _, _, side, edit in group if side == which] for which in (1, 0)]
        yield group[0][0], max(entry[1] for entry in group), *sides


def _applied(base: Lines, start: int, end: int, edits: list[_Edit]) -> list[str]:
    """Lines [start, end) with these edits made."""
    lines, at = [], start
    for edit in edits:
        lines += [*base[at : edit.start], *edit.lines]
        at = edit.end
    return [*lines, *base[at:end]]


def _places(lines: Lines) -> list[_Place]:
    """The places for solutions in a released text: each stub, with the comments over it, or the line that asks for an answer."""
    found, around = [], []
    for number, line in enumerate(lines):
        if definition := DEFINITION.match(line):
            around = [entry for entry in around if len(entry[0]) < len(definition[1])] + [definition.groups()]
        if ANSWER.search(line):
            found.append(_Place("answer", number, number + 1))
        elif STUB.search(line) and not COMMENT.match(line):
            found.append(_Place(".".join(name for _, name in around), *_around_stub(lines, number)))
    return found


def _around_stub(lines: Lines, number: int) -> tuple[int, int]:
    """The lines of a stub: its `raise`, on one line or three, and the comments over it."""
    first, last = (number, number + 1) if "raise" in lines[number] else (number - 1, number + 2)
    while first > 0 and COMMENT.match(lines[first - 1]):
        first -= 1
    return first, last


def _by_function(base: str, own: str, text: str) -> str:
    """The joined text with the student's bodies of those functions that are still to do in it, wherever they stand now."""
    released, mine = _functions(base), _functions(own)
    for name, (first, last) in sorted(_functions(text).items(), key=lambda entry: -entry[1][0]):
        block = _lines(text, first, last)
        if name in released and name in mine and to_do(block):
            joined = merge(_lines(base, *released[name]), _lines(own, *mine[name]), block)
            lines = text.split("\n")
            text = "\n".join([*lines[:first], joined.text, *lines[last:]])
    return text


def _lines(text: str, first: int, last: int) -> str:
    return "\n".join(text.split("\n")[first:last])


def _functions(text: str) -> dict[str, tuple[int, int]]:
    """name → lines of each function that holds no other, methods with their class's name; none where it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found, lines = {}, text.split("\n")
    for node in tree.body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                name = inner.name if inner is node else f"{node.name}.{inner.name}"
                found[name] = inner.lineno - 1, _with_last_comments(lines, inner)
    return found


def _with_last_comments(lines: list[str], function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The number of a function's last line, comments included that stand below its code and as deep."""
    last = function.end_lineno
    for number in range(last, len(lines)):
        depth = len(lines[number]) - len(lines[number].lstrip())
        if COMMENT.match(lines[number]) and depth > function.col_offset:
            last = number + 1
        elif lines[number].strip():
            break
    return last


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
