"""Finds the regions of the reference that students write: from `### BEGIN SOLUTION 1.2` to `### END SOLUTION`.

A task whose code lies in several methods has a region in each, told apart by a name: `### BEGIN SOLUTION 3.2 encode`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from grader.tasks import Course, Task

__all__ = ["Region", "ReleaseError", "check_code", "check_complete", "check_unique", "fault", "find_regions", "home_of"]

MENTION = re.compile(r"\b(begin|end)[\s_-]+solution\b", re.IGNORECASE)
BEGIN = re.compile(r"(?P<indent>[ \t]*)### BEGIN SOLUTION(?: +(?P<id>\S+))?(?: +(?P<part>\w+))?\s*")
END = re.compile(r"[ \t]*### END SOLUTION\s*")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class ReleaseError(ValueError):
    """The release can't be made: the message says where the fault is and what to do."""


@dataclass(frozen=True)
class Region:
    """The lines that one task's code takes up; `begin` and `end` are the markers' line numbers."""

    task: Task
    begin: int
    end: int
    indent: str
    part: str = ""


def fault(file: str, line: int, text: str) -> ReleaseError:
    return ReleaseError(f"{file}:{line}: {text}")


def home_of(task: Task, course: Course) -> str:
    """Where the region of a task belongs, in words."""
    if task.module:
        return f"solution/{task.module}.py"
    notebook = course.notebooks.get(task.notebook)
    kind = "markdown" if task.written else "code"
    return f"a {kind} cell of " + (
        f"solution/notebooks/{notebook.name}.py" if notebook else f"notebook {task.notebook}"
    )


def find_regions(source: str, file: str, course: Course) -> list[Region]:
    """The regions of a text, in order. Markers that are not well-formed pairs are a ReleaseError."""
    regions: list[Region] = []
    opened = None
    for number, line in enumerate(source.split("\n"), start=1):
        if not MENTION.search(line):
            continue
        if begin := BEGIN.fullmatch(line):
            if opened:
                raise fault(
                    file,
                    number,
                    f"a region begins inside the region of task {opened.task.id} (line "
                    f"{opened.begin}); end that one first with `### END SOLUTION`",
                )
            opened = _opened(begin, file, number, course)
        elif END.fullmatch(line):
            if opened is None:
                raise fault(
                    file,
                    number,
                    "a region ends that never began; write `### BEGIN SOLUTION 1.2` with the "
                    "task's id above it, or delete this line",
                )
            regions.append(replace(opened, end=number))
            opened = None
        else:
            raise fault(
                file,
                number,
                f"{line.strip()!r} is no marker; write `### BEGIN SOLUTION 1.2` with the task's id, "
                "or `### END SOLUTION`, alone on a line",
            )
    if opened:
        raise fault(
            file,
            opened.begin,
            f"the region of task {opened.task.id} is not closed; write `### END SOLUTION` after its last line",
        )
    return regions


def _opened(begin: re.Match, file: str, number: int, course: Course) -> Region:
    if begin["id"] is None:
        raise fault(
            file, number, "the region has no task id; write it behind the marker, as in `### BEGIN SOLUTION 1.2`"
        )
    if begin["id"] not in course.tasks:
        raise fault(
            file,
            number,
            f"{begin['id']!r} is no task of tasks.toml, expected one of "
            f"{', '.join(course.tasks)}; correct the id, or list the task there",
        )
    return Region(course.tasks[begin["id"]], number, number, begin["indent"], begin["part"] or "")


def check_unique(regions: Iterable[Region], file: str) -> None:
    """No task has two regions, unless each of them has a name of its own."""
    seen: dict[str, list[Region]] = {}
    for region in regions:
        others = seen.setdefault(region.task.id, [])
        clash = next((other for other in others if not _are_parts(region, other)), None)
        if clash:
            names = f", or name the parts: `### BEGIN SOLUTION {region.task.id} first`"
            text = f"task {region.task.id} has a region already (line {clash.begin}); join the two or correct the id"
            raise fault(file, region.begin, text + names)
        others.append(region)


def _are_parts(one: Region, other: Region) -> bool:
    return bool(one.part and other.part and one.part != other.part)


def check_complete(regions: Iterable[Region], expected: Iterable[Task], source: str, file: str, course: Course) -> None:
    """Exactly the expected tasks have regions here; ReleaseError for one too many or too few."""
    expected = list(expected)
    present = {region.task.id for region in regions}
    for region in regions:
        if region.task not in expected:
            raise fault(
                file,
                region.begin,
                f"task {region.task.id} ({region.task.title}) belongs in "
                f"{home_of(region.task, course)}; move the region there, or correct the id",
            )
    for task in expected:
        if task.id not in present:
            raise fault(
                file,
                _line_of(task, source),
                f"task {task.id} ({task.title}) has no region; put "
                f"`### BEGIN SOLUTION {task.id}` and `### END SOLUTION` around its solution",
            )


def _line_of(task: Task, source: str) -> int:
    """The line on which the task's symbol is defined, or the last line."""
    lines = source.rstrip("\n").split("\n")
    definition = re.compile(rf"\s*(?:async\s+def|def|class)\s+{re.escape(task.symbol or '')}\b")
    places = [number for number, line in enumerate(lines, start=1) if task.symbol and definition.match(line)]
    return places[0] if places else len(lines)


def check_code(source: str, regions: Iterable[Region], file: str) -> None:
    """Each region is whole statements inside a function that belongs to its task; ReleaseError otherwise."""
    try:
        tree = ast.parse(source)
    except SyntaxError as problem:
        raise fault(file, problem.lineno or 1, f"it is not valid Python: {problem.msg}; correct it first") from problem
    lines = source.split("\n")
    for region in regions:
        _check_indentation(lines, region, file)
        _check_function(tree, region, file)
        _check_statements(lines, region, file)


def _check_indentation(lines: list[str], region: Region, file: str) -> None:
    inside = list(enumerate(lines[region.begin : region.end], start=region.begin + 1))
    for number, line in inside:
        if line.strip() and not line.startswith(region.indent):
            raise fault(
                file,
                number,
                f"the line is indented less than the marker of task {region.task.id} (line "
                f"{region.begin}); a region stays inside one block",
            )
    code = [line for _, line in inside[:-1] if line.strip() and not line.lstrip().startswith("#")]
    if not code:
        raise fault(
            file, region.begin, f"the region of task {region.task.id} holds no code; write the solution into it"
        )
    if code[0].removeprefix(region.indent)[0].isspace():
        raise fault(
            file,
            region.begin,
            f"the marker of task {region.task.id} is indented less than the code below it; "
            "give it the indentation of that code",
        )


def _check_function(tree: ast.Module, region: Region, file: str) -> None:
    around = [
        node
        for node in ast.walk(tree)  # from the outside in
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.lineno < region.begin <= node.end_lineno
    ]
    task = region.task
    if not any(isinstance(node, FUNCTIONS) for node in around):
        raise fault(
            file,
            region.begin,
            f"the region of task {task.id} stands in no function, so an unsolved task would "
            "stop whoever imports or runs it; move it into the body of a function",
        )
    if around[0].name != task.symbol:
        raise fault(
            file,
            region.begin,
            f"the region of task {task.id} stands in {around[0].name}, expected "
            f"{task.symbol}; correct the id, or the symbol in tasks.toml",
        )


def _check_statements(lines: list[str], region: Region, file: str) -> None:
    without = [*lines[: region.begin - 1], f"{region.indent}pass", *lines[region.end :]]
    try:
        ast.parse("\n".join(without))
    except SyntaxError as problem:
        raise fault(
            file,
            region.begin,
            f"what is left without the region of task {region.task.id} is not valid Python; "
            "move the markers so that whole statements stand between them",
        ) from problem
