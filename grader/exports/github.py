"""GitHub Classroom: what its autograding reporter reads of a step, for one submission.

classroom-resources/autograding-grading-reporter takes the step's output `result`: base64 of JSON in which `tests` have a
name, a status (pass, fail or error), a message and a score, beside the `max_score` of all.
"""

from __future__ import annotations

import base64

from grader.exports.reading import ExportError
from grader.exports.words import hidden_line, title, visible_text
from grader.results import clean, dump
from grader.tasks import Course

__all__ = ["to_github"]

MAX_MESSAGE = 1_500  # bytes: the reporter is given the whole in one environment variable, which Linux bounds at 128 KiB


def to_github(entry: dict, course: Course) -> bytes:
    """The line `result=…` for $GITHUB_OUTPUT. ExportError where there is no score."""
    if entry["score"] is None:
        raise ExportError(f"{entry['student']!r} has no score, since the harness failed there: grade again")
    tests = [_test(task, course) for task in entry["tasks"]]
    if entry["status"] == "invalid":
        tests = [_told("submission", "error", entry.get("reason", "nothing to grade"), 0)]
    status = "pass" if all(test["status"] == "pass" for test in tests) else "fail"
    record = {"version": 1, "status": status, "max_score": entry["max_score"], "tests": tests}
    return b"result=" + base64.b64encode(dump(record)) + b"\n"


def _test(task: dict, course: Course) -> dict:
    if task["verdict"] == "passed":
        return _told(title(task["id"], course), "pass", None, task["score"])
    said = "\n".join(filter(None, [visible_text(task), hidden_line(task)]))
    return _told(title(task["id"], course), "fail", said, task["score"])


def _told(name: str, status: str, message: str | None, score: float) -> dict:
    if message is not None:
        message = clean(message).encode()[:MAX_MESSAGE].decode(errors="ignore")
    return {"name": name, "status": status, "message": message, "test_code": "", "filename": "", "line_no": 0,
            "duration": 0, "score": score}  # fmt: skip
