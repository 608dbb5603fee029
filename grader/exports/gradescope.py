"""Gradescope: the results.json of its autograder specification, for one submission.

gradescope-autograders.readthedocs.io/en/latest/specs: a test may have a status and no score, a visibility of its own, and
while one of the tests is not shown, students don't see their total either.
"""

from __future__ import annotations

from grader.exports.reading import ExportError
from grader.exports.words import hidden_line, title, visible_text, visibly_passed
from grader.results import clean, dump
from grader.tasks import Course

__all__ = ["VISIBILITIES", "nothing_to_grade", "to_gradescope"]

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")  # Gradescope's own words


def to_gradescope(entry: dict, course: Course, points: str = "after_due_date") -> bytes:
    """A submission's results. ExportError where it has no score.

    `points` is when a student sees the points of a task with hidden checks, since they tell whether those passed. What
    a hidden check asks for, or said, is in the file nowhere.
    """
    if entry["score"] is None:
        raise ExportError(f"{entry['student']!r} has no score, since the harness failed there: grade again")
    tests = [test for task in entry["tasks"] for test in _tests(task, course, points)]
    return _dumped(entry["score"], tests, _summary(entry, course))


def nothing_to_grade(reason: str) -> bytes:
    """The results of a submission in which there is nothing to grade."""
    return _dumped(0.0, [], f"0 points: {clean(reason)}")


def _dumped(score: float, tests: list[dict], output: str) -> bytes:
    return dump({"score": score, "output": output, "output_format": "text", "test_output_format": "text",
                 "test_name_format": "text", "stdout_visibility": "hidden", "tests": tests})  # fmt: skip


def _tests(task: dict, course: Course, points: str) -> list[dict]:
    """What a student sees at once, and the points: in one test, or in another that is shown later."""
    name = course.tasks[task["id"]].title if task["id"] in course.tasks else ""
    whole = {"score": task["score"], "max_score": task["points"], "status": _status(task["verdict"] == "passed")}
    seen = {"number": task["id"], "name": name, "output": visible_text(task), "visibility": "visible"}
    if points == "visible" or not hidden_line(task):
        return [seen | whole | {"output": "\n".join(filter(None, [visible_text(task), hidden_line(task)]))}]
    later = {"number": task["id"], "name": f"{name}: points", "output": hidden_line(task), "visibility": points}
    return [seen | {"status": _status(visibly_passed(task))}, later | whole]


def _status(passed: bool) -> str:
    return "passed" if passed else "failed"


def _summary(entry: dict, course: Course) -> str:
    """What holds for the whole submission: why there was nothing to grade, and what a person still marks."""
    if entry["status"] == "invalid":
        return f"0 points: {clean(entry.get('reason', 'nothing to grade'))}"
    waiting = [title(name, course) for name in entry["pending"]]
    return "\n".join(["Still to be marked by hand, and not in this score:", *waiting] if waiting else [])
