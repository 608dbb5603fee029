"""The class at a glance: a row per student, and what the class predicted."""

from __future__ import annotations

from collections import Counter

from grader.experiments import Experiment
from grader.reports.pages import render
from grader.results import is_missing, is_to_do
from grader.tasks import Course, Task

__all__ = ["index_page"]


def index_page(results: dict, pages: dict[str, str], course: Course) -> str:
    """The class with links to the students' pages."""
    groups = [(notebook, course.graded_in(notebook)) for notebook in course.notebooks.values()]
    return render("index.html.j2", results=results, pages=pages, groups=[group for group in groups if group[1]],
                  count=len(course.graded), sign=_sign, predictions=_predictions(results, course))  # fmt: skip


def _sign(entry: dict, wanted: Task) -> str:
    """One character for a task of a submission."""
    task = next((task for task in entry["tasks"] if task["id"] == wanted.id), None)
    if task is None or is_missing(task):
        return "\u00b7"
    if is_to_do(task):
        return "\u25cb"
    return {"passed": "\u2713", "failed": "\u2717", "harness_error": "?"}.get(task["verdict"], "!")


def _predictions(results: dict, course: Course) -> list[dict]:
    """What the class predicted of each experiment that somebody predicted."""
    kept = [entry for submission in results["submissions"] for entry in submission.get("predictions", [])]
    rows = []
    for experiment in course.experiments.values():
        entries = [entry for entry in kept if entry["id"] == experiment.id and entry["guess"] is not None]
        if entries:
            rows.append({"experiment": experiment, "count": len(entries), "told": _told(experiment, entries),
                         "close": sum(entry["close"] is True for entry in entries)})  # fmt: skip
    return rows


def _told(experiment: Experiment, entries: list[dict]) -> str:
    """How many took each choice; of numbers, from where to where they go."""
    guesses = [entry["guess"] for entry in entries]
    if not experiment.choices:
        return f"{min(guesses):g} to {max(guesses):g} {experiment.unit}".strip()
    counts = Counter(guesses)
    return ", ".join(f"{choice} {counts[choice]}" for choice in experiment.choices)
