"""Says what each cell of a notebook's source is for, and checks that it holds its tasks, each exactly once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from grader.release.percent import SourceCell
from grader.release.regions import Region, check_code, check_complete, check_unique, fault, find_regions
from grader.tasks import Course, Notebook, Task

__all__ = ["SOLUTION", "TEST", "WRITTEN", "Role", "find_roles"]

TEST, SOLUTION, WRITTEN = "test", "solution", "written"
LONGEST_CELL = 30
TEST_LINE = re.compile(r'check\("([^"\n]*)"\)')
CALLS_CHECK = re.compile(r"^[ \t]*check\(", re.MULTILINE)
HEADING = re.compile(r"#{2,6} +(\d+\.\d+) +(.*?)\s*")


@dataclass(frozen=True)
class Role:
    """What a task asks of a cell: to be its test, to take its solution, or to take its written answer."""

    kind: str
    task: Task


def find_roles(
    cells: list[SourceCell], source: str, file: str, notebook: Notebook, course: Course
) -> list[Role | None]:
    """The role of each cell, None for those that belong to no task. A notebook that lacks a part is a ReleaseError."""
    regions = [_regions_of(cell, file, course) for cell in cells]
    found = [region for own in regions for region in own]
    tasks = [task for task in course.tasks.values() if task.notebook == notebook.number]
    check_unique(found, file)
    check_complete(found, [task for task in tasks if not task.module], source, file, course)
    roles = []
    for cell, own in zip(cells, regions, strict=True):
        _check_length(cell, file)
        _check_headings(cell, file, course)
        role = _test_of(cell, file, course) or (_solution_of(cell, own, file) if own else None)
        if role and cell.tags:
            raise fault(
                file,
                cell.header,
                f"the {role.kind} cell of task {role.task.id} has the tags {list(cell.tags)}; "
                "take them off, they would change how it is graded",
            )
        roles.append(role)
    _check_tests(zip(cells, roles, strict=True), tasks, source, file)
    return roles


def _regions_of(cell: SourceCell, file: str, course: Course) -> list[Region]:
    """The regions of a cell: one, or several of the same task, each with a name."""
    regions = find_regions(cell.in_place, file, course)
    if cell.task is not None and not regions:
        raise fault(
            file,
            cell.header,
            f'the cell is marked task="{cell.task}" and has no region; put '
            f"`### BEGIN SOLUTION {cell.task}` and `### END SOLUTION` around its solution",
        )
    other = next((region for region in regions if region.task != regions[0].task), None)
    if other:
        raise fault(
            file, other.begin, f"the cell has a region already (line {regions[0].begin}); a cell holds one task"
        )
    if len(regions) == 1 and regions[0].part:
        raise fault(file, regions[0].begin, "the cell holds this task as a whole; take the name behind the id away")
    return regions


def _solution_of(cell: SourceCell, regions: list[Region], file: str) -> Role:
    task = regions[0].task
    if cell.task != task.id:
        raise fault(
            file,
            cell.header,
            f"the cell holds the region of task {task.id}, and its header names "
            f'{cell.task or "no task"}; write task="{task.id}" behind the marker that begins the cell',
        )
    if task.written != (cell.kind == "markdown"):
        kind = "a markdown cell, `# %% [markdown]`" if task.written else "a code cell, `# %%`"
        raise fault(file, cell.header, f"task {task.id} ({task.title}) is answered in {kind}; change the cell's header")
    if cell.kind == "code":
        check_code(cell.in_place, regions, file)
    return Role(WRITTEN if task.written else SOLUTION, task)


def _test_of(cell: SourceCell, file: str, course: Course) -> Role | None:
    if cell.kind != "code" or not (call := CALLS_CHECK.search(cell.source)):
        return None
    line = cell.line + cell.source[: call.start()].count("\n")
    test = TEST_LINE.fullmatch(cell.source)
    if not test:
        raise fault(file, line, 'a test cell is the one line `check("1.2")`; move all else into another cell')
    task = course.tasks.get(test[1])
    if task is None or task.written:
        known = ", ".join(task.id for task in course.graded)
        raise fault(file, line, f"{test[1]!r} is no auto-graded task of tasks.toml, expected one of {known}")
    return Role(TEST, task)


def _check_tests(pairs: Iterable[tuple[SourceCell, Role | None]], tasks: list[Task], source: str, file: str) -> None:
    seen: dict[str, int] = {}
    for cell, role in pairs:
        if role is None or role.kind != TEST:
            continue
        if role.task not in tasks:
            raise fault(
                file, cell.line, f'check("{role.task.id}") belongs in notebook {role.task.notebook}; move it there'
            )
        if role.task.id in seen:
            raise fault(
                file,
                cell.line,
                f'check("{role.task.id}") stands in this notebook already (line '
                f"{seen[role.task.id]}), and each test cell carries its task's points; keep one",
            )
        seen[role.task.id] = cell.line
    for task in tasks:
        if not task.written and task.id not in seen:
            raise fault(
                file,
                source.rstrip("\n").count("\n") + 1,
                f'task {task.id} ({task.title}) has no test cell; write `check("{task.id}")` alone in a code cell',
            )


def _check_length(cell: SourceCell, file: str) -> None:
    count = len(cell.source.split("\n"))
    if cell.kind == "code" and count > LONGEST_CELL:
        raise fault(
            file,
            cell.line,
            f"the code cell has {count} lines, expected at most {LONGEST_CELL}; "
            "split it, or move its code into a module",
        )


def _check_headings(cell: SourceCell, file: str, course: Course) -> None:
    if cell.kind != "markdown":
        return
    for number, line in enumerate(cell.source.split("\n"), start=cell.line):
        heading = HEADING.fullmatch(line)
        if heading is None:
            continue
        kind, entry = "task", course.tasks.get(heading[1])
        if entry is None:
            kind, entry = "experiment", course.experiments.get(heading[1])
        if entry is None:
            raise fault(
                file,
                number,
                f"the heading names task {heading[1]}, which tasks.toml does not list; "
                "correct the number, or list the task there",
            )
        if heading[2] != entry.title:
            raise fault(
                file,
                number,
                f"the heading of {kind} {entry.id} is {heading[2]!r}, expected {entry.title!r} as in "
                "tasks.toml; change one of the two",
            )
