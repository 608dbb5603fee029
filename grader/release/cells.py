"""The reference's cells as a grading runs them: no tests, no experiments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from grader.notebooks import parse, runnable_cells
from grader.release.notebooks import notebook_bytes, solution_notebook
from grader.tasks import load_course

__all__ = ["graded_cells"]


def graded_cells(root: Path, number: str) -> Iterator[tuple[str, str]]:
    """(name, source) of the code cells of a solution notebook that a student's are held against."""
    course = load_course()
    name = course.notebooks[number].name
    source = (root / "solution" / "notebooks" / f"{name}.py").read_text(encoding="utf-8")
    cells = parse(notebook_bytes(solution_notebook(source, name, course)))
    return iter(runnable_cells(f"solution/notebooks/{name}.py", cells, cells))
