"""What a student may read of a task's record: the visible checks, and of the hidden ones their number."""

from __future__ import annotations

from grader.lint import UNREADABLE
from grader.reports.card import told_once
from grader.results import clean, is_missing, is_to_do
from grader.tasks import Course

__all__ = ["hidden_line", "title", "visible", "visible_text", "visibly_passed"]


def title(name: str, course: Course) -> str:
    """The number with the task's title; the number alone where the course has no such task."""
    return f"{name} {course.tasks[name].title}" if name in course.tasks else name


def visible(task: dict) -> list[dict]:
    return [check for check in task["checks"] if not check["hidden"]]


def visibly_passed(task: dict) -> bool:
    """Whether all that a student sees is right: the visible checks, and no forbidden call that cost the points."""
    forfeited = not task["score"] and any(finding["forbidden"] for finding in task["lint"])
    return not forfeited and all(check["verdict"] == "passed" for check in visible(task))


def visible_text(task: dict) -> str:
    """What is against the rules, and each visible check that did not pass, with its message and hint."""
    lines = [
        f"line {finding['line']}: {finding['message']}" for finding in task["lint"] if finding["message"] != UNREADABLE
    ]
    wrong = [check for check in visible(task) if check["verdict"] != "passed"]
    if wrong and (is_to_do(task) or is_missing(task)):
        return clean(wrong[0]["message"])
    for check, message in zip(wrong, told_once([check["message"] for check in wrong]), strict=True):
        lines += [check["sentence"], *(f"    {line}" for line in message.splitlines())]
        lines += [f"    Hint: {check['hint']}"] if check["hint"] and message != "the same" else []
    return "\n".join(clean(line) for line in lines)


def hidden_line(task: dict) -> str:
    """How many of the hidden checks passed, "" where there are none."""
    passed = [check["verdict"] == "passed" for check in task["checks"] if check["hidden"]]
    return f"Hidden checks: {sum(passed)} of {len(passed)} passed." if passed else ""
