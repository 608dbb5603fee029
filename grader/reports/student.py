"""One student's report as a page: what works, what to mend and how, predictions and results, what comes next."""

from __future__ import annotations

from grader.experiments import Experiment
from grader.lint import UNREADABLE
from grader.predictions import Prediction
from grader.reports.advice import next_tasks, retry, skill, where
from grader.reports.card import WORDS, told_once
from grader.reports.pages import render
from grader.reports.picture import difference_svg
from grader.reports.prediction import distance, value_text
from grader.results import MISSING as NOT_HANDED_IN
from grader.results import is_missing, is_to_do
from grader.tasks import Course, Notebook, Task

__all__ = ["student_page"]

MISSING = "not handed in"
# state → its sign, and how it is coloured
SIGNS = {
    "passed": ("\u2713", "right"),
    "to do": ("\u25cb", "quiet"),
    MISSING: ("\u25cb", "quiet"),
    "harness_error": ("?", "quiet"),
}


def student_page(entry: dict, course: Course, total: dict | None = None) -> str:
    """The page of one submission's record, with its total where there is one. Hidden checks are told by their number alone."""
    solved = {record["id"] for record in entry["tasks"] if record["verdict"] == "passed"}
    tasks = [_task(record, solved, course) for record in entry["tasks"]]
    of = {state: [task for task in tasks if task["state"] == state] for state in SIGNS}
    to_mend = [task for task in tasks if task["state"] not in SIGNS]
    _tell_once(to_mend)
    begun, later = _by_notebook(tasks, course)
    waiting = [task for notebook in begun for task in notebook["tasks"]]
    return render("student.html.j2", entry=entry, tasks=tasks, passed=of["passed"], to_mend=to_mend,
                  not_started=[task for task in waiting if task["state"] == "to do"],
                  absent=_by_file([task for task in waiting if task["state"] == MISSING]),
                  begun=begun, later=later, not_judged=of["harness_error"],
                  pending=[course.tasks[name] for name in (total or entry)["pending"]], total=total,
                  marked=_marked(total, course), late_days=_late_days(total),
                  predictions=_predictions(entry, course), next=next_tasks(solved, course),
                  where=lambda task: where(task, course), retry=retry, words=WORDS)  # fmt: skip


def _task(record: dict, solved: set[str], course: Course) -> dict:
    """A task's record with what the page says of it."""
    task = course.tasks[record["id"]]
    shown = [check for check in record["checks"] if not check["hidden"]]
    told = told_once([check["message"] for check in shown])
    shown = [check | {"told": message, "picture": difference_svg(check.get("difference"))}
             for check, message in zip(shown, told, strict=True)]  # fmt: skip
    hidden = [check["verdict"] == "passed" for check in record["checks"] if check["hidden"]]
    state = "to do" if is_to_do(record) else MISSING if is_missing(record) else record["verdict"]
    sign, colour = SIGNS.get(state, ("\u2717", "wrong"))
    wrong = [check for check in shown if check["verdict"] != "passed"]
    first = _first(wrong)
    return record | {
        "task": task,
        "state": state,
        "sign": sign,
        "colour": colour,
        "skill": skill(task),
        "lint": [finding for finding in record["lint"] if finding["message"] != UNREADABLE],
        "first": first,
        "further": [check for check in wrong if check not in first],
        "unsolved": [name for name in task.requires if name not in solved and course.tasks[name].space == task.space],
        "right": [check for check in shown if check["verdict"] == "passed"],
        "hidden_passed": sum(hidden),
        "hidden_count": len(hidden),
        "same_as": None,
    }


def _marked(total: dict | None, course: Course) -> list[tuple[Task, dict]]:
    """The written answers that have a mark."""
    parts = total["notebooks"].values() if total else ()
    return [(course.tasks[name], mark) for part in parts for name, mark in part["marks"].items()]


def _late_days(total: dict | None) -> list[tuple[str, dict]]:
    """The notebooks that came late."""
    parts = total["notebooks"].items() if total else ()
    return [(number, part["late"]) for number, part in parts if part["late"] and part["late"]["days"]]


def _by_notebook(tasks: list[dict], course: Course) -> tuple[list[dict], list[dict]]:
    """The notebooks that were begun, and those for later: where none was, all but the first are."""
    made = [_notebook(notebook, tasks) for notebook in course.notebooks.values()]
    made = [notebook for notebook in made if notebook["tasks"]]
    begun = [notebook for notebook in made if notebook["begun"]] or made[:1]
    return begun, [notebook for notebook in made if notebook not in begun]


def _notebook(notebook: Notebook, tasks: list[dict]) -> dict:
    """One notebook's tasks, and what they come to."""
    own = [task for task in tasks if task["task"].notebook == notebook.number]
    return {
        "number": notebook.number,
        "title": notebook.title,
        "name": notebook.name,
        "tasks": own,
        "begun": any(task["state"] not in ("to do", MISSING) for task in own),
        "solved": sum(task["state"] == "passed" for task in own),
        "score": round(sum(task["score"] for task in own), 2),
        "points": sum(task["points"] for task in own),
        "minutes": sum(task["task"].minutes for task in own),
        "absent": [message.removesuffix(f" {NOT_HANDED_IN}")
                   for message in _by_file([task for task in own if task["state"] == MISSING])],
    }  # fmt: skip


def _first(wrong: list[dict]) -> list[dict]:
    """The checks to read first: the first with each hint, or the first of all."""
    hinted = {check["hint"]: check for check in reversed(wrong) if check["hint"]}
    return [check for check in wrong if check in hinted.values()] or wrong[:1]


def _by_file(tasks: list[dict]) -> dict[str, list[str]]:
    """What is said of each file that was not handed in → its tasks."""
    files: dict[str, list[str]] = {}
    for task in tasks:
        files.setdefault(task["checks"][0]["message"], []).append(task["id"])
    return files


def _tell_once(tasks: list[dict]) -> None:
    """Where what stopped one task stopped an earlier one as well, such as a file that can't be read, refer to that."""
    first: dict[tuple, str] = {}
    for task in tasks:
        stopped = task["verdict"] != "failed" and not task["right"]
        if stopped and task["first"]:
            key = (task["verdict"], task["first"][0]["message"])
            task["same_as"] = first.get(key)
            first.setdefault(key, task["id"])


def _predictions(entry: dict, course: Course) -> list[dict]:
    """A row for each prediction or result that the submission keeps."""
    kept = [(course.experiments.get(record["id"]), record) for record in entry.get("predictions", [])]
    return [_prediction(experiment, record) for experiment, record in kept if experiment]


def _prediction(experiment: Experiment, record: dict) -> dict:
    made = Prediction(**{name: record[name] for name in ("id", "guess", "measured", "revised")})
    return {
        "experiment": experiment,
        "guess": "none" if made.guess is None else value_text(experiment, made.guess, 6),
        "measured": "not run yet" if made.measured is None else value_text(experiment, made.measured),
        "revised": "" if made.revised is None else value_text(experiment, made.revised, 6),
        "told": _told(experiment, made),
    }


def _told(experiment: Experiment, made: Prediction) -> str:
    if made.guess is None:
        return "no prediction to compare"
    if made.measured is None:
        return "run the experiment to see"
    if experiment.choices:
        return "as you said" if made.guess == made.measured else "another outcome than you said"
    return distance(experiment, made)
