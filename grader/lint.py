"""Looks for what a task forbids, in exactly the source that is then run. A teaching aid, not a boundary."""

from __future__ import annotations

import ast
import builtins
import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from grader.engine.magics import as_python
from grader.notebooks import given_in
from grader.tasks import CELLS, Course, Task

__all__ = ["Finding", "defining", "findings"]

MAX_FINDINGS = 20
MAX_PARTS = 12  # of a dotted name
SOLVED = ("solution", "toolkit.stand_ins")  # where the course itself solves the tasks
SOLUTIONS = "the course's own solutions: write this part yourself"
OWN = ("toolkit", "grader", "starter")  # a module builds on torch and the standard library alone
UNREADABLE = "this source can't be read"
IN_A_NOTEBOOK = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"}  # imported by a cell above
DYNAMIC = {"eval", "exec", "compile", "__import__", "getattr", "globals", "locals", "vars", "setattr"}
DYNAMIC_MODULES = {"importlib", "ctypes", "builtins", "inspect", "gc", "sys", "operator"}
# names by which code comes to what it has not imported: through frames, classes, functions and the import system
INTO_OTHERS = {"f_back", "f_locals", "f_globals", "tb_frame", "gi_frame", "cr_frame", "ag_frame", "__globals__",
               "__subclasses__", "__builtins__", "__loader__", "__spec__"}  # fmt: skip
MOST_OF_MESSAGE = 120, 80  # characters from its beginning and its end that are told of a long one


@dataclass(frozen=True)
class Finding:
    """One line that a task forbids, or that can't be judged by reading (`forbidden` is False)."""

    line: int
    message: str
    forbidden: bool

    def record(self) -> dict:
        beginning, end = MOST_OF_MESSAGE
        cut = len(self.message) > beginning + end
        message = f"{self.message[:beginning]} … {self.message[-end:]}" if cut else self.message
        return {"line": self.line, "message": message, "forbidden": self.forbidden}


def findings(task: Task, source: str, course: Course) -> list[Finding]:
    """What stands in the task's symbol, and in all of the module that it uses, against the task's rules."""
    try:
        read = _read(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        return [Finding(getattr(problem, "lineno", None) or 1, UNREADABLE, False)]
    in_cell = task.space.startswith(CELLS)
    names = (IN_A_NOTEBOOK if in_cell else {}) | read.names
    patterns = [pattern for group in task.forbids for pattern in course.forbidden[group]]
    found: dict[tuple[int, str], Finding] = {}
    others = {other.symbol for other in course.graded if other.space == task.space and other.id != task.id}
    solved = {other.symbol for other in course.graded}
    for node in _reached(read.tree, task.symbol, others):
        if id(node) in read.only_named:
            continue
        judged = _judge_in_cell(node, names, patterns) if in_cell else _judge(node, names, patterns, read.defined)
        for finding in (*_judge_solved(node, names, solved), *_judge_way(node, names), *judged):
            found[finding.line, finding.message] = finding
    listed = sorted(found.values(), key=lambda finding: (not finding.forbidden, finding.line, finding.message))
    return listed[:MAX_FINDINGS]


def defining(symbol: str, cells: Iterable[str]) -> str | None:
    """The cells that define or assign a symbol, as one text; None where there are none.

    Magics are taken for what they do in a worker. A cell that can't be read is part of it if it seems to give the symbol.
    """
    texts = [(cell, as_python(cell)) for cell in cells]
    return "\n\n".join(text or cell for cell, text in texts if _gives(symbol, cell, text)) or None


def _gives(symbol: str, cell: str, text: str | None) -> bool:
    return bool(given_in(cell, [symbol])) if text is None else symbol in _given_names(text)


def _given_names(text: str) -> set[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return _defined(tree.body) | assigned | imported


@dataclass(frozen=True)
class _Read:
    """What reading a source gives, whichever of its tasks is judged."""

    tree: ast.Module
    names: dict[str, str]
    only_named: set[int]
    defined: set[str]


@lru_cache(maxsize=1)
def _read(source: str) -> _Read:
    """A module's tasks are judged one after another: it is read once."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    return _Read(tree, _names(tree, nodes), _only_named(nodes), _defined(nodes))


def _names(tree: ast.Module, nodes: list[ast.AST]) -> dict[str, str]:
    """Local name → full name, for every import and every plain alias such as `ag = torch.autograd`."""
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {
                a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for name in _defined(tree.body):  # a definition takes the place of an import of the same name
        names.pop(name, None)
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute | ast.Name):
            full = _full_name(node.value, names)
            names |= {target.id: full for target in node.targets if isinstance(target, ast.Name) and full[0] != "*"}
    return names


def _defined(body: Iterable[ast.AST]) -> set[str]:
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)}


def _only_named(nodes: list[ast.AST]) -> set[int]:
    """The ids of nodes that name a thing without using it: annotations, the types of isinstance, parts of longer names."""
    roots: list[ast.AST | None] = []
    for node in nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("isinstance", "issubclass")
        ):
            roots += node.args[1:]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            roots.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            roots.append(node.returns)
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}  # judged with the whole name
    return inner | {id(inner) for root in roots if root is not None for inner in ast.walk(root)}


def _is_main_guard(statement: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, which never runs where a module is imported."""
    match statement:
        case ast.If(ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")])):
            return True
    return False


def _reached(tree: ast.Module, symbol: str, others: set[str]) -> Iterator[ast.AST]:
    """Every node of the symbol's definition and of the module-level names that it uses, directly or not.

    The symbols of other tasks are left out: what they call is theirs to answer for.

    Statements that are neither a definition nor an import run at import time and belong to every task.
    """
    defined: dict[str, list[ast.stmt]] = {}
    waiting: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            if statement.name in others:
                continue
            defined.setdefault(statement.name, []).append(statement)
        elif not _is_main_guard(statement):
            waiting.append(statement)
    waiting += defined.pop(symbol, [])
    while waiting:
        for node in ast.walk(waiting.pop()):
            yield node
            if isinstance(node, ast.Name):
                waiting += defined.pop(node.id, [])


def _judge(node: ast.AST, names: dict[str, str], patterns: list[str], own: set[str]) -> Iterator[Finding]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _judge_import(node)
    if not isinstance(node, ast.Attribute | ast.Name):
        return
    found = _forbidden_name(node, names, patterns)
    if found.startswith("*") and found.split(".")[-1] in own:
        message = f"{found.lstrip('*.')} may be this module's own or torch's: a person will look at it"
        yield Finding(node.lineno, message, False)
    elif found:
        yield Finding(node.lineno, f"{found.lstrip('*.')} is not allowed in this task: write that part yourself", True)
    elif isinstance(node, ast.Name) and _is_dynamic(node) and patterns:
        yield Finding(node.lineno, f"{node.id} hides what is called from a reader: a person will look at it", False)


def _is_dynamic(node: ast.Name) -> bool:
    return node.id in DYNAMIC and hasattr(builtins, node.id)


def _forbidden_name(node: ast.expr, names: dict[str, str], patterns: list[str]) -> str:
    """The longest beginning of a dotted name that is forbidden, or ""."""
    parts = _full_name(node, names).split(".")[:MAX_PARTS]
    prefixes = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((name for name in prefixes for pattern in patterns if fnmatch.fnmatchcase(name, pattern)), "")


def _judge_in_cell(node: ast.AST, names: dict[str, str], patterns: list[str]) -> Iterator[Finding]:
    """In a notebook everything may be used but what the task forbids, and the course's own solutions.

    The given cells name those for experiments. What a name of another cell stands for can't be read here.
    """
    if isinstance(node, ast.ImportFrom) and node.module == "toolkit":
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (finding for finding in _judge_import(node) if finding.forbidden)
    elif isinstance(node, ast.Attribute | ast.Name) and "stand_ins" in _full_name(node, names).lstrip("*").split("."):
        yield Finding(node.lineno, f"stand_ins holds {SOLUTIONS}", True)
    elif isinstance(node, ast.Attribute | ast.Name):
        found = _forbidden_name(node, names, patterns)
        if found.startswith("*"):
            message = f"{found.lstrip('*.')} may be your own or torch's: a person will look at it"
            yield Finding(node.lineno, message, False)
        elif found and not found.startswith("starter."):
            yield Finding(node.lineno, f"{found} is not allowed in this task: write that part yourself", True)
        elif isinstance(node, ast.Name) and _is_dynamic(node) and patterns:
            yield Finding(node.lineno, f"{node.id} hides what is called from a reader: a person will look at it", False)


def _judge_solved(node: ast.AST, names: dict[str, str], solved: set[str]) -> Iterator[Finding]:
    """A part of the toolkit that bears the name of a task's, such as a stand-in which another module goes on with."""
    if isinstance(node, ast.ImportFrom):
        used = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        used = [_full_name(node, names)] if isinstance(node, ast.Attribute) else []
    for name in used:
        first, *between, last = name.split(".")
        if first == "toolkit" and "stand_ins" not in between and last in solved:
            yield Finding(node.lineno, f"{name} is one of {SOLUTIONS}", True)


def _judge_way(node: ast.AST, names: dict[str, str]) -> Iterator[Finding]:
    """A name that leads into other modules, `torch.os.sys.modules` for one, whatever a task forbids."""
    if isinstance(node, ast.Attribute | ast.Name):
        name = _full_name(node, names)
        first, *rest = name.lstrip("*").split(".")[:MAX_PARTS]
        modules = () if name.startswith("*") else rest  # of one's own object `gc` is an attribute like another
        way = next((part for part in (first, *rest) if part in INTO_OTHERS or (part in modules and part in DYNAMIC_MODULES)), "")
        if way:
            yield Finding(node.lineno, f"{way} leads into what this code does not import: a person will look at it", False)


def _judge_import(node: ast.Import | ast.ImportFrom) -> Iterator[Finding]:
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "starter"]
    for module in modules:
        first = module.split(".")[0]
        names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        if any(name == solved or name.startswith(f"{solved}.") for name in names for solved in SOLVED):
            yield Finding(node.lineno, f"{module} holds {SOLUTIONS}", True)
        elif first in OWN:
            yield Finding(
                node.lineno,
                f"{module} is not for a module to build on: use torch and the standard library",
                False,
            )
        elif first in DYNAMIC_MODULES:
            yield Finding(node.lineno, f"{module} can hide what is called: a person will look at it", False)
        elif isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield Finding(node.lineno, f"* from {module} hides what is called: a person will look at it", False)


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    """torch.nn.RNNCell for nn.RNNCell after `from torch import nn`; "*.backward" style names keep a leading `*`."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(names.get(node.id, f"*{node.id}") if isinstance(node, ast.Name) else "*")
    return ".".join(reversed(parts))
