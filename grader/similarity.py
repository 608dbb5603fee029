"""Solutions that are nearly the same, beyond what the task and the class make common: a question to ask, never a verdict.

A solution is read as the statements of its syntax tree. Comments, docstrings, annotations and layout are gone, the lines
that the starter gives are left out, and names of the student's own are told apart by nothing but the order in which they
come. A *step* is a statement with the one before it, so that it says what is done with what.

A step that two solutions share tells log2(N / n) bits, where n of the N solutions of the task have it: nothing where all
do. A step of the reference, or of more than a tenth of the class, tells nothing at all. Two students are asked about where
in some tasks most of their statements are the same, and the steps that they share there tell enough, all in all. A short
solution has too few steps for that, and in a small class a step that two have tells little. Steps are looked up in an
index: solutions are never compared all with all.
"""

from __future__ import annotations

import ast
import hashlib
import math
import re
import warnings
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

from grader.engine.magics import as_python
from grader.intake import Material
from grader.notebooks import given_in
from grader.tasks import Course, Task, load_course

__all__ = ["Alike", "Found", "alike"]

REFERENCE = Path(__file__).parent.parent / "solution"
LEAST_SOLUTIONS = 10  # of a task: among fewer nobody can tell what is common
LEAST_SAME = 0.8  # share of the longer solution's statements
COMMON = 0.1  # what a larger share of the class writes is common
MOST_WITH = 30  # solutions that may have a step before it is common in a class of any size
BY_CHANCE = 10  # bits of a task that count for nothing: two of many are that much alike without a reason
LEAST_BITS = 25  # that the tasks of two students have to tell beyond that, together
MAX_STATEMENTS = 500  # of a solution that is compared
MAX_SOURCE = 200_000  # characters of a module or cell that is read

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # fields with statements of their own
UNREAD = {"ctx", "annotation", "returns", "type_comment", "type_params", "kind", "simple"}
REGION = re.compile(r"^([ \t]*)### BEGIN SOLUTION.*?### END SOLUTION", re.MULTILINE | re.DOTALL)
USED, BOUND = MARKS = "\0", "\1"  # before a name: what it stands for is used, or decided
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
Words = tuple[str, ...]
Pair = tuple[str, str]  # of students, in order
Statement = tuple[int, Words]  # with the line where it stands


@dataclass(frozen=True)
class Found:
    """Solutions of one task that are nearly the same: each of them and at least one other."""

    task: str
    places: tuple[str, ...]  # where each one stands, in the order of the students
    same: float  # the least share of statements that two of them which are alike have in common
    unusual: int  # the fewest steps that two such share and hardly anybody else has


@dataclass(frozen=True)
class Alike:
    """Students some of whose solutions are nearly the same."""

    students: tuple[str, ...]
    found: tuple[Found, ...]


class _Solution(NamedTuple):
    """Of each statement, and of each step, eight bytes that name it: a class of ten thousand has half a million of these."""

    place: str
    statements: array[int]
    steps: array[int]

    def same(self, other: _Solution) -> float:
        """The share of the longer one's statements that the other has too."""
        both = Counter(self.statements) & Counter(other.statements)
        return both.total() / max(len(self.statements), len(other.statements))


class _Link(NamedTuple):
    """Two solutions that are much the same."""

    bits: float  # beyond what comes by chance
    same: float
    unusual: int


def alike(works: Iterable[tuple[str, Material]], course: Course) -> list[Alike]:
    """The students to ask about in a class of (student, what was read of the submission); the most telling first."""
    solutions: dict[str, dict[str, _Solution]] = {task.id: {} for task in course.graded}
    for student, material in works:
        for task, solution in _solutions(material, course):
            solutions[task.id][student] = solution
    links = {task.id: dict(_links(task, solutions[task.id])) for task in course.graded}
    bits: Counter[Pair] = Counter()
    for of_task in links.values():
        bits.update({pair: link.bits for pair, link in of_task.items()})
    groups: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    for name, of_task in links.items():
        telling = {pair: link for pair, link in of_task.items() if bits[pair] >= LEAST_BITS}
        for students in _connected(telling):
            groups[students].append(_found(name, students, telling, solutions[name]))
    told = {students: max(bits[pair] for pair in combinations(students, 2)) for students in groups}
    return [Alike(students, tuple(groups[students])) for students in sorted(groups, key=lambda key: (-told[key], key))]


# comparing


def _links(task: Task, solutions: dict[str, _Solution]) -> Iterator[tuple[Pair, _Link]]:
    """The pairs of students whose solutions of a task are much the same."""
    if len(solutions) < LEAST_SOLUTIONS:
        return
    holders: dict[int, list[str]] = defaultdict(list)
    for student in sorted(solutions):
        for step in set(solutions[student].steps) - _given(task).steps:
            holders[step].append(student)
    bits: Counter[Pair] = Counter()
    shared: Counter[Pair] = Counter()
    for students in holders.values():
        if 1 < len(students) <= min(max(2, COMMON * len(solutions)), MOST_WITH):
            for pair in combinations(students, 2):
                bits[pair] += math.log2(len(solutions) / len(students))
                shared[pair] += 1
    for one, other in (pair for pair, told in bits.items() if told > BY_CHANCE):
        same = solutions[one].same(solutions[other])
        if same >= LEAST_SAME:
            yield (one, other), _Link(bits[one, other] - BY_CHANCE, same, shared[one, other])


def _connected(pairs: Iterable[Pair]) -> list[tuple[str, ...]]:
    """The groups that pairs make when those with one in common are taken together."""
    group_of: dict[str, set[str]] = {}
    for one, other in pairs:
        merged = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of |= dict.fromkeys(merged, merged)
    return sorted({tuple(sorted(group)) for group in group_of.values()})


def _found(task: str, students: tuple[str, ...], links: dict[Pair, _Link], solutions: dict[str, _Solution]) -> Found:
    inside = [link for pair, link in links.items() if pair[0] in students]
    return Found(task, tuple(solutions[student].place for student in students),
                 min(link.same for link in inside), min(link.unusual for link in inside))  # fmt: skip


# reading


class _Given(NamedTuple):
    """What the course itself writes for a task."""

    names: frozenset[str]  # that its module or cell defines
    lines: frozenset[Words]  # statements of the starter
    steps: frozenset[int]  # of the reference


def _solutions(material: Material, course: Course) -> Iterator[tuple[Task, _Solution]]:
    """What a submission has in the place of each task's TODO; nothing of what can't be read."""
    sources = {name: [(f"starter/{name}.py", text)] for name, text in material.modules.items()} | material.cells
    for space, texts in sources.items():
        yield from _read(texts, [task for task in course.graded if task.space == space])


def _read(texts: list[tuple[str, str]], tasks: list[Task]) -> Iterator[tuple[Task, _Solution]]:
    """The tasks that are solved in a module, or in cells of a notebook; where a cell stands there twice, the last one."""
    for name, text in texts:
        present = [task for task in tasks if given_in(text, [task.symbol])]
        if not present or len(text) > MAX_SOURCE:
            continue
        try:
            tree = _tree(name, text)
            for task in present:
                solution = _read_definition(tree, task.symbol, _given(task), name)
                if solution is not None:
                    yield task, solution
        except UNREADABLE:
            continue


def _tree(name: str, text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a text with "\d" in it, say
        return ast.parse(text if name.endswith(".py") else as_python(text) or "")


def _read_definition(tree: ast.Module, symbol: str, given: _Given, file: str = "") -> _Solution | None:
    """The statements of a symbol's definition, and of what else it uses that the course doesn't give."""
    reached = _reached(tree, symbol, given.names)
    read = [(line, words) for line, words in reached if words not in given.lines]
    if not read or len(read) > MAX_STATEMENTS:
        return None
    own = {word[1:] for _, words in reached for word in words if word[:1] == BOUND} - given.names
    lines = [line for line, _ in read]
    steps = pairwise([(), *(words for _, words in read)])
    return _Solution(f"{file}, lines {min(lines)} to {max(lines)}", array("Q", (_digest(words, own) for _, words in read)),
                     array("Q", (_digest((*before, "then", *words), own) for before, words in steps)))  # fmt: skip


def _reached(tree: ast.Module, symbol: str, given: frozenset[str]) -> list[Statement]:
    """The statements of a symbol's definition, the last one there is, and of the student's own that it uses."""
    defined = {name: statement for statement in tree.body for name in _defines(statement)}
    waiting, seen, found = [symbol], set(given) - {symbol}, []
    while waiting:
        name = waiting.pop()
        if name not in seen and name in defined:
            seen.update(_defines(defined[name]))
            statements = list(_statements([defined[name]]))
            found += statements
            waiting += sorted({word[1:] for _, words in statements for word in words if word[:1] == USED}, reverse=True)
    return found


def _defines(statement: ast.stmt) -> list[str]:
    """The names that a statement of a module defines or assigns."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _statements(body: list, line: int = 0) -> Iterator[Statement]:
    """Every statement, one that holds others before these; without docstrings and what stands for nothing."""
    for node in body:
        line = getattr(node, "lineno", line)  # the case of a match has none
        if not _says_nothing(node):
            words: list[str] = []
            _write(node, words, BLOCKS)
            yield line, tuple(words)
        for name in BLOCKS:
            yield from _statements(getattr(node, name, []), line)


def _says_nothing(node: ast.AST) -> bool:
    """A text or `...` alone, `pass`, a variable's type alone, a TODO that is still there."""
    match node:
        case ast.Pass() | ast.Expr(ast.Constant()) | ast.AnnAssign(value=None):
            return True
        case ast.Raise(ast.Call(ast.Name("NotImplementedError"))):
            return True
    return False


def _write(part: object, words: list[str], left_out: tuple[str, ...] = ()) -> None:
    """A part of the syntax tree as words, in order."""
    if isinstance(part, ast.AST):
        kind = type(part).__name__
        words.append("Assign" if kind == "AnnAssign" else kind)
        for name in part._fields:
            if name not in UNREAD and name not in left_out:
                form = FORMS.get(f"{kind}.{name}")
                value = getattr(part, name, None)
                _write(form(part, value) if form else value, words)
    elif isinstance(part, list):
        words.append(str(len(part)))
        for item in part:
            _write(item, words)
    else:
        words.append(part if isinstance(part, str) else repr(part))


# how fields are written, so that names are told from what only looks like them, and different ways to write come to one
FORMS: dict[str, Callable[[ast.AST, object], object]] = {
    "Name.id": lambda node, name: (USED if isinstance(node.ctx, ast.Load) else BOUND) + name,
    "arg.arg": lambda node, name: BOUND + name,
    "FunctionDef.name": lambda node, name: [BOUND + name, f"{BOUND}.{name}"],  # as it is called, also as a method
    "AsyncFunctionDef.name": lambda node, name: BOUND + name,
    "ClassDef.name": lambda node, name: BOUND + name,
    "ExceptHandler.name": lambda node, name: name and BOUND + name,
    "alias.asname": lambda node, name: BOUND + (name or node.name.split(".")[0]),
    "Attribute.attr": lambda node, name: f"{USED}.{name}",
    "AnnAssign.target": lambda node, target: [target],  # as that of an assignment
    "Call.keywords": lambda node, keywords: sorted(keywords, key=lambda keyword: keyword.arg or ""),
    "Constant.value": lambda node, value: (value,),  # a text is no name
}


def _digest(words: Words, own: set[str]) -> int:
    """Names words in which the solution's own names count by the order in which they come."""
    order: dict[str, str] = {}
    told = [order.setdefault(word[1:], f"{USED}{len(order)}") if word[:1] in MARKS and word[1:] in own else word
            for word in words]  # fmt: skip
    return int.from_bytes(hashlib.blake2b("\n".join(told).encode("utf-8", "backslashreplace"), digest_size=8).digest())


# what the course gives


@cache
def _given(task: Task) -> _Given:
    """Empty in a student's copy, where the reference is not."""
    notebook = load_course().notebooks[task.notebook]
    path = REFERENCE / (f"{task.module}.py" if task.module else f"notebooks/{notebook.name}.py")
    if not path.is_file():
        return _Given(frozenset(), frozenset(), frozenset())
    cells = re.split(r"^# %%.*$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)  # a module is one
    text = next(cell for cell in cells if re.search(rf"BEGIN SOLUTION {re.escape(task.id)}\b", cell))
    tree, starter = ast.parse(text), ast.parse(REGION.sub(r"\1pass", text))
    names = frozenset(name for statement in starter.body for name in _defines(statement))
    lines = frozenset(words for _, words in _reached(starter, task.symbol, names))
    solution = _read_definition(tree, task.symbol, _Given(names, lines, frozenset()))
    return _Given(names, lines, frozenset(solution.steps))
