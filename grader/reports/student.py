"""One student's report as a page: self-contained, no network, everything of theirs escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from grader.reports.card import WORDS, told_once
from grader.results import clean, is_to_do
from grader.tasks import Course

__all__ = ["index_page", "student_page"]

_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True,
                         lstrip_blocks=True)  # fmt: skip
_templates.filters["clean"] = clean
_templates.globals["words"] = WORDS


def student_page(entry: dict, course: Course) -> str:
    """What was right, what to mend and how. Hidden checks are told by their number alone."""
    tasks = [_task(task, course) for task in entry["tasks"]]
    to_mend = [task for task in tasks if task["state"] not in ("passed", "to do")]
    pending = [course.tasks[name] for name in entry["pending"]]
    return _templates.get_template("student.html.j2").render(entry=entry, tasks=tasks, to_mend=to_mend, pending=pending)


def index_page(results: dict, pages: dict[str, str], course: Course) -> str:
    """The class at a glance, with links to the students' pages."""
    return _templates.get_template("index.html.j2").render(
        results=results, pages=pages, tasks=course.graded, sign=_sign
    )


def _sign(task: dict) -> str:
    if is_to_do(task):
        return "\u25cb"
    return {"passed": "\u2713", "failed": "\u2717"}.get(task["verdict"], "!")


def _task(task: dict, course: Course) -> dict:
    shown = [check for check in task["checks"] if not check["hidden"]]
    told = told_once([check["message"] for check in shown])
    shown = [check | {"told": message} for check, message in zip(shown, told, strict=True)]
    hidden = [check for check in task["checks"] if check["hidden"]]
    return task | {
        "title": course.tasks[task["id"]].title,
        "state": "to do" if is_to_do(task) else task["verdict"],
        "shown": shown,
        "hidden_passed": sum(check["verdict"] == "passed" for check in hidden),
        "hidden_count": len(hidden),
    }
