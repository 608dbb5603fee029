"""Reads what a grading wrote, and says plainly where it is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from grader.results import SCHEMA
from grader.tasks import Course

__all__ = ["TeachingError", "numbers_of", "read_json", "read_results", "results_in"]


class TeachingError(ValueError):
    """Something that can't be done as it was asked; the message is for whoever asked."""


def numbers_of(wanted: Sequence[str], course: Course) -> list[str]:
    """The numbers of the notebooks that are named, or of all."""
    known = {name: number for number, notebook in course.notebooks.items() for name in (number, notebook.name)}
    for name in wanted:
        if name not in known:
            raise TeachingError(f"--notebook {name!r} names no notebook; expected one of {', '.join(course.notebooks)}")
    return sorted({known[name] for name in wanted} or course.notebooks)


def results_in(grades: Path) -> Path:
    """The results.json of a grading, given by its folder or itself."""
    path = grades / "results.json" if grades.is_dir() else grades
    if not path.is_file():
        raise TeachingError(f"{path} does not exist; give the folder that `python -m grader grade` wrote with --out")
    return path


def read_results(path: Path) -> dict:
    results = read_json(path)
    schema = results.get("schema") if isinstance(results, dict) else None
    if schema != SCHEMA:
        raise TeachingError(
            f"{path} has the schema {schema!r}, expected {SCHEMA!r}: give the results.json of a grading"
        )
    return results


def read_json(path: Path):
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise TeachingError(f"{path} can't be read ({problem}): grade again") from problem
