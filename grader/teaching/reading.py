"""Reads what a grading wrote, and says plainly where it is none."""

from __future__ import annotations

import heapq
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from grader.reading import Results, ResultsError
from grader.tasks import Course

__all__ = ["TeachingError", "numbers_of", "paired", "read_json", "read_results", "results_in"]


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
    """The results; their submissions are read one at a time, whenever they are gone through."""
    try:
        results = Results(path)
    except ResultsError as problem:
        raise TeachingError(str(problem)) from problem
    return results.head | {"submissions": _Submissions(results)}


class _Submissions:
    def __init__(self, results: Results):
        self._results = results

    def __iter__(self) -> Iterator[dict]:
        try:
            yield from self._results
        except ResultsError as problem:
            raise TeachingError(str(problem)) from problem


def paired(old: Iterable[dict], new: Iterable[dict]) -> Iterator[tuple[dict | None, dict | None]]:
    """The records of each student in two gradings, both of which are in the order of the names; None where there is none."""
    sides = (zip(itertools.repeat(side), entries) for side, entries in enumerate((old, new)))
    merged = heapq.merge(*sides, key=_student)
    for _, found in itertools.groupby(merged, key=_student):
        entries = dict(found)
        yield entries.get(0), entries.get(1)


def _student(item: tuple[int, dict]) -> str:
    return item[1]["student"]


def read_json(path: Path):
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise TeachingError(f"{path} can't be read ({problem}): grade again") from problem
